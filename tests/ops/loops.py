"""Convolution and pooling as the notes' exercises write them: one output entry at a time, in plain loops."""

from typing import Any

import numpy as np


def places(n: int, f: int, stride: int, pad: tuple[int, int], dilation: int = 1) -> range:
    """Where a window starts along a padded axis."""
    return range(0, n + sum(pad) - dilation * (f - 1), stride)


def padded(x: Any, pad: tuple[int, int], fill: float = 0.0) -> Any:
    m, height, width, channels = x.shape
    y = np.full((m, height + sum(pad), width + sum(pad), channels), fill)
    y[:, pad[0] : pad[0] + height, pad[0] : pad[0] + width] = x
    return y


def convolution(
    x: Any, w: Any, b: Any, stride: int = 1, pad: tuple[int, int] = (0, 0), dilation: int = 1, groups: int = 1
) -> Any:
    (m, height, width, _), (f, g, channels, filters) = x.shape, w.shape
    rows, columns = places(height, f, stride, pad, dilation), places(width, g, stride, pad, dilation)
    x, z = padded(x, pad), np.empty((m, len(rows), len(columns), filters))
    for i, h, v, c in np.ndindex(z.shape):
        first = c // (filters // groups) * channels
        total = b[0, 0, 0, c]
        for j, k, d in np.ndindex(f, g, channels):
            total += w[j, k, d, c] * x[i, rows[h] + j * dilation, columns[v] + k * dilation, first + d]
        z[i, h, v, c] = total
    return z


def pooling(x: Any, f: int, stride: int, pad: tuple[int, int], mode: str) -> Any:
    m, height, width, channels = x.shape
    rows, columns = places(height, f, stride, pad), places(width, f, stride, pad)
    x, y = padded(x, pad, -np.inf if mode == "max" else 0.0), np.empty((m, len(rows), len(columns), channels))
    for i, h, v, c in np.ndindex(y.shape):
        window = x[i, rows[h] : rows[h] + f, columns[v] : columns[v] + f, c]
        y[i, h, v, c] = window.max() if mode == "max" else window.sum() / f**2
    return y
