"""Norms of vectors and matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import OpError
from .op import Op, away_from, case, implements, register
from .reduce import Axis, spread


def _norm(x: Any, ord: float = 2, axis: Any = None, keepdims: bool = False) -> Any:
    return np.linalg.vector_norm(x, ord=ord, axis=axis, keepdims=keepdims)


def _norm_vjp(g: Any, y: Any, x: Any, ord: float = 2, axis: Axis = None, keepdims: bool = False) -> Any:
    g, y = spread(g, x, axis, keepdims), spread(y, x, axis, keepdims)
    nonzero = np.where(y == 0, 1.0, y)
    if ord == 2:
        return g * x / nonzero
    size = np.abs(x)
    if np.isinf(ord):
        hit = size == y
        return g * np.sign(x) * hit / np.sum(hit, axis=axis, keepdims=True)
    if ord == 0:
        return g * 0.0 * x
    return g * np.sign(x) * (np.where(x == 0, 1.0, size) / nonzero) ** (ord - 1)


NORM = register(
    Op(
        "norm", _norm, (_norm_vjp,), ("g ⊙ sign(x) ⊙ (|x| / y)^(p − 1)",), text="(Σ |x|^p)^(1/p)",
        domain=away_from(0.0),
        cases=(
            case((3, 4)), case((3, 4), axis=0), case((2, 3, 4), axis=(0, 2), keepdims=True), case((4,), ord=1),
            case((3, 4), ord=3, axis=1), case((3, 4), ord=0.5, axis=1), case((4,), ord=-2),
            case((3, 4), ord=np.inf, axis=0, keepdims=True), case((4,), ord=-np.inf), case((3, 4), ord=0, axis=1),
            case((0, 3)), case((0, 3), axis=0), case(()),
        ),
        note="p = 2 unless ord says otherwise: g ⊙ x / y. At x = 0 the gradient is 0, a subgradient for p ≥ 1. "
        "With p = ∞ ties share the gradient equally; p = 0 counts entries and is constant.",
    ),
    np.linalg.vector_norm,
)  # fmt: skip


def _absolute_sums(pick: Callable[..., Any], axis: int) -> Callable[[Any], Any]:
    return lambda x: pick(np.sum(np.abs(x), axis=axis), axis=-1)


def _singular_values(pick: Callable[..., Any]) -> Callable[[Any], Any]:
    return lambda x: pick(np.linalg.svd(x, compute_uv=False), axis=-1)


MATRIX_NORMS: dict[Any, Callable[[Any], Any]] = {
    "fro": lambda x: NORM(x, axis=(-2, -1)),
    "nuc": _singular_values(np.sum),
    1: _absolute_sums(np.max, axis=-2),
    -1: _absolute_sums(np.min, axis=-2),
    2: _singular_values(np.max),
    -2: _singular_values(np.min),
    np.inf: _absolute_sums(np.max, axis=-1),
    -np.inf: _absolute_sums(np.min, axis=-1),
}


@implements(np.linalg.matrix_norm)
def matrix_norm(x: Any, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """Norm of the matrices in the last two axes: "fro", "nuc", 1, 2, inf or their negatives.

    Raises
    ------
    OpError
        For any other order.
    """
    if ord not in MATRIX_NORMS:
        raise OpError(f"norm of a matrix: ord must be one of {list(MATRIX_NORMS)}; got {ord!r}")
    y = MATRIX_NORMS[ord](x)
    return np.expand_dims(y, (-2, -1)) if keepdims else y


@implements(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """`np.linalg.norm`: a vector norm over one axis, a matrix norm over two, all entries without ord and axis.

    Raises
    ------
    OpError
        For an order that vectors or matrices do not have, or for more than two axes.
    """
    if ord is None:
        return NORM(x, axis=axis, keepdims=keepdims)
    axes = tuple(range(x.ndim)) if axis is None else tuple(np.atleast_1d(axis).tolist())
    if len(axes) == 1:
        if isinstance(ord, str):
            raise OpError(f"norm of a vector: ord must be a number; got {ord!r}")
        return NORM(x, ord=ord, axis=axes[0], keepdims=keepdims)
    if len(axes) != 2:
        raise OpError(f"norm with ord={ord!r} is over one axis or two; got axis={axis} on shape {x.shape}")
    y = matrix_norm(np.moveaxis(x, axes, (-2, -1)), ord="fro" if ord == "f" else ord)
    return np.expand_dims(y, axes) if keepdims else y
