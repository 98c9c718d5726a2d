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

from .op import Array, Op, case, register
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


def windows(x: Array, axis: int, f: int, stride: int, dilation: int) -> Array:
    """View with the places of a filter on `axis`, and what it covers there on a new last axis."""
    view = np.lib.stride_tricks.sliding_window_view(x, dilation * (f - 1) + 1, axis)
    return view[(slice(None),) * axis + (slice(None, None, stride),)][..., ::dilation]


def images(m: int, height: int, width: int, channels: int, dtype: Any) -> Array:
    """An empty array (m, n_H, n_W, n_C) that is laid out in memory as rows."""
    return np.empty_like(np.empty((height, channels, width, m), dtype).transpose(3, 0, 2, 1))


def rows(x: Array, pad: Pad = (0, 0)) -> Array:
    """Images (m, n_H, n_W, n_C) as rows (n_H, n_C, n_W, m), with a border of zeros: a view if they lie so already."""
    turned = x.transpose(1, 3, 2, 0)
    if not any(pad):
        return np.ascontiguousarray(turned)
    return np.pad(turned, (pad, (0, 0), pad, (0, 0)))


# ---- matrices ---------------------------------------------------------------------------------------


def _patches(x: Array, f: Shape, stride: int, pad: Pad, dilation: int, groups: int) -> Array:
    """What the filter covers at each place: (groups, height, K, width · m), K = f_H · channels · f_W."""
    across = windows(rows(x, pad), 2, f[1], stride, dilation)  # (n_H, n_C, width, m, f_W)
    height, channels, width, m, _ = across.shape
    split = across.reshape(height, groups, channels // groups, width, m, f[1])
    strips = np.ascontiguousarray(split.transpose(1, 0, 2, 5, 3, 4))
    columns = strips.reshape(groups, height, channels // groups * f[1], width * m)
    return _stacked(columns, f[0], stride, dilation)


def _stacked(strips: Array, f: int, stride: int, dilation: int) -> Array:
    """f strips below each other at each place, (groups, height, f · K, N): a view if not dilated."""
    down = windows(strips, 1, f, stride, dilation)
    groups, height, K, N, _ = down.shape
    return down.transpose(0, 1, 4, 2, 3).reshape(groups, height, f * K, N)


def _grouped(x: Array, groups: int) -> Array:
    """Images in the layout of rows as (groups, height, channels per group, width · m), a view."""
    m, height, width, channels = x.shape
    split = x.transpose(1, 3, 2, 0).reshape(height, groups, channels // groups, width * m)
    return split.swapaxes(0, 1)


def _filters(w: Array, groups: int) -> Array:
    """Filters (f_H, f_W, c, n_C) as (f_H, f_W, c, groups, n_C per group)."""
    return w.reshape(*w.shape[:3], groups, w.shape[3] // groups)


# ---- the three records ------------------------------------------------------------------------------


@whole
def _conv2d(
    x: Array, w: Array, b: Array | None, stride: int = 1, pad: Pad = (0, 0), dilation: int = 1, groups: int = 1
) -> Array:
    patches = _patches(x, w.shape[:2], stride, pad, dilation, groups)
    matrix = _filters(w, groups).transpose(3, 4, 0, 2, 1).reshape(groups, 1, -1, patches.shape[2])
    dtype = np.result_type(x, w, *(() if b is None else (b,)))
    width = output_size(x.shape[2], w.shape[1], stride, pad, dilation)
    z = images(x.shape[0], patches.shape[1], width, w.shape[3], dtype)
    np.matmul(matrix, patches, out=_grouped(z, groups))
    return z if b is None else np.add(z, b, out=z)


@whole
def _conv2d_input(
    g: Array, w: Array, *, size: Shape, stride: int = 1, pad: Pad = (0, 0), dilation: int = 1, groups: int = 1
) -> Array:
    """Down the height a convolution of g, spaced by the stride, with the filters upside down; then strip by strip."""
    (m, height, width, _), (f, _, channels, _) = g.shape, w.shape
    reach, padded = dilation * (f - 1), size[1] + sum(pad)
    dtype = np.result_type(g, w)
    upstream = _grouped(g, groups)
    spaced = np.zeros((groups, size[0] + sum(pad) + reach, *upstream.shape[2:]), dtype)
    spaced[:, reach : reach + stride * height : stride] = upstream
    below = _stacked(spaced[:, pad[0] : pad[0] + size[0] + reach], f, 1, dilation)
    matrix = _filters(w[::-1], groups).transpose(3, 2, 1, 0, 4).reshape(groups, 1, -1, below.shape[2])
    strips = np.matmul(matrix, below).reshape(groups, size[0], channels, w.shape[1], width, m)
    y = images(m, size[0], padded, groups * channels, dtype)
    y.fill(0)
    into = y.transpose(1, 3, 2, 0).reshape(size[0], groups, channels, padded, m).swapaxes(0, 1)
    for j in range(w.shape[1]):
        start = j * dilation
        into[:, :, :, start : start + stride * width : stride] += strips[:, :, :, j]
    return y[:, :, pad[0] : pad[0] + size[1]].copy(order="K") if any(pad) else y


@whole
def _conv2d_filter(
    x: Array, g: Array, *, f: Shape, stride: int = 1, pad: Pad = (0, 0), dilation: int = 1, groups: int = 1
) -> Array:
    """Row by row of g: all rows at once would need a matrix for each."""
    patches, upstream = _patches(x, f, stride, pad, dilation, groups), _grouped(g, groups)
    pairs = zip(upstream.swapaxes(0, 1), patches.swapaxes(0, 1), strict=True)
    matrix = sum((np.matmul(below, above.swapaxes(1, 2)) for below, above in pairs), np.zeros((), g.dtype))
    split = matrix.reshape(groups, -1, f[0], x.shape[3] // groups, f[1])
    return split.transpose(2, 4, 3, 0, 1).reshape(*f, x.shape[3] // groups, g.shape[3])


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
