"""What rounding may do to a gradient: the same chain, in worlds that differ in the last places.

World 0 has the recorded values. In each other world every computed value is moved by a few units in the
last place, as another order of summation or another formula for the same function would move it; the
moves come in opposite pairs, so that a kink close by is crossed in one of the two. How far a gradient
differs between worlds is what rounding may do to it: much where a unit is saturated or terms cancel, next
to nothing elsewhere. No tolerance has to be guessed that might hide a mistake.

D. S. Parker, "Monte Carlo arithmetic", UCLA CSD-970002, 1997, has the idea.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache, cached_property
from typing import Any

import numpy as np

from ..autograd import walk
from ..chain import Chain
from ..chain.layers import Piece
from ..ops.op import Array
from .world import World

NUDGE = 4.0  # units in the last place that each computed value is moved by
PAIRS = 3  # worlds 1 and 2 are moved in opposite ways, and so are 3 and 4, 5 and 6
OTHERS = range(1, 2 * PAIRS + 1)
BASE, SPREAD = 16.0, 8.0  # allowed: so many units of the terms, and so many times the largest move between worlds
FLOOR = 4.0  # and so many units of a middling entry: below that, entries are rounding of others


class Track:
    """One gradient in all worlds; in the others than 0 only when asked for. A given one is the same in all.

    Parameters
    ----------
    plain : ndarray
        In world 0.
    size, lost : callable, optional
        How large the terms are that it sums up, and what a saturated derivative may lose of them.
    shake : callable, optional
        Makes it in world k.
    """

    def __init__(
        self,
        plain: Array,
        size: Callable[[], Array] | None = None,
        shake: Callable[[int], Array] | None = None,
        lost: Callable[[], Any] = lambda: 0.0,
    ) -> None:
        self.plain, self._size, self._shake, self._lost = plain, size, shake, lost
        self._others: dict[int, Array] = {}

    def at(self, k: int) -> Array:
        """Its value in world k."""
        if k == 0 or self._shake is None:
            return self.plain
        if k not in self._others:
            self._others[k] = self._shake(k)
        return self._others[k]

    @cached_property
    def size(self) -> Array:
        """How large the terms are that it sums up."""
        return np.abs(self.plain) if self._size is None else self._size()

    @cached_property
    def largest(self) -> Array:
        """Its largest magnitude in any world."""
        return np.asarray(np.max([np.abs(self.at(k)) for k in (0, *OTHERS)], axis=0))

    @property
    def middling(self) -> float:
        """The magnitude that half of the entries do not exceed."""
        return float(np.quantile(np.abs(self.plain), 0.5, method="lower")) if self.plain.size else 0.0

    @property
    def scale(self) -> float:
        """The largest term or entry."""
        return float(max(np.max(self.size, initial=0.0), np.max(np.abs(self.plain), initial=0.0)))

    def equals(self, hand: Array, eps: float) -> bool:
        """No further off than rounding can account for; NaN is not equal."""
        if hand.shape != self.plain.shape:
            return False
        with np.errstate(all="ignore"):
            error = np.where(hand == self.plain, 0.0, np.abs(hand - self.plain))
            allowed = eps * (BASE * self.size + FLOOR * self.middling) + _underflow(eps)
            if np.all(error <= allowed):
                return True
            if self._shake is None or np.isnan(error).any():
                return False
            allowed = allowed + eps * BASE * self._lost() + spread(self.plain, [self.at(k) for k in OTHERS])
            return bool(np.all(error <= allowed))


@cache
def _underflow(eps: float) -> float:
    """Below this a dtype of that rounding unit may have lost digits."""
    dtype = next(d for d in (np.float16, np.float32, np.float64, np.longdouble) if np.finfo(d).eps <= eps)
    return float(np.finfo(dtype).tiny) / eps


def spread(plain: Array, others: Sequence[Array]) -> Array:
    """The largest move between worlds, with its margin; infinite where a world has no number."""
    with np.errstate(all="ignore"):
        moves = [np.where(plain == other, 0.0, np.abs(other - plain)) for other in others]
        return np.asarray(np.nan_to_num(SPREAD * np.max(moves, axis=0), nan=np.inf, posinf=np.inf))


class Worlds:
    """World 0 and the moved ones."""

    def __init__(self, chain: Chain, eps: float) -> None:
        self.chain, self.eps = chain, eps
        moves = [(sign * NUDGE, 1009 * pair) for pair in range(PAIRS) for sign in (1, -1)]
        plain = World(chain, eps)
        self.all = [plain, *(World(chain, eps, nudge, draw, plain) for nudge, draw in moves)]
        self.things = {id(x): x for piece in chain.pieces for x in (*piece.operands, piece.out)}
        self.draws = {key: 100 * i for i, key in enumerate(self.things)}
        walk(chain.root, np.ones_like(chain.root._data))  # refuses values changed in place

    def expected(self, x: Any, gradients: Gradients) -> Track:
        """The gradient of x from its consumers'."""
        pieces = list(dict.fromkeys(piece for piece, _ in self.chain.reader.consumers[id(x)]))
        above = {p: gradients[id(p.out)] for p in pieces}

        def value(k: int) -> Array:
            return np.asarray(sum(self.all[k].through(p, x, above[p].at(self._above(p, k))) for p in pieces))

        def size(k: int) -> Array:
            return np.asarray(sum(self.all[k].size(p, x, above[p].at(self._above(p, k))) for p in pieces))

        linear = all(p.kind == "affine" for p in pieces)
        track = Track(
            value(0),
            lambda: size(0),
            lambda k: self.all[k].moved(value(k), track.size if linear else size(k), self.draws[id(x)]),
            lambda: sum(self.all[0].lost(p, above[p].largest) for p in pieces if p.kind == "activation"),
        )
        return track

    def _above(self, piece: Piece, k: int) -> int:
        """Which world the gradient from above is taken from.

        At the output dA has a pole where g′(Z) has a zero, and a learner may write one of them so that its
        rounding cancels that of the other, or so that it does not. Both worlds of a pair take dA from the
        same world, so that in one of them the errors add up.
        """
        return 2 * ((k + 1) // 2 % PAIRS) + 1 if k and piece in self.all[0].outputs else k

    @contextmanager
    def reduced(self, parts: Mapping[int, Any]) -> Iterator[None]:
        """Inside, values of these, by identity, are the indexed part of them."""
        with ExitStack() as stack:
            for world in self.all:
                stack.enter_context(world.reduced(parts))
            yield


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
        return Gradients(self.worlds, {**self.fixed, **changes})
