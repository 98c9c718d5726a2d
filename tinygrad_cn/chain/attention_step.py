"""The row of the chain that an attention makes: a layer with the names Wq, Q, K, V, S, α, C and Z."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd import data_of, needs_gradient
from .around import forward_remark
from .attention import Attention, attention_heads, attention_shapes
from .formula import forward
from .model import Quantity, Role, Step
from .piece import Piece

if TYPE_CHECKING:
    from .naming import Named
    from .read import Reader

COMPUTED = {"q": "Q", "k": "K", "v": "V", "o": "Z"}  # by the projections
CACHED = frozenset(["q", "k", "v", "alpha", "alphatilde", "C"])
ROLES: dict[str, Role] = {"alpha": "A", "alphatilde": "A"}  # all others are linear, as Z is


def name_attention(reader: Named, group: Attention, piece: Piece, number: int) -> None:
    """Name what one of its pieces computes and uses."""
    letter, rows = group.parts[piece], f"n[{number}]"
    if letter in COMPUTED:
        w, a, b = piece.roles
        reader._data_input(a, number)
        reader._name(w, f"W{letter}{number}", number)
        reader._name(b, f"b{letter}{number}", number)
        reader._name(piece.out, f"{COMPUTED[letter]}{number}", number, rows)
        return
    if letter == "alpha":
        reader._name(piece.operands[1], f"M{number}", 0)
    elif letter == "alphatilde":
        reader._name(piece.operands[1], f"Da{number}", 0)
    else:
        for x in piece.operands:
            reader._data_input(x, number)
    reader._name(piece.out, f"{letter}{number}", number, rows if letter == "C" else "")


def attention_step(reader: Reader, group: Attention, home: dict[int, str]) -> Step:
    """The row, once all of its pieces are read."""
    layer = reader.layer_of[id(group.pieces[-1].out)]
    inner = [piece.out for piece in group.pieces]
    own = [[x for x in piece.roles[::2] if x is not None] for piece in group.pieces if piece.kind == "projection"]
    parameters = [x for pair in own for x in pair]
    known = {id(x) for x in (*inner, *parameters)}
    outside = {id(x): x for p in group.pieces for x in p.operands if id(x) not in known and id(x) in reader.names}
    forward = tuple(attention_value(reader, group, piece) for piece in group.pieces)
    flows = [x for x in outside.values() if _flows(reader, x)]
    back = [*filter(needs_gradient, reversed(inner[:-1])), *flows]
    cached = [*flows, *(piece.out for piece in group.pieces if group.parts[piece] in CACHED)] if back else []
    return Step(
        id=str(layer),
        kind="attention",
        layer=layer,
        label="",
        parameters=tuple(reader._value_of(x, "parameter") for x in parameters),
        forward=forward,
        backward=tuple(reader._gradient(x, str(np.shape(data_of(x)))) for x in back),
        gradients=tuple(reader._gradient(x) for pair in reversed(own) for x in pair if needs_gradient(x)),
        cache=tuple(map(reader.name, cached)),
        sources=tuple(reader._source(x, home) for x in outside.values()),
    )


def attention_value(reader: Reader, group: Attention, piece: Piece) -> Quantity:
    """One of the values that it computes."""
    letter = group.parts[piece]
    remark = attention_heads(piece) if letter == "S" else forward_remark(piece, reader.name)
    shapes = _product(piece) if piece.kind == "projection" else attention_shapes(piece)
    return reader._value_of(piece.out, ROLES.get(letter, "Z"), forward(piece, reader.name), shapes, remark)


def _product(piece: Piece) -> str:
    """How the shapes of a projection combine."""
    w, a, b = (np.shape(data_of(x)) for x in piece.roles)
    return f"{w} @ {a}{f' + {b}' if b else ''} → {piece.out._data.shape}"


def _flows(reader: Reader, x: Any) -> bool:
    """Whether a gradient flows back to it, or would if it were learned: not to masks, nor through frozen weights."""
    made = [piece.out for piece, _ in reader.consumers[id(x)] if piece.is_layer]
    return needs_gradient(x) or (bool(made) and all(map(needs_gradient, made)))
