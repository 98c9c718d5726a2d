"""Wrong dW, db and dA of W A + b at every step of a sequence, A (n, m, T): dense layers and projections.

The right ones are dW = (1/m) Σₜ dZ⟨t⟩ A⟨t⟩ᵀ, db = (1/m) Σₜ Σ dZ⟨t⟩ and dA = Wᵀ dZ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...chain.layers import Piece
from ...ops.op import Array
from ..cause import Code
from .model import Rule, Variant, View

# Wrong sums of G = dZ (n, m, T) over samples and time; the right one is np.sum(G, axis=(1, 2))[:, None].
SUMS: tuple[tuple[Code, str, Callable[[Array], Array]], ...] = (
    ("missing_sum_over_time", "np.sum({}, axis=1)", lambda G: G.sum(axis=1)),
    ("missing_sum_over_time", "np.sum({}, axis=1, keepdims=True)", lambda G: G.sum(axis=1, keepdims=True)),
    ("missing_sum_over_time", "np.sum({}[:, :, -1:], axis=1)", lambda G: G[:, :, -1:].sum(axis=1)),
    ("missing_sum_over_time", "np.sum({}[:, :, :1], axis=1)", lambda G: G[:, :, :1].sum(axis=1)),
    ("missing_sum_over_samples", "np.sum({}, axis=2)", lambda G: G.sum(axis=2)),
    ("missing_sum_over_samples", "np.sum({}, axis=2, keepdims=True)", lambda G: G.sum(axis=2, keepdims=True)),
    ("missing_sum_over_samples", "{}", lambda G: G),
    ("mean_instead_of_sum", "Σ np.mean({}, axis=2)", lambda G: G.mean(axis=2).sum(axis=1, keepdims=True)),
    ("wrong_axis", "np.sum({}, axis=0)", lambda G: G.sum(axis=0)),
    ("wrong_axis", "np.sum({})", lambda G: np.asarray(G.sum())),
)


def of_sequence(piece: Piece, x: Any, view: View) -> Iterator[Variant]:
    """By operand: the weights, the sequence, the bias."""
    w, a, b = piece.roles
    if x is w:
        yield from _weight(piece, view)
    elif x is a:
        yield from _input(piece, view)
    elif x is b:
        yield from _bias(piece, view)


def _weight(piece: Piece, view: View) -> Iterator[Variant]:
    a, scale = piece.roles[1], view.world.scale(piece.out)
    over_m, d, name = "" if scale == 1.0 else "(1/m) ", view.d(piece.out), view.name(a)
    steps, samples = view.shape(a)[2], view.shape(a)[1]
    for t in dict.fromkeys((steps - 1, 0)):
        text = f"{over_m}{d}⟨{t + 1}⟩ {name}⟨{t + 1}⟩ᵀ alone"
        yield Variant("missing_sum_over_time", text, _product(a, scale, np.s_[:, :, t : t + 1]))
    for k in dict.fromkeys((samples - 1, 0)):
        text = f"{over_m}Σₜ {d}⟨t⟩ {name}⟨t⟩ᵀ of sample {k + 1} alone"
        yield Variant("missing_sum_over_samples", text, _product(a, scale, np.s_[:, k : k + 1]), 2)
    for code, other in _others(piece, view):
        total: Rule = lambda s, g, y=other: _summed(s.d(y), s.v(a)) / scale  # type: ignore[misc]  # noqa: E731
        yield Variant(code, f"{over_m}Σₜ {view.d(other)}⟨t⟩ {name}⟨t⟩ᵀ", total)
    for y in _outputs(view):
        if view.shape(y) == view.shape(a) and y is not a:
            taken: Rule = lambda s, g, y=y: _summed(g, s.v(y)) / scale  # type: ignore[misc]  # noqa: E731
            yield Variant("wrong_layer_cache", f"{over_m}Σₜ {d}⟨t⟩ {view.name(y)}⟨t⟩ᵀ", taken)


def _bias(piece: Piece, view: View) -> Iterator[Variant]:
    scale, d = view.world.scale(piece.out), view.d(piece.out)
    over_m = "" if scale == 1.0 else "(1/m) "
    for code, text, rule in SUMS:
        made: Rule = lambda s, g, rule=rule: rule(g) / scale  # type: ignore[misc]  # noqa: E731
        yield Variant(code, over_m + text.format(d), made, shape=())
    for code, other in _others(piece, view):
        total: Rule = lambda s, g, y=other: s.d(y).sum(axis=(1, 2))[:, None] / scale  # type: ignore[misc]  # noqa: E731
        yield Variant(code, f"{over_m}Σₜ Σ {view.d(other)}⟨t⟩", total)


def _input(piece: Piece, view: View) -> Iterator[Variant]:
    w, a, _ = piece.roles
    per = view.world.scale(a) / view.world.scale(piece.out)
    d, name = view.d(piece.out), view.name(w)
    if len(set(view.shape(w))) == 1:
        yield Variant("transposed", f"{name} {d}", lambda s, g: _back(s.v(w).T, g) * per)
    for code, other in _others(piece, view):
        passed: Rule = lambda s, g, y=other: _back(s.v(w), s.d(y)) * per  # type: ignore[misc]  # noqa: E731
        yield Variant(code, f"{name}ᵀ {view.d(other)}", passed)


# ---- what lies about --------------------------------------------------------------------------------


def _others(piece: Piece, view: View) -> Iterator[tuple[Code, Any]]:
    """What has the shape of Z: the A made of it, and the outputs of the other projections."""
    act = view.activation_of(piece.out)
    if act is not None:
        yield "missing_activation_derivative", act.out
    for y in _outputs(view):
        if y is not piece.out and view.shape(y) == view.shape(piece.out):
            yield "wrong_layer_cache", y


def _outputs(view: View) -> list[Any]:
    kinds = ("sequence", "projection")
    return [p.out for p in view.reader.pieces if p.kind in kinds and id(p.out) in view.reader.names]


def _product(a: Any, scale: float, part: Any) -> Rule:
    return lambda s, g: _summed(g[part], s.v(a)[part]) / scale


def _summed(G: Array, A: Array) -> Array:
    return np.asarray(np.einsum("imt,jmt->ij", G, A))


def _back(W: Array, G: Array) -> Array:
    return np.asarray(np.einsum("ij,imt->jmt", W, G))
