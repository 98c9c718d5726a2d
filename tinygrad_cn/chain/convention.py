"""The two conventions for gradients, and which one a cost allows.

With J = (1/m) Σ loss, autograd's ∂J/∂Z carries 1/m. The notes leave it out of dA and dZ (one sample
each) and put it into dW and db. That is right only if J is a mean over the m samples, so the cost is
inspected first: how much one sample's loss weighs in J, times m, must be 1, or 1/2 as in (1/2m) Σ (A − Y)².
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import Node, ancestors, data_of
from ..ops.loss import samples as columns
from .layers import LOSSES, Piece

LINEAR = frozenset("negative positive reshape transpose squeeze expand_dims broadcast_to astype sum trace".split())
CONTRACT = frozenset("matmul dot inner vdot einsum tensordot".split())
DATA = {
    "affine": (1,),
    "conv2d": (0,),
    "recurrent": (1, 2),
    "recurrent_sum": (1, 3),
    "recurrent_one": (1,),
    "sequence_affine": (1,),
    "attention_scores": (0, 1),
    "attention_weights": (0,),
    "attention_context": (0, 1),
}  # operands that hold samples, not weights
BY_COLUMN = frozenset(
    "lstm_gates lstm_memory lstm_output gru_reset gru_memory stack concatenate getitem max_pool2d avg_pool2d "
    "global_max_pool2d global_avg_pool2d flatten".split()
)  # fmt: skip


def first_data(pieces: list[Piece]) -> Any:
    """What the first layer takes in: (n, m), a sequence (n, m, T) or images. None if there is no layer."""
    return next((piece.operands[DATA[piece.label][-1]] for piece in pieces if piece.label in DATA), None)


def samples(pieces: list[Piece]) -> int | None:
    """m: the columns of the first layer's input, or None if there is no layer or no sample."""
    data = first_data(pieces)
    return None if data is None else columns(data_of(data)) or None


def per_sample(pieces: list[Piece], m: int) -> set[Node]:
    """Nodes that hold one column per sample, or in a sequence one for each time step, or one image per sample.

    They are inputs and outputs of layers, what is computed from them column by column, and what they are so
    computed from.
    """
    found: set[Node] = set()
    for piece in pieces:
        data = [x for x in piece.operands if isinstance(x, Node)]
        if piece.label in DATA:
            found.add(piece.out)
            found.update(x for x in (piece.operands[i] for i in DATA[piece.label]) if isinstance(x, Node))
        elif _holds(piece.out, m) and any(x in found for x in data):
            found.add(piece.out)
    for piece in reversed(pieces):
        if piece.out in found and _by_column(piece):
            found.update(x for x in piece.operands if isinstance(x, Node) and x._op is not None and _holds(x, m))
    return found


def _holds(node: Node, m: int) -> bool:
    return node._data.ndim > 0 and columns(node._data) == m


def _by_column(piece: Piece) -> bool:
    """Whether a sample of the output depends on that sample of the operands alone."""
    op = piece.out._op
    entrywise = op is not None and op.broadcasts and op.name not in CONTRACT
    return piece.kind in ("activation", "cell") or entrywise or piece.label in BY_COLUMN


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
    value = data_of(x)
    return float(value) if np.size(value) == 1 and not (isinstance(x, Node) and x.requires_grad) else None
