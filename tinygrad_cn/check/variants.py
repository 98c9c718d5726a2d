"""What a learner may have computed instead of the right local gradient: one generator per kind of piece.

Each variant is an array built from values of the chain, the cause it would mean, and the formula it is.
Nothing here looks at the hand gradient; `explain.py` does the matching.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd import Node
from ..chain.formula import function_name
from ..chain.layers import Piece
from ..ops.op import REGISTRY, Array
from .cause import Code
from .local import Local

ELEMENTWISE = ("relu", "leaky_relu", "sigmoid", "tanh", "elu", "softplus", "silu", "gelu")
IN_TERMS_OF_OUTPUT: dict[str, tuple[str, Callable[[Array], Array]]] = {
    "tanh": ("1 − {}²", lambda a: 1 - a**2),
    "sigmoid": ("{} ⊙ (1 − {})", lambda a: a * (1 - a)),
}
SLIPS: tuple[tuple[str, Callable[[Array], Array]], ...] = (
    ("1 − {}", lambda a: 1 - a),
    ("{}", lambda a: a),
    ("{}²", lambda a: a**2),
    ("1 + {}²", lambda a: 1 + a**2),
    ("(1 − {})²", lambda a: (1 - a) ** 2),
    ("1{{{} > 0}}", lambda a: (a > 0).astype(float)),
    ("1{{{} < 0}}", lambda a: (a < 0).astype(float)),
)
Named = tuple[Code | None, str, Array]  # the mistake it would be, how it is written, its value
SLOPES = (0.0, 0.01, 0.1, 0.2, 0.3, 1.0)


@dataclass(frozen=True)
class Variant:
    """An array, the cause it would mean, and what it is."""

    code: Code
    equals: str
    value: Array
    cost: int = 1


class View:
    """What the generators need to see of the chain: values, names and the learner's own gradients."""

    def __init__(self, local: Local, own: dict[int, Array]) -> None:
        self.local, self.own = local, own
        self.reader = local.chain.reader

    def name(self, x: Any) -> str:
        """How x is written."""
        return self.reader.name(x)

    def d(self, x: Any) -> str:
        """How the gradient of x is written."""
        return f"d{self.name(x)}"

    def caches(self, piece: Piece) -> list[tuple[str, Array]]:
        """Z and A of all layers and X: what a learner may have taken from the cache."""
        found: dict[int, Any] = {}
        for p in self.reader.pieces:
            if p.kind == "affine":
                found.update({id(x): x for x in (p.operands[1], p.out)})
            elif p.kind == "activation":
                found[id(p.out)] = p.out
        return [(self.name(x), value(x)) for x in found.values() if id(x) in self.reader.names]

    def weights(self) -> list[tuple[str, Array]]:
        """W of all layers."""
        found = {id(p.operands[0]): p.operands[0] for p in self.reader.pieces if p.kind == "affine"}
        return [(self.name(w), value(w)) for w in found.values()]

    def activation_of(self, z: Any) -> Piece | None:
        """The activation that takes this Z."""
        return next((p for p, _ in self.reader.consumers.get(id(z), []) if p.kind == "activation"), None)

    def loss_after(self, a: Any) -> Piece | None:
        """The loss that takes this A."""
        return next((p for p, _ in self.reader.consumers.get(id(a), []) if p.kind in ("loss", "own_loss")), None)


def variants(piece: Piece, i: int, g: Array, view: View) -> Iterator[Variant]:
    """Wrong versions of what the piece contributes to the gradient of its operand i, given g = d(out)."""
    if piece.kind == "affine":
        yield from (_weight, _input, _bias)[i](piece, g, view)
    elif piece.kind == "activation":
        yield from _activation(piece, g, view)
    elif piece.kind in ("loss", "own_loss"):
        yield from _loss(piece, g, view)
    elif piece.kind == "op":
        yield from _op(piece, i, g, view)


# ---- affine -----------------------------------------------------------------------------------------


def _gradients_for(piece: Piece, g: Array, view: View) -> list[Named]:
    """dZ itself, and dA used in its place."""
    found: list[Named] = [(None, view.d(piece.out), g)]
    act = view.activation_of(piece.out)
    if act is not None and id(act.out) in view.own:
        found.append(("missing_activation_derivative", view.d(act.out), view.own[id(act.out)]))
    return found


def _weight(piece: Piece, g: Array, view: View) -> Iterator[Variant]:
    a = piece.operands[1]
    scale = view.local.scale(piece.out)
    caches: list[Named] = [(None, view.name(a), value(a))]
    caches += [("wrong_layer_cache", name, c) for name, c in view.caches(piece) if c is not value(a)]
    for g_code, g_name, G in _gradients_for(piece, g, view):
        for a_code, a_name, A in caches:
            if G.ndim != 2 or A.ndim != 2 or G.shape[1] != A.shape[1]:
                continue
            left, right = ((A, G), (a_name, g_name)) if piece.flipped else ((G, A), (g_name, a_name))
            product = left[0] @ left[1].T / scale
            text = f"{_over_m(scale)}{right[0]} {right[1]}ᵀ"
            codes = [c for c in (g_code, a_code) if c]
            if codes:
                yield Variant(codes[0], text, product, len(codes))
            yield Variant("transposed", f"({text})ᵀ", product.T, 1 + len(codes))
    if g.shape == value(a).shape:
        yield Variant(
            "elementwise_for_matmul", f"{_over_m(scale)}{view.d(piece.out)} ⊙ {view.name(a)}", g * value(a) / scale
        )


def _input(piece: Piece, g: Array, view: View) -> Iterator[Variant]:
    w = piece.operands[0]
    own = value(w)
    weights: list[Named] = [(None, view.name(w), own)] + [
        ("wrong_layer_cache", name, other) for name, other in view.weights() if other is not own
    ]
    for g_code, g_name, G in _gradients_for(piece, g, view):
        for w_code, w_name, W in weights:
            for turned in (False, True):
                matrix, mark = (W, "") if turned != piece.flipped else (W.T, "ᵀ")
                codes: list[Code] = [c for c in (g_code, w_code) if c]
                codes += ["transposed"] if turned else []
                if codes and matrix.shape[1] == G.shape[0]:
                    yield Variant(codes[0], f"{w_name}{mark} {g_name}", matrix @ G, len(codes))
    if own.T.shape == g.shape:
        yield Variant("elementwise_for_matmul", f"{view.name(w)}ᵀ ⊙ {view.d(piece.out)}", own.T * g)


def _bias(piece: Piece, g: Array, view: View) -> Iterator[Variant]:
    scale, m = view.local.scale(piece.out), g.shape[-1]
    right = value(piece.operands[2]).shape
    for code, name, G in _gradients_for(piece, g, view):
        over = _over_m(scale)
        total = G.sum(axis=1, keepdims=True) / scale
        if code:
            yield Variant(code, f"{over}Σ {name}", total)
        yield Variant("lost_keepdims", f"np.sum({name}, axis=1)", total.ravel(), 1 + bool(code))
        extra = 1 + bool(code)
        if right == total.shape:
            over_units, everything = G.sum(axis=0) / scale, G.sum() / scale
            for wrong in (over_units[np.newaxis], over_units):
                yield Variant("wrong_axis", f"{over}np.sum({name}, axis=0)", wrong, extra)
            for wrong in (np.asarray(everything), np.full((1, 1), everything), np.full((1,), everything)):
                if total.size > 1:
                    yield Variant("wrong_axis", f"{over}np.sum({name})", wrong, extra)
            yield Variant("wrong_axis", f"{over}np.sum({name})", np.full(total.shape, everything), extra + 1)
        yield Variant("missing_sum_over_samples", f"{over}{name}", G / scale, extra)
        yield Variant("missing_sum_over_samples", name, G, extra)
        for k in (0, m - 1):
            yield Variant("missing_sum_over_samples", f"{name}[:, {k}]", G[:, k : k + 1], extra + 1)
        if scale == 1.0 and view.local.chain.m:
            yield Variant("mean_instead_of_sum", f"np.mean({name}, axis=1)", total / m, extra)


# ---- activation -------------------------------------------------------------------------------------


def slope(label: str, z: Array, options: dict[str, Any] | None = None) -> Array:
    """g′(z) of an elementwise activation, from its op record."""
    op = REGISTRY[label]
    y = op.forward(z, **(options or {}))
    return np.asarray(op.gradient(0, np.ones_like(z), y, (z,), options))


def _activation(piece: Piece, g: Array, view: View) -> Iterator[Variant]:
    z, a = piece.operands[0], piece.out
    Z, A, d = value(z), value(a), view.d(a)
    yield Variant("missing_activation_derivative", d, g)
    yield from _at_the_output(piece, g, view)
    if piece.label not in ELEMENTWISE:
        yield from _softmax(piece, g, view)
        return
    options = piece.out._options if piece.out._op is not None and piece.out._op.name == piece.label else None
    prime = f"{function_name(piece.label)}′"
    yield Variant("derivative_at_a", f"{d} ⊙ {prime}({view.name(a)})", g * slope(piece.label, A, options))
    for name, cache in view.caches(piece):
        if cache.shape == Z.shape and cache is not Z:
            if cache is not A:
                yield Variant("wrong_layer_cache", f"{d} ⊙ {prime}({name})", g * slope(piece.label, cache, options), 2)
            known = IN_TERMS_OF_OUTPUT.get(piece.label)
            if known is not None and cache is not A:
                yield Variant("wrong_layer_cache", f"{d} ⊙ {_fill(known[0], name)}", g * known[1](cache), 2)
    for label in ELEMENTWISE:
        if label != piece.label:
            yield Variant(
                "wrong_activation_derivative", f"{d} ⊙ {function_name(label)}′({view.name(z)})", g * slope(label, Z), 2
            )
    for label, (text, rule) in IN_TERMS_OF_OUTPUT.items():
        for x, X in ((a, A), (z, Z)):
            if x is not a or label != piece.label:
                yield Variant("wrong_activation_derivative", f"{d} ⊙ ({_fill(text, view.name(x))})", g * rule(X), 2)
    for text, rule in SLIPS:
        for x, X in ((a, A), (z, Z)):
            yield Variant("wrong_activation_derivative", f"{d} ⊙ ({_fill(text, view.name(x))})", g * rule(X), 3)
    for s in SLOPES:
        yield Variant(
            "wrong_activation_derivative",
            f"{d} ⊙ LeakyReLU′({view.name(z)}), slope {s:g}",
            g * np.where(Z > 0, 1.0, s),
            3,
        )
    yield Variant("wrong_activation_derivative", f"{d} ⊙ 1{{{d} > 0}}", g * (g > 0), 3)


def _at_the_output(piece: Piece, g: Array, view: View) -> Iterator[Variant]:
    """Confusions of dA, A − Y and (A − Y) ⊙ g′(Z) in the layer the loss takes."""
    loss = view.loss_after(piece.out)
    if loss is None or len(loss.operands) < 2:
        return
    y = loss.operands[1]
    A, Y = value(piece.out), value(y)
    if Y.shape != A.shape:
        return
    E, text = A - Y, f"{view.name(piece.out)} − {view.name(y)}"
    yield Variant("output_derivative", text, E)
    if piece.label in ELEMENTWISE:
        prime = f"{function_name(piece.label)}′({view.name(piece.operands[0])})"
        yield Variant("output_derivative", f"({text}) ⊙ {prime}", E * slope(piece.label, value(piece.operands[0])))
    else:
        yield Variant("output_derivative", f"({text}) ⊙ A ⊙ (1 − A)", E * A * (1 - A), 2)


def _softmax(piece: Piece, g: Array, view: View) -> Iterator[Variant]:
    """Softmax taken along the samples instead of the classes; its derivative taken elementwise."""
    Z, A, d = value(piece.operands[0]), value(piece.out), view.d(piece.out)
    yield Variant("wrong_activation_derivative", f"{d} ⊙ A ⊙ (1 − A)", g * A * (1 - A), 2)
    yield Variant("softmax_axis", f"A ⊙ ({d} − Σ {d} ⊙ A), summed over axis 1", A * (g - (g * A).sum(1, keepdims=True)))
    yield Variant("softmax_axis", f"A ⊙ ({d} − Σ {d} ⊙ A), summed over all", A * (g - (g * A).sum()), 2)
    loss = view.loss_after(piece.out)
    wrong = np.exp(Z - Z.max(axis=1, keepdims=True))
    wrong /= wrong.sum(axis=1, keepdims=True)
    if loss is not None and len(loss.operands) > 1 and value(loss.operands[1]).shape == A.shape:
        y = loss.operands[1]
        yield Variant(
            "softmax_axis", f"softmax({view.name(piece.operands[0])}, axis=1) − {view.name(y)}", wrong - value(y)
        )


# ---- loss and single ops ----------------------------------------------------------------------------


def _loss(piece: Piece, g: Array, view: View) -> Iterator[Variant]:
    """dA of the last layer: terms dropped, signs mixed up, dZ given for dA."""
    if len(piece.operands) < 2:
        return
    a, y = piece.operands[:2]
    A, Y = value(a), value(y)
    if A.shape != Y.shape:
        return
    name, target = view.name(a), view.name(y)
    yield Variant("output_derivative", f"{name} − {target}", A - Y)
    if piece.label not in ("binary_cross_entropy", "own_loss"):
        return
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = Y / A, (1 - Y) / (1 - A)
    yield Variant("missing_term", f"−{target} / {name}", -first, 2)
    yield Variant("missing_term", f"(1 − {target}) / (1 − {name})", second, 2)
    yield Variant("sign", f"−{target} / {name} − (1 − {target}) / (1 − {name})", -first - second)


def _op(piece: Piece, i: int, g: Array, view: View) -> Iterator[Variant]:
    """An op with a constant left out: the dropout mask, or the division by keep_prob."""
    others = [value(x) for k, x in enumerate(piece.operands) if k != i and not _needs(x)]
    if piece.label not in ("multiply", "divide") or len(others) != 1 or np.shape(g) != value(piece.operands[i]).shape:
        return
    is_mask = np.ndim(others[0]) > 0
    yield Variant("missing_dropout_mask" if is_mask else "missing_keep_prob", view.d(piece.out), g)


# ---- helpers ----------------------------------------------------------------------------------------


def value(x: Any) -> Any:
    """The array behind an operand."""
    return x._data if isinstance(x, Node) else np.asarray(x)


def _needs(x: Any) -> bool:
    return isinstance(x, Node) and x.requires_grad


def _over_m(scale: float) -> str:
    return "" if scale == 1.0 else "(1/m) "


def _fill(template: str, name: str) -> str:
    """Put a name into a formula; before a power it is bracketed."""
    return template.replace("{}²", f"({name})²").replace("{}", name).replace("{{", "{").replace("}}", "}")
