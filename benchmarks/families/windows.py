"""Convolution and pooling backward as the notes write them: loops over places, each window added to what is there.

Source: A. Ng, "Convolutional Neural Networks", week 1, exercise "Convolution model: step by step".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Array = Any


def _windows(dZ: Array, f: int, stride: int) -> Iterator[tuple[Any, Array]]:
    """For each place: the part of the padded images that a window covers there, and what comes back at it."""
    for h in range(dZ.shape[1]):
        for w in range(dZ.shape[2]):
            part = np.s_[:, h * stride : h * stride + f, w * stride : w * stride + f]
            yield part, dZ[:, h : h + 1, w : w + 1]


def _bordered(A: Array, pad: int) -> Array:
    return np.pad(A, ((0, 0), (pad, pad), (pad, pad), (0, 0)))


def conv_dW(A_prev: Array, dZ: Array, f: int, stride: int, pad: int, add: bool = True) -> Array:
    """Σ of a_slice · dZ over samples and places; without `add`, what the last place leaves."""
    A, dW = _bordered(A_prev, pad), np.zeros((f, f, A_prev.shape[3], dZ.shape[3]), dZ.dtype)
    for part, g in _windows(dZ, f, stride):
        term = np.einsum("mijk,mc->ijkc", A[part], g[:, 0, 0])
        dW = dW + term if add else term
    return dW


def conv_dA(
    dZ: Array, W: Array, stride: int, pad: int, size: tuple[int, int], cut: Any = None, add: bool = True
) -> Array:
    """Σ of W · dZ where the windows lie; the border is cut off from `cut` on, from `pad` if that is not given."""
    n_H, n_W = size
    dA = np.zeros((len(dZ), n_H + 2 * pad, n_W + 2 * pad, W.shape[2]), dZ.dtype)
    for part, g in _windows(dZ, len(W), stride):
        back = np.einsum("ijkc,mc->mijk", W, g[:, 0, 0])
        dA[part] = dA[part] + back if add else back
    start = pad if cut is None else cut
    return dA[:, start : start + n_H, start : start + n_W]


def valid(dZ: Array, W: Array) -> Array:
    """A valid convolution of dZ with the turned filters, where it should be the full one."""
    f = len(W)
    n_H, n_W = (n - f + 1 for n in dZ.shape[1:3])
    K = W[::-1, ::-1]
    return sum(dZ[:, i : i + n_H, j : j + n_W] @ K[i, j].T for i in range(f) for j in range(f))


def pool_dA(A: Array, dP: Array, f: int, stride: int, share: Callable[[Array], Array], add: bool = True) -> Array:
    """What comes back to a window, by the share of each of its entries."""
    dA = np.zeros(A.shape, dP.dtype)
    for part, g in _windows(dP, f, stride):
        back = share(A[part]) * g
        dA[part] = dA[part] + back if add else back
    return dA


def whole(x: Array) -> Array:
    """All of it to each of the largest."""
    return x == x.max(axis=(1, 2), keepdims=True)


def largest(x: Array) -> Array:
    """To the largest, in equal parts where several are."""
    return whole(x) / whole(x).sum(axis=(1, 2), keepdims=True)


def first(x: Array) -> Array:
    """To the first of the largest."""
    flat = x.reshape(len(x), -1, x.shape[3])
    one = np.arange(flat.shape[1])[None, :, None] == flat.argmax(axis=1)[:, None, :]
    return one.reshape(x.shape)


def even(x: Array) -> Array:
    """The same to each."""
    return np.full(x.shape, 1 / max(x.shape[1] * x.shape[2], 1), x.dtype)


def full(x: Array) -> Array:
    """All of it to each."""
    return np.ones_like(x)


STUDENT = {f.__name__: f for f in (conv_dW, conv_dA, valid, pool_dA, whole, largest, first, even, full)}
