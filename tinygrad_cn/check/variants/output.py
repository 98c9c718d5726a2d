"""Wrong gradients at the loss, and at single ops such as dropout's mask and its division by keep_prob."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...chain.layers import Piece
from ...ops.op import Array
from ..cause import Code
from .model import Rule, Scope, Span, Variant, View, needs

# dA of binary cross-entropy is −Y/A + (1−Y)/(1−A); with p = Y/A and q = (1−Y)/(1−A):
OF_CROSS_ENTROPY: tuple[tuple[Code, str, Callable[[Array, Array], Array], int], ...] = (
    ("missing_term", "−{Y} / {A}", lambda p, q: -p, 2),
    ("missing_term", "(1 − {Y}) / (1 − {A})", lambda p, q: q, 2),
    ("sign", "−{Y} / {A} − (1 − {Y}) / (1 − {A})", lambda p, q: -p - q, 1),
)


def of_loss(piece: Piece, view: View) -> Iterator[Variant | Span]:
    """dA of the last layer: terms dropped, signs mixed up, dZ given for dA."""
    if len(piece.operands) < 2:
        return
    a, y = piece.operands[:2]
    if view.shape(a) != view.shape(y):
        return
    A, Y = view.name(a), view.name(y)
    over_m, m = view.per_sample()
    yield Variant("output_derivative", f"{over_m}({A} − {Y})", lambda s, g: (s.v(a) - s.v(y)) / m)
    for code, text, rule, cost in OF_CROSS_ENTROPY:
        make: Rule = lambda s, g, rule=rule: rule(*_ratios(s.v(a), s.v(y))) / m  # type: ignore[misc]  # noqa: E731
        formula = text.format(A=A, Y=Y)
        yield Variant(code, f"{over_m}({formula})" if over_m else formula, make, cost)
    yield Span("output_derivative", (A, Y, "1"), lambda s, g: (s.v(a), s.v(y) + 0.0, np.ones_like(s.v(a))))

    terms = (f"{Y} / {A}", f"(1 − {Y}) / (1 − {A})", f"{Y} / (1 − {A})", A, Y, "1")

    def every(s: Scope, g: Array) -> tuple[Array, ...]:
        A, Y = s.v(a), s.v(y) + 0.0
        return (*_ratios(A, Y), _ratios(1 - A, Y)[0], A, Y, np.ones_like(A))

    yield Span("output_derivative", terms, every, cost=5)


def _ratios(A: Array, Y: Array) -> tuple[Array, Array]:
    with np.errstate(divide="ignore", invalid="ignore"):
        return Y / A, (1 - Y) / (1 - A)


def of_op(piece: Piece, x: Any, view: View) -> Iterator[Variant]:
    """An op with a constant left out or turned round: the dropout mask, or the division by keep_prob."""
    others = [y for y in piece.operands if y is not x and not needs(y)]
    if piece.label not in ("multiply", "divide") or len(others) != 1 or view.shape(piece.out) != view.shape(x):
        return
    c = others[0]
    code: Code = "missing_dropout_mask" if view.shape(c) else "missing_keep_prob"
    text = view.d(piece.out)
    yield Variant(code, text, lambda s, g: g)
    for other in view.masks() if view.shape(c) else ():
        if other is not c and view.shape(other) == view.shape(c):
            name = view.name(other)
            yield Variant("wrong_layer_cache", f"{text} ⊙ {name}", lambda s, g, other=other: g * s.v(other))  # type: ignore[misc]
    if not view.shape(c):
        number = f"{float(view.world.value(c)):g}"
        turned: Rule = (lambda s, g: g * s.v(c)) if piece.label == "divide" else (lambda s, g: g / s.v(c))
        yield Variant(code, f"{text} {'·' if piece.label == 'divide' else '/'} {number}", turned)
        yield Variant(code, f"{text} / (1 − {number})", lambda s, g: g / (1 - s.v(c)))
