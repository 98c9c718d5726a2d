"""Transfer: layers trained on the digits 0 to 4 are moved to the digits 5 to 9, of which there are few.

    before     a convolutional net learns 0, 1, 2, 3, 4 from all their images
    move       its convolutions are put into a net for 5, 6, 7, 8, 9: net.load_state_dict(old[:4].state_dict(), False)
    after      that net learns from ten images of each new digit. It does so in three ways: with all its layers from
               scratch, with the convolutions moved and learning on at half the rate, and with them moved and frozen

Run: python examples/13_transfer.py [--lang zh|en] [--out DIR]
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from common import COLOURS, list_files, picture_words, run, save_figure, table, words

import tinygrad_cn as tg
from tinygrad_cn import data, nn, optim

OLD, NEW = range(5), range(5, 10)
EACH = 10  # images of each new digit to learn from
RATE = 0.05
BODY = 4  # modules before the head: two convolutions with their pooling
EARLY, ENOUGH = 5, 0.8  # what the sentence compares: accuracy after so many epochs, and epochs to so much accuracy
WAYS = {  # name: in Chinese
    "from scratch": "从头训练",
    "moved": "迁移，继续学习",
    "moved and frozen": "迁移，冻结",
}

Samples = tuple[Any, Any]


def lenet(seed: int) -> nn.Sequential:
    """Two convolutions and two dense layers: 64 pixels in, five scores out."""
    rng = np.random.default_rng(seed)
    return nn.Sequential(
        nn.Conv2D(1, 8, 3, pad="same", activation="relu", seed=rng, dtype=np.float32), nn.MaxPool2D(2),
        nn.Conv2D(8, 16, 3, pad="same", activation="relu", seed=rng, dtype=np.float32), nn.MaxPool2D(2),
        nn.Flatten(),
        nn.Dense(64, 32, "relu", seed=rng, dtype=np.float32),
        nn.Dense(32, 5, seed=rng, dtype=np.float32),
    )  # fmt: skip


def of_digits(dataset: data.Dataset, digits: range, each: int | None = None, seed: int = 0) -> Samples:
    """Images and labels, counted from 0, of some digits: all, or `each` of every digit, drawn from a seed."""
    order = np.random.default_rng(seed).permutation(dataset.m)
    chosen = [order[dataset.labels[order] == digit][:each] for digit in digits]
    part = dataset.take(np.concatenate(chosen))
    return part.images, part.labels - digits.start


def pretrained(training: data.Dataset, epochs: int) -> nn.Sequential:
    """The net that knows the old digits, from their images moved and turned a little in every step."""
    net = lenet(seed=0)
    augment = data.Augment(data.Rotate(15), data.Shift(1))
    tg.fit(
        net, *of_digits(training, OLD), nn.cross_entropy, RATE, epochs, batch_size=10, augment=augment, progress=False
    )
    return net


def ready(way: str, old: nn.Sequential, seed: int) -> tuple[nn.Sequential, optim.Optimizer]:
    """A net for the new digits and its optimiser."""
    net = lenet(seed)
    if way == "from scratch":
        return net, optim.SGD(net.parameters(), RATE)
    net.load_state_dict(old[:BODY].state_dict(), strict=False)
    if way == "moved and frozen":
        net[:BODY].freeze()
    body, head = net[:BODY].parameters(), net[BODY:].parameters()
    return net, optim.SGD([{"params": body, "lr": RATE / 2}, {"params": head}], RATE)


def accuracies(way: str, old: nn.Sequential, few: Samples, held_out: Samples, seed: int, epochs: int) -> list[float]:
    """Accuracy on held-out new digits after each epoch."""
    net, optimizer = ready(way, old, 100 + seed)
    return tg.fit(
        net, *few, nn.cross_entropy, optimizer, epochs, batch_size=10, validation=held_out, seed=seed, progress=False
    ).val_accuracy


def main(
    out: Path, lang: str | None = None, seeds: int = 8, epochs: int = 30, before: int = 40
) -> dict[str, np.ndarray]:
    """Train on the old digits, then in each way on the new ones; returns accuracies (seed, epoch) by way."""
    say = words(lang)
    out.mkdir(parents=True, exist_ok=True)
    training, test = data.digits(np.float32).split(0.5)
    old, held_out = pretrained(training, before), of_digits(test, NEW)
    net = lenet(seed=100)
    print(net.load_state_dict(old[:BODY].state_dict(), strict=False).table(lang), end="\n\n")

    few = [of_digits(training, NEW, EACH, seed) for seed in range(seeds)]
    curves = {
        way: np.array([accuracies(way, old, few[seed], held_out, seed, epochs) for seed in range(seeds)])
        for way in WAYS
    }
    shown = [e for e in (1, EARLY, 10, 20, epochs) if e <= epochs]
    heads = (say("轮次", "after epoch"), *(say(chinese, way) for way, chinese in WAYS.items()))
    rows = ((e, *(f"{curve[:, e - 1].mean():.1%}" for curve in curves.values())) for e in shown)
    print(table(heads, *rows), told(curves, say), sep="\n\n")

    J = nn.cross_entropy(ready("moved and frozen", old, seed=100)[0](few[0][0]), few[0][1])
    J.backward()
    picture = save_figure(lambda: drawn(curves, picture_words(say)), out / "transfer.png", say)
    list_files([J.chain(lang=lang).draw(out / "frozen.svg"), *picture], say)
    return curves


def told(curves: dict[str, np.ndarray], say: Callable[[str, str], str]) -> str:
    """What the numbers say."""
    scratch, moved, frozen = (curve.mean(axis=0) for curve in curves.values())
    early = min(EARLY, len(moved)) - 1
    ahead = np.sum(curves["moved"][:, early] > curves["from scratch"][:, early])
    fast, slow = (first(curve >= ENOUGH) for curve in (moved, scratch))
    return say(
        f"每个新数字只有 {EACH} 张图：{early + 1} 轮之后，迁移卷积层的网络认对 {moved[early]:.1%}，从头训练的只有 "
        f"{scratch[early]:.1%}（{len(curves['moved'])} 次抽样的平均，其中 {ahead} 次领先）；达到 {ENOUGH:.0%} 只需 "
        f"{fast} 轮，而不是 {slow} 轮。练得够久，差距就消失了：最后是 {moved[-1]:.1%} 与 {scratch[-1]:.1%}。"
        f"冻结的卷积层只会从五个数字里学到的东西，停在 {frozen[-1]:.1%}。",
        f"With {EACH} images of each new digit, the net with moved convolutions reads {moved[early]:.1%} of those it "
        f"has never seen after {early + 1} epochs, the one from scratch {scratch[early]:.1%} (mean of "
        f"{len(curves['moved'])} draws, ahead in {ahead}); it takes {fast} epochs to {ENOUGH:.0%}, not {slow}. In the "
        f"long run the lead is lost: {moved[-1]:.1%} and {scratch[-1]:.1%} in the end. Frozen convolutions know what "
        f"five digits have taught them and no more: they end at {frozen[-1]:.1%}.",
    )


def first(reached: np.ndarray) -> int | str:
    """The first epoch of which it is true, counted from 1."""
    return int(np.argmax(reached)) + 1 if reached.any() else f"> {len(reached)}"


def drawn(curves: dict[str, np.ndarray], say: Callable[[str, str], str]) -> Any:
    """Mean accuracy after each epoch, and the range of the draws."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for colour, (way, curve) in zip(COLOURS, curves.items(), strict=False):
        epochs = np.arange(1, curve.shape[1] + 1)
        axes.plot(epochs, curve.mean(axis=0), color=colour, label=say(WAYS[way], way))
        axes.fill_between(epochs, curve.min(axis=0), curve.max(axis=0), color=colour, alpha=0.12, linewidth=0)
    axes.set_xlabel(say("轮次", "epoch"))
    axes.set_ylabel(say("没见过的新数字的准确率", "accuracy on new digits never seen"))
    axes.set_ylim(0, 1)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", title=say("卷积层", "convolutions"))
    return figure


if __name__ == "__main__":
    run(main, __doc__)
