"""Find the simplest mistake that gives exactly the gradient a learner handed over.

Candidates come in stages: one mistake of a known formula, one of a family, two at once. Each is tried up
to a factor. Only a match to rounding counts, and of those the simplest wins; others as simple are listed.
What nothing matches stays `unknown`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np

from ..chain.attention import attention_root
from ..chain.names import written
from ..ops.op import Array
from .candidate import Candidate, Candidates, Make, Step, resolved
from .cause import Cause, Code, penalty_codes
from .scale import ENOUGH, Factor, Fit, known_factors, name_factor

Changes = Mapping[int, Array]
Support = Callable[[Mapping[int, Make]], int]
MISTAKES: dict[str, Code] = {"1/m": "extra_1_over_m", "m": "missing_1_over_m"}  # if not the other convention
UNNAMED = 5  # how surprising a factor without a name is
TRIED = 4000  # pairs of mistakes looked at


@dataclass(frozen=True)
class Explanation:
    """Causes that together give the hand gradient; `alternatives` explain it as simply."""

    causes: tuple[Cause, ...]
    cost: int = 0
    implied: Mapping[int, Make] = field(default_factory=dict)
    alternatives: tuple[tuple[Cause, ...], ...] = ()
    factor: float = 1.0  # of the step's own contribution


class Explainer:
    """Explains one wrong gradient."""

    def __init__(
        self,
        candidates: Candidates,
        x: Any,
        fit: Fit,
        support: Support,
        leaning: Callable[[], int],
        is_true: Callable[[Any], bool],
    ) -> None:
        self.candidates, self.x, self.fit, self.support = candidates, x, fit, support
        self.leaning, self.is_true = leaning, is_true
        self.where = candidates.written(x)
        self.factors = known_factors(_symbols(candidates.worlds.chain))

    def explain(self, thorough: bool = True) -> Explanation | None:
        """The simplest explanation, or None; if not `thorough`, only what one known mistake explains.

        Of equally simple ones, those that make most of the later hand gradients right are kept.
        """
        stages = (self._known, self._constant, self._families, self._two, self._loose)
        for stage in stages if thorough else stages[:1]:
            found = list(stage())
            if found:
                return self._sided(self._best(found))
        return None

    def _best(self, found: list[Explanation]) -> Explanation:
        lowest = min(e.cost for e in found)
        simplest = [e for e in found if e.cost == lowest]
        simplest += [moved for e in simplest for moved in self._moved_up(e)]
        if len(simplest) > 1:
            support = [self.support(e.implied) for e in simplest]
            simplest = [e for e, s in zip(simplest, support, strict=True) if s == max(support)]
        first = min(simplest, key=lambda e: e.causes[0].code == "constant_factor")  # a bare factor says least
        others = {tuple((c.code, c.where, c.factor) for c in e.causes): e.causes for e in simplest}
        others.pop(tuple((c.code, c.where, c.factor) for c in first.causes))
        return replace(first, alternatives=tuple(others.values()))

    def _sided(self, e: Explanation) -> Explanation:
        """1/m in a dZ is the other convention if dW makes up for it, and a mistake if dW has it once more."""
        side = self.leaning() if "convention" in [c.code for c in e.causes] else 1
        if side > 0:
            return e
        mistake = tuple(
            replace(c, code=MISTAKES[c.factor.removeprefix("−")]) if c.code == "convention" else c for c in e.causes
        )
        return replace(e, causes=mistake) if side < 0 else replace(e, alternatives=(mistake, *e.alternatives))

    # ---- stages -------------------------------------------------------------------------------------

    def _known(self) -> Iterator[Explanation]:
        """No mistake but a factor with a name, or the layout; or one mistake of a known formula."""
        total = self._total()
        yield from self._layout(total)
        yield from self._elsewhere()
        yield from self._scaled(total)
        yield from self._parts()
        lowest = UNNAMED
        for candidate in self.candidates.one(self.x, self.where):
            for e in self._scaled(candidate) if candidate.cost <= lowest else ():
                lowest = min(lowest, e.cost)
                yield e

    def _total(self) -> Candidate:
        """The right formula, from the learner's values."""
        return Candidate(lambda k: self.candidates.worlds.expected(self.x, self.candidates.own).at(k), None)

    def _elsewhere(self) -> Iterator[Explanation]:
        """The right gradient of another layer, under this one's name."""
        letter, shape = self.where.partition("[")[0], self.fit.hand.shape
        for name, y in self.candidates.worlds.chain.reader.values.items():
            where = f"d{written(name)}"
            alike = where.startswith(f"{letter}[") and y is not self.x and self.candidates.view.shape(y) == shape
            if alike and self.fit.hand.size > 1 and id(y) in self.candidates.consumers and self.is_true(y):
                yield Explanation((Cause("wrong_layer_cache", self.where, where),), 2)

    def _parts(self, named: bool = True) -> Iterator[Explanation]:
        """A factor on the contribution of one of several steps."""
        steps = self.candidates.steps(self.x)
        for step in steps if len(steps) > 1 else ():
            part = Candidate(step.part, step.rest)
            yield from self._penalty(step, part, named) if step.piece.kind == "penalty" else self._scaled(part, named)

    def _constant(self) -> Iterator[Explanation]:
        """A factor without a name."""
        yield from self._scaled(self._total(), named=False)
        yield from self._parts(named=False)

    def _loose(self) -> Iterator[Explanation]:
        """One mistake of a known formula, and a factor without a name."""
        total = self._total()
        if self.fit.hand.size > 2 * ENOUGH:
            yield from self._layout(total, named=False)
            for candidate in self.candidates.one(self.x, self.where):
                yield from self._scaled(candidate, named=False)

    def _two(self) -> Iterator[Explanation]:
        for candidate in islice(self.candidates.two(self.x, self.where), TRIED):
            yield from self._scaled(candidate, exact=True)

    def _families(self) -> Iterator[Explanation]:
        for candidate in self.candidates.families(self.x, self.where):
            coefficients = self.fit.combination(candidate)
            if coefficients is not None:
                cause = candidate.causes[-1]
                text = _combination(cause.equals, coefficients, candidate.terms, self.fit.digits)
                cost = candidate.cost + int(np.count_nonzero(coefficients)) - 1
                yield Explanation((replace(cause, equals=text),), cost, resolved(candidate, coefficients))

    # ---- factors ------------------------------------------------------------------------------------

    def _scaled(self, candidate: Candidate, named: bool = True, exact: bool = False) -> Iterator[Explanation]:
        """Ways in which the candidate is the hand gradient: as it is, or up to a factor."""
        s = self.fit.factor(candidate)
        if s is None:
            return
        factors = name_factor(s, self.factors, self.fit.rtol)
        if not named and not factors and self.fit.hand.size >= ENOUGH:
            cause = Cause("constant_factor", self.where, factor=f"{s:.{self.fit.digits}g}")
            yield Explanation((*candidate.causes, cause), candidate.cost + UNNAMED, candidate.implied, factor=s)
        for factor in factors if named else ():
            if not factor.text and candidate.causes:
                yield Explanation(candidate.causes, candidate.cost, candidate.implied)
            elif factor.text and not exact and (not candidate.causes or self.fit.telling):
                cause = Cause(self._code(factor), self.where, factor=factor.text)
                cost = candidate.cost + factors[0].cost
                yield Explanation((*candidate.causes, cause), cost, candidate.implied, factor=s)

    def _penalty(self, step: Step, part: Candidate, named: bool) -> Iterator[Explanation]:
        """The regularisation with another factor."""
        code = penalty_codes(step.piece, self.x)[1]
        for e in self._scaled(part, named):
            yield replace(e, causes=(Cause(code, self.where, factor=e.causes[0].factor),), factor=1.0)

    def _layout(self, total: Candidate, named: bool = True) -> Iterator[Explanation]:
        """The right numbers in another shape."""
        for code, turned in (("lost_keepdims", _same_order), ("transposed", _turned)):
            value = turned(total.make(0), self.fit.hand.shape)
            if value is not None:
                moved = Candidate(lambda k, turned=turned: turned(total.make(k), self.fit.hand.shape), None)  # type: ignore[misc]
                equals = "" if code == "lost_keepdims" else f"({self.candidates.view.right(self.where)})ᵀ"
                yield from self._scaled(replace(moved, causes=(Cause(code, self.where, equals),), cost=1), named)  # type: ignore[arg-type]

    def _moved_up(self, e: Explanation) -> Iterator[Explanation]:
        """A factor found in dW may be that of a dZ which was not given, or of the dA before it."""
        x, where = self.x, self.where
        while e.factor != 1.0 and len(e.causes) == 1 and not e.implied:
            made = [s for s in self.candidates.steps(x) if s.piece.kind != "penalty"]
            step = made[0] if made else None
            if step is None or len(made) > 1 or id(step.piece.out) not in self.candidates.unsettled:
                return
            x = step.piece.out
            where = self.candidates._place(x, where)
            scaled: Make = lambda k, x=x: e.factor * self.candidates.own[id(x)].at(k)  # type: ignore[misc]  # noqa: E731
            yield Explanation((replace(e.causes[0], where=where),), e.cost, {id(x): scaled})

    def _code(self, factor: Factor) -> Code:
        """What a factor means for this gradient."""
        if factor.text == "−1":
            return "sign"
        plain = self.candidates.worlds.all[0]
        course = plain.factor != 1.0
        per_sample = plain.scale(self.x) != 1.0 or (not course and plain.is_column(self.x))
        if factor.text in ("m", "−m"):
            return (
                "convention" if per_sample and not course else "constant_factor" if per_sample else "missing_1_over_m"
            )
        if factor.text in ("1/m", "−1/m"):
            return "convention" if per_sample and course else "extra_1_over_m"
        return "constant_factor"


def _symbols(chain: Any) -> dict[str, float]:
    """m and n[l], by name."""
    symbols: dict[str, float] = {} if chain.m is None else {"m": float(chain.m)}
    steps = max((moment.cell.steps for moment in chain.reader.moments.values()), default=1)
    symbols |= {"T": float(steps)} if steps > 1 else {}
    for piece in chain.pieces:
        if piece.label == "attention_scores":
            root = attention_root(piece)
            symbols[root] = float(root.removeprefix("√")) ** 0.5
        if piece.kind == "affine" and len(symbols) < 12:
            w = np.shape(piece.operands[0]._data)
            symbols.setdefault("n[0]", float(w[0] if piece.flipped else w[1]))
            symbols.setdefault(chain.reader.rows.get(id(piece.out), ""), float(piece.out._data.shape[0]))
    return {name: v for name, v in symbols.items() if name and v != 1.0}


def _combination(start: str, coefficients: Array, terms: tuple[str, ...], digits: int) -> str:
    """`0.5 A[1] − 2 Y`; after the right formula, if it comes on top of that."""
    text = start
    for c, term in zip(coefficients, terms, strict=True):
        number = f"{abs(c):.{digits}g}"
        name = number if term == "1" else term if number == "1" else f"{number} {term}"
        if c:
            text += f" {'−' if c < 0 else '+'} {name}" if text else f"{'−' if c < 0 else ''}{name}"
    return text


def _same_order(right: Array, shape: tuple[int, ...]) -> Array | None:
    """The right numbers in as many axes fewer."""
    return right.reshape(shape) if len(shape) < right.ndim and right.size == int(np.prod(shape)) else None


def _turned(right: Array, shape: tuple[int, ...]) -> Array | None:
    return right.T if right.ndim == 2 and right.T.shape == shape and right.T is not right else None
