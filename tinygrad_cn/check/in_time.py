"""Mistakes through time: one made at every step of a recurrent net, and sums over steps that stop short.

Who writes a loop backwards through time makes a mistake once in the program and T times in the numbers. So the
whole backward pass is worked out again with it at every step, and what comes out for a weight is a candidate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ..autograd import data_of
from ..chain.layers import Piece
from ..chain.recurrent import Cell, Moment
from ..chain.time import write_t
from ..ops.op import Array
from .cause import Cause, Code
from .rounding import Gradients, Track, Worlds
from .variants import Scope, Variant, View, variants

Make = Callable[[int], Array]
KINDS_OF_CELL = frozenset(["RNN", "GRU", "LSTM", "cell"])
SHIFTS = ((1, False), (1, True), (-1, False), (-1, True))
LEFT_OUT: tuple[Code, ...] = ("missing_next_step", "missing_term")
Rule = Callable[[Piece, Any], "Variant | bool | None"]  # instead of the right part: a variant; True: nothing; or None


class Repeated(Gradients):
    """Gradients as they follow with a mistake made wherever `rule` says."""

    def __init__(self, worlds: Worlds, own: Gradients, rule: Rule) -> None:
        super().__init__(worlds, own.fixed)
        self.rule = rule
        self.scopes = [Scope(world, self, k) for k, world in enumerate(worlds.all)]

    def __missing__(self, key: int) -> Track:
        x = self.worlds.things[key]
        pieces = list(dict.fromkeys(piece for piece, _ in self.worlds.chain.reader.consumers[key]))

        def value(k: int) -> Array:
            parts = [self._part(piece, x, k) for piece in pieces]
            return np.asarray(sum(part for part in parts if part is not None) + np.zeros(np.shape(data_of(x))))

        self[key] = track = Track(value(0), shake=value)
        return track

    def _part(self, piece: Piece, x: Any, k: int) -> Array | None:
        found, g = self.rule(piece, x), self[id(piece.out)].at(k)
        if found is True:
            return None
        return found.make(self.scopes[k], g) if isinstance(found, Variant) else self.worlds.all[k].through(piece, x, g)


class Shifted(Gradients):
    """Gradients as they follow if every step uses the cache of another one.

    Parameters
    ----------
    worlds, own
        As for `Repeated`.
    shift : int
        How many steps later that one is.
    wraps : bool
        Whether the last step follows on the first, as caches[-1] does in Python; else the ends use their own.
    """

    def __init__(self, worlds: Worlds, own: Gradients, shift: int, wraps: bool) -> None:
        super().__init__(worlds, own.fixed)
        self._others = _shifted(worlds.chain.reader.moments, shift, wraps)

    def __missing__(self, key: int) -> Track:
        x = self.worlds.things[key]
        uses = dict(self.worlds.chain.reader.consumers[key])

        def value(k: int) -> Array:
            return np.asarray(sum(self._part(piece, i, x, k) for piece, i in uses.items()))

        self[key] = track = Track(value(0), shake=value)
        return track

    def _part(self, piece: Piece, i: int, x: Any, k: int) -> Array:
        g, other = self[id(piece.out)].at(k), self._others.get(piece)
        world = self.worlds.all[k]
        return world.through(piece, x, g) if other is None else world.through(other, other.operands[i], g)


def _shifted(moments: Mapping[Piece, Moment], shift: int, wraps: bool) -> dict[Piece, Piece]:
    """The piece of the same part at another step, for each of a cell that goes back through time."""
    steps: dict[tuple[Cell, int], list[Piece]] = {}
    for piece, moment in moments.items():
        if moment.cell.kind in KINDS_OF_CELL and piece.label != "getitem":
            steps.setdefault((moment.cell, moment.t), []).append(piece)
    found: dict[Piece, Piece] = {}
    for (cell, t), pieces in steps.items():
        there = (t - 1 + shift) % cell.steps + 1 if wraps else min(max(t + shift, 1), cell.steps)
        others = steps.get((cell, there), [])
        if len(others) == len(pieces):
            found |= dict(zip(pieces, others, strict=True))
    return found


def _first_back(worlds: Worlds, moments: Mapping[Piece, Moment]) -> str:
    """The gradient that a step of the loop works out first: dz⟨t⟩ of an RNN, dc⟨t⟩ of an LSTM."""
    name = worlds.chain.reader.name
    x = next(p.operands[-1] for p in reversed(list(moments)) if moments[p].cell.kind in KINDS_OF_CELL)
    return f"d{name(x).split('⟨')[0]}⟨t⟩"


def repeated(worlds: Worlds, own: Gradients, view: View) -> Iterator[tuple[Cause, int, Gradients]]:
    """Each mistake at every step: its cause, how much it assumes, and the gradients that follow."""
    moments = worlds.chain.reader.moments
    made = {id(piece.out): moment for piece, moment in moments.items()}
    for code, where, rule in _left_out(worlds, made):
        yield Cause(code, where), 1, Repeated(worlds, own, rule)
    steps = _Steps(moments, made, view)
    for shift, wraps in SHIFTS:
        yield Cause("wrong_step_cache", _first_back(worlds, moments)), 1, Shifted(worlds, own, shift, wraps)
    for piece, x in _patterns(worlds, moments):
        for (code, where, equals), row in steps.rows(piece, x).items():
            rule = steps.everywhere((code, where, equals))
            yield Cause(code, where, equals), row.cost, Repeated(worlds, own, rule)


def _negative(piece: Piece, x: Any) -> Variant:
    return Variant("sign", "", lambda s, g: -s.world.through(piece, x, g))


def _left_out(worlds: Worlds, made: dict[int, Moment]) -> Iterator[tuple[Code, str, Rule]]:
    """What comes back from the next step is forgotten, for each state; or all but that; or the sign is wrong."""
    name, moments = worlds.chain.reader.name, worlds.chain.reader.moments

    def is_next(piece: Piece, x: Any) -> bool:
        a, b = made.get(id(x)), moments.get(piece)
        return a is not None and b is not None and a.cell is b.cell and a.t != b.t

    handed_on = {id(x): x for piece in moments for x in piece.operands if is_next(piece, x)}

    def forgets(letter: str, code: Code) -> Rule:
        def rule(piece: Piece, x: Any) -> bool:
            if id(x) not in handed_on or name(x).split("⟨")[0] != letter:
                return False
            if code == "missing_next_step":
                return is_next(piece, x)
            used = moments.get(piece)
            return used is None or used.cell is not made[id(x)].cell

        return rule

    for letter in sorted({name(x).split("⟨")[0] for x in handed_on.values()}):
        for code in LEFT_OUT:
            yield code, f"d{letter}⟨t⟩", forgets(letter, code)
        yield "sign", f"d{letter}⟨t⟩", _turned_round(worlds, made, letter)


def _turned_round(worlds: Worlds, made: dict[int, Moment], letter: str) -> Rule:
    """All parts of the gradient of a state have the wrong sign."""
    name = worlds.chain.reader.name
    return lambda piece, x: _negative(piece, x) if id(x) in made and name(x).split("⟨")[0] == letter else None


def _patterns(worlds: Worlds, moments: dict[Piece, Moment]) -> Iterator[tuple[Piece, Any]]:
    """A step in the middle of each cell, with one before it: its pieces, and what of it has a gradient."""
    for piece, moment in moments.items():
        if moment.t == moment.cell.steps // 2 + 1 and piece.kind in ("recurrent", "activation", "cell"):
            own = dict.fromkeys(x for x in piece.operands if getattr(x, "requires_grad", False))
            yield from ((piece, x) for x in own)


Key = tuple[Code, str, str]  # of a row: its cause, where it is and what it equals, with t for the time


class _Steps:
    """The rows of all steps, each by what it is called: the same at every time."""

    def __init__(self, moments: dict[Piece, Moment], made: dict[int, Moment], view: View) -> None:
        self.moments, self.made, self.view = moments, made, view
        self.found: dict[tuple[Piece, int], dict[Key, Variant]] = {}

    def rows(self, piece: Piece, x: Any) -> dict[Key, Variant]:
        """What may stand for the part of a piece of a step, and that part with the wrong sign."""
        known = self.found.get((piece, id(x)))
        if known is None:
            known = self.found[piece, id(x)] = {}
            t = self.made.get(id(x), self.moments[piece]).t  # when x was computed, or else is used
            where = write_t(self.view.d(x), t)
            for row in (*variants(piece, x, self.view), _negative(piece, x), *self._dropped(piece, x)):
                if isinstance(row, Variant):
                    known.setdefault((row.code, where, write_t(row.equals, t)), row)
        return known

    def _dropped(self, piece: Piece, x: Any) -> Iterator[Variant]:
        """One of several terms left out; of two only that of the same step: else `_left_out` has both."""
        others = [term.formula.text for term in self.view.reader.terms(x) if term.piece is not piece]
        made = self.made.get(id(x))
        if made is not None and (len(others) > 1 or (others and self.moments[piece].t == made.t)):
            yield Variant("missing_term", " + ".join(others), lambda s, g: 0 * s.world.through(piece, x, g))

    def everywhere(self, key: Key) -> Rule:
        """The rows that are called so."""
        return lambda piece, x: self.rows(piece, x).get(key) if piece in self.moments else None
