"""The verdicts: one pass over the gradients, from the cost back, with the true and the learner's values.

Each gradient is worked out twice, from the true upstream values and from the learner's own. Equal to the
first: `agree`. Equal to the second only: `inherited`. Neither: `wrong`, and the explainer is asked why.
Equal means: no further off than rounding can account for, which `world` works out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..autograd import Node, ancestors
from ..chain import Chain
from ..chain.model import backward_quantities
from ..ops.op import Array
from .candidate import Candidates, Make
from .cause import Cause
from .explain import Explainer, Explanation
from .row import Row, Verdict
from .scale import Fit
from .world import Gradients, Track, Worlds

MATCH_ULPS = 2.0**8  # what counts as equal when a cause is sought: it starts from the learner's own values


class Judge:
    """Judges the given gradients of one chain."""

    def __init__(self, chain: Chain, given: Mapping[str, Array], rtol: float | None) -> None:
        self.chain, self.given, self.rtol = chain, given, rtol
        self.eps = _coarsest(chain, given)
        self.worlds = Worlds(chain, self.eps)
        self.true, self.own = Gradients(self.worlds), Gradients(self.worlds)
        self.order = [chain.reader.values[q.name[1:]] for q in backward_quantities(chain.steps)]
        self.place = {id(x): i for i, x in enumerate(self.order)}
        self.unsettled = {id(p.out) for p in chain.pieces if self._name(p.out) not in given} - {id(chain.root)}

    def rows(self) -> list[Row]:
        """One row per given gradient, from the cost back."""
        return [self._judge(self._name(x), x) for x in self.order if self._name(x) in self.given]

    def _name(self, x: Any) -> str:
        return f"d{self.chain.reader.names[id(x)]}"

    def _judge(self, name: str, x: Any) -> Row:
        hand, true = self.given[name], self.true[id(x)]
        own = true if self.own.fixed.keys() == {id(self.chain.root)} else self.worlds.expected(x, self.own)
        verdict = self._verdict(hand, true, own)
        found = self._why(x, hand, true) if verdict in ("wrong", "shape") else None
        if verdict == "agree":
            self._settle_above(x)
        self._hand_on(x, hand, verdict, found)
        q = self.chain.quantities[name]
        causes, others = (found.causes, found.alternatives) if found is not None else ((), ())
        if found is None and verdict in ("wrong", "shape"):
            causes = (Cause("unknown", q.written),)
        return Row(name, q.written, verdict, hand, true.plain, own.plain, q.formula, causes, others, self._negative(x))

    def _verdict(self, hand: Array, true: Track, own: Track) -> Verdict:
        if hand.shape != true.plain.shape:
            return "shape"
        if self._equal(hand, true):
            return "agree"
        return "inherited" if self._equal(hand, own) else "wrong"

    def _equal(self, hand: Array, track: Track) -> bool:
        """No further off than rounding, or than the tolerance that was asked for; NaN is not equal."""
        if hand.shape != track.plain.shape:
            return False
        allowed = track.slack(self.eps) if self.rtol is None else self.rtol * _largest(track)
        with np.errstate(invalid="ignore"):
            return bool(np.all((np.abs(hand - track.plain) <= allowed) | (hand == track.plain)))

    def _why(self, x: Any, hand: Array, true: Track) -> Explanation | None:
        again = self._accumulated(x, hand, true)
        if again is not None:
            return again
        rtol = MATCH_ULPS * self.eps if self.rtol is None else self.rtol
        candidates = Candidates(self.worlds, self.own, self.unsettled)
        fit = Fit(hand, _largest(true), float(rtol), len(self.worlds.all))
        return Explainer(candidates, x, fit, lambda implied: self._support(x, hand, implied)).explain()

    def _negative(self, x: Any) -> tuple[str, Array] | None:
        """The Z whose sign an activation's derivative may depend on, for the gradient of that Z."""
        is_z = any(p.kind == "activation" for p, _ in self.chain.reader.consumers[id(x)])
        return (self.chain.reader.name(x), x._data) if is_z else None

    # ---- what later gradients start from ------------------------------------------------------------

    def _settle_above(self, x: Any) -> None:
        """A gradient that agrees vouches for those before it that were not given."""
        for piece, _ in self.chain.reader.consumers[id(x)]:
            if id(piece.out) in self.unsettled:
                self.unsettled.discard(id(piece.out))
                self._settle_above(piece.out)

    def _hand_on(self, x: Any, hand: Array, verdict: Verdict, found: Explanation | None) -> None:
        """What later gradients are worked out from: the learner's value, and what an explanation implies above."""
        changes: dict[int, Track] = {}
        shape = self.true[id(x)].plain.shape
        if hand.size == int(np.prod(shape)):
            changes[id(x)] = Track(hand.reshape(shape))
        if found is not None:
            changes |= self._tracks(found.implied)
            self.unsettled -= found.implied.keys()
        if verdict == "agree":
            self.own.fix(changes)
        else:
            self.own = self.own.assuming(changes)

    def _tracks(self, implied: Mapping[int, Make]) -> dict[int, Track]:
        every = range(len(self.worlds.all))
        made = {key: [make(k) for k in every] for key, make in implied.items()}
        return {key: Track(values[0], values[1:]) for key, values in made.items()}

    def _support(self, x: Any, hand: Array, implied: Mapping[int, Make]) -> int:
        """How many later hand gradients follow from the learner's values if the implied ones are assumed."""
        own = self.own.assuming(self._tracks(implied))
        if hand.shape == self.true[id(x)].plain.shape:
            own.fix({id(x): Track(hand)})
        count = 0
        for later in self.order[self.place[id(x)] + 1 :]:
            given = self.given.get(self._name(later))
            if given is not None:
                expected = self.worlds.expected(later, own)
                count += self._equal(given, expected)
                if given.shape == expected.plain.shape:
                    own.fix({id(later): Track(given)})
        return count

    def _accumulated(self, x: Any, hand: Array, true: Track) -> Explanation | None:
        """The hand gradient is the tensor's own .grad after several backward() calls: an exact multiple."""
        if not isinstance(x, Node) or x._grad is None or x._op is not None or hand.shape != true.plain.shape:
            return None
        square = float(np.vdot(true.plain, true.plain))
        times = round(float(np.vdot(true.plain, hand)) / square) if square else 0
        scaled = Track(times * true.plain, [times * s for s in true.shaken], times * np.asarray(true.size))
        if times < 2 or not np.array_equal(hand, x._grad) or not self._equal(hand, scaled):
            return None
        return Explanation((Cause("accumulated", f"d{self.chain.reader.name(x)}", factor=str(times)),))


def _coarsest(chain: Chain, given: Mapping[str, Array]) -> float:
    """The rounding unit of the coarsest dtype that anything was computed in."""
    arrays = [node._data for node in ancestors(chain.root)] + list(given.values())
    return max(float(np.finfo(a.dtype).eps) for a in arrays if a.dtype.kind == "f")


def _largest(track: Track) -> float:
    """The largest term a gradient sums up, or the largest entry."""
    size = track.plain if track.size is None else track.size
    both = np.maximum(np.max(np.abs(size), initial=0.0), np.max(np.abs(track.plain), initial=0.0))
    return float(both)
