"""Wrong gradients of batch norm and layer norm, N = γ ⊙ n + β with n = (x − μ) / √(σ² + ε).

The right one of x is (dn − mean(dn) − n ⊙ mean(dn ⊙ n)) / √(σ² + ε), with dn = dN ⊙ γ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ...autograd import unbroadcast
from ...chain.layers import Piece
from ...ops.op import Array
from ..cause import Code
from .model import Rule, Scope, Variant, View
from .sums import of_sum, wrong_sums


class _Parts(NamedTuple):
    """What a learner has at hand."""

    g: Array  # dN
    dn: Array  # dN ⊙ γ
    n: Array
    gamma: Array
    root: Array  # √(σ² + ε)
    axis: Any


class _Slip(NamedTuple):
    """Something in place of dx: weights of dn, mean(dn) and n ⊙ mean(dn ⊙ n), over a power of √(σ² + ε)."""

    code: Code
    text: str
    weights: tuple[int, int, int]
    power: int = 1
    cost: int = 1
    bare: bool = False  # γ left out
    sums: bool = False  # in place of means


ROOT = "√(σ² + ε)"
SLIPS = (
    _Slip("constant_statistics", f"dn / {ROOT}", (1, 0, 0)),
    _Slip("constant_statistics", f"(dn − mean(dn)) / {ROOT}", (1, -1, 0)),
    _Slip("constant_statistics", f"(dn − n ⊙ mean(dn ⊙ n)) / {ROOT}", (1, 0, -1)),
    _Slip("norm_factor", f"({{dN}} − mean({{dN}}) − n ⊙ mean({{dN}} ⊙ n)) / {ROOT}", (1, -1, -1), bare=True),
    _Slip("norm_factor", "dn − mean(dn) − n ⊙ mean(dn ⊙ n)", (1, -1, -1), power=0),
    _Slip("norm_factor", "(dn − mean(dn) − n ⊙ mean(dn ⊙ n)) / (σ² + ε)", (1, -1, -1), power=2),
    _Slip("norm_factor", f"(dn − Σ dn − n ⊙ Σ dn ⊙ n) / {ROOT}", (1, -1, -1), sums=True),
    _Slip("sign", f"(dn + mean(dn) + n ⊙ mean(dn ⊙ n)) / {ROOT}", (1, 1, 1), cost=2),
    _Slip("sign", f"(dn − mean(dn) + n ⊙ mean(dn ⊙ n)) / {ROOT}", (1, -1, 1), cost=2),
    _Slip("norm_factor", f"{{dN}} / {ROOT}", (1, 0, 0), cost=2, bare=True),
    _Slip("norm_factor", "dn", (1, 0, 0), power=0, cost=2),
    _Slip("norm_factor", "{dN}", (1, 0, 0), power=0, bare=True),
)


def of_norm(piece: Piece, x: Any, view: View) -> Iterator[Variant]:
    """By operand: x, γ, β."""
    below, gamma, _ = piece.operands
    if x is below:
        for slip in SLIPS:
            yield Variant(slip.code, slip.text.format(dN=view.d(piece.out)), _slipped(piece, slip), slip.cost)
    elif x is gamma:
        yield from _factor(piece, view)
    else:
        yield from _shift(piece, x, view)


def _parts(piece: Piece, s: Scope, g: Array) -> _Parts:
    x, gamma, _ = (s.v(y) for y in piece.operands)
    gamma = gamma.reshape(_as_used(x.shape, gamma.shape))
    options = piece.out._options or {}
    axis = options["axis"]
    root = np.sqrt(np.var(x, axis=axis, keepdims=True) + options["eps"])
    n = (x - np.mean(x, axis=axis, keepdims=True)) / root
    return _Parts(g, g * gamma, n, gamma, root, axis)


def _slipped(piece: Piece, slip: _Slip) -> Rule:
    def make(s: Scope, g: Array) -> Array:
        p = _parts(piece, s, g)
        over = np.sum if slip.sums else np.mean
        dn = p.g if slip.bare else p.dn
        mean, along = (over(v, axis=p.axis, keepdims=True) for v in (dn, dn * p.n))
        terms = (dn, mean, p.n * along)
        return np.asarray(sum(w * term for w, term in zip(slip.weights, terms, strict=True)) / p.root**slip.power)

    return make


def _factor(piece: Piece, view: View) -> Iterator[Variant]:
    """dγ = (1/m) Σ dN ⊙ n, with something else in place of n."""
    x, gamma, _ = piece.operands
    d, scale = view.d(piece.out), view.world.scale(piece.out)
    over_m = "" if scale == 1.0 else "(1/m) "
    others: tuple[tuple[Code, str, Callable[[Scope, _Parts], Array]], ...] = (
        ("wrong_layer_cache", view.name(x), lambda s, p: s.v(x)),
        ("wrong_layer_cache", view.name(piece.out), lambda s, p: s.v(piece.out)),
        ("norm_factor", f"({view.name(x)} − μ)", lambda s, p: p.n * p.root),
        ("missing_term", "1", lambda s, p: np.ones_like(p.n)),
    )
    for code, text, factor in others:
        product = f"{d} ⊙ {text}" if text != "1" else d
        yield Variant(code, f"{over_m}Σ {product}", _summed(piece, view.shape(gamma), scale, factor))
    if len(view.shape(gamma)) == 4:
        right: Rule = lambda s, g: g * _parts(piece, s, g).n  # noqa: E731
        yield from wrong_sums(piece, f"{d} ⊙ n", right, view)


def _shift(piece: Piece, beta: Any, view: View) -> Iterator[Variant]:
    """dβ = (1/m) Σ dN, with γ on it, or over other axes."""
    scale, gamma = view.world.scale(piece.out), view.name(piece.operands[1])
    text = f"{'' if scale == 1.0 else '(1/m) '}Σ {view.d(piece.out)} ⊙ {gamma}"
    yield Variant("norm_factor", text, _summed(piece, view.shape(beta), scale, lambda s, p: p.gamma))
    if len(view.shape(beta)) == 4:
        yield from of_sum(piece, view)


def _summed(piece: Piece, shape: tuple[int, ...], scale: float, factor: Callable[[Scope, _Parts], Array]) -> Rule:
    def make(s: Scope, g: Array) -> Array:
        product = unbroadcast(g * factor(s, _parts(piece, s, g)), _as_used(g.shape, shape))
        return np.asarray(product.reshape(shape) / scale)

    return make


def _as_used(x: tuple[int, ...], parameter: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of γ beside x: in a sequence (n, 1, 1)."""
    return parameter + (1,) * (len(x) - len(parameter))
