"""A net that reads dinosaur names letter by letter and makes up new ones.

    letters    x⟨1⟩ = 0,   x⟨t⟩ = the letter before,   y⟨t⟩ = the letter, or the end of the name
    forward    a⟨t⟩, c⟨t⟩ = LSTM(x⟨t⟩, a⟨t−1⟩, c⟨t−1⟩),   ŷ⟨t⟩ = softmax(Wy a⟨t⟩ + by)
    cost       J = (1/m) Σ over names Σ over letters −log ŷ⟨t⟩ at y⟨t⟩
    sampling   draw a letter from ŷ⟨t⟩, read it in as x⟨t+1⟩, until the end of the name is drawn

Run: python examples/11_names.py [--lang zh|en] [--out DIR]
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from common import list_files, run, save_figure, table, words

import tinygrad_cn as tg
from tinygrad_cn import data, nn, optim

END = 0
ALPHABET = ".abcdefghijklmnopqrstuvwxyz"  # the point is the end of a name
LIMIT = 25  # letters of a made-up name
SIZE = 64  # units of the LSTM


def names() -> list[str]:
    """What `dinosaurs.txt` lists, in small letters."""
    lines = Path(__file__).with_name("dinosaurs.txt").read_text(encoding="utf-8").lower().split("\n")
    return [line for line in lines if line and not line.startswith("#")]


def encoded(texts: list[str]) -> tuple[Any, Any]:
    """X and Y, one-hot (27, m, T). Steps after the end of a name are columns of zeros: they cost nothing."""
    T = max(map(len, texts)) + 1
    Y = np.zeros((len(ALPHABET), len(texts), T))
    for i, text in enumerate(texts):
        letters = [ALPHABET.index(letter) for letter in text]
        Y[[*letters, END], i, range(len(text) + 1)] = 1
    X = np.zeros_like(Y)
    X[:, :, 1:] = Y[:, :, :-1]
    X[END] = 0
    return X, Y


def train(net: Any, X: Any, Y: Any, epochs: int) -> list[float]:
    """Adam on mini-batches, gradients clipped as in the notes; the mean cost of each epoch."""
    optimizer = optim.Adam(net.parameters(), lr=0.01)
    rng = np.random.default_rng(1)
    costs = []
    for epoch in range(epochs):
        optimizer.lr = 0.01 * (1 - epoch / epochs)
        seen = []
        for X_batch, Y_batch in data.minibatches(X, Y, 32, rng):
            J = nn.cross_entropy(net(X_batch), Y_batch)
            optimizer.zero_grad()
            J.backward(keep="leaves")
            optim.clip_grad_value(net.parameters(), 5.0)
            optimizer.step()
            seen.append(J.item())
        costs.append(float(np.mean(seen)))
    return costs


def sample(net: Any, rng: np.random.Generator) -> str:
    """A new name, letter by letter."""
    lstm, output = net
    cell = lstm.cells[0]
    x, state, text = np.zeros((len(ALPHABET), 1)), (), ""
    with tg.no_grad():
        while len(text) < LIMIT:
            state = cell(x, *state)
            chances = nn.softmax(output(state[0])).numpy()[:, 0]
            letter = int(rng.choice(len(ALPHABET), p=chances))
            if letter == END:
                break
            text += ALPHABET[letter]
            x = np.eye(len(ALPHABET))[:, letter : letter + 1]
    return text.capitalize()


def cost_of(net: Any, X: Any, Y: Any) -> float:
    with tg.no_grad():
        return float(nn.cross_entropy(net(X), Y))


def main(out: Path, lang: str | None = None, epochs: int = 30) -> tuple[float, float, list[str]]:
    """Train and sample; returns the cost on unseen names before and after, and five samples."""
    say = words(lang)
    out.mkdir(parents=True, exist_ok=True)
    known = names()
    order = np.random.default_rng(0).permutation(len(known))
    training, unseen = ([known[i] for i in part] for part in np.split(order, [len(known) * 9 // 10]))
    X, Y = encoded(training)
    print(
        say(
            f"{len(training)} 个恐龙名用来训练，{len(unseen)} 个留作测试；X 是 {X.shape}：(字母, 名字, 时间步)。\n",
            f"{len(training)} names to learn from, {len(unseen)} to test with; X is {X.shape}: letters, names, time.\n",
        )
    )

    net = nn.Sequential(nn.LSTM(len(ALPHABET), SIZE, seed=1), nn.Dense(SIZE, len(ALPHABET), init="xavier", seed=2))
    before = cost_of(net, *encoded(unseen))
    costs = train(net, X, Y, epochs)
    after = cost_of(net, *encoded(unseen))
    rows = ((i + 1, f"{costs[i]:.2f}") for i in sorted({*range(0, epochs, max(1, epochs // 5)), epochs - 1}))
    print(table((say("轮次", "epoch"), say("每个名字的代价", "cost per name")), *rows))

    rng = np.random.default_rng(3)
    made_up = [sample(net, rng) for _ in range(5)]
    new = sum(name.lower() not in known for name in made_up)
    print(
        say(
            f"\n没见过的名字：训练前代价 {before:.2f}，训练后 {after:.2f}。\n",
            f"\nNames it has never seen cost {before:.2f} each before training and {after:.2f} after.\n",
        )
    )
    print(say(f"采样五个，其中 {new} 个不在名单里：", f"Five samples, {new} of them not in the list:"))
    print(*(f"  {name}" for name in made_up), sep="\n")

    def cost_curve() -> Any:
        return tg.History(epochs=list(range(epochs)), cost=costs).plot(lang)[0].figure

    list_files(save_figure(cost_curve, out / "names.png", say), say)
    return before, after, made_up


if __name__ == "__main__":
    run(main, __doc__)
