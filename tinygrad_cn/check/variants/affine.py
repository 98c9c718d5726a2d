"""Wrong dW, db and dA of an affine map Z = W A + b."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...chain.layers import Piece
from ...chain.penalty import Held, held
from ...ops.op import Array
from ..cause import Code, penalty_codes
from .model import Rule, Rules, Span, Variant, View, gradient_of, needs, value_of

Source = tuple[tuple[Code, ...], str, Rule, tuple[int, ...]]  # what using it would mean; name, value, shape
Sum = tuple[Code, str, Callable[[Array], Array], bool]

# Wrong sums of dZ over the samples, as db; G is dZ, and the 1/m comes on top where the last column says so.
# The right one is np.sum(G, axis=1, keepdims=True).
SUMS: tuple[Sum, ...] = (
    ("wrong_axis", "np.sum({}, axis=0, keepdims=True)", lambda G: G.sum(axis=0, keepdims=True), True),
    ("wrong_axis", "np.sum({}, axis=0)", lambda G: G.sum(axis=0), True),
    ("wrong_axis", "np.mean({}, axis=0, keepdims=True)", lambda G: G.mean(axis=0, keepdims=True), False),
    ("wrong_axis", "np.mean({}, axis=0)", lambda G: G.mean(axis=0), False),
    ("missing_sum_over_samples", "{}", lambda G: G, True),
    ("missing_sum_over_samples", "{}", lambda G: G, False),
)
# The same for more than one unit: for a single one they are right.
TOTALS: tuple[Sum, ...] = (
    ("wrong_axis", "np.sum({})", lambda G: np.asarray(G.sum()), True),
    ("wrong_axis", "np.sum({}, keepdims=True)", lambda G: G.sum(keepdims=True), True),
    ("wrong_axis", "np.sum({}) in every row", lambda G: np.full((len(G), 1), G.sum()), True),
    ("wrong_axis", "np.mean({})", lambda G: np.asarray(G.mean()), False),
)
PENALTIES: tuple[tuple[str, Callable[[Array], Array]], ...] = (
    ("{}", lambda w: w),
    ("{}²", np.square),
    ("sign({})", np.sign),
)


def of_affine(piece: Piece, x: Any, view: View) -> Iterator[Variant | Span]:
    """By operand: the weights, the input, the bias."""
    w, a, _ = piece.operands
    if x is a:
        yield from _input(piece, view)
        return
    yield from _weight(piece, view) if x is w else _bias(piece, x, view)
    yield from _penalties(x, view, added=True)


def of_penalty(x: Any, view: View) -> Iterator[Span]:
    """The regularisation of x, of another form."""
    yield from _penalties(x, view, added=False)


def _penalties(x: Any, view: View, added: bool) -> Iterator[Span]:
    penalty = next((p for p, _ in view.reader.consumers.get(id(x), []) if p.kind == "penalty"), None)
    code = penalty_codes(penalty, x)[1]
    for text, rule in PENALTIES:
        make: Rules = lambda s, g, rule=rule: (rule(s.v(x)),)  # type: ignore[misc]  # noqa: E731
        yield Span(code, (text.format(view.name(x)),), make, added)


# ---- what may stand in a product --------------------------------------------------------------------


def _gradients(piece: Piece, view: View) -> list[Source]:
    """dZ itself; in its place dA of the same layer, dZ and dA of other layers."""
    act = view.activation_of(piece.out)
    found: list[Source] = [((), view.d(piece.out), lambda s, g: g, view.shape(piece.out))]
    for y in view.gradients_since(piece.out):
        if y is not piece.out and len(view.shape(y)) == 2:
            same_layer = act is not None and y is act.out
            code: Code = "missing_activation_derivative" if same_layer else "wrong_layer_cache"
            found.append(((code,), view.d(y), gradient_of(y), view.shape(y)))
    return found


def _values(right: Any, others: list[Any], view: View) -> list[Source]:
    """The right factor, and others that lie about."""
    found: list[Source] = [((), view.name(right), value_of(right), view.shape(right))]
    found += [(("wrong_layer_cache",), view.name(y), value_of(y), view.shape(y)) for y in others if y is not right]
    return found


# ---- the weights ------------------------------------------------------------------------------------


def _weight(piece: Piece, view: View) -> Iterator[Variant]:
    a, scale = piece.operands[1], view.world.scale(piece.out)
    over_m = "" if scale == 1.0 else "(1/m) "
    for g_codes, g_name, G, g_shape in _gradients(piece, view):
        for a_codes, a_name, A, a_shape in _values(a, view.caches(), view):
            codes = (*g_codes, *a_codes)
            if codes and len(g_shape) == len(a_shape) == 2 and g_shape[1] == a_shape[1]:
                pairs = ((a_name, A, a_shape), (g_name, G, g_shape))
                (l_name, L, l_shape), (r_name, R, r_shape) = pairs if piece.flipped else pairs[::-1]
                text = f"{over_m}{l_name} {r_name}ᵀ"
                yield Variant(codes[0], text, _product(L, R, scale), len(codes), (l_shape[0], r_shape[0]))
    A, a_name, g_name = value_of(a), view.name(a), view.d(piece.out)
    if view.shape(piece.out)[0] in (1, view.shape(a)[0]) or view.shape(a)[0] == 1:
        product: Rule = lambda s, g: g * A(s, g) / scale  # noqa: E731
        yield Variant("elementwise_for_matmul", f"{over_m}{g_name} ⊙ {a_name}", product, shape=())
        summed: Rule = lambda s, g: product(s, g).sum(axis=1, keepdims=True)  # noqa: E731
        yield Variant("elementwise_for_matmul", f"{over_m}Σ {g_name} ⊙ {a_name}", summed, shape=())
    yield from _turned(piece, A, scale, view)
    for k in range(view.shape(a)[1]):
        yield Variant("missing_sum_over_samples", f"{g_name} {a_name}ᵀ of sample {k + 1} alone", _one(piece, k), 3)


def _turned(piece: Piece, A: Rule, scale: float, view: View) -> Iterator[Variant]:
    """Products with the transpose missing or at the wrong factor, where the shapes let them pass."""
    a, g = view.name(piece.operands[1]), view.d(piece.out)
    rows, inputs, m = view.shape(piece.out)[0], *view.shape(piece.operands[1])
    over_m = "" if scale == 1.0 else "(1/m) "
    if m == inputs:
        yield Variant("transposed", f"{over_m}{g} {a}", lambda s, g: g @ A(s, g) / scale, shape=(rows, m))
    if rows == inputs:
        yield Variant("transposed", f"{over_m}{g}ᵀ {a}", lambda s, g: g.T @ A(s, g) / scale, shape=(m, m))
        yield Variant("transposed", f"{over_m}{a}ᵀ {g}", lambda s, g: A(s, g).T @ g / scale, shape=(m, m))


def _product(left: Rule, right: Rule, scale: float) -> Rule:
    return lambda s, g: left(s, g) @ right(s, g).T / scale


def _one(piece: Piece, k: int) -> Rule:
    a = piece.operands[1]
    if piece.flipped:
        return lambda s, g: np.outer(s.v(a)[:, k], g[:, k])
    return lambda s, g: np.outer(g[:, k], s.v(a)[:, k])


# ---- the bias ---------------------------------------------------------------------------------------


def _bias(piece: Piece, b: Any, view: View) -> Iterator[Variant]:
    scale, m = view.world.scale(piece.out), view.shape(piece.out)[1]
    over_m = "" if scale == 1.0 else "(1/m) "
    for codes, name, G, shape in _gradients(piece, view):
        extra = len(codes)
        if codes:
            yield Variant(codes[0], f"{over_m}Σ {name}", _sum(G, scale), 1, (shape[0], 1))
        for code, text, rule, divided in SUMS + TOTALS if shape[0] > 1 else SUMS:
            if divided or scale != 1.0:
                start, by = (over_m, scale) if divided else ("", 1.0)
                yield Variant(code, start + text.format(name), _summed(G, rule, by), 1 + extra, shape=())
        if scale == 1.0 and view.world.chain.m and not codes:
            yield Variant("mean_instead_of_sum", f"np.mean({name}, axis=1, keepdims=True)", _sum(G, float(m)))
    for known in _penalties_on_weights(piece, view):
        shrunk: Rule = lambda s, g, k=known: _sum(lambda s, g: g, scale)(s, g) + k.factor * k.norm.direction(s.v(b))  # type: ignore[misc]  # noqa: E731
        text = f"{over_m}Σ {view.d(piece.out)} + {known.gradient(view.name(b))}"
        yield Variant("wrong_regularisation", text, shrunk, 2)
    for k in range(m):
        column: Rule = lambda s, g, k=k: g[:, k : k + 1]  # type: ignore[misc]  # noqa: E731
        yield Variant("missing_sum_over_samples", f"{view.d(piece.out)} of sample {k + 1} alone", column, 3)


def _penalties_on_weights(piece: Piece, view: View) -> list[Held]:
    """The penalties on the weights of the same layer: somebody may have put them on b too."""
    w = piece.operands[0]
    penalties = [p for p, _ in view.reader.consumers.get(id(w), []) if p.kind == "penalty"]
    return [known for p in penalties if (known := held(p, w)) is not None]


def _sum(G: Rule, scale: float) -> Rule:
    return lambda s, g: G(s, g).sum(axis=1, keepdims=True) / scale


def _summed(G: Rule, rule: Callable[[Array], Array], scale: float) -> Rule:
    return lambda s, g: rule(G(s, g)) / scale


# ---- the input --------------------------------------------------------------------------------------


def _input(piece: Piece, view: View) -> Iterator[Variant | Span]:
    w, a, _ = piece.operands
    right, dz = view.shape(a), view.d(piece.out)
    per = view.world.scale(a) / view.world.scale(piece.out)
    grown = [((code,), view.d(y), gradient_of(y), view.shape(y)) for code, y in _updated(view)]
    for g_codes, g_name, G, g_shape in _gradients(piece, view):
        for w_codes, w_name, W, w_shape in (*_values(w, _matrices(view), view), *grown):
            for turned in (False, True):
                flat = turned != piece.flipped
                codes: tuple[Code, ...] = (*g_codes, *w_codes, *(("transposed",) if turned else ()))
                inner, rows = w_shape[:: -1 if flat else 1]
                if codes and inner == g_shape[0] and (rows, g_shape[1]) == right:
                    text = f"{w_name}{'' if flat else 'ᵀ'} {g_name}"
                    yield Variant(codes[0], text, _back(W, G, flat, per), len(codes))
    if view.shape(w)[::-1] == view.shape(piece.out):
        yield Variant("elementwise_for_matmul", f"{view.name(w)}ᵀ ⊙ {dz}", lambda s, g: s.v(w).T * g)
    if needs(w):
        step: Any = lambda s, g: (_back(gradient_of(w), lambda s, g: g, piece.flipped, per)(s, g),)  # noqa: E731
        yield Span("updated_weights", (f"{view.d(w)}ᵀ {dz}",), step, added=True)


def _updated(view: View) -> list[tuple[Code, Any]]:
    """dW known by now: somebody may have taken it for W."""
    return [("wrong_layer_cache", w) for w in _matrices(view) if needs(w) and id(w) in view.own.fixed]


def _matrices(view: View) -> list[Any]:
    """Weights of dense layers."""
    return [w for w in view.weights() if len(view.shape(w)) == 2]


def _back(W: Rule, G: Rule, flat: bool, scale: float) -> Rule:
    if flat:
        return lambda s, g: W(s, g) @ G(s, g) * scale
    return lambda s, g: W(s, g).T @ G(s, g) * scale
