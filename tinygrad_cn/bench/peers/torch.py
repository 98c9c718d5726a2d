"""PyTorch, op by op and with `torch.compile` for the cost and for the update."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from ...ops.op import Array
from ..problem import Problem
from ..workload import BETA, EPSILON, SCALE, SHIFT, Workload
from .layouts import Rows, channels_first, rows

Step = Callable[[], float]
Net = tuple[Callable[[Any], Any], list[Any]]  # X → the last Z, and what is trained


def eager(problem: Problem) -> Step:
    """Op by op."""
    if problem.workload.kind == "chain":
        return _chain(problem)
    return _step(*_parts(problem))


def compiled(problem: Problem) -> Step:
    """Cost with its backward pass, and update, each through `torch.compile`."""
    J_of, optimizer = _parts(problem)
    return _step(torch.compile(J_of), optimizer, torch.compile(optimizer.step))


def _step(J_of: Callable[[], Any], optimizer: Any, update: Callable[[], Any] | None = None) -> Step:
    update = update or optimizer.step

    def step() -> float:
        J = J_of()
        optimizer.zero_grad()
        J.backward()
        update()
        return float(J.item())

    return step


def _parts(problem: Problem) -> tuple[Callable[[], Any], Any]:
    """The cost as a function, and the optimiser."""
    w, data = problem.workload, rows(problem)
    if w.kind == "lenet":
        data = channels_first(data)
    net, params = NETS[w.kind](w, data)
    X = torch.from_numpy(data.X)
    Y = torch.from_numpy(data.labels if w.loss == "ce" else data.Y)
    loss = LOSSES[w.loss]
    optimizer = OPTIMIZERS[w.optimizer](params, w.lr)
    return lambda: loss(net(X), Y), optimizer


LOSSES: dict[str, Callable[..., Any]] = {
    "bce": functional.binary_cross_entropy_with_logits,
    "ce": functional.cross_entropy,
    "mse": functional.mse_loss,
}
OPTIMIZERS: dict[str, Callable[..., Any]] = {
    "sgd": torch.optim.SGD,
    "momentum": lambda params, lr: torch.optim.SGD(params, lr, momentum=BETA),
    "adam": lambda params, lr: torch.optim.Adam(params, lr, (BETA, 0.999), EPSILON),
}

# ---- nets -------------------------------------------------------------------------------------------


def _dtype(w: Workload) -> Any:
    return getattr(torch, w.dtype)


def _filled(module: Any, **values: Array) -> Any:
    """A module with these parameters."""
    with torch.no_grad():
        for name, value in values.items():
            getattr(module, name).copy_(torch.from_numpy(value))
    return module


def _layers(w: Workload, data: Rows) -> list[Any]:
    """Dense layers with activations between them."""
    layers: list[Any] = []
    for W, b in data.dense:
        linear = nn.Linear(*W.shape, dtype=_dtype(w))
        layers += [_filled(linear, weight=W.T.copy(), bias=b), nn.Tanh() if w.hidden == "tanh" else nn.ReLU()]
    return layers[:-1]


def _dense(w: Workload, data: Rows) -> Net:
    net = nn.Sequential(*_layers(w, data))
    return net, list(net.parameters())


def _lenet(w: Workload, data: Rows) -> Net:
    layers: list[Any] = []
    for W, b in data.filters:
        conv = nn.Conv2d(W.shape[1], W.shape[0], W.shape[2], dtype=_dtype(w))
        layers += [_filled(conv, weight=W, bias=b), nn.ReLU(), nn.MaxPool2d(2)]
    net = nn.Sequential(*layers, nn.Flatten(), *_layers(w, data))
    return net, list(net.parameters())


def _lstm(w: Workload, data: Rows) -> Net:
    """The last state of an LSTM, classified. torch's has two biases where one will do: the second stays at 0."""
    assert data.cell is not None
    n_x, n_a, _ = w.dims
    W, b = data.cell
    lstm = nn.LSTM(n_x, n_a, dtype=_dtype(w))
    _filled(lstm, weight_hh_l0=W[:n_a].T.copy(), weight_ih_l0=W[n_a:].T.copy(), bias_ih_l0=b, bias_hh_l0=0 * b)
    output, params = _dense(w, data)

    def net(X: Any) -> Any:
        _, (a, _) = lstm(X)
        return output(a[0])

    return net, [p for p in lstm.parameters() if p is not lstm.bias_hh_l0] + params


NETS: dict[str, Callable[[Workload, Rows], Net]] = {"dense": _dense, "lenet": _lenet, "lstm": _lstm}


def _chain(problem: Problem) -> Step:
    def step() -> float:
        x = torch.from_numpy(problem.X).requires_grad_()
        x.grad = None
        y = x
        for _ in range(problem.workload.steps // 2):
            y = y * SCALE
            y = y + SHIFT
        J = y.sum()
        J.backward()
        return float(J.item() + x.grad.sum().item())

    return step
