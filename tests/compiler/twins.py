"""The same training step twice, from the same start: one run plainly, one compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import tinygrad_cn as tg
from tinygrad_cn import nn, optim

RNG = np.random.default_rng(0)
X = RNG.standard_normal((3, 11))
BINARY = (X[:1] > 0) * 1.0
LABELS = RNG.integers(0, 4, 11)


@dataclass
class Side:
    """A net, its optimiser and a step."""

    net: nn.Module
    optimizer: optim.Optimizer
    step: Callable[..., Any]


def side(net: nn.Module, loss: Callable[..., Any], optimizer: optim.Optimizer) -> Side:
    def step(X: Any, Y: Any) -> float:
        J = loss(net(X), Y)
        optimizer.zero_grad()
        J.backward(keep="leaves")
        optimizer.step()
        return J.item()

    return Side(net, optimizer, step)


def small(optimizer: Callable[..., optim.Optimizer] = optim.SGD, **options: Any) -> Side:
    """3-5-1, tanh and sigmoid."""
    net = nn.DNN([3, 5, 1], hidden="tanh", seed=0)
    return side(net, nn.binary_cross_entropy, optimizer(net.parameters(), **{"lr": 0.1, **options}))


def twins(make: Callable[[], Side], fast: bool = False) -> tuple[Side, Side]:
    plain, compiled = make(), make()
    compiled.step = tg.compile(compiled.step, fast=fast)
    return plain, compiled


def assert_same_numbers(plain: Side, compiled: Side, X: Any, Y: Any, steps: int = 6, rtol: float = 1e-9) -> None:
    """Costs, parameters and gradients agree step by step; the last steps were replayed."""
    for _ in range(steps):
        np.testing.assert_allclose(compiled.step(X, Y), plain.step(X, Y), rtol=rtol)
    for p, q in zip(plain.net.parameters(), compiled.net.parameters(), strict=True):
        np.testing.assert_allclose(q.numpy(), p.numpy(), rtol=rtol, atol=1e3 * rtol * 1e-6, err_msg=p.name)
        np.testing.assert_allclose(q.grad, p.grad, rtol=rtol, atol=1e3 * rtol * 1e-6, err_msg=p.name)
    assert "def replay(" in compiled.step.source
