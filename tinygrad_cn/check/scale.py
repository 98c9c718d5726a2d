"""Factors a hand gradient may be off by, by name: m, 1/m, −1, 2, n[l], λ/m."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..ops.op import Array


@dataclass(frozen=True)
class Factor:
    """A factor, how it is written, and how surprising it is."""

    value: float
    text: str
    cost: int


def known_factors(symbols: Mapping[str, float]) -> list[Factor]:
    """Every factor with a name, the plainest first; `symbols` are m, n[1] and the like with their values."""
    plain = [Factor(1.0, "", 0), Factor(-1.0, "−1", 1)]
    plain += [Factor(2.0, "2", 2), Factor(0.5, "1/2", 2), Factor(4.0, "4", 3), Factor(0.25, "1/4", 3)]
    for name, value in symbols.items():
        rank = 1 if name == "m" else 3
        plain += [Factor(value, name, rank), Factor(1 / value, f"1/{name}", rank)]
        if name == "m":
            plain += [Factor(value**2, "m²", 3), Factor(value**-2, "1/m²", 3)]
    negative = [Factor(-f.value, f"−{f.text}", f.cost + 1) for f in plain if f.text not in ("", "−1")]
    return sorted([*plain, *negative], key=lambda f: f.cost)


def factor_of(hand: Array, candidate: Array, size: float, rtol: float) -> float | None:
    """s with hand = s · candidate to rounding, or None. The candidate sums up terms as large as `size`."""
    if hand.shape != candidate.shape or not hand.size:
        return None
    square = float(np.vdot(candidate, candidate))
    if not np.isfinite(square) or square == 0.0:
        return None
    s = float(np.vdot(candidate, hand)) / square
    if not np.isfinite(s) or s == 0.0:
        return None
    allowed = rtol * abs(s) * max(size, float(np.max(np.abs(candidate))))
    return s if bool(np.all(np.abs(hand - s * candidate) <= allowed)) else None


def name_factor(s: float, factors: list[Factor], rtol: float) -> list[Factor]:
    """The named factors that s equals to rounding, the plainest first; those equally plain together."""
    fits = [f for f in factors if abs(s - f.value) <= rtol * abs(f.value)]
    return [f for f in fits if f.cost == fits[0].cost] if fits else []
