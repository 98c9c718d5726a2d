"""What every homework of the benchmark is: a recorded cost, a right backward pass, and places to make mistakes in.

The backward pass is a table from names to NumPy expressions, in the order a student computes them, so that a
mistake is a changed line of code; made in a loop over time steps it is one mistake, and a changed line for each step.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tinygrad_cn.check.hand import known_name

Program = dict[str, str]
Facts = Mapping[str, Any]
When = Callable[[Facts], bool]
Handed = Mapping[str, tuple[str, ...]]  # what a student may hand over, by how the names start
TIME = re.compile(r"⟨\d+⟩")


@dataclass(frozen=True)
class Slip:
    """One mistake: the causes a teacher could call it, and the lines that it changes."""

    codes: str
    lines: Program

    def __str__(self) -> str:
        return " · ".join(f"{name} = {line}" for name, line in self.lines.items())


@dataclass(frozen=True)
class Homework:
    """A recorded cost, the values a student's code works on, and a right backward pass."""

    label: str
    J: Any
    values: dict[str, Any]
    program: Program
    convention: str

    @cached_property
    def chain(self) -> Any:
        """The chain of the cost, in the convention of the homework."""
        return self.J.chain(convention=self.convention, lang="en")

    def hand(self, changed: Program | None = None) -> dict[str, Any]:
        """The gradients, with some lines of the program changed; what the changed lines feed changes with them."""
        scope = {"np": np} | self.values
        grads: dict[str, Any] = {}
        with np.errstate(all="ignore"):  # of saturated units
            for name, line in (self.program | (changed or {})).items():
                grads[name] = scope[name] = eval(line, scope)
        return grads

    def written(self, name: str) -> str:
        """How reports write the gradient that the program calls `name`."""
        return str(self.chain.quantities[known_name(self.chain, name)].written)

    def places(self, slip: Slip) -> set[str]:
        """Where a report may say that the mistake was made: da⟨3⟩, or da⟨t⟩ for all times."""
        found = {self.written(name) for name in slip.lines}
        return found | {TIME.sub("⟨t⟩", place) for place in found}


# ---- tables of mistakes ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spot:
    """A place to make mistakes of one kind in: its lines, and for each what templates are filled with."""

    kind: str
    lines: Mapping[str, Facts]

    @property
    def facts(self) -> Facts:
        """What is known of it."""
        return next(iter(self.lines.values()))


def _always(facts: Facts) -> bool:
    return True


@dataclass(frozen=True)
class Row:
    """One line of a table of mistakes: what it is called, where it is made, and what the code becomes.

    In the code, {right} is the right line and {over_m} the " / m" of dW and db; the other words are the
    family's. A row that only the course convention knows is marked so.
    """

    codes: str
    kind: str
    code: str
    when: When = _always
    course: bool = False


@dataclass(frozen=True)
class Exercise(Homework):
    """A homework of a family of nets: with places for the rows of the family's table, and what may be handed over."""

    spots: tuple[Spot, ...]
    rows: tuple[Row, ...]
    handed: Handed

    def slips(self) -> Iterator[Slip]:
        """Every mistake of the table in every place it can be made in."""
        for spot in self.spots:
            for row in self.rows:
                if row.kind == spot.kind and row.when(spot.facts) and not (row.course and self.convention != "course"):
                    lines = {name: self._line(row, name, facts) for name, facts in spot.lines.items()}
                    yield Slip(row.codes, {k: v for k, v in lines.items() if v != self.program[k]})

    def _line(self, row: Row, name: str, facts: Facts) -> str:
        over_m = " / m" if self.convention == "course" else ""
        return row.code.format(right=f"({self.program[name]})", over_m=over_m, **facts)
