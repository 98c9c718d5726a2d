"""Costs of real nets for pictures: plain, with a skip and a penalty, with two losses, of bare ops."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import tinygrad_cn as tg
from tinygrad_cn import nn
from tinygrad_cn.tensor import Tensor


def plain(*sizes: int, m: int = 6, hidden: str = "tanh", output: str = "sigmoid") -> Tensor:
    """A stack of layers with cross-entropy, after `backward()`."""
    rng = np.random.default_rng(0)
    net = nn.DNN(list(sizes), hidden=hidden, output=output, seed=1)
    Y = np.eye(sizes[-1])[:, rng.integers(0, sizes[-1], m)] if output == "softmax" else (rng.random((1, m)) > 0.5) * 1.0
    loss = nn.categorical_cross_entropy if output == "softmax" else nn.binary_cross_entropy
    return after_backward(loss(net(rng.standard_normal((sizes[0], m))), Y))


def residual() -> Tensor:
    """A[2] + A[1] goes into layer 3; L2 on all weights."""
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((4, 6)), (rng.random((1, 6)) > 0.5) * 1.0
    W1, W2, W3 = (tg.tensor(rng.standard_normal(s), True) for s in [(4, 4), (4, 4), (1, 4)])
    b1, b2, b3 = (tg.tensor(np.zeros((n, 1)), True) for n in (4, 4, 1))
    A1 = np.tanh(W1 @ X + b1)
    A2 = np.tanh(W2 @ A1 + b2)
    A3 = tg.sigmoid(W3 @ (A2 + A1) + b3)
    penalty = 0.1 / 12 * (np.sum(W1**2) + np.sum(W2**2) + np.sum(W3**2))
    return after_backward(nn.binary_cross_entropy(A3, Y) + penalty)


def two_losses() -> Tensor:
    """Layers 2 and 3 both take A[1], each with a loss of its own."""
    rng = np.random.default_rng(0)
    W1, W2, W3 = (tg.tensor(rng.standard_normal(s), True) for s in [(4, 3), (1, 4), (2, 4)])
    A1 = np.tanh(W1 @ rng.standard_normal((3, 5)))
    J = nn.mse(W2 @ A1, np.ones((1, 5))) + nn.binary_cross_entropy_with_logits(W3 @ A1, np.ones((2, 5)))
    return after_backward(J)


def bare_ops() -> Tensor:
    """No layer at all."""
    w, v = (tg.tensor(np.arange(5.0) + 1, True, name) for name in ("w", "v"))
    return after_backward(np.sum(np.sin(w) * 0.5 + np.exp(-v * w)) + np.max(w))


def chain_of_ops(n: int) -> Tensor:
    """`n` ops; every third takes the value three ops back as well."""
    values = [tg.tensor(np.ones(3), True, "x")] * 3
    for i in range(n - 1):
        values.append(np.sin(values[-1]) if i % 3 else values[-1] - values[-3])
    return after_backward(np.sum(values[-1]))


def recurrence(steps: int) -> Tensor:
    """h = tanh(W h + U x), the same W and U every time: 4 ops a step."""
    W, U = tg.tensor(np.eye(3) / 2, True, "W"), tg.tensor(np.eye(3) / 3, True, "U")
    h: Tensor = np.zeros((3, 2))  # type: ignore[assignment]
    for _ in range(steps):
        h = np.tanh(W @ h + U @ np.ones((3, 2)))
    return after_backward(np.sum(h))


def after_backward(J: Tensor) -> Tensor:
    """The same cost with its gradients computed."""
    J.backward()
    return J


NETS: dict[str, Callable[[], Tensor]] = {
    "2-4-1": lambda: plain(2, 4, 1),
    "softmax": lambda: plain(4, 5, 3, output="softmax"),
    "12288-20-7-5-1": lambda: plain(12288, 20, 7, 5, 1, hidden="relu"),
    "25 layers": lambda: plain(64, *[20] * 24, 1, hidden="relu"),
    "200 layers": lambda: plain(64, *[32] * 199, 1, hidden="relu"),
    "residual": residual,
    "two losses": two_losses,
    "bare ops": bare_ops,
}
