"""The health of a net: a heat strip over its layers, and a sentence on what is wrong and what may help."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, isfinite, log10

import graphviz  # type: ignore[import-untyped]

from ..chain.health import Finding, LayerHealth, findings, layer_health
from ..errors import PictureError
from ..language import Lang, say
from . import parts, style
from .dot import BETWEEN, CELL, Cell, Line, add_strip, new_graph
from .style import text_width
from .values import number

PER_LINE = 25  # layers in one strip; more go below
STEPS = tuple(style.SCALE)
GAP = 18  # points between strips
SIDE = 8  # points beside the text of a cell


def health(chain: parts.Drawable) -> graphviz.Digraph:
    """The gradients of a chain by layer.

    Raises
    ------
    PictureError
        If the chain has no layer W A + b.
    """
    layers = layer_health(chain.steps)
    if not layers:
        raise PictureError('the view "health" compares layers W @ A + b; this chain has none: use view="ops"')
    graph = new_graph(_caption(chain, layers), layout="nop")
    heads = _heads(layers, chain.lang)
    cells = [_cells(row, layers[-1]) for row in layers]
    shown = [i for i in range(len(heads)) if any(column[i].text for column in cells)]
    side = max(_width(heads[i]) for i in shown)
    width = max(_width(cell) for column in cells for cell in column)
    top = 0.0
    for n in range(0, len(layers), PER_LINE):
        line = cells[n : n + PER_LINE]
        rows = [[heads[i], *(column[i] for column in line)] for i in shown]
        top = _put(graph, f"strip{n // PER_LINE}", rows, [side, *[width] * len(line)], top)
    _put(graph, "scale", [_scale(chain.lang)], [_width(cell) for cell in _scale(chain.lang)], top)
    return graph


def _caption(chain: parts.Drawable, layers: Sequence[LayerHealth]) -> list[Line]:
    """The diagnosis, then which convention dW follows and what is not computed."""
    lines = [Line(_sentence(f, chain.lang), f.role, bold=True) for f in findings(layers)]
    return [*lines, *parts.caption(chain)[:-1]]


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


def _scale(lang: Lang) -> list[Cell]:
    """What the colours mean."""
    orders = ("−6", "−4", "−2", "±1", "+2", "+4", "+6")
    words = [Cell(say(f"health.{key}", lang), "page") for key in ("scale", "small", "large")]
    return [*words[:2], *(Cell(text, role) for text, role in zip(orders, STEPS, strict=True)), words[2]]


def _put(graph: graphviz.Digraph, name: str, rows: list[list[Cell]], widths: list[int], top: float) -> float:
    """A strip with its upper left corner at (0, top); returns the top of the next."""
    width = sum(widths) + BETWEEN * (len(widths) + 1)
    height = (CELL + BETWEEN) * len(rows) + BETWEEN
    add_strip(graph, name, rows, widths, pos=f"{width / 2:g},{top - height / 2:g}")
    return top - height - GAP


def _width(cell: Cell) -> int:
    return ceil(text_width(cell.text, style.SMALL, cell.bold)) + 2 * SIDE
