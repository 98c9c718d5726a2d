"""Attention: one layer with one head or several, causal or not, and a dense layer on every step."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_cn import nn

from ..homework import Exercise, Row
from .common import cost, draft, has, moved, scaled
from .draft import Draft, recorded

CLASSES = 3

HANDED = {
    "everything": ("d",),
    "dS, dQ, dK, dV and parameters": ("dS", "dQ", "dK", "dV", "dW", "db"),
    "parameters": ("dW", "db"),
}


def draw(rng: np.random.Generator) -> Exercise:
    """A net, its data, and its backward pass."""
    work = draft(rng)
    heads, d, T = int(rng.integers(1, 4)), int(rng.integers(2, 5)), int(rng.integers(2, 6))
    n, causal, seed = heads * d, bool(rng.random() < 0.5), int(rng.integers(1 << 30))
    X = rng.standard_normal((n, work.m, T)).astype(work.dtype)
    net = nn.Sequential(
        nn.MultiHeadAttention(n, heads, causal=causal, seed=seed, dtype=work.dtype),
        nn.Dense(n, CLASSES, seed=seed + 1, dtype=work.dtype),
    )
    moved(net, rng)
    J, error = cost(net, X, CLASSES, rng, (work.m, T))
    _backward(work, causal)
    values = recorded(J, work.convention) | {"d": d, "split": _split(heads), "joined": _joined, "turned": _turned}
    return work.exercise(f"n={n} h={heads} T={T}{' causal' * causal}", J, error, values, ROWS, HANDED)


def _split(heads: int) -> Any:
    """(n, m, T) as a matrix for each sample and head."""
    return lambda x: x.reshape(heads, len(x) // heads, *x.shape[1:]).transpose(2, 0, 1, 3)


def _joined(x: Any) -> Any:
    """The other way round."""
    return x.transpose(1, 2, 0, 3).reshape(-1, x.shape[0], x.shape[3])


def _turned(x: Any) -> Any:
    return x.swapaxes(-1, -2)


# ---- the right backward pass ------------------------------------------------------------------------------


def _backward(work: Draft, causal: bool) -> None:
    """Lines from the cost back, and where mistakes are made."""
    work.start("dZ2")
    _parameters(work, "dZ2", "W2", "b2", "Z1")
    work.add("dZ1", _back("W2", "dZ2"), "d of a projection", W="W2", dZ="dZ2")
    _parameters(work, "dZ1", "Wo1", "bo1", "C1")
    work.add("dC1", _back("Wo1", "dZ1"), "d of a projection", W="Wo1", dZ="dZ1", square=True)
    work.add("dalpha1", "turned(split(dC1)) @ split(V1)", "dalpha")
    work.add("dS1", "alpha1 * (dalpha1 - np.sum(dalpha1 * alpha1, axis=-1, keepdims=True))", "dS", causal=causal)
    work.add("dV1", "joined(split(dC1) @ alpha1)", "dV")
    turned = "turned(dS1)"
    work.add("dQ1", f"joined(split(K1) @ {turned}) / d ** 0.5", "dQ or dK", a="Q1", b="K1", g=turned, t="dS1")
    work.add("dK1", "joined(split(Q1) @ dS1) / d ** 0.5", "dQ or dK", a="K1", b="Q1", g="dS1", t=turned)
    for letter, other in (("v", ""), ("k", "dQ1"), ("q", "dK1")):
        _parameters(work, f"d{letter.upper()}1", f"W{letter}1", f"b{letter}1", "A0", other)
    q, k, v = (_back(f"W{letter}1", f"d{letter.upper()}1") for letter in "qkv")
    work.add("dA0", f"{q} + {k} + {v}", "dA0", q=q, k=k, v=v)


def _parameters(work: Draft, dZ: str, W: str, b: str, A: str, other: str = "") -> None:
    known = {"dZ": dZ, "A": A, "other": other}
    work.add(f"d{W}", f"np.einsum('imt,jmt->ij', {dZ}, {A}){work.over_m}", "dW", **known)
    work.add(f"d{b}", f"np.sum({dZ}, axis=(1, 2))[:, None]{work.over_m}", "db", **known)


def _back(W: str, dZ: str) -> str:
    return f"np.einsum('ij,imt->jmt', {W}, {dZ})"


# ---- mistakes ---------------------------------------------------------------------------------------------


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
    Row("wrong_activation_derivative", "dS", f"{SOFTMAX} * (dalpha1 - np.sum(dalpha1 * {SOFTMAX}, axis=-1, keepdims=True))", has("causal")),
    Row("constant_factor", "dS", "{right} / d ** 0.5"),
    # ---- products
    Row("transposed", "dV", "joined(split(dC1) @ turned(alpha1))"),
    Row("sign", "dV", "-{right}"),
    Row("constant_factor", "dQ or dK", "joined(split({b}) @ {g})"),
    Row("constant_factor", "dQ or dK", "joined(split({b}) @ {g}) / d"),
    Row("constant_factor", "dQ or dK", "joined(split({b}) @ {g}) * d ** 0.5"),
    Row("transposed", "dQ or dK", "joined(split({b}) @ {t}) / d ** 0.5"),
    Row("wrong_layer_cache", "dQ or dK", "joined(split({a}) @ {g}) / d ** 0.5"),
    Row("wrong_layer_cache", "dQ or dK", "joined(split({a}) @ {t}) / d ** 0.5"),
    Row("sign", "dQ or dK", "-{right}"),
    # ---- projections
    Row("transposed", "d of a projection", "np.einsum('ji,imt->jmt', {W}, {dZ})", has("square")),
    Row("sign", "d of a projection", "-{right}"),
    *scaled("dW"),
    Row("transposed", "dW", "{right}.T"),
    Row("missing_sum_over_time", "dW", "{dZ}[:, :, -1] @ {A}[:, :, -1].T{over_m}"),
    Row("missing_sum_over_samples", "dW", "{dZ}[:, -1] @ {A}[:, -1].T{over_m}"),
    Row("wrong_layer_cache", "dW", "np.einsum('imt,jmt->ij', {other}, {A}){over_m}", has("other")),
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
