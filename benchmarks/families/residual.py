"""Residual nets: a layer, one or two blocks of one or two layers each with a skip past them, and a softmax.

A skip ends before the last activation of its block, A = g(Z + A_prev), or behind it, H = g(Z) + A_prev.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import tinygrad_cn as tg
from tinygrad_cn import nn

from ..homework import Exercise, Facts, Program, Row, Spot
from .common import common, cost, derivative, of_activation, scaled

RECORDED = {"tanh": nn.tanh, "relu": nn.relu, "sigmoid": nn.sigmoid}
HANDED = {
    "everything": ("d",),
    "dZ and parameters": ("dZ", "dW", "db"),
    "parameters": ("dW", "db"),
}


@dataclass(frozen=True)
class Layer:
    """W A + b of one layer; the skip that ends in it, if one does, starts from the output of layer `skips`."""

    activation: str
    skips: int | None = None
    inside: bool = False  # whether the skip is added before the activation


def draw(rng: np.random.Generator) -> Exercise:
    """A net, its data, and its backward pass."""
    m, dtype, convention = common(rng)
    n, n_x, classes = int(rng.integers(2, 7)), int(rng.integers(2, 7)), 3
    layers = [_layer(rng)]
    for _ in range(int(rng.integers(1, 3))):
        start = len(layers)
        layers += [_layer(rng) for _ in range(int(rng.integers(0, 2)))]
        layers.append(Layer(_layer(rng).activation, start, bool(rng.random() < 0.5)))
    sizes = [n_x, *[n] * len(layers), classes]
    W = [
        tg.tensor((rng.standard_normal(s) / np.sqrt(s[1])).astype(dtype), True)
        for s in zip(sizes[1:], sizes, strict=False)
    ]
    b = [tg.tensor((0.3 * rng.standard_normal((k, 1))).astype(dtype), True) for k in sizes[1:]]
    X = rng.standard_normal((n_x, m)).astype(dtype)
    J, error = cost(lambda X: W[-1] @ _forward(layers, W, b, X) + b[-1], X, classes, rng, (m,))
    chain = J.chain(convention=convention)
    values = {name: chain[name] for name in chain if not name.startswith("d") and name != "J"}
    values |= {"m": m, "error": error}
    lines: Program = {}
    spots = []
    for spot, line in _lines(layers, " / m" if convention == "course" else ""):
        lines |= dict.fromkeys(spot.lines, line)
        spots += [spot] if spot.kind else []
    label = f"{layers} n={n} n_x={n_x} m={m} {np.dtype(dtype)} {convention}"
    return Exercise(label, J, values, lines, convention, tuple(spots), ROWS, HANDED)


def _layer(rng: np.random.Generator) -> Layer:
    return Layer(str(rng.choice(list(RECORDED))))


def _forward(layers: list[Layer], W: list[Any], b: list[Any], X: Any) -> Any:
    outputs = [X]
    for l, layer in enumerate(layers, 1):
        Z = W[l - 1] @ outputs[-1] + b[l - 1]
        g = RECORDED[layer.activation]
        if layer.skips is None:
            outputs.append(g(Z))
        else:
            skip = outputs[layer.skips]
            outputs.append(g(Z + skip) if layer.inside else g(Z) + skip)
    return outputs[-1]


# ---- the right backward pass ------------------------------------------------------------------------------


def _lines(layers: list[Layer], over_m: str) -> Iterator[tuple[Spot, str]]:
    """Each line with its place in the tables, from the cost back."""
    L = len(layers) + 1
    outputs = ["A0", *(_output(l, layer) for l, layer in enumerate(layers, 1))]
    yield Spot("", {f"dZ{L}": {}}), "error" if over_m else "error / m"
    yield from _parameters(L, outputs[L - 1], over_m)
    skipped: dict[int, str] = {}  # what comes back past a block, by the layer it goes to
    for l in range(L - 1, 0, -1):
        layer, out = layers[l - 1], outputs[l]
        branch = f"W{l + 1}.T @ dZ{l + 1}"
        facts: Facts = {"branch": branch, "skip": skipped.get(l, ""), "W": f"W{l + 1}", "dZ": f"dZ{l + 1}"}
        kind = "skip" if l in skipped else "plain"
        yield Spot(kind, {f"d{out}": facts}), " + ".join(filter(None, [branch, skipped.get(l, "")]))
        A, Z = f"A{l}", f"H{l}" if layer.inside else f"Z{l}"
        if layer.skips is not None and not layer.inside:
            yield Spot("passed", {f"dA{l}": {"d": f"dH{l}"}}), f"dH{l} * 1.0"
        prime = derivative(layer.activation, Z, A)
        facts = {"dA": f"dA{l}", "prime": prime, "activation": layer.activation, "Z": Z, "A": A}
        yield Spot("activation", {f"d{Z}": facts}), f"dA{l} * {prime}"
        if layer.inside:
            yield Spot("passed", {f"dZ{l}": {"d": f"dH{l}"}}), f"dH{l} * 1.0"
        if layer.skips is not None:
            skipped[layer.skips] = f"dH{l}"
        yield from _parameters(l, outputs[l - 1], over_m)


def _output(l: int, layer: Layer) -> str:
    """What leaves a layer."""
    return f"H{l}" if layer.skips is not None and not layer.inside else f"A{l}"


def _parameters(l: int, a: str, over_m: str) -> Iterator[tuple[Spot, str]]:
    facts = {"dZ": f"dZ{l}", "a": a}
    yield Spot("dW", {f"dW{l}": facts}), f"dZ{l} @ {a}.T{over_m}"
    yield Spot("db", {f"db{l}": facts}), f"np.sum(dZ{l}, axis=1, keepdims=True){over_m}"


# ---- mistakes ---------------------------------------------------------------------------------------------

ROWS: tuple[Row, ...] = (
    Row("missing_term", "skip", "{branch}"),
    Row("missing_term", "skip", "{skip} * 1.0"),
    Row("sign", "skip", "{branch} - {skip}"),
    Row("constant_factor", "skip", "{branch} + 2 * {skip}"),
    Row("constant_factor", "skip", "({branch} + {skip}) / 2"),
    Row("transposed", "skip", "{W} @ {dZ} + {skip}"),
    Row("sign", "plain", "-{right}"),
    Row("constant_factor", "passed", "{d} / 2"),
    Row("sign", "passed", "-{d}"),
    *of_activation("activation"),
    *scaled("dW"),
    Row("transposed", "dW", "{right}.T"),
    *scaled("db"),
    Row("lost_keepdims", "db", "np.sum({dZ}, axis=1){over_m}"),
    Row("wrong_axis", "db", "np.sum({dZ}, axis=0, keepdims=True){over_m}"),
)  # fmt: skip
