"""Long graphs of ops set in columns like a text, in linear time.

An arrow joins an op with the one above it if that is an input; every other input stands at the left of the op:
a value from outside the first time it is used, else its name alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import sqrt

import graphviz  # type: ignore[import-untyped]

from ..language import Lang, say
from . import style
from .dot import PILL, Band, Block, Line, add_block, add_edge, add_pill, pill_width
from .glyphs import Glyph

GAP = 14  # points between neighbours
WIDE = 1.6  # width over height of the whole


@dataclass(frozen=True)
class Item:
    """What is put somewhere: a block, or a name alone. `role` colours the edge that leaves it."""

    name: str
    role: str
    block: Block | None = None
    text: str = ""

    @property
    def width(self) -> float:
        """In points."""
        return pill_width(self.text) if self.block is None else self.block.width

    @property
    def height(self) -> float:
        """In points."""
        return PILL if self.block is None else self.block.height


@dataclass(frozen=True)
class Entry:
    """One op of a column.

    Attributes
    ----------
    item : Item
        The op.
    beside : tuple of Item
        Inputs at its left.
    above : Glyph or None
        The op above it, if that is an input.
    heading : tuple of Item
        The layer, where one begins.
    """

    item: Item
    beside: tuple[Item, ...]
    above: Glyph | None
    heading: tuple[Item, ...]

    @property
    def height(self) -> float:
        """With everything beside it and the gap below, in points."""
        return max(self.item.height, _stack(self.at_left)) + 2 * GAP

    @property
    def at_left(self) -> tuple[Item, ...]:
        """All that stands at its left, from the top."""
        return (*self.heading, *self.beside)

    @property
    def left(self) -> float:
        """Width of what stands at its left, in points."""
        return max((i.width for i in self.at_left), default=0)

    @property
    def on_top(self) -> Entry:
        """The same at the top of a column, where no op is above it."""
        if self.above is None:
            return self
        return replace(self, above=None, beside=(_name_of(self.above, self.item.name), *self.beside))


def in_columns(graph: graphviz.Digraph, shown: Sequence[Glyph], lang: Lang) -> None:
    """Put ops and edges into a graph whose layout is "nop": every node has its place."""
    entries = list(_entries(shown, lang))
    x = 0.0
    for column in _columns(entries):
        left = max(e.left for e in column) + 2 * GAP
        width = max(e.item.width for e in column)
        y = 0.0
        for entry in column:
            _add_entry(graph, entry, x + left, y, width)
            y -= entry.height
        x += left + width + 3 * GAP


def _entries(shown: Sequence[Glyph], lang: Lang) -> Iterator[Entry]:
    known = {g.name: g for g in shown}
    met: set[str] = set()  # values from outside that have been shown
    before: Glyph | None = None
    for g in shown:
        if not g.inputs:
            continue
        above = before if before is not None and before.name in g.inputs else None
        names = [name for name in dict.fromkeys(g.inputs) if above is None or name != above.name]
        beside = tuple(_reference(known[name], g, met) for name in names)
        met.update(names)
        starts = g.layer and (before is None or before.layer != g.layer)
        heading = (_heading(g, lang),) if starts else ()
        yield Entry(_item(g), beside, above, heading)
        before = g


def _item(g: Glyph) -> Item:
    return Item(g.name, g.role, g.block)


def _reference(source: Glyph, user: Glyph, met: set[str]) -> Item:
    """The value itself where it comes from outside and is new, else its name."""
    if not source.inputs and source.name not in met:
        return _item(source)
    return _name_of(source, user.name)


def _name_of(source: Glyph, user: str) -> Item:
    return Item(f"{user}_{source.name}", source.role, text=source.said)


def _heading(g: Glyph, lang: Lang) -> Item:
    title = Band("page", (Line(say("layer", lang, l=g.layer), "page", style.TITLE, bold=True),))
    return Item(f"{g.name}_layer", "page", Block("page", (title,), border=0))


def _columns(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Columns of one height, so that the whole is somewhat wider than high."""
    width = max(e.left + e.item.width for e in entries) + 5 * GAP
    limit = sqrt(sum(e.height for e in entries) * width / WIDE)
    column: list[Entry] = []
    height = 0.0
    for entry in entries:
        if column and height + entry.height > limit:
            yield column
            column, height = [], 0.0
        column.append(entry if column else entry.on_top)
        height += column[-1].height
    yield column


def _add_entry(graph: graphviz.Digraph, entry: Entry, x: float, y: float, width: float) -> None:
    """With the left edge of its op at x and its upper edge at y."""
    height = max(entry.item.height, _stack(entry.at_left))
    _put(graph, entry.item, x, y - height / 2, width)
    top = y - (height - _stack(entry.at_left)) / 2
    for item in entry.at_left:
        _put(graph, item, x - 2 * GAP - item.width, top - item.height / 2)
        if item in entry.beside:
            add_edge(graph, f"{item.name}:e", f"{entry.item.name}:w", item.role)
        top -= item.height + GAP / 2
    if entry.above is not None:
        add_edge(graph, f"{entry.above.name}:s", f"{entry.item.name}:n", entry.above.role)


def _put(graph: graphviz.Digraph, item: Item, left: float, middle: float, width: float = 0) -> None:
    width = max(width, item.width)
    place = f"{left + width / 2:g},{middle:g}"
    if item.block is None:
        add_pill(graph, item.name, item.text, item.role, pos=place)
    else:
        add_block(graph, item.name, item.block, round(width), pos=place)


def _stack(items: Sequence[Item]) -> float:
    """Height of blocks one below the other, in points."""
    return sum(i.height + GAP / 2 for i in items)
