"""The backward half of a program: pieces from the cost back, each gradient written once it is complete."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...autograd import Node
from ...ops.loss import samples
from ..formula import FUSED
from ..layers import Piece
from .loop import shared_in_time
from .parts import comment, operands, options_of
from .rows import ACTIVATIONS, LOSSES
from .symbols import Expr, Symbol
from .through import through, unbroadcast
from .trace import agree

if TYPE_CHECKING:
    from .program import Program


class Backward:
    """Writes the gradient lines of a program.

    Attributes
    ----------
    gradients : dict
        The symbol of each node's gradient, in the convention of the chain.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._reader = program.reader
        self._tracer = program.tracer
        root = program.chain.root
        one = self._tracer.symbol(self._tracer.lift(1), np.ones((), root._data.dtype))
        self.gradients: dict[Node, Symbol] = {root: self._tracer.broadcast(one, program.symbol(root).shape)}
        self._parts: dict[Node, list[Symbol]] = {}
        self._waiting = self._count_pieces()
        self._shared = shared_in_time(self._reader.moments)
        self._makers = {piece.out: piece for piece in self._reader.pieces}
        for piece in reversed(self._reader.pieces):
            self._pass(piece)

    def _count_pieces(self) -> dict[Node, int]:
        """How many pieces each node's gradient comes from."""
        count: dict[Node, int] = {}
        for piece in self._reader.pieces:
            for x in operands(piece):
                count[x] = count.get(x, 0) + 1
        return count

    def _pass(self, piece: Piece) -> None:
        """Carry the gradient back through a piece, and write what is complete then."""
        program, g = self._program, self.gradients.get(piece.out)
        program.open(piece, ".back")
        found = {} if g is None else self._through(piece, g)
        for x in operands(piece):
            if x in found and x in self._shared:
                self._add(x, found[x])
            elif x in found:
                self._parts.setdefault(x, []).append(found[x])
            self._waiting[x] -= 1
            if not self._waiting[x] and x in self._parts:
                self._complete(x)

    def _add(self, x: Node, part: Symbol) -> None:
        """Add to the gradient of a weight that every time step uses."""
        name = self._program.variables.gradient(x)
        total = self.gradients[x] + part if x in self.gradients else part
        self.gradients[x] = self._program.assign(name, total, comment("", x._data.shape))

    def _complete(self, x: Node) -> None:
        """Add up the gradient of x and write it; one that cancels with an output activation waits for it."""
        parts = self._parts.pop(x)[::-1]  # in the order of the forward pass
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        self.gradients[x] = total
        if self._fused_loss(x) is None:
            self._write(x, len(parts) == 1)

    def _write(self, x: Node, simple: bool = True) -> None:
        total = self.gradients[x]
        if total.expr.head == "literal" and x._op is not None:
            return
        quantity = self._program.chain.quantities.get(f"d{self._reader.names[id(x)]}")
        shapes = comment(quantity.shapes if quantity is not None and simple else "", x._data.shape)
        name, samples = self._program.variables.gradient(x), x in self._reader.columns
        self.gradients[x] = self._program.assign(name, total, shapes, samples)

    def defined(self, x: Node) -> Expr:
        """The expression of a gradient, whether or not it has a line."""
        expr = self.gradients[x].expr
        return self._program.definition(expr.value) if expr.head == "name" else expr

    # ---- one piece ----------------------------------------------------------------------------------

    def _through(self, piece: Piece, g: Symbol) -> dict[Node, Symbol]:
        """What a piece adds to the gradients of its operands: as in the notes, if that gives the right numbers."""
        if piece.kind == "affine":
            return self._affine(piece, g)
        if piece.kind == "norm":
            return self._norm(piece, g)
        loss = self._fused_loss(piece.out)
        exact = self._exact(piece, g)
        if loss is not None:
            difference = {piece.operands[0]: self._difference(piece, loss)}
            if _same(difference, exact):
                return difference
            self._write(piece.out)
            g = self.gradients[piece.out]
            exact = self._exact(piece, g)
        textbook = self._tracer.safely(lambda: self._textbook(piece, g))
        return textbook if textbook is not None and _same(textbook, exact) else exact

    def _affine(self, piece: Piece, g: Symbol) -> dict[Node, Symbol]:
        """Weights, bias, input, in the order of the notes."""
        w, a, b = (self._program.symbol(x) for x in piece.operands)
        rules: dict[int, Callable[[], Any]] = {
            0: lambda: a @ g.T if piece.flipped else g @ a.T,
            2: lambda: unbroadcast(g, b, samples=True),
            1: lambda: w @ g if piece.flipped else w.T @ g,
        }
        found: dict[Node, Symbol] = {}
        for i, rule in rules.items():
            x = piece.operands[i]
            if isinstance(x, Node) and x.requires_grad:
                part = self._scaled(piece, x, rule())
                found[x] = found[x] + part if x in found else part
        return found

    def _norm(self, piece: Piece, g: Symbol) -> dict[Node, Symbol]:
        parts = self._program.norms[piece.out].back(piece, g)
        return {x: self._scaled(piece, x, unbroadcast(part, self._program.symbol(x))) for x, part in parts.items()}

    def _textbook(self, piece: Piece, g: Symbol) -> dict[Node, Symbol]:
        x = piece.operands[0]
        if piece.kind not in ("activation", "loss") or operands(piece) != [x]:
            return {}
        symbols, options = [self._program.symbol(v) for v in piece.operands], options_of(piece)
        if piece.kind == "activation":
            return {x: ACTIVATIONS[piece.label][1](g, self._program.symbol(piece.out), *symbols, **options)}
        return {x: self._per_sample(piece, g, LOSSES[piece.label][1](*symbols, **options))}

    def _per_sample(self, loss: Piece, g: Symbol, derivative: Any) -> Any:
        """The derivative of each sample's loss as a gradient of J: divided by m, but not in the course convention."""
        x = loss.operands[0]
        if self._reader._scale(loss, x) == "m":
            return g * derivative
        return g * derivative / samples(self._program.symbol(x))

    def _fused_loss(self, a: Node) -> Piece | None:
        """The loss whose gradient cancels with the activation that made `a`, if nothing else uses `a`."""
        act, uses = self._makers.get(a), {p: None for p, _ in self._reader.consumers.get(id(a), [])}
        if act is None or len(uses) != 1:
            return None
        (loss,) = uses
        return loss if (act.label, loss.label) in FUSED and operands(loss) == [a] else None

    def _difference(self, act: Piece, loss: Piece) -> Any:
        """A − Y."""
        a, y = (self._program.symbol(x) for x in loss.operands)
        return self._per_sample(loss, self.gradients[loss.out], a - y)

    # ---- from the record ----------------------------------------------------------------------------

    def _scaled(self, piece: Piece, x: Node, part: Any) -> Any:
        return part / self._tracer.m if self._reader._scale(piece, x) == "1/m" else part

    def _exact(self, piece: Piece, g: Symbol) -> dict[Node, Symbol]:
        """The vjps of the ops inside a piece, run on symbols."""
        self._program.evaluate(piece)
        wanted = operands(piece)
        scale = {x: self._reader._scale(piece, x) for x in wanted}
        found: dict[Node, Symbol] = {}
        for factor in sorted(set(scale.values())):
            seed = g * self._tracer.m if factor == "m" else g
            reached = through(piece, seed, self._program.symbol, self._program.arguments)
            found |= {x: self._scaled(piece, x, reached[x]) for x in wanted if scale[x] == factor and x in reached}
        return {x: found[x] for x in wanted if x in found}


def _same(textbook: dict[Node, Symbol], exact: dict[Node, Symbol]) -> bool:
    return textbook.keys() == exact.keys() and all(agree(textbook[x].value, exact[x].value) for x in exact)
