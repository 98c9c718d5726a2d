"""Homeworks with one or two mistakes in them, and what of them is handed over."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .homework import Exercise, Homework, Slip
from .mistakes import slips
from .student import HANDED, NETS, DenseHomework, homework

Draw = Callable[[np.random.Generator], Exercise]


@dataclass(frozen=True)
class Mutant:
    """A homework with mistakes, and how the names of the gradients that are handed over start."""

    work: Homework
    made: tuple[Slip, ...]
    handed: tuple[str, ...]

    @property
    def label(self) -> str:
        """The homework and the changed lines."""
        return " · ".join((self.work.label, *map(str, self.made)))

    @property
    def lines(self) -> dict[str, str]:
        """All changed lines."""
        return {name: line for slip in self.made for name, line in slip.lines.items()}

    @property
    def hand(self) -> dict[str, Any]:
        """The gradients the student hands over."""
        return {k: v for k, v in self.work.hand(self.lines).items() if k.startswith(self.handed)}


# ---- dense nets -----------------------------------------------------------------------------------------


def singles(seed: int = 0, share: float = 1.0) -> Iterator[Mutant]:
    """One mistake each: every row × layer × net × dtype; what is handed over and the convention vary."""
    for net in NETS:
        for dtype in (np.float64, np.float32):
            for convention in ("course", "autograd"):
                work = homework(net, seed, dtype, convention)
                right = work.hand()
                for slip in slips(work):
                    draw = _draw(work, slip, seed)
                    keep, handed = draw.random() < share, HANDED[_handed(*slip.lines, draw)]
                    if convention == "autograd" and draw.random() < 0.6:
                        continue
                    mutant = Mutant(work, (slip,), handed)
                    if keep and _runs_and_shows(mutant, right):
                        yield mutant


def _handed(name: str, rng: np.random.Generator) -> str:
    wanted = list(HANDED) if name[:2] == "dW" else ["everything", "dZ, dW, db", "dW, db"]
    weights = [0.4, 0.3, 0.2, 0.1][: len(wanted)]
    return str(rng.choice(wanted, p=np.array(weights) / sum(weights)))


def pairs(n: int, seed: int = 0) -> Iterator[Mutant]:
    """Two mistakes in different gradients, neither of which undoes the other."""
    rng = np.random.default_rng(seed)
    works = [homework(net, seed + 1, dtype) for net in NETS if net.depth > 1 for dtype in (np.float64, np.float32)]
    pools = [list(slips(work)) for work in works]
    while n:
        i = int(rng.integers(len(works)))
        made = tuple(pools[i][k] for k in rng.choice(len(pools[i]), 2, replace=False))
        handed = str(rng.choice(["everything", "dZ, dW, db", "dZ, dW, db", "everything", "dW, db"]))
        if made[0].lines.keys() == made[1].lines.keys():
            continue
        mutant = Mutant(works[i], made, HANDED[handed])
        if _independent(works[i], mutant):
            n -= 1
            yield mutant


def _independent(work: DenseHomework, mutant: Mutant) -> bool:
    """Each changed line alone alters its gradient, and each is handed over or feeds what is."""
    try:
        right, both = work.hand(), mutant.hand
        for name, line in mutant.lines.items():
            alone = work.hand({name: line})
            without = work.hand({n: code for n, code in mutant.lines.items() if n != name})
            if same(alone[name], right[name]) or all(same(both[k], without[k]) for k in both):
                return False
    except ValueError:  # the first mistake has a shape the second line cannot take
        return False
    return True


# ---- other families -------------------------------------------------------------------------------------


def of_family(draw: Draw, nets: int, seed: int = 0, share: float = 1.0) -> Iterator[Mutant]:
    """One mistake each: every row in every place of so many nets, each drawn anew."""
    for work in exercises(draw, nets, seed):
        right = work.hand()
        for slip in _with_twins(work):
            rng = _draw(work, slip, seed)
            keep, handed = rng.random() < share, list(work.handed.values())
            mutant = Mutant(work, (slip,), handed[rng.integers(len(handed))])
            if keep and slip.lines and _runs_and_shows(mutant, right):
                yield mutant


def _with_twins(work: Exercise) -> Iterator[Slip]:
    """Its mistakes; what gives the same numbers as another, as a sign where all Z > 0, may be called either."""
    made = [(slip, _made(work, slip)) for slip in work.slips()]
    for slip, grads in made:
        alike = [s.codes for s, other in made if grads and grads.keys() == other.keys() and _equal(grads, other)]
        yield Slip(" ".join(dict.fromkeys(" ".join([slip.codes, *alike]).split())), slip.lines)


def _made(work: Exercise, slip: Slip) -> dict[str, Any]:
    """The gradients a mistake is made in; none if a later line cannot take its shape."""
    try:
        grads = work.hand(slip.lines)
    except ValueError:
        return {}
    return {name: grads[name] for name in slip.lines}


def _equal(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return all(same(a[name], b[name]) for name in a)


def exercises(draw: Draw, n: int, seed: int) -> Iterator[Exercise]:
    """So many homeworks of a family."""
    for k in range(n):
        yield draw(np.random.default_rng([seed, k]))


# ---- both -----------------------------------------------------------------------------------------------


def _draw(work: Homework, slip: Slip, seed: int) -> np.random.Generator:
    """Chance that depends on nothing but the mutant: tables may grow."""
    return np.random.default_rng([seed, zlib.crc32(f"{work.label} · {slip}".encode())])


def _runs_and_shows(mutant: Mutant, right: dict[str, Any]) -> bool:
    try:
        return any(not same(v, right[k]) for k, v in mutant.hand.items())
    except ValueError:  # a later line cannot take its shape: the student sees that without our help
        return False


def same(a: Any, b: Any) -> bool:
    """Whether two gradients are equal but for rounding in float32; what is all rounding is equal to 0."""
    size, noise = float(np.max(np.abs(b), initial=0)), 100 * float(np.finfo(np.result_type(b, np.float32)).eps)
    return np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-4, atol=max(1e-4 * size, noise))
