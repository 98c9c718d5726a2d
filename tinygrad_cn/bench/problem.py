"""Data and start values of a workload, the same for every peer, in the notes' layout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..ops.op import Array
from .workload import CLASSES, Workload

IMAGE = (28, 28, 1)
FILTERS = ((5, 5, 1, 6), (5, 5, 6, 16))  # of LeNet's two convolutions: (f, f, n_C_prev, n_C)
GATES = "fico"  # of the LSTM, each with a W (n_a, n_a + n_x) and a b (n_a, 1)


@dataclass(frozen=True)
class Problem:
    """What a step computes on. Peers copy the parameters and may arrange everything in a layout of their own.

    Attributes
    ----------
    workload : Workload
    X : ndarray
        Samples in columns (n[0], m); images (m, 28, 28, 1); sequences (n_x, m, T); the vector of the chain.
    Y : ndarray
        (n[L], m), one-hot for cross-entropy.
    params : dict of ndarray
        W1, b1, … with W[l] (n[l], n[l-1]) and b[l] (n[l], 1); filters (f, f, n_C_prev, n_C) with b (1, 1, 1, n_C);
        Wf, bf, … of the LSTM and Wy, by of the layer behind it.
    """

    workload: Workload
    X: Array
    Y: Array
    params: dict[str, Array]


def problem(w: Workload) -> Problem:
    """Draw data and start values; the same numbers each time.

    Examples
    --------
    >>> from .workload import WORKLOADS
    >>> p = problem(WORKLOADS["W1"])
    >>> p.X.shape, p.Y.shape, {name: value.shape for name, value in p.params.items()}
    ((2, 400), (1, 400), {'W1': (4, 2), 'b1': (4, 1), 'W2': (1, 4), 'b2': (1, 1)})
    """
    rng = np.random.default_rng(0)
    X = _inputs(w, rng)
    params = {name: value.astype(w.dtype) for name, value in START[w.kind](w, rng).items()}
    return Problem(w, X.astype(w.dtype), _targets(w, rng).astype(w.dtype), params)


def _inputs(w: Workload, rng: np.random.Generator) -> Array:
    if w.kind == "lenet":
        return rng.standard_normal((w.m, *IMAGE))
    if w.kind == "lstm":
        return rng.standard_normal((w.dims[0], w.m, w.steps))
    if w.kind == "chain":
        return rng.random(w.dims)
    pixels = w.dims[0] > 10_000  # a photograph: many inputs, none negative
    return rng.random((w.dims[0], w.m)) if pixels else rng.standard_normal((w.dims[0], w.m))


def _targets(w: Workload, rng: np.random.Generator) -> Array:
    if w.loss == "bce":
        return rng.random((w.dims[-1], w.m)) < 0.5
    if w.loss == "mse":
        return rng.standard_normal((w.dims[-1], w.m))
    return np.eye(CLASSES)[:, rng.integers(0, CLASSES, w.m)]


# ---- start values -----------------------------------------------------------------------------------


def _dense(dims: tuple[int, ...], rng: np.random.Generator, first: int = 1) -> dict[str, Array]:
    """W[l] and b[l], numbered from `first`."""
    params = {}
    for l, (n_in, n_out) in enumerate(pairwise(dims), first):
        params[f"W{l}"] = rng.standard_normal((n_out, n_in)) / np.sqrt(n_in)
        params[f"b{l}"] = rng.standard_normal((n_out, 1)) * 0.01
    return params


def _lenet(w: Workload, rng: np.random.Generator) -> dict[str, Array]:
    params = {}
    for l, shape in enumerate(FILTERS, 1):
        params[f"W{l}"] = rng.standard_normal(shape) / np.sqrt(np.prod(shape[:3]))
        params[f"b{l}"] = rng.standard_normal((1, 1, 1, shape[3])) * 0.01
    return params | _dense(w.dims, rng, first=len(FILTERS) + 1)


def _lstm(w: Workload, rng: np.random.Generator) -> dict[str, Array]:
    n_x, n_a, classes = w.dims
    params = {}
    for gate in GATES:
        params[f"W{gate}"] = rng.standard_normal((n_a, n_a + n_x)) / np.sqrt(n_a + n_x)
        params[f"b{gate}"] = rng.standard_normal((n_a, 1)) * 0.01
    params["Wy"] = rng.standard_normal((classes, n_a)) / np.sqrt(n_a)
    params["by"] = np.zeros((classes, 1))
    return params


START: dict[str, Callable[[Workload, np.random.Generator], dict[str, Array]]] = {
    "dense": lambda w, rng: _dense(w.dims, rng),
    "lenet": _lenet,
    "lstm": _lstm,
    "chain": lambda w, rng: {},
}
