"""Why a non-linear activation? Without one, any depth collapses to a single layer.

    Z[3] = W[3] (W[2] (W[1] X + b[1]) + b[2]) + b[3] = W X + b
    W = W[3] W[2] W[1],   b = W[3] (W[2] b[1] + b[2]) + b[3]

Three nets learn two sets that no straight line separates: a single layer, three layers without activations, and the
same three with tanh between.

Run: python examples/16_why_nonlinear.py [--lang zh|en] [--out DIR]
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common import draw_regions, list_files, panels, picture_words, right, run, save_figure, table, words

import tinygrad_cn as tg
from tinygrad_cn import data, nn

NETS = {  # name: (in Chinese, sizes after the input, activation of the hidden layers)
    "one layer": ("一层", [1], None),
    "three linear layers": ("三层，无激活函数", [5, 5, 1], None),
    "three layers with tanh": ("三层，tanh", [5, 5, 1], "tanh"),
}


@dataclass
class Result:
    """A trained net, its last cost, and the share of samples it gets right."""

    net: nn.DNN
    cost: float
    accuracy: float


def train(name: str, X: Any, Y: Any, steps: int) -> Result:
    """Gradient descent on all samples at once."""
    _, sizes, hidden = NETS[name]
    net = nn.DNN([len(X), *sizes], hidden=hidden, output="sigmoid", init="xavier", seed=3)
    history = tg.fit(net, X, Y, nn.binary_cross_entropy, 0.3, epochs=steps, progress=False)
    return Result(net, history.cost[-1], right(net, X, Y))


def collapsed(net: nn.DNN) -> tuple[Any, Any]:
    """The one W and b that three layers without activations amount to."""
    W1, b1, W2, b2, W3, b3 = net.state_dict().values()
    return W3 @ W2 @ W1, W3 @ (W2 @ b1 + b2) + b3


def largest_difference(net: nn.DNN, X: Any) -> float:
    """How far Z of the collapsed layer is from that of the net, entry by entry."""
    W, b = collapsed(net)
    with tg.no_grad():
        Z = nn.Sequential(*list(net)[:-1])(X).numpy()
    return float(np.abs(W @ X + b - Z).max())


def boundaries(results: dict[tuple[str, str], Result], sets: dict[str, data.Dataset], say: Any) -> Any:
    """A row a data set, a column a net."""
    figure, squares = panels(len(sets), len(NETS))
    for square, ((points, name), result) in zip(squares, results.items(), strict=True):
        draw_regions(square, result.net, *sets[points])
        square.set_title(f"{say(NETS[name][0], name)}: {result.accuracy:.1%}", fontsize=11)
    return figure


def main(out: Path, lang: str | None = None, steps: int = 3000) -> tuple[dict[tuple[str, str], Result], float]:
    """Train each net on each set; returns the results and how far the collapsed layer is off."""
    say = words(lang)
    out.mkdir(parents=True, exist_ok=True)
    sets = {"flower": data.flower(), "xor": data.xor(400, noise=0.15)}
    results = {(points, name): train(name, *sets[points], steps) for points in sets for name in NETS}

    shown = {"flower": say("花瓣", "flower"), "xor": say("异或", "xor")}
    heads = (say("数据", "data"), say("网络", "net"), say("最后的代价", "last cost"), say("准确率", "accuracy"))
    rows = ((shown[points], say(NETS[name][0], name), r.cost, r.accuracy) for (points, name), r in results.items())
    print(table(heads, *((points, name, f"{J:.6f}", f"{share:.1%}") for points, name, J, share in rows)))

    one, linear, curved = (results["flower", name] for name in NETS)
    _, xor_linear, xor_curved = (results["xor", name] for name in NETS)
    difference = largest_difference(linear.net, sets["flower"].X)
    print("\nW[3] W[2] W[1] =", collapsed(linear.net)[0].round(4), "  W =", one.net.W1.numpy().round(4))
    print(
        say(
            f"\n三层线性层就是一层：W = W[3] W[2] W[1] 给出的 Z 与网络的相差不超过 {difference:.0e}，"
            f"代价也与逻辑回归相同（花瓣上 {linear.cost:.4f} 与 {one.cost:.4f}）；"
            f"中间加上 tanh，花瓣的准确率从 {linear.accuracy:.1%} 升到 {curved.accuracy:.1%}，"
            f"异或从 {xor_linear.accuracy:.1%} 升到 {xor_curved.accuracy:.1%}。",
            f"\nThree linear layers are one: W = W[3] W[2] W[1] gives the net's Z to {difference:.0e}, and the cost is "
            f"that of logistic regression ({linear.cost:.4f} and {one.cost:.4f} on the flower). With tanh between, "
            f"{curved.accuracy:.1%} of the flower is right instead of {linear.accuracy:.1%}, and "
            f"{xor_curved.accuracy:.1%} of xor instead of {xor_linear.accuracy:.1%}.",
        )
    )
    picture = save_figure(lambda: boundaries(results, sets, picture_words(say)), out / "why_nonlinear.png", say)
    list_files(picture, say)
    return results, difference


if __name__ == "__main__":
    run(main, __doc__)
