"""Reductions and running totals: sums, means, spread, products, extremes, along one axis or several.

Formulas name the entry by i where a gradient is not the same at every entry. Sources: any calculus
text; log-sum-exp: Blanchard, Higham and Higham, "Accurately computing the log-sum-exp and softmax
functions", IMA J. Numer. Anal. 41 (2021), eq. (1.3).

Examples
--------
>>> import numpy as np, tinygrad_cn as tg
>>> x = tg.tensor([2.0, 0.0, 3.0], requires_grad=True)
>>> np.prod(x).backward()
>>> x.grad
array([0., 6., 0.])
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .op import Array, Op, case, distinct, register
from .shape import BROADCAST_TO

Axis = int | tuple[int, ...] | None
AXES = (
    case((3, 4)),
    case((3, 4), axis=0),
    case((3, 4), axis=-1, keepdims=True),
    case((2, 3, 4), axis=(0, -1)),
    case((3, 4), keepdims=True),
    case((2, 0), axis=0),
    case(()),
)
EMPTY = (case((0, 3), axis=0), case((0, 3)))

# Typed Any: NumPy's stubs want a literal True or False for keepdims.
add: Any = np.add.reduce
multiply: Any = np.multiply.reduce


def count(x: Any, axis: Axis) -> Any:
    """How many entries of x go into each result."""
    if axis is None:
        return x.size
    return math.prod(x.shape[a] for a in (axis if isinstance(axis, tuple) else (axis,)))


def spread(g: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """Put the reduced axes back, as length one, so that g broadcasts against x."""
    if keepdims or axis is None:
        return g
    reduced = {a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,))}
    return g.reshape(tuple(1 if i in reduced else n for i, n in enumerate(x.shape)))


# ---- sums and means ---------------------------------------------------------------------------------


def _sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return add(x, axis=axis, keepdims=keepdims)


def _sum_vjp(g: Any, y: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return BROADCAST_TO(spread(g, x, axis, keepdims), shape=x.shape)


def _mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return add(x, axis=axis, keepdims=keepdims) / count(x, axis)


def _mean_vjp(g: Any, y: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return BROADCAST_TO(spread(g / count(x, axis), x, axis, keepdims), shape=x.shape)


SUM = register(
    Op("sum", _sum, (_sum_vjp,), ("broadcast(g)",), text="Σ x", cases=AXES + EMPTY, analytic=True),
    np.sum,
)  # fmt: skip
MEAN = register(
    Op("mean", _mean, (_mean_vjp,), ("broadcast(g / n)",), text="Σ x / n", cases=AXES, analytic=True),
    np.mean,
)  # fmt: skip

# ---- spread -----------------------------------------------------------------------------------------


def _from_mean(x: Any, axis: Axis) -> Any:
    return x - MEAN(x, axis=axis, keepdims=True)


def _freedom(x: Any, axis: Axis, ddof: int) -> Any:
    return max(count(x, axis) - ddof, 0)


def _var(x: Any, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Any:
    d = _from_mean(x, axis)
    return add(d * d, axis=axis, keepdims=keepdims) / _freedom(x, axis, ddof)


def _var_vjp(g: Any, y: Any, x: Any, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Any:
    return spread(g * 2 / _freedom(x, axis, ddof), x, axis, keepdims) * _from_mean(x, axis)


def _std(x: Any, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Any:
    return np.sqrt(_var(x, axis, ddof, keepdims))


def _std_vjp(g: Any, y: Any, x: Any, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Any:
    scale = g / (_freedom(x, axis, ddof) * np.where(y == 0, 1.0, y))
    return spread(scale, x, axis, keepdims) * _from_mean(x, axis)


DDOF = (case((3, 4), axis=1, ddof=1), case((3, 4), ddof=2, keepdims=True))
VAR = register(
    Op(
        "var", _var, (_var_vjp,), ("g ⊙ 2(x − mean(x)) / (n − ddof)",), text="Σ (x − mean(x))² / (n − ddof)",
        cases=AXES + DDOF, analytic=True,
    ),
    np.var,
)  # fmt: skip
STD = register(
    Op(
        "std", _std, (_std_vjp,), ("g ⊙ (x − mean(x)) / ((n − ddof) y)",), text="√(var(x))", analytic=True,
        cases=tuple(c for c in AXES + DDOF if c.shapes != ((),)),
        note="Where all entries are equal the gradient is taken as 0.",
    ),
    np.std,
)  # fmt: skip

# ---- running sum, recurrence, running product, product ----------------------------------------------


def _cumsum(x: Any, axis: int | None = None) -> Any:
    return np.add.accumulate(x.reshape(-1) if axis is None else x, axis=axis or 0)


def _cumsum_vjp(g: Any, y: Any, x: Any, axis: int | None = None) -> Any:
    return np.flip(CUMSUM(np.flip(g, axis), axis=axis), axis).reshape(x.shape)


RUNNING = (case((3, 4)), case((3, 4), axis=0), case((2, 3, 4), axis=-1), case((0, 3), axis=0), case(()), case((1,)))
CUMSUM = register(
    Op("cumsum", _cumsum, (_cumsum_vjp,), ("Σ gⱼ (j ≥ i)",), text="Σ xⱼ (j ≤ i)", cases=RUNNING, analytic=True),
    np.cumsum,
)  # fmt: skip


def _recurrence(a: Any, b: Any) -> Array:
    y: Array = np.array(b, dtype=np.result_type(a, b))
    for k in range(1, len(y)):
        y[k] += a[k] * y[k - 1]
    return y


def _delayed(y: Any, start: float) -> Any:
    """Return y one step later along the first axis: start, y[0], …, y[n − 2]."""
    return np.concatenate([np.full_like(y[:1], start), y[:-1]])


def _adjoint(a: Any, g: Any) -> Any:
    """Solve r[k] = g[k] + a[k + 1] r[k + 1]: the recurrence run backwards, as in backpropagation through time."""
    return np.flip(RECURRENCE(np.roll(np.flip(a, 0), 1, axis=0), np.flip(g, 0)), 0)


RECURRENCE = register(
    Op(
        "recurrence", _recurrence,
        (lambda g, y, a, b: _adjoint(a, g) * _delayed(y, 0.0), lambda g, y, a, b: _adjoint(a, g)),
        ("r ⊙ y[k − 1], r[k] = g[k] + a[k + 1] r[k + 1]", "r, r[k] = g[k] + a[k + 1] r[k + 1]"),
        text="y[k] = b[k] + a[k] y[k − 1]", analytic=True,
        cases=(case((4,), (4,)), case((3, 2), (3, 2)), case((1, 2), (1, 2)), case((0, 2), (0, 2))),
        note="Along the first axis; a[0] is not used. Its gradient is a recurrence again.",
    )
)  # fmt: skip


def _cumprod(x: Any, axis: int | None = None) -> Any:
    return np.multiply.accumulate(x.reshape(-1) if axis is None else x, axis=axis or 0)


def _cumprod_vjp(g: Any, y: Any, x: Any, axis: int | None = None) -> Any:
    if axis is None:
        return _cumprod_vjp(g, y, x.reshape(-1), 0).reshape(x.shape)
    g, y, first = (np.moveaxis(t, axis, 0) for t in (g, y, x))
    return np.moveaxis(_delayed(y, 1.0) * _adjoint(first, g), 0, axis)


CUMPROD = register(
    Op(
        "cumprod", _cumprod, (_cumprod_vjp,), ("Σ gⱼ ⊙ Π xₖ (k ≤ j, k ≠ i, j ≥ i)",),
        text="Π xⱼ (j ≤ i)", cases=RUNNING, analytic=True,
        note="Nothing is divided by x, so zeros in x are no special case.",
    ),
    np.cumprod,
)  # fmt: skip


def _others(x: Any, axis: Axis) -> Any:
    """At each entry the product of the others: those before it times those after it."""
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    front = tuple(range(len(axes)))
    moved = np.moveaxis(x, axes, front)
    rows = moved.reshape((count(x, axis), *moved.shape[len(axes) :]))
    before = _delayed(CUMPROD(rows, axis=0), 1.0)
    after = np.flip(_delayed(CUMPROD(np.flip(rows, 0), axis=0), 1.0), 0)
    return np.moveaxis((before * after).reshape(moved.shape), front, axes)


def _prod(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return multiply(x, axis=axis, keepdims=keepdims)


def _prod_vjp(g: Any, y: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return spread(g, x, axis, keepdims) * _others(x, axis)


PROD = register(
    Op(
        "prod", _prod, (_prod_vjp,), ("g ⊙ Π xⱼ (j ≠ i)",), text="Π x", cases=AXES + EMPTY, analytic=True,
        note="Nothing is divided by x, so zeros in x are no special case.",
    ),
    np.prod,
)  # fmt: skip

# ---- extremes ---------------------------------------------------------------------------------------


def _extreme_vjp(g: Any, y: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    chosen = x == spread(y, x, axis, keepdims)
    share = chosen / add(chosen, axis=axis, keepdims=True, dtype=x.dtype)
    return spread(g, x, axis, keepdims) * share


def _extreme(name: str, f: Any, *numpy: Any) -> Op:
    def forward(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
        return f(x, axis=axis, keepdims=keepdims)

    record = Op(
        name, forward, (_extreme_vjp,), ("g ⊙ 1{x = y} / Σ 1{x = y}",), domain=distinct, cases=AXES,
        analytic=True, note="Ties share g equally.",
    )  # fmt: skip
    return register(record, *numpy)


MAX = _extreme("max", np.maximum.reduce, np.max, np.amax)
MIN = _extreme("min", np.minimum.reduce, np.min, np.amin)


def _logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    top = np.maximum.reduce(x.real, axis=axis, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):  # where all entries are −∞ the value is log 0 = −∞
        y = np.log(add(np.exp(x - top), axis=axis, keepdims=True)) + top
    return y if keepdims else y.squeeze(axis)


def _logsumexp_vjp(g: Any, y: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return spread(g, x, axis, keepdims) * np.exp(x - spread(y, x, axis, keepdims))


LOGSUMEXP = register(
    Op(
        "logsumexp", _logsumexp, (_logsumexp_vjp,), ("g ⊙ exp(x − y)",), text="log Σ exp(x)", cases=AXES, analytic=True,
        note="The largest entry is taken out before exp, so that nothing overflows.",
    )
)  # fmt: skip
