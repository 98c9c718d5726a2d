"""How often `tg.compare` says rightly why a hand-derived gradient is wrong.

python -m benchmarks.causes              # the table
python -m benchmarks.causes --markdown   # writes docs/causes-measured.md
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_cn as tg
from tinygrad_cn.chain.names import written

from .mistakes import MISTAKES, changes
from .right import false_alarms
from .student import HANDED, NETS, Homework, homework

OUTCOMES = ("exact", "listed", "wrong cause", "unknown", "missed")
INTRODUCTION = """# How often the cause is right

`python -m benchmarks.causes --markdown` changes single lines of a right backward pass, as people do
(`benchmarks/mistakes.py`), hands the gradients to `tg.compare`, and writes this page. Nets, layers,
float64 and float32, both conventions, and what is handed over vary: everything, dZ, dW and db, dW and db,
or dW alone. A cause counts as right only if it is named for the gradient it was made in. Where several
mistakes give the same numbers (a factor 2 in dZ or in a dA that was not handed over), all are listed.
The right gradients are of random nets of 1 to 10 layers, m from 1 to 300, weights up to 20 times too
large, formulas written in other ways, and values that differ in the last place.

"""
DOC = Path(__file__).parent.parent / "docs" / "causes-measured.md"


@dataclass(frozen=True)
class Mutant:
    """A homework with some lines changed, and what of it is handed over."""

    work: Homework
    made: tuple[tuple[str, str, str], ...]  # (cause or causes, gradient, line)
    handed: str
    label: str

    @property
    def hand(self) -> dict[str, Any]:
        """The gradients the student hands over."""
        grads = self.work.hand({name: line for _, name, line in self.made})
        return {k: v for k, v in grads.items() if k[:2] in HANDED[self.handed]}


@dataclass
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


# ---- mutants ----------------------------------------------------------------------------------------


def singles(seed: int = 0, share: float = 1.0) -> Iterator[Mutant]:
    """One mistake each: every row × layer × net × dtype; what is handed over and the convention vary."""
    for net in NETS:
        for dtype in (np.float64, np.float32):
            for convention in ("course", "autograd"):
                work = homework(net, seed, dtype, convention)
                right = work.hand()
                for row in MISTAKES:
                    for name, line in changes(work, row):
                        label = f"{net.name} · {np.dtype(dtype)} · {convention} · {name} = {line}"
                        draw = np.random.default_rng([seed, zlib.crc32(label.encode())])
                        keep, handed = draw.random() < share, _handed(name, draw)
                        if convention == "autograd" and draw.random() < 0.6:
                            continue
                        mutant = Mutant(work, ((row.codes, name, line),), handed, label)
                        if keep and _runs_and_shows(mutant, right):
                            yield mutant


def _runs_and_shows(mutant: Mutant, right: dict[str, Any]) -> bool:
    try:
        return any(not _same(v, right[k]) for k, v in mutant.hand.items())
    except ValueError:  # a later line cannot take its shape: the student sees that without our help
        return False


def pairs(n: int, seed: int = 0) -> Iterator[Mutant]:
    """Two mistakes in different gradients, neither of which undoes the other."""
    rng = np.random.default_rng(seed)
    works = [homework(net, seed + 1, dtype) for net in NETS if net.depth > 1 for dtype in (np.float64, np.float32)]
    pools = [[(row, *change) for row in MISTAKES for change in changes(work, row)] for work in works]
    while n:
        i = int(rng.integers(len(works)))
        work, (a, b) = works[i], (pools[i][k] for k in rng.choice(len(pools[i]), 2, replace=False))
        made = tuple((row.codes, name, line) for row, name, line in (a, b))
        handed = str(rng.choice(["everything", "dZ, dW, db", "dZ, dW, db", "everything", "dW, db"]))
        label = (
            f"{work.net.name} · {work.values['X'].dtype} · {made[0][1]} = {made[0][2]} · {made[1][1]} = {made[1][2]}"
        )
        if made[0][1] == made[1][1]:
            continue
        try:
            mutant = Mutant(work, made, handed, label)
            visible = _independent(mutant)
        except ValueError:  # the first mistake has a shape the second line cannot take
            continue
        if visible:
            n -= 1
            yield mutant


def _independent(mutant: Mutant) -> bool:
    """Each changed line alone alters its gradient, and each is handed over or feeds what is."""
    right = mutant.work.hand()
    both = mutant.hand
    for _, name, line in mutant.made:
        alone = mutant.work.hand({name: line})
        if _same(alone[name], right[name]):
            return False
        others = {n: code for _, n, code in mutant.made if n != name}
        without = mutant.work.hand(others)
        if all(_same(both[k], without[k]) for k in both):
            return False
    return True


def _handed(name: str, rng: np.random.Generator) -> str:
    wanted = list(HANDED) if name[:2] == "dW" else ["everything", "dZ, dW, db", "dW, db"]
    weights = [0.4, 0.3, 0.2, 0.1][: len(wanted)]
    return str(rng.choice(wanted, p=np.array(weights) / sum(weights)))


def _same(a: Any, b: Any) -> bool:
    return np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-4, atol=1e-4 * float(np.max(np.abs(b), initial=0)))


# ---- scores -----------------------------------------------------------------------------------------


def score(mutant: Mutant) -> Score:
    """Compare, and see whether every mistake is named, and nothing else is called wrong."""
    report = tg.compare(mutant.work.J, mutant.hand, convention=mutant.work.convention, lang="en")
    wrong = [row for row in report.rows if row.verdict in ("wrong", "shape")]
    said = "; ".join(f"{r.name}: {_text(r.causes)}{''.join(' | ' + _text(a) for a in r.alternatives)}" for r in wrong)
    outcome = max((_named(wrong, codes.split(), name) for codes, name, _ in mutant.made), key=OUTCOMES.index)
    guilty = _guilty(mutant, [row.name for row in report.rows])
    accused = tuple(r.name for r in wrong if r.name not in guilty)
    return Score(outcome, guilty <= {r.name for r in wrong}, accused, said)


def _text(causes: Iterable[Any]) -> str:
    return " + ".join(f"{c.code}@{c.where}({c.equals or c.factor})" for c in causes)


def _guilty(mutant: Mutant, order: list[str]) -> set[str]:
    """The gradients handed over that a mistake was made in; if it was not, the first that shows it."""
    found = set()
    for _, name, _ in mutant.made:
        if name in order:
            found.add(name)
            continue
        others = {n: line for _, n, line in mutant.made if n != name}
        without, hand = mutant.work.hand(others), mutant.hand
        found.add(next(k for k in order if not _same(hand[k], without[k])))
    return found


def _named(wrong: list[Any], codes: list[str], name: str) -> str:
    """What was said about a mistake in `name`."""
    place = written(name)
    main = [c for row in wrong for c in row.causes if c.where == place]
    others = [c for row in wrong for causes in row.alternatives for c in causes if c.where == place]
    if main and all(c.code in codes for c in main):
        return "exact"
    if any(c.code in codes for c in (*main, *others)):
        return "listed"
    return "missed" if not wrong else "unknown" if any(row.cause == "unknown" for row in wrong) else "wrong cause"


# ---- the table --------------------------------------------------------------------------------------


def run(mutants: Iterable[Mutant], verbose: bool = False) -> tuple[Tally, dict[str, Tally]]:
    """Score them, all together and by cause."""
    total = Tally()
    by_cause: dict[str, Tally] = {}
    for mutant in mutants:
        result = score(mutant)
        total.add(result)
        for codes, _, _ in mutant.made:
            by_cause.setdefault(codes.split()[0], Tally()).add(result)
        if verbose and (result.outcome != "exact" or not result.blamed or result.accused):
            print(f"{result.outcome:12}{'' if result.blamed else 'BLAME '}{mutant.handed:12}{mutant.label}")
            want = " & ".join(f"{c}@{n}" for c, n, _ in mutant.made)
            print(f"    want {want}; said {result.said} {result.accused or ''}")
    return total, by_cause


def table(one: Tally, two: Tally, by_cause: dict[str, Tally], alarms: int, right: int) -> str:
    """The numbers as Markdown."""
    rows = [("single mistakes", one), ("pairs of mistakes", two)]
    columns = "number, cause right, of these listed with others, right gradient blamed, wrongly accused, unknown"
    head = f"| | {columns.replace(', ', ' | ')} |"
    lines = [head, "|---|---|---|---|---|---|---|", *(_line(name, t) for name, t in rows), "", "By cause:", ""]
    lines += [head, "|---|---|---|---|---|---|---|", *(_line(f"`{k}`", t) for k, t in sorted(by_cause.items()))]
    return "\n".join([*lines, "", f"Right gradients called wrong: {alarms} of {right}."]) + "\n"


def _line(name: str, t: Tally) -> str:
    shares = (f"{t.cause:.1%}", t.outcomes["listed"], f"{t.blame:.1%}", t.accused, t.outcomes["unknown"])
    return f"| {name} | {t.n} | {' | '.join(map(str, shares))} |"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--markdown", action="store_true", help=f"write {DOC.name}")
    parser.add_argument("--verbose", action="store_true", help="print every mutant that is not exactly right")
    parser.add_argument("--share", type=float, default=1.0, help="share of the single mutants")
    parser.add_argument("--pairs", type=int, default=400)
    parser.add_argument("--right", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    one, by_cause = run(singles(args.seed, args.share), args.verbose)
    two, _ = run(pairs(args.pairs, args.seed), args.verbose)
    alarms = false_alarms(args.right, args.seed)
    text = table(one, two, by_cause, len(alarms), args.right)
    print(text, *alarms if args.verbose else (), sep="\n")
    if args.markdown:
        DOC.write_text(INTRODUCTION + text, encoding="utf-8")


if __name__ == "__main__":
    main()
