"""Attention: one layer with one head or several, causal or not, and a dense layer on every step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tinygrad_cn import nn

from ..homework import Exercise, Facts, Program, Row, Spot
from .common import common, cost, moved, scaled

HANDED = {
    "everything": ("d",),
    "dS, dQ, dK, dV and parameters": ("dS", "dQ", "dK", "dV", "dW", "db"),
    "parameters": ("dW", "db"),
}


def draw(rng: np.random.Generator) -> Exercise:
    """A net, its data, and its backward pass."""
    m, dtype, convention = common(rng)
    heads, d, T = int(rng.integers(1, 4)), int(rng.integers(2, 5)), int(rng.integers(2, 6))
    n, causal = heads * d, bool(rng.random() < 0.5)
    X = rng.standard_normal((n, m, T)).astype(dtype)
    seed = int(rng.integers(1 << 30))
    net = nn.Sequential(
        nn.MultiHeadAttention(n, heads, causal=causal, seed=seed, dtype=dtype),
        nn.Dense(n, 3, seed=seed + 1, dtype=dtype),
    )
    moved(net, rng)
    J, error = cost(net, X, 3, rng, (m, T))
    chain = J.chain(convention=convention)
    values = {name: chain[name] for name in chain if not name.startswith("d") and name != "J"}
    values |= {"m": m, "d": d, "h": heads, "error": error, "split": _split(heads), "joined": _joined, "turned": _turned}
    lines: Program = {}
    spots = []
    for spot, line in _lines(" / m" if convention == "course" else ""):
        (name,) = spot.lines
        lines[name] = line
        spots += [Spot(spot.kind, {name: {**spot.facts, "causal": causal, "alone": heads * d == d}})]
    label = f"n={n} h={heads} T={T} m={m} {'causal ' if causal else ''}{np.dtype(dtype)} {convention}"
    return Exercise(label, J, values, lines, convention, tuple(spots), ROWS, HANDED)


def _split(heads: int) -> Any:
    """(n, m, T) as a matrix for each sample and head."""
    return lambda x: x.reshape(heads, len(x) // heads, *x.shape[1:]).transpose(2, 0, 1, 3)


def _joined(x: Any) -> Any:
    """The other way round."""
    return x.transpose(1, 2, 0, 3).reshape(-1, x.shape[0], x.shape[3])


def _turned(x: Any) -> Any:
    return x.swapaxes(-1, -2)


# ---- the right backward pass ------------------------------------------------------------------------------


def _lines(over_m: str) -> Iterator[tuple[Spot, str]]:
    """Each line with its place in the tables, from the cost back."""

    def spot(kind: str, name: str, **facts: Any) -> Spot:
        return Spot(kind, {name: facts})

    yield spot("", "dZ2"), "error" if over_m else "error / m"
    yield from _affine("dZ2", "W2", "b2", "Z1", over_m)
    yield spot("d of a projection", "dZ1", W="W2", dZ="dZ2"), _back("W2", "dZ2")
    yield from _affine("dZ1", "Wo1", "bo1", "C1", over_m)
    yield spot("d of a projection", "dC1", W="Wo1", dZ="dZ1"), _back("Wo1", "dZ1")
    yield spot("dalpha", "dalpha1"), "turned(split(dC1)) @ split(V1)"
    yield spot("dS", "dS1"), "alpha1 * (dalpha1 - np.sum(dalpha1 * alpha1, axis=-1, keepdims=True))"
    yield spot("dV", "dV1"), "joined(split(dC1) @ alpha1)"
    yield spot("dQ", "dQ1", a="Q1", b="K1", g="turned(dS1)", t="dS1"), "joined(split(K1) @ turned(dS1)) / d ** 0.5"
    yield spot("dQ", "dK1", a="K1", b="Q1", g="dS1", t="turned(dS1)"), "joined(split(Q1) @ dS1) / d ** 0.5"
    for letter in "vkq":
        yield from _affine(f"d{letter.upper()}1", f"W{letter}1", f"b{letter}1", "A0", over_m)
    terms = [_back(f"W{letter}1", f"d{letter.upper()}1") for letter in "qkv"]
    yield spot("dA0", "dA0", q=terms[0], k=terms[1], v=terms[2]), " + ".join(terms)


def _affine(dZ: str, W: str, b: str, A: str, over_m: str) -> Iterator[tuple[Spot, str]]:
    facts: Facts = {"dZ": dZ, "A": A, "other": "dK1" if dZ == "dQ1" else "dQ1" if dZ == "dK1" else ""}
    yield Spot("dW", {f"d{W}": facts}), f"np.einsum('imt,jmt->ij', {dZ}, {A}){over_m}"
    yield Spot("db", {f"d{b}": facts}), f"np.sum({dZ}, axis=(1, 2))[:, None]{over_m}"


def _back(W: str, dZ: str) -> str:
    return f"np.einsum('ij,imt->jmt', {W}, {dZ})"


# ---- mistakes ---------------------------------------------------------------------------------------------


def other(facts: Facts) -> bool:
    return bool(facts["other"])


def causal(facts: Facts) -> bool:
    return bool(facts["causal"])


def square(facts: Facts) -> bool:
    return facts["W"] != "W2"


SOFTMAX = "np.exp(S1) / np.sum(np.exp(S1), axis=-1, keepdims=True)"
ROWS: tuple[Row, ...] = (
    Row("sign", "dalpha", "-{right}"),
    Row("constant_factor", "dalpha", "{right} / d ** 0.5"),
    # ---- softmax
    Row("missing_activation_derivative", "dS", "dalpha1 * 1.0"),
    Row("wrong_activation_derivative", "dS", "dalpha1 * alpha1 * (1 - alpha1)"),
    Row("wrong_activation_derivative", "dS", "dalpha1 * alpha1"),
    Row("softmax_axis", "dS", "alpha1 * (dalpha1 - np.sum(dalpha1 * alpha1, axis=-2, keepdims=True))"),
    Row("softmax_axis", "dS", "alpha1 * (dalpha1 - np.sum(dalpha1 * alpha1))"),
    Row("sign", "dS", "-{right}"),
    Row("sign", "dS", "alpha1 * (dalpha1 + np.sum(dalpha1 * alpha1, axis=-1, keepdims=True))"),
    Row("wrong_activation_derivative", "dS", f"{SOFTMAX} * (dalpha1 - np.sum(dalpha1 * {SOFTMAX}, axis=-1, keepdims=True))", causal),
    Row("constant_factor", "dS", "{right} / d ** 0.5"),
    # ---- products
    Row("transposed", "dV", "joined(split(dC1) @ turned(alpha1))"),
    Row("sign", "dV", "-{right}"),
    Row("constant_factor", "dQ", "joined(split({b}) @ {g})"),
    Row("constant_factor", "dQ", "joined(split({b}) @ {g}) / d"),
    Row("constant_factor", "dQ", "joined(split({b}) @ {g}) * d ** 0.5"),
    Row("transposed", "dQ", "joined(split({b}) @ {t}) / d ** 0.5"),
    Row("wrong_layer_cache", "dQ", "joined(split({a}) @ {g}) / d ** 0.5"),
    Row("wrong_layer_cache", "dQ", "joined(split({a}) @ {t}) / d ** 0.5"),
    Row("sign", "dQ", "-{right}"),
    # ---- projections
    Row("transposed", "d of a projection", "np.einsum('ji,imt->jmt', {W}, {dZ})", square),
    Row("sign", "d of a projection", "-{right}"),
    *scaled("dW"),
    Row("transposed", "dW", "{right}.T"),
    Row("missing_sum_over_time", "dW", "{dZ}[:, :, -1] @ {A}[:, :, -1].T{over_m}"),
    Row("missing_sum_over_samples", "dW", "{dZ}[:, -1] @ {A}[:, -1].T{over_m}"),
    Row("wrong_layer_cache", "dW", "np.einsum('imt,jmt->ij', {other}, {A}){over_m}", other),
    *scaled("db"),
    Row("lost_keepdims", "db", "np.sum({dZ}, axis=(1, 2)){over_m}"),
    Row("missing_sum_over_time", "db", "np.sum({dZ}, axis=1){over_m}"),
    Row("missing_sum_over_time", "db", "np.sum({dZ}, axis=1)[:, -1:]{over_m}"),
    Row("missing_sum_over_samples", "db", "np.sum({dZ}, axis=2){over_m}"),
    Row("wrong_axis wrong_axes", "db", "np.sum({dZ}){over_m}"),
    Row("mean_instead_of_sum constant_factor", "db", "np.mean({dZ}, axis=2).sum(axis=1, keepdims=True){over_m}"),
    Row("missing_term", "dA0", "{q} + {k}"),
    Row("missing_term", "dA0", "{q} + {v}"),
    Row("missing_term", "dA0", "{k} + {v}"),
)  # fmt: skip
