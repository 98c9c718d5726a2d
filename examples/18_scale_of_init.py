"""How large should the first weights be? Gradients that vanish, units that saturate, costs that overflow.

    Var z = n[l-1] · Var w · E a²

so a standard deviation of √(1/n[l-1]) ("xavier", for tanh) or √(2/n[l-1]) ("he", for ReLU) keeps the size of A[l] and
of dZ[l] from layer to layer (X. Glorot and Y. Bengio, AISTATS 2010; K. He et al., ICCV 2015). Seven layers learn the
handwritten digits from weights that are smaller, larger, and so.

Run: python examples/18_scale_of_init.py [--lang zh|en] [--out DIR]
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common import COLOURS, Words, list_files, picture_words, run, save_figure, table, words

import tinygrad_cn as tg
from tinygrad_cn import data, nn
from tinygrad_cn.chain import LayerHealth, layer_health
from tinygrad_cn.errors import DivergenceError

DIMS = [64, 32, 32, 32, 32, 32, 32, 10]
STARTS = {  # name: (activation, start value)
    "tanh, 0.01": ("tanh", nn.init.normal(0.01)),
    "tanh, 1": ("tanh", nn.init.normal(1.0)),
    "tanh, xavier": ("tanh", "xavier"),
    "relu, 0.01": ("relu", nn.init.normal(0.01)),
    "relu, 1": ("relu", nn.init.normal(1.0)),
    "relu, he": ("relu", "he"),
}


@dataclass
class Result:
    """How healthy a net was before training, its costs, its accuracy on digits held out, a picture of its health."""

    health: list[LayerHealth]
    costs: list[float]
    accuracy: float | None
    strip: Path

    @property
    def saturated(self) -> float | None:
        """The share of saturated activations in the worst layer."""
        return max((row.saturated for row in self.health if row.saturated is not None), default=None)


def first_chain(net: nn.DNN, X: Any, Y: Any, lang: str | None) -> Any:
    """The chain of the cost before training."""
    J = nn.categorical_cross_entropy(net(X), Y)
    J.backward()
    return J.chain(lang=lang)


def train(net: nn.DNN, training: data.Dataset, test: data.Dataset, epochs: int) -> tuple[list[float], float | None]:
    """The costs, and the accuracy on the test digits; None if the cost did not stay finite."""
    loss = nn.categorical_cross_entropy
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            history = tg.fit(net, *training, loss, 0.1, epochs, batch_size=64, validation=test, progress=False)
    except DivergenceError as error:
        return error.history.cost, None
    return history.cost, history.val_accuracy[-1]


def percent(share: float | None, missing: str) -> str:
    return missing if share is None else f"{share:.0%}"


def curves(results: dict[str, Result], say: Words) -> Any:
    """The size of dZ[l] by layer before training, and the cost over the epochs."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for (name, result), colour in zip(results.items(), COLOURS, strict=True):
        label = f"{name} ({say('发散', 'diverges')})" if result.accuracy is None else name
        style = {"color": colour, "label": label, "linestyle": "-" if name.startswith("tanh") else "--"}
        left.semilogy(
            [row.layer for row in result.health], [row.relative for row in result.health], marker="o", **style
        )
        right.plot(result.costs, **style)
    left.set(xlabel=say("层 l", "layer l"), ylabel=f"‖dZ[l]‖ / ‖dZ[{len(DIMS) - 1}]‖")
    left.set_title(say("训练之前", "before training"))
    right.set(xlabel=say("轮次", "epoch"), ylabel=say("代价", "cost"))
    right.legend(frameon=False)
    return figure


def main(out: Path, lang: str | None = None, epochs: int = 30) -> dict[str, Result]:
    """Train from each start; draw how healthy the gradients were before."""
    say = words(lang)
    out.mkdir(parents=True, exist_ok=True)
    training, test = data.digits().split(0.2)
    results = {}
    for name, (hidden, init) in STARTS.items():
        net = nn.DNN(DIMS, hidden=hidden, output="softmax", init=init, seed=1)
        chain = first_chain(net, *training, lang)
        strip = chain.draw(out / f"health_{name.replace(', ', '_')}.svg", view="health")
        results[name] = Result(layer_health(chain.steps), *train(net, training, test, epochs), strip)

    heads = (
        say("初始值", "start"),
        f"‖dZ[1]‖ / ‖dZ[{len(DIMS) - 1}]‖",
        say("饱和最多的层", "saturated, worst layer"),
        say("最后的代价", "last cost"),
        say("测试集准确率", "held out"),
    )
    diverged = say("发散", "diverges")
    rows = []
    for name, r in results.items():
        cost = diverged if r.accuracy is None else f"{r.costs[-1]:.4f}"
        rows.append((name, f"{r.health[0].relative:.1e}", percent(r.saturated, "–"), cost, percent(r.accuracy, "–")))
    print(table(heads, *rows))

    small, large, xavier, _, exploding, he = results.values()
    vanished, exploded = small.health[0].relative, exploding.health[0].relative
    print(
        say(
            f"\ntanh：0.01 太小，第 1 层的梯度只有最后一层的 {vanished:.0e}，准确率停在 {small.accuracy:.0%}；"
            f"1 太大，最坏的一层有 {large.saturated:.0%} 的激活值饱和，准确率只到 {large.accuracy:.0%}；"
            f"xavier 达到 {xavier.accuracy:.0%}。ReLU：1 太大，第 1 层的梯度是最后一层的 {exploded:.0e} 倍，"
            f"训练{diverged if exploding.accuracy is None else f'达到 {exploding.accuracy:.0%}'}；"
            f"he 达到 {he.accuracy:.0%}。",
            f"\ntanh: 0.01 is too small, the gradient of layer 1 is {vanished:.0e} of the last layer's, and accuracy "
            f"stays at {small.accuracy:.0%}; 1 is too large, {large.saturated:.0%} of the activations in the worst "
            f"layer are saturated, and {large.accuracy:.0%} is all it reaches; xavier reaches {xavier.accuracy:.0%}. "
            f"ReLU: with 1 the gradient of layer 1 is {exploded:.0e} times the last layer's, and the training "
            f"{diverged if exploding.accuracy is None else f'reaches {exploding.accuracy:.0%}'}; "
            f"he reaches {he.accuracy:.0%}.",
        )
    )
    picture = save_figure(lambda: curves(results, picture_words(say)), out / "scale.png", say)
    list_files([*(result.strip for result in results.values()), *picture], say)
    return results


if __name__ == "__main__":
    run(main, __doc__)
