"""What a learner may have computed instead of the right local gradient: tables, one module per kind of piece.

A row is the cause it would mean, the formula it is, and a rule that makes the array. Nothing here looks
at the hand gradient; `explain` does the matching.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...chain.layers import Piece
from .activation import of_activation
from .affine import of_affine, of_penalty
from .attention import of_attention
from .conv import of_conv
from .dropout import of_dropout
from .model import Scope, Span, Variant, View
from .norm import of_norm
from .output import of_loss, of_op
from .pool import of_flatten, of_pool
from .recurrent import of_cell, of_recurrent, of_step_activation, sums_over_time
from .sequence import of_sequence

__all__ = ["Scope", "Span", "Variant", "View", "sums_over_time", "variants"]


def variants(piece: Piece, x: Any, view: View) -> Iterator[Variant | Span]:
    """Wrong versions of what the piece contributes to the gradient of its operand x."""
    if piece.kind == "affine":
        yield from of_affine(piece, x, view)
    elif piece.kind == "attention":
        yield from of_attention(piece, x, view)
    elif piece.kind in ("sequence", "projection"):
        yield from of_sequence(piece, x, view)
    elif piece.kind == "conv":
        yield from of_conv(piece, x, view)
    elif piece.kind == "norm":
        yield from of_norm(piece, x, view)
    elif piece.kind == "pool":
        yield from of_pool(piece, view)
    elif piece.kind == "flatten":
        yield from of_flatten(piece, view)
    elif piece.kind == "activation":
        yield from of_activation(piece, view)
        yield from of_step_activation(piece, view) if piece in view.reader.moments else ()
    elif piece.kind == "recurrent":
        yield from of_recurrent(piece, x, view)
    elif piece.kind == "cell":
        yield from of_cell(piece, x, view)
    elif piece.kind in ("loss", "own_loss"):
        yield from of_loss(piece, view)
    elif piece.kind == "penalty":
        yield from of_penalty(x, view)
    elif piece.kind == "dropout":
        yield from of_dropout(piece, view)
    elif piece.kind == "op":
        yield from of_op(piece, x, view)
