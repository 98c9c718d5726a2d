"""An autoencoder: a net that learns to give back its input through a narrow middle, without any labels.

    code           C = W[2] tanh(W[1] X + b[1]) + b[2]                     64 pixels become 2 numbers
    reconstruction X̂ = sigmoid(W[4] tanh(W[3] C + b[3]) + b[4])            and 64 pixels again
    cost           J = mean of (X̂ − X)²

Its rival is PCA, the best that a linear code of the same size can do (G. Hinton and R. Salakhutdinov, "Reducing the
dimensionality of data with neural networks", Science 313, 2006).

Run: python examples/14_autoencoder.py [--lang zh|en] [--out DIR]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common import list_files, panels, picture_words, run, save_figure, table, words

import tinygrad_cn as tg
from tinygrad_cn import data, nn, optim

CODE = 2  # numbers in the middle
RATE = 0.003
SHOWN = 10  # digits in the picture


@dataclass
class Coder:
    """A way to code samples: `encode` gives (CODE, m), `decode` samples again."""

    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]

    def error(self, X: Any) -> float:
        """Mean squared error of a pixel that has gone through the code and back."""
        return float(np.mean((self.decode(self.encode(X)) - X) ** 2))


def pca(X: Any) -> Coder:
    """Projection on the first principal components of X."""
    mean = X.mean(axis=1, keepdims=True)
    U = np.linalg.svd(X - mean, full_matrices=False)[0][:, :CODE]
    return Coder(lambda X: U.T @ (X - mean), lambda C: U @ C + mean)


def autoencoder(X: Any, epochs: int) -> tuple[Coder, tg.History]:
    """A net trained to give back X; its two halves are the encoder and the decoder."""
    rng = np.random.default_rng(1)
    net = nn.Sequential(
        nn.Dense(64, 64, "tanh", init="xavier", seed=rng), nn.Dense(64, CODE, init="xavier", seed=rng),
        nn.Dense(CODE, 64, "tanh", init="xavier", seed=rng), nn.Dense(64, 64, "sigmoid", init="xavier", seed=rng),
    )  # fmt: skip
    optimizer = optim.Adam(net.parameters(), RATE)
    schedule = optim.CosineDecay(RATE, epochs)
    history = tg.fit(net, X, X, nn.mse, optimizer, epochs, batch_size=64, schedule=schedule, progress=False)
    return Coder(lambda X: net[:2](X).numpy(), lambda C: net[2:](C).numpy()), history


def told_apart(coder: Coder, training: data.Dataset, test: data.Dataset) -> float:
    """Share of held-out digits whose nearest training code is of the same digit."""
    known, new = coder.encode(training.X), coder.encode(test.X)
    distances = ((new[:, :, None] - known[:, None, :]) ** 2).sum(axis=0)
    return float(np.mean(training.labels[distances.argmin(axis=1)] == test.labels))


def main(out: Path, lang: str | None = None, epochs: int = 150) -> dict[str, tuple[float, float]]:
    """Train, compare with PCA on held-out digits; returns (error, share told apart) of each."""
    say = words(lang)
    out.mkdir(parents=True, exist_ok=True)
    training, test = data.digits().split(0.2)
    net, history = autoencoder(training.X, epochs)
    sampled = np.linspace(0, epochs - 1, 4, dtype=int)
    print(say("代价：", "cost:"), *(f"{history.cost[i]:.4f}" for i in sampled), end="\n\n")

    coders = {"PCA": pca(training.X), say("自编码器", "autoencoder"): net}
    results = [(coder.error(test.X), told_apart(coder, training, test)) for coder in coders.values()]
    heads = (say("编码", "code"), say("均方误差（没见过的）", "error, unseen"), say("最近邻同类", "nearest is alike"))
    print(table(heads, *((name, f"{e:.4f}", f"{s:.1%}") for name, (e, s) in zip(coders, results, strict=True))))
    (linear, apart), (curved, further) = results
    print(
        say(
            f"\n同样是 {CODE} 个数，自编码器重建没见过的数字，均方误差是 PCA 的 {curved / linear:.0%}（{curved:.4f} 与 "
            f"{linear:.4f}）；它从没见过标签，{further:.1%} 的编码却与同一个数字的编码最近，PCA 是 {apart:.1%}。",
            f"\nWith a code of {CODE} numbers the autoencoder gives back digits it has never seen with "
            f"{curved / linear:.0%} of PCA's squared error ({curved:.4f} and {linear:.4f}). It was told no label, yet "
            f"{further:.1%} of its codes lie nearest to one of the same digit; of PCA's, {apart:.1%}.",
        )
    )
    said = picture_words(say)
    pictures = save_figure(lambda: reconstructed(coders, test, said), out / "reconstructions.png", say)
    pictures += save_figure(lambda: scattered(coders, test), out / "codes.png", say)
    list_files(pictures, say)
    return dict(zip(("pca", "autoencoder"), results, strict=True))


def reconstructed(coders: dict[str, Coder], test: data.Dataset, say: Callable[[str, str], str]) -> Any:
    """One digit of each kind: as it is, and through each code and back."""
    from matplotlib.figure import Figure

    X = test.X[:, [int(np.argmax(test.labels == digit)) for digit in range(SHOWN)]]
    rows = {say("原图", "original"): X} | {name: c.decode(c.encode(X)) for name, c in coders.items()}
    figure = Figure(figsize=(8, 2.9), layout="constrained")
    grid = figure.subplots(len(rows), SHOWN, subplot_kw={"xticks": [], "yticks": []})
    for line, (name, images) in zip(grid, rows.items(), strict=True):
        line[0].set_ylabel(name)
        for axes, image in zip(line, images.T, strict=True):
            axes.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
    return figure


def scattered(coders: dict[str, Coder], test: data.Dataset) -> Any:
    """The codes of held-out digits, each written as the digit it is."""
    from matplotlib import colormaps

    figure, squares = panels(1, len(coders))
    figure.set_size_inches(11, 5.5)
    for square, (name, coder) in zip(squares, coders.items(), strict=True):
        C = coder.encode(test.X)
        square.set_xlim(C[0].min(), C[0].max())
        square.set_ylim(C[1].min(), C[1].max())
        square.set_title(name)
        for (x, y), digit in zip(C.T, test.labels, strict=True):
            square.text(x, y, str(digit), color=colormaps["tab10"](digit), fontsize=8, ha="center", va="center")
    return figure


if __name__ == "__main__":
    run(main, __doc__)
