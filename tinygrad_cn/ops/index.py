"""Indexing: slices, masks and integer arrays, with gradients that add up; sorting, which is indexing by order.

Reading at an index and adding at an index are each other's gradient, so two records are enough for
`x[index]`, `take` and `take_along_axis`, to any order of derivative.

Examples
--------
>>> import numpy as np, tinygrad_cn as tg
>>> x = tg.tensor([10.0, 20.0, 30.0], requires_grad=True)
>>> np.sum(x[[0, 2, 0]]).backward()
>>> x.grad
array([2., 0., 1.])
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .op import Array, Op, arrayed, case, distinct, implements, register

Kth = int | tuple[int, ...]


def along(axis: int, index: Any) -> tuple[Any, ...]:
    """The index that is `index` on one axis and takes the others whole; `axis` may be negative."""
    if axis >= 0:
        return (slice(None),) * axis + (index,)
    return (Ellipsis, index) + (slice(None),) * (-axis - 1)


def _may_repeat(index: Any) -> bool:
    """Only integer arrays can name an entry twice."""
    parts = index if isinstance(index, tuple) else (index,)
    arrays = (p for p in parts if isinstance(p, (list, tuple)) or hasattr(p, "__array_function__"))
    return any(arrayed(p).dtype != bool for p in arrays)


def _scatter(g: Any, *, index: Any, shape: tuple[int, ...]) -> Array:
    x = np.zeros_like(g, shape=shape)
    if _may_repeat(index):
        np.add.at(x, index, g)
    else:
        x[index] = g
    return x


def _add_at(known: Array, g: Array, *, index: Any) -> None:
    if _may_repeat(index):
        np.add.at(known, index, g)
    else:
        known[index] += g


ROWS = np.array([0, 2, 0])
GETITEM = register(
    Op(
        "getitem", lambda x, *, index: x[index], (lambda g, y, x, *, index: SCATTER(g, index=index, shape=x.shape),),
        ("scatter(g)",), text="x[index]", analytic=True, note="An entry read twice gets both gradients.",
        add_to=_add_at,
        cases=(
            case((3, 4), index=1),
            case((3, 4), index=(slice(None), slice(-1, 0, -2))),
            case((3, 4), index=(Ellipsis, None, 0)),
            case((3, 4), index=ROWS),
            case((3, 4), index=(np.array([0, 1, 1]), np.array([2, -1, 3]))),
            case((3, 4), index=(slice(None, 2), [3, 3])),
            case((3, 4, 2), index=(ROWS, slice(1, 3), np.array([[1], [0]]))),
            case((3, 4), index=np.array([True, False, True])),
            case((3, 4), index=(np.eye(3, 4) > 0)),
            case((3, 4), index=(np.array([True, False, True]), 1)),
            case((3, 4), index=slice(2, 2)),
            case((0, 4), index=(slice(None), 1)),
            case((), index=()),
            case((), index=None),
        ),
    )
)  # fmt: skip
SCATTER: Op = register(
    Op(
        "scatter", _scatter, (lambda g, y, x, *, index, shape: g[index],), ("g[index]",), analytic=True,
        text="scatter(x)", inputs=("x",),
        cases=(
            case((4,), index=1, shape=(3, 4)),
            case((3,), index=ROWS, shape=(4,)),
            case((2, 4), index=np.array([True, False, True]), shape=(3, 4)),
            case((0, 4), index=slice(0, 0), shape=(3, 4)),
        ),
    )
)  # fmt: skip

# ---- gathers made of getitem ------------------------------------------------------------------------


@implements(np.take)
def take(x: Any, indices: Any, axis: int | None = None, *, mode: str = "raise") -> Any:
    """`np.take`: the entries at `indices` along an axis, of the flattened `x` if axis is None."""
    x = x.reshape(-1) if axis is None else x
    where, n = np.asarray(indices), x.shape[axis or 0]
    if mode != "raise":
        where = where % n if mode == "wrap" else where.clip(0, n - 1)
    return x[along(axis or 0, where)]


@implements(np.take_along_axis)
def take_along_axis(x: Any, indices: Any, axis: int | None = -1) -> Any:
    """`np.take_along_axis`: what `argsort` and `argmax` along an axis point to."""
    where = np.asarray(indices)
    if axis is None:
        return x.reshape(-1)[where]
    index: list[Any] = list(np.ogrid[tuple(slice(n) for n in x.shape)])
    index[axis] = where
    return x[tuple(index)]


# ---- order ------------------------------------------------------------------------------------------


def _unorder(g: Any, order: Array, shape: tuple[int, ...], axis: int | None) -> Any:
    """Send each gradient back to where its entry came from: `order` inverted."""
    return take_along_axis(g, np.argsort(order, axis=-1 if axis is None else axis), axis).reshape(shape)


def _sort_vjp(g: Any, y: Any, x: Any, axis: int | None = -1) -> Any:
    return _unorder(g, np.argsort(x, axis=axis), x.shape, axis)


# Not np.partition: its order within the parts need not be argpartition's, which the gradient uses.
def _partition(x: Any, *, kth: Kth, axis: int | None = -1) -> Any:
    return np.take_along_axis(x, np.argpartition(x, kth, axis=axis), axis)


def _partition_vjp(g: Any, y: Any, x: Any, *, kth: Kth, axis: int | None = -1) -> Any:
    return _unorder(g, np.argpartition(x, kth, axis=axis), x.shape, axis)


SORT = register(
    Op(
        "sort", lambda x, axis=-1: np.sort(x, axis=axis), (_sort_vjp,), ("sort⁻¹(g)",), domain=distinct,
        analytic=True, note="Equal entries keep some order; each gets the gradient of its place.",
        cases=(case((7,)), case((3, 4)), case((3, 4), axis=0), case((2, 3), axis=None), case((0,)), case((1,))),
    ),
    np.sort,
)  # fmt: skip
PARTITION = register(
    Op(
        "partition", _partition, (_partition_vjp,), ("sort⁻¹(g)",), domain=distinct,
        cases=(
            case((7,), kth=3), case((3, 4), kth=0), case((4, 3), kth=-1, axis=0), case((2, 3), kth=(1, 4), axis=None),
        ),
    ),
    np.partition,
)  # fmt: skip
