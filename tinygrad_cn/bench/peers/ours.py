"""tinygrad_cn: the step run plainly, recorded and replayed, and replayed with the extras `fast` and `mkl`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import tinygrad_cn as tg
from tinygrad_cn import nn, optim

from ...ops.op import Array
from ..problem import GATES, Problem
from ..workload import BETA, SCALE, SHIFT, Workload

Step = Callable[[], float]


def eager(problem: Problem) -> Step:
    """Run plainly."""
    if problem.workload.kind == "chain":
        return _chain(problem)
    step = training_step(problem)
    return lambda: float(step(problem.X, problem.Y))


def compiled(problem: Problem) -> Step:
    """Recorded once and replayed as NumPy calls."""
    step = tg.compile(training_step(problem), fast=False, mkl=False)
    return lambda: float(step(problem.X, problem.Y))


def fast(problem: Problem) -> Step:
    """Replayed with the extra `fast`: runs of arithmetic as loops compiled by Numba."""
    step = tg.compile(training_step(problem), fast=True, mkl=False)
    return lambda: float(step(problem.X, problem.Y))


def mkl(problem: Problem) -> Step:
    """Replayed with both extras: large products by MKL, too."""
    step = tg.compile(training_step(problem), fast=True, mkl=True)
    return lambda: float(step(problem.X, problem.Y))


def training_step(problem: Problem) -> Callable[[Array, Array], Any]:
    """The step one would write with this package."""
    w = problem.workload
    net = NETS[w.kind](w)
    net.load_state_dict(_renamed(problem.params) if w.kind == "lstm" else problem.params)
    optimizer, loss = OPTIMIZERS[w.optimizer](net.parameters(), lr=w.lr), LOSSES[w.loss]

    def step(X: Array, Y: Array) -> Any:
        J = loss(net(X), Y)
        optimizer.zero_grad()
        J.backward(keep="leaves")
        optimizer.step()
        return J.item()

    return step


def _lenet(w: Workload) -> nn.Module:
    return nn.Sequential(
        nn.Conv2D(1, 6, 5, activation=w.hidden, dtype=w.dtype),
        nn.MaxPool2D(2),
        nn.Conv2D(6, 16, 5, activation=w.hidden, dtype=w.dtype),
        nn.MaxPool2D(2),
        nn.Flatten(),
        *nn.DNN(list(w.dims), hidden=w.hidden, output="linear", dtype=w.dtype),
    )


def _lstm(w: Workload) -> nn.Module:
    n_x, n_a, classes = w.dims
    return nn.Sequential(nn.LSTM(n_x, n_a, output="last", dtype=w.dtype), nn.Dense(n_a, classes, dtype=w.dtype))


NETS: dict[str, Callable[[Workload], nn.Module]] = {
    "dense": lambda w: nn.DNN(list(w.dims), hidden=w.hidden, output="linear", dtype=w.dtype),
    "lenet": _lenet,
    "lstm": _lstm,
}
LOSSES: dict[str, Callable[[Any, Array], Any]] = {
    "bce": nn.binary_cross_entropy_with_logits,
    "ce": nn.cross_entropy,
    "mse": nn.mse,
}
OPTIMIZERS: dict[str, Callable[..., optim.Optimizer]] = {
    "sgd": optim.SGD,
    "momentum": lambda params, lr: optim.Momentum(params, lr, BETA, form="torch"),
    "adam": optim.Adam,
}


def _renamed(params: Mapping[str, Array]) -> dict[str, Array]:
    """Names within a Sequential: those of the LSTM have its place in front, the dense layer is the second."""
    of_cell = {f"1.{kind}{gate}": params[f"{kind}{gate}"] for gate in GATES for kind in "Wb"}
    return {**of_cell, "W2": params["Wy"], "b2": params["by"]}


def _chain(problem: Problem) -> Step:
    def step() -> float:
        x: Any = tg.tensor(problem.X, requires_grad=True)
        y = x
        for _ in range(problem.workload.steps // 2):
            y = y * SCALE
            y = y + SHIFT
        J = y.sum()
        J.backward(keep="leaves")
        return float(J.item() + np.sum(x.grad))

    return step
