"""Ops that move entries without changing them: reshape, permute axes, repeat, join, pad.

The gradient moves them back, and adds up where one entry was used several times. Forward functions
use array methods, which cost a fifth of the NumPy functions of the same name.

Examples
--------
>>> import numpy as np, tinygrad_cn as tg
>>> x = tg.tensor([1.0, 2.0], requires_grad=True)
>>> y = np.concatenate([x, np.repeat(x, 2)])
>>> np.sum(y * [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).backward()
>>> x.grad
array([ 8., 13.])
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError
from .index import SCATTER, along
from .op import Array, Op, case, register

Ints = int | Sequence[int]
Shape = int | tuple[int, ...]

# ---- the same entries in another shape --------------------------------------------------------------

RESHAPE = register(
    Op(
        "reshape", lambda x, *, shape: x.reshape(shape), (lambda g, y, x, *, shape: g.reshape(x.shape),),
        ("reshape(g)",), analytic=True,
        cases=(
            case((3, 4), shape=(2, 6)), case((3, 4), shape=-1), case((), shape=(1, 1)), case((0, 3), shape=(3, 0)),
        ),
    ),
    np.reshape,
)  # fmt: skip
SQUEEZE = register(
    Op(
        "squeeze", lambda x, axis=None: x.squeeze(axis), (lambda g, y, x, axis=None: g.reshape(x.shape),),
        ("reshape(g)",), analytic=True,
        cases=(case((1, 3, 1)), case((1, 3, 1), axis=-1), case((1, 3, 1), axis=(0, 2)), case((1, 0)), case(())),
    ),
    np.squeeze,
)  # fmt: skip
EXPAND_DIMS = register(
    Op(
        "expand_dims", lambda x, *, axis: np.expand_dims(x, axis), (lambda g, y, x, *, axis: g.reshape(x.shape),),
        ("reshape(g)",), analytic=True,
        cases=(case((3, 4), axis=1), case((3,), axis=(0, -1)), case((), axis=0), case((0,), axis=-1)),
    ),
    np.expand_dims,
)  # fmt: skip
ASTYPE = register(
    Op(
        "astype", lambda x, *, dtype: x.astype(dtype), (lambda g, y, x, *, dtype: g.astype(x.dtype),), ("g",),
        cases=(case((3, 4), dtype=np.dtype("f8")), case((), dtype=np.dtype("f8"))), text="x",
    )
)  # fmt: skip

# ---- axes permuted or reversed ----------------------------------------------------------------------


def _transpose_vjp(g: Any, y: Any, x: Any, axes: Sequence[int] | None = None) -> Any:
    return g.transpose() if axes is None else g.transpose(*np.argsort([a % g.ndim for a in axes]))


TRANSPOSE = register(
    Op(
        "transpose", lambda x, axes=None: x.transpose(axes), (_transpose_vjp,), ("gᵀ",), text="xᵀ", analytic=True,
        cases=(case((3, 4)), case((2, 3, 4), axes=(1, 2, 0)), case((2, 3, 4), axes=(-1, 0, 1)), case((3,)), case(())),
    ),
    np.transpose,
    np.permute_dims,
)  # fmt: skip
SWAPAXES = register(
    Op(
        "swapaxes", lambda x, *, axis1, axis2: x.swapaxes(axis1, axis2),
        (lambda g, y, x, *, axis1, axis2: g.swapaxes(axis1, axis2),), ("swapaxes(g)",), analytic=True,
        cases=(case((2, 3, 4), axis1=0, axis2=-1), case((3, 0), axis1=1, axis2=0)),
    ),
    np.swapaxes,
)  # fmt: skip
MOVEAXIS = register(
    Op(
        "moveaxis", lambda x, *, source, destination: np.moveaxis(x, source, destination),
        (lambda g, y, x, *, source, destination: np.moveaxis(g, destination, source),), ("moveaxis⁻¹(g)",),
        analytic=True,
        cases=(
            case((2, 3, 4), source=0, destination=-1),
            case((2, 3, 4), source=(0, 1), destination=(1, 2)),
            case((3, 0), source=1, destination=0),
        ),
    ),
    np.moveaxis,
)  # fmt: skip
FLIP = register(
    Op(
        "flip", lambda x, axis=None: np.flip(x, axis), (lambda g, y, x, axis=None: np.flip(g, axis),), ("flip(g)",),
        analytic=True, cases=(case((3, 4)), case((3, 4), axis=-1), case((2, 3, 4), axis=(0, 2)), case(()), case((0,))),
    ),
    np.flip,
)  # fmt: skip
ROLL = register(
    Op(
        "roll", lambda x, *, shift, axis=None: np.roll(x, shift, axis),
        (lambda g, y, x, *, shift, axis=None: np.roll(g, np.negative(shift), axis),), ("roll⁻¹(g)",), analytic=True,
        cases=(
            case((3, 4), shift=2), case((3, 4), shift=-1, axis=1), case((3, 4), shift=(1, 2), axis=(0, 1)),
            case((0, 3), shift=1, axis=0), case((), shift=1),
        ),
    ),
    np.roll,
)  # fmt: skip
ROT90 = register(
    Op(
        "rot90", lambda x, k=1, axes=(0, 1): np.rot90(x, k, axes),
        (lambda g, y, x, k=1, axes=(0, 1): np.rot90(g, -k, axes),), ("rot90⁻¹(g)",), analytic=True,
        cases=(case((2, 3)), case((2, 3), k=2), case((2, 3, 4), k=-1, axes=(1, -1)), case((0, 3))),
    ),
    np.rot90,
)  # fmt: skip

# ---- entries used several times ---------------------------------------------------------------------


def _broadcast_to(x: Any, *, shape: Shape) -> Array:
    """A filled array, not np.broadcast_to's view: gradients own their memory, and filling is eight times faster."""
    y: Array = np.empty_like(x, shape=shape)
    if x.ndim > y.ndim:
        raise ShapeError(f"x has {x.ndim} axes, more than the shape {y.shape}")
    y[...] = x
    return y


BROADCAST_TO = register(
    Op(
        "broadcast_to", _broadcast_to, (lambda g, y, x, *, shape: g,), ("Σ g",), broadcasts=True,
        cases=(
            case((3, 1), shape=(2, 3, 4)), case((), shape=(2,)), case((), shape=()), case((1, 3), shape=(0, 3)),
        ),
        analytic=True, inputs=("x",),
    ),
    np.broadcast_to,
)  # fmt: skip


def _tile_vjp(g: Any, y: Any, x: Any, *, reps: Ints) -> Any:
    """Split every axis of g into (copies, length) and sum the copies."""
    copies: tuple[int, ...] = tuple(np.atleast_1d(reps))
    k = max(len(copies), x.ndim)
    copies = (1,) * (k - len(copies)) + copies
    lengths = (1,) * (k - x.ndim) + x.shape
    split = [n for pair in zip(copies, lengths, strict=True) for n in pair]
    return g.reshape(split).sum(axis=tuple(range(0, 2 * k, 2))).reshape(x.shape)


TILE = register(
    Op(
        "tile", lambda x, *, reps: np.tile(x, reps), (_tile_vjp,), ("Σ g",), analytic=True,
        cases=(
            case((2, 3), reps=2), case((2, 3), reps=(2, 1)), case((2, 3), reps=(2, 1, 3)), case((2, 1, 3), reps=(3, 2)),
            case((), reps=(2,)), case((2, 0), reps=(2, 2)), case((2,), reps=0),
        ),
    ),
    np.tile,
)  # fmt: skip


def _repeat_vjp(g: Any, y: Any, x: Any, *, repeats: Ints, axis: int | None = None) -> Any:
    source = np.repeat(np.arange(x.size if axis is None else x.shape[axis]), repeats)
    shape = (x.size,) if axis is None else x.shape
    return SCATTER(g, index=along(axis or 0, source), shape=shape).reshape(x.shape)


REPEAT = register(
    Op(
        "repeat", lambda x, *, repeats, axis=None: x.repeat(repeats, axis), (_repeat_vjp,),
        ("Σ g",), analytic=True,
        cases=(
            case((2, 3), repeats=2), case((2, 3), repeats=(1, 0, 2), axis=1), case((2, 3), repeats=2, axis=-2),
            case((), repeats=3), case((2, 0), repeats=2, axis=0), case((2,), repeats=0),
        ),
    ),
    np.repeat,
)  # fmt: skip

# ---- joined and surrounded --------------------------------------------------------------------------


def _concatenate_vjp(i: int, g: Any, y: Any, *inputs: Any, axis: int | None = 0) -> Any:
    if axis is None:
        return _concatenate_vjp(i, g, y, *(x.reshape(-1) for x in inputs)).reshape(inputs[i].shape)
    start = sum([x.shape[axis] for x in inputs[:i]])
    return g[along(axis, slice(start, start + inputs[i].shape[axis]))]


CONCATENATE = register(
    Op(
        "concatenate", lambda *inputs, axis=0: np.concatenate(inputs, axis), _concatenate_vjp, ("g[…]",),
        analytic=True, sequence=True,
        cases=(
            case((2,), (3,)), case((2, 3), (2, 0), (2, 1), axis=-1), case((1, 3), (2, 3)),
            case((2, 2), (3,), axis=None),
        ),
    ),
    np.concatenate,
    np.concat,
)  # fmt: skip
STACK = register(
    Op(
        "stack", lambda *inputs, axis=0: np.stack(inputs, axis),
        lambda i, g, y, *inputs, axis=0: g[along(axis, i)], ("g[…]",),         analytic=True, sequence=True,
        cases=(case((), ()), case((3,), (3,), axis=-1), case((2, 3), (2, 3), (2, 3), axis=1), case((0,), (0,))),
    ),
    np.stack,
)  # fmt: skip


def _pad(x: Any, *, pad_width: Sequence[tuple[int, int]], constant_values: Any = 0) -> Any:
    return np.pad(x, pad_width, constant_values=constant_values)


def _pad_vjp(g: Any, y: Any, x: Any, *, pad_width: Sequence[tuple[int, int]], constant_values: Any = 0) -> Any:
    return g[tuple(slice(before, before + n) for (before, _), n in zip(pad_width, x.shape, strict=True))]


PAD = register(
    Op(
        "pad", _pad, (_pad_vjp,), ("g[…]",), analytic=True,
        cases=(
            case((3,), pad_width=((2, 0),)),
            case((2, 3), pad_width=((1, 2), (0, 3)), constant_values=1.5),
            case((0, 2), pad_width=((1, 1), (0, 0))),
        ),
    )
)  # fmt: skip
