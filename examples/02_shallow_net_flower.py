"""A shallow net on the flower of the notes: how many hidden units does it need?

    Z1 = W1 X + b1,   A1 = tanh(Z1),   Z2 = W2 A1 + b2,   A2 = σ(Z2)

Start values are those of the course's exercise (RandomState(2), normal · 0.01), and so is the learning rate, 1.2.

Run: python examples/02_shallow_net_flower.py [--lang zh|en] [--out DIR]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common import draw_regions, list_files, panels, right, run, save_figure, table, words

import tinygrad_cn as tg
from tinygrad_cn import data, nn, optim


@dataclass
class Result:
    """A trained net, its cost before the first and the last step, and its accuracy."""

    n_h: int
    net: nn.DNN
    first_cost: float
    last_cost: float
    accuracy: float


def train(X: Any, Y: Any, n_h: int, steps: int) -> Result:
    """A 2-n_h-1 net by gradient descent on all samples at once."""
    init = nn.init.normal(0.01)
    net = nn.DNN([2, n_h, 1], hidden="tanh", output="sigmoid", init=init, seed=np.random.RandomState(2))
    optimizer = optim.SGD(net.parameters(), lr=1.2)
    cost = tg.fit(net, X, Y, nn.binary_cross_entropy, optimizer, epochs=steps, progress=False).cost
    return Result(n_h, net, cost[0], cost[-1], right(net, X, Y))


def boundaries(results: list[Result], X: Any, Y: Any) -> Any:
    """One panel a net: the points, and the regions where it says 0 and 1."""
    figure, squares = panels(2, 4)
    for axes, result in zip(squares, results, strict=False):
        draw_regions(axes, result.net, X, Y)
        axes.set_title(f"n_h = {result.n_h}: {result.accuracy:.2%}")
    return figure


def main(
    out: Path, lang: str | None = None, sizes: Sequence[int] = (1, 2, 3, 4, 5, 20, 50), steps: int = 5000
) -> list[Result]:
    """Train a net of each size and show how well it does."""
    say = words(lang)
    out.mkdir(parents=True, exist_ok=True)
    X, Y = data.flower()
    results = [train(X, Y, n_h, steps) for n_h in sizes]

    heads = ("n_h", say("第 0 步的代价", "cost at step 0"), say("最后的代价", "last cost"), say("准确率", "accuracy"))
    print(table(heads, *((r.n_h, f"{r.first_cost:.6f}", f"{r.last_cost:.6f}", f"{r.accuracy:.2%}") for r in results)))
    best = max(results, key=lambda r: r.accuracy)
    first_close = next(r for r in results if best.accuracy - r.accuracy < 0.01)
    print(
        say(
            f"\n隐藏单元到 {first_close.n_h} 个时准确率已有 {first_close.accuracy:.2%}；"
            f"这几种大小中，最好的也只有 {best.accuracy:.2%}（n_h = {best.n_h}）。",
            f"\n{first_close.n_h} hidden units already reach {first_close.accuracy:.2%}; "
            f"none of these sizes does better than {best.accuracy:.2%} (n_h = {best.n_h}).",
        )
    )
    list_files(save_figure(lambda: boundaries(results, X, Y), out / "flower.png", say), say)
    return results


if __name__ == "__main__":
    run(main, __doc__)
