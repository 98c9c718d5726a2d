"""Rows of reductions, of products of matrices, and of ops that move entries: shapes, joins, indices."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from functools import reduce
from string import ascii_lowercase
from typing import Any

import numpy as np

from ...errors import ExportError
from ...ops.einsum import explicit
from ...ops.matrix import contracted
from .call import Input
from .row import Row
from .site import Site

# ---- reductions -------------------------------------------------------------------------------------


def _reduction(kind: str) -> Row:
    def row(site: Site) -> str:
        return _reduced(site, kind, site[0], bool(site.option("keepdims", False)))

    return row


def _reduced(site: Site, kind: str, value: str, keepdims: bool) -> str:
    if not site.ndim():
        return site.graph.add("Identity", value)
    return site.graph.add(kind, value, site.graph.ints(*site.axes()), keepdims=int(keepdims))


def _var(site: Site) -> str:
    """The mean of the squares of what is left when the mean is taken away, times n / (n − ddof)."""
    g, ddof = site.graph, site.option("ddof", 0)
    rest = g.add("Sub", site[0], _reduced(site, "ReduceMean", site[0], True))
    y = _reduced(site, "ReduceMean", g.add("Mul", rest, rest), bool(site.option("keepdims", False)))
    if not ddof:
        return y
    n = math.prod(site.size(0, axis) for axis in site.axes())
    return g.add("Mul", y, g.number(n / (n - ddof)))


def _std(site: Site) -> str:
    return site.graph.add("Sqrt", _var(site))


def _cumsum(site: Site) -> str:
    g, axis = site.graph, site.option("axis")
    value = g.reshape(site[0], [-1]) if axis is None else site[0]
    return g.add("CumSum", value, g.constant(np.array(axis or 0, np.int64)))


# ---- products ---------------------------------------------------------------------------------------


def _affine(site: Site) -> str:
    return site.graph.add("Gemm", *site)


def _sequence_affine(site: Site) -> str:
    """Time in front, so that the product goes over every step: (T, n_out, m) = W (T, n, m) + b."""
    g = site.graph
    z = g.add("Add", g.add("MatMul", site[0], g.transpose(site[1], (2, 0, 1))), site[2])
    return g.transpose(z, (1, 2, 0))


def _tensordot(site: Site) -> str:
    """As an einsum: the axes summed over have the same letter on both sides."""
    n, k = site.ndim(0), site.ndim(1)
    a_axes, b_axes = contracted(site.option("axes", 2), n, k)
    a, b = list(ascii_lowercase[:n]), list(ascii_lowercase[n : n + k])
    for i, j in zip(a_axes, b_axes, strict=True):
        b[j] = a[i]
    free = [a[i] for i in range(n) if i not in a_axes] + [b[j] for j in range(k) if j not in b_axes]
    return site.graph.add("Einsum", *site, equation=f"{''.join(a)},{''.join(b)}->{''.join(free)}")


def _einsum(site: Site) -> str:
    g, shapes = site.graph, site.call.shapes
    inputs, output = explicit(site.option("subscripts"), tuple(map(len, shapes)))
    if any(len(set(labels)) < len(labels) for labels in (*inputs, output)):
        raise ExportError("einsum with a label twice in one input, a diagonal, has no equal in ONNX")
    sizes = Counter[str]()
    for labels, shape in zip(inputs, shapes, strict=True):
        sizes |= Counter(dict(zip(labels, shape, strict=True)))
    values, terms = [], []
    for x, labels, shape in zip(site, inputs, shapes, strict=True):  # NumPy stretches a length of one, ONNX does not
        ones = [axis for axis, label in enumerate(labels) if shape[axis] < sizes[label]]
        values.append(g.add("Squeeze", x, g.ints(*ones)) if ones else x)
        terms.append("".join(label for axis, label in enumerate(labels) if axis not in ones))
    return g.add("Einsum", *values, equation=f"{','.join(terms)}->{output}")


def _multi_dot(site: Site) -> str:
    product: str = reduce(lambda a, b: site.graph.add("MatMul", a, b), site)
    return product


def _outer(site: Site) -> str:
    g = site.graph
    return g.add("Mul", g.reshape(site[0], [-1, 1]), g.reshape(site[1], [1, -1]))


# ---- shapes -----------------------------------------------------------------------------------------


def _reshape(site: Site) -> str:
    shape = site.option("shape")
    return site.graph.reshape(site[0], shape if isinstance(shape, (tuple, list)) else (shape,))


def _squeeze(site: Site) -> str:
    axes = site.axes() if site.option("axis") is not None else [i for i, n in enumerate(site.call.dims[0]) if n == 1]
    return site.graph.add("Squeeze", site[0], site.graph.ints(*axes)) if axes else site.graph.add("Identity", site[0])


def _expand_dims(site: Site) -> str:
    given = site.option("axis")
    axes = [int(axis) for axis in (given if isinstance(given, (tuple, list)) else (given,))]
    return site.graph.add("Unsqueeze", site[0], site.graph.ints(*axes))


def _transpose(site: Site) -> str:
    axes = site.option("axes")
    return site.graph.transpose(site[0], site.axes("axes")[::-1] if axes is None else site.axes("axes"))


def _swapaxes(site: Site) -> str:
    order, (i,), (j,) = list(range(site.ndim())), site.axes("axis1"), site.axes("axis2")
    order[i], order[j] = order[j], order[i]
    return site.graph.transpose(site[0], order)


def _moveaxis(site: Site) -> str:
    source, destination = site.axes("source"), site.axes("destination")
    order = [i for i in range(site.ndim()) if i not in source]
    for place, axis in sorted(zip(destination, source, strict=True)):
        order.insert(place, axis)
    return site.graph.transpose(site[0], order)


def _flip(site: Site) -> str:
    return reduce(lambda value, axis: site.graph.slice(value, axis, None, None, -1), site.axes(), site[0])


def _broadcast_to(site: Site) -> str:
    shape = site.option("shape")
    return site.graph.add("Expand", site[0], site.graph.shape(shape if isinstance(shape, (tuple, list)) else (shape,)))


def _tile(site: Site) -> str:
    g, reps = site.graph, [int(n) for n in np.atleast_1d(site.option("reps"))]
    extra = len(reps) - site.ndim()
    value = g.add("Unsqueeze", site[0], g.ints(*range(extra))) if extra > 0 else site[0]
    return g.add("Tile", value, g.ints(*[1] * -min(extra, 0), *reps))


def _repeat(site: Site) -> str:
    """Entries gathered by number; without an axis those of the flat array."""
    g, axis = site.graph, site.option("axis")
    value = site[0] if axis is not None else g.reshape(site[0], [-1])
    n = math.prod(site.size(0, i) for i in (range(site.ndim()) if axis is None else [axis]))
    order = np.repeat(np.arange(n), site.option("repeats"))
    return g.add("Gather", value, g.ints(*order.tolist()), axis=axis or 0)


def _pad(site: Site) -> str:
    g, widths = site.graph, site.option("pad_width")
    pads = g.ints(*(before for before, _ in widths), *(after for _, after in widths))
    return g.add("Pad", site[0], pads, g.number(site.option("constant_values", 0)))


def _triangle(upper: int) -> Row:
    def row(site: Site) -> str:
        g = site.graph
        square = site[0] if site.ndim() > 1 else g.add("Expand", site[0], g.ints(site.size(0, 0), site.size(0, 0)))
        return g.add("Trilu", square, g.constant(np.array(site.option("k", 0), np.int64)), upper=upper)

    return row


def _concatenate(site: Site) -> str:
    g, axis = site.graph, site.option("axis", 0)
    parts = [g.reshape(x, [-1]) for x in site] if axis is None else list(site)
    return g.add("Concat", *parts, axis=axis or 0)


def _stack(site: Site) -> str:
    g, axis = site.graph, site.option("axis", 0)
    return g.add("Concat", *(g.add("Unsqueeze", x, g.ints(axis)) for x in site), axis=axis)


# ---- indices ----------------------------------------------------------------------------------------


def _getitem(site: Site) -> str:
    """New axes first; then part by part, from the last axis on so that those before keep their number."""
    parts = _spelled_out(site.option("index"), site.ndim())
    _require_one_array(parts)
    new = [axis for axis, part in enumerate(parts) if part is None]
    value = site.graph.add("Unsqueeze", site[0], site.graph.ints(*new)) if new else site[0]
    for axis, part in reversed(list(enumerate(parts))):
        value = _indexed(site, value, axis, part)
    return value


def _indexed(site: Site, value: str, axis: int, part: Any) -> str:
    g = site.graph
    if part is None or (isinstance(part, slice) and part == slice(None)):
        return value
    if isinstance(part, slice):
        return g.slice(value, axis, part.start, part.stop, part.step or 1)
    if isinstance(part, Input):
        return g.add("Gather", value, g.value(part), axis=axis)
    where = np.asarray(part)
    where = np.flatnonzero(where) if where.dtype == bool else where
    return g.add("Gather", value, g.constant(where.astype(np.int64)), axis=axis)


def _spelled_out(index: Any, ndim: int) -> list[Any]:
    """The parts of an index, one for each axis and for each new one."""
    parts = list(index) if isinstance(index, tuple) else [index]
    parts = [int(part) if isinstance(part, np.integer) else part for part in parts]
    rest = [slice(None)] * (ndim - sum(part is not None and part is not Ellipsis for part in parts))
    spot = next((i for i, part in enumerate(parts) if part is Ellipsis), len(parts))
    return [*parts[:spot], *rest, *parts[spot + 1 :]]


def _require_one_array(parts: Sequence[Any]) -> None:
    """Several arrays are taken entry by entry, and one apart from a number comes first: ONNX has neither."""
    arrays = [part for part in parts if not isinstance(part, (int, slice)) and part is not None]
    fixed = [axis for axis, part in enumerate(parts) if not isinstance(part, slice) and part is not None]
    masks = [part for part in arrays if np.ndim(part) > 1 and np.asarray(part).dtype == bool]
    if len(arrays) > 1 or masks or (arrays and fixed[-1] - fixed[0] >= len(fixed)):
        raise ExportError("indexing with several arrays at once is not exported")


MOVES: dict[str, Row | str] = {
    "sum": _reduction("ReduceSum"), "mean": _reduction("ReduceMean"), "max": _reduction("ReduceMax"),
    "min": _reduction("ReduceMin"), "prod": _reduction("ReduceProd"), "logsumexp": _reduction("ReduceLogSumExp"),
    "var": _var, "std": _std, "cumsum": _cumsum,
    "matmul": "MatMul", "affine": _affine, "sequence_affine": _sequence_affine, "tensordot": _tensordot,
    "einsum": _einsum, "multi_dot": _multi_dot, "outer": _outer,
    "reshape": _reshape, "squeeze": _squeeze, "expand_dims": _expand_dims, "astype": "Identity",
    "transpose": _transpose, "swapaxes": _swapaxes, "moveaxis": _moveaxis, "flip": _flip,
    "broadcast_to": _broadcast_to, "tile": _tile, "repeat": _repeat, "pad": _pad,
    "concatenate": _concatenate, "stack": _stack, "getitem": _getitem, "tril": _triangle(0), "triu": _triangle(1),
}  # fmt: skip
