"""Mistakes through time: one made at every step of a recurrent net, and sums over steps that stop short.

Who writes a loop backwards through time makes a mistake once in the program and T times in the numbers. So the
whole backward pass is worked out again with it at every step, and what comes out for a weight is a candidate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..autograd import data_of
from ..chain.layers import Piece
from ..chain.recurrent import Moment
from ..chain.time import write_t
from ..ops.op import Array
from .cause import Cause, Code
from .rounding import Gradients, Track, Worlds
from .variants import Scope, Variant, View, variants

Make = Callable[[int], Array]
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


def repeated(worlds: Worlds, own: Gradients, view: View) -> Iterator[tuple[Cause, int, Gradients]]:
    """Each mistake at every step: its cause, how much it assumes, and the gradients that follow."""
    moments = worlds.chain.reader.moments
    made = {id(piece.out): moment for piece, moment in moments.items()}
    for code, where, rule in _left_out(worlds, made):
        yield Cause(code, where), 1, Repeated(worlds, own, rule)
    for piece, x in _patterns(worlds, moments):
        t = _time(made, x, moments[piece])
        where = write_t(view.d(x), t)
        for row in _rows(piece, x, view):
            cause = Cause(row.code, where, write_t(row.equals, t))
            yield cause, row.cost, Repeated(worlds, own, _everywhere(moments, made, view, cause))


def _rows(piece: Piece, x: Any, view: View) -> Iterator[Variant]:
    """What may stand for the part of a piece, and that part with the wrong sign."""
    yield from (row for row in variants(piece, x, view) if isinstance(row, Variant))
    yield _negative(piece, x)


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
    """A step in the middle of each cell: its pieces, and what gradients flow to that steps have of their own."""
    for piece, moment in moments.items():
        if moment.t == (moment.cell.steps + 1) // 2 and piece.kind in ("recurrent", "activation", "cell"):
            own = dict.fromkeys(x for x in piece.operands if getattr(x, "requires_grad", False))
            yield from ((piece, x) for x in own)


def _everywhere(moments: dict[Piece, Moment], made: dict[int, Moment], view: View, cause: Cause) -> Rule:
    """The rows that are the same but for the time."""

    def search(piece: Piece, x: Any) -> Variant | None:
        moment = moments.get(piece)
        t = 0 if moment is None else _time(made, x, moment)
        if moment is None or write_t(view.d(x), t) != cause.where:
            return None
        rows = _rows(piece, x, view)
        return next((r for r in rows if (r.code, write_t(r.equals, t)) == (cause.code, cause.equals)), None)

    found: dict[tuple[Piece, int], Variant | None] = {}

    def rule(piece: Piece, x: Any) -> Variant | None:
        key = (piece, id(x))
        if key not in found:
            found[key] = search(piece, x)
        return found[key]

    return rule


def _time(made: dict[int, Moment], x: Any, user: Moment) -> int:
    """When x was computed, or else is used."""
    return made.get(id(x), user).t
