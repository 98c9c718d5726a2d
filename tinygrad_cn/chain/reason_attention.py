"""Why gradients of attention, of layers that take every step of a sequence, and of residual sums are what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..ops.formula import Formula
from .layers import Piece
from .note import formula

if TYPE_CHECKING:
    from .read import Reader

Why = tuple[str, dict[str, Any]]
OPERANDS = {
    "attention_scores": ("attention.queries", "attention.keys"),
    "attention_weights": ("attention.softmax", ""),
    "attention_context": ("attention.values", "attention.weights"),
}


def of_attention(reader: Reader, piece: Piece, i: int) -> Why:
    """The rule of scores, weights or context, for one sample and head."""
    a, b = (formula(f"{reader.name(x)}") for x in piece.operands)
    return OPERANDS[piece.label][i], {"a": a, "b": b}


def of_sequence(reader: Reader, piece: Piece, i: int) -> Why:
    """W x⟨t⟩ + b: a matrix product at every step, with the same W and b."""
    w, a, _ = (formula(reader.name(x)) for x in piece.roles)
    return ("sequence.left", "sequence.right", "sequence.bias")[i], {"w": w, "a": a, "wt": Formula.of(f"{w.text}ᵀ")}


def of_residual(reader: Reader, piece: Piece, i: int) -> Why:
    """The sum hands its gradient on to both ways."""
    return "residual", {}
