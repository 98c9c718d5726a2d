"""What the nets share: losses with their gradient, activations, updates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ....ops.op import Array
from ...workload import BETA, BETA2, EPSILON, Workload

# ---- losses of the last Z: the cost, and dZ with the 1/m in it ------------------------------------------


def binary_cross_entropy(Z: Array, Y: Array) -> tuple[Any, Array]:
    """With a sigmoid: dZ = (A − Y) / m."""
    m = Y.shape[1]
    A = 1 / (1 + np.exp(-Z))
    return -np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A)) / m, (A - Y) / m


def cross_entropy(Z: Array, Y: Array) -> tuple[Any, Array]:
    """With a softmax: dZ = (A − Y) / m."""
    m = Y.shape[1]
    E = np.exp(Z - np.max(Z, axis=0, keepdims=True))
    A = E / np.sum(E, axis=0, keepdims=True)
    return -np.sum(Y * np.log(A)) / m, (A - Y) / m


def mean_squared_error(Z: Array, Y: Array) -> tuple[Any, Array]:
    """Without activation: dZ = 2 (Z − Y) / m, there being one output."""
    m = Y.shape[1]
    return np.sum((Z - Y) ** 2) / m, 2 * (Z - Y) / m


LOSSES: dict[str, Callable[[Array, Array], tuple[Any, Array]]] = {
    "bce": binary_cross_entropy,
    "ce": cross_entropy,
    "mse": mean_squared_error,
}

# ---- activations: A = g(Z), and g′(Z) from A ------------------------------------------------------------

ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "tanh": (np.tanh, lambda A: 1 - A**2),
    "relu": (lambda Z: np.maximum(0, Z), lambda A: A > 0),
}

# ---- updates of a parameter p with gradient g in step t, where `memory` is what the last step left ------


def sgd(p: Array, g: Array, memory: list[Any], lr: float, t: int) -> None:
    """W ← W − α dW."""
    p -= lr * g


def momentum(p: Array, g: Array, memory: list[Any], lr: float, t: int) -> None:
    """V ← β V + dW, W ← W − α V."""
    memory[0] = BETA * memory[0] + g
    p -= lr * memory[0]


def adam(p: Array, g: Array, memory: list[Any], lr: float, t: int) -> None:
    """D. Kingma and J. Ba, "Adam", algorithm 1, as the notes have it."""
    memory[0] = BETA * memory[0] + (1 - BETA) * g
    memory[1] = BETA2 * memory[1] + (1 - BETA2) * g**2
    V, S = memory[0] / (1 - BETA**t), memory[1] / (1 - BETA2**t)
    p -= lr * V / (np.sqrt(S) + EPSILON)


UPDATES: dict[str, Callable[..., None]] = {"sgd": sgd, "momentum": momentum, "adam": adam}


class Updates:
    """Changes parameters in place, step after step.

    Examples
    --------
    >>> from ...workload import WORKLOADS
    >>> params = {"w": np.array([1.0])}
    >>> Updates(WORKLOADS["W2"], params)({"w": np.array([2.0])})
    >>> params["w"]
    array([0.985])
    """

    def __init__(self, w: Workload, params: Mapping[str, Array]) -> None:
        self.params, self.lr, self.update = params, w.lr, UPDATES[w.optimizer]
        self.memory: dict[str, list[Any]] = {name: [0.0, 0.0] for name in params}
        self.t = 0

    def __call__(self, grads: Mapping[str, Array]) -> None:
        """One step down the gradients, which have the names of their parameters."""
        self.t += 1
        for name, p in self.params.items():
            self.update(p, grads[name], self.memory[name], self.lr, self.t)
