"""Gradients of a chain worked out again, in worlds that differ by rounding.

World 0 has the recorded values. In each other world every computed value is moved by a few units in the
last place, as another order of summation or another formula for the same function would move it; the
moves come in opposite pairs, so that a kink close by is crossed in one of the two. How far a gradient
differs between worlds is what rounding may do to it: large where a unit is saturated or terms cancel,
next to nothing elsewhere. No constant has to be guessed for it, and none can hide a mistake.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd import Node, ancestors, unbroadcast, walk
from ..chain import Chain
from ..chain.layers import Piece
from ..ops.op import Array
from ..record import fill

NUDGE = 4.0  # units in the last place that each computed value is moved by
PAIRS = 3  # worlds 1 and 2 are moved in opposite ways, and so are 3 and 4, 5 and 6
BASE, SPREAD = 16.0, 8.0  # allowed: so many units of the terms, and so many times the largest move between worlds
FLOOR = 4.0  # and so many units of the largest entry: below that, entries are rounding of others
CANCELLING = frozenset(["sigmoid", "tanh", "gelu", "silu"])  # their derivatives are differences
PRIME = 8191  # so many moves are drawn and repeated: no pattern in any shape
_random = np.random.default_rng(1)
MOVES = np.where(_random.random(PRIME) < 0.5, -1, 1) * _random.uniform(0.5, 1.5, PRIME)  # no two cancel exactly


class World:
    """Forward values of a chain, and what each piece makes of a gradient there."""

    def __init__(self, chain: Chain, eps: float, nudge: float = 0.0, offset: int = 0) -> None:
        self.chain, self.eps, self.nudge, self.offset = chain, eps, nudge, offset
        losses = [p.operands[0] for p in chain.pieces if p.kind in ("loss", "own_loss")]
        self.outputs = {p for p in chain.pieces if p.kind == "activation" and any(p.out is a for a in losses)}
        self.factor = float(chain.m or 1) if chain.convention == "course" else 1.0
        self.copies: dict[Any, Node] = self._moved() if nudge else {}

    def _moved(self) -> dict[Any, Node]:
        """A copy of every node, computed from moved inputs and moved itself."""
        copies: dict[Any, Node] = {}
        for node in ancestors(self.chain.root):
            inputs = tuple(copies.get(x, x) if isinstance(x, Node) else x for x in node._inputs)
            data = node._data
            if node._op is not None:
                args = [x._data if isinstance(x, Node) else x for x in inputs]
                with np.errstate(all="ignore"):
                    data = np.asarray(node._op.forward(*args, **(node._options or {})))
                    data = self.moved(data, _terms(node._op.name, args, data)).astype(node._data.dtype)
            copy = fill(object.__new__(type(node)), data, True, node._op, inputs, node._options)
            copies[node] = copy
        return copies

    def moved(self, values: Array, size: Array) -> Array:
        """The values, moved by `nudge` times their size up or down."""
        if not self.nudge or not values.size:
            return values
        self.offset += 1
        moves = np.resize(np.roll(MOVES, 97 * self.offset), values.shape)
        return np.asarray(values + self.nudge * size * moves)

    def value(self, x: Any) -> Array:
        """The array behind an operand in this world."""
        return self.copies.get(x, x)._data if isinstance(x, Node) else np.asarray(x)

    def scale(self, x: Any) -> float:
        """Factor from autograd's gradient of x to the one the convention shows."""
        return self.factor if self.is_column(x) else 1.0

    def is_column(self, x: Any) -> bool:
        """True if x holds one column per sample."""
        return self.is_data(x) or x in self.chain.reader.columns

    def is_data(self, x: Any) -> bool:
        """True for the input of a layer that requires no gradient itself: its gradient is per sample too."""
        return not isinstance(x, Node) or not x.requires_grad

    def through(self, piece: Piece, x: Any, g: Array) -> Array:
        """What the piece adds to the gradient of its operand x, given the gradient g of its output."""
        with np.errstate(all="ignore"):
            if piece.kind == "affine":
                return self._affine(piece, x, g)
            ends = {self.copies.get(n, n): n for n in piece.operands if isinstance(n, Node)}
            found: dict[int, Array] = {}

            def visit(node: Node, gradient: Any) -> None:
                if node in ends:
                    found[id(ends[node])] = np.asarray(gradient)

            out = self.copies.get(piece.out, piece.out)
            seed = np.array(g / self.scale(piece.out), dtype=np.result_type(out._data, g))
            walk(out, seed, visit, until=frozenset(ends))
            return np.asarray(found.get(id(x), np.zeros(np.shape(self.value(x)))) * self.scale(x))

    def size(self, piece: Piece, x: Any, g: Array) -> Array:
        """How large the terms are that `through` sums up: rounding is relative to them, not to the sum."""
        g = np.abs(g)
        with np.errstate(all="ignore"):
            if piece.kind == "affine":
                return self._affine(piece, x, g, absolute=True)
            if piece.label in ("softmax", "log_softmax"):
                a = self.value(piece.out)
                a = np.exp(a) if piece.label == "log_softmax" else a
                return np.asarray(a * g + a * np.sum(a * g, axis=0, keepdims=True))
            size = np.abs(self.through(piece, x, g))
            return size + self.eps * np.minimum(g, 1 / self.eps) if piece.kind == "activation" else size

    def lost(self, piece: Piece, g: Array) -> Array | float:
        """What the derivative of a saturated activation loses, such as 1 − A²: it may as well come out as 0.

        Not at the output: there g has a pole where the derivative has a zero, and may be as large as it likes.
        """
        return np.abs(g) if piece.label in CANCELLING and piece not in self.outputs else 0.0

    def _affine(self, piece: Piece, x: Any, g: Array, absolute: bool = False) -> Array:
        w, a, b = piece.operands
        scale = self.scale(piece.out)
        take = (lambda y: np.abs(self.value(y))) if absolute else self.value
        if x is w:
            return np.asarray(take(a) @ g.T / scale if piece.flipped else g @ take(a).T / scale)
        if x is a:
            return np.asarray((take(w) if piece.flipped else take(w).T) @ g * (self.scale(a) / scale))
        assert x is b
        return np.asarray(unbroadcast(g, np.shape(self.value(b))) / scale)


@dataclass
class Track:
    """One gradient: in world 0 and in the others, and the size of the terms it sums up."""

    plain: Array
    shaken: Sequence[Array] = ()
    size: Array | None = None

    def at(self, world: int) -> Array:
        """Its value in a world."""
        return self.plain if world == 0 or not self.shaken else self.shaken[world - 1]

    def largest(self) -> Array:
        """Its largest magnitude in any world."""
        return np.asarray(np.max([np.abs(self.plain), *map(np.abs, self.shaken)], axis=0))

    def slack(self, eps: float) -> Array:
        """How far from `plain` rounding may bring it, entry by entry."""
        size = np.abs(self.plain) if self.size is None else self.size
        largest = float(np.max(np.abs(self.plain), initial=0.0, where=np.isfinite(self.plain)))
        return spread(self.plain, self.shaken) + eps * (BASE * size + FLOOR * largest)


def spread(plain: Array, shaken: Sequence[Array]) -> Array:
    """The largest move between worlds, with its margin; infinite where a world has no number."""
    if not shaken:
        return np.zeros(plain.shape)
    with np.errstate(all="ignore"):
        moves = [np.where(plain == s, 0.0, np.abs(s - plain)) for s in shaken]
        return np.asarray(np.nan_to_num(SPREAD * np.max(moves, axis=0), nan=np.inf, posinf=np.inf))


class Worlds:
    """World 0 and the moved ones."""

    def __init__(self, chain: Chain, eps: float) -> None:
        self.chain, self.eps = chain, eps
        self.things = {id(x): x for piece in chain.pieces for x in (*piece.operands, piece.out)}
        walk(chain.root, np.ones_like(chain.root._data), lambda node, g: None)  # refuses values changed in place
        moves = [(sign * NUDGE * eps, 1009 * k) for k in range(PAIRS) for sign in (1, -1)]
        self.all = [World(chain, eps), *(World(chain, eps, nudge, offset) for nudge, offset in moves)]

    def expected(self, x: Any, gradients: Gradients) -> Track:
        """The gradient of x from its consumers', in every world."""
        pieces = list(dict.fromkeys(piece for piece, _ in self.chain.reader.consumers[id(x)]))
        above = {p: gradients[id(p.out)] for p in pieces}
        size = self._size(x, above, 0)
        linear = all(p.kind == "affine" for p in pieces)
        values = []
        for k, world in enumerate(self.all):
            value = np.asarray(sum(world.through(p, x, above[p].at(self._above(p, k))) for p in pieces))
            values.append(world.moved(value, size if linear or k == 0 else self._size(x, above, k)))
        lost = sum(self.all[0].lost(p, track.largest()) for p, track in above.items())
        return Track(values[0], values[1:], size + lost)

    def _size(self, x: Any, above: Mapping[Piece, Track], k: int) -> Array:
        sizes = [self.all[k].size(p, x, track.at(self._above(p, k))) for p, track in above.items()]
        return np.asarray(sum(sizes))

    def _above(self, piece: Piece, k: int) -> int:
        """Which world the gradient from above is taken from.

        At the output dA has a pole where g′(Z) has a zero, and a learner may write one of them so that its
        rounding cancels that of the other, or so that it does not. Both worlds of a pair take dA from the
        same world, so that in one of them the errors add up.
        """
        return 2 * ((k + 1) // 2 % PAIRS) + 1 if k and piece in self.all[0].outputs else k


class Gradients(dict[int, Track]):
    """Gradients by identity of what they belong to: some are set, the others are worked out from those before."""

    def __init__(self, worlds: Worlds, fixed: Mapping[int, Track] | None = None) -> None:
        root = worlds.chain.root
        self.worlds = worlds
        self.fixed = dict(fixed or {id(root): Track(np.ones_like(root._data))})
        super().__init__(self.fixed)

    def __missing__(self, key: int) -> Track:
        self[key] = found = self.worlds.expected(self.worlds.things[key], self)
        return found

    def fix(self, values: Mapping[int, Track]) -> None:
        """Set some that nothing has been worked out from yet, or that change nothing."""
        self.fixed.update(values)
        self.update(values)

    def assuming(self, changes: Mapping[int, Track]) -> Gradients:
        """The same with some more of them set."""
        return Gradients(self.worlds, self.fixed | changes)


def _terms(name: str, args: Sequence[Any], out: Array) -> Array:
    """The size of what a forward op sums up: of products that cancel, not of their sum."""
    if name in ("matmul", "dot", "affine") and all(np.ndim(a) == 2 for a in args[:2]):
        return np.asarray(np.abs(args[0]) @ np.abs(args[1]))
    return np.abs(out)
