"""Pooling of images: the largest entry or the mean of each window; windows as an op, and its adjoint.

Images are (m, n_H, n_W, n_C) and lie in memory as in `conv`; a window is f by f. Reading windows and adding
them up where they overlap are each other's gradient, so the vjps of pooling work to any order.

Source: A. Ng, "Convolutional Neural Networks", week 1, pooling layers.

Examples
--------
>>> import numpy as np
>>> image = np.arange(16.0).reshape(1, 4, 4, 1)
>>> MAX_POOL2D(image, f=2, stride=2)[0, :, :, 0]
array([[ 5.,  7.],
       [13., 15.]])
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import Any

import numpy as np

from .conv import Pad, Shape, images, output_size
from .op import Array, Op, case, distinct, register
from .whole import whole


def _padded(x: Array, pad: Pad, fill: float = 0.0) -> Array:
    return np.pad(x, ((0, 0), pad, pad, (0, 0)), constant_values=fill) if any(pad) else x


def _corners(x: Array, f: int, stride: int) -> Iterator[Array]:
    """For each place in a window, row by row: what x holds there in all windows, a view (m, height, width, n_C)."""
    height, width = (output_size(n, f, stride) * stride for n in x.shape[1:3])
    return (x[:, i : i + height : stride, j : j + width : stride] for i in range(f) for j in range(f))


# ---- windows ----------------------------------------------------------------------------------------


@whole
def _windows(x: Array, *, f: int, stride: int, pad: Pad = (0, 0), fill: float = 0.0) -> Array:
    parts = list(_corners(_padded(x, pad, fill), f, stride))
    m, height, width, channels = parts[0].shape
    y = np.empty_like(np.empty((f * f, height, channels, width, m), x.dtype).transpose(0, 4, 1, 3, 2))
    for place, part in zip(y, parts, strict=True):
        place[...] = part
    return y


@whole
def _overlap(x: Array, *, size: Shape, f: int, stride: int, pad: Pad = (0, 0)) -> Array:
    m, channels = x.shape[1], x.shape[4]
    y = images(m, size[0] + sum(pad), size[1] + sum(pad), channels, x.dtype)
    y.fill(0)
    for place, part in zip(_corners(y, f, stride), x, strict=True):
        place += part
    inside = y[:, pad[0] : pad[0] + size[0], pad[0] : pad[0] + size[1]]
    return inside.copy(order="K") if any(pad) else y


WINDOWS2D: Op = register(
    Op(
        "windows2d", _windows,
        (
            lambda g, y, x, *, f, stride, pad=(0, 0), fill=0.0: OVERLAP2D(
                g, size=x.shape[1:3], f=f, stride=stride, pad=pad
            ),
        ),
        ("overlap(g)",), text="windows(x)", analytic=True,
        note="(m, n_H, n_W, n_C) → (f · f, m, height, width, n_C); the border holds `fill`.",
        cases=(
            case((2, 4, 5, 3), f=2, stride=2),
            case((1, 5, 5, 2), f=3, stride=1, pad=(1, 1)),
            case((2, 5, 4, 1), f=3, stride=2, pad=(0, 2), fill=7.0),
        ),
    )
)  # fmt: skip
OVERLAP2D: Op = register(
    Op(
        "overlap2d", _overlap,
        (
            lambda g, y, x, *, size, f, stride, pad=(0, 0): WINDOWS2D(g, f=f, stride=stride, pad=pad),
        ),
        ("windows(g)",), text="overlap(x)", analytic=True,
        note="(f · f, m, height, width, n_C) → (m, n_H, n_W, n_C), where size is (n_H, n_W).",
        cases=(
            case((4, 2, 2, 2, 3), size=(4, 5), f=2, stride=2),
            case((9, 1, 5, 5, 2), size=(5, 5), f=3, stride=1, pad=(1, 1)),
            case((9, 2, 3, 2, 1), size=(5, 4), f=3, stride=2, pad=(0, 2)),
        ),
    )
)  # fmt: skip

# ---- pooling ----------------------------------------------------------------------------------------

CASES = (
    case((2, 4, 6, 3), f=2, stride=2),
    case((1, 7, 6, 2), f=3, stride=2),
    case((2, 4, 5, 1), f=3, stride=1, pad=(1, 1)),
    case((0, 2, 2, 1), f=2, stride=2),
)


@whole
def _max_pool(x: Array, *, f: int, stride: int, pad: Pad = (0, 0)) -> Array:
    first, *others = _corners(_padded(x, pad, -np.inf), f, stride)
    return reduce(lambda y, part: np.maximum(y, part, out=y), others, first.copy(order="K"))


def _max_pool_vjp(g: Any, y: Any, x: Any, *, f: int, stride: int, pad: Pad = (0, 0)) -> Any:
    largest = WINDOWS2D(x, f=f, stride=stride, pad=pad, fill=-np.inf) == y
    share = g / np.sum(largest, axis=0, dtype=x.dtype)
    return OVERLAP2D(share * largest, size=x.shape[1:3], f=f, stride=stride, pad=pad)


@whole
def _avg_pool(x: Array, *, f: int, stride: int, pad: Pad = (0, 0)) -> Array:
    first, *others = _corners(_padded(x, pad), f, stride)
    total = reduce(lambda y, part: np.add(y, part, out=y), others, first.copy(order="K"))
    total /= f * f
    return total


def _avg_pool_vjp(g: Any, y: Any, x: Any, *, f: int, stride: int, pad: Pad = (0, 0)) -> Any:
    share = np.broadcast_to(g / (f * f), (f * f, *g.shape))
    return OVERLAP2D(share, size=x.shape[1:3], f=f, stride=stride, pad=pad)


MAX_POOL2D: Op = register(
    Op(
        "max_pool2d", _max_pool, (_max_pool_vjp,), ("overlap(g ⊙ 1{x = y})",),
        text="maxpool(x)", domain=distinct, cases=CASES,
        note="The largest entry of each window; entries that tie for it share g. The border counts as −∞.",
    )
)  # fmt: skip
AVG_POOL2D: Op = register(
    Op(
        "avg_pool2d", _avg_pool, (_avg_pool_vjp,), ("overlap(g / f²)",), text="avgpool(x)",
        analytic=True, cases=CASES, note="The mean of each window. The border counts as zeros.",
    )
)  # fmt: skip
