"""Windows that move over images, one place after the other, as a learner's loops do it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ...ops.conv import Pad
from ...ops.op import Array

Place = tuple[int, int, tuple[slice, ...]]


def places(counts: Sequence[int], f: Sequence[int], stride: int, dilation: int = 1) -> Iterator[Place]:
    """For each place (h, w): the part of the images that the window covers there, as slices.

    Examples
    --------
    >>> [part[1:] for _, _, part in places((2, 1), (3, 3), stride=2)]
    [(slice(0, 3, 1), slice(0, 3, 1)), (slice(2, 5, 1), slice(0, 3, 1))]
    """
    height, width = (dilation * (n - 1) + 1 for n in f)
    for h in range(counts[0]):
        for w in range(counts[1]):
            top, left = h * stride, w * stride
            yield h, w, (slice(None), slice(top, top + height, dilation), slice(left, left + width, dilation))


def padded(x: Array, pad: Pad, value: float = 0.0) -> Array:
    """Images with a border."""
    return np.pad(x, ((0, 0), pad, pad, (0, 0)), constant_values=value)


def cropped(x: Array, pad: Pad, start: int | None = None) -> Array:
    """Images without their border; or as many rows and columns from `start` on."""
    height, width = (n - sum(pad) for n in x.shape[1:3])
    first = pad[0] if start is None else start
    return x[:, first : first + height, first : first + width]
