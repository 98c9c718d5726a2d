"""PCA by gradient descent: the principal components of the digits, found without any eigenvector.

    code      C = W X            W is (k, 64), X the digits minus their mean
    back      X̂ = Wᵀ C
    cost      J = (1/m) Σ‖X − Wᵀ W X‖²

The cost is least when the rows of W are an orthonormal basis of the space of the first k principal components, though
nothing demands it (P. Baldi and K. Hornik, "Neural networks and principal component analysis", Neural Networks 2,
1989). How far the two spaces are apart is their largest principal angle: its sine is the norm of (I − U Uᵀ) Q, where
the columns of U and of Q are orthonormal bases of the two (Å. Björck and G. Golub, "Numerical methods for computing
angles between linear subspaces", Math. Comp. 27, 1973).

Run: python examples/15_pca_by_gradient.py [--lang zh|en] [--out DIR]
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from common import COLOURS, list_files, picture_words, run, save_figure, table, words

import tinygrad_cn as tg
from tinygrad_cn import data, optim

K = 4  # components
RATE = 0.02


def principal_angle(W: Any, U: Any) -> float:
    """The largest angle between the space of the rows of W and that of the columns of U, in degrees."""
    Q = np.linalg.qr(W.T)[0]
    rest = Q - U @ (U.T @ Q)  # the sine keeps its digits where the angle is small, the cosine would not
    return float(np.rad2deg(np.arcsin(min(1.0, np.linalg.norm(rest, 2)))))


def components(W: Any, X: Any) -> Any:
    """The principal axes within the space of W, largest variance first, (n, k): W gives the space alone."""
    Q = np.linalg.qr(W.T)[0]
    return Q @ np.linalg.svd(Q.T @ X, full_matrices=False)[0]


def main(out: Path, lang: str | None = None, steps: int = 400) -> dict[str, Any]:
    """Descend, compare with the SVD; returns what was found."""
    say = words(lang)
    out.mkdir(parents=True, exist_ok=True)
    X = data.digits().X
    X = X - X.mean(axis=1, keepdims=True)
    m = X.shape[1]
    U, s, _ = np.linalg.svd(X, full_matrices=False)
    least = float(np.sum(s[K:] ** 2)) / m  # what no code of k numbers can do better than

    W = tg.tensor(0.1 * np.random.default_rng(1).standard_normal((K, len(X))), requires_grad=True, name="W")
    optimizer = optim.Momentum([W], RATE, form="torch")
    costs, angles, rows = [], [], []
    for step in range(steps):
        J = np.sum((X - W.T @ (W @ X)) ** 2) / m
        optimizer.zero_grad()
        J.backward(keep="leaves")
        costs.append(J.item())
        angles.append(principal_angle(W.numpy(), U[:, :K]))
        if step in np.unique(np.geomspace(1, steps, 8).astype(int) - 1):
            rows.append((step, f"{costs[-1]:.6f}", f"{angles[-1]:.2g}°", f"{off_orthonormal(W.numpy()):.1e}"))
        optimizer.step()
    angle, off = principal_angle(W.numpy(), U[:, :K]), off_orthonormal(W.numpy())

    print(table((say("步", "step"), "J", say("主夹角", "principal angle"), "‖W Wᵀ − I‖"), *rows))
    kept = 1 - least / float(np.sum(s**2) / m)
    print(
        say(
            f"\n{steps} 步之后，W 的行与 SVD 的前 {K} 个主成分张成同一个空间：最大主夹角 {angle:.1e} 度，代价 "
            f"{costs[-1]:.6f} 就是奇异值给出的最小值 {least:.6f}（保留了 {kept:.1%} 的方差）。没有人要求 W 正交，"
            f"它却成了正交的：‖W Wᵀ − I‖ = {off:.1e}。",
            f"\nAfter {steps} steps the rows of W span the space of the first {K} principal components of the SVD: the "
            f"largest principal angle is {angle:.1e} degrees, and the cost {costs[-1]:.6f} is the least there is by "
            f"the singular values, {least:.6f} ({kept:.1%} of the variance is kept). Nothing asked for orthonormal "
            f"rows, yet they are: ‖W Wᵀ − I‖ = {off:.1e}.",
        )
    )
    found = components(W.numpy(), X)
    said = picture_words(say)
    list_files(save_figure(lambda: drawn(found, U[:, :K], angles, said), out / "pca.png", say), say)
    return {"angle": angle, "off": off, "cost": costs[-1], "least": least, "components": found, "U": U[:, :K]}


def off_orthonormal(W: Any) -> float:
    """How far the rows of W are from orthonormal."""
    return float(np.linalg.norm(W @ W.T - np.eye(len(W)), 2))


def drawn(found: Any, U: Any, angles: list[float], say: Callable[[str, str], str]) -> Any:
    """The components as images, those of the SVD below, and the angle step by step."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.6), layout="constrained")
    left, right = figure.subfigures(1, 2)
    signs = np.sign(np.sum(found * U, axis=0))  # a component and its negative are the same
    grid = left.subplots(2, K, subplot_kw={"xticks": [], "yticks": []})
    for line, name, images in zip(grid, (say("梯度下降", "gradient"), "SVD"), (found * signs, U), strict=True):
        line[0].set_ylabel(name)
        for axes, image in zip(line, images.T, strict=True):
            axes.imshow(image.reshape(8, 8), cmap="RdBu", vmin=-0.4, vmax=0.4)
    axes = right.subplots()
    axes.semilogy(angles, color=COLOURS[0])
    axes.set_xlabel(say("步", "step"))
    axes.set_ylabel(say("最大主夹角（度）", "largest principal angle (degrees)"))
    axes.grid(alpha=0.3)
    return figure


if __name__ == "__main__":
    run(main, __doc__)
