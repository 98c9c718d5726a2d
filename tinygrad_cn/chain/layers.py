"""Read a recorded graph as pieces: affine maps, convolutions, activations, losses, and plain ops for the rest.

Each kind is recognised by one row of `RECOGNISERS`. A piece covers the nodes between its output and
its operands; what no row recognises becomes a piece of its own, so nothing is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..autograd import Node, ancestors, data_of, is_frozen
from .attention import attention
from .fixed_norm import fixed_norm
from .piece import INSIDE, LAYERS, Piece
from .recurrent import recurrent

__all__ = ["ACTIVATIONS", "INSIDE", "LAYERS", "LOSSES", "Piece", "inner_nodes", "pieces"]

ACTIVATIONS = frozenset(
    "sigmoid tanh relu leaky_relu elu gelu softplus silu softmax log_softmax".split()
)  # fmt: skip
LOSSES = frozenset(
    "binary_cross_entropy binary_cross_entropy_with_logits categorical_cross_entropy cross_entropy "
    "mse mae huber hinge".split()
)  # fmt: skip

POOLS = {"max": "global_max_pool2d", "mean": "global_avg_pool2d"}


def pieces(root: Node) -> list[Piece]:
    """The pieces that make `root`, in the order they were computed."""
    found: list[Piece] = []
    wanted = [root]
    seen: set[Node] = set()
    by_age = ancestors(root, frozen=True)
    uses = count_uses(by_age)
    while wanted:
        node = wanted.pop()
        if node in seen or node._op is None:
            continue
        seen.add(node)
        piece = recognise(node, uses)
        found.append(piece)
        wanted += [x for x in piece.operands if isinstance(x, Node) and (x.requires_grad or is_frozen(x))]
    found.sort(key=lambda p: p.out._born)
    return found


def count_uses(nodes: list[Node]) -> dict[Node, int]:
    """How many recorded calls take each node as an input."""
    uses: dict[Node, int] = {}
    for node in nodes:
        for x in node._inputs:
            if isinstance(x, Node):
                uses[x] = uses.get(x, 0) + 1
    return uses


def recognise(node: Node, uses: dict[Node, int]) -> Piece:
    """The first row that fits, else the op itself."""
    for row in RECOGNISERS:
        piece = row(node, uses)
        if piece is not None:
            return piece
    return Piece("op", _op_name(node), node, node._inputs)


# ---- rows -------------------------------------------------------------------------------------------


def affine(node: Node, uses: dict[Node, int]) -> Piece | None:
    """W A + b as one op, as matmul and add, or without b; also wᵀ A + b."""
    if _op_name(node) == "affine":
        return Piece("affine", "affine", node, node._inputs)
    product, bias = node, None
    if _op_name(node) == "add":
        pair = _product_and_bias(node, uses)
        if pair is None:
            return None
        product, bias = pair
    if not _is_product(product):
        return None
    w, a = product._inputs
    inner = _transposed_leaf(w, uses)
    if inner is not None:
        return Piece("affine", "affine", node, (inner, a, bias), flipped=True)
    if not _is_parameter(w):
        return None
    return Piece("affine", "affine", node, (w, a, bias))


def sequence(node: Node, uses: dict[Node, int]) -> Piece | None:
    """W x⟨t⟩ + b at every step of a sequence, or without b."""
    name = _op_name(node)
    mapped = name == "tensordot" and (node._options or {}).get("axes") == 1 and _is_matrix_and_sequence(*node._inputs)
    return Piece("sequence", "sequence_affine", node, node._inputs) if mapped or name == "sequence_affine" else None


def activation(node: Node, uses: dict[Node, int]) -> Piece | None:
    """An activation op, max(Z, 0), or 1 / (1 + exp(−Z)) written out."""
    name = _op_name(node)
    if name in ACTIVATIONS:
        return Piece("activation", name, node, (node._inputs[0],))
    if name == "maximum":
        z = _other_than(node, 0)
        return None if z is None else Piece("activation", "relu", node, (z,))
    z = _sigmoid_by_hand(node, uses)
    return None if z is None else Piece("activation", "sigmoid", node, (z,))


def convolution(node: Node, uses: dict[Node, int]) -> Piece | None:
    """A * W + b on images."""
    return Piece("conv", "conv2d", node, node._inputs) if _op_name(node) == "conv2d" else None


def around_layers(node: Node, uses: dict[Node, int]) -> Piece | None:
    """What stands between layers: batch or layer norm, pooling, and images laid flat as reshape(m, …)ᵀ."""
    name = _op_name(node)
    if name == "normalise":
        x, *parameters = node._inputs
        label = "layer_norm" if (node._options or {})["axis"] == 0 else "batch_norm"
        return Piece("norm", label, node, (x, *(_reshaped_leaf(p, uses) for p in parameters)))
    if name in ("max_pool2d", "avg_pool2d"):
        return Piece("pool", name, node, node._inputs)
    below: Any = node._inputs[0] if node._inputs else None
    if name in POOLS and np.ndim(data_of(below)) == 4 and (node._options or {}).get("axis") == (1, 2):
        return Piece("pool", POOLS[name], node, node._inputs)
    if name == "transpose" and _op_name(below) == "reshape" and uses.get(below, 0) == 1:
        image = below._inputs[0]
        if np.ndim(data_of(image)) == 4 and node._data.shape[1:] == np.shape(data_of(image))[:1]:
            return Piece("flatten", "flatten", node, (image,))
    return None


def embedding(node: Node, uses: dict[Node, int]) -> Piece | None:
    """The columns E[:, ids] of a parameter."""
    match (node._options or {}).get("index"):
        case (slice(start=None, stop=None, step=None), np.ndarray() as ids) if ids.dtype.kind in "iu":
            return Piece("op", "embedding", node, node._inputs) if _is_parameter(node._inputs[0]) else None
    return None


def loss(node: Node, uses: dict[Node, int]) -> Piece | None:
    """One of the losses of `nn`."""
    name = _op_name(node)
    return Piece("loss", name, node, node._inputs) if name in LOSSES else None


RECOGNISERS: tuple[Callable[[Node, dict[Node, int]], Piece | None], ...] = (
    recurrent, affine, sequence, attention, convolution, activation, around_layers, fixed_norm, embedding, loss,
)  # fmt: skip


# ---- helpers ----------------------------------------------------------------------------------------


def _op_name(node: Any) -> str:
    return node._op.name if isinstance(node, Node) and node._op is not None else ""


def _is_product(node: Any) -> bool:
    if _op_name(node) not in ("matmul", "dot"):
        return False
    return all(np.ndim(data_of(x)) == 2 for x in node._inputs)


def _product_and_bias(node: Node, uses: dict[Node, int]) -> tuple[Node, Any] | None:
    """(product, bias) of a sum, if one side is a matrix product used nowhere else and the other a bias."""
    for product, bias in (node._inputs, node._inputs[::-1]):
        if not _is_product(product) or uses.get(product, 0) != 1:
            continue
        rows = np.shape(data_of(product))[0]
        if _is_parameter(bias) and np.shape(data_of(bias)) in ((rows, 1), (1, 1), (1,), ()):
            return product, bias
    return None


def _is_parameter(x: Any) -> bool:
    return isinstance(x, Node) and x._op is None and (x.requires_grad or is_frozen(x))


def _transposed_leaf(x: Any, uses: dict[Node, int]) -> Node | None:
    if _op_name(x) == "transpose" and uses.get(x, 0) == 1 and _is_parameter(x._inputs[0]):
        leaf: Node = x._inputs[0]
        return leaf
    return None


def _is_matrix_and_sequence(w: Any, a: Any) -> bool:
    return _is_parameter(w) and np.ndim(data_of(w)) == 2 and np.ndim(data_of(a)) == 3


def _reshaped_leaf(x: Any, uses: dict[Node, int]) -> Any:
    """The parameter γ or β behind its reshape for a sequence, (n, 1, 1); else x itself."""
    if _op_name(x) == "reshape" and uses.get(x, 0) == 1 and _is_parameter(x._inputs[0]):
        return x._inputs[0]
    return x


def _other_than(node: Any, number: float) -> Node | None:
    """The other input of a two-input op one of whose inputs is `number`."""
    for x, other in (node._inputs, node._inputs[::-1]):
        if isinstance(other, Node) and np.ndim(data_of(x)) == 0 and not isinstance(x, Node) and x == number:
            return other
    return None


def _sigmoid_by_hand(node: Node, uses: dict[Node, int]) -> Node | None:
    """Z of 1 / (1 + exp(−Z)), if its inner nodes are used nowhere else."""
    if _op_name(node) == "reciprocal":
        below = node._inputs[0]
    elif _op_name(node) == "divide" and _is_number(node._inputs[0], 1):
        below = node._inputs[1]
    else:
        return None
    path = []
    for name in ("add", "exp", "negative"):
        if _op_name(below) != name or uses.get(below, 0) != 1:
            return None
        path.append(below)
        below = _other_than(below, 1) if name == "add" else below._inputs[0]
    return below if isinstance(below, Node) else None


def _is_number(x: Any, number: float) -> bool:
    return not isinstance(x, Node) and np.ndim(x) == 0 and bool(x == number)


def inner_nodes(piece: Piece) -> Iterator[Node]:
    """The nodes a piece covers, its output first."""
    ends = {x for x in piece.operands if isinstance(x, Node)}
    todo = [piece.out]
    while todo:
        node = todo.pop()
        yield node
        todo += [x for x in node._inputs if isinstance(x, Node) and (x.requires_grad or is_frozen(x)) and x not in ends]
