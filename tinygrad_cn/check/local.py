"""Gradients of a chain worked out again: the true ones, and those that follow from given upstream values.

The second kind is what tells a wrong step from one that is right but was handed a wrong input.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import Node, walk
from ..chain import Chain
from ..chain.layers import Piece
from ..ops.op import Array


class Local:
    """Local gradients of the pieces of a chain, in the convention the chain shows."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.columns = chain.reader.columns
        self.factor = float(chain.m or 1) if chain.convention == "course" else 1.0

    def scale(self, x: Any) -> float:
        """Factor from autograd's gradient of x to the one the convention shows."""
        return self.factor if (isinstance(x, Node) and x in self.columns) or self.is_data(x) else 1.0

    def is_data(self, x: Any) -> bool:
        """True for the input of a layer that requires no gradient itself: its gradient is per sample too."""
        return not isinstance(x, Node) or not x.requires_grad

    def through(self, piece: Piece, g: Array) -> dict[int, Array]:
        """What the piece adds to the gradient of each operand, given the gradient g of its output; by identity."""
        found: dict[int, Array] = {}
        ends = frozenset(x for x in piece.operands if isinstance(x, Node))

        def visit(node: Node, gradient: Any) -> None:
            if node in ends:
                found[id(node)] = np.asarray(gradient) * self.scale(node)

        seed = np.array(g / self.scale(piece.out), dtype=piece.out._data.dtype)
        walk(piece.out, seed, visit, until=ends)
        if piece.kind == "affine" and self.is_data(piece.operands[1]):
            w = _value(piece.operands[0])
            found[id(piece.operands[1])] = (w if piece.flipped else w.T) @ g
        return found

    def size(self, piece: Piece, g: Array) -> dict[int, float]:
        """How large the terms are that each contribution sums up: its rounding is relative to them, not to the sum."""
        if piece.kind != "affine":
            largest = float(np.max(np.abs(g), initial=0.0))
            return dict.fromkeys(map(id, piece.operands), largest)
        w, a = (np.abs(_value(x)) for x in piece.operands[:2])
        g = np.abs(g)
        scale = self.scale(piece.out)
        sizes = (g @ a.T / scale, (w if piece.flipped else w.T) @ g, np.sum(g, axis=1) / scale)
        return {id(x): float(np.max(s, initial=0.0)) for x, s in zip(piece.operands, sizes, strict=True)}


def _value(x: Any) -> Any:
    return x._data if isinstance(x, Node) else np.asarray(x)
