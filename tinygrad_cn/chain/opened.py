"""Recurrent steps taken apart: the graph of `nn`'s cells as the notes write them, gate by gate.

A cell computes all its gates in one product of stacked weights. For the chain that product is opened up:
Γf⟨t⟩ = σ(Wf [a⟨t−1⟩; x⟨t⟩] + bf) has a node of its own, whose value is its rows of the recorded array and whose
gradient is its rows of the recorded gradient. What stands between, such as Γf⟨t⟩ ⊙ c⟨t−1⟩, is worked out again.
Leaves are kept; every other node is copied, so that the new ones are in the order of time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..autograd import Node, ancestors, data_of
from ..ops.op import REGISTRY, Array
from ..record import fill

GATES = {4: "fioc", 2: "ur"}  # the letters of stacked gates, as `nn.LSTMCell` and `nn.GRUCell` stack them
CANDIDATE = "c"
CELLS = frozenset("recurrent lstm_gates lstm_memory lstm_output gru_reset gru_memory".split())


@dataclass(frozen=True)
class Opened:
    """A graph with its recurrent steps taken apart.

    Attributes
    ----------
    root : Node
        What it ends in: the recorded node, or a copy.
    copies : mapping
        What stands for a recorded node, if not the node itself.
    """

    root: Node
    copies: Mapping[Node, Node] = field(default_factory=dict)
    _origins: Mapping[Node, tuple[Node, slice]] = field(default_factory=dict)

    def gradient(self, x: Node) -> Array | None:
        """The gradient of a node of this graph as `backward()` left it; None if it was not computed."""
        recorded, rows = self._origins.get(x, (x, slice(None)))
        g: Array | None = recorded._grad
        return g if g is None or rows == slice(None) else g[rows]


def opened(root: Node) -> Opened:
    """The graph behind `root` with its recurrent steps taken apart; as it is if there are none."""
    nodes = ancestors(root)
    paired = _paired(nodes)
    if not paired and not any(_op_name(node) in CELLS for node in nodes):
        return Opened(root)
    opening = _Opening(nodes, paired)
    try:
        for node in nodes:
            opening.visit(node)
    except _UsedWholeError:
        return Opened(root)
    copies = {old: new for old, new in opening.made.items() if isinstance(new, Node) and new is not old}
    return Opened(copies.get(root, root), copies, opening.origins)


class _UsedWholeError(Exception):
    """Stacked gates are used by something other than a cell: they stay as they were recorded."""


@dataclass(frozen=True)
class _Stack:
    """Blocks that the recorded graph holds in one array, along an axis."""

    parts: tuple[Any, ...]
    axis: int = 0


class _Opening:
    """Makes the new graph, oldest node first."""

    def __init__(self, nodes: Sequence[Node], paired: Mapping[Any, int]) -> None:
        self.paired = paired
        self.pairs: dict[int, Node] = {}
        self.kind = type(nodes[-1])
        self.made: dict[Node, Node | _Stack] = {}
        self.origins: dict[Node, tuple[Node, slice]] = {}
        self.users: dict[Node, set[str]] = {}
        for node in nodes:
            for x in node._inputs:
                if isinstance(x, Node):
                    self.users.setdefault(x, set()).add(_op_name(node))

    def visit(self, node: Node) -> None:
        """Put in place what stands for a node."""
        inputs = tuple(self.made.get(x, x) if isinstance(x, Node) else x for x in node._inputs)
        rule = RULES.get(_op_name(node))
        found = None if rule is None else rule(self, node, inputs)
        self.made[node] = self._copied(node, inputs) if found is None else found

    def _copied(self, node: Node, inputs: tuple[Any, ...]) -> Node:
        if any(isinstance(x, _Stack) for x in inputs):
            raise _UsedWholeError
        if node._op is None:
            return node
        return self.stands_for(node, self.new(node._op, inputs, node._data, node._options), node.name)

    def stands_for(self, node: Node, new: Node, name: str | None, rows: slice = slice(None)) -> Node:
        """Give a new node its name, and say where its gradient is found."""
        new.name = name
        self.origins[new] = (node, rows)
        return new

    def new(self, op: Any, inputs: tuple[Any, ...], data: Array, options: dict[str, Any] | None = None) -> Node:
        """A node whose value is known."""
        node: Any = object.__new__(self.kind)
        return fill(node, data, True, op, inputs, options)

    def run(self, name: str, *inputs: Any) -> Node:
        """A node whose value is worked out."""
        op = REGISTRY[name]
        return self.new(op, inputs, np.asarray(op.forward(*map(data_of, inputs))))

    def blocks(self, node: Node, ops: Sequence[Any], inputs: Sequence[tuple[Any, ...]], letter: str) -> _Stack:
        """One node for each block of rows of a recorded one."""
        height = len(node._data) // len(ops)
        parts = []
        for k, (op, given) in enumerate(zip(ops, inputs, strict=True)):
            rows = slice(k * height, (k + 1) * height)
            part = self.new(op, given, node._data[rows])
            parts.append(self.stands_for(node, part, _block_name(node.name, letter, GATES[len(ops)][k]), rows))
        return _Stack(tuple(parts))


# ---- one rule an op: what stands for a node, or None for a copy --------------------------------------


def _concatenate(opening: _Opening, node: Node, inputs: tuple[Any, ...]) -> _Stack | None:
    """Weights or biases of several gates, and [Waa, Wax]."""
    stacked = all(isinstance(x, Node) and x._op is None for x in inputs) and len(inputs) in (2, 4)
    if not stacked or opening.users.get(node) != {"recurrent"}:
        return None
    return _Stack(inputs, (node._options or {}).get("axis", 0))


def _recurrent(opening: _Opening, node: Node, inputs: tuple[Any, ...]) -> Node | _Stack | None:
    W, a, x, b = inputs
    if not isinstance(W, _Stack):
        return None
    if W.axis == 0:
        given = [(Wk, a, x, bk) for Wk, bk in zip(W.parts, b.parts, strict=True)]
        return opening.blocks(node, [node._op] * len(given), given, "z")
    Waa, Wax = W.parts
    both = opening.run("add", opening.run("matmul", Waa, a), opening.run("matmul", Wax, x))
    return opening.stands_for(node, opening.new(REGISTRY["add"], (both, b), node._data), node.name)


def _gates(opening: _Opening, node: Node, inputs: tuple[Any, ...]) -> _Stack | None:
    """Σ and tanh of the blocks."""
    (z,) = inputs
    if not isinstance(z, _Stack):
        return None
    names = ["sigmoid"] * 3 + ["tanh"] if len(z.parts) == 4 else ["sigmoid"] * 2
    return opening.blocks(node, [REGISTRY[name] for name in names], [(part,) for part in z.parts], "Γ")


def _product(opening: _Opening, node: Node, inputs: tuple[Any, ...]) -> Node | None:
    """At t = 1 both parts of [a; x] are plain arrays, and so is what np.concatenate made of them: take it apart."""
    W, pair = inputs
    rows = opening.paired.get(W) if isinstance(W, Node) else None
    if rows is None or isinstance(pair, Node):
        return None
    if id(pair) not in opening.pairs:
        opening.pairs[id(pair)] = opening.new(REGISTRY["concatenate"], (pair[:rows], pair[rows:]), pair)
    new = opening.new(node._op, (W, opening.pairs[id(pair)]), node._data)
    return opening.stands_for(node, new, node.name)


def _lstm_memory(opening: _Opening, node: Node, inputs: tuple[Any, ...]) -> Node:
    forget, update, _, candidate = _parts(inputs[0])
    kept, added = opening.run("multiply", forget, inputs[1]), opening.run("multiply", update, candidate)
    return opening.stands_for(node, opening.new(REGISTRY["add"], (kept, added), node._data), node.name)


def _lstm_output(opening: _Opening, node: Node, inputs: tuple[Any, ...]) -> Node:
    shown = opening.run("tanh", inputs[1])
    product = opening.new(REGISTRY["multiply"], (_parts(inputs[0])[2], shown), node._data)
    return opening.stands_for(node, product, node.name)


def _gru_reset(opening: _Opening, node: Node, inputs: tuple[Any, ...]) -> Node:
    product = opening.new(REGISTRY["multiply"], (_parts(inputs[0])[1], inputs[1]), node._data)
    return opening.stands_for(node, product, node.name)


def _gru_memory(opening: _Opening, node: Node, inputs: tuple[Any, ...]) -> Node:
    gates, candidate, memory = inputs
    update = _parts(gates)[0]
    kept = opening.run("multiply", opening.run("subtract", 1, update), memory)
    new = opening.new(REGISTRY["add"], (opening.run("multiply", update, candidate), kept), node._data)
    return opening.stands_for(node, new, node.name)


RULES: dict[str, Callable[[_Opening, Node, tuple[Any, ...]], Node | _Stack | None]] = {
    "concatenate": _concatenate,
    "recurrent": _recurrent,
    "lstm_gates": _gates,
    "sigmoid": _gates,
    "matmul": _product,
    "lstm_memory": _lstm_memory,
    "lstm_output": _lstm_output,
    "gru_reset": _gru_reset,
    "gru_memory": _gru_memory,
}


# ---- helpers ----------------------------------------------------------------------------------------


def _paired(nodes: Sequence[Node]) -> dict[Any, int]:
    """Weights of a hand-written cell, which multiply np.concatenate([a, x]), and the rows of a."""
    found: dict[Any, int] = {}
    for node in nodes:
        W, pair = node._inputs if _op_name(node) == "matmul" else (None, None)
        if not (isinstance(W, Node) and isinstance(pair, Node) and W._op is None and pair._data.ndim == 2):
            continue
        if _op_name(pair) == "concatenate" and len(pair._inputs) == 2 and (pair._options or {}).get("axis", 0) == 0:
            found[W] = len(data_of(pair._inputs[0]))
    return found


def _parts(gates: Any) -> tuple[Any, ...]:
    if not isinstance(gates, _Stack):
        raise _UsedWholeError
    return gates.parts


def _block_name(name: str | None, letter: str, gate: str) -> str | None:
    """`2.z⟨3⟩` is `2.zf⟨3⟩` for the forget gate, `Γ⟨3⟩` is `Γf⟨3⟩`, and `c̃⟨3⟩` for the candidate."""
    if name is None:
        return None
    new = "c̃" if letter == "Γ" and gate == CANDIDATE else letter + gate
    return name.replace(f"{letter}⟨", f"{new}⟨")


def _op_name(node: Node) -> str:
    return "" if node._op is None else node._op.name
