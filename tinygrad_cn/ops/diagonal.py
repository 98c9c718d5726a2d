"""Diagonals and triangles of matrices: diagonal, trace, diag, tril, triu."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import OpError
from .op import Op, case, implements, register


def _diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return np.diagonal(x, offset, axis1, axis2)


def _diagonal_vjp(g: Any, y: Any, x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return PUT_DIAGONAL(g, shape=np.shape(x), offset=offset, axis1=axis1, axis2=axis2)


def _put_diagonal(x: Any, *, shape: tuple[int, ...], offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    y = np.zeros(shape, x.dtype)
    rows = np.arange(x.shape[-1]) + max(-offset, 0)
    columns = np.arange(x.shape[-1]) + max(offset, 0)
    np.moveaxis(y, (axis1, axis2), (-2, -1))[..., rows, columns] = x
    return y


def _put_diagonal_vjp(
    g: Any, y: Any, x: Any, *, shape: tuple[int, ...], offset: int = 0, axis1: int = 0, axis2: int = 1
) -> Any:
    return np.diagonal(g, offset, axis1, axis2)


def _trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return np.trace(x, offset, axis1, axis2)


def _trace_vjp(g: Any, y: Any, x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    rows, columns = np.shape(x)[axis1], np.shape(x)[axis2]
    length = max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
    along = np.broadcast_to(np.expand_dims(g, -1), (*np.shape(g), length))
    return PUT_DIAGONAL(along, shape=np.shape(x), offset=offset, axis1=axis1, axis2=axis2)


MATRICES = (
    case((3, 4)),
    case((3, 4), offset=2),
    case((4, 3), offset=-1),
    case((2, 3, 4)),
    case((2, 3, 4), offset=-1, axis1=-2, axis2=-1),
    case((2, 3, 4), axis1=2, axis2=0),
    case((0, 3)),
)
DIAGONAL = register(
    Op("diagonal", _diagonal, (_diagonal_vjp,), ("diag(g)",), cases=MATRICES, analytic=True),
    np.diagonal,
)
PUT_DIAGONAL = register(
    Op(
        "put_diagonal", _put_diagonal, (_put_diagonal_vjp,), ("diagonal(g)",), analytic=True,
        text="diag(x)",
        cases=(
            case((3,), shape=(3, 3)),
            case((2,), shape=(3, 4), offset=2),
            case((2, 3), shape=(4, 2, 3), offset=-1, axis1=0, axis2=2),
            case((0,), shape=(0, 3)),
        ),
    )
)  # fmt: skip
TRACE = register(
    Op("trace", _trace, (_trace_vjp,), ("g I",), text="Σ diagonal(x)", cases=MATRICES,
       analytic=True),
    np.trace,
)  # fmt: skip


@implements(np.linalg.diagonal)
def diagonal_of_last_axes(x: Any, *, offset: int = 0) -> Any:
    """The diagonals of a stack of matrices."""
    return DIAGONAL(x, offset=offset, axis1=-2, axis2=-1)


@implements(np.linalg.trace)
def trace_of_last_axes(x: Any, *, offset: int = 0) -> Any:
    """The traces of a stack of matrices."""
    return TRACE(x, offset=offset, axis1=-2, axis2=-1)


@implements(np.diag)
def diag(v: Any, k: int = 0) -> Any:
    """A matrix with v on its k-th diagonal, or the k-th diagonal of a matrix v."""
    if np.ndim(v) == 2:
        return DIAGONAL(v, offset=k)
    if np.ndim(v) != 1:
        raise OpError(f"diag: v must have one or two axes; got shape {np.shape(v)}")
    size = len(v) + abs(k)
    return PUT_DIAGONAL(v, shape=(size, size), offset=k)


@implements(np.diagflat)
def diagflat(v: Any, k: int = 0) -> Any:
    """A matrix with all entries of v on its k-th diagonal."""
    return diag(np.ravel(v), k)


# ---- triangles --------------------------------------------------------------------------------------

TRIANGLES = (case((3, 4)), case((3, 4), k=1), case((4, 3), k=-1), case((2, 3, 3), k=-1), case((3,)), case((0, 3)))
TRIL = register(
    Op(
        "tril", lambda x, k=0: np.tril(x, k), (lambda g, y, x, k=0: np.tril(g, k),), ("tril(g)",),
        cases=TRIANGLES, broadcasts=True, analytic=True,
    ),
    np.tril,
)  # fmt: skip
TRIU = register(
    Op(
        "triu", lambda x, k=0: np.triu(x, k), (lambda g, y, x, k=0: np.triu(g, k),), ("triu(g)",),
        cases=TRIANGLES, broadcasts=True, analytic=True,
    ),
    np.triu,
)  # fmt: skip
