"""Differences, integrals, polynomials and statistics on Tensors, made of other recorded calls.

Examples
--------
>>> import numpy as np, tinygrad_cn as tg
>>> x = tg.tensor([5.0, 1.0, 2.0, 9.0], requires_grad=True)
>>> np.median(x).backward()
>>> x.grad
array([0.5, 0. , 0.5, 0. ])
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import OpError, ShapeError
from .index import along
from .op import implements
from .reduce import Axis

# ---- differences and integrals ----------------------------------------------------------------------


def _join(axis: int, *parts: Any) -> Any:
    """Concatenate what is given; a number counts as one more entry along the axis."""
    whole = next(p for p in parts if np.ndim(p))
    one = tuple(1 if i == axis % np.ndim(whole) else n for i, n in enumerate(np.shape(whole)))
    given = [p if np.ndim(p) else np.broadcast_to(p, one) for p in parts if p is not None]
    return np.concatenate(given, axis=axis)


@implements(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """`np.diff`: the difference of neighbours, n times."""
    if n < 0:
        raise OpError(f"np.diff: n must be 0 or more; got {n}")
    if prepend is not None or append is not None:
        a = _join(axis, prepend, a, append)
    for _ in range(n):
        a = a[along(axis, slice(1, None))] - a[along(axis, slice(None, -1))]
    return a


@implements(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """`np.ediff1d`: the differences of all entries in a row, with `to_begin` and `to_end` around them."""
    parts = (to_begin, np.diff(ary.reshape(-1)), to_end)
    return np.concatenate([np.ravel(p).astype(ary.dtype) for p in parts if p is not None])


def _slope(f: Any, spacing: Any, axis: int, edge_order: int) -> Any:
    """Inside, the slopes on both sides weighted by the other side's step; at the ends one-sided."""
    f = np.moveaxis(f, axis, -1)
    n = f.shape[-1]
    if n <= edge_order:
        raise ShapeError(f"np.gradient: axis {axis} has {n} entries; edge_order={edge_order} needs {edge_order + 1}")
    step = np.diff(spacing).astype(f.dtype) if np.ndim(spacing) else spacing * np.ones(n - 1, f.dtype)
    slope = np.diff(f) / step
    left, right = step[:-1], step[1:]
    inner = (left * slope[..., 1:] + right * slope[..., :-1]) / (left + right)
    first, last = slope[..., :1], slope[..., -1:]
    if edge_order == 2:
        first, last = 2 * first - inner[..., :1], 2 * last - inner[..., -1:]
    return np.moveaxis(np.concatenate([first, inner, last], axis=-1), -1, axis)


@implements(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Axis = None, edge_order: int = 1) -> Any:
    """`np.gradient`: slopes along each axis, for even steps or given coordinates.

    Source: B. Fornberg, "Generation of finite difference formulas on arbitrarily spaced grids",
    Mathematics of Computation 51 (1988); three points, first derivative.
    """
    if edge_order not in (1, 2):
        raise OpError(f"np.gradient: edge_order must be 1 or 2; got {edge_order}")
    axes = tuple(range(f.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    spacings = varargs or (1.0,)
    if len(spacings) == 1 and not np.ndim(spacings[0]):
        spacings *= len(axes)
    if len(spacings) != len(axes):
        raise OpError(f"np.gradient: {len(spacings)} spacings for {len(axes)} axes")
    slopes = tuple(_slope(f, h, a, edge_order) for h, a in zip(spacings, axes, strict=True))
    return slopes[0] if len(slopes) == 1 else slopes


@implements(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    """`np.trapezoid`: the integral by the trapezoidal rule, along an axis."""
    y = np.moveaxis(y, axis, -1)
    steps = dx if x is None else np.diff(x if np.ndim(x) == 1 else np.moveaxis(x, axis, -1))
    return np.sum((y[..., 1:] + y[..., :-1]) * steps, axis=-1) / 2


# ---- polynomials ------------------------------------------------------------------------------------


@implements(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    """`np.polyval` by Horner's rule, highest power first."""
    y = np.zeros_like(x)
    for coefficient in p:
        y = y * x + coefficient
    return y


@implements(np.vander)
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """`np.vander`: powers of x in columns."""
    powers = np.arange(len(x) if N is None else N)
    return np.expand_dims(x, 1) ** (powers if increasing else powers[::-1])


# ---- statistics -------------------------------------------------------------------------------------


@implements(np.ptp)
def ptp(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """`np.ptp`: largest less smallest."""
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


@implements(np.nansum)
def nansum(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """`np.nansum`: the sum of what is not NaN."""
    return np.sum(np.where(np.isnan(a), 0.0, a), axis=axis, keepdims=keepdims)


@implements(np.nanmean)
def nanmean(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """`np.nanmean`: the mean of what is not NaN."""
    known = np.sum(~np.isnan(a), axis=axis, keepdims=keepdims, dtype=a.dtype)
    return np.nansum(a, axis=axis, keepdims=keepdims) / known


@implements(np.average)
def average(a: Any, axis: Axis = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False) -> Any:
    """`np.average`: the mean weighted by `weights`, of the shape of `a` or of its `axis`."""
    if weights is None:
        weights = np.ones_like(a)
    elif np.shape(weights) != np.shape(a):
        weights = np.reshape(weights, [n if i == axis % a.ndim else 1 for i, n in enumerate(a.shape)])
        weights = np.broadcast_to(weights, a.shape)
    total = np.sum(weights, axis=axis, keepdims=keepdims)
    mean = np.sum(a * weights, axis=axis, keepdims=keepdims) / total
    return (mean, total) if returned else mean


@implements(np.quantile)
def quantile(a: Any, q: Any, axis: int | None = None, *, keepdims: bool = False) -> Any:
    """`np.quantile`: a share `q` of the entries lies below; linear between neighbours."""
    ordered = np.moveaxis(np.sort(a, axis=axis), axis or 0, 0)
    place = np.multiply(q, len(ordered) - 1)
    low = np.floor(place).astype(int)
    high = np.ceil(place).astype(int)
    weight = (place - low).astype(a.dtype).reshape(place.shape + (1,) * (ordered.ndim - 1))
    result = ordered[low] + weight * (ordered[high] - ordered[low])
    if not keepdims:
        return result
    kept = a[along(axis, slice(1))].shape if axis is not None else (1,) * a.ndim
    return result.reshape(place.shape + kept)


@implements(np.percentile)
def percentile(a: Any, q: Any, axis: int | None = None, *, keepdims: bool = False) -> Any:
    """`np.percentile`: `np.quantile` in hundredths."""
    return quantile(a, np.divide(q, 100), axis, keepdims=keepdims)


@implements(np.median)
def median(a: Any, axis: int | None = None, *, keepdims: bool = False) -> Any:
    """`np.median`: the middle entry, or the mean of the two."""
    return quantile(a, 0.5, axis, keepdims=keepdims)


@implements(np.cov)
def cov(m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None) -> Any:
    """`np.cov`: a variable in each row, or in each column if not `rowvar`."""
    x, y = (v if v is None or rowvar or np.ndim(v) < 2 else np.transpose(v) for v in (m, y))
    x = np.atleast_2d(x) if y is None else np.vstack([x, y])
    d = x - np.mean(x, axis=1, keepdims=True)
    freedom = x.shape[1] - (int(not bias) if ddof is None else ddof)
    return np.squeeze(d @ d.T / freedom)


@implements(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True) -> Any:
    """`np.corrcoef`: covariances divided by both standard deviations."""
    c = np.atleast_2d(np.cov(x, y, rowvar))
    deviation = np.sqrt(np.diagonal(c))
    return np.squeeze(c / deviation / np.expand_dims(deviation, 1))
