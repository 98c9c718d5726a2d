"""The overview of blocks: forward along the top to the right, backward along the bottom to the left, cache between.

As in the notes: Ng, Deep Learning Specialization, course 1, week 4, "Building blocks of deep neural networks".
"""

from __future__ import annotations

import graphviz  # type: ignore[import-untyped]

from .grid import Way, grid
from .parts import Drawable

RIGHT = Way(
    spacing={"rankdir": "LR", "nodesep": "0.3", "ranksep": "0.35"},
    before="w",
    after="e",
    leave={"f": "se", "b": "ne"},
    enter={"f": "s", "b": "n"},  # at a corner Graphviz loses edges of wide pictures
    loop={"f": "e", "b": "e"},
    room={"ranksep": "0.9"},
    across=False,
)


def blocks(chain: Drawable, values: bool = False, unroll: bool | None = None) -> graphviz.Digraph:
    """The chain as blocks from left to right; raises like `grid`."""
    return grid(chain, RIGHT, values, unroll)
