"""Indexing: basic, slices, boolean masks and integer arrays, with gradients that add up."""

from __future__ import annotations

from typing import Any

import numpy as np

from .op import Op, case, register


def _getitem(x: Any, *, index: Any) -> Any:
    return x[index]


def _is_basic(index: Any) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    return all(p is None or p is Ellipsis or isinstance(p, (int, np.integer, slice)) for p in parts)


def _scatter(g: Any, *, index: Any, shape: tuple[int, ...]) -> Any:
    x = np.zeros(shape, g.dtype)
    if _is_basic(index):
        x[index] = g
    else:
        np.add.at(x, index, g)
    return x


GETITEM = register(
    Op(
        "getitem", _getitem, (lambda g, y, x, *, index: SCATTER(g, index=index, shape=np.shape(x)),),
        ("g put back at index, adding up",), text="x[index]", analytic=True,
        cases=(
            case((3, 4), index=1),
            case((3, 4), index=(slice(None), slice(1, 3))),
            case((3, 4), index=(Ellipsis, None, 0)),
            case((3, 4), index=np.array([0, 2, 0])),
            case((3, 4), index=(np.array([0, 1, 1]), np.array([2, 3, 3]))),
            case((3, 4), index=np.array([True, False, True])),
        ),
    )
)  # fmt: skip
SCATTER = register(
    Op(
        "scatter", _scatter, (lambda g, y, x, *, index, shape: g[index],), ("g[index]",), analytic=True,
        text="zeros with x added at index",
        cases=(case((4,), index=1, shape=(3, 4)), case((3,), index=np.array([0, 2, 0]), shape=(4,))),
    )
)  # fmt: skip
