"""NumPy functions on Tensors that are made of other recorded calls, and those without a gradient.

Each function takes what its NumPy namesake takes, less what makes no sense on a recorded value
(`out`, `dtype`, `where`); its parameters have NumPy's names. Nothing here is a primitive: a gradient
comes from the records the calls reach.

Examples
--------
>>> import numpy as np, tinygrad_cn as tg
>>> x = tg.tensor([[1.0, -2.0], [3.0, 2.0]], requires_grad=True)
>>> left, right = np.hsplit(np.clip(x, 0.0, 3.0), 2)
>>> np.sum(left * right).backward()
>>> x.grad
array([[0., 0.],
       [2., 3.]])
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..errors import OpError, ShapeError
from .elementwise import CLIP
from .index import along
from .op import implements, passthrough
from .reduce import CUMPROD, CUMSUM, LOGSUMEXP, MAX, MIN, PROD, SUM, Axis
from .shape import PAD

# ---- methods of ufuncs: like the reductions, but along the first axis unless told otherwise ----------

METHODS = {
    (np.add, "reduce"): SUM,
    (np.multiply, "reduce"): PROD,
    (np.maximum, "reduce"): MAX,
    (np.minimum, "reduce"): MIN,
    (np.logaddexp, "reduce"): LOGSUMEXP,
    (np.add, "accumulate"): CUMSUM,
    (np.multiply, "accumulate"): CUMPROD,
}


def _along_first(op: Callable[..., Any], array: Any, axis: Axis = 0, **options: Any) -> Any:
    return op(array, axis=axis, **options)


def _outer(ufunc: np.ufunc, a: Any, b: Any) -> Any:
    return ufunc(np.reshape(a, np.shape(a) + (1,) * np.ndim(b)), b)


for _method, _op in METHODS.items():
    implements(_method)(partial(_along_first, _op))
for _ufunc in (np.add, np.subtract, np.multiply, np.divide, np.power, np.maximum, np.minimum, np.arctan2, np.hypot):
    implements((_ufunc, "outer"))(partial(_outer, _ufunc))

# ---- entry by entry ---------------------------------------------------------------------------------


@implements(np.real, np.real_if_close, np.conjugate, np.copy)
def unchanged(x: Any, **_options: Any) -> Any:
    """On real numbers the identity."""
    return np.positive(x)


@implements(np.round, np.around)
def round_to(a: Any, decimals: int = 0) -> Any:
    """`np.round`; piecewise constant."""
    scale = 10.0 ** abs(decimals)
    return np.rint(a * scale) / scale if decimals > 0 else np.rint(a / scale) * scale


@implements(np.fix)
def fix(x: Any) -> Any:
    """`np.fix`: rounded towards zero; piecewise constant."""
    return np.trunc(x)


@implements(np.modf)
def modf(x: Any) -> tuple[Any, Any]:
    """`np.modf`: fractional and whole part."""
    whole = np.trunc(x)
    return x - whole, whole


@implements(np.divmod)
def divmod_of(a: Any, b: Any) -> tuple[Any, Any]:
    """`np.divmod`: floor quotient and remainder."""
    return np.floor_divide(a, b), np.remainder(a, b)


@implements(np.clip)
def clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    """`np.clip`; no gradient flows where an entry was cut."""
    return CLIP(a, min if a_min is None else a_min, max if a_max is None else a_max)


@implements(np.nan_to_num)
def nan_to_num(
    x: Any, copy: bool = True, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Any:
    """`np.nan_to_num`; no gradient flows where an entry was replaced."""
    limits = np.finfo(x.dtype)
    x = np.where(np.isnan(x), nan, x)
    x = np.where(np.isposinf(x), limits.max if posinf is None else posinf, x)
    return np.where(np.isneginf(x), limits.min if neginf is None else neginf, x)


@implements(np.select)
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0.0) -> Any:
    """`np.select`: each entry from the first choice whose condition holds."""
    if len(condlist) != len(choicelist):
        raise ShapeError(f"select: {len(condlist)} conditions for {len(choicelist)} choices")
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        default = np.where(condition, choice, default)
    return default


@implements(np.linspace)
def linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, *, axis: int = 0) -> Any:
    """`np.linspace`: `num` even steps from `start` to `stop`."""
    span = np.subtract(stop, start)
    steps = np.linspace(0.0, 1.0, num, endpoint, dtype=span.dtype).reshape((-1,) + (1,) * np.ndim(span))
    return np.moveaxis(start + span * steps, 0, axis)


# ---- shape ------------------------------------------------------------------------------------------


@implements(np.ravel)
def ravel(a: Any) -> Any:
    """`np.ravel` in row order."""
    return a.reshape(-1)


@implements(np.rollaxis)
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """`np.rollaxis`: the axis moved to before the place `start`."""
    axis, start = axis % a.ndim, start + a.ndim * (start < 0)
    return np.moveaxis(a, axis, start - (axis < start))


@implements(np.flipud)
def flipud(m: Any) -> Any:
    """`np.flipud`: the rows in reverse order."""
    return np.flip(m, 0)


@implements(np.fliplr)
def fliplr(m: Any) -> Any:
    """`np.fliplr`: the columns in reverse order."""
    return np.flip(m, 1)


@implements(np.broadcast_arrays)
def broadcast_arrays(*args: Any) -> tuple[Any, ...]:
    """`np.broadcast_arrays`: all in their common shape."""
    shape = np.broadcast_shapes(*map(np.shape, args))
    return tuple(np.broadcast_to(a, shape) for a in args)


def _at_least(ndim: int, x: Any) -> Any:
    """Missing axes go in front; the third goes to the end."""
    shape = np.shape(x)
    if len(shape) >= ndim:
        return x
    front = min(ndim, 2) - len(shape)
    return np.reshape(x, (1,) * front + shape + (1,) * (ndim - 2))


def _at_least_each(ndim: int, *arys: Any) -> Any:
    raised = tuple(_at_least(ndim, x) for x in arys)
    return raised[0] if len(raised) == 1 else raised


for _ndim, _function in enumerate((np.atleast_1d, np.atleast_2d, np.atleast_3d), start=1):
    implements(_function)(partial(_at_least_each, _ndim))


@implements(np.pad)
def pad(array: Any, pad_width: Any, mode: str = "constant", **options: Any) -> Any:
    """`np.pad`; modes other than "constant" must copy entries: edge, reflect, symmetric, wrap."""
    widths = [(int(before), int(after)) for before, after in np.broadcast_to(pad_width, (array.ndim, 2))]
    if mode == "constant":
        return PAD(array, pad_width=widths, **options)
    if mode not in ("edge", "reflect", "symmetric", "wrap") or options:
        given = ", ".join([f"mode={mode!r}", *(f"{k}={v!r}" for k, v in options.items())])
        raise OpError(f"np.pad on a Tensor: mode must be constant, edge, reflect, symmetric or wrap; got {given}")
    sources = [np.pad(np.arange(n), w, mode) for n, w in zip(array.shape, widths, strict=True)]  # type: ignore[call-overload]
    return array[np.ix_(*sources)]


# ---- join -------------------------------------------------------------------------------------------


@implements(np.vstack)
def vstack(tup: Sequence[Any], *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """`np.vstack`: one above the other. `np.row_stack` comes here with both options spelled out."""
    joined = np.concatenate([np.atleast_2d(x) for x in tup], axis=0)
    return joined if dtype is None else joined.astype(dtype)


@implements(np.hstack)
def hstack(tup: Sequence[Any]) -> Any:
    """`np.hstack`: one beside the other."""
    parts = [np.atleast_1d(x) for x in tup]
    return np.concatenate(parts, axis=0 if np.ndim(parts[0]) == 1 else 1)


@implements(np.dstack)
def dstack(tup: Sequence[Any]) -> Any:
    """`np.dstack`: one behind the other."""
    return np.concatenate([np.atleast_3d(x) for x in tup], axis=2)


@implements(np.column_stack)
def column_stack(tup: Sequence[Any]) -> Any:
    """`np.column_stack`: vectors become columns."""
    return np.concatenate([x if np.ndim(x) > 1 else np.reshape(x, (-1, 1)) for x in tup], axis=1)


@implements(np.append)
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """`np.append`."""
    return np.concatenate([arr, values], axis=axis)


# ---- split ------------------------------------------------------------------------------------------


def _pieces(split: Callable[..., Any], x: Any, where: Any, axis: int) -> list[Any]:
    """What `split` does to the positions along the axis says which slices to take."""
    positions = split(np.arange(x.shape[axis]), where)
    return [x[along(axis, slice(p[0], p[-1] + 1) if len(p) else slice(0))] for p in positions]


@implements(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """`np.split` into equal parts or at indices."""
    return _pieces(np.split, ary, indices_or_sections, axis)


@implements(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """`np.array_split` into nearly equal parts or at indices."""
    return _pieces(np.array_split, ary, indices_or_sections, axis)


@implements(np.vsplit)
def vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """`np.vsplit`: along the first axis."""
    return _pieces(np.split, ary, indices_or_sections, 0)


@implements(np.hsplit)
def hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """`np.hsplit`: along the second axis, of a vector along its only one."""
    return _pieces(np.split, ary, indices_or_sections, 0 if ary.ndim == 1 else 1)


@implements(np.dsplit)
def dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """`np.dsplit`: along the third axis."""
    return _pieces(np.split, ary, indices_or_sections, 2)


@implements(np.delete)
def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    """`np.delete`: what is left without the entries at `obj`."""
    arr, axis = (arr.reshape(-1), 0) if axis is None else (arr, axis)
    return arr[along(axis, np.delete(np.arange(arr.shape[axis]), obj))]


# ---- no gradient ------------------------------------------------------------------------------------

passthrough(
    [
        np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal, np.logical_and, np.logical_or,
        np.logical_xor, np.logical_not, np.isnan, np.isinf, np.isfinite, np.signbit, np.isneginf, np.isposinf,
        np.isreal, np.iscomplex, np.isrealobj, np.iscomplexobj, np.isclose, np.allclose, np.array_equal, np.array_equiv,
        np.any, np.all, np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argsort, np.argpartition, np.lexsort,
        np.argwhere, np.nonzero, np.flatnonzero, np.count_nonzero, np.searchsorted, np.digitize, np.isin, np.unique,
        np.bincount, np.histogram, np.shape, np.ndim, np.size, np.zeros_like, np.ones_like, np.empty_like, np.full_like,
        np.result_type, np.can_cast, np.min_scalar_type, np.common_type, np.may_share_memory, np.shares_memory,
        np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.linalg.matrix_rank, np.tril_indices_from,
        np.triu_indices_from, np.array_repr, np.array_str, np.array2string, np.save, np.savez, np.savetxt,
        (np.logical_and, "reduce"), (np.logical_or, "reduce"),
    ]
)  # fmt: skip
