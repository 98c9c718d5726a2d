"""Formulas in course notation: what a piece computes, and what it contributes to each gradient.

The rule of each op comes from its record; this file puts course names for its symbols and, in the
course convention, the 1/m where a gradient leaves the samples.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from ..autograd import Node, ancestors, data_of, needs_gradient
from ..ops.formula import Formula
from ..ops.loss import samples
from ..ops.op import REGISTRY, Op
from .around import GLOBAL, global_pool_back, global_pool_forward, norm_back, norm_forward, pool_back
from .attention import attention_back, attention_forward
from .dropout import dropout_back, dropout_forward
from .fixed_norm import fixed_norm_back, fixed_norm_forward
from .layers import Piece
from .penalty import held
from .terms import known_multiple
from .time import over_time

Naming = Callable[[Any], str]

# Forward and ∂loss/∂(first operand) of one sample, in A (or Z) and Y; n is the number of outputs.
LOSS: dict[str, tuple[str, str]] = {
    "binary_cross_entropy": ("−(1/m) Σ [Y log A + (1 − Y) log(1 − A)]", "−Y / A + (1 − Y) / (1 − A)"),
    "binary_cross_entropy_with_logits": ("(1/m) Σ [log(1 + exp(A)) − Y A]", "σ(A) − Y"),
    "categorical_cross_entropy": ("−(1/m) Σ Y log A", "−Y / A"),
    "cross_entropy": ("−(1/m) Σ Y log softmax(A)", "softmax(A) − Y"),
    "mse": ("(1/m) Σ (A − Y)²", "2 (A − Y)"),
    "mae": ("(1/m) Σ |A − Y|", "sign(A − Y)"),
    "huber": ("(1/m) Σ huber(A − Y)", "clip(A − Y, −δ, δ)"),
    "hinge": ("(1/m) Σ max(0, 1 − Y A)", "−Y ⊙ 1{Y A < 1}"),
}  # fmt: skip
MEAN_OVER_OUTPUTS = frozenset(["mse", "mae", "huber", "hinge"])
FUSED = {("sigmoid", "binary_cross_entropy"), ("softmax", "categorical_cross_entropy")}  # dZ = A − Y
OF_KIND: dict[str, tuple[Callable[[Piece, Naming], str], Callable[[Piece, int, Naming, str], str]]] = {
    "attention": (attention_forward, attention_back),
    "norm": (norm_forward, norm_back),
    "fixed_norm": (fixed_norm_forward, fixed_norm_back),
    "dropout": (dropout_forward, dropout_back),
}  # what a piece computes, and what it adds to the gradient of its operand i
MANY = 4  # more are elided
GREEK = {"sigmoid": "σ", "relu": "ReLU", "leaky_relu": "LeakyReLU", "elu": "ELU", "gelu": "GELU", "silu": "SiLU"}


def function_name(label: str) -> str:
    """How an activation is written: σ, tanh, ReLU."""
    return GREEK.get(label, label)


def forward(piece: Piece, name: Naming) -> Formula:
    """What the piece computes, in names."""
    if piece.kind == "affine":
        return Formula.of(_affine(piece, name))
    if piece.kind == "conv":
        a, w, b = piece.operands
        return Formula.of(f"{name(a)} * {name(w)}" + ("" if b is None else f" + {name(b)}"))
    if piece.kind in ("sequence", "projection"):
        return Formula.of(_each_step(piece, name))
    if piece.kind == "activation":
        return Formula.of(f"{function_name(piece.label)}({name(piece.operands[0])})")
    if piece.kind == "flatten":
        return Formula.of(f"flatten({name(piece.operands[0])})")
    if piece.kind in OF_KIND:
        return Formula.of(OF_KIND[piece.kind][0](piece, name))
    if piece.label in GLOBAL:
        return Formula.of(global_pool_forward(piece, name))
    if piece.kind == "loss":
        return _loss(piece, name, 0)
    if piece.kind == "recurrent":
        return Formula.of(_recurrent(piece, name))
    if piece.kind == "cell":
        return expression(piece.out, name, 0, _ends(piece))
    if piece.label == "embedding":
        return Formula.of(f"{name(piece.operands[0])}[:, ids]")
    if piece.label == "stack" and len(piece.operands) > MANY:
        return Formula.of(f"stack({name(piece.operands[0])}, …, {name(piece.operands[-1])})")
    if _is_pair(piece):
        return Formula.of("[{}; {}]".format(*map(name, piece.operands)))
    return expression(piece.out, name, depth=1)


def _affine(piece: Piece, name: Naming) -> str:
    w, a, b = piece.operands
    product = f"{name(w)}{'ᵀ' if piece.flipped else ''} {name(a)}"
    return product if b is None else f"{product} + {name(b)}"


def _loss(piece: Piece, name: Naming, which: int) -> Formula:
    text = LOSS[piece.label][which]
    rows = _outputs(data_of(piece.operands[0]))
    if piece.label in MEAN_OVER_OUTPUTS and rows > 1:
        text = text.replace("(1/m)", f"(1/{rows}m)") if which == 0 else _over(text, rows)
    return Formula.of(text).fill({"A": name(piece.operands[0]), "Y": name(piece.operands[1])})


def _outputs(A: Any) -> int:
    """Number of outputs of one sample: rows, times time steps."""
    return int(np.size(A)) // samples(A)


def options(piece: Piece) -> dict[str, str]:
    """The options of an activation as numbers: slope, alpha."""
    return {option: f"{value:g}" for option, value in (piece.out._options or {}).items()}


def _over(text: str, rows: int) -> str:
    """A mean over the outputs of one sample; 2 (A − Y) over 4 rows is (1/2) (A − Y)."""
    weight = Fraction(2 if text.startswith("2 ") else 1, rows)
    rest = _wrap(text.removeprefix("2 "))
    return _bare(rest) if weight == 1 else f"({weight}) {rest}"


def contribution(piece: Piece, i: int, name: Naming, scale: str) -> Formula:
    """What the piece adds to the gradient of its operand i; `scale` is "", "1/m" or "m"."""
    g = gradient_of(name(piece.out))
    if piece.kind == "affine":
        text = _affine_rules(piece, name, g)[i]
    elif piece.kind == "activation":
        symbols = {"g": g, "y": name(piece.out), "x": name(piece.operands[0])} | options(piece)
        return _scaled(REGISTRY[piece.label].formula[0].fill(symbols), scale)
    elif piece.kind == "loss":
        return _scaled(_loss(piece, name, 1), "" if scale == "m" else "1/m")
    elif piece.kind in ("sequence", "projection"):
        text = _each_step_rules(piece, name, g)[i]
    elif piece.kind == "flatten":
        text = f"reshape({g}ᵀ)"
    elif piece.kind == "recurrent":
        text = _recurrent_rules(piece, name, g)[i]
    elif piece.kind == "cell":
        text = _through_cell(piece, piece.operands[i], name, g)
    elif piece.kind in OF_KIND:
        text = OF_KIND[piece.kind][1](piece, i, name, g)
    elif piece.label in GLOBAL:
        text = global_pool_back(piece, name, g)
    elif piece.kind == "pool":
        text = pool_back(piece, name, g)
    elif piece.kind == "total":
        text = "1"
    elif piece.kind == "own_loss":
        return _own_loss(piece, name, scale)
    elif piece.kind == "penalty":
        text = _penalty_rule(piece, piece.operands[i], name)
    else:
        text = _part_of_sequence(piece, i, g) or _op_rule(piece.out, i, name, g)
    return _scaled(Formula.of(text), scale)


def _affine_rules(piece: Piece, name: Naming, g: str) -> tuple[str, str, str]:
    w, a, _ = piece.operands
    if piece.flipped:
        return f"{name(a)} {g}ᵀ", f"{name(w)} {g}", f"Σ {g}"
    return f"{g} {name(a)}ᵀ", f"{name(w)}ᵀ {g}", f"Σ {g}"


def _each_step(piece: Piece, name: Naming) -> str:
    """W x⟨t⟩ + b; in an attention W X + b, where X is the matrix of one sample."""
    w, a, b = map(name, piece.roles)
    product = f"{w} {a}{_at_step(piece)}"
    return f"{product} + {b}" if b else product


def _each_step_rules(piece: Piece, name: Naming, g: str) -> tuple[str, str, str]:
    w, a, _ = map(name, piece.roles)
    at = _at_step(piece)
    return f"Σ {g}{at} {a}{at}ᵀ", f"{w}ᵀ {g}{at}", f"Σ {g}{at}"


def _at_step(piece: Piece) -> str:
    return "" if piece.kind == "projection" else "⟨t⟩"


def _recurrent(piece: Piece, name: Naming) -> str:
    *factors, b = map(name, piece.operands)
    if piece.label == "recurrent_one":
        text = "{} {}".format(*factors)
    elif piece.label == "recurrent_sum":
        text = "{} {} + {} {}".format(*factors)
    else:
        text = "{} [{}; {}]".format(*factors)
    return f"{text} + {b}" if b else text


def _recurrent_rules(piece: Piece, name: Naming, g: str) -> tuple[str, ...]:
    """Of [a; x] the rows above belong to a, the others to x, and so do the columns of Wf = [Wfa, Wfx]."""
    if piece.label == "recurrent_one":
        return _affine_rules(piece, name, g)
    if piece.label == "recurrent_sum":
        Waa, a, Wax, x, _ = map(name, piece.operands)
        return f"{g} {a}ᵀ", f"{Waa}ᵀ {g}", f"{g} {x}ᵀ", f"{Wax}ᵀ {g}", f"Σ {g}"
    W, a, x, _ = map(name, piece.operands)
    return f"{g} [{a}; {x}]ᵀ", f"{W}aᵀ {g}", f"{W}xᵀ {g}", f"Σ {g}"


def _part_of_sequence(piece: Piece, i: int, g: str) -> str:
    """Of A, all states along the last axis, A⟨t⟩ belongs to a⟨t⟩; of two put together each has its rows or columns."""
    options, shape = piece.out._options or {}, piece.out._data.shape
    if piece.label == "stack" and len(shape) == 3 and options.get("axis", 0) % 3 == 2:
        return f"{g}⟨{i + 1}⟩"
    if _is_pair(piece):
        return f"{g}[:{len(data_of(piece.operands[0]))}]" if i == 0 else f"{g}[{len(data_of(piece.operands[0]))}:]"
    match options.get("index"):
        case (slice(start=None, stop=None), slice(start=None, stop=int(), step=None)):
            return f"[{g}, 0]"
        case (slice(start=None, stop=None), slice(start=int(), stop=None, step=None)):
            return f"[0, {g}]"
    return ""


def _is_pair(piece: Piece) -> bool:
    """[a; b], one matrix on top of another."""
    axis = (piece.out._options or {}).get("axis", 0)
    return piece.label == "concatenate" and len(piece.operands) == 2 and piece.out._data.ndim == 2 and axis == 0


def _through_cell(piece: Piece, x: Any, name: Naming, g: str) -> str:
    """The rules of the ops that a joined piece covers, one put into the other."""
    ends = _ends(piece)

    def part(y: Any) -> str:
        inner = isinstance(y, Node) and y not in ends and y._op is not None
        return _wrap(expression(y, name, 0, ends).text) if inner else name(y)

    reached: dict[int, list[str]] = {id(piece.out): [g]}
    for node in reversed([node for node in ancestors(piece.out, ends) if node not in ends]):
        arriving = total([Formula.of(text) for text in reached[id(node)]]).text
        for i, y in enumerate(node._inputs):
            if y is x or needs_gradient(y):
                reached.setdefault(id(y), []).append(_op_rule(node, i, part, arriving))
    return total([Formula.of(text) for text in reached[id(x)]]).text


def _ends(piece: Piece) -> frozenset[Node]:
    return frozenset(x for x in piece.operands if isinstance(x, Node))


def _own_loss(piece: Piece, name: Naming, scale: str) -> Formula:
    """The gradient of a multiple of a known loss; ∂J/∂A for any other loss written by hand."""
    x, match = piece.operands[0], known_multiple(piece)
    if match is None:
        return _scaled(Formula.of(f"∂{name(piece.out)}/∂{name(x)}"), scale)
    text, m = LOSS[match.name][1], samples(x._data)
    rows = _outputs(x._data) if match.name in MEAN_OVER_OUTPUTS else 1
    weight = match.factor / rows * (2 if text.startswith("2 ") else 1)
    one = Formula.of(text.removeprefix("2 ")).fill({"A": name(x), "Y": name(match.target)}).text
    if scale != "m" and not _short(weight / m):
        return Formula.of(f"({weight:.6g}/m) {_wrap(one)}")
    factor = _factor(weight if scale == "m" else weight / m)
    return Formula.of(f"{factor} {_wrap(one)}" if factor else _bare(one))


def _short(weight: float) -> bool:
    """Whether a factor is a whole number or a half."""
    return bool(np.isclose(2 * weight, round(2 * weight), rtol=1e-10)) and round(2 * weight) != 0


def _factor(weight: float) -> str:
    """A factor as a learner writes it: nothing for 1, 2, (1/2), 0.3."""
    fraction = Fraction(round(2 * weight), 2)
    if not _short(weight):
        return f"{weight:.6g}"
    return "" if fraction == 1 else f"({fraction})" if fraction.denominator == 2 else str(fraction)


def _penalty_rule(piece: Piece, x: Any, name: Naming) -> str:
    known = held(piece, x)
    return f"∂{name(piece.out)}/∂{name(x)}" if known is None else known.gradient(name(x))


def _op_rule(node: Node, i: int, name: Naming, g: str) -> str:
    op, x = node._op, node._inputs[i]
    assert op is not None
    rules = op.formula
    if i >= len(rules):
        return f"{g} · ∂{name(node)}/∂{name(x)}" if not rules else rules[0].fill({"g": g}).text
    symbols = {"g": g, "y": name(node)} | dict(zip(op.inputs, map(name, node._inputs), strict=False))
    text = _tidy(rules[i].fill(symbols).text)
    grown = isinstance(x, Node) and op.broadcasts and x._data.shape != node._data.shape and op.name != "matmul"
    return f"Σ {_wrap(text)}" if grown else text


def _scaled(formula: Formula, scale: str) -> Formula:
    if not scale:
        return formula
    count, rest = "1", _wrap(formula.text)
    if scale == "1/m" and (whole := re.fullmatch(r"(\d+) (.+)", rest)):
        count, rest = whole.groups()  # (1/m) 2 (A − Y) is (2/m) (A − Y)
    return Formula.of(f"{'m' if scale == 'm' else f'({count}/m)'} {rest}")


def weighted(weight: str, formula: Formula) -> Formula:
    """The gradient of a term that counts in J with a weight: dJ₁ (A − Y)."""
    return Formula.of(f"{weight} {_wrap(formula.text)}")


def _wrap(text: str) -> str:
    """Brackets around a sum, so that a factor in front applies to all of it."""
    return f"({text})" if _binding(text) == 1 else text


def _bare(text: str) -> str:
    """Without brackets around all of it."""
    return text[1:-1] if text[0] == "(" and _binding(text) == 4 else text


def total(parts: list[Formula]) -> Formula:
    """The sum of the contributions of all consumers; over time with a Σₜ."""
    texts = [p.text for p in parts]
    timed = [text for text in texts if "⟨" in text]
    summed = over_time(timed)
    if summed:
        texts = [summed, *(text for text in texts if text not in timed)]
    return Formula.of(" + ".join(texts).replace("+ −", "− "))


def gradient_of(written: str) -> str:
    """The course's name for the gradient: dZ[1] for Z[1]."""
    return f"d{written}"


def expression(node: Node, name: Naming, depth: int, ends: frozenset[Node] = frozenset()) -> Formula:
    """The formula of a node, with inner nodes written out `depth` levels down, or down to `ends`."""

    def part(x: Any) -> str:
        if isinstance(x, Node) and x._op is not None and x not in ends and (depth > 1 or ends):
            return expression(x, name, depth - 1, ends).text
        return name(x)

    op = node._op
    assert op is not None
    return Formula.of(fill_op(op, [part(x) for x in node._inputs], node._options))


def fill_op(op: Op, inputs: list[str], options: dict[str, Any] | None) -> str:
    """The op's own formula with names for its inputs."""
    if op.vjp is not None:
        return f"{op.name}({', '.join(inputs)})"
    names = {s: _bracket(x, op.text, s) for s, x in zip(op.inputs, inputs, strict=False)}
    text = _tidy(Formula.of(op.text).fill(names).text)
    return text.replace("index", index_text((options or {}).get("index"))) if op.name == "getitem" else text


def _tidy(text: str) -> str:
    """Write constant exponents as a person would: x^(3 − 1) as x², x^(2 − 1) as x."""
    text = re.sub(r"\^\((\d+) − 1\)", lambda m: f"^{int(m[1]) - 1}", text)
    text = re.sub(r"\(([^() ]+)\)\^1(?![\d.])", r"\1", text)
    return re.sub(r"\^([123])(?![\d.])", lambda m: ["", "²", "³"][int(m[1]) - 1], text)


def _bracket(inner: str, template: str, symbol: str) -> str:
    """Brackets around an expression where the template binds more tightly than it."""
    if f"({symbol})" in template or f"|{symbol}|" in template or "," in template:
        return inner
    loose, tight = _binding(inner), _binding(template)
    last = template.endswith(symbol) and template != symbol
    needed = loose < tight or (last and loose == tight and template[:-1].rstrip()[-1:] in "−/")
    return f"({inner})" if needed else inner


def _binding(text: str) -> int:
    """How tightly the loosest operator outside brackets binds: 1 sum, 2 product, 3 power, 4 nothing."""
    depth, found = 0, 4
    for i, c in enumerate(text):
        depth += (c in "([{") - (c in ")]}")
        if depth:
            continue
        if c in "+−":
            return 1
        if c in "⊙·/@" or (c == " " and text[i - 1] not in ",⊙·/@" and text[i + 1 : i + 2] not in ("⊙", "·", "/", "@")):
            found = 2
        elif c in "^²³ᵀ":
            found = min(found, 3)
    return found


def index_text(index: Any) -> str:
    """How an index is typed: `:, 1:3`."""
    if isinstance(index, tuple):
        return ", ".join(map(index_text, index))
    if isinstance(index, slice):
        ends = [("" if v is None else str(v)) for v in (index.start, index.stop)]
        return ":".join(ends) + (f":{index.step}" if index.step is not None else "")
    return "…" if index is Ellipsis else str(index) if np.ndim(index) == 0 else f"array{np.shape(index)}"
