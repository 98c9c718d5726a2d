"""Chains of many kinds for the tests of the page: recorded, with their gradients unless said otherwise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import tinygrad_cn as tg
from tinygrad_cn import nn
from tinygrad_cn.chain import Chain
from tinygrad_cn.tensor import Tensor


def cost_of(sizes: list[int], m: int = 6, hidden: str = "tanh") -> Tensor:
    rng = np.random.default_rng(0)
    net = nn.DNN(sizes, hidden=hidden, output="sigmoid", init="xavier", seed=1)
    return nn.binary_cross_entropy(net(rng.standard_normal((sizes[0], m))), rng.integers(0, 2, (sizes[-1], m)) * 1.0)


def dense(
    sizes: tuple[int, ...] = (2, 4, 1), lang: str = "en", backward: bool = True, hidden: str = "tanh", m: int = 6
) -> Chain:
    J = cost_of(list(sizes), m, hidden)
    if backward:
        J.backward()
    return J.chain(lang=lang)


def read(J: Tensor) -> Chain:
    J.backward()
    return J.chain(lang="en")


def parameters(*shapes: tuple[int, ...]) -> list[Tensor]:
    rng = np.random.default_rng(0)
    return [tg.tensor(rng.standard_normal(shape), requires_grad=True) for shape in shapes]


def analytic() -> Chain:
    """Every op is analytic, so the complex step can check it."""
    W1, b1 = parameters((3, 2), (3, 1))
    return read(np.mean(np.tanh(W1 @ np.ones((2, 5)) + b1) ** 2))


def softmax() -> Chain:
    W, b = parameters((3, 2), (3, 1))
    X = np.random.default_rng(1).standard_normal((2, 5))
    A = nn.Softmax()(W @ X + b)
    return read(nn.categorical_cross_entropy(A, np.eye(3)[:, [0, 1, 2, 0, 1]]))


def residual() -> Chain:
    """A1 is used twice, and a penalty uses W1 once more."""
    X = np.random.default_rng(1).standard_normal((3, 5))
    W1, W2, gamma = parameters((4, 3), (1, 4), (4, 1))
    A1 = np.tanh(W1 @ X)
    return read(np.mean((W2 @ (A1 * gamma + A1)) ** 2) + 0.1 * np.sum(W1**2))


def neuron() -> Chain:
    w, b = parameters((2, 1), (1, 1))
    A = 1 / (1 + np.exp(-(w.T @ np.ones((2, 4)) + b)))
    return read(nn.binary_cross_entropy(A, np.ones((1, 4))))


def bare_ops() -> Chain:
    a, b = parameters((3,), (3,))
    return read(np.sum(np.exp(a) * np.sin(b) / (2 + np.abs(a))))


def named() -> Chain:
    """Names that would be markup if they were not escaped."""
    w, b = parameters((1, 2), (1, 1))
    w.name, b.name = '<b onclick="x">', "R&D $W$"
    return read(np.mean(np.tanh(w @ np.ones((2, 4)) + b)))


def images() -> Chain:
    net = nn.Sequential(
        nn.Conv2D(1, 3, 3, pad="same", seed=1), nn.BatchNorm2D(3), nn.ReLU(), nn.MaxPool2D(2), nn.Dropout(0.8, seed=1),
        nn.Conv2D(3, 2, 3, stride=2, activation="tanh", seed=2), nn.Flatten(), nn.Dense(2, 3, seed=3),
    )  # fmt: skip
    return read(nn.cross_entropy(net(np.random.default_rng(0).standard_normal((4, 8, 8, 1))), np.arange(4) % 3))


KINDS: dict[str, Callable[[], Chain]] = {
    "dense": dense,
    "deep": lambda: dense((3, *[4] * 12, 1), hidden="relu"),
    "analytic": analytic,
    "softmax": softmax,
    "residual": residual,
    "neuron": neuron,
    "ops": bare_ops,
    "named": named,
    "images": images,
}  # fmt: skip
