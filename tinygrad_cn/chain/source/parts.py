"""What a program asks of the pieces of a chain."""

from __future__ import annotations

from typing import Any

from ...autograd import Node, ancestors
from ..layers import Piece
from ..moments import own_parameters


def operands(piece: Piece) -> list[Node]:
    """The operands that gradients flow to, each once: parameters first, as the notes do."""
    order = piece.operands
    if piece.is_layer:
        w, a, b = piece.roles
        order = (w, b, a)
    if piece.kind == "norm":
        order = (*order[1:], order[0])
    if piece.kind == "recurrent":
        own = own_parameters(piece)
        order = (*own, *(x for x in order if not any(x is y for y in own)))
    return list(dict.fromkeys(x for x in order if isinstance(x, Node) and x.requires_grad))


def inside(piece: Piece) -> list[Node]:
    """The recorded nodes of a piece, in the order they were computed."""
    ends = frozenset(x for x in piece.operands if isinstance(x, Node))
    return [node for node in ancestors(piece.out, ends, frozen=True) if node not in ends]


def options_of(piece: Piece) -> dict[str, Any]:
    """Options of a recognised op, such as the slope of leaky_relu; a formula written by hand has none."""
    assert piece.out._op is not None
    return dict(piece.out._options or {}) if piece.out._op.name == piece.label else {}


def comment(shapes: str, shape: tuple[int, ...]) -> str:
    """How shapes combine, or the shape alone."""
    return shapes.replace("→", "->") if "→" in shapes else str(shape) if shape else ""
