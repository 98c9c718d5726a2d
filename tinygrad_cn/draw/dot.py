"""DOT for pictures: blocks of coloured bands as HTML tables of fixed size, edges by role.

Everything that knows DOT's spelling is here. Node names are the caller's, so the text is the same on
every run.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

import graphviz  # type: ignore[import-untyped]

from . import style
from .style import colour, text_width

PADDING = 8  # points around the text of a band
INDENT = "    "  # of the continued lines of a formula
LEADING = 1.35  # line height over font size
PILL = 21.6  # height of a pill
WIDE, CLOSING = "\u2e80-\uffef", "，。：；、）」"  # Chinese signs, and those that no line begins with
CELL, BETWEEN = 24, 2  # height of a cell of a strip, and the gap to the next


@dataclass(frozen=True)
class Line:
    """One line of text."""

    text: str
    role: str
    size: int = style.FORMULA
    bold: bool = False

    @property
    def width(self) -> float:
        """In points."""
        return text_width(self.text, self.size, self.bold)

    @property
    def height(self) -> int:
        """Of the line with its leading, in points."""
        return ceil(self.size * LEADING)


@dataclass(frozen=True)
class Band:
    """Lines on one coloured area; `quantity` names the one they are about."""

    role: str
    lines: tuple[Line, ...]
    quantity: str = ""

    @property
    def width(self) -> int:
        """Of the widest line and the padding, in points."""
        return ceil(max(line.width for line in self.lines)) + 2 * PADDING

    @property
    def height(self) -> int:
        """Of all lines and the padding, in points."""
        return sum(line.height for line in self.lines) + 2 * PADDING


@dataclass(frozen=True)
class Block:
    """A box of bands, its border in the colour of a role.

    Edges may end at its bands, by the ports b0, b1 and so on.
    """

    role: str
    bands: tuple[Band, ...]
    rounded: bool = False
    border: int = 1
    align: str = "LEFT"

    @property
    def width(self) -> int:
        """Smallest width that holds every line, in points."""
        return max(band.width for band in self.bands)

    @property
    def height(self) -> int:
        """Smallest height that holds every line, in points."""
        return sum(band.height for band in self.bands)

    def heights(self, total: int = 0) -> list[int]:
        """Height of each band when the block is `total` points high: those below the title share what is spare."""
        below = max(len(self.bands) - 1, 1)
        spare = max(total - self.height, 0)
        shares = [spare * (i + 1) // below - spare * i // below for i in range(below)]
        shares = [0] * (len(self.bands) - below) + shares
        return [band.height + share for band, share in zip(self.bands, shares, strict=True)]


def new_graph(caption: Iterable[Line], **attributes: str) -> graphviz.Digraph:
    """An empty graph on the page colour with a caption at the top left."""
    graph = graphviz.Digraph("chain", graph_attr={"bgcolor": colour("page", "fill"), "pad": "0.25"} | attributes)
    graph.attr(fontname=style.FONT, labelloc="t", labeljust="l", label=_caption(tuple(caption)))
    graph.attr("node", fontname=style.FONT, shape="plain")
    graph.attr("edge", fontname=style.FONT, fontsize=str(style.FORMULA), arrowsize="0.7", penwidth="1.5")
    return graph


def add_block(graph: graphviz.Digraph, name: str, block: Block, width: int = 0, height: int = 0, **more: str) -> None:
    """A node that is a block, at least `width` by `height` points."""
    graph.node(name, label=_table(block, max(width, block.width), max(height, block.height)), **more)


def add_pill(graph: graphviz.Digraph, name: str, text: str, role: str, **more: str) -> None:
    """A small rounded node with one centred line."""
    inches = pill_width(text) / 72
    size = {"fixedsize": "true", "width": f"{inches:.3f}", "height": "0.3", "fontsize": str(style.SMALL)}
    paint = {"fillcolor": colour(role, "fill"), "color": colour(role, "line"), "fontcolor": colour(role, "ink")}
    graph.node(name, label=graphviz.escape(text), shape="box", style="rounded,filled", **size, **paint, **more)


@dataclass(frozen=True)
class Cell:
    """One cell of a strip: a centred line on the colour of a role."""

    text: str
    role: str
    bold: bool = False


def add_strip(
    graph: graphviz.Digraph, name: str, rows: Sequence[Sequence[Cell]], widths: Sequence[int], **more: str
) -> None:
    """A node that is a table of small coloured cells, each `CELL` points high, with columns of given widths."""
    lines = "".join(f"<TR>{''.join(map(_cell, row, widths))}</TR>" for row in rows)
    graph.node(
        name,
        label=f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="{BETWEEN}" CELLPADDING="0">{lines}</TABLE>>',
        **more,
    )


def _cell(cell: Cell, width: int) -> str:
    text = _text(Line(cell.text, cell.role, style.SMALL, cell.bold)) if cell.text else ""
    paint = "" if cell.role == "page" else f' BGCOLOR="{colour(cell.role, "fill")}"'
    return f'<TD FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{CELL}"{paint}>{text}</TD>'


def add_circle(graph: graphviz.Digraph, name: str, text: str, role: str, diameter: float, **more: str) -> None:
    """A round node with one centred line, `diameter` points wide."""
    size = {"fixedsize": "true", "width": f"{diameter / 72:.3f}", "fontsize": str(style.SMALL)}
    paint = {"fillcolor": colour(role, "fill"), "color": colour(role, "line"), "fontcolor": colour(role, "ink")}
    graph.node(name, label=graphviz.escape(text), shape="circle", style="filled", **size, **paint, **more)


def pill_width(text: str) -> float:
    """How wide a pill is, in points; it is `PILL` high."""
    return text_width(text, style.SMALL) + 2 * PADDING


def add_point(graph: graphviz.Digraph, name: str, role: str, **more: str) -> None:
    """A point that an edge passes through: a stroke as long as the gap Graphviz leaves there."""
    size = {"fixedsize": "true", "width": "0.021", "height": "0.056", "penwidth": "0"}
    look = {"shape": "box", "style": "filled", "fillcolor": colour(role, "line"), "color": colour(role, "line")}
    graph.node(name, label="", **size, **look | more)


def add_edge(graph: graphviz.Digraph, tail: str, head: str, role: str, label: str = "", **more: str) -> None:
    """An edge in the colour of a role; gradients are always dashed, caches dotted."""
    look = {"gradient": {"style": "dashed"}, "cache": {"style": "dotted"}}.get(role, {})
    text = {"label": f"  {graphviz.escape(label)}  ", "fontcolor": colour(role, "ink")} if label else {}
    graph.edge(tail, head, **{"class": role, "color": colour(role, "line")} | look | text | more)


def wrap(text: str, size: int, limit: float) -> list[str]:
    """Break a formula before an operator where a line would exceed `limit` points, outside brackets if it can.

    Examples
    --------
    >>> wrap("J = a (b + c) − d", 10, 70)
    ['J = a (b + c)', '    − d']
    """
    lines = []
    while text_width(text, size) > limit:
        places = [m.start() for m in re.finditer(r"(?<=\S) [+−⊙·] ", text)]
        fitting = [at for at in places if text_width(text[:at], size) <= limit] or places[:1]
        if not fitting:
            break
        at = min(fitting, key=lambda at: (_depth(text[:at]), text[at + 1] in "⊙·", -at))
        lines.append(text[:at])
        text = INDENT + text[at + 1 :]
    return [*lines, text]


def wrap_words(text: str, size: int, limit: float) -> list[str]:
    """Break a sentence where a line would exceed `limit` points: at spaces, and anywhere in Chinese.

    Examples
    --------
    >>> wrap_words("dZ[1] 的符号错了。", 10, 60)
    ['dZ[1] 的符号', '错了。']
    """
    lines = [""]
    for word in re.findall(rf"[{WIDE}][{CLOSING}]*|[^{WIDE}\s]+|\s+", text):
        if lines[-1] and text_width(lines[-1] + word.rstrip(), size) > limit:
            lines.append("")
        lines[-1] += word if lines[-1] else word.lstrip()
    return [line.rstrip() for line in lines if line.strip()]


def _depth(text: str) -> int:
    """How many brackets are open at the end."""
    return sum(text.count(c) for c in "([{") - sum(text.count(c) for c in ")]}")


def _table(block: Block, width: int, height: int) -> str:
    rows = []
    for i, (band, grown) in enumerate(zip(block.bands, block.heights(height), strict=True)):
        # Only bands of another role are painted: neighbours of one colour would show a seam, and square corners.
        fill = f' BGCOLOR="{colour(band.role, "fill")}"' if band.role != block.role else ""
        size = f'WIDTH="{width}" HEIGHT="{grown}" CELLPADDING="{PADDING}"'
        text = _lines(band.lines, width - 2 * PADDING, grown - 2 * PADDING, block.align)
        rows.append(f'<TR><TD PORT="b{i}" ALIGN="LEFT" {size}{fill}>{text}</TD></TR>')
    shape = ' STYLE="ROUNDED"' if block.rounded else ""
    paint = f'COLOR="{colour(block.role, "line")}" BGCOLOR="{colour(block.role, "fill")}"'
    return f'<<TABLE BORDER="{block.border}" CELLBORDER="0" CELLSPACING="0" {paint}{shape}>{"".join(rows)}</TABLE>>'


def _caption(lines: tuple[Line, ...]) -> str:
    gap = 10  # to the picture below
    width = Band("page", lines).width
    return f"<{_lines(lines, width, sum(line.height for line in lines) + gap)}>"


def _lines(lines: tuple[Line, ...], width: int, height: int, align: str = "LEFT") -> str:
    """Lines of text from the top, in a table of its own that does not grow with its cell."""
    rows = "".join(f'<TR><TD ALIGN="{align}" HEIGHT="{line.height}">{_text(line)}</TD></TR>' for line in lines)
    spare = height - sum(line.height for line in lines)
    rows += f'<TR><TD HEIGHT="{spare}"></TD></TR>' if spare else ""
    size = f'FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{height}"'
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0" {size}>{rows}</TABLE>'


def _text(line: Line) -> str:
    text = html.escape(line.text, quote=False)
    text = f"<B>{text}</B>" if line.bold else text
    return f'<FONT POINT-SIZE="{line.size}" COLOR="{colour(line.role, "ink")}">{text}</FONT>'
