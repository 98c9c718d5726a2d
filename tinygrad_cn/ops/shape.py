"""Ops that rearrange entries: reshape, transpose, join, repeat, pad, sort."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .op import Op, case, register


def _transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    return np.transpose(x, axes)


def _transpose_vjp(g: Any, y: Any, x: Any, axes: Sequence[int] | None = None) -> Any:
    return np.transpose(g, None if axes is None else np.argsort(axes))


TRANSPOSE = register(
    Op(
        "transpose", _transpose, (_transpose_vjp,), ("gᵀ",), text="xᵀ", analytic=True,
        cases=(case((3, 4)), case((2, 3, 4), axes=(1, 2, 0)), case((3,))),
    ),
    np.transpose,
    np.permute_dims,
)  # fmt: skip


def _reshape(x: Any, *, shape: Any) -> Any:
    return np.reshape(x, shape)


RESHAPE = register(
    Op(
        "reshape", _reshape, (lambda g, y, x, *, shape: np.reshape(g, np.shape(x)),), ("g in the shape of x",),
        cases=(case((3, 4), shape=(2, 6)), case((), shape=(1, 1)), case((0, 3), shape=(3, 0))), analytic=True,
    ),
    np.reshape,
)  # fmt: skip


def _broadcast_to(x: Any, *, shape: tuple[int, ...]) -> Any:
    return np.broadcast_to(x, shape)


BROADCAST_TO = register(
    Op(
        "broadcast_to", _broadcast_to, (lambda g, y, x, *, shape: g,), ("g summed over the new axes",), broadcasts=True,
        cases=(case((3, 1), shape=(2, 3, 4)), case((), shape=(2,))), analytic=True,
    ),
    np.broadcast_to,
)  # fmt: skip
ASTYPE = register(
    Op(
        "astype", lambda x, *, dtype: x.astype(dtype), (lambda g, y, x, *, dtype: g.astype(x.dtype),), ("g",),
        cases=(case((3, 4), dtype=np.dtype("f8")),), text="x",
    )
)  # fmt: skip
