"""The two conventions for gradients, and which one a cost allows.

With J = (1/m) Σ loss, autograd's ∂J/∂Z carries 1/m. The notes leave it out of dA and dZ (one sample
each) and put it into dW and db. That is right only if J is a mean over the m samples, so the cost is
inspected first: how much one sample's loss weighs in J, times m, must be 1, or 1/2 as in (1/2m) Σ (A − Y)².
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import Node, ancestors
from .layers import LOSSES, Piece

LINEAR = frozenset("negative positive reshape transpose squeeze expand_dims broadcast_to astype sum trace".split())
CONTRACT = frozenset("matmul dot inner vdot einsum tensordot".split())


def samples(pieces: list[Piece]) -> int | None:
    """m: the columns of the first affine map's input, or None if there is no layer."""
    for piece in pieces:
        if piece.kind == "affine":
            return int(piece.out._data.shape[-1])
    return None


def per_sample(pieces: list[Piece], m: int) -> set[Node]:
    """Nodes that hold one column per sample: outputs of layers, and what is computed from them column by column."""
    found: set[Node] = set()
    for piece in pieces:
        data = [x for x in piece.operands if isinstance(x, Node)]
        if piece.kind == "affine":
            found.add(piece.out)
            if isinstance(piece.operands[1], Node):
                found.add(piece.operands[1])
        elif piece.out._data.shape[-1:] == (m,) and any(x in found for x in data):
            found.add(piece.out)
    return found


def is_mean(root: Node, columns: set[Node], m: int) -> bool:
    """True if J = (1/m) Σ or (1/2m) Σ of one loss per sample, perhaps itself a mean over the outputs."""
    weights = _weights(root, columns, m)
    return bool(weights) and all(_one_or_half(w * m) or _one_or_half(w * m * rows) for w, rows in weights)


def _one_or_half(weight: float) -> bool:
    return bool(np.isclose(weight, 1) or np.isclose(weight, 0.5))


def _weights(root: Node, columns: set[Node], m: int) -> list[tuple[float, int]]:
    """(weight in J, rows) of every per-sample node met first on the way down from J."""
    weight: dict[Node, float] = {root: 1.0}
    found: list[tuple[float, int]] = []
    for node in reversed(ancestors(root)):
        w = weight.get(node)
        if w is None:
            continue
        if node in columns:
            found.append((abs(w), node._data.size // m))
            continue
        op = node._op
        if op is None:
            continue
        if op.name in LOSSES:
            found.append((abs(w) / m, 1))
            continue
        for i, x in enumerate(node._inputs):
            if isinstance(x, Node) and x.requires_grad:
                weight[x] = w * _factor(node, i)
    return found


def _factor(node: Node, i: int) -> float:
    """What a linear step multiplies by. A non-linear step on a single number spoils any mean: NaN."""
    assert node._op is not None
    name = node._op.name
    if name == "mean":
        return float(node._data.size / node._inputs[i]._data.size)
    if name in LINEAR or name in CONTRACT or name in ("add", "subtract"):
        return 1.0
    other = _number(node._inputs[1 - i]) if len(node._inputs) == 2 else None
    if other is not None and name == "multiply":
        return other
    if other is not None and name == "divide" and i == 0:
        return 1 / other
    return float("nan") if node._data.size == 1 else 1.0


def _number(x: Any) -> float | None:
    value = x._data if isinstance(x, Node) else x
    return float(value) if np.size(value) == 1 and not (isinstance(x, Node) and x.requires_grad) else None
