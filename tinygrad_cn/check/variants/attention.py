"""Wrong gradients of attention: S = Qᵀ K / √d, α = softmax(S), C = V αᵀ.

The right ones, for one sample and head: dQ = K dSᵀ / √d, dK = Q dS / √d, dS = α ⊙ (dα − Σ(dα ⊙ α)),
dV = dC α, dα = dCᵀ V.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...chain.attention import attention_root
from ...chain.layers import Piece
from ...ops.op import Array
from ..cause import Code
from .model import Rule, Scope, Variant, View, needs

Change = Callable[[Array, Array, Array], tuple[Array, Array, Array]]

# What is put in place of the upstream g and the operands a, b of scores (Q, K) and context (V, α), where shapes allow.
CHANGES: dict[tuple[str, int], tuple[tuple[Code, str, Change], ...]] = {
    ("attention_scores", 0): (
        ("wrong_layer_cache", "{a} {g}ᵀ / {root}", lambda g, a, b: (g, a, a)),
        ("transposed", "{b} {g} / {root}", lambda g, a, b: (_turned(g), a, b)),
        ("wrong_layer_cache", "{a} {g} / {root}", lambda g, a, b: (_turned(g), a, a)),
    ),
    ("attention_scores", 1): (
        ("wrong_layer_cache", "{b} {g} / {root}", lambda g, a, b: (g, b, b)),
        ("transposed", "{a} {g}ᵀ / {root}", lambda g, a, b: (_turned(g), a, b)),
        ("wrong_layer_cache", "{b} {g}ᵀ / {root}", lambda g, a, b: (_turned(g), b, b)),
    ),
    ("attention_context", 0): (("transposed", "{g} {b}ᵀ", lambda g, a, b: (g, a, _turned(b))),),
}


def of_attention(piece: Piece, x: Any, view: View) -> Iterator[Variant]:
    """By what the piece computes."""
    if piece.label == "attention_weights":
        yield from _of_softmax(piece, view)
        return
    queries_and_keys = {size for y in piece.operands for size in view.shape(y)[2:]}
    yield from _of_product(piece, x, view) if len(queries_and_keys) == 1 else ()


def _of_product(piece: Piece, x: Any, view: View) -> Iterator[Variant]:
    a, b = piece.operands
    i = 0 if x is a else 1
    root = attention_root(piece) if piece.label == "attention_scores" else ""
    for code, text, change in CHANGES.get((piece.label, i), ()):
        equals = text.format(a=view.name(a), b=view.name(b), g=view.d(piece.out), root=root)
        yield Variant(code, equals, _changed(piece, i, change))


def _changed(piece: Piece, i: int, change: Change) -> Rule:
    op, options = piece.out._op, piece.out._options
    assert op is not None

    def make(s: Scope, g: Array) -> Array:
        g, *inputs = change(g, *(s.v(x) for x in piece.operands))
        return np.asarray(op.gradient(i, g, s.v(piece.out), inputs, options))

    return make


def _turned(x: Array) -> Array:
    return np.asarray(np.swapaxes(x, -1, -2))


def _of_softmax(piece: Piece, view: View) -> Iterator[Variant]:
    """The derivative left out, taken entry by entry, or summed over other axes than that of the keys."""
    out, a, d = piece.out, view.name(piece.out), view.d(piece.out)
    yield Variant("missing_activation_derivative", d, lambda s, g: g)
    entrywise = f"{d} ⊙ {a} ⊙ (1 − {a})"
    yield Variant("wrong_activation_derivative", entrywise, lambda s, g: g * s.v(out) * (1 - s.v(out)))
    yield Variant("wrong_activation_derivative", f"{d} ⊙ {a}", lambda s, g: g * s.v(out))
    plus = f"{a} ⊙ ({d} + Σ({d} ⊙ {a}))"
    yield Variant("sign", plus, lambda s, g: s.v(out) * (g + np.sum(g * s.v(out), axis=-1, keepdims=True)), 2)
    if not needs(piece.operands[1]) and np.size(view.world.value(piece.operands[1])) > 1:
        yield Variant("wrong_activation_derivative", f"{d} through the softmax without the mask", _unmasked(piece))
    for axis in (2, 1, 0, None):
        text = f"{a} ⊙ ({d} − np.sum({d} ⊙ {a}, axis={axis}))"
        yield Variant("softmax_axis", text, _summed_along(out, axis))


def _summed_along(alpha: Any, axis: int | None) -> Rule:
    def make(s: Scope, g: Array) -> Array:
        a = s.v(alpha)
        return np.asarray(a * (g - np.sum(g * a, axis=axis, keepdims=True)))

    return make


def _unmasked(piece: Piece) -> Rule:
    def make(s: Scope, g: Array) -> Array:
        e = np.exp(s.v(piece.operands[0]))
        a = e / e.sum(axis=-1, keepdims=True)
        return np.asarray(a * (g - np.sum(g * a, axis=-1, keepdims=True)))

    return make
