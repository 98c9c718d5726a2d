"""What grows with the open sizes, read off runs that differ in them: shapes and constants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from ...errors import ExportError
from ...files import Array
from .call import SAMPLES, Argument, Call, Constant, Dim, Open, Trace, fixing
from .sizes import Rerun, Size, another, longest, open_sizes
from .trace import evaluation, same, traced

OPENED = {"reshape": "shape", "broadcast_to": "shape"}  # options that may hold open sizes


def read(net: Callable[..., Any], inputs: tuple[Array, ...], samples: bool, steps: bool | int) -> Trace:
    """What a net does to inputs, with the sizes that stay open; arguments as for `to_onnx`.

    Raises
    ------
    ExportError
        If what it does cannot be said for other data, or other sizes.
    """
    with evaluation(net):
        first = traced(net, inputs)
        sizes = open_sizes(inputs, samples, steps is not False)
        reruns = [another(net, first, size) for size in sizes]
        most = None if isinstance(steps, bool) else longest(net, first, sizes, steps)
    return Growth(first, reruns, most).marked()


class _DependsError(Exception):
    """Something depends on a size, and not as a multiple of it."""

    def __init__(self, size: Size, why: str, longest: bool = False) -> None:
        super().__init__(why)
        self.size, self.remedy = size, fixing(size.name, longest)


@dataclass(frozen=True)
class Growth:
    """A run, the same with each open size another, and perhaps one of the longest sequences there may be."""

    first: Trace
    reruns: Sequence[Rerun]
    longest: Trace | None = None

    def marked(self) -> Trace:
        """The first run, with its open sizes marked.

        Raises
        ------
        ExportError
            If something depends on a size in a way that a file cannot say.
        """
        traces = [rerun.trace for rerun in self.reruns]
        calls = [
            self._call(i, [trace.calls[i] for trace in traces], None if self.longest is None else self.longest.calls[i])
            for i in range(len(self.first.calls))
        ]
        return replace(
            self.first, calls=tuple(calls),
            sizes=tuple(self._shape(shape, [t.sizes[i] for t in traces]) for i, shape in enumerate(self.first.sizes)),
            open={rerun.size.name: rerun.size.places for rerun in self.reruns},
        )  # fmt: skip

    def _call(self, i: int, others: list[Call], longest: Call | None) -> Call:
        call = self.first.calls[i]
        try:
            arguments = [
                self._argument(x, [other.arguments[k] for other in others], longest.arguments[k] if longest else None)
                for k, x in enumerate(call.arguments)
            ]
            options = {
                name: self._option(call, name, [other.options[name] for other in others]) for name in call.options
            }
        except _DependsError as found:
            raise ExportError(
                f"call {i + 1}, {call.op.name}, depends on the number of {found.size.unit}s: {found}{found.remedy}"
            ) from None
        dims = [self._shape(shape, [other.shapes[k] for other in others]) for k, shape in enumerate(call.shapes)]
        return replace(call, arguments=tuple(arguments), options=options, dims=tuple(dims))

    def _depends(self, value: Any, others: Sequence[Any], why: str) -> _DependsError:
        """The size that makes a difference; {} in the reason is what it was then."""
        rerun, other = next(pair for pair in zip(self.reruns, others, strict=True) if not same(value, pair[1]))
        return _DependsError(rerun.size, why.format(other))

    # ---- sizes --------------------------------------------------------------------------------------

    def _shape(self, shape: Sequence[Any], others: Sequence[Sequence[Any]]) -> tuple[Dim | None, ...]:
        """A shape; None where a size has no rule."""
        if any(len(other) != len(shape) for other in others):
            return (None,) * len(shape)
        return tuple(self._dim(n, [other[axis] for other in others]) for axis, n in enumerate(shape))

    def _dim(self, n: int, others: Sequence[int]) -> Dim | None:
        """A number, a multiple of open sizes, or None."""
        grown = [(rerun, other) for rerun, other in zip(self.reruns, others, strict=True) if other != n]
        times, rest = divmod(n, prod(rerun.size.n for rerun, _ in grown))
        if rest or any(other * rerun.size.n != n * rerun.n for rerun, other in grown):
            return None
        return Open(times, tuple(rerun.size.name for rerun, _ in grown)) if grown else n

    def _option(self, call: Call, name: str, others: Sequence[Any]) -> Any:
        """An option, with the open sizes in it if it may have some."""
        value = call.options[name]
        if all(same(value, other) for other in others):
            return value
        found = self._opened(value, others) if OPENED.get(call.op.name) == name else None
        if found is None:
            raise self._depends(value, others, f"its option {name} is {value}, then {{}}")
        return found

    def _opened(self, shape: Any, others: Sequence[Any]) -> tuple[Dim, ...] | None:
        """A shape with the open sizes in it; None where there is no rule."""
        whole = [tuple(np.atleast_1d(one).tolist()) for one in (shape, *others)]
        dims = self._shape(whole[0], whole[1:])
        known = tuple(dim for dim in dims if dim is not None)
        return known if len(known) == len(dims) else None

    # ---- constants ----------------------------------------------------------------------------------

    def _argument(self, x: Argument, others: Sequence[Argument], longest: Argument) -> Argument:
        if all(same(x, other) for other in others):
            return x
        arrays = [other.array for other in others if isinstance(other, Constant)]
        if not isinstance(x, Constant) or len(arrays) < len(others):
            raise self._depends(x, others, "its inputs are others")
        dims = self._shape(x.array.shape, [array.shape for array in arrays])
        known = [dim for dim in dims if dim is not None]
        if len(known) < len(dims) or all(isinstance(dim, int) for dim in known):
            raise self._depends(x, others, f"it takes {_shown(x)} that is another then")
        found = _triangle(x, arrays, known)
        if found is None:
            found = self._constant(x, arrays, known, longest.array if isinstance(longest, Constant) else None)
        if found is None:
            raise self._depends(x, others, f"it takes {_shown(x)} that is another then")
        return found

    def _constant(
        self, x: Constant, others: Sequence[Array], dims: Sequence[Dim], longest: Array | None
    ) -> Constant | None:
        """One entry along axes where all are the same, along others the longest row: every run has the start of it."""
        runs = [x.array, *others, *([] if longest is None else [longest])]
        grown = [axis for axis, dim in enumerate(dims) if isinstance(dim, Open)]
        rows = [axis for axis in grown if not all(_repeats(run, axis) for run in runs)]
        for axis in rows:
            self._require_longest(x, dims[axis], longest)
        kept = _cut(x.array if longest is None else longest, [axis for axis in grown if axis not in rows])
        starts = [np.broadcast_to(kept[tuple(map(slice, run.shape))], run.shape) for run in runs]
        return replace(x, array=kept, dims=tuple(dims)) if all(map(same, starts, runs)) else None

    def _require_longest(self, x: Constant, dim: Dim, longest: Array | None) -> None:
        assert isinstance(dim, Open)
        size = next(rerun.size for rerun in self.reruns if rerun.size.name == dim.of[0])
        may = (dim.times, len(dim.of)) == (1, 1) and size.name != SAMPLES
        if longest is None or not may:
            raise _DependsError(size, f"it takes {_shown(x)} that is not the same for every {size.unit}", may)


def _triangle(x: Constant, others: Sequence[Array], dims: Sequence[Dim]) -> Constant | None:
    """A causal mask, or another matrix that is one number above the diagonal and one number elsewhere."""
    if len(dims) != 2 or not all(isinstance(dim, Open) and dim.times == len(dim.of) == 1 for dim in dims):
        return None
    runs = [x.array, *others]
    above, below = pair = max(runs, key=np.size)[0, [-1, 0]]
    if above == below or not all(same(np.where(np.tri(*run.shape) > 0, below, above), run) for run in runs):
        return None
    return replace(x, array=pair, dims=tuple(dims), triangle=True)


def _cut(array: Array, axes: Sequence[int]) -> Array:
    """The first entry along axes, which stay."""
    return array[tuple(slice(1) if axis in axes else slice(None) for axis in range(array.ndim))]


def _repeats(array: Array, axis: int) -> bool:
    """Whether all entries along an axis are the same."""
    return same(np.broadcast_to(_cut(array, [axis]), array.shape), array)


def _shown(x: Constant) -> str:
    """For messages: a number as it is, an array by its name and shape."""
    a = x.array
    return " ".join(["the constant", *([x.name] if x.name else []), str(a.shape) if a.ndim else f"{a.item():g}"])
