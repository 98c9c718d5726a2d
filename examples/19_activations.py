"""Sigmoid, tanh or ReLU in the hidden layers? How fast each learns, how much it saturates, how gradients shrink.

    sigmoid  g′ = a (1 − a) ≤ 1/4,   tanh  g′ = 1 − a² ≤ 1,   ReLU  g′ = 1{z > 0}

Going back through a layer multiplies by g′, so with sigmoids dZ[l] shrinks fourfold and more at every layer. Each kind
of net learns the digits at the best of four learning rates; one net has a different activation in each layer.

Run: python examples/19_activations.py [--lang zh|en] [--out DIR]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from statistics import mean
from typing import Any

from common import COLOURS, Words, list_files, picture_words, run, save_figure, table, words

import tinygrad_cn as tg
from tinygrad_cn import data, nn
from tinygrad_cn.chain import LayerHealth, layer_health

DIMS = [64, 32, 32, 32, 10]
MIXED = "tanh, relu, sigmoid"
HIDDEN = {  # name: (activation of each hidden layer, start values)
    "sigmoid": ("sigmoid", "xavier"),
    "tanh": ("tanh", "xavier"),
    "relu": ("relu", "he"),
    MIXED: (["tanh", "relu", "sigmoid"], "xavier"),
}
TARGET = 0.1  # a cost


@dataclass
class Result:
    """One training: the health of the net before and after, its costs, and how long it took."""

    before: list[LayerHealth]
    after: list[LayerHealth]
    costs: list[float]
    seconds: float

    @property
    def epochs(self) -> float:
        """After how many epochs the cost was below the target; infinity if it never was."""
        return next((i + 1 for i, cost in enumerate(self.costs) if cost < TARGET), inf)

    @property
    def saturated(self) -> float | None:
        """The share of saturated activations after training, in the worst layer."""
        return max((row.saturated for row in self.after if row.saturated is not None), default=None)


@dataclass
class Study:
    """The trainings of one kind of net: for each learning rate one a seed."""

    name: str
    trained: dict[float, list[Result]]

    def epochs(self, rate: float) -> float:
        """Epochs to the target on average; infinity if one seed does not reach it."""
        return mean(result.epochs for result in self.trained[rate])

    @property
    def best(self) -> float:
        """The learning rate that reaches the target first."""
        return min(self.trained, key=self.epochs)


def health(net: nn.DNN, X: Any, Y: Any) -> list[LayerHealth]:
    """The sizes of gradients and the saturated shares layer by layer, as the net is now."""
    J = nn.categorical_cross_entropy(net(X), Y)
    J.backward()
    return layer_health(J.chain().steps)


def train(name: str, rate: float, seed: int, digits: data.Dataset, epochs: int) -> Result:
    """Mini-batches of 64."""
    hidden, init = HIDDEN[name]
    loss = nn.categorical_cross_entropy
    net = nn.DNN(DIMS, hidden=hidden, output="softmax", init=init, seed=seed)
    before = health(net, *digits)
    history = tg.fit(net, *digits, loss, rate, epochs, batch_size=64, seed=seed, progress=False)
    return Result(before, health(net, *digits), history.cost, sum(history.seconds))


def curves(studies: list[Study], common: float, say: Words) -> Any:
    """Costs at the same learning rate, costs at each one's best, and the sizes of dZ[l] before training."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4), layout="constrained")
    same, own, back = figure.subplots(1, 3)
    for study, colour in zip(studies, COLOURS, strict=False):
        at_best = study.trained[study.best]
        same.semilogy(study.trained[common][0].costs, color=colour, label=study.name)
        own.semilogy(at_best[0].costs, color=colour, label=f"{study.name}, α = {study.best:g}")
        layers = at_best[0].before
        back.semilogy([row.layer for row in layers], [row.relative for row in layers], marker="o", color=colour)
    same.set_title(say(f"代价，同一学习率 α = {common:g}", f"cost at the same learning rate α = {common:g}"))
    own.set_title(say("代价，各自最好的学习率", "cost at the best learning rate of each"))
    back.set_title(say("训练前的 ‖dZ[l]‖ / ‖dZ[L]‖", "‖dZ[l]‖ / ‖dZ[L]‖ before training"))
    back.set(xlabel=say("层 l", "layer l"), xticks=range(1, len(DIMS)))
    for axes in (same, own):
        axes.axhline(TARGET, color="grey", linewidth=0.8)
        axes.set(xlabel=say("轮次", "epoch"))
        axes.legend(frameon=False, fontsize="small")
    return figure


def shown(epochs: float, more: str) -> str:
    return more if epochs == inf else f"{epochs:.0f}"


def main(
    out: Path, lang: str | None = None, rates: Sequence[float] = (0.1, 0.3, 1.0, 2.0), epochs: int = 60, seeds: int = 3
) -> list[Study]:
    """Train each kind of net at each rate; the first rate is the one they are compared at as well."""
    say = words(lang)
    out.mkdir(parents=True, exist_ok=True)
    digits, _ = data.digits().split(0.2)
    studies = [
        Study(name, {rate: [train(name, rate, seed, digits, epochs) for seed in range(seeds)] for rate in rates})
        for name in HIDDEN
    ]

    heads = (
        say("隐藏层", "hidden layers"),
        say(f"α = {rates[0]:g} 时的轮数", f"epochs at α = {rates[0]:g}"),
        say("最好的 α", "best α"),
        say("轮数", "epochs"),
        say("秒", "seconds"),
        say("‖dZ[1]‖ / ‖dZ[L]‖，训练前", "‖dZ[1]‖ / ‖dZ[L]‖ before"),
        say("饱和，训练后", "saturated after"),
    )
    more = say(f"超过 {epochs}", f"more than {epochs}")
    rows = []
    for study in studies:
        result = study.trained[study.best][0]
        flat = result.saturated
        rows.append((
            study.name, shown(study.epochs(rates[0]), more), study.best, shown(study.epochs(study.best), more),
            f"{result.seconds:.1f}", f"{result.before[0].relative:.2g}", "–" if flat is None else f"{flat:.0%}",
        ))  # fmt: skip
    print(say(f"代价降到 {TARGET} 以下所需的轮数：", f"Epochs until the cost is below {TARGET}:"))
    print(table(heads, *rows))

    same = {study.name: shown(study.epochs(rates[0]), more) for study in studies}
    own = {study.name: shown(study.epochs(study.best), more) for study in studies}
    shrunk = {study.name: study.trained[study.best][0].before[0].relative for study in studies}
    print(
        say(
            f"\n学习率同为 {rates[0]:g} 时，ReLU 用 {same['relu']} 轮，tanh {same['tanh']} 轮，sigmoid "
            f"{same['sigmoid']} 轮；各用最好的学习率，ReLU {own['relu']} 轮，tanh {own['tanh']} 轮，sigmoid "
            f"{own['sigmoid']} 轮，三层各不相同的网络 {own[MIXED]} 轮。训练之前，第 1 层的梯度在 sigmoid 网络里只有"
            f"最后一层的 {shrunk['sigmoid']:.1%}，tanh {shrunk['tanh']:.0%}，ReLU {shrunk['relu']:.0%}。",
            f"\nAt the same learning rate, {rates[0]:g}, ReLU takes {same['relu']} epochs, tanh {same['tanh']}, "
            f"sigmoid {same['sigmoid']}; each at its best rate, ReLU takes {own['relu']}, tanh {own['tanh']}, sigmoid "
            f"{own['sigmoid']}, and the net with three different layers {own[MIXED]}. Before training the gradient of "
            f"layer 1 is {shrunk['sigmoid']:.1%} of the last layer's with sigmoid, {shrunk['tanh']:.0%} with tanh, "
            f"{shrunk['relu']:.0%} with ReLU.",
        )
    )
    picture = save_figure(lambda: curves(studies, rates[0], picture_words(say)), out / "activations.png", say)
    list_files(picture, say)
    return studies


if __name__ == "__main__":
    run(main, __doc__)
