"""Residual nets: a layer, one or two blocks of one or two layers each with a skip past them, and a softmax.

A skip ends before the last activation of its block, A = g(Z + A_prev), or behind it, H = g(Z) + A_prev.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import tinygrad_cn as tg
from tinygrad_cn import nn

from ..homework import Exercise, Row
from .common import cost, derivative, draft, of_activation, scaled
from .draft import Draft, recorded

CLASSES = 3

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

    def output(self, l: int) -> str:
        """What leaves the layer."""
        return f"H{l}" if self.skips is not None and not self.inside else f"A{l}"


def draw(rng: np.random.Generator) -> Exercise:
    """A net, its data, and its backward pass."""
    work = draft(rng)
    n, n_x = int(rng.integers(2, 7)), int(rng.integers(2, 7))
    layers = [_layer(rng)]
    for _ in range(int(rng.integers(1, 3))):
        start = len(layers)
        layers += [_layer(rng) for _ in range(int(rng.integers(0, 2)))]
        layers.append(Layer(_layer(rng).activation, start, bool(rng.random() < 0.5)))
    sizes = [n_x, *[n] * len(layers), CLASSES]
    shapes = list(zip(sizes[1:], sizes, strict=False))
    W = [tg.tensor((rng.standard_normal(s) / s[1] ** 0.5).astype(work.dtype), True) for s in shapes]
    b = [tg.tensor((0.3 * rng.standard_normal((k, 1))).astype(work.dtype), True) for k, _ in shapes]
    X = rng.standard_normal((n_x, work.m)).astype(work.dtype)
    J, error = cost(lambda X: W[-1] @ _forward(layers, W, b, X) + b[-1], X, CLASSES, rng, (work.m,))
    _backward(work, layers)
    return work.exercise(f"{layers} n={n} n_x={n_x}", J, error, recorded(J, work.convention), ROWS, HANDED)


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


def _backward(work: Draft, layers: list[Layer]) -> None:
    """Lines from the cost back, and where mistakes are made."""
    outputs = ["A0", *(layer.output(l) for l, layer in enumerate(layers, 1))]
    skipped: dict[int, str] = {}  # what comes back past a block, by the layer it goes to
    L = len(layers) + 1
    work.start(f"dZ{L}")
    _parameters(work, L, outputs[L - 1])
    for l in range(L - 1, 0, -1):
        layer, n = layers[l - 1], l + 1
        branch, skip = f"W{n}.T @ dZ{n}", skipped.get(l, "")
        known = {"branch": branch, "skip": skip, "W": f"W{n}", "dZ": f"dZ{n}"}
        work.add(f"d{outputs[l]}", f"{branch} + {skip}" if skip else branch, "skip" if skip else "plain", **known)
        if layer.skips is not None and not layer.inside:
            work.add(f"dA{l}", f"dH{l} * 1.0", "passed", d=f"dH{l}")
        A, Z = f"A{l}", f"H{l}" if layer.inside else f"Z{l}"
        prime, known = derivative(layer.activation, Z, A), {"Z": Z, "A": A, "activation": layer.activation}
        work.add(f"d{Z}", f"d{A} * {prime}", "activation", dA=f"d{A}", prime=prime, **known)
        if layer.inside:
            work.add(f"dZ{l}", f"dH{l} * 1.0", "passed", d=f"dH{l}")
        if layer.skips is not None:
            skipped[layer.skips] = f"dH{l}"
        _parameters(work, l, outputs[l - 1])


def _parameters(work: Draft, l: int, a: str) -> None:
    work.add(f"dW{l}", f"dZ{l} @ {a}.T{work.over_m}", "dW")
    work.add(f"db{l}", f"np.sum(dZ{l}, axis=1, keepdims=True){work.over_m}", "db", dZ=f"dZ{l}")


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
