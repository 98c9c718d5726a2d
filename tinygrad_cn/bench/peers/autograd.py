"""HIPS autograd: `value_and_grad` of the cost in its NumPy, updates in place.

Its convolution is `autograd.scipy.signal.convolve`, as in its own example of a convolutional net.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import value_and_grad
from autograd.scipy.signal import convolve
from autograd.scipy.special import logsumexp

from ..problem import Problem
from ..workload import SCALE, SHIFT
from .hand.parts import Updates
from .layouts import rows
from .numpylike import Dialect, cost, plain_loop


def build(problem: Problem) -> Callable[[], float]:
    """A training step."""
    if problem.workload.kind == "chain":
        return _chain(problem)
    data = rows(problem)
    params = data.arrays()
    both = value_and_grad(cost(problem, data, DIALECT))
    update = Updates(problem.workload, {str(i): p for i, p in enumerate(params)})

    def step() -> float:
        J, grads = both(params, data.X, data.Y)
        update({str(i): g for i, g in enumerate(grads)})
        return float(J)

    return step


def _cross_entropy(Z: Any, Y: Any) -> Any:
    return anp.mean(logsumexp(Z, axis=1) - anp.sum(Z * Y, axis=1))


def _convolve(X: Any, W: Any) -> Any:
    """A convolution turns its filters over; ours, like everybody's, does not. The channels come out second."""
    Z = convolve(X, W[::-1, ::-1], axes=([1, 2], [0, 1]), dot_axes=([3], [2]), mode="valid")
    return anp.transpose(Z, (0, 2, 3, 1))


def _pool(X: Any) -> Any:
    m, n_H, n_W, n_C = X.shape
    return anp.max(anp.max(X.reshape((m, n_H // 2, 2, n_W // 2, 2, n_C)), axis=2), axis=3)


DIALECT = Dialect(anp, _cross_entropy, _convolve, _pool, plain_loop)


def _chain(problem: Problem) -> Callable[[], float]:
    def total(x: Any) -> Any:
        for _ in range(problem.workload.steps // 2):
            x = x * SCALE
            x = x + SHIFT
        return anp.sum(x)

    both = value_and_grad(total)

    def step() -> float:
        J, gradient = both(problem.X)
        return float(J + np.sum(gradient))

    return step
