"""A piece of a chain: a recognised part of the recorded graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..autograd import Node

LAYERS = frozenset(["affine", "conv", "sequence", "projection"])
INSIDE = LAYERS | frozenset(  # of a net
    "activation norm fixed_norm dropout pool flatten recurrent cell attention residual".split()
)


@dataclass(frozen=True, eq=False)
class Piece:
    """A recognised part of the graph.

    Attributes
    ----------
    kind : str
        "affine", "sequence" (an affine map of every step of a sequence), "projection" (one of an attention), "conv",
        "activation", "norm", "fixed_norm" (with constants for mean and variance), "dropout", "pool", "flatten",
        "recurrent", "cell", "attention", "residual", "loss" or "op".
    label : str
        "tanh", "binary_cross_entropy", or the op's name.
    out : Node
        What it computes.
    operands : tuple
        What it computes it from, by role: affine (W, A, b or None), as sequence and projection, which may have no b;
        activation (Z,); dropout (A, D) or (A, D, keep_prob); loss (A, Y); others in the order of the op: conv
        (A, W, b or None), norm (Z, gamma, beta), fixed_norm (Z, gamma, beta, mu, sigma). Recurrent is
        (W, a, x, b or None) for W [a; x] + b, and (Waa, a, Wax, x, b or None) with the label "recurrent_sum";
        a cell is entry by entry.
    flipped : bool
        An affine map written wᵀ x + b, as for a single neuron.
    """

    kind: str
    label: str
    out: Node
    operands: tuple[Any, ...]
    flipped: bool = False

    @property
    def is_layer(self) -> bool:
        """Whether it has a W. It opens a layer, but for a projection, which is a part of one."""
        return self.kind in LAYERS

    @property
    def roles(self) -> tuple[Any, Any, Any]:
        """W, A of the layer before, and b or None, of a layer."""
        if self.kind == "conv":
            a, w, b = self.operands
        else:
            w, a, b = (*self.operands, None)[:3]
        return w, a, b
