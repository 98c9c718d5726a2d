"""The cost as a sum of terms: a hand-written loss of the last layer's output, and penalties on weights.

A term's inner ops are joined into one piece: J = loss + (λ/2m) Σ‖W‖² reads as three pieces, "own_loss",
"penalty" and their "total", however many ops were recorded for them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import Node, data_of, needs_gradient
from .known_loss import Match, known_loss
from .layers import INSIDE, Piece, inner_nodes


def join_terms(found: list[Piece], root: Node) -> list[Piece]:
    """Join the op pieces of each term of the cost. Without a layer there is nothing to tell terms by."""
    if not any(p.is_layer or p.kind == "recurrent" for p in found):
        return found
    by_out = {p.out: p for p in found}
    uses = _uses(found)
    total, ends = _total(root, by_out, uses)
    joined: dict[Node, Piece] = {} if total is None else {root: total}
    hidden = set() if total is None else {n for n in _closure(root, by_out, uses, set(ends)) if n is not root}
    for end in ends:
        inside = _closure(end, by_out, uses, set())
        piece = _term(end, inside, by_out)
        if piece is not None:
            joined[end] = piece
            hidden |= inside - {end}
    return [joined.get(p.out, p) for p in found if p.out not in hidden]


def _uses(found: list[Piece]) -> dict[Node, int]:
    uses: dict[Node, int] = {}
    for piece in found:
        for x in piece.operands:
            if isinstance(x, Node):
                uses[x] = uses.get(x, 0) + 1
    return uses


def _total(root: Node, by_out: dict[Node, Piece], uses: dict[Node, int]) -> tuple[Piece | None, list[Node]]:
    """The terms that sums of single numbers put together, and the piece that adds them, if there are several."""
    terms: list[Node] = []
    todo = [root]
    while todo:
        node = todo.pop()
        piece = by_out.get(node)
        adds = piece is not None and piece.label == "add" and node._data.size == 1
        operands = [x for x in piece.operands if not _is_zero(x)] if piece is not None else []
        if adds and all(x in by_out for x in operands):
            todo += reversed(operands)
        else:
            terms.append(node)
    return (Piece("total", "total", root, tuple(terms)) if len(terms) > 1 else None), terms


def _is_zero(x: Any) -> bool:
    """Whether it is the 0 that a sum in a loop starts from."""
    return not isinstance(x, Node) and np.ndim(x) == 0 and bool(x == 0)


def _closure(end: Node, by_out: dict[Node, Piece], uses: dict[Node, int], stop: set[Node]) -> set[Node]:
    """The op pieces behind `end` that serve nothing else."""
    inside: set[Node] = set()
    todo = [end]
    while todo:
        node = todo.pop()
        piece = by_out.get(node)
        if piece is None or piece.kind != "op" or node in stop or (node is not end and uses.get(node, 0) > 1):
            continue
        inside.add(node)
        todo += [x for x in piece.operands if isinstance(x, Node)]
    return inside


def _term(end: Node, inside: set[Node], by_out: dict[Node, Piece]) -> Piece | None:
    """The joined piece, if it depends on one layer's output alone or on parameters alone."""
    if not inside or end._data.size != 1:
        return None
    used = [x for node in sorted(inside, key=lambda n: n._born) for x in by_out[node].operands]
    operands = [x for x in used if not (isinstance(x, Node) and x in inside)]
    flows = list(dict.fromkeys(x for x in operands if isinstance(x, Node) and x.requires_grad))
    constants = list({id(x): x for x in operands if not needs_gradient(x) and np.ndim(data_of(x)) > 0}.values())
    if flows and all(x._op is None for x in flows):
        return Piece("penalty", "penalty", end, (*flows, *constants))
    made_by = by_out.get(flows[0]) if len(flows) == 1 else None
    if made_by is not None and made_by.kind in INSIDE:
        known = known_loss(end, inside, flows[0], constants)
        if known is not None and known.factor == 1:
            return Piece("loss", known.name, end, (flows[0], known.target))
        return Piece("own_loss", "own_loss", end, (flows[0], *constants))
    return None


def known_multiple(piece: Piece) -> Match | None:
    """The known loss that a hand-written one is a multiple of, or None."""
    x, *constants = piece.operands
    return known_loss(piece.out, set(inner_nodes(piece)), x, constants)
