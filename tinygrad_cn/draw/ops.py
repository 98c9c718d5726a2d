"""The graph of ops: one node for each recorded op, with its result; layers are framed.

Graphviz lays out a graph whose edges are short. It takes minutes where many edges pass many ops, and a column
of many hundred ops cannot be read, so other graphs are set in columns like a text (`columns.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

import graphviz  # type: ignore[import-untyped]

from ..autograd import ancestors
from ..chain import Chain
from ..errors import PictureError
from ..language import say
from . import parts, style
from .columns import in_columns
from .dot import Line, add_block, add_edge, new_graph
from .glyphs import Glyph, glyphs

MAX_OPS = 5000
ROUTED, REACH = 300, 2000  # nodes, and nodes passed by all edges together, that Graphviz lays out within a second
SPACING = {"rankdir": "TB", "nodesep": "0.35", "ranksep": "0.35", "newrank": "true"}


def ops(chain: Chain, values: bool = False) -> graphviz.Digraph:
    """The recorded ops of a chain; with `values` also what they computed, and the gradients.

    Raises
    ------
    PictureError
        For more than 5,000 ops.
    """
    nodes = [node for node in ancestors(chain.root, frozen=True) if node._op is not None]
    if len(nodes) > MAX_OPS:
        raise PictureError(
            f'the view "ops" holds {MAX_OPS} ops; this graph has {len(nodes)}. view="ladder" and view="blocks" fold '
            "equal layers; or draw the chain of an inner tensor"
        )
    shown = list(glyphs(chain, nodes, values))
    if len(shown) <= ROUTED and _reach(shown) <= REACH:
        return _routed(chain, shown, values)
    graph = new_graph(_caption(chain, values, "legend.columns"), layout="nop", splines="line")
    in_columns(graph, shown, chain.lang)
    return graph


def _reach(shown: Sequence[Glyph]) -> int:
    """How many nodes all edges pass together."""
    place = {g.name: i for i, g in enumerate(shown)}
    return sum(place[g.name] - place[name] for g in shown for name in g.inputs)


def _caption(chain: Chain, values: bool, how: str) -> list[Line]:
    """How to read it; with values also which convention the gradients follow."""
    lines = [Line(say(how, chain.lang), "cache", style.SMALL)]
    return [*parts.caption(chain)[:-1], *lines] if values else lines


def _routed(chain: Chain, shown: Sequence[Glyph], values: bool) -> graphviz.Digraph:
    graph = new_graph(_caption(chain, values, "legend.ops"), **SPACING)
    for layer, members in groupby(sorted(shown, key=lambda g: g.layer), key=lambda g: g.layer):
        if layer == 0:
            _add_all(graph, members)
            continue
        with graph.subgraph(name=f"cluster_{layer}") as frame:
            frame.attr(label=say("layer", chain.lang, l=layer), fontsize=str(style.TITLE), style="rounded", margin="12")
            frame.attr(color=style.colour("page", "line"), fontcolor=style.colour("page", "ink"), labeljust="l")
            _add_all(frame, members)
    known = {g.name: g for g in shown}
    for g in shown:
        for i, name in enumerate(dict.fromkeys(g.inputs)):
            add_edge(graph, name, g.name, known[name].role, weight="8" if known[name].inputs and i == 0 else "1")
    for before, after in _openings(shown, known):
        graph.edge(before, after, style="invis")
    return graph


def _add_all(graph: graphviz.Digraph, members: Iterable[Glyph]) -> None:
    for g in members:
        add_block(graph, g.name, g.block, group="spine" if g.inputs else "")


def _openings(shown: Sequence[Glyph], known: Mapping[str, Glyph]) -> Iterator[tuple[str, str]]:
    """What enters a layer stands above the parameters of the layer, so that frames do not overlap."""
    for _, members in groupby((g for g in shown if g.layer), key=lambda g: g.layer):
        inside = list(members)
        own = {g.name for g in inside}
        entering = [name for g in inside for name in g.inputs if name not in own and known[name].layer != g.layer]
        yield from ((name, g.name) for name in dict.fromkeys(entering) for g in inside if not g.inputs)
