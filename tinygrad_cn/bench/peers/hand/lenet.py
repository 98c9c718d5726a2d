"""LeNet by im2col: every window of the images is a row of one matrix, and a convolution one product.

im2col and col2im go through the f · f places of a filter, as in K. Saito, "Deep Learning from Scratch", chapter 7,
here on images (m, n_H, n_W, n_C).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ....ops.op import Array
from ...problem import FILTERS, Problem
from .dense import backward, forward
from .parts import LOSSES, Updates

POOL = 2


def lenet(problem: Problem) -> Callable[[], float]:
    """A training step: convolution, ReLU, max pooling, twice; then dense layers."""
    w, X, Y = problem.workload, problem.X, problem.Y
    params = {name: value.copy() for name, value in problem.params.items()}
    convolutions = range(1, len(FILTERS) + 1)
    layers = range(len(FILTERS) + 1, len(FILTERS) + len(w.dims))
    update = Updates(w, params)

    def step() -> float:
        P, caches = X, []
        for l in convolutions:
            Z, conv_cache = conv_forward(P, params[f"W{l}"], params[f"b{l}"])
            A = np.maximum(0, Z)
            P, pool_cache = pool_forward(A)
            caches.append((conv_cache, A, pool_cache))
        Z, dense_cache = forward(P.reshape(w.m, -1).T, params, layers, w.hidden)
        cost, dZ = LOSSES[w.loss](Z, Y)
        grads, dF = backward(dZ, dense_cache, params, layers, w.hidden)
        dP = dF.T.reshape(P.shape)
        for l in reversed(convolutions):
            conv_cache, A, pool_cache = caches[l - 1]
            dZ = pool_backward(dP, pool_cache) * (A > 0)
            dP, grads[f"W{l}"], grads[f"b{l}"] = conv_backward(dZ, params[f"W{l}"], conv_cache)
        update(grads)
        return float(cost)

    return step


def im2col(X: Array, f: int) -> Array:
    """Windows (f, f) of images (m, n_H, n_W, n_C), stride 1, as (m · n_H′ · n_W′, f · f · n_C)."""
    m, n_H, n_W, n_C = X.shape
    H, W = n_H - f + 1, n_W - f + 1
    col = np.zeros((m, H, W, f, f, n_C), X.dtype)
    for i in range(f):
        for j in range(f):
            col[:, :, :, i, j, :] = X[:, i : i + H, j : j + W, :]
    return col.reshape(m * H * W, -1)


def col2im(col: Array, shape: tuple[int, ...], f: int) -> Array:
    """Add windows up to the images of `shape` they come from."""
    m, n_H, n_W, n_C = shape
    H, W = n_H - f + 1, n_W - f + 1
    windows = col.reshape(m, H, W, f, f, n_C)
    X = np.zeros(shape, col.dtype)
    for i in range(f):
        for j in range(f):
            X[:, i : i + H, j : j + W, :] += windows[:, :, :, i, j, :]
    return X


def conv_forward(X: Array, W: Array, b: Array) -> tuple[Array, tuple[Array, tuple[int, ...]]]:
    """Z = W * X + b."""
    f, n_C = W.shape[0], W.shape[3]
    m, n_H, n_W, _ = X.shape
    col = im2col(X, f)
    Z = np.dot(col, W.reshape(-1, n_C)).reshape(m, n_H - f + 1, n_W - f + 1, n_C) + b
    return Z, (col, X.shape)


def conv_backward(dZ: Array, W: Array, cache: tuple[Array, tuple[int, ...]]) -> tuple[Array, Array, Array]:
    """dX, dW and db."""
    col, shape = cache
    f, n_C = W.shape[0], W.shape[3]
    rows = dZ.reshape(-1, n_C)
    dW = np.dot(col.T, rows).reshape(W.shape)
    db = np.sum(dZ, axis=(0, 1, 2), keepdims=True)
    dX = col2im(np.dot(rows, W.reshape(-1, n_C).T), shape, f)
    return dX, dW, db


def pool_forward(A: Array) -> tuple[Array, tuple[Array, Array]]:
    """The largest of each window of 2 by 2."""
    m, n_H, n_W, n_C = A.shape
    windows = A.reshape(m, n_H // POOL, POOL, n_W // POOL, POOL, n_C)
    P = np.max(windows, axis=(2, 4))
    return P, (windows, P)


def pool_backward(dP: Array, cache: tuple[Array, Array]) -> Array:
    """The gradient goes where the largest was: a mask, as in the notes. Ties are zeros, which ReLU blocks anyway."""
    windows, P = cache
    mask = windows == P[:, :, None, :, None, :]
    m, n_H, _, n_W, _, n_C = windows.shape
    dA: Array = mask * dP[:, :, None, :, None, :]
    return dA.reshape(m, n_H * POOL, n_W * POOL, n_C)
