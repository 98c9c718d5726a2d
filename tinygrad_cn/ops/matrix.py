"""Products of matrices and tensors: matmul, affine, dot, einsum and their kin."""

from __future__ import annotations

from typing import Any

import numpy as np

from .op import Op, case, register


def transposed(x: Any) -> Any:
    """The last two axes exchanged."""
    return np.swapaxes(x, -1, -2) if np.ndim(x) > 2 else np.transpose(x)


def _matmul_a(g: Any, y: Any, a: Any, b: Any) -> Any:
    if np.ndim(b) == 1:
        return g * b if np.ndim(a) == 1 else np.expand_dims(g, -1) * b
    if np.ndim(a) == 1:
        return np.matmul(b, np.expand_dims(g, -1))[..., 0]
    return np.matmul(g, transposed(b))


def _matmul_b(g: Any, y: Any, a: Any, b: Any) -> Any:
    if np.ndim(a) == 1:
        return g * a if np.ndim(b) == 1 else np.expand_dims(g, -2) * np.expand_dims(a, -1)
    if np.ndim(b) == 1:
        return np.matmul(transposed(a), np.expand_dims(g, -1))[..., 0]
    return np.matmul(transposed(a), g)


def _inner_dimensions(a: tuple[int, ...], b: tuple[int, ...], *rest: tuple[int, ...]) -> str:
    if not a or not b:
        return "matmul needs at least one axis on each side; use * for a number"
    inner = b[-2] if len(b) > 1 else b[0]
    return "" if a[-1] == inner else f"inner dimensions {a[-1]} and {inner} differ"


MATMUL = register(
    Op(
        "matmul", np.matmul, (_matmul_a, _matmul_b), ("g bᵀ", "aᵀ g"), text="a b", broadcasts=True, analytic=True,
        cases=tuple(
            case(a, b)
            for a, b in [
                ((2, 3), (3, 4)), ((3,), (3, 4)), ((2, 3), (3,)), ((3,), (3,)), ((5, 2, 3), (5, 3, 4)),
                ((2, 3), (5, 3, 4)), ((5, 2, 3), (3, 4)), ((1, 2, 3), (5, 3, 4)), ((3,), (5, 3, 4)), ((5, 2, 3), (3,)),
                ((0, 3), (3, 4)),
            ]
        ),
        complaint=_inner_dimensions,
    ),
    np.matmul,
)  # fmt: skip


def _affine(w: Any, a: Any, b: Any) -> Any:
    z = np.matmul(w, a)
    z += b
    return z


def _affine_complaint(w: tuple[int, ...], a: tuple[int, ...], b: tuple[int, ...]) -> str:
    return _inner_dimensions(w, a) or (f"b must be {(w[0], 1)}" if b != (w[0], 1) else "")


AFFINE = register(
    Op(
        "affine", _affine,
        (
            lambda g, y, w, a, b: np.matmul(g, np.transpose(a)),
            lambda g, y, w, a, b: np.matmul(np.transpose(w), g),
            lambda g, y, w, a, b: np.sum(g, axis=1, keepdims=True),
        ),
        ("g aᵀ", "wᵀ g", "Σ g"), text="w a + b", analytic=True,
        cases=(case((4, 2), (2, 5), (4, 1)), case((4, 2), (2, 0), (4, 1))), complaint=_affine_complaint,
    )
)  # fmt: skip
