"""Images moved and turned: what each pixel of the new image was in the old one."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .dataset import Array


def move(images: Array, down: ArrayLike, right: ArrayLike) -> Array:
    """Images (m, n_H, n_W, n_C) moved by so many pixels, one number for all or one each; what enters is 0.

    Examples
    --------
    >>> import numpy as np
    >>> move(np.arange(1.0, 5.0).reshape(1, 2, 2, 1), down=0, right=1)[0, :, :, 0]
    array([[0., 1.],
           [0., 3.]])
    """
    y, x = np.mgrid[: images.shape[1], : images.shape[2]]
    return _read(images, y - _each(down), x - _each(right))


def rotate(images: Array, degrees: ArrayLike) -> Array:
    """Images (m, n_H, n_W, n_C) turned counter-clockwise about their middle, one angle for all or one each.

    A pixel is read where it was before the turn, between four pixels of the image in proportion to how near they
    are (bilinear interpolation); outside the image all is 0.

    Examples
    --------
    >>> import numpy as np
    >>> rotate(np.arange(4.0).reshape(1, 2, 2, 1), 90)[0, :, :, 0].round(12)
    array([[1., 3.],
           [0., 2.]])
    """
    angle = _each(np.deg2rad(degrees))
    middle_y, middle_x = (n / 2 - 0.5 for n in images.shape[1:3])
    y, x = np.mgrid[: images.shape[1], : images.shape[2]]
    y, x = y - middle_y, x - middle_x
    return _read(images, np.sin(angle) * x + np.cos(angle) * y + middle_y,
                 np.cos(angle) * x - np.sin(angle) * y + middle_x)  # fmt: skip


def _each(numbers: ArrayLike) -> Array:
    """One number for each image, to go with its rows and columns."""
    return np.reshape(numbers, (-1, 1, 1))


def _read(images: Array, y: Array, x: Array) -> Array:
    """The images at places (m, n_H, n_W) between pixels, or (1, n_H, n_W) the same for all."""
    framed = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))  # zeros around; beyond them all is 0 as well
    which = _each(np.arange(len(images)))
    (top, low), (left, side) = (_split(place, n) for place, n in zip((y, x), images.shape[1:3], strict=True))
    low, side = low.astype(images.dtype), side.astype(images.dtype)
    upper = framed[which, top, left] * (1 - side) + framed[which, top, left + 1] * side
    lower = framed[which, top + 1, left] * (1 - side) + framed[which, top + 1, left + 1] * side
    return np.asarray(upper * (1 - low) + lower * low)


def _split(place: Array, n: int) -> tuple[Array, Array]:
    """The pixel before a place, counted in the frame, and how far the place is past it, with an axis for channels."""
    inside = np.clip(place + 1, 0, n + 1)
    before = np.minimum(inside.astype(int), n)
    return before, (inside - before)[..., None]


def columns(images: Array) -> Array:
    """Images (m, n_H, n_W, n_C) laid flat, one a column."""
    return np.ascontiguousarray(images.reshape(len(images), -1).T)
