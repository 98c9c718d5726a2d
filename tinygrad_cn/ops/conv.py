"""Convolution of images with filters, and its two gradients: three records that are each other's vjps.

Images are (m, n_H, n_W, n_C), filters (f, f, n_C_prev, n_C), the bias (1, 1, 1, n_C). The cost changes with
x, w and g by one trilinear sum, Σ g ⊙ (x * w), so the derivative of any of the three records with respect
to one of its inputs is another of them, to any order.

Each record is a matrix product (GEMM). Images are laid out in memory as rows (n_H, n_C, n_W, m). A row's
windows across its width are copied side by side, f times the row; the windows down the height are then a
view, for f rows that follow each other in memory are one long column already.

Sources: A. Ng, "Convolutional Neural Networks", week 1; V. Dumoulin and F. Visin, "A guide to convolution
arithmetic for deep learning", arXiv:1603.07285, sections 2 and 4.

Examples
--------
>>> import numpy as np
>>> edge = np.array([[1.0, 0.0, -1.0]] * 3).reshape(3, 3, 1, 1)
>>> image = np.repeat([10.0, 0.0], 3) * np.ones((6, 1))
>>> CONV2D(image.reshape(1, 6, 6, 1), edge, None)[0, 0, :, 0]
array([ 0., 30., 30.,  0.])
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .op import Op, case, register
from .whole import whole

Pad = tuple[int, int]  # zeros before and after, along the height and the width alike
Shape = tuple[int, ...]


def output_size(n: int, f: int, stride: int = 1, pad: Pad = (0, 0), dilation: int = 1) -> int:
    """Number of places of a filter along an axis: floor((n + 2p − f) / s) + 1.

    A dilated filter covers dilation · (f − 1) + 1 entries.

    Examples
    --------
    >>> output_size(7, 3, stride=2), output_size(28, 5, pad=(2, 2))
    (3, 28)
    """
    return (n + sum(pad) - dilation * (f - 1) - 1) // stride + 1


def windows(x: Any, axis: int, f: int, stride: int, dilation: int) -> Any:
    """View with the places of a filter on `axis`, and what it covers there on a new last axis."""
    view = np.lib.stride_tricks.sliding_window_view(x, dilation * (f - 1) + 1, axis)
    return view[(slice(None),) * axis + (slice(None, None, stride),)][..., ::dilation]


def rows(x: Any) -> Any:
    """Images (m, n_H, n_W, n_C) as rows (n_H, n_C, n_W, m), a view."""
    return np.transpose(x, (1, 3, 2, 0))


def images(x: Any) -> Any:
    """Rows (n_H, n_C, n_W, m) as images (m, n_H, n_W, n_C), a view."""
    return np.transpose(x, (3, 0, 2, 1))


def bordered(x: Any, pad: Pad, fill: float = 0.0) -> Any:
    """Rows inside a border along the height and the width; without one, `x` itself."""
    if not any(pad):
        return x
    height, channels, width, m = np.shape(x)
    y = np.full_like(x, fill, shape=(height + sum(pad), channels, width + sum(pad), m))
    y[pad[0] : pad[0] + height, :, pad[0] : pad[0] + width] = x
    return y


# ---- matrices ---------------------------------------------------------------------------------------


def _patches(x: Any, f: Shape, stride: int, pad: Pad, dilation: int, groups: int) -> Any:
    """What the filter covers at each place: (groups, height, K, width · m), K = f_H · channels · f_W."""
    across = windows(bordered(rows(x), pad), 2, f[1], stride, dilation)  # (n_H, n_C, width, m, f_W)
    height, channels, width, m, _ = np.shape(across)
    side_by_side = np.copy(np.transpose(across, (0, 1, 4, 2, 3)), order="C")
    strips = np.reshape(side_by_side, (height, groups, channels // groups * f[1], width * m))
    return _stacked(np.swapaxes(strips, 0, 1), f[0], stride, dilation)


def _stacked(strips: Any, f: int, stride: int, dilation: int) -> Any:
    """f strips below each other at each place, (groups, height, f · K, N): a view if not dilated."""
    down = windows(strips, 1, f, stride, dilation)
    groups, height, K, N, _ = np.shape(down)
    return np.reshape(np.transpose(down, (0, 1, 4, 2, 3)), (groups, height, f * K, N))


def _grouped(x: Any, groups: int) -> Any:
    """Images as (groups, height, channels per group, width · m): a view if they lie in memory as rows."""
    m, height, width, channels = np.shape(x)
    return np.swapaxes(np.reshape(rows(x), (height, groups, channels // groups, width * m)), 0, 1)


def _ungrouped(z: Any, width: int, m: int) -> Any:
    """The way back from `_grouped`."""
    groups, height, channels, _ = np.shape(z)
    return images(np.reshape(np.swapaxes(z, 0, 1), (height, groups * channels, width, m)))


def _filters(w: Any, groups: int) -> Any:
    """Filters (f_H, f_W, c, n_C) as (f_H, f_W, c, groups, n_C per group)."""
    n_C = np.shape(w)[3]
    return np.reshape(w, (*np.shape(w)[:3], groups, n_C // groups))


# ---- the three records ------------------------------------------------------------------------------


@whole
def _conv2d(x: Any, w: Any, b: Any, stride: int = 1, pad: Pad = (0, 0), dilation: int = 1, groups: int = 1) -> Any:
    m, f, n_C = np.shape(x)[0], np.shape(w)[:2], np.shape(w)[3]
    patches = _patches(x, f, stride, pad, dilation, groups)
    K = np.shape(patches)[2]
    matrix = np.reshape(np.transpose(_filters(w, groups), (3, 4, 0, 2, 1)), (groups, 1, n_C // groups, K))
    z = np.matmul(matrix, patches)
    if b is not None:
        shift = np.reshape(b, (groups, 1, n_C // groups, 1))
        z = np.add(z, shift, out=z if np.result_type(z, b) == z.dtype else None)
    return _ungrouped(z, output_size(np.shape(x)[2], f[1], stride, pad, dilation), m)


@whole
def _conv2d_input(
    g: Any, w: Any, *, size: Shape, stride: int = 1, pad: Pad = (0, 0), dilation: int = 1, groups: int = 1
) -> Any:
    """Down the height a convolution of g, spaced by the stride, with the filters upside down; then strip by strip."""
    (m, height, width, _), (f, f_W, channels, _) = np.shape(g), np.shape(w)
    reach, padded = dilation * (f - 1), size[1] + sum(pad)
    upstream = _grouped(g, groups)
    n_C = np.shape(upstream)[2]
    spaced = np.zeros_like(upstream, shape=(groups, size[0] + sum(pad) + reach, n_C, width * m))
    spaced[:, reach : reach + stride * height : stride] = upstream
    below = _stacked(spaced[:, pad[0] : pad[0] + size[0] + reach], f, 1, dilation)
    matrix = np.reshape(np.transpose(_filters(w[::-1], groups), (3, 2, 1, 0, 4)), (groups, 1, channels * f_W, f * n_C))
    strips = np.reshape(np.matmul(matrix, below), (groups, size[0], channels, f_W, width, m))
    y = np.zeros_like(strips, shape=(groups, size[0], channels, padded, m))
    for j in range(f_W):
        start = j * dilation
        y[:, :, :, start : start + stride * width : stride] += strips[:, :, :, j]
    inside = np.swapaxes(y[:, :, :, pad[0] : pad[0] + size[1]], 0, 1)
    return images(np.reshape(inside, (size[0], groups * channels, size[1], m)))


AT_ONCE = 1 << 20  # entries of all rows' matrices that are added up in one call


@whole
def _conv2d_filter(
    x: Any, g: Any, *, f: Shape, stride: int = 1, pad: Pad = (0, 0), dilation: int = 1, groups: int = 1
) -> Any:
    """A product for each row of g, summed; row by row if the products are many and large."""
    patches, upstream = _patches(x, f, stride, pad, dilation, groups), np.swapaxes(_grouped(g, groups), 2, 3)
    (height, K), n_C = np.shape(patches)[1:3], np.shape(upstream)[3]
    if groups * height * K * n_C <= AT_ONCE:
        matrix = np.sum(np.matmul(patches, upstream), axis=1)
    else:
        matrix = np.matmul(patches[:, 0], upstream[:, 0])
        for i in range(1, height):
            matrix += np.matmul(patches[:, i], upstream[:, i])
    channels = np.shape(x)[3] // groups
    split = np.reshape(matrix, (groups, f[0], channels, f[1], n_C))
    return np.reshape(np.transpose(split, (1, 3, 2, 0, 4)), (*f, channels, groups * n_C))


CONV2D: Op = register(
    Op(
        "conv2d", _conv2d,
        (
            lambda g, y, x, w, b, **options: CONV2D_INPUT(g, w, size=x.shape[1:3], **options),
            lambda g, y, x, w, b, **options: CONV2D_FILTER(x, g, f=w.shape[:2], **options),
            lambda g, y, x, w, b, **options: np.sum(g, axis=(0, 1, 2), keepdims=True),
        ),
        ("wᵀ * g", "x * g", "Σ g"), text="x * w + b", analytic=True, note="b may be None: no bias.",
        cases=(
            case((2, 4, 5, 3), (3, 3, 3, 2), (1, 1, 1, 2)),
            case((2, 5, 5, 1), (2, 3, 1, 2), (1, 1, 1, 2), stride=2, pad=(1, 2)),
            case((1, 6, 7, 4), (2, 2, 2, 4), (1, 1, 1, 4), dilation=2, groups=2),
            case((2, 7, 6, 2), (3, 2, 1, 4), (1, 1, 1, 4), stride=3, pad=(2, 0), dilation=2, groups=2),
            case((0, 3, 3, 1), (2, 2, 1, 1), (1, 1, 1, 1)),
        ),
    )
)  # fmt: skip
CONV2D_INPUT: Op = register(
    Op(
        "conv2d_input", _conv2d_input,
        (
            lambda h, y, g, w, *, size, **options: CONV2D(h, w, None, **options),
            lambda h, y, g, w, *, size, **options: CONV2D_FILTER(h, g, f=w.shape[:2], **options),
        ),
        ("g * w", "g * x"), text="wᵀ * x", inputs=("x", "w"), analytic=True,
        note="The transposed convolution: the gradient of a convolution in its images, of height and width size.",
        cases=(
            case((2, 2, 3, 2), (3, 3, 3, 2), size=(4, 5)),
            case((1, 4, 3, 2), (2, 3, 1, 2), size=(5, 5), stride=2, pad=(1, 2)),
            case((1, 4, 5, 4), (2, 2, 2, 4), size=(6, 7), dilation=2, groups=2),
        ),
    )
)  # fmt: skip
CONV2D_FILTER: Op = register(
    Op(
        "conv2d_filter", _conv2d_filter,
        (
            lambda h, y, x, g, *, f, **options: CONV2D_INPUT(g, h, size=x.shape[1:3], **options),
            lambda h, y, x, g, *, f, **options: CONV2D(x, h, None, **options),
        ),
        ("gᵀ * b", "a * g"), text="a * b", inputs=("a", "b"), analytic=True,
        note="Images against the gradient of their convolution: its gradient in the filters, of height and width f.",
        cases=(
            case((2, 4, 5, 3), (2, 2, 3, 2), f=(3, 3)),
            case((1, 5, 5, 1), (1, 4, 3, 2), f=(2, 3), stride=2, pad=(1, 2)),
            case((1, 6, 7, 4), (1, 4, 5, 4), f=(2, 2), dilation=2, groups=2),
        ),
    )
)  # fmt: skip
