"""Penalties on weights: c Σ w², which is L2, and c Σ |w|, which is L1, however they are written down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..autograd import Node, data_of
from .piece import Piece


class Norm(NamedTuple):
    """What is summed over the entries of W, and the direction of its gradient, as a function and as a text."""

    entry: Callable[[Any], Any]
    direction: Callable[[Any], Any]
    text: str
    slope: float


NORMS = {"L2": Norm(np.square, np.asarray, "{}", 2.0), "L1": Norm(np.abs, np.sign, "sign({})", 1.0)}


@dataclass(frozen=True)
class Held:
    """What a penalty holds of one parameter: weight · Σ w², or weight · Σ |w|."""

    kind: str
    weight: float

    @property
    def norm(self) -> Norm:
        """The row of its kind."""
        return NORMS[self.kind]

    @property
    def factor(self) -> float:
        """What stands before W, or sign(W), in the gradient: λ/m."""
        return self.norm.slope * self.weight

    def gradient(self, w: str) -> str:
        """The gradient in the parameter called w.

        Examples
        --------
        >>> Held("L2", 0.05).gradient("W[1]"), Held("L1", 0.05).gradient("W[1]")
        ('0.1 W[1]', '0.05 sign(W[1])')
        """
        return f"{self.factor:.6g} {self.norm.text.format(w)}"


def held(piece: Piece, w: Node) -> Held | None:
    """What a penalty holds of w; None if it is of another form, or w is used in it more than once."""
    found = [(node, weight) for node, weight in _weighted(piece.out) if any(x is w for x in node._inputs)]
    kind = _kind(found[0][0], w) if len(found) == 1 else ""
    return Held(kind, found[0][1]) if kind else None


def _weighted(root: Node) -> list[tuple[Node, float]]:
    """Nodes behind `root` reached through sums and constant factors, with their weight in it."""
    found: list[tuple[Node, float]] = []
    todo = [(root, 1.0)]
    while todo:
        node, weight = todo.pop()
        found.append((node, weight))
        name = node._op.name if node._op is not None else ""
        flows = [(i, x) for i, x in enumerate(node._inputs) if isinstance(x, Node) and x.requires_grad]
        if name in ("add", "sum", "positive"):
            todo += [(x, weight) for _, x in flows]
        elif (
            name in ("multiply", "divide") and len(flows) == 1 and np.size(data_of(node._inputs[1 - flows[0][0]])) == 1
        ):
            other = float(np.reshape(data_of(node._inputs[1 - flows[0][0]]), ()))
            if name == "multiply" or flows[0][0] == 0:
                todo.append((flows[0][1], weight * other if name == "multiply" else weight / other))
    return found


def _kind(node: Node, w: Node) -> str:
    """Whether the node is w² or |w|, entry by entry."""
    name = node._op.name if node._op is not None else ""
    if name in ("absolute", "fabs"):
        return "L1"
    two = name == "power" and node._inputs[0] is w and np.ndim(data_of(node._inputs[1])) == 0
    if two and bool(data_of(node._inputs[1]) == 2):
        return "L2"
    return "L2" if name == "square" or (name == "multiply" and all(x is w for x in node._inputs)) else ""
