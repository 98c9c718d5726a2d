"""What a gradient may have been computed as: from the learner's own values, with one or two mistakes.

A mistake is looked for in the step that makes the gradient, and further up in steps whose results the
learner did not hand over. Backward steps are linear in what comes from above, so a mistake made there, or
a whole family of them, is carried down to the gradient that is known.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from ..autograd import needs_gradient
from ..chain.layers import Piece
from ..chain.moments import is_parameter
from ..ops.op import Array
from .cause import Cause, penalty_codes
from .in_time import repeated
from .rounding import Gradients, Worlds
from .spell import INTERMEDIATE
from .variants import Scope, Span, Variant, View, sums_over_time, variants

Make = Callable[[int], Array]  # an array, in world k
Terms = Callable[[int], tuple[Array, ...]]
DEPTH = 4  # how many gradients in a row may be missing between two that were given
MOST = 2  # the costliest mistake that is tried together with another


@dataclass(frozen=True)
class Candidate:
    """A gradient somebody may have computed.

    Attributes
    ----------
    make : callable
        What the step that was looked at contributes, in world k.
    rest : callable or None
        What the other steps contribute.
    causes : tuple of Cause
        The mistakes in it.
    cost : int
        How much they assume.
    implied : mapping
        Gradients that were not handed over, by identity, and what they must have been.
    span : callable or None
        Arrays that may be added with any coefficients; `terms` are their names.
    origin : (int, Candidate) or None
        Where such a family comes from, if it was made further up.
    """

    make: Make
    rest: Make | None
    causes: tuple[Cause, ...] = ()
    cost: int = 0
    implied: Mapping[int, Make] = field(default_factory=dict)
    span: Terms | None = None
    terms: tuple[str, ...] = ()
    origin: tuple[int, Candidate] | None = None

    def total(self, k: int) -> Array:
        """The whole gradient in world k."""
        return self.make(k) if self.rest is None else self.make(k) + self.rest(k)


class Step(NamedTuple):
    """One consumer of x: what it contributes to the gradient of x, and what the others do."""

    piece: Piece
    part: Make
    rest: Make | None


class Candidates:
    """Candidates for the gradients of one chain, given what is known of the learner's."""

    def __init__(self, worlds: Worlds, own: Gradients, unsettled: set[int]) -> None:
        self.worlds, self.own, self.unsettled = worlds, own, unsettled
        self.scopes = [Scope(world, own, k) for k, world in enumerate(worlds.all)]
        self.view = View(worlds.all[0], own)
        self.consumers = worlds.chain.reader.consumers

    def written(self, x: Any) -> str:
        """How the gradient of x is written."""
        return f"d{self.worlds.chain.reader.name(x)}"

    def steps(self, x: Any) -> list[Step]:
        """The steps that make the gradient of x."""
        pieces = list(dict.fromkeys(piece for piece, _ in self.consumers.get(id(x), [])))
        parts = [self._part(p, x, self._own(p.out)) for p in pieces]
        rests: list[Make | None] = [_sum([q for q in parts if q is not part]) for part in parts]
        return [Step(*row) for row in zip(pieces, parts, rests, strict=True)]

    def one(self, x: Any, where: str, depth: int = DEPTH) -> Iterator[Candidate]:
        """One mistake, of a known formula: made here, then made further up."""
        yield from self._in_time(x, where)
        for step in self.steps(x):
            yield from self._dropped(step, x, where)
            yield from self._here(step, x, where, self._own(step.piece.out))
        for step in self._open(x, depth):
            for up in self.one(step.piece.out, self._place(step.piece.out, where), depth - 1):
                yield self._carried(step, x, up)

    def families(self, x: Any, where: str, depth: int = DEPTH) -> Iterator[Candidate]:
        """One mistake, of a family of formulas with free coefficients."""
        for step in self.steps(x):
            for row in variants(step.piece, x, self.view):
                if isinstance(row, Span):
                    yield self._family(step, row, where)
        for step in self._open(x, depth):
            for up in self.families(step.piece.out, self._place(step.piece.out, where), depth - 1):
                yield self._carried(step, x, up)

    def two(self, x: Any, where: str, depth: int = DEPTH) -> Iterator[Candidate]:
        """Two mistakes: one further up and one here, or both further up."""
        for step in self._open(x, depth):
            out = step.piece.out
            place = self._place(out, where)
            for up in self.one(out, place, depth - 1):
                total = _remembered(up.total)
                if up.cost <= MOST and total(0).shape == out._data.shape:
                    for c in self._here(step, x, where, total):
                        if c.cost <= MOST:
                            implied = {**up.implied, id(out): total}
                            yield replace(c, causes=up.causes + c.causes, cost=up.cost + c.cost + 1, implied=implied)
            for up in self.two(out, place, depth - 1):
                yield self._carried(step, x, up)

    # ---- time ---------------------------------------------------------------------------------------

    def _in_time(self, x: Any, where: str) -> Iterator[Candidate]:
        """Of a recurrent net: one step for the sum over all, the next step forgotten, a mistake made at every step."""
        steps, reader = self.steps(x), self.worlds.chain.reader
        if not any(step.piece in reader.moments for step in steps):
            return
        later = [step for step in steps if self._comes_later(step.piece, x)]
        if later and len(later) == len(steps):  # without what comes back there is nothing
            yield Candidate(lambda k: np.zeros(np.shape(x._data)), None, (Cause("missing_next_step", where),), 1)
        if 1 < len(later) < len(steps):
            rest = _sum([step.part for step in steps if step not in later])
            yield Candidate(rest, None, (Cause("missing_next_step", where),), 1)  # type: ignore[arg-type]
        outside = not needs_gradient(x)
        if is_parameter(x) and len(steps) > 1:
            terms = {term.piece: term.formula.text for term in reader.terms(x)}
            for step in steps:
                yield Candidate(step.part, None, (Cause("missing_sum_over_time", where, terms[step.piece]),), 1)
            if all(step.piece.kind == "recurrent" and step.piece.operands[-1] is x for step in steps):
                for row in sums_over_time([step.piece for step in steps], self.view):
                    make = self._made(row, lambda k: np.zeros(()))
                    yield Candidate(make, None, (Cause(row.code, where, row.equals),), row.cost)
        if outside or (is_parameter(x) and len(steps) > 1):
            for cause, cost, gradients in repeated(self.worlds, self.own, self.view):
                implied = {id(p.out): _at(gradients, p.out) for p in reader.moments if id(p.out) in self.unsettled}
                yield Candidate(_at(gradients, x), None, (cause,), cost, implied)

    def _comes_later(self, piece: Piece, x: Any) -> bool:
        """Whether a piece is the same cell at another time than the one that computed x."""
        moments = self.worlds.chain.reader.moments
        made = next((p for p in moments if p.out is x), None)
        return (
            made is not None
            and piece in moments
            and moments[piece].cell is moments[made].cell
            and (moments[piece].t != moments[made].t)
        )

    # ---- parts --------------------------------------------------------------------------------------

    def _own(self, x: Any) -> Make:
        return lambda k: self.own[id(x)].at(k)

    def _part(self, piece: Piece, x: Any, g: Make) -> Make:
        return lambda k: self.worlds.all[k].through(piece, x, g(k))

    def _open(self, x: Any, depth: int) -> list[Step]:
        """Steps whose input from above was not handed over."""
        return [step for step in self.steps(x) if depth and id(step.piece.out) in self.unsettled]

    def _place(self, x: Any, below: str) -> str:
        """The gradient a learner would look for a mistake in: intermediate ones belong to the one below."""
        return below if INTERMEDIATE.fullmatch(self.worlds.chain.reader.names[id(x)]) else self.written(x)

    def _here(self, step: Step, x: Any, where: str, g: Make) -> Iterator[Candidate]:
        named = where == self.written(x)
        for row in variants(step.piece, x, self.view):
            if isinstance(row, Variant):
                cause = Cause(row.code, where, row.equals if named else "")
                yield Candidate(self._made(row, g), step.rest, (cause,), row.cost)

    def _made(self, row: Variant, g: Make) -> Make:
        return lambda k: row.make(self.scopes[k], g(k))

    def _family(self, step: Step, row: Span, where: str) -> Candidate:
        g = self._own(step.piece.out)
        base = step.part if row.added else lambda k: 0.0 * step.part(k)
        right = self.view.right(where) if row.added else ""
        return Candidate(
            base, step.rest, (Cause(row.code, where, right),), row.cost,
            span=lambda k: tuple(row.make(self.scopes[k], g(k))), terms=row.terms,
        )  # fmt: skip

    def _carried(self, step: Step, x: Any, up: Candidate) -> Candidate:
        """A candidate for d(out), brought down to x by the right rule."""
        out, span, total = step.piece.out, up.span, _remembered(up.total)
        fits = total(0).shape == out._data.shape
        make = self._part(step.piece, x, total) if fits else up.make
        if span is not None:
            world = self.worlds.all
            down: Terms = lambda k: tuple(world[k].through(step.piece, x, term) for term in span(k))  # noqa: E731
            return replace(up, make=make, rest=step.rest, span=down, origin=up.origin or (id(out), up))
        return replace(up, make=make, rest=step.rest, implied={**up.implied, id(out): total})

    def _dropped(self, step: Step, x: Any, where: str) -> Iterator[Candidate]:
        """One of several terms left out: a penalty on the weights, or a branch; or all the penalties there are.

        Or a branch that has the wrong sign, or is counted twice.
        """
        if step.rest is None:
            return
        code = penalty_codes(step.piece, x)[0] if step.piece.kind == "penalty" else "missing_term"
        code = "missing_next_step" if self._comes_later(step.piece, x) else code
        yield Candidate(step.rest, None, (Cause(code, where),), 1)
        if step.piece.kind != "penalty" and not is_parameter(x):
            yield Candidate(_times(-1.0, step.part), step.rest, (Cause("sign", where, factor="−1"),), 2)
            yield Candidate(_times(2.0, step.part), step.rest, (Cause("constant_factor", where, factor="2"),), 3)
        others = [piece for piece, _ in self.consumers[id(x)] if piece is not step.piece]
        if len(others) > 1 and all(piece.kind == "penalty" for piece in others):
            yield Candidate(step.part, None, tuple(Cause(penalty_codes(p, x)[0], where) for p in others), 1)


def resolved(candidate: Candidate, coefficients: Array) -> Mapping[int, Make]:
    """What a family made further up implies, its coefficients being known."""
    if candidate.origin is None:
        return {}
    key, up = candidate.origin
    assert up.span is not None
    span = up.span
    return {key: lambda k: up.total(k) + sum(c * t for c, t in zip(coefficients, span(k), strict=True))}


def _at(gradients: Gradients, x: Any) -> Make:
    return lambda k: gradients[id(x)].at(k)


def _times(factor: float, make: Make) -> Make:
    return lambda k: factor * make(k)


def _remembered(make: Make) -> Make:
    """The same, made once in each world."""
    return functools.cache(make)


def _sum(parts: list[Make]) -> Make | None:
    if not parts:
        return None
    return lambda k: sum((p(k) for p in parts[1:]), parts[0](k))
