"""Rows of whole recurrent layers: the operators RNN, GRU and LSTM of ONNX, and Scan for what they cannot say.

The layout of these operators: sequences (T, m, n), states (directions, m, n_a), weights W of x and R of a
(directions, gates · n_a, n), and one array B for the biases of both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import TensorProto

from ...files import Array
from ...nn import activation as activations
from ...nn.activation import Activation
from ...nn.cell import Cell, GRUCell, LSTMCell, RNNCell
from ...nn.module import Module, Parameter
from .call import Constant, Input
from .graph import Graph
from .row import Row
from .scan import scanned
from .site import Site

TURNED = (2, 1, 0)  # (n, m, T) to (T, m, n), and back
DIRECTIONS = {1: "forward", 2: "bidirectional"}


@dataclass(frozen=True)
class Operator:
    """A cell as ONNX says it: the operator, its weights, and its attributes; those of a direction are lists."""

    kind: str
    W: Array
    R: Array
    B: Array
    attributes: dict[str, Any]


def _lstm(cell: LSTMCell) -> Operator:
    """The same equations; the gates are in the order i, o, f, c."""
    weights = np.concatenate([_array(cell, f"W{letter}") for letter in "iofc"])
    b = np.concatenate([_array(cell, f"b{letter}") for letter in "iofc"])
    return _operator(cell, "LSTM", weights, b, np.zeros_like(b))


def _gru(cell: GRUCell) -> Operator:
    """The gates z, r, h; z = 1 − Γu, since H⟨t⟩ = (1 − z) ⊙ h + z ⊙ H⟨t−1⟩, and 1 − σ(v) = σ(−v).

    linear_before_reset=0 is h = tanh(W x + R (r ⊙ H) + b), reset="before"; 1 is h = tanh(W x + b + r ⊙ (R H + Rb)).
    """
    weights = np.concatenate([-_array(cell, "Wu"), _array(cell, "Wr"), _array(cell, "Wc")])
    b = np.concatenate([-_array(cell, "bu"), _array(cell, "br"), _array(cell, "bc")])
    inner = np.zeros_like(b)
    if cell.reset == "after":
        inner[-cell.n_a :] = _array(cell, "bcc")
    return _operator(cell, "GRU", weights, b, inner, linear_before_reset=int(cell.reset == "after"))


def _rnn(cell: RNNCell) -> Operator | None:
    """The same equation, if ONNX has its activation."""
    activation = _activation(cell.activation)
    if activation is None:
        return None
    b = _array(cell, "ba")
    weights = np.concatenate([_array(cell, "Waa"), _array(cell, "Wax")], axis=1)
    return _operator(cell, "RNN", weights, b, np.zeros_like(b), **activation)


# A cell of a class of its own is in no table: who knows what it computes.
OPERATORS: dict[type[Cell], Callable[[Any], Operator | None]] = {LSTMCell: _lstm, GRUCell: _gru, RNNCell: _rnn}
ACTIVATIONS: tuple[tuple[Callable[..., Any], str], ...] = (
    (activations.tanh, "Tanh"), (np.tanh, "Tanh"), (activations.relu, "Relu"), (activations.sigmoid, "Sigmoid"),
    (activations.leaky_relu, "LeakyRelu"), (activations.elu, "Elu"), (activations.softplus, "Softplus"),
)  # fmt: skip


def _activation(g: Module | None) -> dict[str, list[Any]] | None:
    """The attributes that say an activation, or None; its only option, slope or alpha, is alpha."""
    if g is None:
        return {"activations": ["Affine"], "activation_alpha": [1.0], "activation_beta": [0.0]}
    if not isinstance(g, Activation):
        return None
    kind = next((kind for function, kind in ACTIVATIONS if function is g.function), None)
    if kind is None:
        return None
    alpha = [float(value) for value in g.options.values()]
    return {"activations": [kind], **({"activation_alpha": alpha} if alpha else {})}


def _operator(cell: Cell, kind: str, weights: Array, b: Array, inner: Array, **attributes: Any) -> Operator:
    """From weights of [a; x], the biases, and those inside the product with a."""
    n = cell.n_a
    return Operator(kind, weights[:, n:], weights[:, :n], np.concatenate([b, inner])[:, 0], attributes)


def _array(cell: Cell, name: str) -> Array:
    parameter: Parameter = getattr(cell, name)
    return parameter.numpy()


# ---- nodes ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Operated:
    """What an operator gave: all states (T, directions, m, n_a), and parts of the final one, (directions, m, n_a)."""

    graph: Graph
    ways: int
    n_a: int
    outputs: Sequence[str]

    def states(self) -> str:
        """(n_a, m, T); both directions one on top of the other."""
        g, Y = self.graph, self.outputs[0]
        if self.ways == 1:
            return g.transpose(g.add("Squeeze", Y, g.ints(1)), TURNED)
        together = g.add("Reshape", g.transpose(Y, (0, 2, 1, 3)), g.ints(0, 0, -1))  # a size of 0 stays as it is
        return g.transpose(together, TURNED)

    def final(self, part: int, way: int | None) -> str:
        """(n_a, m), of one direction, or of both one on top of the other."""
        g, state = self.graph, self.outputs[1 + part]
        if way is None:
            return g.reshape(g.transpose(state, (0, 2, 1)), [self.ways * self.n_a, -1])
        return g.transpose(g.add("Gather", state, g.constant(np.array(way, np.int64)), axis=0), (1, 0))


def _layer(site: Site) -> str:
    """As an operator where ONNX has one; onnxruntime has none of them in float64."""
    cells = site.option("cells")
    operators = [OPERATORS.get(type(cell), _none)(cell) for cell in cells]
    known = [operator for operator in operators if operator is not None]
    single = site.graph.dtype == np.float32 and len(known) == len(cells)
    ran = _operated(site, known) if single else scanned(site)
    site.graph.memo["ran", ran.outputs[0]] = ran
    return ran.outputs[0]


def _none(cell: Cell) -> None:
    return None


def _operated(site: Site, operators: Sequence[Operator]) -> Operated:
    g, ways, cell = site.graph, len(operators), site.option("cells")[0]
    parts = len(cell.states)
    weights = [
        g.constant(np.stack([getattr(operator, letter) for operator in operators]), site.option("where") + letter)
        for letter in "WRB"
    ]
    starts = [_start(site, [1 + way * parts + part for way in range(ways)]) for part in range(parts)]
    lengths = _lengths(site)
    rest = [lengths, *starts] if any(starts) else [lengths] if lengths else []
    attributes = {
        name: value * ways if isinstance(value, list) else value for name, value in operators[0].attributes.items()
    }
    outputs = g.several(
        operators[0].kind, 1 + parts, g.transpose(site[0], TURNED), *weights, *rest, hidden_size=cell.n_a,
        direction=DIRECTIONS[ways], **attributes,
    )  # fmt: skip
    if lengths and any(starts):
        outputs[1:] = [_kept(g, lengths, *pair) for pair in zip(starts, outputs[1:], strict=True)]
    return Operated(g, ways, cell.n_a, outputs)


def _start(site: Site, inputs: Sequence[int]) -> str:
    """Where the directions start, (directions, m, n_a); nothing for zeros."""
    given = [site.call.arguments[i] for i in inputs]
    if all(isinstance(x, Constant) and not np.any(x.array) for x in given):
        return ""
    g = site.graph
    states = [g.add("Unsqueeze", g.transpose(site[i], (1, 0)), g.ints(0)) for i in inputs]
    return g.add("Concat", *states, axis=0)


def _lengths(site: Site) -> str:
    """Numbers of steps as ONNX takes them; nothing where all are whole."""
    lengths = site.option("lengths")
    if lengths is None:
        return ""
    if isinstance(lengths, Input):
        return site.graph.add("Cast", site.graph.value(lengths), to=TensorProto.INT32)
    return site.graph.constant(lengths.astype(np.int32))


def _kept(g: Graph, lengths: str, start: str, final: str) -> str:
    """A sample without steps ends where it started; onnxruntime says 0."""
    if not start:
        return final
    none = g.add("Equal", lengths, g.constant(np.array(0, np.int32)))
    return g.add("Where", g.add("Unsqueeze", none, g.ints(0, 2)), start, final)


RECURRENT: dict[str, Row] = {
    "recurrent_layer": _layer,
    "recurrent_states": lambda site: site.graph.memo["ran", site[0]].states(),
    "recurrent_final": lambda site: site.graph.memo["ran", site[0]].final(site.option("part"), site.option("way")),
}
