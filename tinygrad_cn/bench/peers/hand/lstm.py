"""An LSTM whose last state is classified, gate by gate and step by step, with the notes' names.

A. Ng, "Sequence models", week 1: `lstm_cell_forward`, `lstm_cell_backward` and the loops around them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from ....ops.op import Array
from ...problem import GATES, Problem
from .parts import LOSSES, Updates


class Cache(NamedTuple):
    """What one step leaves for its backward pass; `ft` … `ot` are the gates, `cct` is c̃."""

    concat: Array
    c_prev: Array
    c_next: Array
    ft: Array
    it: Array
    cct: Array
    ot: Array


def lstm(problem: Problem) -> Callable[[], float]:
    """A training step over whole sequences."""
    w, X, Y = problem.workload, problem.X, problem.Y
    params = {name: value.copy() for name, value in problem.params.items()}
    update = Updates(w, params)

    def step() -> float:
        a, caches = forward(X, params)
        Z = np.dot(params["Wy"], a) + params["by"]
        cost, dZ = LOSSES[w.loss](Z, Y)
        grads = backward(np.dot(params["Wy"].T, dZ), caches, params)
        grads["Wy"] = np.dot(dZ, a.T)
        grads["by"] = np.sum(dZ, axis=1, keepdims=True)
        update(grads)
        return float(cost)

    return step


def sigmoid(z: Array) -> Array:
    """1 / (1 + e^−z)."""
    return 1 / (1 + np.exp(-z))


def forward(X: Array, params: Mapping[str, Array]) -> tuple[Array, list[Cache]]:
    """a⟨T⟩ and the caches of all steps."""
    n_a, m = params["bf"].shape[0], X.shape[1]
    a = np.zeros((n_a, m), X.dtype)
    c = np.zeros_like(a)
    caches = []
    for t in range(X.shape[2]):
        concat = np.concatenate((a, X[:, :, t]), axis=0)
        ft = sigmoid(np.dot(params["Wf"], concat) + params["bf"])
        it = sigmoid(np.dot(params["Wi"], concat) + params["bi"])
        cct = np.tanh(np.dot(params["Wc"], concat) + params["bc"])
        c_next = ft * c + it * cct
        ot = sigmoid(np.dot(params["Wo"], concat) + params["bo"])
        a = ot * np.tanh(c_next)
        caches.append(Cache(concat, c, c_next, ft, it, cct, ot))
        c = c_next
    return a, caches


def backward(da: Array, caches: list[Cache], params: Mapping[str, Array]) -> dict[str, Array]:
    """Gradients of the cell's parameters from that of a⟨T⟩, back through time."""
    grads = {kind + gate: np.zeros_like(params[kind + gate]) for gate in GATES for kind in "Wb"}
    dc = np.zeros_like(da)
    for cache in reversed(caches):
        da, dc, dZ = cell_backward(da, dc, cache, params)
        for gate in GATES:
            grads[f"W{gate}"] += np.dot(dZ[gate], cache.concat.T)
            grads[f"b{gate}"] += np.sum(dZ[gate], axis=1, keepdims=True)
    return grads


def cell_backward(
    da: Array, dc: Array, cache: Cache, params: Mapping[str, Array]
) -> tuple[Array, Array, dict[str, Array]]:
    """da⟨t−1⟩, dc⟨t−1⟩ and dZ of the four gates."""
    _, c_prev, c_next, ft, it, cct, ot = cache
    dc = dc + da * ot * (1 - np.tanh(c_next) ** 2)
    dZ = {
        "f": dc * c_prev * ft * (1 - ft),
        "i": dc * cct * it * (1 - it),
        "c": dc * it * (1 - cct**2),
        "o": da * np.tanh(c_next) * ot * (1 - ot),
    }
    n_a = len(da)
    da_prev = sum(np.dot(params[f"W{gate}"][:, :n_a].T, dZ[gate]) for gate in GATES)
    return da_prev, dc * ft, dZ
