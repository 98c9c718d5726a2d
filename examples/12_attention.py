"""Attention and a recurrent net reverse sequences of ten digits.

    attention  S = Qᵀ K / √d,   α = softmax(S),   C = V αᵀ: step t looks at all steps at once, and takes what it needs
    LSTM       reads from both ends, and must carry every digit in its state until it is due

Both read the digits x⟨1⟩ … x⟨10⟩ and give ŷ⟨1⟩ … ŷ⟨10⟩, which should be the digits from the last to the first.
Attention does not know the order of steps by itself: waves of sine and cosine are added to each step.

Run: python examples/12_attention.py [--lang zh|en] [--out DIR]
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common import COLOURS, Words, list_files, picture_words, run, save_figure, table, words

import tinygrad_cn as tg
from tinygrad_cn import nn, optim

DIGITS, T, N = 10, 10, 16  # N numbers stand for a digit
SMALL, LARGE = 8, 32  # units of the LSTMs, in each direction


@dataclass
class Result:
    """A net, its size, and how many digits and whole sequences it gets right that it has never seen."""

    units: int  # of an LSTM, 0 for attention
    net: nn.Sequential
    digits: list[float]  # after each epoch
    sequences: float

    def name(self, say: Words) -> str:
        lstm = say(f"双向 LSTM，{self.units} 个单元", f"two-way LSTM, {self.units} units")
        return lstm if self.units else say("注意力", "attention")

    @property
    def size(self) -> int:
        return sum(parameter.size for parameter in self.net.parameters())


def sequences(m: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """Digits (1, m, T), and the same backwards, one-hot (10, m, T)."""
    digits = rng.integers(0, DIGITS, (m, T))
    return digits[None], np.eye(DIGITS)[digits[:, ::-1]].transpose(2, 0, 1)


def attention() -> nn.Sequential:
    return nn.Sequential(
        nn.Embedding(DIGITS, N, seed=1),
        nn.PositionalEncoding(N),
        nn.MultiHeadAttention(N, heads=1, seed=2),
        nn.Dense(N, DIGITS, init="xavier", seed=3),
    )


def recurrent(units: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Embedding(DIGITS, N, seed=1),
        nn.LSTM(N, units, bidirectional=True, seed=2),
        nn.Dense(2 * units, DIGITS, init="xavier", seed=3),
    )


def train(units: int, known: Any, unseen: Any, epochs: int) -> Result:
    """Adam on mini-batches of 50."""
    net = recurrent(units) if units else attention()
    history = tg.fit(
        net, *known, nn.cross_entropy, optim.Adam(net.parameters(), lr=0.01), epochs, batch_size=50, validation=unseen,
        progress=False,
    )  # fmt: skip
    X, Y = unseen
    with tg.no_grad():
        right = net(X).numpy().argmax(axis=0) == Y.argmax(axis=0)
    return Result(units, net, history.val_accuracy, float(right.all(axis=1).mean()))


def weights_of(net: nn.Sequential, X: Any) -> Any:
    """α of every sequence, (m, T, T): row t says where ŷ⟨t⟩ looks."""
    with tg.no_grad():
        return net[2].attend(net[:2](X)).weights.numpy()[:, 0]


def picture(results: list[Result], X: Any, say: Words) -> Any:
    """Where attention looks in one sequence, and the digits right after each epoch."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.6), layout="constrained")
    look, learn = figure.subplots(1, 2)
    digits = [str(digit) for digit in X[0, 0]]
    image = look.imshow(weights_of(results[0].net, X[:, :1])[0], cmap="Blues", vmin=0, vmax=1)
    look.set(xticks=range(T), xticklabels=digits, yticks=range(T), yticklabels=digits[::-1])
    look.set(
        xlabel=say("读入的数字（键）", "digits read: keys"),
        ylabel=say("应给出的数字（查询）", "digits to give: queries"),
    )
    look.set_title(say("注意力权重 α：每行之和为 1", "attention weights α: each row sums to 1"))
    figure.colorbar(image, ax=look)
    for result, colour in zip(results, COLOURS, strict=False):
        epochs = range(1, len(result.digits) + 1)
        learn.plot(epochs, result.digits, color=colour, label=f"{result.name(say)}: {result.size:,}")
    learn.axhline(1 / DIGITS, color="grey", linewidth=0.8)
    learn.set(ylim=(0, 1.02), xticks=range(0, len(results[0].digits) + 1, 5), xlabel=say("轮次", "epoch"))
    learn.set_title(say("没见过的序列里答对的数字（灰线：瞎猜）", "digits right in unseen sequences (grey: guessing)"))
    learn.legend(framealpha=1, edgecolor="none", title=say("参数个数", "parameters"))
    return figure


def main(out: Path, lang: str | None = None, epochs: int = 20, m: int = 2000) -> tuple[list[Result], float]:
    """Train the nets and look at the weights; returns the results, and how often attention looks at the right step."""
    say = words(lang)
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    known, unseen = sequences(m, rng), sequences(500, rng)
    print(
        say(
            f"任务：把 {T} 个数字倒过来。{m} 个序列用来训练，500 个没见过的用来测试。\n",
            f"The task: {T} digits backwards. {m} sequences to learn from, 500 unseen ones to test with.\n",
        )
    )
    results = [train(units, known, unseen, epochs) for units in (0, SMALL, LARGE)]
    heads = (
        say("网络", "net"),
        say("参数个数", "parameters"),
        say("答对的数字", "digits right"),
        say("全对的序列", "sequences right"),
    )
    rows = ((r.name(say), f"{r.size:,}", f"{r.digits[-1]:.1%}", f"{r.sequences:.1%}") for r in results)
    print(table(heads, *rows))

    first, small, _ = results
    looks = float(np.mean(weights_of(first.net, unseen[0]).argmax(axis=2) == np.arange(T)[::-1]))
    print(
        say(
            f"\n{epochs} 轮之后，{first.size:,} 个参数的注意力把 {first.sequences:.1%} 的序列完全倒对；"
            f"{small.size:,} 个参数的 LSTM 只答对 {small.digits[-1]:.1%} 的数字。\n"
            f"注意力不必记住任何数字：在 {looks:.1%} 的步上，权重最大的正是第 T + 1 − t 步。",
            f"\nAfter {epochs} epochs attention with {first.size:,} parameters turns {first.sequences:.1%} of the "
            f"sequences round without a mistake;\nthe LSTM with {small.size:,} gets {small.digits[-1]:.1%} of the "
            f"digits right. Attention need not remember any digit:\nat {looks:.1%} of the steps the largest weight "
            "is that of step T + 1 − t.",
        )
    )

    J = nn.cross_entropy(first.net(unseen[0]), unseen[1])
    J.backward()
    chain = out / "attention_chain.svg"
    J.chain(lang=lang).draw(chain)
    pictures = save_figure(lambda: picture(results, unseen[0], picture_words(say)), out / "attention.png", say)
    list_files([*pictures, chain], say)
    return results, looks


if __name__ == "__main__":
    run(main, __doc__)
