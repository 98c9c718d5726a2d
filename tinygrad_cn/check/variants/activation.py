"""Wrong dZ = dA ⊙ g′(Z): the derivative left out, taken of another function, at another value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from ...chain.formula import function_name
from ...chain.layers import Piece
from ...ops.op import REGISTRY, Array
from ..cause import Code
from .model import Rule, Scope, Span, Variant, View

ELEMENTWISE = ("relu", "leaky_relu", "sigmoid", "tanh", "elu", "softplus", "silu", "gelu")
Derivative = tuple[str, Callable[[Array], Array]]

# g′ of the functions whose derivative is written in their own output
OF_OUTPUT: dict[str, Derivative] = {
    "tanh": ("1 − {}²", lambda a: 1 - a**2),
    "sigmoid": ("{0} ⊙ (1 − {0})", lambda a: a * (1 - a)),
}
# what people write for a derivative, of A or of Z
SLIPS: tuple[Derivative, ...] = (
    ("1 − {}", lambda a: 1 - a),
    ("{}", lambda a: a),
    ("{}²", lambda a: a**2),
    ("1 + {}²", lambda a: 1 + a**2),
    ("(1 − {})²", lambda a: (1 - a) ** 2),
    ("(1 − {}²)²", lambda a: (1 - a**2) ** 2),
    ("1{{{} > 0}}", lambda a: np.asarray(a > 0, a.dtype)),
    ("1{{{} < 0}}", lambda a: np.asarray(a < 0, a.dtype)),
)
DEGREE = 3  # of the polynomials in A or Z tried as a derivative


def of_activation(piece: Piece, view: View) -> Iterator[Variant | Span]:
    """All of them, for elementwise activations and for softmax."""
    d = view.d(piece.out)
    yield Variant("missing_activation_derivative", d, lambda s, g: g)
    if piece.label in ELEMENTWISE:
        yield from _elementwise(piece, view, d)
    elif piece.label == "softmax":
        yield from _softmax(piece, view, d)
    yield from _at_the_output(piece, view)


def slope(label: str, z: Array, options: dict[str, Any] | None = None) -> Array:
    """g′(z) of an elementwise activation, from its op record."""
    op = REGISTRY[label]
    y = op.forward(z, **(options or {}))
    return np.asarray(op.gradient(0, np.ones_like(z), y, (z,), options))


# ---- elementwise ------------------------------------------------------------------------------------


def _elementwise(piece: Piece, view: View, d: str) -> Iterator[Variant | Span]:
    z, a = piece.operands[0], piece.out
    prime = f"{function_name(piece.label)}′"
    for code, cost, text, factor in _derivatives(piece, view):
        yield Variant(code, f"{d} ⊙ {text}", lambda s, g, factor=factor: g * factor(s), cost)  # type: ignore[misc]
    yield Variant("missing_upstream", f"{prime}({view.name(z)})", lambda s, g: _own_slope(piece, s.v(z)))
    yield Variant("wrong_activation_derivative", f"{d} ⊙ 1{{{d} > 0}}", lambda s, g: g * (g > 0), 2)
    signs: Rule = lambda s, g: np.asarray(g * s.v(z) > 0, g.dtype)  # noqa: E731 (dA * Z > 0 binds as (dA * Z) > 0)
    yield Variant("wrong_activation_derivative", f"1{{{d} ⊙ {view.name(z)} > 0}}", signs, 2)
    if len(view.shape(a)) == 2:
        inner: Rule = lambda s, g: g @ (1 - s.v(a).T @ s.v(a))  # noqa: E731
        yield Variant("elementwise_for_matmul", f"{d} (1 − {view.name(a)}ᵀ {view.name(a)})", inner, 2)
    yield Span("wrong_activation_derivative", *_two_slopes(z, view.name(z), d))
    for x in (a, z):
        yield Span("wrong_activation_derivative", *_polynomial(x, view.name(x), d), cost=5)


def _own_slope(piece: Piece, z: Array) -> Array:
    own = piece.out._op is not None and piece.out._op.name == piece.label
    return slope(piece.label, z, piece.out._options if own else None)


def _derivatives(piece: Piece, view: View) -> Iterator[tuple[Code, int, str, Callable[[Scope], Array]]]:
    """(cause, cost, how it is written, its value) of what may stand for g′(Z)."""
    z, a, label = piece.operands[0], piece.out, piece.label
    same = [x for x in view.caches() if view.shape(x) == view.shape(z)]
    yield "derivative_at_a", 1, f"{function_name(label)}′({view.name(a)})", _slope_at(piece, a)
    for x in same:
        if x is not z and x is not a:
            text = f"{function_name(label)}′({view.name(x)})"
            yield "wrong_layer_cache", 2, text, _slope_at(piece, x)
    if label in OF_OUTPUT:
        text, rule = OF_OUTPUT[label]
        for x in same:
            codes: tuple[Code, ...] = ("wrong_activation_derivative",) if x is z else ()
            for code in (*codes, "wrong_layer_cache") if x is not a else ():
                yield code, 2, filled(text, view.name(x)), _of(x, rule)
    for other, (text, rule) in OF_OUTPUT.items():
        if other != label:
            for x in (*view.versions(a), z):
                yield "wrong_activation_derivative", 2, filled(text, view.name(x)), _of(x, rule)
    for text, rule in SLIPS:
        for x in (*view.versions(a), z):
            yield "wrong_activation_derivative", 2, filled(text, view.name(x)), _of(x, rule)
    for other in ELEMENTWISE:
        if other != label:
            text = f"{function_name(other)}′({view.name(z)})"
            yield "wrong_activation_derivative", 2, text, _of(z, partial(slope, other))


def _slope_at(piece: Piece, x: Any) -> Callable[[Scope], Array]:
    return lambda s: _own_slope(piece, s.v(x))


def _of(x: Any, rule: Callable[[Array], Array]) -> Callable[[Scope], Array]:
    return lambda s: rule(s.v(x))


def filled(template: str, name: str) -> str:
    """Put a name into a formula; before a power it is bracketed, and so is a sum."""
    name = f"({name})" if "²" in template else name
    text = template.format(name)
    return f"({text})" if " − " in text or " + " in text else text


def _two_slopes(z: Any, name: str, d: str) -> tuple[tuple[str, ...], Any]:
    """Piecewise linear: any slopes for Z > 0 and Z ≤ 0, and Z times any."""
    terms = (f"{d} ⊙ 1{{{name} > 0}}", f"{d} ⊙ 1{{{name} ≤ 0}}", f"{d} ⊙ ReLU({name})", f"{d} ⊙ min({name}, 0)")

    def make(s: Scope, g: Array) -> tuple[Array, ...]:
        Z = s.v(z)
        return g * (Z > 0), g * (Z <= 0), g * np.maximum(Z, 0), g * np.minimum(Z, 0)

    return terms, make


def _polynomial(x: Any, name: str, d: str) -> tuple[tuple[str, ...], Any]:
    terms = (d, *(f"{d} ⊙ ({name}){'' if k == 1 else '²³⁴'[k - 2]}" for k in range(1, DEGREE + 2)))

    def make(s: Scope, g: Array) -> tuple[Array, ...]:
        return tuple(g * s.v(x) ** k for k in range(DEGREE + 2))

    return terms, make


# ---- softmax, and the layer before the cost ---------------------------------------------------------


def _softmax(piece: Piece, view: View, d: str) -> Iterator[Variant]:
    """Softmax along the samples instead of the classes; its derivative taken entry by entry."""
    z, a = piece.operands[0], piece.out
    name = view.name(a)
    yield Variant(
        "wrong_activation_derivative", f"{d} ⊙ {name} ⊙ (1 − {name})", lambda s, g: g * s.v(a) * (1 - s.v(a)), 2
    )
    yield Variant("wrong_activation_derivative", f"{d} ⊙ {name}", lambda s, g: g * s.v(a), 2)
    loss = view.loss_after(a)
    y = loss.operands[1] if loss is not None and len(loss.operands) > 1 else None
    over_m, m = view.per_sample()
    for axis in (1, None):
        text = f"{name} ⊙ ({d} − np.sum({d} ⊙ {name}, axis={axis}))"
        yield Variant("softmax_axis", text, lambda s, g, axis=axis: s.v(a) * (g - _total(g * s.v(a), axis)))  # type: ignore[misc]
        if y is not None and view.shape(y) == view.shape(a):
            text = f"softmax({view.name(z)}, axis={axis}) − {view.name(y)}"
            text = f"{over_m}({text})" if over_m else text
            yield Variant("softmax_axis", text, lambda s, g, axis=axis: (_softmax_along(s.v(z), axis) - s.v(y)) / m)  # type: ignore[misc]


def _total(values: Array, axis: int | None) -> Array:
    return np.asarray(values.sum(axis=axis, keepdims=True))


def _softmax_along(z: Array, axis: int | None) -> Array:
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return np.asarray(e / e.sum(axis=axis, keepdims=True))


def _at_the_output(piece: Piece, view: View) -> Iterator[Variant | Span]:
    """Confusions of dA, A − Y and (A − Y) ⊙ g′(Z) in the layer the loss takes."""
    loss = view.loss_after(piece.out)
    if loss is None or len(loss.operands) < 2 or view.shape(loss.operands[1]) != view.shape(piece.out):
        return
    z, a, y = piece.operands[0], piece.out, loss.operands[1]
    A, Y = view.name(a), view.name(y)
    over_m, m = view.per_sample()
    yield Variant(
        "output_derivative", f"{over_m}({A} − {Y})" if over_m else f"{A} − {Y}", lambda s, g: (s.v(a) - s.v(y)) / m
    )
    if piece.label in ELEMENTWISE:
        text = f"{over_m}({A} − {Y}) ⊙ {function_name(piece.label)}′({view.name(z)})"
        yield Variant("output_derivative", text, lambda s, g: (s.v(a) - s.v(y)) * _own_slope(piece, s.v(z)) / m)
    else:
        text = f"{over_m}({A} − {Y}) ⊙ {A} ⊙ (1 − {A})"
        yield Variant("output_derivative", text, lambda s, g: (s.v(a) - s.v(y)) * s.v(a) * (1 - s.v(a)) / m)
    yield Variant("output_derivative", over_m + A, lambda s, g: s.v(a) / m)
    yield Variant("output_derivative", f"{over_m}({A} − 1)", lambda s, g: (s.v(a) - 1) / m, 2)
    labels = f"{over_m}({A} − the labels)"
    yield Variant("output_derivative", labels, lambda s, g: (s.v(a) - np.argmax(s.v(y), axis=0)) / m, 2)
    terms = (A, Y, "1")
    yield Span("output_derivative", terms, lambda s, g: (s.v(a), s.v(y) + 0.0, np.ones_like(s.v(a))))
    error = f"({A} − {Y})"
    powers = (error, f"{error} ⊙ {A}", f"{error} ⊙ ({A})²")
    yield Span(
        "output_derivative", powers, lambda s, g: tuple((s.v(a) - s.v(y)) * s.v(a) ** k for k in range(3)), cost=5
    )
