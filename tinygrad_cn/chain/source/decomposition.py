"""What both decompositions into functions share: the cost and its slope, activations, tables as text."""

from __future__ import annotations

from textwrap import indent
from typing import TYPE_CHECKING, Any

import numpy as np

from ...ops.loss import sample_axis
from ..layers import Piece
from .parts import options_of
from .program import Program
from .rows import ACTIVATIONS
from .symbols import Expr, Symbol
from .text import WIDTH, Writer, mentions

if TYPE_CHECKING:
    from ..chain import Chain

COMPUTE_COST = '''\
def compute_cost(AL, Y):
    """{doc}"""
{cost}
'''
UPDATE_PARAMETERS = '''\
def update_parameters(parameters, grads, learning_rate):
    """{doc}"""
    return {name: value - learning_rate * grads[f"d{name}"] for name, value in parameters.items()}
'''


class Decomposition:
    """A program in functions.

    Parameters
    ----------
    chain : Chain
        Whose cost is a loss of the last layer's output.
    loss : Piece
        That loss, or the first of those of all time steps.
    target : array, optional
        What it compares with, if that is not the chain's own.
    """

    def __init__(self, chain: Chain, loss: Piece, target: Any = None) -> None:
        self.chain = chain
        self.output, self._cost = loss.operands[0], loss.out
        target = chain.reader.target if target is None else target
        self.program = Program(chain, {id(self.output): "AL", id(target): "Y"})
        self.tracer = self.program.tracer
        self.helpers: dict[str, None] = {}
        self._names: dict[Any, str] = {}  # of activations, by label and options

    @property
    def samples(self) -> str:
        """The line that reads m."""
        return f"m = AL.shape[{sample_axis(self.output._data) % self.output._data.ndim}]"

    def cost(self) -> str:
        """The body of compute_cost."""
        return self.body("return {}", self.program.definition(self.program.variables.name(self._cost)))

    def slope(self) -> str:
        """The lines that work out dAL."""
        return self.body("dAL = {}", self.program.backward.defined(self.output))

    def body(self, last: str, expr: Expr) -> str:
        """Lines that work out an expression, the last of which uses it."""
        writer = Writer(indented=True)
        lines = writer.steps(expr, last)
        self.helpers |= writer.helpers
        return indent("\n".join([*[self.samples] * mentions(expr, self.tracer.m.expr), *lines]), "    ")

    def activation(self, act: Piece) -> tuple[str, bool]:
        """The name of an activation function, and whether it is met for the first time."""
        key = (act.label, tuple(options_of(act).items()))
        known = key in self._names
        same = sum(label == act.label for label, _ in self._names)
        name = self._names.setdefault(key, f"{act.label}_{same + 1}" if same else act.label)
        return name, not known

    def activation_lines(
        self, act: Piece, forward: str, back: str, names: tuple[str, str, str] = ("Z", "A", "dA")
    ) -> tuple[str, str]:
        """Z to A and dA to dZ, of these names, ending as `forward` and `back` say: "return {}"."""
        values = (act.operands[0]._data, act.out._data, act.out._data)
        Z, A, dA = (self._named(n, v) for n, v in zip(names, values, strict=True))
        there, again = ACTIVATIONS[act.label]
        options = options_of(act)
        return self.body(forward, there(Z, **options).expr), self.body(back, again(dA, A, Z, **options).expr)

    def _named(self, name: str, value: np.ndarray[Any, Any]) -> Symbol:
        return self.tracer.name(name, value)


def bracketed(start: str, items: list[str], end: str) -> list[str]:
    """A list or dictionary on one line, or one item a line."""
    line = start + ", ".join(items) + end
    return [line] if len(line) <= WIDTH else [start, *(f"    {item}," for item in items), end]
