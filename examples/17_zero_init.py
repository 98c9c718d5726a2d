"""Why not start from zeros? Units that start equal stay equal; a single neuron has nobody to be equal to.

    dZ[1] = W[2]ᵀ dZ[2] ⊙ (1 − A[1]²),   dW[1] = (1/m) dZ[1] Xᵀ

If the rows of W[1] are equal, and so are the entries of W[2], then the rows of A[1], of dZ[1] and of dW[1] are equal,
and after the step those of W[1] are equal again. With W[2] = 0 even dW[1] = 0.

Run: python examples/17_zero_init.py [--lang zh|en] [--out DIR]
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from common import COLOURS, Words, list_files, picture_words, run, save_figure, table, words

from tinygrad_cn import data, nn, optim

STARTS = {  # name: (in Chinese, hidden units, start value of every W)
    "zeros": ("全零", 4, "zeros"),
    "constant 0.5": ("常数 0.5", 4, lambda rng, shape: np.full(shape, 0.5)),
    "random": ("随机", 4, nn.init.normal(0.01)),
    "one unit, random": ("一个单元，随机", 1, nn.init.normal(0.01)),
}


@dataclass
class Course:
    """What each step of a training saw: the cost, the weights W[1] and their gradients dW[1]."""

    cost: list[float] = field(default_factory=list)
    weights: list[Any] = field(default_factory=list)
    gradients: list[Any] = field(default_factory=list)

    def apart(self, step: int) -> float:
        """The largest difference between rows of dW[1], entry by entry."""
        return float(np.ptp(self.gradients[step], axis=0).max())

    @property
    def most_apart(self) -> float:
        """The largest of all steps."""
        return max(self.apart(step) for step in range(len(self.gradients)))


def train(net: nn.DNN, X: Any, Y: Any, steps: int) -> Course:
    """Gradient descent with the notes' learning rate for the flower, 1.2."""
    optimizer = optim.SGD(net.parameters(), lr=1.2)
    seen = Course()
    for _ in range(steps):
        J = nn.binary_cross_entropy(net(X), Y)
        optimizer.zero_grad()
        J.backward()
        seen.cost.append(J.item())
        seen.weights.append(net.W1.numpy().copy())
        seen.gradients.append(net.W1.grad.copy())
        optimizer.step()
    return seen


def train_units(start: str, steps: int) -> Course:
    """A 2-n_h-1 net on the flower."""
    _, n_h, init = STARTS[start]
    net = nn.DNN([2, n_h, 1], hidden="tanh", init=init, seed=np.random.RandomState(2))
    return train(net, *data.flower(), steps)


def train_neuron(init: str, steps: int) -> Course:
    """A single neuron on two half moons."""
    return train(nn.DNN([2, 1], init=init, seed=1), *data.moons(seed=1), steps)


def curves(courses: dict[str, Course], say: Words) -> Any:
    """Above, one weight of each hidden unit over the steps; below, the cost."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 6), layout="constrained")
    several = [name for name, (_, n_h, _) in STARTS.items() if n_h > 1]
    upper, lower = figure.subfigures(2, 1)
    for axes, name in zip(upper.subplots(1, len(several)), several, strict=True):
        lines = axes.plot(np.array(courses[name].weights)[:, :, 0])
        for unit, (line, colour) in enumerate(zip(lines, COLOURS, strict=False)):  # equal lines stay visible
            line.set(color=colour, linewidth=5.5 - 1.3 * unit)
        axes.set_title(
            say(f"{STARTS[name][0]}：四个单元的第一个权重", f"{name}: first weight of four units"), fontsize=10
        )
    axes = lower.subplots()
    for (name, course), colour in zip(courses.items(), COLOURS, strict=False):
        axes.plot(course.cost, color=colour, label=say(STARTS[name][0], name))
    axes.set(xlabel=say("迭代", "step"), ylabel=say("代价", "cost"))
    axes.legend(frameon=False)
    return figure


def main(out: Path, lang: str | None = None, steps: int = 1500) -> tuple[dict[str, Course], dict[str, Course]]:
    """Train from each start; returns what was seen of the nets, and of the single neurons from zeros and random."""
    say = words(lang)
    out.mkdir(parents=True, exist_ok=True)
    courses = {start: train_units(start, steps) for start in STARTS}
    neurons = {init: train_neuron(init, steps) for init in ("zeros", "normal")}

    heads = (
        say("初始值", "start"),
        say("第 0 步的代价", "cost at step 0"),
        say("最后的代价", "last cost"),
        say("dW[1] 各行之差，第 0 步", "rows of dW[1] apart, step 0"),
        say("各步中最大", "at most"),
    )
    rows = []
    for start, seen in courses.items():
        costs = (f"{seen.cost[i]:.6f}" for i in (0, -1))
        rows.append((say(STARTS[start][0], start), *costs, f"{seen.apart(0):.2g}", f"{seen.most_apart:.2g}"))
    print(table(heads, *rows))
    first = say("\n单个神经元从零出发，第 0 步的 dw：", "\nA single neuron from zeros, dw at step 0:")
    print(first, neurons["zeros"].gradients[0].ravel().round(4))

    from_zeros, from_random = (seen.cost[-1] for seen in neurons.values())
    zeros, constant, random, one = courses.values()
    print(
        say(
            f"\n从全零出发，{steps} 步里代价一直是 {zeros.cost[-1]:.4f}；从常数 0.5 出发，四个单元的 dW[1] 始终相差 "
            f"{constant.most_apart:g}，代价停在 {constant.cost[-1]:.4f}，不比一个单元的 {one.cost[-1]:.4f} 好；"
            f"随机初始值打破了对称，代价降到 {random.cost[-1]:.4f}。"
            f"单个神经元可以从零出发：最后的代价 {from_zeros:.4f}，从随机值出发也是 {from_random:.4f}。",
            f"\nFrom zeros the cost stays at {zeros.cost[-1]:.4f} for all {steps} steps. From the constant 0.5 the "
            f"rows of dW[1] differ by {constant.most_apart:g} at every step, and the cost ends at "
            f"{constant.cost[-1]:.4f}, no better than with one unit ({one.cost[-1]:.4f}). Random values break the "
            f"symmetry: {random.cost[-1]:.4f}. A single neuron may start from zeros: it ends at {from_zeros:.4f}, and "
            f"from random values at {from_random:.4f}.",
        )
    )
    list_files(save_figure(lambda: curves(courses, picture_words(say)), out / "zero_init.png", say), say)
    return courses, neurons


if __name__ == "__main__":
    run(main, __doc__)
