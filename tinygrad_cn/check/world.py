"""Forward values of a chain, as recorded or moved by rounding, and gradients worked out from them step by step."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd import Node, ancestors, unbroadcast, walk
from ..chain import Chain
from ..chain.layers import Piece
from ..chain.source.parts import inside
from ..ops.op import Array, Op
from ..record import fill

if TYPE_CHECKING:
    from collections.abc import Iterator

CANCELLING = frozenset(["sigmoid", "tanh", "gelu", "silu"])  # their derivatives are differences
# These hand on an entry as it is, without rounding, and their gradients ask which one it was.
CHOOSING = frozenset("max min maximum minimum fmax fmin clip relu max_pool2d sort partition".split())
PRODUCTS = frozenset(["matmul", "dot", "affine"])
# Pieces that sum up products, by kind or label: how large their terms are is told by the sum of absolute values.
SUMMING = frozenset(["conv", "recurrent", "sequence", "projection", "attention_scores", "attention_context"])
PRIME = 8191  # so many moves are drawn and repeated: no pattern in any shape
_random = np.random.default_rng(1)
MOVES = np.where(_random.random(PRIME) < 0.5, -1, 1) * _random.uniform(0.5, 1.5, PRIME)  # no two cancel exactly


class World:
    """One set of forward values, and what each piece makes of a gradient there.

    Parameters
    ----------
    chain : Chain
        What was recorded.
    eps : float
        The rounding unit.
    nudge : float
        How many units each computed value is moved by; 0 for the recorded values. A negative one moves
        everything the other way.
    draw : int
        Which moves are drawn.
    plain : World, optional
        The recorded one, for what is measured once.
    """

    def __init__(self, chain: Chain, eps: float, nudge: float = 0.0, draw: int = 0, plain: World | None = None) -> None:
        self.chain, self.eps, self.nudge, self.draw, self.plain = chain, eps, nudge, draw, plain or self
        self.factor = float(chain.m or 1) if chain.convention == "course" else 1.0
        self.parts: dict[int, Any] = {}

    @cached_property
    def outputs(self) -> set[Piece]:
        """The activations that a loss takes."""
        losses = [p.operands[0] for p in self.chain.pieces if p.kind in ("loss", "own_loss")]
        return {p for p in self.chain.pieces if p.kind == "activation" and any(p.out is a for a in losses)}

    @cached_property
    def copies(self) -> Mapping[Any, Node]:
        """A copy of every node, computed from moved inputs and moved itself; none if nothing moves."""
        copies: dict[Any, Node] = {}
        for i, node in enumerate(ancestors(self.chain.root, frozen=True) if self.nudge else ()):
            inputs = tuple(copies.get(x, x) if isinstance(x, Node) else x for x in node._inputs)
            data = node._data
            if node._op is not None:
                args = [x._data if isinstance(x, Node) else x for x in inputs]
                with np.errstate(all="ignore"):
                    data = np.asarray(node._op.forward(*args, **(node._options or {})))
                    if node._op.name not in CHOOSING:
                        data = self.moved(data, self.plain.terms.get(node, np.abs(data)), i)
                    data = data.astype(node._data.dtype)
            copy: Any = object.__new__(type(node))
            copies[node] = fill(copy, data, node.requires_grad, node._op, inputs, node._options)
        return copies

    @cached_property
    def terms(self) -> dict[Node, Array]:
        """How large the terms are that matrix products sum up: their rounding is relative to them, not to the sum."""
        found: dict[Node, Array] = {}
        for node in ancestors(self.chain.root):
            factors = [self.value(x) for x in node._inputs[:2]]
            if node._op is not None and node._op.name in PRODUCTS and all(f.ndim == 2 for f in factors):
                found[node] = np.abs(factors[0]) @ np.abs(factors[1])
        return found

    def moved(self, values: Array, size: Array, draw: int) -> Array:
        """The values, each moved up or down by about `nudge` units of its size."""
        if not self.nudge or not values.size:
            return values
        moves = np.resize(np.roll(MOVES, 97 * (self.draw + draw)), values.shape)
        return np.asarray(values + self.nudge * self.eps * size * moves)

    @contextmanager
    def reduced(self, parts: Mapping[int, Any]) -> Iterator[None]:
        """Inside, values of these, by identity, are the indexed part of them."""
        self.parts = dict(parts)
        try:
            yield
        finally:
            self.parts = {}

    def value(self, x: Any) -> Array:
        """The array behind an operand in this world."""
        whole = self.copies.get(x, x)._data if isinstance(x, Node) else np.asarray(x)
        return whole[self.parts[id(x)]] if id(x) in self.parts else whole

    def scale(self, x: Any) -> float:
        """Factor from autograd's gradient of x to the one the convention shows."""
        return self.factor if self.is_column(x) else 1.0

    def is_column(self, x: Any) -> bool:
        """True if x holds one column per sample; the input of a layer does, whatever it requires."""
        return not isinstance(x, Node) or not x.requires_grad or x in self.chain.reader.columns

    # ---- gradients ----------------------------------------------------------------------------------

    def through(self, piece: Piece, x: Any, g: Array) -> Array:
        """What the piece adds to the gradient of its operand x, given the gradient g of its output."""
        with np.errstate(all="ignore"):
            return self._affine(piece, x, g) if piece.kind == "affine" else self._walked(piece, x, g)

    def size(self, piece: Piece, x: Any, g: Array) -> Array:
        """How large the terms are that `through` sums up: rounding is relative to them, not to the sum."""
        g = np.abs(g)
        with np.errstate(all="ignore"):
            if piece.kind == "affine":
                return self._affine(piece, x, g, absolute=True)
            if piece.kind == "norm" and x is piece.operands[0]:
                return self._normalised(piece, g)
            if piece.label in ("softmax", "log_softmax"):
                a = self.value(piece.out)
                a = np.exp(a) if piece.label == "log_softmax" else a
                return np.asarray(a * g + a * np.sum(a * g, axis=0, keepdims=True))
            size = np.abs(self._walked(piece, x, g, absolute=bool(SUMMING & {piece.kind, piece.label})))
            return size + self.lost(piece, g) if piece.kind == "activation" else size

    def lost(self, piece: Piece, g: Array) -> Array:
        """What the derivative of a saturated activation loses, such as 1 − A²: it may as well come out as 0.

        At the output g has a pole where the derivative has a zero, and may be as large as it likes.
        """
        hidden = piece.label in CANCELLING and piece not in self.outputs
        return np.asarray(g if hidden else self.eps * np.minimum(g, 1 / self.eps))

    def _affine(self, piece: Piece, x: Any, g: Array, absolute: bool = False) -> Array:
        w, a, b = piece.operands
        scale = self.scale(piece.out)

        def take(y: Any) -> Array:
            return np.abs(self.value(y)) if absolute else self.value(y)

        if x is w:
            return np.asarray(take(a) @ g.T / scale if piece.flipped else g @ take(a).T / scale)
        if x is a:
            return np.asarray((take(w) if piece.flipped else take(w).T) @ g * (self.scale(a) / scale))
        assert x is b
        return np.asarray(unbroadcast(g, np.shape(self.value(b))) / scale)

    def _walked(self, piece: Piece, x: Any, g: Array, absolute: bool = False) -> Array:
        if not (isinstance(x, Node) and x.requires_grad):
            return (self._to_data if piece.is_layer else self._to_outside)(piece, x, g, absolute)
        copies = self._absolute(piece) if absolute else self.copies
        ends = {copies.get(n, n): n for n in piece.operands if isinstance(n, Node)}
        out = copies.get(piece.out, piece.out)
        start = np.array(g / self.scale(piece.out), dtype=np.result_type(out._data, g))
        gradients = walk(out, start, until=frozenset(ends))
        found = {id(x): np.asarray(gradients[node]) for node, x in ends.items() if node in gradients}
        whole = np.asarray(found[id(x)] * self.scale(x))
        return whole[self.parts[id(x)]] if id(x) in self.parts else whole

    def _normalised(self, piece: Piece, g: Array) -> Array:
        """The terms of (dn − mean(dn) − n ⊙ mean(dn ⊙ n)) / √(σ² + ε), added up."""
        x, gamma, _ = (self.value(y) for y in piece.operands)
        options = piece.out._options or {}
        root = np.sqrt(np.var(x, axis=options["axis"], keepdims=True) + options["eps"])
        n = np.abs(x - np.mean(x, axis=options["axis"], keepdims=True)) / root
        dn = g * np.abs(gamma.reshape(gamma.shape + (1,) * (x.ndim - gamma.ndim)))
        mean, along = (np.mean(v, axis=options["axis"], keepdims=True) for v in (dn, dn * n))
        return np.asarray((dn + mean + n * along) / root)

    def _absolute(self, piece: Piece) -> Mapping[Any, Node]:
        """Copies of the nodes of a piece, from its operands to its output, with the absolute values."""
        copies: dict[Any, Node] = {}

        def copied(x: Any) -> Any:
            if not isinstance(x, Node):
                return _magnitude(x) if isinstance(x, np.ndarray) else x
            if x not in copies:
                inputs = x._inputs if any(x is y for y in piece.operands) else tuple(map(copied, x._inputs))
                copy: Any = object.__new__(type(x))
                copies[x] = fill(copy, np.abs(self.value(x)), x.requires_grad, x._op, inputs, x._options)
            return copies[x]

        copied(piece.out)
        return copies

    def _to_data(self, piece: Piece, x: Any, g: Array, absolute: bool) -> Array:
        """The gradient of a layer's input that records nothing, such as images."""
        out, inputs = self.copies.get(piece.out, piece.out), [self.value(y) for y in piece.operands]
        inputs = [_magnitude(y) for y in inputs] if absolute else inputs
        assert out._op is not None
        i = next(i for i, y in enumerate(piece.operands) if y is x)
        gradient = out._op.gradient(i, g / self.scale(piece.out), out._data, inputs, out._options)
        return np.asarray(gradient * self.scale(x))

    def _to_outside(self, piece: Piece, x: Any, g: Array, absolute: bool) -> Array:
        """The gradient of a⟨0⟩, x⟨t⟩ or the like, which record nothing: by copies of the nodes of the piece."""
        taken = _magnitude if absolute else np.asarray

        def node(data: Array, op: Op | None = None, inputs: tuple[Any, ...] = (), options: Any = None) -> Node:
            copy: Any = object.__new__(type(piece.out))
            return fill(copy, data, True, op, inputs, options)

        leaf = node(taken(self.value(x)))
        stands: dict[int, Any] = {id(y): taken(self.value(y)) for y in piece.operands if y is not None} | {id(x): leaf}
        for inner in inside(piece):
            inputs = tuple(stands.get(id(y), y) for y in inner._inputs)
            stands[id(inner)] = node(taken(self.value(inner)), inner._op, inputs, inner._options)
        seed = np.array(g / self.scale(piece.out), dtype=np.result_type(piece.out._data, g))
        return np.asarray(walk(stands[id(piece.out)], seed)[leaf] * self.scale(x))


def _magnitude(values: Array) -> Array:
    """Absolute values; what is no number, such as a mask or no bias, as it is."""
    return np.abs(values) if values.dtype.kind == "f" else values
