"""The ladder: forward down the left, backward up the right, one row a step."""

from __future__ import annotations

import graphviz  # type: ignore[import-untyped]

from .grid import Way, grid
from .parts import Drawable

DOWN = Way(
    spacing={"rankdir": "TB", "nodesep": "0.45", "ranksep": "0.4", "newrank": "true"},
    before="n",
    after="s",
    leave={"f": "b{last}:e", "b": "b{last}:w"},
    enter={"f": "b0:e", "b": "b0:w"},
    loop={"f": "e", "b": "w"},
    room={},
    across=True,
)


def ladder(chain: Drawable, values: bool = False, unroll: bool | None = None) -> graphviz.Digraph:
    """The chain as a ladder; raises like `grid`."""
    return grid(chain, DOWN, values, unroll)
