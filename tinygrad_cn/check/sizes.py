"""Sizes of a fresh net: different primes, so that a stray factor can only be one of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from itertools import islice
from math import lcm

import numpy as np

from ..chain import Chain

MOST = 8  # layers whose primes are drawn; those of more follow in order
STEPS = (3, 4, 5)  # numbers of time steps


class Sizes:
    """New sizes for those of a chain.

    Parameters
    ----------
    chain : Chain
        What they replace.
    seed : int
        Where they are drawn from, and data and parameters after them.
    tied : bool
        Whether equal numbers of rows or channels stay equal, as a residual sum needs.

    Attributes
    ----------
    m : int
        Number of samples.
    """

    def __init__(self, chain: Chain, seed: int, tied: bool) -> None:
        self.rng = np.random.default_rng(seed)
        widths = {id(piece.roles[0]) for piece in chain.pieces if piece.is_layer}
        cells = {moment.cell for moment in chain.reader.moments.values()}
        count = min(len(widths) + len(cells), MOST) + 4
        drawn = self.rng.permutation(list(islice(_primes(), count))).tolist()
        self._primes = itertools.chain(drawn, islice(_primes(), count, None))
        self._used: set[int] = set()
        self.m = self._next(chain.m)
        self._tied = tied
        self._rows = {1: 1}
        self._multiples = _multiples(chain) if tied else {}
        self._images: dict[tuple[int, ...], tuple[int, ...]] = {}
        self._steps: dict[int, int] = {}

    def _next(self, old: int | None = None) -> int:
        """A prime that stands for nothing else, and is another than before."""
        found = next(n for n in self._primes if n not in self._used and n != old)
        self._used.add(found)
        return int(found)

    def rows(self, old: int, multiple: int = 1) -> int:
        """Rows or channels in place of `old`."""
        if old == 1:
            return 1
        if not self._tied:
            return multiple * self._next(old)
        if old not in self._rows:
            self._rows[old] = self._next(old) * lcm(multiple, self._multiples.get(old, 1))
        return self._rows[old]

    def image(self, old: tuple[int, ...]) -> tuple[int, ...]:
        """Height and width of images, larger than before so that every window fits."""
        if old not in self._images:
            larger = (n for n in _primes() if n > max(old) and n not in self._used)
            self._images[old] = (next(larger), next(larger))
            self._used.update(self._images[old])
        return self._images[old]

    def steps(self, old: int) -> int:
        """Time steps in place of `old`."""
        if old not in self._steps:
            taken = {old, *self._steps.values()}
            self._steps[old] = int(self.rng.choice([n for n in STEPS if n not in taken] or [max(taken) + 1]))
        return self._steps[old]


def _multiples(chain: Chain) -> dict[int, int]:
    """What numbers of rows must be divided by: groups of channels, heads of an attention."""
    found: dict[int, int] = {}
    for piece in chain.pieces:
        options = piece.out._options or {}
        parts = options.get("groups", 1) if piece.kind == "conv" else options.get("heads", 1)
        values = (piece.roles[1], piece.out) if piece.kind == "conv" else piece.operands
        for x in values if parts > 1 else ():
            n = np.shape(x)[3 if piece.kind == "conv" else 0]
            found[n] = lcm(found.get(n, 1), parts)
    return found


def _primes() -> Iterator[int]:
    """The odd primes: 3, 5, 7, 11 and so on."""
    n = 3
    while True:
        if all(n % k for k in range(3, int(n**0.5) + 1, 2)):
            yield n
        n += 2
