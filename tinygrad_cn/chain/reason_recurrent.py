"""Why the gradients of one recurrent step are what they are: products with the state and the input, gates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .formula import gradient_of
from .note import formula
from .piece import Piece
from .recurrent import state_of, weights_of

if TYPE_CHECKING:
    from .read import Reader


def of_recurrent(reader: Reader, piece: Piece, i: int) -> tuple[str, dict[str, Any]]:
    """Of W [a; x] + b, or Waa a + Wax x + ba: weights, bias, state, input."""
    x = piece.operands[i]
    state, given = state_of(piece)
    values = {"g": formula(gradient_of(reader.name(piece.out)))}
    if any(x is W for W in weights_of(piece)):
        return "recurrent.weight", values
    if i == len(piece.operands) - 1:
        return "bias", values
    if piece.label != "recurrent":
        W = reader.name(piece.operands[state - 1 if i == state else given - 1])
        return "recurrent.product", {"w": formula(f"{W}ᵀ")}
    W, part = reader.name(piece.operands[0]), "a" if i == state else "x"
    return "recurrent.part", {"w": formula(f"{W} = [{W}a, {W}x]"), "part": formula(f"{W}{part}")}


def of_cell(reader: Reader, piece: Piece, i: int) -> tuple[str, dict[str, Any]]:
    """Of c⟨t⟩ = Γf ⊙ c⟨t−1⟩ + Γi ⊙ c̃⟨t⟩ and the like, entry by entry."""
    return "cell", {}
