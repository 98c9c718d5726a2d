"""The health of a net: heat strips over its layers and over time, and what is wrong and what may help."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import ceil, isfinite, log10

import graphviz  # type: ignore[import-untyped]

from ..chain import recurrent
from ..chain.health import Finding, LayerHealth, findings, layer_health
from ..chain.health_time import TimeHealth, time_findings, time_health
from ..errors import PictureError
from ..language import Lang, say
from . import parts, style
from .dot import BETWEEN, CELL, Cell, Line, add_strip, new_graph
from .style import text_width
from .values import number

PER_LINE = 25  # layers, or time steps, in one strip; more go below
STEPS = tuple(style.SCALE)
GAP = 18  # points between strips
SIDE = 8  # points beside the text of a cell


def health(chain: parts.Drawable) -> graphviz.Digraph:
    """The gradients of a chain by layer, and of its recurrent cells by time step.

    Raises
    ------
    PictureError
        If the chain has no layer W A + b and no recurrent cell.
    """
    layers, cells = layer_health(chain.steps), time_health(chain.steps)
    if not layers and not cells:
        raise PictureError(
            'the view "health" compares layers W @ A + b, and time steps; this chain has none: use view="ops"'
        )
    graph = new_graph(_caption(chain, layers, cells), layout="nop")
    top = _layers(graph, layers, chain.lang) if layers else 0.0
    for n, places in enumerate(_by_place(cells)):
        top = _times(graph, f"time{n}_", places, chain.lang, top)
    scale = _scale(chain.lang, "health.scale.time" if cells else "health.scale")
    _put(graph, "scale", [scale], [_width(cell) for cell in scale], top)
    return graph


def _layers(graph: graphviz.Digraph, layers: Sequence[LayerHealth], lang: Lang) -> float:
    """Strips with a column for each layer."""
    heads = _heads(layers, lang)
    columns = [_cells(row, layers[-1]) for row in layers]
    shown = [i for i in range(len(heads)) if any(column[i].text for column in columns)]
    return _strips(graph, "strip", [heads[i] for i in shown], [[column[i] for i in shown] for column in columns], 0.0)


def _times(graph: graphviz.Digraph, name: str, rows: Sequence[TimeHealth], lang: Lang, top: float) -> float:
    """Strips of one cell with a column for each time step."""
    last = rows[0].steps[-1]
    title = say("health.time", lang, cell=parts.cell_title(recurrent.Cell(rows[0].cell, prefix=rows[0].place), lang))
    heads = [Cell(text, "page") for text in (title, *(f"‖{r.written('t')}‖ / ‖{r.written(last)}‖" for r in rows))]
    columns = [
        [Cell(str(t), "page", bold=True), *(Cell(_number(x), _level(x, 1.0)) for x in sizes)]
        for t, *sizes in sorted(zip(rows[0].steps, *(row.relative for row in rows), strict=True))
    ]
    return _strips(graph, name, heads, columns, top)


def _by_place(rows: Sequence[TimeHealth]) -> list[list[TimeHealth]]:
    """The states of each cell."""
    return [list(group) for _, group in groupby(rows, key=lambda row: (row.place, row.cell))]


def _strips(
    graph: graphviz.Digraph, name: str, heads: Sequence[Cell], columns: Sequence[Sequence[Cell]], top: float
) -> float:
    """Columns side by side, at most `PER_LINE` in a strip, from `top` down; returns the top of what comes next."""
    side = max(map(_width, heads))
    width = max(_width(cell) for column in columns for cell in column)
    for n in range(0, len(columns), PER_LINE):
        part = columns[n : n + PER_LINE]
        rows = [[head, *(column[i] for column in part)] for i, head in enumerate(heads)]
        top = _put(graph, f"{name}{n // PER_LINE}", rows, [side, *[width] * len(part)], top)
    return top


def _caption(chain: parts.Drawable, layers: Sequence[LayerHealth], cells: Sequence[TimeHealth]) -> list[Line]:
    """The diagnosis, then which convention dW follows and what is not computed."""
    over_time = time_findings(cells)
    found = [*(f for f in findings(layers) if not (f.key == "alone" and over_time)), *over_time]
    return [*(Line(_sentence(f, chain.lang), f.role, bold=True) for f in found), *parts.caption(chain)[:-1]]


def _sentence(finding: Finding, lang: Lang) -> str:
    values = {k: number(v, 2) if isinstance(v, float) else v for k, v in finding.values.items()}
    return say(f"health.{finding.key}", lang, **values)


def _heads(layers: Sequence[LayerHealth], lang: Lang) -> list[Cell]:
    last = layers[-1].layer
    texts = [
        say("health.layer", lang), say("health.activation", lang), f"‖dZ[l]‖ / ‖dZ[{last}]‖", "‖dW[l]‖ / ‖W[l]‖",
        say("health.dead_share", lang), say("health.saturated_share", lang),
    ]  # fmt: skip
    return [Cell(text, "page") for text in texts]


def _cells(row: LayerHealth, last: LayerHealth) -> list[Cell]:
    """One column: number, activation, sizes coloured against the last layer, shares; empty where it does not apply."""
    return [
        Cell(str(row.layer), "page", bold=True),
        Cell(row.label, "page"),
        Cell(_number(row.relative), _level(row.relative, 1.0)),
        Cell(_number(row.step), _level(row.step, last.step)),
        *(Cell("" if x is None else f"{x:.0%}", _alarm(x)) for x in (row.dead, row.saturated)),
    ]


def _number(x: float | None) -> str:
    return "–" if x is None else number(x, 2)


def _level(x: float | None, reference: float | None) -> str:
    """The step of the scale, two orders of magnitude each."""
    if x is None or not reference or not isfinite(x):
        return "level"
    orders = log10(x / reference) if x else -float("inf")
    return STEPS[round(min(max(orders / 2, -3), 3)) + 3]


def _alarm(share: float | None) -> str:
    if share is None:
        return "page"
    return "wrong" if share > 0.5 else "inherited" if share > 0.1 else "level"


def _scale(lang: Lang, key: str) -> list[Cell]:
    """What the colours mean."""
    orders = ("−6", "−4", "−2", "±1", "+2", "+4", "+6")
    words = [Cell(say(word, lang), "page") for word in (key, "health.small", "health.large")]
    return [*words[:2], *(Cell(text, role) for text, role in zip(orders, STEPS, strict=True)), words[2]]


def _put(graph: graphviz.Digraph, name: str, rows: list[list[Cell]], widths: list[int], top: float) -> float:
    """A strip with its upper left corner at (0, top); returns the top of the next."""
    width = sum(widths) + BETWEEN * (len(widths) + 1)
    height = (CELL + BETWEEN) * len(rows) + BETWEEN
    add_strip(graph, name, rows, widths, pos=f"{width / 2:g},{top - height / 2:g}")
    return top - height - GAP


def _width(cell: Cell) -> int:
    return ceil(text_width(cell.text, style.SMALL, cell.bold)) + 2 * SIDE
