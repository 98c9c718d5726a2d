"""Formulas without the names that only the recording knows: dÃ[1] and du₁ are spelled out."""

from __future__ import annotations

import re

from ..chain import Chain

INTERMEDIATE = re.compile(r"u\d*|[A-Za-z]+tilde\d+")  # no name a learner would use
LEVELS = 4  # of intermediates made from intermediates


def spelled(chain: Chain, text: str) -> str:
    """The text with formulas in place of gradients of intermediates."""
    known = {
        q.written: q.formula.text
        for q in chain.quantities.values()
        if q.role == "gradient" and INTERMEDIATE.fullmatch(q.name.removeprefix("d")) and q.formula
    }
    for _ in range(LEVELS):
        for name, formula in known.items():
            text = formula if text == name else text.replace(name, f"({formula})")
    return text
