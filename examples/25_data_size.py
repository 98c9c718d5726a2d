"""How much data, and how large a net? Accuracy on digits held out, over the number of digits to learn from.

    m = 30 … 1,438 digits,   softmax regression 64-10,   a small net 64-32-10,   a large one 64-128-128-10

The notes say: with little data all methods do about as well, with much data larger nets do better. All nets here take
the same number of steps, with mini-batches of up to 32 digits, so that more data does not mean more training.

Run: python examples/25_data_size.py [--lang zh|en] [--out DIR]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from common import COLOURS, Words, list_files, picture_words, right, run, save_figure, table, words

import tinygrad_cn as tg
from tinygrad_cn import data, nn, optim

NETS = {  # name: (in Chinese, hidden layers)
    "regression": ("回归", []),
    "small net": ("小网络", [32]),
    "large net": ("大网络", [128, 128]),
}
BATCH = 32


@dataclass
class Result:
    """Accuracy on the digits learned from and on those held out, and the seconds it took."""

    training: float
    held_out: float
    seconds: float


def train(hidden: list[int], m: int, seed: int, training: data.Dataset, test: data.Dataset, steps: int) -> Result:
    """Adam on m of the digits, other ones for each seed."""
    some = training.take(np.random.default_rng(seed).permutation(training.m)[:m])
    net = nn.DNN([64, *hidden, 10], hidden="relu", output="softmax", seed=seed)
    history = tg.fit(
        net, *some, nn.categorical_cross_entropy, optim.Adam(net.parameters(), lr=0.003),
        epochs=ceil(steps / ceil(m / BATCH)), batch_size=BATCH, seed=seed, progress=False,
    )  # fmt: skip
    return Result(right(net, *some), right(net, *test), sum(history.seconds))


def curves(results: dict[tuple[str, int], list[Result]], say: Words) -> Any:
    """Accuracy held out over m: a point a training, lines through the means."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.4), layout="constrained")
    axes = figure.subplots()
    sizes = list(dict.fromkeys(m for _, m in results))
    for (name, (chinese, _)), colour in zip(NETS.items(), COLOURS, strict=False):
        shares = [[result.held_out for result in results[name, m]] for m in sizes]
        axes.semilogx(sizes, [mean(found) for found in shares], color=colour, label=say(chinese, name))
        for m, found in zip(sizes, shares, strict=True):
            axes.plot([m] * len(found), found, ".", color=colour, alpha=0.5)
    axes.set_xticks(sizes, [f"{m:,}" for m in sizes])
    axes.set_xticks([], minor=True)
    axes.set(
        xlabel=say("训练用的数字 m", "digits to learn from, m"),
        ylabel=say("没见过的数字上的准确率", "accuracy held out"),
    )
    axes.legend(frameon=False)
    return figure


def main(
    out: Path, lang: str | None = None, sizes: Sequence[int] = (30, 100, 300, 1438), steps: int = 600, seeds: int = 5
) -> dict[tuple[str, int], list[Result]]:
    """Train each net on each number of digits; returns the results by (net, m)."""
    say = words(lang)
    out.mkdir(parents=True, exist_ok=True)
    training, test = data.digits().split(0.2)
    results = {
        (name, m): [train(hidden, m, seed, training, test, steps) for seed in range(seeds)]
        for m in sizes
        for name, (_, hidden) in NETS.items()
    }
    held_out = {key: mean(result.held_out for result in found) for key, found in results.items()}

    heads = (
        "m", say("网络", "net"), say("训练集", "training"), say("没见过的数字", "held out"), say("秒", "seconds")
    )  # fmt: skip
    rows = []
    for (name, m), found in results.items():
        fitted, seconds = mean(result.training for result in found), mean(result.seconds for result in found)
        rows.append((m, say(NETS[name][0], name), f"{fitted:.1%}", f"{held_out[name, m]:.1%}", f"{seconds:.1f}"))
    print(
        say(f"{seeds} 个随机种子的平均准确率：", f"Accuracy, means over {seeds} seeds:"), table(heads, *rows), sep="\n"
    )

    few, many = min(sizes), max(sizes)
    regression, large = ([held_out[name, m] for m in (few, many)] for name in ("regression", "large net"))
    print(
        say(
            f"\n{few} 张数字时，回归认对 {regression[0]:.1%}，大网络 {large[0]:.1%}，相差无几；"
            f"{many} 张时，回归 {regression[1]:.1%}，大网络 {large[1]:.1%}。",
            f"\nFrom {few} digits regression learns to read {regression[0]:.1%} and the large net {large[0]:.1%}, "
            f"hardly a difference; from {many}, {regression[1]:.1%} and {large[1]:.1%}.",
        )
    )
    list_files(save_figure(lambda: curves(results, picture_words(say)), out / "data_size.png", say), say)
    return results


if __name__ == "__main__":
    run(main, __doc__)
