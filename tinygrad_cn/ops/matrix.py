"""Products of matrices and vectors: matmul, affine, dot, outer, tensordot and their kin.

Matrix products of a whole program are two records, `MATMUL` and `AFFINE`; the other NumPy names for
them (`dot`, `inner`, `vdot`, `vecdot`, `matrix_power`) are spelled out in recorded calls below.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from .op import Array, Op, case, implements, register

Shape = tuple[int, ...]


@implements(np.matrix_transpose, np.linalg.matrix_transpose)
def transposed(x: Any) -> Any:
    """The last two axes exchanged."""
    return np.swapaxes(x, -1, -2) if np.ndim(x) > 2 else np.transpose(x)


# ---- matmul -----------------------------------------------------------------------------------------


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


def _inner_dimensions(a: Shape, b: Shape, *rest: Shape) -> str:
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
                ((2, 1, 2, 3), (4, 3, 2)), ((0, 3), (3, 4)), ((2, 0), (0, 4)), ((0,), (0,)), ((0, 2, 3), (3, 4)),
            ]
        ),
        complaint=_inner_dimensions,
    ),
    np.matmul, np.linalg.matmul,
)  # fmt: skip


def _affine(w: Any, a: Any, b: Any) -> Any:
    z = np.dot(w, a)
    return np.add(z, b, out=z if b.dtype == z.dtype else None)


@lru_cache(maxsize=4)  # batches of one size, and the last of an epoch
def _ones(m: int, dtype: np.dtype[Any]) -> Array:
    return np.ones((m, 1), dtype)


def _row_sums(g: Any) -> Any:
    """Σ over the samples, (n, 1). Short rows of an array are added up several times faster by a product with ones."""
    return np.dot(g, _ones(g.shape[1], g.dtype)) if g.__class__ is np.ndarray else g.sum(axis=1, keepdims=True)


def _affine_complaint(w: Shape, a: Shape, b: Shape) -> str:
    return _inner_dimensions(w, a) or (f"b must be {(w[0], 1)}" if b != (w[0], 1) else "")


AFFINE = register(
    Op(
        "affine", _affine,
        (
            lambda g, y, w, a, b: np.dot(g, a.T),
            lambda g, y, w, a, b: np.dot(w.T, g),
            lambda g, y, w, a, b: _row_sums(g),
        ),
        ("g aᵀ", "wᵀ g", "Σ g"), text="w a + b", analytic=True,
        cases=(case((4, 2), (2, 5), (4, 1)), case((4, 2), (2, 0), (4, 1))), complaint=_affine_complaint,
    )
)  # fmt: skip


# ---- several factors --------------------------------------------------------------------------------


def _multi_dot_vjp(i: int, g: Any, y: Any, *x: Any) -> Any:
    left, right = x[:i], x[i + 1 :]
    return np.linalg.multi_dot([*map(transposed, reversed(left)), g, *map(transposed, reversed(right))])


MULTI_DOT = register(
    Op(
        "multi_dot", lambda *x: np.linalg.multi_dot(x), _multi_dot_vjp, ("(x₁ … xᵢ₋₁)ᵀ g (xᵢ₊₁ … xₙ)ᵀ",),
        text="x₁ x₂ ⋯ xₙ", latex=r"x_1 x_2 \cdots x_n", analytic=True,
        cases=(case((2, 3), (3, 4)), case((2, 3), (3, 4), (4, 2)), case((3, 2), (2, 0), (0, 4), (4, 1))),
    )
)  # fmt: skip


@implements(np.linalg.multi_dot)
def multi_dot(arrays: Sequence[Any]) -> Any:
    """The product of two or more matrices in the cheapest order; the first and last may be vectors."""
    first, *middle, last = arrays
    row, column = np.ndim(first) == 1, np.ndim(last) == 1
    first = np.expand_dims(first, 0) if row else first
    last = np.expand_dims(last, 1) if column else last
    y = MULTI_DOT(first, *middle, last)
    return np.squeeze(y, (0,) * row + (1,) * column) if row or column else y


@implements(np.linalg.matrix_power)
def matrix_power(a: Any, n: int) -> Any:
    """`a` multiplied by itself n times, by repeated squaring; the inverse's power for n < 0."""
    if n < 0:
        return matrix_power(np.linalg.inv(a), -n)
    if n == 0:
        return np.where(True, np.eye(a.shape[-1], dtype=a.dtype), a)
    if n == 1:
        return +a
    half = matrix_power(a, n // 2)
    return half @ half @ a if n % 2 else half @ half


# ---- dot and its kin --------------------------------------------------------------------------------


@implements(np.dot)
def dot(a: Any, b: Any) -> Any:
    """NumPy's dot: a product with a number, a matmul up to two axes, else last axis against last but one."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return np.multiply(a, b)
    if np.ndim(a) <= 2 and np.ndim(b) <= 2:
        return np.matmul(a, b)
    return np.tensordot(a, b, axes=(-1, -2 if np.ndim(b) > 1 else -1))


@implements(np.inner)
def inner(a: Any, b: Any) -> Any:
    """Sum of products over the last axis of both."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return np.multiply(a, b)
    return np.tensordot(a, b, axes=(-1, -1))


@implements(np.vdot)
def vdot(a: Any, b: Any) -> Any:
    """Sum of products of all entries."""
    return np.matmul(np.ravel(a), np.ravel(b))


@implements(np.vecdot, np.linalg.vecdot)
def vecdot(a: Any, b: Any, axis: int = -1) -> Any:
    """Sum of products along one axis, the others broadcast."""
    return np.sum(np.multiply(a, b), axis=axis)


def matvec(a: Any, b: Any) -> Any:
    """A matrix, or a stack of them, times a vector."""
    return np.matmul(a, np.expand_dims(b, -1))[..., 0]


def vecmat(a: Any, b: Any) -> Any:
    """A vector times a matrix, or a stack of them."""
    return np.matmul(np.expand_dims(a, -2), b)[..., 0, :]


if hasattr(np, "matvec"):  # from NumPy 2.2 on
    implements(np.matvec)(matvec)
    implements(np.vecmat)(vecmat)

OUTER = register(
    Op(
        "outer", lambda a, b: np.outer(a, b),
        (
            lambda g, y, a, b: np.reshape(np.matmul(g, np.ravel(b)), np.shape(a)),
            lambda g, y, a, b: np.reshape(np.matmul(np.ravel(a), g), np.shape(b)),
        ),
        ("g b", "gᵀ a"), text="a bᵀ", analytic=True,
        cases=(case((3,), (4,)), case((2, 2), (3,)), case((), (3,)), case((0,), (3,))),
    ),
    np.outer, np.linalg.outer,
)  # fmt: skip


@implements(np.kron)
def kron(a: Any, b: Any) -> Any:
    """Kronecker product: every entry of a times the whole of b."""
    n = max(np.ndim(a), np.ndim(b))
    outside = (1,) * (n - np.ndim(a)) + np.shape(a)
    inside = (1,) * (n - np.ndim(b)) + np.shape(b)
    a = np.reshape(a, [k for size in outside for k in (size, 1)])
    b = np.reshape(b, [k for size in inside for k in (1, size)])
    return np.reshape(np.multiply(a, b), [p * q for p, q in zip(outside, inside, strict=True)])


# ---- tensordot --------------------------------------------------------------------------------------


def contracted(axes: Any, a_ndim: int, b_ndim: int) -> tuple[list[int], list[int]]:
    """The axes of a and of b that tensordot sums over, pair by pair."""
    if isinstance(axes, (int, np.integer)):
        return list(range(a_ndim - int(axes), a_ndim)), list(range(int(axes)))
    a_axes, b_axes = (np.atleast_1d(part).astype(int).tolist() for part in axes)
    return [i % a_ndim for i in a_axes], [i % b_ndim for i in b_axes]


def _free(summed: Sequence[int], ndim: int) -> list[int]:
    return [i for i in range(ndim) if i not in summed]


def _tensordot_a(g: Any, y: Any, a: Any, b: Any, axes: Any = 2) -> Any:
    a_axes, b_axes = contracted(axes, np.ndim(a), np.ndim(b))
    a_free, b_free = _free(a_axes, np.ndim(a)), _free(b_axes, np.ndim(b))
    product = np.tensordot(g, b, axes=(list(range(len(a_free), np.ndim(g))), b_free))
    partner = dict(zip(b_axes, a_axes, strict=True))
    return np.transpose(product, np.argsort([*a_free, *(partner[j] for j in sorted(b_axes))]))


def _tensordot_b(g: Any, y: Any, a: Any, b: Any, axes: Any = 2) -> Any:
    a_axes, b_axes = contracted(axes, np.ndim(a), np.ndim(b))
    a_free, b_free = _free(a_axes, np.ndim(a)), _free(b_axes, np.ndim(b))
    product = np.tensordot(a, g, axes=(a_free, list(range(len(a_free)))))
    partner = dict(zip(a_axes, b_axes, strict=True))
    return np.transpose(product, np.argsort([*(partner[i] for i in sorted(a_axes)), *b_free]))


TENSORDOT = register(
    Op(
        "tensordot", lambda a, b, axes=2: np.tensordot(a, b, axes=axes), (_tensordot_a, _tensordot_b),
        ("tensordot(g, b)", "tensordot(a, g)"), analytic=True,
        cases=(
            case((2, 3, 4), (3, 4, 2)),
            case((2, 3), (3, 4), axes=1),
            case((2,), (3, 2), axes=0),
            case((), (3,), axes=0),
            case((2, 3, 4), (4, 5, 3), axes=((1, 2), (2, 0))),
            case((4, 3, 2), (2, 4), axes=((-1, 0), (0, -1))),
            case((2, 6), (6, 3), axes=(-1, 0)),
            case((0, 3), (3, 2), axes=1),
        ),
    ),
    np.tensordot, np.linalg.tensordot,
)  # fmt: skip


# ---- cross ------------------------------------------------------------------------------------------


def _cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    return np.cross(a, b, axisa, axisb, axisc, axis)


def _cross_a(
    g: Any, y: Any, a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    return np.cross(b, g, axisb, axisc, axisa, axis)


def _cross_b(
    g: Any, y: Any, a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    return np.cross(g, a, axisc, axisa, axisb, axis)


CROSS = register(
    Op(
        "cross", _cross, (_cross_a, _cross_b), ("b × g", "g × a"), text="a × b", broadcasts=True, analytic=True,
        cases=(
            case((3,), (3,)), case((2, 3), (2, 3)), case((3,), (4, 3)), case((0, 3), (0, 3)),
            case((3, 2), (2, 3), axisa=0, axisc=0), case((3, 2), (3, 2), axis=0),
        ),
    ),
    np.cross, np.linalg.cross,
)  # fmt: skip
