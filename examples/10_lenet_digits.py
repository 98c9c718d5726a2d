"""A convolutional net in the style of LeNet on real handwritten digits, better than a dense one can.

    forward    Z[1] = X * W[1] + b[1],   A[1] = relu(batch norm of Z[1]),   P[2] = maxpool(A[2]),   F[3] = flatten(A[3])
    sizes      n_H = floor((n_H_prev + 2p − f) / s) + 1, and n_W alike
    backward   dW[l] = (1/m) A[l-1] * dZ[l],   dA[l-1] = W[l]ᵀ * dZ[l]

The net learns from the training digits and their copies moved by one pixel, and is judged on digits held out.

Run: python examples/10_lenet_digits.py [--lang zh|en] [--out DIR]
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from common import list_files, run, save_figure, table, words

import tinygrad_cn as tg
from tinygrad_cn import data, nn, optim

LEARNING_RATE = 0.003
SHOWN = 8  # samples whose chain is drawn


def lenet(seed: int = 1, dtype: Any = np.float32) -> nn.Sequential:
    """Two convolutions, pooling, a third, and two dense layers: 64 pixels in, 10 scores out."""
    rng = np.random.default_rng(seed)
    return nn.Sequential(
        nn.Conv2D(1, 16, 3, pad="same", seed=rng, dtype=dtype), nn.BatchNorm2D(16, dtype=dtype), nn.ReLU(),
        nn.Conv2D(16, 32, 3, pad="same", seed=rng, dtype=dtype), nn.BatchNorm2D(32, dtype=dtype), nn.ReLU(),
        nn.MaxPool2D(2),
        nn.Dropout(0.9, seed=rng),
        nn.Conv2D(32, 32, 3, seed=rng, dtype=dtype), nn.ReLU(),
        nn.Flatten(),
        nn.Dense(128, 128, "relu", seed=rng, dtype=dtype),
        nn.Dropout(0.5, seed=rng),
        nn.Dense(128, 10, seed=rng, dtype=dtype),
    )  # fmt: skip


def main(out: Path, lang: str | None = None, epochs: int = 12, samples: int | None = None) -> tuple[tg.History, Any]:
    """Train, judge, draw the chain, the feature maps and the filters; returns the history and the chain."""
    say = words(lang)
    out.mkdir(parents=True, exist_ok=True)
    training, test = data.digits().split(0.2)
    training = data.shifted(training if samples is None else training.take(range(samples)))
    net = lenet()
    print(net.summary(m=64, lang=lang, image=(8, 8, 1)))

    history = tg.fit(
        net, training.images.astype(np.float32), training.labels, nn.cross_entropy,
        optim.Adam(net.parameters(), LEARNING_RATE), epochs, batch_size=64,
        validation=(test.images.astype(np.float32), test.labels),
        schedule=optim.CosineDecay(LEARNING_RATE, epochs), progress=False,
    )  # fmt: skip
    heads = (say("轮次", "epoch"), say("代价", "cost"), say("训练集", "training"), say("测试集", "held out"))
    rows = zip(history.epochs, history.cost, history.accuracy, history.val_accuracy, strict=True)
    print("", table(heads, *((i, f"{J:.4f}", f"{a:.1%}", f"{b:.1%}") for i, J, a, b in rows)), sep="\n")
    time, accuracy = f"{sum(history.seconds):.0f}", history.val_accuracy[-1]
    print(
        say(
            f"\n{epochs} 轮，{time} 秒；{test.m} 张没见过的数字认对了 {accuracy:.1%}。",
            f"\n{epochs} epochs in {time} s: the net reads {accuracy:.1%} of {test.m} digits it has never seen.",
        )
    )

    X, Y = training.images[:SHOWN].astype(np.float32), training.labels[:SHOWN]
    J = nn.cross_entropy(net(X), Y)
    J.backward()
    chain = J.chain(lang=lang)
    pictures = [chain.draw(out / "lenet.svg"), chain.draw(out / "maps.svg", view="network")]
    files = [*pictures, *save_figure(lambda: filters(net), out / "filters.png", say)]
    list_files(files, say)
    return history, chain


def filters(net: nn.Sequential) -> Any:
    """The sixteen filters of the first layer as grey images."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, 8, figsize=(8, 2))
    for axis, picture in zip(axes.flat, np.moveaxis(net.W1.numpy()[:, :, 0], 2, 0), strict=True):
        axis.imshow(picture, cmap="gray")
        axis.set_axis_off()
    return figure


if __name__ == "__main__":
    run(main, __doc__)
