"""Depth or width? The parity of n bits, y = x1 ⊕ x2 ⊕ … ⊕ xn, built by hand in three ways, and learned.

    tree      pairs, then pairs of pairs: a ⊕ b = relu(a + b) − 2 relu(a + b − 1), log2 n layers, 2 (n − 1) units
    patterns  one layer, a unit for each of the 2^(n-1) inputs with an odd number of ones (an AND gate each)
    counting  one layer of n units: relu(s), relu(s − 1), …, relu(s − n + 1) of the sum s = x1 + … + xn

Circuit theory says that with AND and OR gates a shallow circuit needs exponentially many of them (J. Håstad, "Almost
optimal lower bounds for small depth circuits", STOC 1986). A ReLU unit is more than a gate: it can add.

Run: python examples/22_depth_or_width.py [--lang zh|en] [--out DIR]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common import COLOURS, Words, list_files, picture_words, right, run, save_figure, table, words

import tinygrad_cn as tg
from tinygrad_cn import data, nn, optim

Layers = list[tuple[Any, Any]]  # (W, b) of each layer


def tree(n: int) -> Layers:
    """Parities of pairs, of fours, and so on; n is a power of two."""
    pair = np.array([[1.0, 1.0], [1.0, 1.0]])  # both units see a + b
    merge = np.array([[1.0, -2.0]])  # u − 2v is a ⊕ b, worked into the weights of the next layer
    layers, inputs = [], np.eye(n)
    for pairs in [n >> k for k in range(1, n.bit_length())]:
        layers.append((np.kron(np.eye(pairs), pair) @ inputs, np.tile([[0.0], [-1.0]], (pairs, 1))))
        inputs = np.kron(np.eye(pairs), merge)
    return [*layers, (inputs, np.array([[-0.5]]))]


def patterns(n: int) -> Layers:
    """A unit that is 1 for one odd pattern p and 0 for all others: relu(p·x − (1 − p)·x − Σp + 1)."""
    X, Y = data.parity(n)
    odd = X[:, Y[0] == 1]
    return [((2 * odd - 1).T, 1 - odd.sum(axis=0)[:, None]), (np.ones((1, odd.shape[1])), np.array([[-0.5]]))]


def counting(n: int) -> Layers:
    """A zigzag of the sum s: 0 where s is even, 1 where it is odd; its slope turns at 1, 2, …, n − 1."""
    slopes = np.array([[1.0, *(2.0 * (-1) ** k for k in range(1, n))]])
    return [(np.ones((n, n)), -np.arange(n)[:, None].astype(float)), (slopes, np.array([[-0.5]]))]


BUILT: dict[str, tuple[str, Callable[[int], Layers]]] = {
    "tree": ("树", tree),
    "patterns": ("逐个模式", patterns),
    "counting": ("计数", counting),
}
LEARNED = {"8-4-2": [8, 4, 2], "128": [128], "8": [8], "32-32": [32, 32]}  # hidden layers; the first three as built
BITS = 8


@dataclass
class Built:
    """A net made by hand: its size, on how many inputs it was tried, and whether it is right on all of them."""

    units: int
    parameters: int
    tried: int
    correct: bool


def net_of(layers: Layers) -> nn.DNN:
    """The ReLU net with these weights; its output is above 0.5 where the parity is 1."""
    net = nn.DNN([layers[0][0].shape[1], *(len(W) for W, _ in layers)], hidden="relu", output="sigmoid")
    net.load_state_dict(
        {f"{name}{l}": A for l, layer in enumerate(layers, 1) for name, A in zip("Wb", layer, strict=True)}
    )
    return net


def build(name: str, n: int) -> Built:
    """Make the net and try it on all inputs, or on 200 of them if there are more than 256."""
    layers = BUILT[name][1](n)
    net, corners = net_of(layers), data.parity(n)
    if corners.m > 256:
        corners = corners.take(np.random.default_rng(0).choice(corners.m, 200, replace=False))
    units = sum(len(W) for W, _ in layers[:-1])
    return Built(units, sum(p.size for p in net.parameters()), corners.m, right(net, *corners) == 1)


def learn(hidden: list[int], seed: int, epochs: int) -> bool:
    """Whether a net with random start values comes to know all 256 parities of 8 bits."""
    X, Y = data.parity(BITS)
    net = nn.DNN([BITS, *hidden, 1], hidden="relu", output="sigmoid", seed=seed)
    tg.fit(net, X, Y, nn.binary_cross_entropy, optim.Adam(net.parameters(), lr=0.01), epochs, progress=False)
    return right(net, X, Y) == 1


def draw_network(name: str, path: Path, lang: str | None) -> Path:
    """Neurons and weights of a net for four bits."""
    X, Y = data.parity(4)
    drawn: Path = nn.binary_cross_entropy(net_of(BUILT[name][1](4))(X), Y).chain(lang=lang).draw(path, view="network")
    return drawn


def growth(built: dict[tuple[str, int], Built], say: Words) -> Any:
    """Hidden units over the number of bits."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for (name, (chinese, _)), colour in zip(BUILT.items(), COLOURS, strict=False):
        points = [(n, net.units) for (kind, n), net in built.items() if kind == name]
        axes.semilogy(*zip(*points, strict=True), marker="o", color=colour, label=say(chinese, name))
    axes.set(xlabel=say("位数 n", "bits n"), ylabel=say("隐藏单元数", "hidden units"))
    axes.legend(frameon=False)
    return figure


def main(
    out: Path, lang: str | None = None, bits: Sequence[int] = (2, 4, 8, 16), seeds: int = 6, epochs: int = 1500
) -> tuple[dict[tuple[str, int], Built], dict[str, int]]:
    """Build and learn; returns the nets made by hand, and how often each shape learned everything."""
    say = words(lang)
    out.mkdir(parents=True, exist_ok=True)
    built = {(name, n): build(name, n) for n in bits for name in BUILT}
    heads = (
        "n",
        say("做法", "net"),
        say("隐藏单元", "hidden units"),
        say("参数", "parameters"),
        say("试过的输入", "inputs tried"),
        say("全对", "all right"),
    )
    rows = (
        (n, say(BUILT[name][0], name), b.units, b.parameters, b.tried, "✓" if b.correct else "✗")
        for (name, n), b in built.items()
    )
    print(say("手工构造：", "Made by hand:"), table(heads, *rows), sep="\n")

    learned = {shape: sum(learn(hidden, seed, epochs) for seed in range(seeds)) for shape, hidden in LEARNED.items()}
    heads = (say("隐藏层", "hidden layers"), say(f"{seeds} 次里全对的次数", f"all right, of {seeds} trainings"))
    print(say(f"\n从随机初始值学 {BITS} 位奇偶：", f"\nThe parity of {BITS} bits, learned from random start values:"))
    print(table(heads, *learned.items()))

    most = max(bits)
    deep, wide, count = (built[name, most].units for name in BUILT)
    from_tree, from_wide, from_count, _ = learned.values()
    print(
        say(
            f"\n{most} 位奇偶：树形网络要 {deep} 个隐藏单元，一个单元只认一个模式则要 {wide} 个；"
            f"但 ReLU 单元会做加法，一层 {count} 个就够：对奇偶来说，深度的指数级优势是相对于与门、或门电路而言的。"
            f"能表示也不等于学得到：{seeds} 次训练里，树的形状 8-4-2 全对 {from_tree} 次，"
            f"计数的形状 8 全对 {from_count} 次，宽的 128 全对 {from_wide} 次。",
            f"\nParity of {most} bits: a tree takes {deep} hidden units, a unit for each pattern {wide}. But ReLU "
            f"units can add, and {count} of them in one layer do: for parity, the exponential gain of depth is one "
            f"over circuits of AND and OR gates. And what a net can express it may not learn: of {seeds} trainings the "
            f"shape of the tree, 8-4-2, got everything right in {from_tree}, that of counting, 8, in {from_count}, the "
            f"wide one, 128, in {from_wide}.",
        )
    )
    networks = [draw_network(name, out / f"parity_{name}.svg", lang) for name in BUILT]
    picture = save_figure(lambda: growth(built, picture_words(say)), out / "depth_or_width.png", say)
    list_files([*networks, *picture], say)
    return built, learned


if __name__ == "__main__":
    run(main, __doc__)
