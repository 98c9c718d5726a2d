"""How many hidden units? More of them can fit the training set better; what do they do to points held out?

    2-n_h-1, tanh and sigmoid: 4 n_h + 1 parameters

Nets learn the flower of the notes from 200 points and are judged on 2,000 others, drawn from the same petals.

Run: python examples/21_hidden_units.py [--lang zh|en] [--out DIR]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from common import (
    COLOURS,
    Words,
    draw_regions,
    list_files,
    panels,
    picture_words,
    right,
    run,
    save_figure,
    table,
    words,
)

import tinygrad_cn as tg
from tinygrad_cn import data, nn, optim

HELD_OUT = data.flower(2000, seed=100)


@dataclass
class Result:
    """A trained net, the points it learned from, and its accuracy on these and on the points held out."""

    net: nn.DNN
    points: data.Dataset
    training: float
    held_out: float


def train(n_h: int, seed: int, epochs: int) -> Result:
    """Adam on 200 points of the flower, other ones for each seed."""
    points = data.flower(200, seed=seed)
    net = nn.DNN([2, n_h, 1], hidden="tanh", init="xavier", seed=seed)
    optimizer = optim.Adam(net.parameters(), lr=0.02)
    tg.fit(net, *points, nn.binary_cross_entropy, optimizer, epochs, progress=False)
    return Result(net, points, right(net, *points), right(net, *HELD_OUT))


def boundaries(results: dict[int, list[Result]], say: Words) -> Any:
    """The first net of each size: its points, its regions, and its accuracy in training and held out."""
    figure, squares = panels(2, 4)
    figure.suptitle(say("准确率：训练集 / 没见过的点", "accuracy: training / held out"))
    for square, (n_h, (result, *_)) in zip(squares, results.items(), strict=False):
        draw_regions(square, result.net, *result.points)
        square.set_title(f"n_h = {n_h}: {result.training:.1%} / {result.held_out:.1%}", fontsize=11)
    return figure


def accuracies(results: dict[int, list[Result]], say: Words) -> Any:
    """Accuracy over the number of units: a point a net, lines through the means."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.5, 4), layout="constrained")
    axes = figure.subplots()
    kinds = (("training", say("训练集", "training")), ("held_out", say("没见过的点", "held out")))
    for (kind, label), colour in zip(kinds, COLOURS, strict=False):
        shares = {n_h: [getattr(result, kind) for result in found] for n_h, found in results.items()}
        axes.semilogx(list(shares), [mean(found) for found in shares.values()], color=colour, label=label)
        for n_h, found in shares.items():
            axes.plot([n_h] * len(found), found, ".", color=colour, alpha=0.5)
    axes.set_xticks(list(results), list(map(str, results)))
    axes.set_xticks([], minor=True)
    axes.set(xlabel=say("隐藏单元数 n_h", "hidden units n_h"), ylabel=say("准确率", "accuracy"))
    axes.legend(frameon=False)
    return figure


def main(
    out: Path,
    lang: str | None = None,
    sizes: Sequence[int] = (1, 2, 3, 5, 10, 30, 100, 300),
    epochs: int = 3000,
    seeds: int = 3,
) -> dict[int, list[Result]]:
    """Train nets of each size; returns the results by size."""
    say = words(lang)
    out.mkdir(parents=True, exist_ok=True)
    results = {n_h: [train(n_h, seed, epochs) for seed in range(seeds)] for n_h in sizes}
    training = {n_h: mean(result.training for result in found) for n_h, found in results.items()}
    held_out = {n_h: mean(result.held_out for result in found) for n_h, found in results.items()}

    heads = ("n_h", say("参数", "parameters"), say("训练集", "training"), say("没见过的点", "held out"))
    print(say(f"{seeds} 个随机种子的平均准确率：", f"Accuracy, means over {seeds} seeds:"))
    print(table(heads, *((n, 4 * n + 1, f"{training[n]:.1%}", f"{held_out[n]:.1%}") for n in sizes)))

    best, most = max(sizes, key=held_out.__getitem__), max(sizes)
    print(
        say(
            f"\n在没见过的点上，{best} 个隐藏单元最好：{held_out[best]:.1%}（训练集 {training[best]:.1%}）；"
            f"{most} 个单元把训练集做到 {training[most]:.1%}，没见过的点却只有 {held_out[most]:.1%}。",
            f"\nOn points held out, {best} hidden units do best: {held_out[best]:.1%}, and {training[best]:.1%} in "
            f"training. {most} units get {training[most]:.1%} of the training set right, but only "
            f"{held_out[most]:.1%} of the others.",
        )
    )
    list_files(
        [
            *save_figure(lambda: boundaries(results, picture_words(say)), out / "hidden_units.png", say),
            *save_figure(lambda: accuracies(results, picture_words(say)), out / "hidden_units_accuracy.png", say),
        ],
        say,
    )
    return results


if __name__ == "__main__":
    run(main, __doc__)
