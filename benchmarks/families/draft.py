"""A backward pass in the making: its lines, from the cost back, and the places for mistakes in them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..homework import Exercise, Facts, Handed, Program, Row, Spot


class Draft:
    """Lines of NumPy, one a gradient.

    Parameters
    ----------
    m, dtype, convention
        Samples, dtype and convention of the homework.
    """

    def __init__(self, m: int, dtype: type[np.floating[Any]], convention: str) -> None:
        self.m, self.dtype, self.convention = m, dtype, convention
        self.over_m = " / m" if convention == "course" else ""
        self.lines: Program = {}
        self.spots: dict[tuple[str, str], dict[str, Facts]] = {}

    def add(self, name: str, line: str, kind: str = "", place: str = "", **facts: Any) -> None:
        """Add a gradient; mistakes of a kind are made in all lines of a place at once, by default in this alone."""
        self.lines[name] = line
        if kind:
            self.spots.setdefault((kind, place or name), {})[name] = facts

    def start(self, name: str) -> None:
        """Add dZ of the last layer, P − Y."""
        self.add(name, "error" if self.over_m else "error / m")

    def exercise(
        self, label: str, J: Any, error: Any, values: dict[str, Any], rows: tuple[Row, ...], handed: Handed
    ) -> Exercise:
        """The homework: `values` on top of m and P − Y."""
        spots = tuple(Spot(kind, lines) for (kind, _), lines in self.spots.items())
        label = f"{label} m={self.m} {np.dtype(self.dtype)} {self.convention}"
        values = {"m": self.m, "error": error} | values
        return Exercise(label, J, values, self.lines, self.convention, spots, rows, handed)


def recorded(J: Any, convention: str) -> dict[str, Any]:
    """The values of the forward pass, by name."""
    chain = J.chain(convention=convention)
    return {name: chain[name] for name in chain if not name.startswith("d") and name != "J"}
