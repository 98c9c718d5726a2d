"""A forward and a backward function for any piece of a chain, written from the recorded ops.

It serves what has no function of its own in the table: `add` of positions, an op of the learner's, a part of a loss.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd import Node, data_of
from ..layers import Piece
from .parts import inside
from .text import Line, Writer
from .through import through
from .trace import Tracer


class OpFunctions:
    """The functions of one piece.

    Parameters
    ----------
    tracer : Tracer
        Makes the expressions.
    piece : Piece
        Any piece.

    Attributes
    ----------
    takes : tuple
        The arrays it takes, each once, in the order of the op.
    """

    def __init__(self, tracer: Tracer, piece: Piece) -> None:
        self._tracer, self._piece = tracer, piece
        arrays = {id(x): x for x in piece.operands if isinstance(x, Node) or np.ndim(x)}
        self.takes = tuple(arrays.values())
        count = len(self.takes)
        self._names = [f"x{k}" if count > 1 else "x" for k in range(1, count + 1)]
        self._symbols: dict[int, Any] = {
            id(x): tracer.name(name, np.asarray(data_of(x))) for x, name in zip(self.takes, self._names, strict=True)
        }
        for node in inside(piece):
            assert node._op is not None
            self._symbols[id(node)] = tracer.op(node._op, self._arguments(piece, node), node._options or {})

    def texts(self, name: str, helpers: dict[str, None]) -> tuple[str, str]:
        """Both functions; what they call is added to `helpers`."""
        known = ", ".join(self._names)
        forward = Writer(indented=True)
        lines = forward.write([Line("y", self._symbols[id(self._piece.out)].expr)])
        cached = f"({known}, y)"
        whole = [f"def {name}_forward({known}):", *_indented(lines), f"    return y, {cached}", ""]
        result = self._tracer.name("y", self._piece.out._data)
        self._symbols[id(self._piece.out)] = result
        seed = self._tracer.name("dy", self._piece.out._data)
        back_to = through(self._piece, seed, lambda node: self._symbols[id(node)], self._arguments, frozen=True)
        reached = {id(node): part for node, part in back_to.items()}
        back = Writer(indented=True)
        found = [(f"d{n}", reached[id(x)]) for x, n in zip(self.takes, self._names, strict=True) if id(x) in reached]
        lines = back.write([Line(target, part.expr) for target, part in found])
        first, *others = [f"d{n}" if id(x) in reached else "None" for x, n in zip(self.takes, self._names, strict=True)]
        rest = f"({', '.join(others)}{',' * (len(others) == 1)})"
        again = [f"def {name}_backward(dy, cache):", f"    {known}, y = cache", *_indented(lines)]
        helpers |= forward.helpers | back.helpers
        return "\n".join(whole), "\n".join([*again, f"    return {first}, {rest}", ""])

    def _arguments(self, piece: Piece, node: Node) -> list[Any]:
        return [self._symbols.get(id(x), data_of(x)) for x in node._inputs]


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]
