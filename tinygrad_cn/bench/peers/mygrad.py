"""MyGrad, with its memory guard off, as its documentation advises where speed matters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mygrad as mg
import numpy as np
from mygrad.nnet.layers import conv_nd, max_pool
from mygrad.nnet.losses import softmax_crossentropy

from ..problem import Problem
from ..workload import SCALE, SHIFT
from .hand.parts import Updates
from .layouts import rows
from .numpylike import Dialect, cost, plain_loop


def build(problem: Problem) -> Callable[[], float]:
    """A training step."""
    mg.turn_memory_guarding_off()
    if problem.workload.kind == "chain":
        return _chain(problem)
    data = rows(problem)
    params = [mg.tensor(p) for p in data.arrays()]
    J_of = cost(problem, data, DIALECT)
    Y = data.labels if problem.workload.loss == "ce" else data.Y
    update = Updates(problem.workload, {str(i): p.data for i, p in enumerate(params)})

    def step() -> float:
        J = J_of(params, data.X, Y)
        J.backward()
        update({str(i): p.grad for i, p in enumerate(params)})
        return float(J.item())

    return step


def _cross_entropy(Z: Any, Y: Any) -> Any:
    return softmax_crossentropy(Z, Y)


def _convolve(X: Any, W: Any) -> Any:
    """MyGrad's convolution takes channels first."""
    Z = conv_nd(mg.transpose(X, (0, 3, 1, 2)), mg.transpose(W, (3, 2, 0, 1)), stride=1)
    return mg.transpose(Z, (0, 2, 3, 1))


def _pool(X: Any) -> Any:
    P = max_pool(mg.transpose(X, (0, 3, 1, 2)), (2, 2), 2)
    return mg.transpose(P, (0, 2, 3, 1))


DIALECT = Dialect(mg, _cross_entropy, _convolve, _pool, plain_loop)


def _chain(problem: Problem) -> Callable[[], float]:
    def step() -> float:
        x = y = mg.tensor(problem.X)
        for _ in range(problem.workload.steps // 2):
            y = y * SCALE
            y = y + SHIFT
        J = y.sum()
        J.backward()
        return float(J.item() + np.sum(x.grad))

    return step
