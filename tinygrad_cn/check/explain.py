"""Match a wrong gradient against what it may have been computed as instead.

Candidates are the right gradient, its local variants, and the same one step further up for gradients the
learner did not give. Each is tried up to a factor; only a match to rounding counts, and of those the
simplest wins. What nothing matches stays `unknown`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..ops.op import Array
from .cause import Cause, Code
from .local import Local
from .scale import Factor, factor_of, known_factors, name_factor
from .variants import View, variants

Implied = tuple[tuple[int, Array], ...]  # gradients that were not given, by identity, and what they must have been
Support = Callable[[Implied], int]
NOTHING = 1000
ENOUGH = 3  # entries that must share a factor without a name before it counts
DEPTH = 3  # how many gradients in a row may be missing between two that were given


@dataclass(frozen=True)
class Candidate:
    """A gradient somebody may have computed: its value, the mistakes in it, and which unseen gradients it implies."""

    value: Array
    causes: tuple[Cause, ...]
    cost: int
    implied: Implied = ()


@dataclass(frozen=True)
class Explanation:
    """Causes that together give the hand gradient; `alternatives` explain it as simply."""

    causes: tuple[Cause, ...]
    alternatives: tuple[tuple[Cause, ...], ...] = ()
    implied: Implied = ()

    @property
    def codes(self) -> tuple[Code, ...]:
        """Codes of the causes."""
        return tuple(cause.code for cause in self.causes)


class Explainer:
    """Explains wrong gradients of one chain, given what is settled upstream."""

    def __init__(self, local: Local, own: dict[int, Array], unsettled: set[int]) -> None:
        self.local, self.own, self.unsettled = local, own, unsettled
        self.view = View(local, own)
        self.consumers = local.chain.reader.consumers
        self.factors = known_factors(self._symbols())

    def _symbols(self) -> dict[str, float]:
        chain = self.local.chain
        symbols: dict[str, float] = {} if chain.m is None else {"m": float(chain.m)}
        for piece in chain.pieces:
            if piece.kind == "affine" and len(symbols) < 12:
                rows = chain.reader.rows.get(id(piece.out), "")
                symbols.setdefault(rows, float(piece.out._data.shape[0]))
        return {name: v for name, v in symbols.items() if v not in (0.0, 1.0)}

    def explain(self, x: Any, hand: Array, size: float, rtol: float, support: Support) -> Explanation | None:
        """The simplest explanation of a wrong gradient of x, or None.

        Of equally simple ones, that which makes most of the later hand gradients right is first:
        `support` counts them, given what an explanation implies for gradients that were not given.
        """
        found: list[tuple[int, Explanation]] = []
        lowest = NOTHING
        for candidate in self._candidates(x, DEPTH):
            if candidate.cost <= lowest:
                for extra, causes in self._fits(x, hand, candidate, size, rtol):
                    lowest = min(lowest, candidate.cost + extra)
                    found.append((candidate.cost + extra, Explanation(causes, implied=candidate.implied)))
        simplest = [e for cost, e in found if cost == lowest]
        simplest += [moved for e in simplest if (moved := self._moved_up(x, e)) is not None]
        if not simplest:
            return None
        if len(simplest) > 1:
            simplest.sort(key=lambda e: -support(e.implied))
        first = simplest[0]
        others = {e.codes: e.causes for e in simplest if e.codes != first.codes}
        return Explanation(first.causes, tuple(others.values()), first.implied)

    def _moved_up(self, x: Any, e: Explanation) -> Explanation | None:
        """A factor found in dW may be that of a dZ which was not given."""
        consumers = self.consumers.get(id(x), [])
        out = consumers[0][0].out if len(consumers) == 1 else None
        factor = next((f for f in self.factors if f.text and f.text == e.causes[-1].factor), None)
        if out is None or factor is None or id(out) not in self.unsettled:
            return None
        up = Cause(self._code(out, factor), f"d{self.view.name(out)}", factor=factor.text)
        implied = dict(e.implied)
        implied[id(out)] = factor.value * implied.get(id(out), self.own[id(out)])
        return Explanation((*e.causes[:-1], up), implied=tuple(implied.items()))

    def _fits(
        self, x: Any, hand: Array, candidate: Candidate, size: float, rtol: float
    ) -> Iterator[tuple[int, tuple[Cause, ...]]]:
        """Ways in which the candidate is the hand gradient: exactly, or up to a factor."""
        with np.errstate(invalid="ignore", over="ignore"):
            s = factor_of(hand, candidate.value, size, rtol)
        if s is None:
            return
        factors = name_factor(s, self.factors, rtol)
        where = f"d{self.view.name(x)}"
        for factor in factors:
            if factor.text == "" and candidate.causes:
                yield 0, candidate.causes
            elif factor.text:
                yield factor.cost, (*candidate.causes, Cause(self._code(x, factor), where, factor=factor.text))
        if not factors and not candidate.causes and hand.size >= ENOUGH:
            yield 5, (Cause("constant_factor", where, factor=f"{s:.6g}"),)

    def _code(self, x: Any, factor: Factor) -> Code:
        """What a factor means for this gradient."""
        if factor.text == "−1":
            return "sign"
        course = self.local.factor != 1.0
        per_sample = self.local.scale(x) != 1.0 or not course
        if factor.text in ("m", "−m"):
            return "missing_1_over_m" if course and not per_sample else "constant_factor"
        if factor.text in ("1/m", "−1/m"):
            return "convention" if course and per_sample else "extra_1_over_m"
        return "constant_factor"

    # ---- candidates ---------------------------------------------------------------------------------

    def _candidates(self, x: Any, depth: int) -> Iterator[Candidate]:
        """The right gradient of x from the learner's upstream values, then its variants, simplest sources first."""
        key = id(x)
        consumers = self.consumers.get(key, [])
        parts = [self.local.through(p, self.own[id(p.out)]).get(key) for p, _ in consumers]
        known = [p for p in parts if p is not None]
        if not known:
            return
        whole = sum(known[1:], known[0])
        yield Candidate(whole, (), 0)
        where = f"d{self.view.name(x)}"
        for (piece, i), part in zip(consumers, parts, strict=True):
            if part is None:
                continue
            others = whole - part if len(known) > 1 else None
            yield from self._dropped(piece, part, others, where)
            for v in variants(piece, i, self.own[id(piece.out)], self.view):
                moved = v.value if others is None else _add(others, v.value)
                if moved is not None:
                    yield Candidate(moved, (Cause(v.code, where, equals=v.equals),), v.cost)
            if depth and id(piece.out) in self.unsettled:
                yield from self._through(piece, i, key, others, depth, where)

    def _dropped(self, piece: Any, part: Array, others: Array | None, where: str) -> Iterator[Candidate]:
        """One of several terms left out: the penalty on the weights, or a branch."""
        if others is None:
            return
        code: Code = "missing_regularisation" if piece.kind == "penalty" else "missing_term"
        yield Candidate(others, (Cause(code, where),), 1)
        if piece.kind == "penalty":
            for factor in self.factors:
                if factor.text:
                    cause = Cause("wrong_regularisation", where, factor=factor.text)
                    yield Candidate(others + factor.value * part, (cause,), 1 + factor.cost)

    def _through(
        self, piece: Any, i: int, key: int, others: Array | None, depth: int, where: str
    ) -> Iterator[Candidate]:
        """Mistakes in the gradient before, which the learner did not give; alone, or with one made here."""
        for up in self._candidates(piece.out, depth - 1):
            if not up.causes or up.value.shape != piece.out._data.shape:
                continue
            implied = (*up.implied, (id(piece.out), up.value))
            part = self.local.through(piece, up.value).get(key)
            if part is not None:
                yield Candidate(part if others is None else others + part, up.causes, up.cost, implied)
            if len(up.causes) > 1 or up.cost > 2:
                continue
            for v in variants(piece, i, up.value, self.view):
                moved = v.value if others is None else _add(others, v.value)
                if moved is not None:
                    causes = (*up.causes, Cause(v.code, where, equals=v.equals))
                    yield Candidate(moved, causes, up.cost + v.cost + 1, implied)


def _add(a: Array, b: Array) -> Array | None:
    return a + b if a.shape == b.shape else None
