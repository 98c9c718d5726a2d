"""Why a formula of the chain is what it is: its rule, its shape, what it uses, where its 1/m stands.

A reason is a `Note`; `derivation.py` collects them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd import data_of
from ..ops.formula import Formula
from ..ops.notation import Bracket, parse
from ..ops.op import REGISTRY
from .formula import function_name, gradient_of, options
from .layers import Piece
from .model import Quantity
from .note import Note, formula
from .penalty import held
from .read import Reader, Term
from .reason_attention import of_attention, of_residual, of_sequence
from .reason_images import of_conv, of_dropout, of_fixed_norm, of_flatten, of_norm, of_pool
from .reason_recurrent import of_cell, of_recurrent
from .terms import known_multiple

ROWS_TOGETHER = frozenset(["softmax", "log_softmax"])  # activations that are not elementwise
PRODUCTS = {  # Z = W A is n × m, A is k × m
    "forward": "({n}, {k}) · ({k}, {m}) → ({n}, {m})",
    "left": "({n}, {m}) · ({m}, {k}) → ({n}, {k})",
    "left.flipped": "({k}, {m}) · ({m}, {n}) → ({k}, {n})",
    "right": "({k}, {n}) · ({n}, {m}) → ({k}, {m})",
}
PASSED_ON = frozenset(["add", "multiply"])  # ops whose rule has a sentence of its own


# ---- the rule ---------------------------------------------------------------------------------------


def rule(reader: Reader, term: Term) -> Note:
    """The rule of calculus behind one term of a gradient."""
    piece = term.piece
    x, n = piece.operands[term.i], reader.name
    computed = reader.quantities[reader.names[id(piece.out)]].formula
    assert computed is not None
    values = {
        "x": formula(n(x)),
        "y": formula(n(piece.out)),
        "g": formula(gradient_of(n(piece.out))),
        "forward": formula(f"{n(piece.out)} = {computed.text}"),
    }
    key, more = RULES.get(piece.kind, _op)(reader, piece, term.i)
    return Note(key, {**values, **more}, "rule")


Rule = Callable[[Reader, Piece, int], tuple[str, dict[str, Any]]]


def _affine(reader: Reader, piece: Piece, i: int) -> tuple[str, dict[str, Any]]:
    w, a, b = piece.operands
    if i == 2:
        columns = np.shape(data_of(b)) == (piece.out._data.shape[0], 1)
        return ("bias" if columns else "bias.broadcast"), {}
    names = [reader.name(w), reader.name(a)]
    key = "product.right" if i == 1 else "product.left"
    return key + ".flipped" * piece.flipped, {"w": formula(names[0]), "a": formula(names[1])} | {
        "wt": formula(f"{names[0]}ᵀ"),
        "at": formula(f"{names[1]}ᵀ"),
        "gt": formula(f"{gradient_of(reader.name(piece.out))}ᵀ"),
    }


def _activation(reader: Reader, piece: Piece, i: int) -> tuple[str, dict[str, Any]]:
    if piece.label in ROWS_TOGETHER:
        return piece.label, {}
    return "activation", {"derivative": derivative(piece)}


def derivative(piece: Piece) -> Formula:
    """The derivative of an activation at one entry, from its record: tanh′ = 1 − tanh², ReLU′(z) = 1{z > 0}."""
    name = function_name(piece.label)
    record = REGISTRY[piece.label].formula[0].text.removeprefix("g ⊙ ").replace(" ⊙ ", " ")
    whole = parse(record).items
    local = record[1:-1] if len(whole) == 1 and isinstance(whole[0], Bracket) else record
    at = "(z)" if re.search(r"(?<![A-Za-z])x(?![A-Za-z])", local) else ""
    return formula(f"{name}′{at} = {Formula.of(local).fill({'x': 'z', 'y': name + at} | options(piece)).text}")


def _loss(reader: Reader, piece: Piece, i: int) -> tuple[str, dict[str, Any]]:
    return f"loss.{piece.label}", {"target": formula(reader.name(piece.operands[1]))}


def _penalty(reader: Reader, piece: Piece, i: int) -> tuple[str, dict[str, Any]]:
    known = held(piece, piece.operands[i])
    return "penalty.l1" if known is not None and known.kind == "L1" else "penalty", {}


def _own_loss(reader: Reader, piece: Piece, i: int) -> tuple[str, dict[str, Any]]:
    match = known_multiple(piece)
    if match is None:
        return "loss.own", {}
    return f"loss.{match.name}", {"target": formula(reader.name(match.target))}


def _total(reader: Reader, piece: Piece, i: int) -> tuple[str, dict[str, Any]]:
    return "total", {}


def _op(reader: Reader, piece: Piece, i: int) -> tuple[str, dict[str, Any]]:
    return (f"op.{piece.label}" if piece.label in PASSED_ON else "op"), {}


RULES: dict[str, Rule] = {
    "affine": _affine,
    "activation": _activation,
    "conv": of_conv,
    "sequence": of_sequence,
    "projection": of_sequence,
    "attention": of_attention,
    "residual": of_residual,
    "norm": of_norm,
    "fixed_norm": of_fixed_norm,
    "dropout": of_dropout,
    "pool": of_pool,
    "flatten": of_flatten,
    "recurrent": of_recurrent,
    "cell": of_cell,
    "loss": _loss,
    "own_loss": _own_loss,
    "penalty": _penalty,
    "total": _total,
}


# ---- the shape --------------------------------------------------------------------------------------


def size(q: Quantity) -> Formula:
    """Shape in symbols and numbers: (n[1], m) = (4, 400)."""
    numbers = str(q.shape)
    return formula(numbers if q.symbols == numbers else f"{q.symbols} = {numbers}")


def shape(reader: Reader, q: Quantity, term: Term) -> Note:
    """Why the gradient q has its shape."""
    piece, i = term.piece, term.i
    values = {"x": formula(reader.name(piece.operands[i])), "size": size(q)}
    if piece.kind == "affine" and i < 2:
        which = "right" if i == 1 else "left.flipped" if piece.flipped else "left"
        return Note("shape.product", values | _product(reader, piece, which), "shape")
    if q.shape == ():
        return Note("shape.scalar", {"x": formula(q.written)}, "shape")
    if q.shape != np.shape(piece.out._data) and term.formula.text.startswith(("Σ", "(1/m) Σ")):
        arrows = _arrows(f"{_symbols(reader, piece.out)} → {q.symbols}", f"{piece.out._data.shape} → {q.shape}")
        return Note("shape.summed", values | arrows, "shape")
    return same_shape(piece, values["x"], values["size"])


def same_shape(piece: Piece, x: Formula, shape: Formula) -> Note:
    """Of what keeps the shape of x."""
    entrywise = piece.kind == "activation" and piece.label not in ROWS_TOGETHER
    return Note("shape.entrywise" if entrywise else "shape.same", {"x": x, "size": shape}, "shape")


def product_shape(reader: Reader, piece: Piece) -> Note:
    """How the shapes of W A + b combine."""
    b = piece.operands[2]
    values = _product(reader, piece, "forward")
    if b is None:
        return Note("shape.forward", values, "shape")
    return Note("shape.forward.bias", values | {"b": formula(reader.name(b)), "bias": size_of(reader, b)}, "shape")


def size_of(reader: Reader, x: Any) -> Formula:
    """Shape of a named value, in symbols and numbers."""
    return size(reader.quantities[reader.names[id(x)]])


def _product(reader: Reader, piece: Piece, which: str) -> dict[str, Formula]:
    """How shapes combine in W A, or in one of its gradients, in symbols and in numbers."""
    _, a, _ = piece.operands
    symbols = (*_ends(_symbols(reader, piece.out)), _ends(_symbols(reader, a))[0])
    numbers = (*piece.out._data.shape, np.shape(data_of(a))[0])
    n, m, k = symbols
    texts = [PRODUCTS[which].format(n=n, m=m, k=k) for n, m, k in (symbols, numbers)]
    return _arrows(*texts) | {"inner": formula({"forward": k, "left": m, "right": n}[which.split(".")[0]])}


def _arrows(symbols: str, numbers: str) -> dict[str, Formula]:
    """Both forms of how shapes combine."""
    return {"symbols": formula(symbols), "numbers": formula(numbers)}


def _symbols(reader: Reader, x: Any) -> str:
    return reader.quantities[reader.names[id(x)]].symbols


def _ends(pair: str) -> list[str]:
    """The a and b of (a, b)."""
    return pair[1:-1].split(", ")


# ---- what it uses, and 1/m --------------------------------------------------------------------------


def uses(reader: Reader, terms: list[Term], text: str) -> list[Note]:
    """Upstream gradients and values of the forward pass that occur in the formula."""
    upstream: dict[str, Formula] = {}
    cached: dict[str, Formula] = {}
    for term in terms:
        for x in (term.piece.out, *term.piece.operands):
            if id(x) not in reader.names or x is reader.target:
                continue
            name = reader.name(x)
            for written, found in ((gradient_of(name), upstream), (name, cached)):
                if re.search(rf"(?<![A-Za-z0-9_∂]){re.escape(written)}(?![A-Za-z0-9_\[])", text):
                    found[written] = formula(written)
    key = ".".join(["uses", *["upstream"] * bool(upstream), *["cache"] * bool(cached)])
    values = {"upstream": tuple(upstream.values()), "cache": tuple(cached.values())}
    return [Note(key, values, "uses")] if upstream or cached else []


def mean(reader: Reader, term: Term) -> list[Note]:
    """Where the 1/m of a mean over samples stands."""
    if not reader.mean:
        return []
    if term.piece.kind == "loss" or (term.piece.kind == "own_loss" and "∂" not in term.formula.text):
        return [Note("mean.left_out" if reader.course else "mean.carried", {}, "mean")]
    return [Note({"1/m": "mean.here", "m": "mean.removed"}[term.scale], {}, "mean")] if term.scale else []
