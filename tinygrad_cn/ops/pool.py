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

from collections.abc import Iterable, Iterator
from functools import reduce
from typing import Any

import numpy as np

from .conv import Pad, Shape, bordered, images, output_size, rows
from .op import Op, case, distinct, register
from .whole import whole


def _corners(x: Any, f: int, stride: int) -> Iterator[Any]:
    """For each place in a window, row by row: what rows `x` hold there in all windows, a view."""
    return (x[at] for at in _places(np.shape(x), f, stride))


def _places(shape: Shape, f: int, stride: int) -> Iterator[Any]:
    height, width = (output_size(n, f, stride) * stride for n in (shape[0], shape[2]))
    for i in range(f):
        for j in range(f):
            yield slice(i, i + height, stride), slice(None), slice(j, j + width, stride)


def _spread(parts: Iterable[Any], like: Any, size: Shape, f: int, stride: int, pad: Pad) -> Any:
    """Images of a size that hold, added up, what belongs to each place of the windows, in rows such as `like`."""
    height, width, (_, channels, _, m) = size[0] + sum(pad), size[1] + sum(pad), np.shape(like)
    covered = stride == f and height % f == width % f == 0
    y = (np.empty_like if covered else np.zeros_like)(like, shape=(height, channels, width, m))
    for at, part in zip(_places(np.shape(y), f, stride), parts, strict=True):
        if stride >= f:
            y[at] = part
        else:
            y[at] += part
    return images(y[pad[0] : pad[0] + size[0], :, pad[0] : pad[0] + size[1]])


# ---- windows ----------------------------------------------------------------------------------------


@whole
def _windows(x: Any, *, f: int, stride: int, pad: Pad = (0, 0), fill: float = 0.0) -> Any:
    parts = list(_corners(bordered(rows(x), pad, fill), f, stride))
    return np.transpose(np.stack(parts), (0, 4, 1, 3, 2))


@whole
def _overlap(x: Any, *, size: Shape, f: int, stride: int, pad: Pad = (0, 0)) -> Any:
    return _spread((rows(part) for part in x), rows(x[0]), size, f, stride, pad)


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
def _max_pool(x: Any, *, f: int, stride: int, pad: Pad = (0, 0)) -> Any:
    return images(reduce(np.maximum, _corners(bordered(rows(x), pad, -np.inf), f, stride)))


@whole
def _max_pool_input(g: Any, x: Any, *, f: int, stride: int, pad: Pad = (0, 0)) -> Any:
    parts = list(_corners(bordered(rows(x), pad, -np.inf), f, stride))
    y = reduce(np.maximum, parts)
    largest = [part == y for part in parts]
    share = rows(g) / reduce(np.add, largest, np.zeros((), np.result_type(g)))
    return _spread((share * here for here in largest), share, np.shape(x)[1:3], f, stride, pad)


def _max_pool_input_vjp(h: Any, y: Any, g: Any, x: Any, *, f: int, stride: int, pad: Pad = (0, 0)) -> Any:
    parts = WINDOWS2D(x, f=f, stride=stride, pad=pad, fill=-np.inf)
    largest = parts == np.max(parts, axis=0)
    ties = np.sum(largest, axis=0, dtype=np.result_type(h))
    return np.sum(WINDOWS2D(h, f=f, stride=stride, pad=pad) * largest, axis=0) / ties


@whole
def _avg_pool(x: Any, *, f: int, stride: int, pad: Pad = (0, 0)) -> Any:
    return images(reduce(np.add, _corners(bordered(rows(x), pad), f, stride)) / (f * f))


def _avg_pool_vjp(g: Any, y: Any, x: Any, *, f: int, stride: int, pad: Pad = (0, 0)) -> Any:
    share = np.broadcast_to(g / (f * f), (f * f, *g.shape))
    return OVERLAP2D(share, size=x.shape[1:3], f=f, stride=stride, pad=pad)


MAX_POOL2D: Op = register(
    Op(
        "max_pool2d", _max_pool, (lambda g, y, x, **options: MAX_POOL2D_INPUT(g, x, **options),),
        ("overlap(g ⊙ 1{x = y})",), text="maxpool(x)", domain=distinct, cases=CASES,
        note="The largest entry of each window; entries that tie for it share g. The border counts as −∞.",
    )
)  # fmt: skip
MAX_POOL2D_INPUT: Op = register(
    Op(
        "max_pool2d_input", _max_pool_input, (_max_pool_input_vjp, None),
        ("Σ windows(g) ⊙ 1{b = maxpool(b)}", "0"), text="overlap(a ⊙ 1{b = maxpool(b)})", inputs=("a", "b"),
        domain=distinct, note="The gradient of max pooling in its images b, of upstream gradient a: linear in a.",
        cases=(case((2, 2, 3, 3), (2, 4, 6, 3), f=2, stride=2), case((1, 3, 3, 2), (1, 7, 7, 2), f=3, stride=2),
               case((1, 4, 5, 1), (1, 4, 5, 1), f=3, stride=1, pad=(1, 1))),
    )
)  # fmt: skip
AVG_POOL2D: Op = register(
    Op(
        "avg_pool2d", _avg_pool, (_avg_pool_vjp,), ("overlap(g / f²)",), text="avgpool(x)",
        analytic=True, cases=CASES, note="The mean of each window. The border counts as zeros.",
    )
)  # fmt: skip
