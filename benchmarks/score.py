"""What `tg.compare` says of a homework with mistakes, scored; and counts over many."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

import tinygrad_cn as tg
from tinygrad_cn.check.hand import known_name

from .homework import Slip
from .mutants import Mutant, same

OUTCOMES = ("exact", "listed", "wrong cause", "unknown", "missed")


@dataclass(frozen=True)
class Score:
    """What became of a mutant."""

    outcome: str
    blamed: bool
    accused: tuple[str, ...] = ()
    said: str = ""


@dataclass
class Tally:
    """Counts over mutants."""

    n: int = 0
    outcomes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    blamed: int = 0
    accused: int = 0

    def add(self, score: Score) -> None:
        """Count one."""
        self.n += 1
        self.outcomes[score.outcome] += 1
        self.blamed += score.blamed
        self.accused += bool(score.accused)

    @property
    def cause(self) -> float:
        """Share with the right cause, alone or listed with others as simple."""
        return (self.outcomes["exact"] + self.outcomes["listed"]) / max(self.n, 1)

    @property
    def blame(self) -> float:
        """Share blamed on the right gradient."""
        return self.blamed / max(self.n, 1)


def run(mutants: Iterable[Mutant], verbose: bool = False) -> tuple[Tally, dict[str, Tally]]:
    """Score them, all together and by cause."""
    total = Tally()
    by_cause: dict[str, Tally] = {}
    for mutant in mutants:
        result = score(mutant)
        total.add(result)
        for slip in mutant.made:
            by_cause.setdefault(slip.codes.split()[0], Tally()).add(result)
        if verbose and (result.outcome != "exact" or not result.blamed or result.accused):
            print(f"{result.outcome:12}{'' if result.blamed else 'BLAME '}{'/'.join(mutant.handed):12} {mutant.label}")
            want = " & ".join(f"{slip.codes}@{next(iter(slip.lines))}" for slip in mutant.made)
            print(f"    want {want}; said {result.said} {result.accused or ''}", flush=True)
    return total, by_cause


def score(mutant: Mutant) -> Score:
    """Compare, and see whether every mistake is named, and nothing else is called wrong."""
    report = tg.compare(mutant.work.chain, mutant.hand, lang="en")
    wrong = [row for row in report.rows if row.verdict in ("wrong", "shape")]
    said = "; ".join(f"{r.name}: {_text(r.causes)}{''.join(' | ' + _text(a) for a in r.alternatives)}" for r in wrong)
    outcome = max((_named(mutant, slip, wrong) for slip in mutant.made), key=OUTCOMES.index)
    guilty, blamed = _guilty(mutant, [row.name for row in report.rows]), {row.name for row in wrong}
    accused = tuple(r.name for r in wrong if not any(r.name in group for group in guilty))
    return Score(outcome, all(group & blamed for group in guilty), accused, said)


def _text(causes: Iterable[Any]) -> str:
    return " + ".join(f"{c.code}@{c.where}({c.equals or c.factor})" for c in causes)


def _guilty(mutant: Mutant, order: list[str]) -> list[set[str]]:
    """For each mistake the gradients handed over that it was made in, or the first that shows it if there is none.

    One that was made at every time step is to be blamed once.
    """
    known = {name: known_name(mutant.work.chain, name) for name in mutant.work.program}
    hand = {known[name]: value for name, value in mutant.hand.items()}
    right = mutant.work.hand()

    def shows(names: Collection[str]) -> list[str]:
        """What changes if these lines are put right."""
        others = {n: line for n, line in mutant.lines.items() if n not in names}
        without = {known[n]: value for n, value in mutant.work.hand(others).items()}
        return [k for k in order if not same(hand[k], without[k])]

    found = []
    for slip in mutant.made:
        handed = [name for name in slip.lines if known[name] in hand]
        wrong = [name for name in handed if not same(hand[known[name]], right[name])]  # two signs undo each other
        group = {str(known[name]) for name in wrong if known[name] in shows([name])}
        found.append(group or set(shows(slip.lines.keys())[:1]))
    return found


def _named(mutant: Mutant, slip: Slip, wrong: list[Any]) -> str:
    """What was said about a mistake."""
    places, codes = mutant.work.places(slip), slip.codes.split()
    main = [c for row in wrong for c in row.causes if c.where in places]
    others = [c for row in wrong for causes in row.alternatives for c in causes if c.where in places]
    if main and all(c.code in codes for c in main):
        return "exact"
    if any(c.code in codes for c in (*main, *others)):
        return "listed"
    return "missed" if not wrong else "unknown" if any(row.cause == "unknown" for row in wrong) else "wrong cause"
