"""Match a hand gradient with a candidate: up to a factor by name, or as a combination of given terms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, TypeVar

import numpy as np

from ..ops.op import Array
from .candidate import Candidate
from .rounding import OTHERS, Worlds, spread

T = TypeVar("T")
ENOUGH = 3  # entries that must share a factor without a name before it counts
SAMPLE = 4096  # entries a factor is taken from
WIDE, PART = 256, 32  # weights from so many inputs on are compared in so many of them first
NOISE = 0.05  # how large rounding may be beside what is explained
FARTHER = 30.0  # times as far as one world moves it cannot be rounding, before the others are made
CLOSE = 0.5  # share of entries that must fit before the rounding of the others is looked into


@dataclass(frozen=True)
class Factor:
    """A factor, how it is written, and how surprising it is."""

    value: float
    text: str
    cost: int


def known_factors(symbols: Mapping[str, float]) -> list[Factor]:
    """Every factor with a name, the plainest first; `symbols` are m, n[1] and the like with their values."""
    plain = [
        Factor(1.0, "", 0),
        Factor(2.0, "2", 2),
        Factor(0.5, "1/2", 2),
        Factor(4.0, "4", 3),
        Factor(0.25, "1/4", 3),
    ]
    for name, value in symbols.items():
        rank = 1 if name == "m" else 3
        plain += [Factor(value, name, rank), Factor(1 / value, f"1/{name}", rank)]
        if name == "m":
            plain += [Factor(value**2, "m²", 3), Factor(value**-2, "1/m²", 3)]
            plain += [Factor(2 * value, "2m", 3), Factor(0.5 / value, "1/(2m)", 3)]
            plain += [Factor(value / 2, "m/2", 3), Factor(2 / value, "2/m", 3)]
        elif "m" in symbols:
            m = symbols["m"]
            plain += [Factor(m / value, f"m/{name}", 3), Factor(value / m, f"{name}/m", 3)]
    negative = [Factor(-f.value, f"−{f.text}" if f.text else "−1", f.cost + 1) for f in plain]
    return sorted([*plain, *negative], key=lambda f: f.cost)


def name_factor(s: float, factors: list[Factor], rtol: float) -> list[Factor]:
    """The named factors that s equals to rounding, the plainest first.

    Where two dimensions are equal, 1/m and 1/n[1] are the same number: then both are named.
    """
    fits = [f for f in factors if abs(s - f.value) <= rtol * abs(f.value)]
    return (
        [] if not fits else fits[:1] if fits[0].text in ("", "−1") else [f for f in fits if f.cost <= fits[0].cost + 2]
    )


class Fit:
    """One hand gradient, and what may be called equal to it.

    Parameters
    ----------
    x, hand : object, ndarray
        What the gradient is of, and the learner's value of it.
    size : float
        How large the terms are that the right one sums up.
    rtol : float
        Rounding, relative to them.
    worlds : Worlds
        Where candidates are made. For wide weights they are made in part first: most do not fit, and a few
        rows of the input tell.
    """

    def __init__(self, x: Any, hand: Array, size: float, rtol: float, worlds: Worlds) -> None:
        self.hand, self.size, self.rtol, self.worlds = hand, size, rtol, worlds
        self.parts = _parts(x, hand, worlds)
        self.part = hand[self.parts[id(x)]] if self.parts else hand
        self.digits = 6 if rtol < 1e-9 else 4
        self.spare = 1 if rtol < 1e-9 else 2  # entries beyond the number of free coefficients
        self.telling = hand.size >= ENOUGH or rtol < 1e-9  # a single number in float32 fits too much

    def factor(self, candidate: Candidate) -> float | None:
        """s if the hand gradient is s times the candidate, to rounding."""
        return self._matched(self._factor, candidate)

    def combination(self, candidate: Candidate) -> Array | None:
        """c if the hand gradient is the candidate plus Σ cᵢ spanᵢ, to rounding, with as few terms as will do."""
        return self._matched(self._combination, candidate)

    def _matched(self, match: Callable[[Array, Candidate], T | None], candidate: Candidate) -> T | None:
        """The match with a part, to save the work on the whole if there is none."""
        if self.parts:
            try:
                with self.worlds.reduced(self.parts):
                    if match(self.part, candidate) is None:
                        return None
            except ValueError:  # the candidate uses the input in other ways than as a factor
                pass
        return match(self.hand, candidate)

    def _factor(self, hand: Array, candidate: Candidate) -> float | None:
        with np.errstate(all="ignore"):
            made = candidate.make(0)
            rest = None if candidate.rest is None else candidate.rest(0)
            value = made if rest is None else _stretched(made, rest)
            if value is None or value.shape != hand.shape or not value.size:
                return None
            target = hand if rest is None else hand - rest
            for s in (1.0, _ratio(target, value)):
                if s is not None and self._says(target, value, s) and self._fits(target, value, s, candidate):
                    return s
            return None

    def _says(self, target: Array, value: Array, s: float) -> bool:
        """Whether rounding at this factor is small beside the target; anything fits what is rounding alone."""
        return s == 1.0 or self._allowed(value, s) < NOISE * float(np.max(np.abs(target), initial=0.0))

    def _fits(self, target: Array, value: Array, s: float, candidate: Candidate) -> bool:
        """Equal to rounding; where most entries are, it is worked out what rounding may do to the others."""
        allowed = self._allowed(value, s)
        error = np.abs(target - s * value)
        fits = error <= allowed
        if fits.all() or fits.mean() < CLOSE:
            return bool(fits.all())
        once = spread(candidate.total(0), [candidate.total(OTHERS[0])])
        if np.max(error) > FARTHER * np.max(allowed + abs(s) * once):
            return False
        moved = [candidate.total(k) for k in OTHERS]
        return bool(np.all(error <= allowed + abs(s) * spread(candidate.total(0), moved)))

    def _combination(self, hand: Array, candidate: Candidate) -> Array | None:
        assert candidate.span is not None
        with np.errstate(all="ignore"):
            base, terms = candidate.total(0), candidate.span(0)
            if any(t.shape != hand.shape for t in (base, *terms)) or hand.size < len(terms) + self.spare:
                return None
            columns = np.stack([np.asarray(t, np.float64).ravel() for t in terms], axis=1)
            target = np.asarray(hand - base, np.float64).ravel()
        if not (np.isfinite(columns).all() and np.isfinite(target).all()):
            return None
        if self._solved(columns, target, range(len(terms))) is None:
            return None
        few = (c for n in range(1, len(terms) + 1) for c in combinations(range(len(terms)), n))
        return next(c for chosen in few if (c := self._solved(columns, target, chosen)) is not None)

    def _solved(self, columns: Array, target: Array, chosen: Sequence[int]) -> Array | None:
        """The coefficients of the chosen terms, if they give the target to rounding."""
        lengths = np.linalg.norm(columns, axis=0) + (np.linalg.norm(columns, axis=0) == 0)
        c = np.zeros(columns.shape[1])
        few = list(chosen)
        c[few] = np.linalg.lstsq(columns[:, few] / lengths[few], target, rcond=1e-10)[0] / lengths[few]
        allowed = self.rtol * max(self.size, float(np.max(np.abs(columns * c), initial=0.0)))
        says = allowed < NOISE * float(np.max(np.abs(target), initial=0.0))  # huge terms that cancel give anything
        return c if c.any() and says and np.all(np.abs(target - columns @ c) <= allowed) else None

    def _allowed(self, value: Array, s: float) -> float:
        finite = np.abs(value[np.isfinite(value)])
        return self.rtol * abs(s) * max(self.size, float(np.max(finite, initial=0.0)))


def _ratio(target: Array, value: Array) -> float | None:
    """The factor between two arrays, from the larger half of the entries: their median ratio."""
    step = max(1, value.size // SAMPLE)
    t, v = target.ravel()[::step], value.ravel()[::step]
    size = np.abs(v)
    known = np.isfinite(v) & (size > 0)
    if not known.any():
        return None
    large = known & (size >= np.median(size[known]))
    s = float(np.median(t[large] / v[large]))
    return s if np.isfinite(s) and s != 0.0 else None


def _stretched(value: Array, rest: Array) -> Array | None:
    """The value as NumPy stretches it when it is added to the other terms; None if they do not fit."""
    try:
        return np.broadcast_to(value, np.broadcast_shapes(value.shape, rest.shape))
    except ValueError:
        return None


def _parts(x: Any, hand: Array, worlds: Worlds) -> dict[int, Any]:
    """By identity, the part of wide weights and of the input they multiply that is looked at first."""
    piece = next(
        (p for p, _ in worlds.chain.reader.consumers[id(x)] if p.kind == "affine" and p.operands[0] is x), None
    )
    if piece is None or hand.shape != np.shape(x._data):
        return {}
    wide = hand.shape[0 if piece.flipped else 1]
    if wide < WIDE:
        return {}
    every = slice(None, None, wide // PART)
    return {id(x): every if piece.flipped else (slice(None), every), id(piece.operands[1]): every}
