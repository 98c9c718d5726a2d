"""A single neuron tells handwritten 3s from 8s: logistic regression with every formula of the notes spelled out.

    z = wᵀX + b,   a = σ(z),   J = −(1/m) Σ (y log a + (1 − y) log(1 − a))
    dz = a − y,    dw = (1/m) X dzᵀ,    db = (1/m) Σ dz

Run: python examples/01_single_neuron.py [--lang zh|en] [--out DIR]
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from common import list_files, run, save_figure, table, words

import tinygrad_cn as tg
from tinygrad_cn import data


def neuron(X: Any, w: Any, b: Any) -> tuple[Any, Any]:
    """z and a, both (1, m)."""
    z = w.T @ X + b
    a = 1 / (1 + np.exp(-z))
    return z, a


def cross_entropy(a: Any, Y: Any) -> Any:
    return -(Y * np.log(a) + (1 - Y) * np.log(1 - a)).mean()


def derived_by_hand(X: Any, Y: Any, a: Any) -> dict[str, Any]:
    """The notes' three formulas, in NumPy alone."""
    m = X.shape[1]
    dz = a - Y
    return {"dz": dz, "dw": X @ dz.T / m, "db": np.sum(dz) / m}


def train(X: Any, Y: Any, steps: int, learning_rate: float) -> tuple[Any, Any, list[float]]:
    """Gradient descent from zeros; the cost before each step."""
    w: Any = tg.tensor(np.zeros((X.shape[0], 1)), requires_grad=True)
    b: Any = tg.tensor(0.0, requires_grad=True)
    costs = []
    for _ in range(steps):
        _, a = neuron(X, w, b)
        J = cross_entropy(a, Y)
        w.grad = b.grad = None  # gradients of leaves add up, so start each step without
        J.backward()
        w.data -= learning_rate * w.grad
        b.data -= learning_rate * b.grad
        costs.append(J.item())
    return w, b, costs


def threes_and_eights() -> tuple[Any, Any, Any, Any]:
    """X (64, m) and Y (1, m), 1 for an eight, to train on and to test with."""
    digits = data.digits()
    pair = digits.take(np.flatnonzero(np.isin(digits.labels, [3, 8])))
    training, test = pair.split(0.2)
    return training.X, training.Y[8:9], test.X, test.Y[8:9]


def main(out: Path, lang: str | None = None, steps: int = 500, learning_rate: float = 0.1) -> tuple[list[float], float]:
    """Train, compare, draw; returns the costs and the accuracy on the test digits."""
    say = words(lang)
    out.mkdir(parents=True, exist_ok=True)
    X, Y, X_test, Y_test = threes_and_eights()
    print(say(f"3 与 8：{X.shape[1]} 张训练，", f"3s and 8s: {X.shape[1]} to train on, "), end="")
    print(say(f"{X_test.shape[1]} 张测试。\n", f"{X_test.shape[1]} to test with.\n"))

    w, b, costs = train(X, Y, steps, learning_rate)
    shown = range(0, steps, max(1, steps // 5))
    print(table((say("迭代", "step"), say("代价", "cost")), *((i, f"{costs[i]:.6f}") for i in shown)))
    right = [float(np.mean((neuron(A, w, b)[1] > 0.5) == B)) for A, B in ((X, Y), (X_test, Y_test))]
    print(
        say(
            f"\n{steps} 步之后，训练集准确率 {right[0]:.1%}，没见过的数字 {right[1]:.1%}。\n",
            f"\nAfter {steps} steps the neuron is right on {right[0]:.1%} of the digits it was trained on, "
            f"and on {right[1]:.1%} of those it has never seen.\n",
        )
    )

    z, a = neuron(X, w, b)
    J = cross_entropy(a, Y)
    J.backward()
    chain = J.chain(names={"w": w, "b": b, "z": z, "a": a, "X": X, "Y": Y}, lang=lang)
    print(tg.compare(chain, derived_by_hand(X, Y, a.numpy())))

    def cost_curve() -> Any:
        return tg.History(epochs=list(range(steps)), cost=costs).plot(lang)[0].figure

    list_files([chain.draw(out / "neuron.svg"), *save_figure(cost_curve, out / "cost.png", say)], say)
    return costs, right[1]


if __name__ == "__main__":
    run(main, __doc__)
