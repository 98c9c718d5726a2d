"""A deep net on real handwritten digits: its matrix dimensions, its training, its chain, its gradients by hand.

    forward    Z[l] = W[l] A[l-1] + b[l],   A[l] = relu(Z[l]),   A[L] = softmax(Z[L])
    backward   dZ[L] = A[L] − Y,   dZ[l] = W[l+1]ᵀ dZ[l+1] ⊙ 1{Z[l] > 0},   dW[l] = (1/m) dZ[l] A[l-1]ᵀ

Run: python examples/03_deep_net_digits.py [--lang zh|en] [--out DIR]
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from common import list_files, run, table, words

import tinygrad_cn as tg
from tinygrad_cn import data, nn, optim

SHOWN = 8  # samples whose chain is drawn and compared


def derived_by_hand(chain: Any, Y: Any) -> dict[str, Any]:
    """The notes' backward pass, from the values of the forward pass."""
    L, m = len(chain.layers), Y.shape[1]
    grads = {f"dZ{L}": chain[f"A{L}"] - Y}
    for l in range(L, 0, -1):
        dZ, A_prev = grads[f"dZ{l}"], chain[f"A{l - 1}"]
        grads[f"dW{l}"] = dZ @ A_prev.T / m
        grads[f"db{l}"] = np.sum(dZ, axis=1, keepdims=True) / m
        if l > 1:
            grads[f"dZ{l - 1}"] = chain[f"W{l}"].T @ dZ * (chain[f"Z{l - 1}"] > 0)
    return grads


def main(out: Path, lang: str | None = None, epochs: int = 40) -> tuple[tg.History, Any, Any]:
    """Train, draw, compare, check; returns the history and both reports."""
    say = words(lang)
    out.mkdir(parents=True, exist_ok=True)
    training, test = data.digits().split(0.2)
    net = nn.DNN([64, 64, 32, 10], hidden="relu", output="softmax", init="he", seed=1)
    print(net.summary(m=training.m, lang=lang))

    loss = nn.categorical_cross_entropy
    history = tg.fit(
        net, training.X, training.Y, loss, optim.Adam(net.parameters(), lr=0.002), epochs, batch_size=64,
        validation=test, progress=False,
    )  # fmt: skip
    shown = [*range(0, epochs - 1, max(1, epochs // 5)), epochs - 1]
    heads = (
        say("轮次", "epoch"),
        say("代价", "cost"),
        say("训练集准确率", "training"),
        say("测试集准确率", "held out"),
    )
    rows = ((i, history.cost[i], history.accuracy[i], history.val_accuracy[i]) for i in shown)
    print("", table(heads, *((i, f"{J:.4f}", f"{a:.1%}", f"{b:.1%}") for i, J, a, b in rows)), sep="\n")
    accuracy = history.val_accuracy[-1]
    print(
        say(
            f"\n{epochs} 轮之后，{test.m} 张没见过的数字认对了 {accuracy:.1%}。\n",
            f"\nAfter {epochs} epochs the net reads {accuracy:.1%} of {test.m} digits it has never seen.\n",
        )
    )

    X, Y = training.take(range(SHOWN))
    J = loss(net(X), Y)
    J.backward()
    chain = J.chain(lang=lang)
    report = tg.compare(chain, derived_by_hand(chain, Y))
    print(report)

    print(say("\n第 2 层再用数值梯度检查：", "\nLayer 2 once more, against numeric gradients:"))
    check = tg.gradcheck(lambda W, b: nn.relu(W @ chain["A1"] + b), [net.W2, net.b2], lang=lang)
    print(check)
    list_files([chain.draw(out / "digits.svg")], say)
    return history, report, check


if __name__ == "__main__":
    run(main, __doc__)
