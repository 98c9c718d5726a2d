"""Backward pass of a ReLU/softmax net, derived by hand, in NumPy alone.

With A[0] = X, layer l computes Z[l] = W[l] A[l-1] + b[l] and A[l] = g(Z[l]); g is ReLU, in the last
layer softmax; the cost is J = −(1/m) Σ Y log A[L]. Then, from the last layer back:

    dZ[L]   = A[L] − Y
    dW[l]   = (1/m) dZ[l] A[l-1]ᵀ
    db[l]   = (1/m) Σ dZ[l]                 over the samples
    dA[l-1] = W[l]ᵀ dZ[l]
    dZ[l-1] = dA[l-1] ⊙ 1{Z[l-1] > 0}
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Named = dict[str, Array]


def forward(X: Array, parameters: Named) -> Named:
    """Z and A of every layer."""
    L = len(parameters) // 2
    cache = {"A0": X}
    for l in range(1, L + 1):
        Z = parameters[f"W{l}"] @ cache[f"A{l - 1}"] + parameters[f"b{l}"]
        if l < L:
            A = np.maximum(Z, 0)
        else:
            T = np.exp(Z - Z.max(axis=0))
            A = T / T.sum(axis=0)
        cache[f"Z{l}"], cache[f"A{l}"] = Z, A
    return cache


def relu_slope(l: int, Z: Array) -> Array:
    """1{Z > 0}, for any layer l."""
    return Z > 0


def backward(Y: Array, parameters: Named, cache: Named, slope: Callable[[int, Array], Array] = relu_slope) -> Named:
    """dZ, dW, db of every layer, and dA of the layers before the last."""
    L, m = len(parameters) // 2, Y.shape[1]
    grads: Named = {}
    dZ = cache[f"A{L}"] - Y
    for l in range(L, 0, -1):
        grads[f"dZ{l}"] = dZ
        grads[f"dW{l}"] = dZ @ cache[f"A{l - 1}"].T / m
        grads[f"db{l}"] = np.sum(dZ, axis=1, keepdims=True) / m
        if l > 1:
            grads[f"dA{l - 1}"] = parameters[f"W{l}"].T @ dZ
            dZ = grads[f"dA{l - 1}"] * slope(l - 1, cache[f"Z{l - 1}"])
    return grads
