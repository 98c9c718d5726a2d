"""Derivations through time: one step with t for its time stands for all, and weights sum over the steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..ops.formula import Formula
from .model import Quantity
from .note import Note, formula
from .reason import rule
from .recurrent import Cell
from .time import over_time, times, write_t

if TYPE_CHECKING:
    from .fold import Row
    from .read import Reader, Term


def all_times(reader: Reader, x: Any, terms: Sequence[Term]) -> list[Note] | None:
    """Why a weight's gradients of all steps add up, and the rule of one of them; None if they are no such sum."""
    timed = [t for t in terms if times(t.formula.text)]
    if over_time([t.formula.text for t in timed]) is None:
        return None
    one = timed[len(timed) // 2]
    t = times(one.formula.text)[0]
    several = Note("time", {"x": formula(reader.name(x)), "n": str(len(timed))}, "rule")
    rest = [replace(rule(reader, term), term=term.formula) for term in terms if term not in timed]
    return [several, at_time(replace(rule(reader, one), term=one.formula), t), *rest]


def at_time(note: Note, t: int) -> Note:
    """The note with t for a time."""

    def value(v: Any) -> Any:
        return timeless(v, t) if isinstance(v, Formula) else tuple(map(value, v)) if isinstance(v, tuple) else v

    values = {k: value(v) for k, v in note.values.items()}
    return replace(note, values=values, term=note.term and timeless(note.term, t))


def timeless(f: Formula, t: int) -> Formula:
    """The formula with t for a time."""
    return Formula.of(write_t(f.text, t))


def time_title(row: Row, back: bool) -> Note:
    """`LSTM, t = 1 … 10`; on the way back the other way round."""
    found = [step.moment.t for step in row.steps if step.moment is not None][:: -1 if back else 1]
    moment = row.steps[0].moment
    assert moment is not None
    span = f"t = {found[0]}" if len(found) == 1 else f"t = {found[0]}, …, {found[-1]}"
    return Note(f"title.time{'.back' * back}", {"cell": _called(moment.cell), "span": formula(span)})


def _called(cell: Cell) -> Note | str:
    if cell.kind in ("RNN", "GRU", "LSTM"):
        return " ".join(word for word in (cell.kind, cell.number, "←" * cell.turned) if word)
    return Note(f"time.{cell.kind}", family="")


def by_pattern(quantities: Iterable[Quantity]) -> list[list[Quantity]]:
    """Quantities in order, with those that differ in the time alone together."""
    found: dict[tuple[str, ...], list[Quantity]] = {}
    for q in quantities:
        own = times(q.written)
        key = tuple(write_t(text, own[0]) for text in (q.written, q.formula.text if q.formula else "")) if own else ()
        found.setdefault(key or (q.name,), []).append(q)
    return list(found.values())
