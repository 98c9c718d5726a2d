"""Right gradients, to be agreed with: random nets, other ways to write the same, other roundings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import tinygrad_cn as tg

from .mutants import Draw, exercises
from .student import HANDED, DenseHomework, Net, homework, saturated

REWRITES = (
    ("relu", "dZ{l}", "np.where(Z{l} >= 0, dA{l}, 0)"),
    ("relu", "dZ{l}", "np.multiply(dA{l}, np.int64(A{l} > 0))"),
    ("tanh", "dZ{l}", "(1 + A{l}) * (1 - A{l}) * dA{l}"),
    ("tanh", "dZ{l}", "dA{l} * (1 - np.tanh(Z{l}) ** 2)"),
    ("tanh", "dZ{l}", "dA{l} / np.cosh(Z{l}) ** 2"),
    ("sigmoid", "dZ{l}", "dA{l} * np.exp(-Z{l}) / (1 + np.exp(-Z{l})) ** 2"),
    ("sigmoid", "dZ{l}", "dA{l} * A{l} * (1 - A{l})"),
)


def right_ones(n: int, seed: int = 0) -> Iterator[tuple[DenseHomework, dict[str, Any], str]]:
    """Right gradients of random nets: depth 1 to 10, both conventions and dtypes, saturated, m from 1 to 300."""
    rng = np.random.default_rng(seed)
    for k in range(n):
        net = _random_net(rng)
        dtype, convention = rng.choice([np.float64, np.float32]), str(rng.choice(["course", "autograd"]))
        work = homework(net, seed + k, dtype, convention)
        changed = _rewritten(work, rng) if rng.random() < 0.5 else {}
        hand = work.hand(changed)
        again = work.hand(_rounded(work, changed, rng))
        hand = hand if rng.random() < 0.7 else again
        if not all(np.isfinite(v).all() for v in hand.values()):
            hand = {k: v for k, v in work.hand().items() if np.isfinite(v).all() and k[:2] != "dA"}
        hand = {k: v for k, v in hand.items() if k[:2] in HANDED[str(rng.choice(list(HANDED)))]}
        yield work, hand, f"{net} {np.dtype(dtype)} {convention} {changed}"


def _random_net(rng: np.random.Generator) -> Net:
    depth = int(rng.integers(1, 11))
    sizes = tuple(int(s) for s in rng.choice([1, 2, 3, 5, 7, 11], depth + 1))
    heads = [
        ("sigmoid", "binary_cross_entropy"),
        ("softmax", "categorical_cross_entropy"),
        ("linear", "mse"),
        ("sigmoid", "half_mse"),
    ]
    output, loss = heads[rng.integers(len(heads))]
    if output == "softmax":
        sizes = (*sizes[:-1], int(rng.choice([2, 3, 5])))
    hidden = str(rng.choice(["tanh", "relu", "sigmoid", "leaky_relu"]))
    keep = float(rng.choice([1.0, 1.0, 0.8])) if hidden == "relu" else 1.0
    net = Net(
        "random",
        sizes,
        hidden,
        output,
        loss,
        m=int(rng.choice([1, 2, 13, 101, 300])),
        lambd=float(rng.choice([0.0, 0.7])),
        keep_prob=keep,
    )
    return saturated(net, float(rng.choice([1, 1, 5, 20])))


def _rewritten(work: DenseHomework, rng: np.random.Generator) -> dict[str, str]:
    """The same gradients, written in other ways."""
    changed = {}
    for l in range(1, work.net.depth + 1):
        rows = [row for row in REWRITES if row[0] == work.net.activation(l) and f"dZ{l}" in work.program]
        rows = [] if work.net.keep_prob < 1 and work.net.activation(l) == "relu" else rows
        if rows:
            _, name, line = rows[rng.integers(len(rows))]
            changed[name.format(l=l)] = line.format(l=l)
    return changed


def _rounded(work: DenseHomework, changed: dict[str, str], rng: np.random.Generator) -> dict[str, str]:
    """Let every intermediate value of the student's pass differ from ours in its last bits."""
    scope = work.values
    for l in range(1, work.net.depth + 1):
        for key in (f"Z{l}", f"A{l}"):
            eps = np.finfo(scope[key].dtype).eps
            moved = (scope[key] * (1 + eps * rng.integers(-1, 2, scope[key].shape))).astype(scope[key].dtype)
            bounded = key[0] == "A" and work.net.activation(l) in ("sigmoid", "tanh", "softmax")
            scope[key] = np.clip(moved, -1, 1) if bounded else moved
    return changed


def false_alarms(n: int, seed: int = 0) -> list[str]:
    """Right gradients that were called wrong."""
    found = []
    for work, hand, label in right_ones(n, seed):
        report = tg.compare(work.J, hand, convention=work.convention, lang="en")
        if not report.ok:
            found.append(f"{label}\n{report}")
    return found


def family_alarms(draw: Draw, n: int, seed: int = 0) -> list[str]:
    """The same of another family, each with all it may hand over; n drawn apart from those mistakes are made in."""
    found = []
    for k, work in enumerate(exercises(draw, n, seed + 1)):
        starts = list(work.handed.values())[k % len(work.handed)]
        report = tg.compare(work.chain, {k: v for k, v in work.hand().items() if k.startswith(starts)}, lang="en")
        if not report.ok:
            found.append(f"{work.label}\n{report}")
    return found
