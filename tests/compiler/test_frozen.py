"""Compiled steps of nets that are frozen in part: what learns may change between steps."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import data, nn, optim


def trained(compiled: bool) -> list[float]:
    """Costs of a training in which layers are frozen, loaded and unfrozen on the way."""
    X, Y = data.flower()
    net = nn.Sequential(
        nn.Dense(2, 5, "tanh", seed=1),
        nn.BatchNorm(5),
        nn.Dense(5, 3, "relu", seed=2),
        nn.Dense(3, 1, "sigmoid", seed=3),
    )
    net[:2].freeze()
    optimizer = optim.Adam(net.parameters(), lr=0.1)

    def step(X, Y):
        J = nn.binary_cross_entropy(net(X), Y)
        optimizer.zero_grad()
        J.backward(keep="leaves")
        optimizer.step()
        return J.item()

    run = tg.compile(step) if compiled else step
    costs = [run(X, Y) for _ in range(4)]
    for change in (
        lambda: net.load_state_dict({"W1": np.ones((5, 2))}, strict=False),
        lambda: net[:1].unfreeze(),
        lambda: net[1].unfreeze(),
        lambda: net.freeze("W2"),
    ):
        change()
        costs += [run(X, Y) for _ in range(4)]
    return costs


def test_what_is_frozen_may_change_between_steps():
    assert trained(compiled=True) == pytest.approx(trained(compiled=False), rel=1e-12)
