"""Reductions and running totals: sums, means, spread, extremes, along one axis or several."""

from __future__ import annotations

from typing import Any

import numpy as np

from .op import Op, case, register

Axis = int | tuple[int, ...] | None
AXES = (
    case((3, 4)),
    case((3, 4), axis=0),
    case((3, 4), axis=-1, keepdims=True),
    case((2, 3, 4), axis=(0, 2)),
    case(()),
    case((0, 3), axis=0),
)


def spread(g: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """Put the reduced axes back, as length one, so that g broadcasts against x."""
    if keepdims or axis is None:
        return g if keepdims else np.reshape(g, (1,) * np.ndim(x))
    axes = axis if isinstance(axis, tuple) else (axis,)
    kept = {a % np.ndim(x) for a in axes}
    return np.reshape(g, tuple(1 if i in kept else n for i, n in enumerate(np.shape(x))))


def _sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return np.add.reduce(x, axis=axis, keepdims=keepdims)


def _sum_vjp(g: Any, y: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return np.broadcast_to(spread(g, x, axis, keepdims), np.shape(x))


SUM = register(
    Op("sum", _sum, (_sum_vjp,), ("g at every entry summed",), text="Σ x", cases=AXES, analytic=True),
    np.sum,
    (np.add, "reduce"),
)
