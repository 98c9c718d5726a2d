"""Deep dense nets: Z = W A + b, A = g(Z), and dA → dZ → dW, db → dA of the layer before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ....ops.op import Array
from ...problem import Problem
from .parts import ACTIVATIONS, LOSSES, Updates


def dense(problem: Problem) -> Callable[[], float]:
    """A training step of the notes' L-layer net. dA0 is computed too, as there, though nobody needs it."""
    w, X, Y = problem.workload, problem.X, problem.Y
    params = {name: value.copy() for name, value in problem.params.items()}
    layers = range(1, len(w.dims))
    update = Updates(w, params)

    def step() -> float:
        Z, cache = forward(X, params, layers, w.hidden)
        cost, dZ = LOSSES[w.loss](Z, Y)
        grads, _ = backward(dZ, cache, params, layers, w.hidden)
        update(grads)
        return float(cost)

    return step


def forward(X: Array, params: Mapping[str, Array], layers: Sequence[int], hidden: str) -> tuple[Array, list[Array]]:
    """Z of the last layer, and what went into each layer."""
    g, _ = ACTIVATIONS[hidden]
    A, cache = X, []
    for l in layers:
        cache.append(A)
        Z = np.dot(params[f"W{l}"], A) + params[f"b{l}"]
        A = g(Z)
    return Z, cache


def backward(
    dZ: Array, cache: Sequence[Array], params: Mapping[str, Array], layers: Sequence[int], hidden: str
) -> tuple[dict[str, Array], Array]:
    """dW and db of every layer, and dA of what went into the first."""
    _, slope = ACTIVATIONS[hidden]
    grads = {}
    for l, A_prev in reversed(list(zip(layers, cache, strict=True))):
        grads[f"W{l}"] = np.dot(dZ, A_prev.T)
        grads[f"b{l}"] = np.sum(dZ, axis=1, keepdims=True)
        dA = np.dot(params[f"W{l}"].T, dZ)
        if l != layers[0]:
            dZ = dA * slope(A_prev)
    return grads, dA
