"""Time steps in formulas: ⟨3⟩ as one t of many, and sums over t."""

from __future__ import annotations

import re
from collections.abc import Sequence

STEP = re.compile(r"⟨(\d+)⟩")
AT = re.compile(r"⟨t(?:([−+])(\d))?⟩")
NEAR = {-1: "⟨t−1⟩", 0: "⟨t⟩", 1: "⟨t+1⟩"}
SLICE = "[:, :, {}]"  # what step t reads of a sequence (n, m, T), which Python counts from 0


def write_t(text: str, t: int) -> str:
    """`a⟨3⟩` at time 3 is `a⟨t⟩`, `a⟨2⟩` is `a⟨t−1⟩`.

    Examples
    --------
    >>> write_t("Waa a⟨2⟩ + Wax x⟨3⟩ + ba", 3)
    'Waa a⟨t−1⟩ + Wax x⟨t⟩ + ba'
    >>> write_t("u₁[:, :, 2]", 3)
    'u₁[:, :, t−1]'
    """
    return STEP.sub(lambda m: NEAR.get(int(m[1]) - t, m[0]), text).replace(SLICE.format(t - 1), SLICE.format("t−1"))


def write_at(text: str, t: int) -> str:
    """The other way round: `a⟨t−1⟩` at time 3 is `a⟨2⟩`.

    Examples
    --------
    >>> write_at("dz⟨t⟩ a⟨t−1⟩ᵀ", 3)
    'dz⟨3⟩ a⟨2⟩ᵀ'
    """
    text = text.replace(SLICE.format("t−1"), SLICE.format(t - 1))
    return AT.sub(lambda m: f"⟨{t + int(f'{m[1]}{m[2]}'.replace('−', '-')) if m[1] else t}⟩", text)


def times(text: str) -> list[int]:
    """The time steps a formula names, in order."""
    return [int(t) for t in STEP.findall(text)]


def over_time(parts: Sequence[str]) -> str | None:
    """The same term at three time steps or more as one sum over t; None if they differ in more than t.

    Examples
    --------
    >>> over_time([f"(1/m) dz⟨{t}⟩ a⟨{t - 1}⟩ᵀ" for t in range(1, 5)])
    '(1/m) Σₜ dz⟨t⟩ a⟨t−1⟩ᵀ'
    """
    found = [times(part) for part in parts]
    if len(parts) < 3 or not all(found):
        return None
    patterns = {write_t(part, steps[0]) for part, steps in zip(parts, found, strict=True)}
    if len(patterns) != 1 or len({steps[0] for steps in found}) != len(parts):
        return None
    (pattern,) = patterns
    scale = "(1/m) " if pattern.startswith("(1/m) ") else ""
    return f"{scale}Σₜ {pattern.removeprefix(scale)}"
