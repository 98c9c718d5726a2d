"""Feature maps: squares behind each other, with the window that moves over them and what it makes.

The drawing is that of Y. LeCun et al., "Gradient-based learning applied to document recognition", Proceedings of
the IEEE 86 (1998), figure 2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import sqrt

import graphviz  # type: ignore[import-untyped]

from . import style
from .dot import Band, Block, Line, add_block, add_edge
from .style import colour

SHOWN = 5  # maps
LARGEST, SMALLEST = 96.0, 16.0  # sides, in points
BEHIND = 7.0  # how far a map peeps out behind the one before it
TIGHT = 24.0  # between maps and what is written beside them
AWAY = 0.2  # how far from its middle a window stands on a map, as a part of its side
ENTRY = 7.0  # the side of an entry


@dataclass(frozen=True)
class Maps:
    """The feature maps of a layer.

    Attributes
    ----------
    height_of_image, width_of_image, channels : int
        n_H, n_W, n_C.
    window : str
        How they were made of the maps before: "f = 3, s = 1, p = 0"; "" if they were not.
    largest : int
        The largest side of any map in the picture, in pixels.
    """

    height_of_image: int
    width_of_image: int
    channels: int
    window: str = ""
    largest: int = 1

    @property
    def sides(self) -> tuple[float, float]:
        """Width and height of one map, in points: the root of its pixels, so that small ones can be seen."""
        scale = LARGEST / sqrt(self.largest)
        width, height = (max(scale * sqrt(n), SMALLEST) for n in (self.width_of_image, self.height_of_image))
        return width, height

    @property
    def shown(self) -> int:
        """How many are drawn."""
        return min(self.channels, SHOWN)

    @property
    def shift(self) -> float:
        """From the first map to the last."""
        return BEHIND * (self.shown - 1)

    @property
    def width(self) -> float:
        """Of all maps together, in points."""
        return self.sides[0] + self.shift

    @property
    def height(self) -> float:
        """The same."""
        return self.sides[1] + self.shift

    @property
    def room(self) -> float:
        """What the lines and the words before the maps need."""
        return max((style.text_width(line, style.SMALL) for line in self.lines), default=0) + 2 * TIGHT

    @property
    def lines(self) -> list[str]:
        """Size, stride and padding, each on a line."""
        return re.split(", (?=[a-z])", self.window) if self.window else []

    @property
    def f(self) -> int:
        """The side of the window in the maps before; 0 for a window as large as they are."""
        match = re.match(r"f = (\d+)", self.window)
        return int(match[1]) if match else 0


Point = tuple[float, float]


def add_maps(graph: graphviz.Digraph, name: str, maps: Maps, role: str, middle: Point, border: int) -> None:
    """The maps around a point, the last one at the back, at the top right."""
    for i in reversed(range(maps.shown)):
        off = BEHIND * i - maps.shift / 2
        place = (middle[0] + off, middle[1] + off)
        _add_square(graph, f"{name}_{i + 1}", place, maps.sides, role, penwidth=str(border))


def add_window(
    graph: graphviz.Digraph, source: str, target: str, maps: Maps, made: Maps, ends: tuple[Point, Point]
) -> None:
    """A window on the first map, the entry of the next that it makes, and how it moves; `ends` are their middles."""
    (x, y), (x_made, y_made) = (_first(m, end) for m, end in zip((maps, made), ends, strict=True))
    window, entry = f"{source}_{target}_window", f"{target}_entry"
    pixels = (maps.width_of_image, maps.height_of_image)
    sides = tuple(side * min(made.f / n, 1) if made.f else side for side, n in zip(maps.sides, pixels, strict=True))
    aside, down = (min(AWAY * side, (side - part) / 2) for side, part in zip(maps.sides, sides, strict=True))
    _add_square(graph, window, (x - aside, y - down), sides, "parameter")
    _add_square(graph, entry, (x_made, y_made + 1.5 * AWAY * made.sides[1]), (ENTRY, ENTRY), "parameter")
    for corner in ("ne", "se"):
        add_edge(graph, f"{window}:{corner}", f"{entry}:w", "parameter", arrowhead="none", penwidth="1")
    if made.lines:
        lines = tuple(Line(text, "parameter", style.SMALL) for text in made.lines)
        words = Block("page", (Band("page", lines),), border=0, align="CENTER")
        left, right = x + maps.sides[0] / 2 + maps.shift, x_made - made.sides[0] / 2
        below = min(y - maps.sides[1] / 2, y_made - made.sides[1] / 2)
        add_block(graph, f"{target}_moves", words, pos=f"{(left + right) / 2:.1f},{below - words.height / 2:.1f}")


def add_flattening(graph: graphviz.Digraph, source: str, target: str, last: int) -> None:
    """From the first map to the ends of the column that it is laid flat into."""
    for corner, unit in (("ne", 1), ("se", last)):
        look = {"arrowhead": "none", "penwidth": "1"}
        add_edge(graph, f"{source}_1:{corner}", f"{target}_{unit}:w", "op", **look)


def _first(maps: Maps, middle: Point) -> Point:
    """The middle of the map at the front."""
    return middle[0] - maps.shift / 2, middle[1] - maps.shift / 2


def _add_square(
    graph: graphviz.Digraph, name: str, middle: Point, sides: tuple[float, ...], role: str, **more: str
) -> None:
    size = {"width": f"{sides[0] / 72:.3f}", "height": f"{sides[1] / 72:.3f}", "fixedsize": "true", "label": ""}
    paint = {"fillcolor": colour(role, "fill"), "color": colour(role, "line")}
    graph.node(name, pos=f"{middle[0]:.1f},{middle[1]:.1f}", shape="box", style="filled", **size, **paint, **more)
