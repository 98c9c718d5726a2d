"""The chain as a straight-line NumPy program: forward layer by layer, then backward.

Affine maps, activations and losses are written as in the notes (`rows.py`). Everything else is
written from the recorded ops, whose forward functions and vjps are run on symbols (`trace.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np

from ...autograd import Node
from ...errors import ShapeError
from ...language import say
from ...ops.loss import sample_axis, samples
from ...ops.op import Array
from ...text import columns
from ..convention import first_data
from ..layers import Piece
from .backward import Backward
from .helpers import definitions
from .loop import made_empty, needs, rolled, starting_states, steps_of
from .norm import Normalised
from .parts import comment, inside, options_of
from .rows import ACTIVATIONS, LOSSES, spell
from .symbols import Expr, Symbol
from .text import WIDTH, Line, Writer, mentions
from .trace import Tracer, agree
from .variables import EMPTY, Variables

if TYPE_CHECKING:
    from ..chain import Chain

FRACTIONS = (1, -1, 0.5, -0.5)


class Program:
    """Notes the pieces of a chain forward and backward as lines, and prints them.

    Parameters
    ----------
    chain : Chain
        Of a single cost.
    names : mapping
        Variables to use instead of the chain's names, by identity of the value.

    Raises
    ------
    ShapeError
        If the chain ends in several numbers.
    OpError
        If an op cannot be written as NumPy calls.
    """

    def __init__(self, chain: Chain, names: Mapping[int, str] = EMPTY) -> None:
        if chain.root._data.size != 1:
            raise ShapeError(f"numpy: expected the chain of a single cost; J has shape {chain.root._data.shape}")
        self.chain = chain
        self.reader = chain.reader
        self.variables = Variables(chain.reader, names)
        self.tracer = Tracer(chain.m or 0, spell, self._array)
        self.lines: list[Line] = []
        self.norms: dict[Node, Normalised] = {}  # by what they compute
        self._inputs: dict[str, Any] = {}
        self._symbols: dict[int, Any] = {}  # by identity of the value
        self._section = self._title = ""
        for piece in self.reader.pieces:
            self.open(piece, "")
            self._forward(piece)
        self.backward = Backward(self)

    def text(self, update: bool = False) -> str:
        """The program; with `update` it ends with a step of gradient descent."""
        if update:
            self._update()
        self._insert_samples()
        writer = Writer(self.variables.taken)
        body = writer.write(self.lines)
        if self.variables.dicts:
            body = [*self._dicts(body), *rolled(body, self.variables.dicts, steps_of(self.reader.moments.values()))]
        return "\n".join([*self._head(writer.helpers, update), *body]) + "\n"

    @property
    def _computed(self) -> set[str]:
        """The dicts that the program fills itself."""
        return {line.target.split("[")[0] for line in self.lines if "[" in line.target}

    @property
    def _starts(self) -> dict[str, int]:
        """The time of what such a dict holds from outside: 0 for a[0]."""
        found = {name.split("[")[0]: int(name.split("[")[1][:-1]) for name in self._inputs if "[" in name}
        return {base: t for base, t in found.items() if base in self._computed}

    def _dicts(self, body: list[str]) -> list[str]:
        """The lines that make what is filled step by step, and T."""
        filled = [name for name in self.variables.dicts if any(line.startswith(f"{name}[") for line in body)]
        T = f"T = {steps_of(self.reader.moments.values())}  # {say('source.T', self.chain.lang)}"
        return ["", T, *made_empty(filled, self._starts, WIDTH)]

    # ---- lines --------------------------------------------------------------------------------------

    def open(self, piece: Piece, back: str) -> None:
        """Lines from here on belong to the section of this piece."""
        layer = self.reader.layer_of[id(piece.out)]
        dense = layer and piece.kind in ("affine", "activation")
        if piece in self.reader.moments:
            self._section = say(f"source.time{back}", self.chain.lang)
            return
        kind = "cost" if piece.out._data.size == 1 and not dense else "layer" if layer else "source.ops"
        self._section = say(f"{kind}{back}", self.chain.lang, l=layer)

    def assign(self, name: str, symbol: Symbol, comment: str, samples: bool = False) -> Symbol:
        """Write a line, below the title of its section, and return the symbol of the variable it makes."""
        if self._section != self._title:
            self._title = self._section
            self.lines += [Line(""), Line("", comment=f"# {self._title}")]
        self.lines.append(Line(name, symbol.expr, comment))
        return self.tracer.name(name, symbol.value, samples)

    def _forward(self, piece: Piece) -> None:
        out = piece.out
        shapes = self.chain.quantities[self.reader.names[id(out)]].shapes
        variable = self.assign(self.variables.name(out), self._result(piece), comment(shapes, out._data.shape))
        variable.value, variable.samples = out._data, out in self.reader.columns
        self._symbols[id(out)] = variable

    def _result(self, piece: Piece) -> Any:
        """What a piece computes: the line of the notes if there is one and it gives the recorded number."""
        operands = [self.symbol(x) for x in piece.operands]
        if piece.kind == "affine":
            w, a, b = operands
            product = (w.T if piece.flipped else w) @ a
            return product if b is None else product + b
        if piece.kind == "norm":
            self.norms[piece.out] = Normalised(self, piece)
            return self.norms[piece.out].result
        textbook = self.tracer.safely(lambda: self._textbook(piece, operands))
        if textbook is not None and agree(textbook.value, piece.out._data):
            return textbook
        self.evaluate(piece)
        return self._symbols.pop(id(piece.out))

    def _textbook(self, piece: Piece, operands: list[Any]) -> Any:
        if piece.kind == "activation":
            return ACTIVATIONS[piece.label][0](*operands, **options_of(piece))
        if piece.kind == "flatten":
            (x,) = operands
            return x.reshape(x.shape[0], -1).T
        if piece.kind == "loss":
            return LOSSES[piece.label][0](*operands, samples(operands[0]), **options_of(piece))
        if piece.kind == "total":
            return reduce(add, operands)
        return None

    def definition(self, variable: str) -> Expr:
        """The expression a variable is assigned."""
        return next(line.expr for line in self.lines if line.target == variable and line.expr is not None)

    def evaluate(self, piece: Piece) -> None:
        """Give a symbol to every node inside a piece."""
        for node in inside(piece):
            if id(node) not in self._symbols:
                assert node._op is not None
                self._symbols[id(node)] = self.tracer.op(node._op, self.arguments(piece, node), node._options or {})

    def _update(self) -> None:
        self._section = say("source.update", self.chain.lang)
        rate = self.tracer.name("learning_rate", 1.0)
        for key in dict.fromkeys(q.name for step in self.chain.steps for q in _parameters(step)):
            x = self.reader.values[key]
            if x in self.backward.gradients:
                self.assign(self.variables.name(x), self.symbol(x) - rate * self.backward.gradients[x], "")

    def _insert_samples(self) -> None:
        """Say what m is, where it is needed: at the top, or after the line that makes the first layer's input."""
        data = next(starting_states(self.reader.moments), first_data(self.reader.pieces))
        if data is None or not any(line.expr and mentions(line.expr, self.tracer.m.expr) for line in self.lines):
            return
        name = self.variables.name(data)
        place = next((i + 1 for i, line in enumerate(self.lines) if line.target == name), 0)
        shape = self.tracer.expr("attribute", (self.tracer.expr("name", value=name),), value="shape")
        axis = sample_axis(data) % np.ndim(self.symbol(data).value)
        samples = Line("m", self.tracer.expr("item", (shape, self.tracer.lift(axis))), say("source.m", self.chain.lang))
        self.lines[place:place] = [Line("")] * (place == 0) + [samples]

    # ---- symbols ------------------------------------------------------------------------------------

    def symbol(self, x: Any) -> Any:
        """What stands for a value: a variable, the expression of an inner node, or a number (or None) as it is."""
        if id(x) not in self._symbols:
            self._symbols[id(x)] = self._outside(x)
        return self._symbols[id(x)]

    def _outside(self, x: Any) -> Any:
        """A value that no piece computes."""
        value = x._data if isinstance(x, Node) else x
        if x in self.variables:
            name = self.variables.name(x)
            self._inputs[name] = x
            return self.tracer.name(name, np.asarray(value), isinstance(x, Node) and x in self.reader.columns)
        if id(x) in self.reader.texts:
            return 1 - self.symbol(self.reader.target)
        if value is None or np.ndim(value) == 0:
            return value.item() if isinstance(value, np.ndarray | np.generic) else value
        return self.tracer.symbol(self.tracer.lift(value), np.asarray(value))

    def arguments(self, piece: Piece, node: Node) -> list[Any]:
        """The symbols of the inputs of a node inside a piece; 1/m is written so where a loss is divided by m."""
        values = [self.symbol(x) for x in node._inputs]
        assert node._op is not None
        if piece.kind == "penalty" or node._data.size != 1 or (self.chain.m or 0) < 3:
            return values
        return [self._fraction(x, node._op.name) if isinstance(x, int | float) else x for x in values]

    def _fraction(self, number: float, op: str) -> Any:
        m = self.tracer.m
        if op == "divide":
            return next((k * m for k in (1, 2) if number == k * int(m)), number)
        if op == "multiply":
            return next((k / m for k in FRACTIONS if number == k / int(m)), number)
        return number

    def _array(self, a: Array) -> Expr | None:
        """An array in the options of an op: 0, …, m − 1, or one that the learner has named."""
        if self.chain.m and a.dtype.kind in "iu" and np.array_equal(a, np.arange(self.chain.m)):
            return self.tracer.expr(np.arange, (self.tracer.m.expr,))
        name = self.variables.given(a)
        if name is None:
            return None
        self._inputs[name] = a
        return self.tracer.expr("name", value=name)

    # ---- the top ------------------------------------------------------------------------------------

    def _head(self, helpers: Collection[str], update: bool) -> list[str]:
        functions = [line for text in definitions(helpers, self.chain.lang) for line in ("", "", *text.splitlines())]
        return [*self.about(update), "", *imports(helpers), *functions, *[""] * bool(functions)]

    def about(self, update: bool, needed: list[str] | None = None) -> list[str]:
        """Comments: what the program does, in which convention, and what must exist before it starts."""
        chain, lang = self.chain, self.chain.lang
        title = say("source.title", lang, layers=chain.depth)
        data_first = sorted(self._inputs.items(), key=lambda item: _is_parameter(item[1]))
        needed = (needs(data_first, self._computed) if needed is None else needed) + ["learning_rate"] * update
        lines = [title, say(f"convention.{chain.convention}", lang), *[chain.note] * bool(chain.note)]
        return [f"# {line}" for line in [*lines, *_filled(say("source.needs", lang), needed)]]


def imports(helpers: Collection[str]) -> list[str]:
    """The import lines of a program that uses these helpers."""
    return ["import math", ""] * ("normal_cdf" in helpers) + ["import numpy as np"]


def _parameters(step: Any) -> Iterator[Any]:
    yield from step.parameters
    yield from (q for q in step.forward if q.role == "parameter")


def _is_parameter(x: Any) -> bool:
    return isinstance(x, Node) and x.requires_grad


def _filled(title: str, words: list[str]) -> list[str]:
    """Words after a title, in lines that are not too long."""
    lines = [title]
    for i, word in enumerate(words):
        text = word + "," * (i < len(words) - 1)
        if columns(f"# {lines[-1]} {text}") > WIDTH:
            lines.append("   " + text)
        else:
            lines[-1] += text if lines[-1].endswith("：") else f" {text}"
    return lines
