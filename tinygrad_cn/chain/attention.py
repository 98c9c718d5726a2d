"""Attention in a graph: its projections, scores, weights and context make one layer; their formulas.

Formulas are those of one sample and one head, where Q, K, V and C are matrices with a column for each step, and a
row of S and α belongs to a query: S = Qᵀ K / √d, α = softmax(S), C = V αᵀ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..autograd import Node, data_of
from .piece import Piece

Naming = Callable[[Any], str]


@dataclass(eq=False)
class Attention:
    """One attention.

    Attributes
    ----------
    parts : mapping
        Its pieces in the order of the forward pass, each with its letter: "q", "k" and "v" for projections, "S",
        "alpha", "alphatilde" after dropout, "C", and "o" for the projection of the output.
    """

    parts: dict[Piece, str]

    @property
    def pieces(self) -> list[Piece]:
        """Its pieces in the order of the forward pass."""
        return list(self.parts)


def attention(node: Node, uses: Mapping[Node, int]) -> Piece | None:
    """Scores (Q, K), weights (S, mask) or context (V, α)."""
    name = node._op.name if node._op is not None else ""
    return Piece("attention", name, node, node._inputs) if name.startswith("attention_") else None


def attentions(pieces: Sequence[Piece]) -> tuple[list[Piece], dict[Piece, Attention]]:
    """The pieces with projections as such, and the attention that each piece of one belongs to."""
    made = {piece.out: piece for piece in pieces}
    users: dict[int, list[Piece]] = {}
    for piece in pieces:
        for x in piece.operands:
            users.setdefault(id(x), []).append(piece)
    groups: dict[Piece, Attention] = {}
    changed: dict[Piece, Piece] = {}
    for context in pieces:
        found = dict(_parts(context, made, users)) if context.label == "attention_context" else {}
        if "S" not in found.values():
            continue
        projections = {piece: replace(piece, kind="projection") for piece in found if piece.kind == "sequence"}
        changed |= projections
        order = sorted(found, key=lambda piece: piece.out._born)
        group = Attention({projections.get(piece, piece): found[piece] for piece in order})
        groups |= dict.fromkeys(group.parts, group)
    return [changed.get(piece, piece) for piece in pieces], groups


def _parts(context: Piece, made: Mapping[Any, Piece], users: Mapping[int, list[Piece]]) -> Iterator[tuple[Piece, str]]:
    """The pieces of the attention with this context, as far as they are recorded, each with its letter."""
    values, x = context.operands
    yield context, "C"
    if isinstance(x, Node) and x in made and made[x].kind == "dropout":
        yield made[x], "alphatilde"
        x = made[x].operands[0]
    weights = made.get(x)
    scores = made.get(weights.operands[0]) if weights is not None and weights.label == "attention_weights" else None
    if weights is None or scores is None or scores.label != "attention_scores":
        return
    yield weights, "alpha"
    yield scores, "S"
    queries = None
    for letter, y in zip("qkv", (*scores.operands, values), strict=True):
        if isinstance(y, Node) and y in made and made[y].kind == "sequence" and len(users[id(y)]) == 1:
            queries = made[y] if letter == "q" else queries
            yield made[y], letter
    (*others, last) = users.get(id(context.out), [None])
    if last is not None and last.kind == "sequence" and not others and _gives_back(last, queries):
        yield last, "o"


def _gives_back(last: Piece, queries: Piece | None) -> bool:
    """Whether a layer leads back to as many rows as the queries were made from; a head that classifies does not."""
    return queries is not None and len(last.out._data) == len(data_of(queries.roles[1]))


# ---- formulas ---------------------------------------------------------------------------------------


def attention_forward(piece: Piece, name: Naming) -> str:
    """Qᵀ K / √d, softmax(S) or V αᵀ."""
    a, b = map(name, piece.operands)
    if piece.label == "attention_scores":
        return f"{a}ᵀ {b} / {attention_root(piece)}"
    if piece.label == "attention_weights":
        return f"softmax({a}, {b})" if b else f"softmax({a})"
    return f"{a} {b}ᵀ"


def attention_back(piece: Piece, i: int, name: Naming, g: str) -> str:
    """What it adds to the gradient of its operand i."""
    a, b = map(name, piece.operands)
    if piece.label == "attention_scores":
        return (f"{b} {g}ᵀ / {attention_root(piece)}", f"{a} {g} / {attention_root(piece)}")[i]
    if piece.label == "attention_weights":
        y = name(piece.out)
        return f"{y} ⊙ ({g} − Σ({g} ⊙ {y}))"
    return (f"{g} {b}", f"{g}ᵀ {a}")[i]


def attention_shapes(piece: Piece) -> str:
    """How the matrices of one sample and one head combine, and the shape of all of them."""
    (a, b), out = (np.shape(data_of(x)) for x in piece.operands[:2]), piece.out._data.shape
    if piece.label == "attention_scores":
        d = _rows_of_head(piece)
        return f"({a[2]}, {d}) @ ({d}, {b[2]}) → {out[2:]}, {out}"
    if piece.label == "attention_context":
        d = a[0] // b[1]
        return f"({d}, {a[2]}) @ ({b[3]}, {b[2]}) → ({d}, {b[2]}), {out}"
    return str(out)


def attention_root(scores: Piece) -> str:
    """√d, with the number of rows of a head."""
    return f"√{_rows_of_head(scores)}"


def attention_heads(scores: Piece) -> str:
    """How many heads there are, and how many rows each has; nothing to say of a single one."""
    heads, n = _heads(scores), len(data_of(scores.operands[0]))
    return f"h = {heads}, d = {n}/{heads} = {n // heads}" if heads > 1 else ""


def _heads(scores: Piece) -> int:
    heads: int = (scores.out._options or {})["heads"]
    return heads


def _rows_of_head(scores: Piece) -> int:
    """The number of rows d of one head."""
    return len(data_of(scores.operands[0])) // _heads(scores)
