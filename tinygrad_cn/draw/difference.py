"""The report of a comparison as a picture: the way back from the cost, each gradient with its mark and reason."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import graphviz  # type: ignore[import-untyped]

from ..chain.fold import Row as Run
from ..chain.fold import fold
from ..chain.model import Quantity, Step
from ..check.report import Report
from ..check.row import MARKS, Row
from ..errors import PictureError
from ..language import say
from . import parts, style
from .dot import Band, Block, Line, add_block, add_edge, new_graph, wrap, wrap_words
from .grid import MAX_ROWS

LIMIT = 260  # points; longer lines are broken
SENTENCE_END = re.compile(r"(?<=。)|(?<=\.) ")
ROLES = {"agree": "ok", "inherited": "inherited", "missing": "cache"}  # everything else is wrong
SPACING = {"rankdir": "RL", "nodesep": "0.25", "ranksep": "0.45"}


@dataclass(frozen=True)
class Place:
    """A node: one gradient, or the same gradient of a run of equal layers.

    Attributes
    ----------
    name : str
        In DOT.
    quantity : Quantity
        What is written; in a run with l for the layer.
    rows : tuple of Row
        What the report says of it, one for each layer of a run; empty if it was not given.
    count : int
        How many layers it stands for.
    end : bool
        Whether nothing follows from it: the gradient of a parameter.
    """

    name: str
    quantity: Quantity
    rows: tuple[Row, ...]
    count: int
    end: bool

    @property
    def role(self) -> str:
        """Its colour."""
        return ROLES.get(self.rows[0].verdict, "wrong") if self.rows else "cache"


def difference(report: Report) -> graphviz.Digraph:
    """The gradients of a report, from the cost at the right back to the input.

    Raises
    ------
    PictureError
        For more than 2,000 rows.
    """
    runs = list(_runs(report))
    if len(runs) > MAX_ROWS:
        raise PictureError(f"the picture of a report holds {MAX_ROWS} rows; this chain has {len(runs)}")
    graph = new_graph(_caption(report), **SPACING)
    places = _places(report, runs)
    for place in dict.fromkeys(places.values()):
        add_block(graph, place.name, _block(report, place), group="" if place.end else "spine")
    edges = dict.fromkeys(edge for run in runs for edge in _edges(run.steps[-1]))
    for before, after in edges:
        if before in places and after in places:
            _add_edge(graph, places[before], places[after])
    return graph


def _caption(report: Report) -> list[Line]:
    unknown = [row for row in report.rows if row.verdict in ("unknown_name", "frozen")]
    lines = [Line(report.summary, "page", style.TITLE, bold=True)]
    *notes, last = report.notes
    if report.first_wrong is None:
        notes.append(last)
    else:
        lines.append(Line(last, "wrong", style.TITLE, bold=True))  # which one to mend first
    said = [f"{MARKS[row.verdict]} {row.written}: {say(f'verdict.{row.verdict}', report.lang)}" for row in unknown]
    return [*lines, *(Line(text, "cache", style.SMALL) for text in [*said, *notes])]


# ---- which gradients there are ----------------------------------------------------------------------


def _runs(report: Report) -> Iterator[Run]:
    """Rows of the chain from the cost back; a run of equal layers is cut where their verdicts differ."""
    given = {row.name: row.verdict for row in report.rows}

    def verdicts(step: Step) -> list[str | None]:
        return [given.get(q.name) for q in _gradients(step)]

    for row in reversed(fold(report.chain.steps)):
        for _, same in groupby(reversed(row.steps), key=verdicts):
            steps = tuple(reversed(list(same)))
            wrong = {"wrong", "shape"} & set(verdicts(steps[0]))
            if len(steps) > 1 and not wrong:
                yield Run(row.step, steps)
            else:
                yield from (Run(step, (step,)) for step in reversed(steps))


def _places(report: Report, runs: Sequence[Run]) -> dict[str, Place]:
    """Where each gradient is shown, by name. What was not given and need not be is left out."""
    given = {row.name: row for row in report.rows}
    places: dict[str, Place] = {}
    for run in runs:
        ends = {*run.step.gradients, *(s.gradient for s in run.step.sources if s.quantity.role == "parameter")}
        for i, q in enumerate(_gradients(run.step)):
            names = [_gradients(step)[i].name for step in run.steps]
            rows = tuple(given[name] for name in names if name in given)
            if q.optional and not rows:
                continue
            place = Place(f"d{len(places)}", q, rows, len(run.steps), q in ends)
            places |= {name: place for name in names if name not in places}
    return places


def _gradients(step: Step) -> list[Quantity]:
    """What a step works out: its own gradients, and those of what it takes from elsewhere, as a penalty takes W."""
    return list(dict.fromkeys([*step.backward_order, *(s.gradient for s in step.sources if s.gradient)]))


def _edges(step: Step) -> Iterator[tuple[str, str]]:
    """(gradient, gradient that follows from it) within a step: dÃ gives dA, dA gives dZ, dZ gives the rest."""
    computed = [f"d{q.name}" for q in step.forward]
    above = dict(pairwise(computed))
    for q in _gradients(step):
        yield above.get(q.name, computed[0]), q.name


# ---- what is written -------------------------------------------------------------------------------


def _block(report: Report, place: Place) -> Block:
    """Mark, name and shape; below, the formula and how large the error is, or why it is wrong."""
    q, border = place.quantity, parts.THICK if place.role == "wrong" or place.count > 1 else 1
    mark = f"{MARKS[place.rows[0].verdict]} " if place.rows else ""
    times = f"  × {place.count}" if place.count > 1 else ""
    title = Line(f"{mark}{q.written}  {q.shape or ''}{times}", place.role, style.TITLE, bold=True)
    lines = [Line(text, "op", style.SMALL) for text in _body(report, place)]
    return Block(
        place.role, (Band(place.role, (title,)), *([Band("op", tuple(lines))] if lines else [])), border=border
    )


def _body(report: Report, place: Place) -> list[str]:
    formula = [] if place.quantity.formula is None else wrap(place.quantity.formula.text, style.SMALL, LIMIT)
    if not place.rows:
        return [*formula, say("verdict.missing", report.lang)]
    worst = max(place.rows, key=lambda row: row.error)
    if worst.causes:
        error = report.error_text(worst)
        sentences = SENTENCE_END.split(worst.explanation(report.lang))
        return [line for text in [*sentences, error] for line in wrap_words(text, style.SMALL, LIMIT)]
    verdict = say(f"verdict.{worst.verdict}", report.lang)
    return [*formula, *wrap_words(verdict, style.SMALL, LIMIT), report.error_text(worst)]


def _add_edge(graph: graphviz.Digraph, before: Place, after: Place) -> None:
    weight = "1" if after.end else "9"
    width = "2.2" if before.role == "wrong" else "1.5"
    add_edge(graph, before.name, after.name, before.role, style="dashed", weight=weight, penwidth=width)
