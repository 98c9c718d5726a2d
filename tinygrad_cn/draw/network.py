"""The network: neurons as circles in columns, weights as lines whose width shows how large they are.

More than six neurons of a layer are elided. Only layers W A + b have neurons and weights. Images are feature maps,
squares behind each other (`maps.py`); what convolution and pooling make of them is the next column. The result of
any other step appears as a column of its own where a layer takes it, and the caption names what is not drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import graphviz  # type: ignore[import-untyped]
import numpy as np

from ..chain.fold import Row, fold
from ..chain.model import Quantity, Step
from ..chain.names import SUBSCRIPT
from ..chain.note import AND
from ..errors import PictureError
from ..language import Lang, say
from ..ops.op import Array
from . import parts, style
from .dot import Band, Block, Line, add_block, add_circle, add_edge, new_graph
from .maps import Maps, Point, add_flattening, add_maps, add_window

FIRST, LAST, SHOWN = 3, 2, 6  # units shown before and after the dots; as many are shown without dots
GAP, APART = 12, 110  # points between units, and between columns
THIN, THICK = 0.6, 4.0  # widths of lines, for weights near 0 and for the largest of a layer
NAMED = 6  # steps the caption names
DIGITS = "₀₁₂₃₄₅₆₇₈₉"
PLAIN = str.maketrans(DIGITS, "0123456789")


@dataclass(frozen=True)
class Group:
    """The units of one layer or of one other value.

    Attributes
    ----------
    id : str
        The step that computes them.
    depth : int
        The column, from the left.
    title : tuple of str
        What stands above them.
    letter : str
        Their name without the index: "a[1]".
    count : int
        How many there are.
    role : str
        Their colour.
    source : str
        The group that feeds them through weights, "" if none.
    weights : ndarray or None
        (count, count of the source); None if not known.
    border : int
        Width of their outlines: thick for a run of equal layers.
    maps : Maps or None
        The feature maps that they are, in place of neurons.
    """

    id: str
    depth: int
    title: tuple[str, ...]
    letter: str
    count: int
    role: str
    source: str = ""
    weights: Array | None = None
    border: int = 1
    maps: Maps | None = None

    @property
    def units(self) -> list[int | None]:
        """Indices of the units shown; None for the dots."""
        if self.count <= SHOWN:
            return list(range(self.count))
        return [*range(FIRST), None, *range(self.count - LAST, self.count)]

    @property
    def heading(self) -> Block:
        """The title as a block without a border."""
        lines = (Line(self.title[0], "page", style.TITLE, bold=True), *(Line(t, "page") for t in self.title[1:]))
        return Block("page", (Band("page", lines),), border=0, align="CENTER")

    def label(self, unit: int) -> str:
        """`x₁`; a single unit has no index."""
        if self.count == 1:
            return self.letter
        letter = f"({self.letter})" if self.letter[-1] in DIGITS else self.letter
        return letter + str(unit + 1).translate(SUBSCRIPT)


@dataclass(frozen=True)
class Spread:
    """How far apart things are, in points: `pitch` from one unit to the next, `step` from column to column."""

    diameter: float
    step: float

    @property
    def pitch(self) -> float:
        """From the middle of a unit to the next."""
        return self.diameter + GAP

    def units(self, g: Group) -> float:
        """Height of the units of a group, or of its maps."""
        return self.pitch * len(g.units) if g.maps is None else g.maps.height + GAP

    def height(self, g: Group) -> float:
        """Of the title and the units of a group."""
        return g.heading.height + self.units(g)

    @staticmethod
    def of(groups: Sequence[Group]) -> Spread:
        """Wide enough for every name and title, and for what stands between maps."""
        names = [g.label(g.count - 1).translate(PLAIN) for g in groups if g.maps is None]
        diameter = max((style.text_width(name, style.SMALL) for name in names), default=0) + GAP
        between = max((g.maps.width + g.maps.room for g in groups if g.maps is not None), default=0)
        return Spread(diameter, max(diameter + APART, between, max(g.heading.width for g in groups) + GAP))


def network(chain: parts.Drawable) -> graphviz.Digraph:
    """The layers of a chain as columns of neurons.

    Raises
    ------
    PictureError
        If the chain has no layer W A + b.
    """
    rows = fold(chain.steps, blocks=False)
    if all(row.step.kind not in ("dense", "conv") for row in rows):
        raise PictureError(
            'the view "network" shows layers W @ A + b and convolutions; this chain has none: use view="ops"'
        )
    layout = _Groups(chain, rows)
    groups = _with_outputs(scaled(list(layout.found.values())), chain.steps)
    graph = new_graph(layout.caption(), layout="nop", splines="line")
    spread = Spread.of(groups)
    names = {g.id: f"g{i}" for i, g in enumerate(groups)}
    by_id = {g.id: g for g in groups}
    for g in groups:
        _add_weights(graph, g, by_id.get(g.source), names)
    columns = [[g for g in groups if g.depth == depth] for depth in sorted({g.depth for g in groups})]
    top = max(sum(map(spread.height, column)) for column in columns) / 2
    middles: dict[str, Point] = {}
    for n, column in enumerate(columns):
        middles |= _add_column(graph, column, n * spread.step, top, spread, names)
    for g in reversed(groups):  # so that an entry is seen before the window of the next layer
        _add_window(graph, g, by_id.get(g.source), names, middles)
    return graph


# ---- which units there are --------------------------------------------------------------------------


class _Groups:
    """Layers, and whatever they take that is no layer, from left to right.

    Attributes
    ----------
    found : dict
        By the step that makes it.
    """

    def __init__(self, chain: parts.Drawable, rows: Sequence[Row]) -> None:
        self.lang = chain.lang
        self.rows = rows
        self.found: dict[str, Group] = {}
        self._steps = {step.id: step for step in chain.steps}
        self._depths: dict[str, int] = {}  # of the column that a step's result stands in, or would
        self._maps: dict[str, str] = {}  # by step: the group of the maps it makes, or works on
        self._left_out: list[str] = []
        for row in rows:
            self._place(row)

    def caption(self) -> list[Line]:
        """How to read the lines, and which steps are not drawn."""
        lines = [say("legend.network", self.lang)] if any(g.maps is None for g in self.found.values()) else []
        lines += [say("legend.maps", self.lang)] * bool(self._maps)
        left_out = list(dict.fromkeys(self._left_out))
        if left_out:
            named = [*left_out[:NAMED], *(["…"] if len(left_out) > NAMED else [])]
            lines.append(say("network.left_out", self.lang, steps=AND[self.lang].join(named)))
        return [Line(text, "cache", style.SMALL) for text in lines]

    def _place(self, row: Row) -> None:
        step = row.steps[0]
        depth = max((self._depths.get(s.step, 0) for s in step.sources), default=0)
        if step.kind == "dense":
            depth = self._layer(row, depth)
        elif step.kind in ("conv", "pool") and _is_images(step):
            depth = self._moved(row, depth)
        elif _is_images(step) and any(s.step in self._maps for s in step.sources):
            self._in_place(step)
        elif step.kind not in ("input", "loss") and not (step.kind == "flatten" and step.sources[0].step in self._maps):
            self._left_out.append(parts.title(row, self.lang))
        self._depths |= {step.id: depth for step in row.steps}

    def _layer(self, row: Row, depth: int) -> int:
        """Neurons, and before them what they take."""
        source, value = row.steps[0].sources[0].step, row.steps[0].sources[0].quantity
        if source not in self.found:
            made = self._steps[source].kind != "input"
            depth += made
            self.found[source] = replace(_other(source, value, depth, self.lang), source=self._flattened(source))
        self.found[row.steps[-1].id] = _layer(row, source, depth + 1, self.lang)
        return depth + 1

    def _flattened(self, step: str) -> str:
        """The maps that a column was, before it was laid flat and perhaps thinned by dropout; "" if it was none."""
        while step not in self._maps and self._steps[step].sources and self._steps[step].kind != "dense":
            step = self._steps[step].sources[0].step
        return self._maps.get(step, "")

    def _moved(self, row: Row, depth: int) -> int:
        """Maps that a window has made of other maps."""
        source, value = row.steps[0].sources[0].step, row.steps[0].sources[0].quantity
        if source not in self._maps:
            title = say("network.input", self.lang, x=value.written.split(" ")[0])
            self.found[source] = _maps(source, depth, title, value)
            self._maps[source] = source
        out, key = row.step.forward[-1], row.steps[-1].id
        group = _maps(key, depth + 1, parts.title(row, self.lang), out, row.step.forward[0].remark)
        border = parts.THICK if row.folded else 1
        self.found[key] = replace(group, source=self._maps[source], border=border)
        self._maps |= {step.id: key for step in row.steps}
        return depth + 1

    def _in_place(self, step: Step) -> None:
        """A norm, an activation, dropout: the maps stay where they are; the first two give them another name."""
        source = next(s.step for s in step.sources if s.step in self._maps)
        key = self._maps[step.id] = self._maps[source]
        if step.kind in ("norm", "fixed_norm", "activation"):
            value = step.forward[-1]
            title = (self.found[key].title[0], value.written, self.found[key].title[-1])
            self.found[key] = replace(self.found[key], title=title, letter=value.written, role=value.role)


def _is_images(step: Step) -> bool:
    return bool(step.forward) and len(step.forward[-1].shape) == 4


def _maps(key: str, depth: int, title: str, q: Quantity, window: str = "") -> Group:
    _, height, width, channels = q.shape
    size = f"{height} × {width} × {channels}"
    written = q.written.split(" ")[0]
    heading = (title, size) if written in title else (title, written, size)
    return Group(key, depth, heading, written, channels, q.role, maps=Maps(height, width, channels, window))


def scaled(groups: Sequence[Group]) -> list[Group]:
    """Maps drawn to one scale: the largest image is as large as a map gets."""
    largest = max((max(g.maps.height_of_image, g.maps.width_of_image) for g in groups if g.maps is not None), default=1)
    return [g if g.maps is None else replace(g, maps=replace(g.maps, largest=largest)) for g in groups]


def _other(step: str, q: Quantity, depth: int, lang: Lang) -> Group:
    title = say("network.input", lang, x=q.written.split(" ")[0]) if q.role == "data" else q.written
    return Group(step, depth, (title, _size(q)), _letter(q), _count(q), q.role)


def _layer(row: Row, source: str, depth: int, lang: Lang) -> Group:
    z, out, w = row.step.forward[0], row.step.forward[-1], row.steps[0].parameters[0]
    weights = w.value
    if (
        weights is not None
        and z.formula is not None
        and z.formula.text.startswith(f"{row.step.parameters[0].written}ᵀ")
    ):
        weights = weights.T
    border = parts.THICK if row.folded else 1
    title = (parts.title(row, lang), _size(out))
    return Group(row.steps[-1].id, depth, title, _letter(out), _count(out), out.role, source, weights, border)


def _with_outputs(groups: Sequence[Group], steps: Sequence[Step]) -> list[Group]:
    """Layers that no other layer depends on are the prediction: ŷ."""
    feeding: set[str] = set()
    for step in reversed(steps):
        if step.kind == "dense" or step.id in feeding:
            feeding.update(source.step for source in step.sources)
    return [g if g.id in feeding else replace(g, letter="ŷ", title=(*g.title, f"Ŷ = {_written(g)}")) for g in groups]


def _written(g: Group) -> str:
    return g.letter[0].upper() + g.letter[1:] if "[" in g.letter else g.letter


def _letter(q: Quantity) -> str:
    """A[1] has the entries a[1]₁, X the entries x₁."""
    written = q.written.split(" ")[0]
    return written[0].lower() + written[1:]


def _count(q: Quantity) -> int:
    return q.shape[0] if q.shape else 1


def _size(q: Quantity) -> str:
    """`n[1] = 4`."""
    return " = ".join(dict.fromkeys([q.symbols.strip("()").split(",")[0] or "1", str(_count(q))]))


# ---- where they stand -------------------------------------------------------------------------------


def _add_column(
    graph: graphviz.Digraph, groups: Sequence[Group], x: float, top: float, spread: Spread, names: dict[str, str]
) -> dict[str, Point]:
    """One group with its title at the top and its units around the middle; several, one below the other.

    Returns the middle of each.
    """
    middles = {}
    total = sum(map(spread.height, groups))
    y = total / 2
    for g in groups:
        alone = len(groups) == 1
        heading = g.heading.height
        units = spread.units(g)
        add_block(graph, f"{names[g.id]}_title", g.heading, pos=_at(x, (top if alone else y) - heading / 2))
        start = (units - heading) / 2 if alone else y - heading
        middles[g.id] = (x, start - units / 2)
        if g.maps is None:
            _add_units(graph, g, names[g.id], x, start, spread)
        else:
            add_maps(graph, names[g.id], g.maps, g.role, middles[g.id], g.border)
        y -= heading + units
    return middles


def _add_units(graph: graphviz.Digraph, g: Group, name: str, x: float, top: float, spread: Spread) -> None:
    for n, unit in enumerate(g.units):
        place = _at(x, top - spread.pitch * (n + 0.5))
        if unit is None:
            lines = [Line("⋮", "page"), Line(str(g.count - FIRST - LAST), "page", style.SMALL)]
            add_block(
                graph, f"{name}_dots", Block("page", (Band("page", tuple(lines)),), border=0, align="CENTER"), pos=place
            )
            continue
        look = {"pos": place, "penwidth": str(g.border)}
        add_circle(graph, _unit(name, unit), g.label(unit), g.role, spread.diameter, **look)


def _at(x: float, y: float) -> str:
    return f"{x:.1f},{y:.1f}"


def _unit(group: str, unit: int) -> str:
    return f"{group}_{unit + 1}"


def _add_weights(graph: graphviz.Digraph, g: Group, source: Group | None, names: dict[str, str]) -> None:
    if source is None or source.maps is not None:
        return
    largest = 1.0 if g.weights is None else float(np.abs(g.weights).max(initial=0.0)) or 1.0
    for i, j in _pairs(source.units, g.units):
        w = 0.0 if g.weights is None else float(g.weights[j, i])
        width = f"{THIN + (THICK - THIN) * abs(w) / largest:.2f}"
        look = {"arrowhead": "none", "penwidth": width, "class": "weight"}
        add_edge(graph, _unit(names[source.id], i), _unit(names[g.id], j), "gradient" if w < 0 else "A", **look)


def _add_window(
    graph: graphviz.Digraph, g: Group, source: Group | None, names: dict[str, str], middles: dict[str, Point]
) -> None:
    """What makes a group of the maps before it."""
    if source is None or source.maps is None:
        return
    if g.maps is None:
        add_flattening(graph, names[source.id], names[g.id], g.count)
    else:
        ends = middles[source.id], middles[g.id]
        add_window(graph, names[source.id], names[g.id], source.maps, g.maps, ends)


def _pairs(a: Iterable[int | None], b: Sequence[int | None]) -> Iterator[tuple[int, int]]:
    return ((i, j) for i in a if i is not None for j in b if j is not None)
