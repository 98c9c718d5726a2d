"""Does a leaky slope bring dead units back? How steep must it be, and does it cost anything when no unit is dead?

    g(z) = z where z > 0, else slope · z        g′(z) = 1 where z > 0, else slope

A ReLU unit (slope 0) whose z is negative for every sample has g′ = 0 for every sample: its row of dW is 0, so it never
moves again. Nets with four slopes learn the digits from a good start, and from b[1] = −3, which makes every z of the
first layer negative.

Run: python examples/20_leaky_slope.py [--lang zh|en] [--out DIR]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from common import COLOURS, Words, list_files, picture_words, run, save_figure, table, words

import tinygrad_cn as tg
from tinygrad_cn import data, nn

STARTS = (0.0, -3.0)  # of b[1]


@dataclass
class Result:
    """One training: units that are negative for every sample, before and after each epoch, and the accuracy."""

    negative: list[int]
    costs: list[float]
    accuracy: float  # on digits held out


def negative_units(net: nn.DNN, X: Any) -> int:
    """How many hidden units have z ≤ 0 for every sample."""
    with tg.no_grad():
        Z1 = net[0](X)
        Z2 = net[2](net[1](Z1))
    return sum(int((Z.numpy() <= 0).all(axis=1).sum()) for Z in (Z1, Z2))


def train(slope: float, bias: float, seed: int, training: data.Dataset, test: data.Dataset, epochs: int) -> Result:
    """A 64-32-32-10 net, mini-batches of 64, learning rate 0.3."""
    net = nn.DNN([64, 32, 32, 10], hidden=nn.LeakyReLU(slope), output="softmax", init="he", seed=seed)
    net.b1.data[:] = bias
    negative = [negative_units(net, training.X)]
    history = tg.fit(
        net, *training, nn.categorical_cross_entropy, 0.3, epochs, batch_size=64, validation=test, progress=False,
        callback=lambda epoch, history: negative.append(negative_units(net, training.X)),
    )  # fmt: skip
    return Result(negative, history.cost, history.val_accuracy[-1])


def curves(results: dict[tuple[float, float], list[Result]], say: Words) -> Any:
    """A row a start: the negative units and the cost over the epochs, a line for each slope."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 6.4), layout="constrained")
    grid = figure.subplots(len(STARTS), 2, sharex=True)
    slopes = list(dict.fromkeys(slope for _, slope in results))
    for (bias, slope), (first, *_) in results.items():
        row, colour = grid[STARTS.index(bias)], COLOURS[slopes.index(slope)]
        row[0].plot(first.negative, color=colour)
        row[1].plot(first.costs, color=colour, label=f"{say('斜率', 'slope')} {slope:g}")
        row[0].set(ylim=(-2, 66), ylabel=f"b[1] = {bias:g}".replace("-", "−"))
        row[1].set(ylim=(-0.1, 2.5))
    grid[0, 0].set_title(
        say("对所有样本都为负的单元（共 64 个）", "units negative for every sample (of 64)"), fontsize=11
    )
    grid[0, 1].set_title(say("代价", "cost"), fontsize=11)
    grid[0, 1].legend(frameon=False)
    for axes in grid[-1]:
        axes.set_xlabel(say("轮次", "epoch"))
    return figure


def main(
    out: Path, lang: str | None = None, slopes: Sequence[float] = (0, 0.01, 0.1, 0.3), epochs: int = 40, seeds: int = 3
) -> dict[tuple[float, float], list[Result]]:
    """Train with each slope from each start; returns the results by (b[1], slope)."""
    say = words(lang)
    out.mkdir(parents=True, exist_ok=True)
    training, test = data.digits().split(0.2)
    results = {
        (bias, slope): [train(slope, bias, seed, training, test, epochs) for seed in range(seeds)]
        for bias in STARTS
        for slope in slopes
    }
    right = {key: mean(result.accuracy for result in found) for key, found in results.items()}

    heads = (
        "b[1]",
        say("斜率", "slope"),
        say("恒为负的单元，训练前", "always negative before"),
        say("训练后", "after"),
        say("最后的代价", "last cost"),
        say("测试集准确率", "held out"),
    )
    rows = []
    for (bias, slope), found in results.items():
        before, after = (mean(result.negative[i] for result in found) for i in (0, -1))
        cost = mean(result.costs[-1] for result in found)
        rows.append((f"{bias:g}", slope, f"{before:.0f}", f"{after:.0f}", f"{cost:.4f}", f"{right[bias, slope]:.1%}"))
    print(say(f"{seeds} 个随机种子的平均：", f"Means over {seeds} seeds:"), table(heads, *rows), sep="\n")

    good, bad = ([right[bias, slope] for slope in slopes] for bias in STARTS)
    comma = say("、", ", ")
    each, shown = comma.join(f"{slope:g}" for slope in slopes), comma.join(f"{share:.0%}" for share in bad)
    dead = results[STARTS[1], slopes[0]][0].negative[-1]
    print(
        say(
            f"\n从 b[1] = 0 出发，斜率 {each} 的准确率在 {min(good):.1%} 与 {max(good):.1%} 之间，几乎没有差别；"
            f"从 b[1] = −3 出发，依次是 {shown}：ReLU 网络训练结束时，64 个单元里仍有 {dead} 个是死的。",
            f"\nFrom b[1] = 0 the slopes {each} are right on {min(good):.1%} to {max(good):.1%}, hardly a difference; "
            f"from b[1] = −3 on {shown}, in this order: the ReLU net ends with {dead} of its 64 units dead.",
        )
    )
    list_files(save_figure(lambda: curves(results, picture_words(say)), out / "leaky_slope.png", say), say)
    return results


if __name__ == "__main__":
    run(main, __doc__)
