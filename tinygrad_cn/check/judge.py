"""The verdicts: one pass over the gradients, from the cost back, with the true and the learner's values.

Each gradient is worked out twice, from the true upstream values and from the learner's own. Equal to the
first: `agree`. Equal to the second only: `inherited`. Neither: `wrong`, and the explainer is asked why.
Equal means: no further off than rounding can account for, which `world` works out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from ..autograd import ancestors
from ..chain import Chain
from ..chain.layers import Piece
from ..chain.model import Quantity, backward_quantities
from ..chain.moments import at_any_time
from ..chain.time import STEP
from ..language import Lang, say
from ..ops.formula import Formula
from ..ops.op import Array
from .candidate import Candidates, Make
from .cause import Cause
from .explain import Explainer, Explanation
from .rounding import Gradients, Track, Worlds
from .row import Row, Verdict
from .scale import Fit
from .spell import spelled

EMPTY: Mapping[str, Quantity] = MappingProxyType({})
MATCH_ULPS = 2.0**8  # what counts as equal when a cause is sought: it starts from the learner's own values


class Judge:
    """Judges the given gradients of one chain; those of what comes from outside are in `outside`."""

    def __init__(
        self, chain: Chain, given: Mapping[str, Array], rtol: float | None, outside: Mapping[str, Quantity] = EMPTY
    ) -> None:
        self.chain, self.given, self.rtol = chain, given, rtol
        self.quantities = {**chain.quantities, **outside}
        self.eps = _coarsest(chain, given)
        self.worlds = Worlds(chain, self.eps)
        self.true, self.own = Gradients(self.worlds), Gradients(self.worlds)
        names = [*(q.name for q in backward_quantities(chain.steps)), *outside]
        self.order = [chain.reader.values[name[1:]] for name in names]
        self.repeated: set[tuple[str, str]] = set()  # mistakes made at every time step: what and where
        self.amiss = False  # whether a gradient so far is wrong
        self.unexplained: set[int] = set()  # not given, and part of what no known mistake explains
        self.misshapen: set[str] = set()  # as written, those with too many or too few entries to go on with
        self.place = {id(x): i for i, x in enumerate(self.order)}
        self.unsettled = {id(p.out) for p in chain.pieces if self._name(p.out) not in given} - {id(chain.root)}

    def rows(self) -> list[Row]:
        """One row per given gradient, from the cost back."""
        return self._accumulated([self._judge(self._name(x), x) for x in self.order if self._name(x) in self.given])

    def remarks(self, lang: Lang) -> tuple[str, ...]:
        """What holds for the comparison as a whole: a dtype coarser than the net's."""
        own = self.chain.root._data.dtype
        coarse = {name: a.dtype for name, a in self.given.items() if np.finfo(a.dtype).eps > np.finfo(own).eps}
        if not coarse:
            return ()
        names = ", ".join(self.quantities[name].written for name in coarse)
        return (
            say("remark.dtype", lang, names=names, dtype=max(coarse.values(), key=lambda d: np.finfo(d).eps), own=own),
        )

    def _name(self, x: Any) -> str:
        return f"d{self.chain.reader.names[id(x)]}"

    def _judge(self, name: str, x: Any) -> Row:
        hand, true = self.given[name], self.true[id(x)]
        own = true if self.own.fixed.keys() == {id(self.chain.root)} else self.worlds.expected(x, self.own)
        verdict = self._verdict(hand, true, own)
        found = self._why(x, hand, true) if verdict in ("wrong", "shape") else None
        if found is not None and verdict == "wrong" and self._is_known(found):
            verdict = "inherited"
        q = self.quantities[name]
        if verdict == "wrong" and found is not None and {cause.where for cause in found.causes} <= self.misshapen:
            verdict, found = "inherited", None
        shown = found if verdict in ("wrong", "shape") else None
        causes, others = (shown.causes, shown.alternatives) if shown is not None else ((), ())
        if found is None and verdict in ("wrong", "shape"):
            open_above = self._open_above(x)
            if verdict == "wrong" and self.unexplained & open_above:
                verdict = "inherited"  # of a mistake further up that an earlier gradient has shown already
            else:
                self.unexplained |= open_above
                causes = (Cause("unknown", q.written),)
        self.amiss |= verdict in ("wrong", "shape")
        if verdict == "agree":
            self._settle_above(x)
        self._hand_on(x, hand, verdict, found)
        blamed = {cause.where for cause in causes}
        guilty = [r for r in self.quantities.values() if r.written in blamed]
        rules = [(r.written, self._rule(r)) for r in guilty] or at_any_time(self.quantities.values(), blamed)
        remedies = tuple(f"{written} = {rule.text}" for written, rule in rules if rule is not None)
        return Row(
            name, q.written, verdict, hand, true.plain, own.plain, self._rule(q), causes, others, remedies,
            self._negative(x),
        )  # fmt: skip

    def _is_known(self, found: Explanation) -> bool:
        """Whether it is a mistake made at every time step that an earlier gradient has shown already."""
        slips = {(cause.code, STEP.sub("⟨t⟩", cause.where)) for cause in found.causes}
        known = bool(slips) and slips <= self.repeated
        self.repeated |= {slip for slip in slips if "⟨t⟩" in slip[1]}
        return known

    def _rule(self, q: Quantity) -> Formula | None:
        """The right formula, in names that the reader knows, and what they do not: dn = dN ⊙ γ."""
        if q.formula is None:
            return None
        known = f", {q.remark}" if q.remark and not q.remark.startswith("=") else ""
        return Formula.of(spelled(self.chain, f"{q.formula.text}{known}"))

    def _open_above(self, x: Any) -> set[int]:
        """The gradients before that of x that were not given and have not shown to be right."""
        found: set[int] = set()
        for piece, _ in self.chain.reader.consumers[id(x)]:
            if id(piece.out) in self.unsettled:
                found |= {id(piece.out)} | self._open_above(piece.out)
        return found

    def _verdict(self, hand: Array, true: Track, own: Track) -> Verdict:
        if hand.shape != true.plain.shape:
            return "shape"
        if self._equal(hand, true):
            return "agree"
        if not self._equal(hand, own):
            return "wrong"
        return "inherited" if self.amiss else "agree"  # of values that agree, only rounding is inherited

    def _equal(self, hand: Array, track: Track) -> bool:
        """No further off than rounding, or than the tolerance that was asked for; NaN is not equal."""
        if self.rtol is None:
            return track.equals(hand, self.eps)
        same_shape = hand.shape == track.plain.shape
        return same_shape and bool(np.all(np.abs(hand - track.plain) <= self.rtol * track.scale))

    def _why(self, x: Any, hand: Array, true: Track) -> Explanation | None:
        rtol = MATCH_ULPS * self.eps if self.rtol is None else self.rtol
        candidates = Candidates(self.worlds, self.own, self.unsettled)
        fit = Fit(x, hand, true.scale, float(rtol), self.worlds)
        explainer = Explainer(
            candidates,
            x,
            fit,
            support=lambda implied: self._support(x, hand, implied),
            leaning=lambda: self._leaning(x, hand),
            is_true=lambda y: self._equal(hand, self.true[id(y)]),
        )
        return explainer.explain(thorough=not self.unexplained & self._open_above(x))

    def _negative(self, x: Any) -> tuple[str, Array] | None:
        """The Z whose sign an activation's derivative may depend on, for the gradient of that Z."""
        is_z = any(p.kind == "activation" for p, _ in self.chain.reader.consumers[id(x)])
        return (self.chain.reader.name(x), x._data) if is_z else None

    # ---- what later gradients start from ------------------------------------------------------------

    def _settle_above(self, x: Any) -> None:
        """A gradient that agrees vouches for those before it that were not given, unless they add nothing to it."""
        for piece, _ in self.chain.reader.consumers[id(x)]:
            if id(piece.out) in self.unsettled and self._adds(piece, x):
                self.unsettled.discard(id(piece.out))
                self._settle_above(piece.out)

    def _adds(self, piece: Piece, x: Any) -> bool:
        """Whether a gradient has a part from this piece: dWaa has none from dz⟨1⟩ where a⟨0⟩ is 0."""
        return bool(np.any(self.worlds.all[0].through(piece, x, self.true[id(piece.out)].plain)))

    def _hand_on(self, x: Any, hand: Array, verdict: Verdict, found: Explanation | None) -> None:
        """What later gradients are worked out from: the learner's value, and what an explanation implies above."""
        changes: dict[int, Track] = {}
        shape = self.true[id(x)].plain.shape
        if hand.size == int(np.prod(shape)):
            changes[id(x)] = Track(hand.reshape(shape))
        else:  # what is worked out from it cannot be checked, but is no mistake of its own
            self.unsettled.add(id(x))
            self.unexplained.add(id(x))
            self.misshapen.add(self.quantities[self._name(x)].written)
        if found is not None:
            changes |= self._tracks(found.implied)
            self.unsettled -= found.implied.keys()
        if verdict == "agree":
            self.own.fix(changes)
        else:
            self.own = self.own.assuming(changes)

    def _tracks(self, implied: Mapping[int, Make]) -> dict[int, Track]:
        return {key: Track(make(0), shake=make) for key, make in implied.items()}

    def _support(self, x: Any, hand: Array, implied: Mapping[int, Make]) -> int:
        """How many later hand gradients follow from the learner's values if the implied ones are assumed."""
        return sum(self._equal(given, track) for given, track, _ in self._later(x, hand, implied))

    def _leaning(self, x: Any, hand: Array) -> int:
        """Whether more of the later dW and db are true, or more follow from the learner's dA or dZ of x."""
        found = [row for row in self._later(x, hand, {}) if not self.worlds.all[0].is_column(row[2])]
        true = sum(self._equal(given, self.true[id(later)]) for given, _, later in found)
        return true - sum(self._equal(given, track) for given, track, _ in found)

    def _later(self, x: Any, hand: Array, implied: Mapping[int, Make]) -> Iterator[tuple[Array, Track, Any]]:
        """Later hand gradients, what they should be given the learner's values and the implied ones, and of what."""
        own = self.own.assuming(self._tracks(implied))
        if hand.shape == self.true[id(x)].plain.shape:
            own.fix({id(x): Track(hand)})
        for later in self.order[self.place[id(x)] + 1 :]:
            given = self.given.get(self._name(later))
            if given is not None:
                expected = self.worlds.expected(later, own)
                yield given, expected, later
                if given.shape == expected.plain.shape:
                    own.fix({id(later): Track(given)})

    # ---- several backward passes --------------------------------------------------------------------

    def _accumulated(self, rows: list[Row]) -> list[Row]:
        """Where every dW and db is the same whole multiple of the true one, they may have been added up."""
        parameters = [row for row in rows if not self.worlds.all[0].is_column(self.chain.reader.values[row.name[1:]])]
        times = {self._times(row) for row in parameters}
        if len(parameters) < 2 or len(times) != 1 or None in times:
            return rows
        above = [row.verdict for row in rows if row not in parameters]
        certain = "agree" in above and set(above) == {"agree"}
        return [self._as_accumulated(row, str(*times), certain) if row in parameters else row for row in rows]

    def _times(self, row: Row) -> int | None:
        """k if the gradient is k times the true one, a whole number above 1."""
        true = self.true[id(self.chain.reader.values[row.name[1:]])]
        if row.hand is None or row.hand.shape != true.plain.shape:
            return None
        with np.errstate(all="ignore"):
            ratio = float(np.vdot(true.plain, row.hand) / np.vdot(true.plain, true.plain))
        k = round(ratio) if np.isfinite(ratio) else 0
        scaled = Track(k * true.plain, lambda: k * true.size, lambda world: k * true.at(world))
        return k if k > 1 and self._equal(row.hand, scaled) else None

    def _as_accumulated(self, row: Row, times: str, certain: bool) -> Row:
        cause = (Cause("accumulated", row.written, factor=times),)
        if certain:
            return replace(row, causes=cause, alternatives=(row.causes, *row.alternatives))
        return replace(row, alternatives=(*row.alternatives, cause)) if row.causes else row


def _coarsest(chain: Chain, given: Mapping[str, Array]) -> float:
    """The rounding unit of the coarsest dtype that anything was computed in."""
    arrays = [node._data for node in ancestors(chain.root)] + list(given.values())
    return max(float(np.finfo(a.dtype).eps) for a in arrays if a.dtype.kind == "f")
