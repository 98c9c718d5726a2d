"""Chains whose derivations are kept as files.

After a wanted change: `python -m tests.chain.derivations`, then read the diff.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

import tinygrad_cn as tg
from tinygrad_cn import nn

FOLDER = Path(__file__).parent / "derivations"
SNAPSHOTS = (
    "two_layers.zh.md",
    "two_layers.en.md",
    "two_layers.zh.tex",
    "two_layers.en.tex",
    "softmax.zh.md",
    "neuron.en.md",
    "deep.zh.md",
    "sum_cost.en.md",
    "penalty.zh.md",
    "skip.en.md",
    "ops.zh.md",
    "images.zh.md",
    "images.en.md",
    "images.en.tex",
    "windows.zh.md",
)


def leaf(*shape, name=None):
    return tg.tensor(np.random.default_rng(sum(shape)).standard_normal(shape), requires_grad=True, name=name)


def inputs(rows, m):
    return np.random.default_rng(rows).standard_normal((rows, m))


def targets(m):
    return (np.arange(m) % 2.0)[None, :]


def two_layers():
    net = nn.Sequential(nn.Dense(2, 4), nn.Tanh(), nn.Dense(4, 1), nn.Sigmoid())
    return nn.binary_cross_entropy(net(inputs(2, 400)), targets(400))


def softmax():
    net = nn.DNN([4, 5, 3], hidden="relu", output="softmax", seed=1)
    return nn.categorical_cross_entropy(net(inputs(4, 10)), np.arange(10) % 3)


def neuron():
    w, b, Y = leaf(3, 1, name="w"), leaf(1, 1, name="b"), targets(7)
    A = (1 / (1 + np.exp(-(w.T @ inputs(3, 7) + b).named("Z")))).named("A")
    return -(Y * np.log(A) + (1 - Y) * np.log(1 - A)).mean()


def deep(layers=24):
    net = nn.DNN([3, *[3] * layers, 1], hidden="tanh", output="sigmoid", seed=1)
    return nn.binary_cross_entropy(net(inputs(3, 9)), targets(9))


def sum_cost():
    A1 = np.tanh(leaf(4, 2) @ inputs(2, 6) + leaf(4, 1))
    return np.sum((leaf(1, 4) @ A1 + leaf(1, 1) - targets(6)) ** 2)


def penalty():
    net = nn.Sequential(nn.Dense(2, 4), nn.ReLU(), nn.Dense(4, 1), nn.Sigmoid())
    J = nn.binary_cross_entropy(net(inputs(2, 6)), targets(6))
    return J + 0.7 / 12 * (np.sum(net.W1**2) + np.sum(net.W2**2))


def skip():
    A1 = np.tanh(leaf(3, 3) @ inputs(3, 6) + leaf(3, 1))
    A2 = np.tanh(leaf(3, 3) @ A1 + leaf(3, 1))
    return nn.mse(leaf(3, 3) @ (A2 + A1) + leaf(3, 1), inputs(3, 6))


def shared():
    W, b = leaf(3, 3), leaf(3, 1)
    return nn.mse(np.tanh(W @ np.tanh(W @ inputs(3, 6) + b) + b), inputs(3, 6))


def ops():
    A = nn.GELU()(leaf(4, 2) @ inputs(2, 6)) * leaf(4, 1, name="scale")
    return np.abs(A[1:3]).reshape(-1).max() + np.sqrt((A**2).mean())


def activations():
    layers = [nn.ELU(), nn.SiLU(), nn.Softplus(), nn.LeakyReLU(0.1), nn.LogSoftmax()]
    net = nn.Sequential(*[part for g in layers for part in (nn.Dense(3, 3), g)])
    return nn.huber(net(inputs(3, 5)), inputs(3, 5))


def half():
    net = nn.Sequential(nn.Dense(2, 1), nn.Sigmoid())
    return 0.5 * nn.binary_cross_entropy(net(inputs(2, 6)), targets(6))


def logits():
    net = nn.DNN([4, 3], output=None, seed=1)
    return nn.cross_entropy(net(inputs(4, 10)), np.arange(10) % 3)


def no_layers():
    return np.sum(np.sin(leaf(3)) * 2)


def pictures(m, size, channels):
    return np.random.default_rng(size).standard_normal((m, size, size, channels))


def images():
    """Convolution, batch norm and pooling as in LeNet, with dropout before the dense layers."""
    net = nn.Sequential(
        nn.Conv2D(1, 4, 3, pad="same", seed=1), nn.BatchNorm2D(4), nn.ReLU(), nn.MaxPool2D(2), nn.Dropout(0.8, seed=1),
        nn.Conv2D(4, 6, 3, activation="tanh", seed=2), nn.AvgPool2D(2, 1), nn.Flatten(), nn.Dense(6, 3, seed=3),
        nn.BatchNorm(3), nn.LayerNorm(3), nn.Softmax(),
    )  # fmt: skip
    return nn.categorical_cross_entropy(net(pictures(5, 8, 1)), np.arange(5) % 3)


def windows():
    """Strides, dilation and groups; a norm of the data; global pooling."""
    net = nn.Sequential(
        nn.BatchNorm2D(2), nn.Conv2D(2, 4, 3, stride=2, pad="same", groups=2, seed=1), nn.MaxPool2D(3, 2),
        nn.Conv2D(4, 4, 2, dilation=2, pad=1, bias=False, seed=2), nn.GlobalMaxPool2D(), nn.GlobalAvgPool2D(),
        nn.Flatten(), nn.Dense(4, 3, seed=3),
    )  # fmt: skip
    return nn.cross_entropy(net(pictures(5, 12, 2)), np.arange(5) % 3)


NETS: dict[str, Callable] = {
    f.__name__: f
    for f in (
        two_layers, softmax, neuron, deep, sum_cost, penalty, skip, shared, ops, activations, half, logits, no_layers,
        images, windows,
    )
}  # fmt: skip


def snapshot(name):
    net, lang, kind = name.split(".")
    chain = NETS[net]().chain(lang=lang)
    return chain.markdown() if kind == "md" else chain.latex(standalone=True)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in SNAPSHOTS:
        (FOLDER / name).write_text(snapshot(name), encoding="utf-8")
