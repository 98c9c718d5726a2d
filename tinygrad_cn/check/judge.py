"""The verdicts: one pass over the gradients, from the cost back, with the true and the learner's values.

Each gradient is worked out twice, from the true upstream values and from the learner's own. Equal to the
first: `agree`. Equal to the second only: `inherited`. Neither: `wrong`, and the explainer is asked why.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..autograd import Node
from ..chain import Chain
from ..chain.model import backward_quantities
from ..ops.op import Array
from .cause import Cause
from .explain import Explainer, Explanation, Implied
from .local import Local
from .row import Row, Verdict

ULPS = 2.0**12  # rounding of a hand-written pass over some ten layers stays well below; formulas err far above
MATCH_ULPS = 2.0**8  # what counts as equal when a cause is sought: it starts from the learner's own values


class Judge:
    """Judges the given gradients of one chain."""

    def __init__(self, chain: Chain, given: Mapping[str, Array], rtol: float | None) -> None:
        self.chain, self.given, self.rtol = chain, given, rtol
        self.local = Local(chain)
        one = np.ones_like(chain.root._data)
        self.true: dict[int, Array] = {id(chain.root): one}
        self.own: dict[int, Array] = {id(chain.root): one}
        self.order = [chain.reader.values[q.name[1:]] for q in backward_quantities(chain.steps)]
        self.place = {id(x): i for i, x in enumerate(self.order)}
        for x in self.order:
            self.true[id(x)] = self._expected(x, self.true)
        self.unsettled = {id(p.out) for p in chain.pieces if f"d{chain.reader.names[id(p.out)]}" not in given}
        self.unsettled.discard(id(chain.root))
        self.explainer = Explainer(self.local, self.own, self.unsettled)

    def rows(self) -> list[Row]:
        """One row per given gradient, from the cost back."""
        found = []
        for x in self.order:
            name = self._name(x)
            self.own[id(x)] = self._expected(x, self.own)
            if name in self.given:
                found.append(self._judge(name, x))
        return found

    def _name(self, x: Any) -> str:
        return f"d{self.chain.reader.names[id(x)]}"

    def _expected(self, x: Any, gradients: dict[int, Array]) -> Array:
        """The gradient of x from its consumers'."""
        consumers = self.chain.reader.consumers[id(x)]
        parts = [self.local.through(p, gradients[id(p.out)])[id(x)] for p, _ in consumers]
        return sum(parts[1:], parts[0])

    def _judge(self, name: str, x: Any) -> Row:
        hand, true, own = self.given[name], self.true[id(x)], self.own[id(x)]
        coarse = max(np.finfo(hand.dtype).eps, np.finfo(true.dtype).eps)
        size = max(self._size(x), float(np.max(np.abs(true), initial=0.0)))
        allowed = (ULPS * coarse if self.rtol is None else self.rtol) * size
        verdict = _verdict(hand, true, own, allowed)
        found = None
        if verdict in ("wrong", "shape"):
            rtol = MATCH_ULPS * coarse if self.rtol is None else self.rtol
            found = self._accumulated(x, hand, true, allowed) or self.explainer.explain(
                x, hand, size, float(rtol), lambda implied: self._support(x, hand, implied)
            )
        elif verdict == "agree":
            self._settle_above(x)
        self._hand_on(x, hand, verdict, found)
        q = self.chain.quantities[name]
        causes, others = _causes(verdict, found, q.written)
        return Row(name, q.written, verdict, hand, true, own, q.formula, causes, others, self._negative(x))

    def _negative(self, x: Any) -> tuple[str, Array] | None:
        """The Z whose sign an activation's derivative may depend on, for the gradient of that Z."""
        is_z = any(p.kind == "activation" for p, _ in self.chain.reader.consumers[id(x)])
        return (self.chain.reader.name(x), x._data) if is_z else None

    def _size(self, x: Any) -> float:
        """How large the terms are that the gradient of x sums up."""
        consumers = self.chain.reader.consumers[id(x)]
        return sum(self.local.size(p, self.true[id(p.out)]).get(id(x), 0.0) for p, _ in consumers)

    def _settle_above(self, x: Any) -> None:
        """A gradient that agrees vouches for those before it that were not given."""
        for piece, _ in self.chain.reader.consumers[id(x)]:
            if id(piece.out) in self.unsettled:
                self.unsettled.discard(id(piece.out))
                self._settle_above(piece.out)

    def _hand_on(self, x: Any, hand: Array, verdict: Verdict, found: Explanation | None) -> None:
        """What later gradients are worked out from: the learner's value, and what an explanation implies above."""
        if verdict != "shape":
            self.own[id(x)] = hand
        elif hand.size == self.own[id(x)].size:
            self.own[id(x)] = hand.reshape(self.own[id(x)].shape)
        if found is not None:
            for key, implied in found.implied:
                self.own[key] = implied
                self.unsettled.discard(key)

    def _support(self, x: Any, hand: Array, implied: Implied) -> int:
        """How many later hand gradients follow from the learner's values if the implied ones are assumed."""
        own = self.own | dict(implied)
        own[id(x)] = hand if hand.shape == own[id(x)].shape else own[id(x)]
        count = 0
        for later in self.order[self.place[id(x)] + 1 :]:
            expected = own[id(later)] = self._expected(later, own)
            given = self.given.get(self._name(later))
            if given is not None and given.shape == expected.shape:
                count += self._matches(given, expected, later)
                own[id(later)] = given
        return count

    def _matches(self, hand: Array, expected: Array, x: Any) -> bool:
        """Equal to the rounding of one step."""
        rtol = MATCH_ULPS * max(np.finfo(hand.dtype).eps, np.finfo(expected.dtype).eps)
        size = max(self._size(x), float(np.max(np.abs(expected), initial=0.0)))
        return _within(np.abs(hand - expected), float(rtol) * size)

    def _accumulated(self, x: Any, hand: Array, true: Array, allowed: float) -> Explanation | None:
        """The hand gradient is the tensor's own .grad after several backward() calls: an exact multiple."""
        if not isinstance(x, Node) or x._grad is None or x._op is not None or hand.shape != true.shape:
            return None
        square = float(np.vdot(true, true))
        times = round(float(np.vdot(true, hand)) / square) if square else 0
        same = np.array_equal(hand, x._grad) and times >= 2 and _within(np.abs(hand - times * true), times * allowed)
        where = f"d{self.chain.reader.name(x)}"
        return Explanation((Cause("accumulated", where, factor=str(times)),)) if same else None


def _verdict(hand: Array, true: Array, own: Array, allowed: float) -> Verdict:
    if hand.shape != true.shape:
        return "shape"
    if _within(np.abs(hand - true), allowed):
        return "agree"
    return "inherited" if _within(np.abs(hand - own), allowed) else "wrong"


def _causes(
    verdict: Verdict, found: Explanation | None, written: str
) -> tuple[tuple[Cause, ...], tuple[tuple[Cause, ...], ...]]:
    """The causes of a row, and other explanations as simple."""
    if found is not None:
        return found.causes, found.alternatives
    return ((Cause("unknown", written),), ()) if verdict == "wrong" else ((), ())


def _within(error: Array, allowed: float) -> bool:
    """True if every error is at most `allowed`; NaN is not."""
    return bool(np.all(error <= allowed))
