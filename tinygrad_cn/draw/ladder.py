"""The ladder: forward down the left, backward up the right, one row a step.

A row has five places from left to right: parameters (p), forward (f), cache (c), backward (b) and
gradients (g). Edges that skip rows run in lanes: next to forward (k), next to backward (r).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import graphviz  # type: ignore[import-untyped]

from ..chain.model import Quantity, Source
from ..language import Lang
from . import parts
from .dot import Block, add_block, add_edge, add_pill, add_point, new_graph
from .fold import Row, fold

STRAIGHT = {"weight": "100"}  # keeps a column straight


@dataclass(frozen=True)
class Rung:
    """One row laid out: the blocks of its places."""

    row: Row
    blocks: dict[str, Block]
    cache: str
    sources: tuple[tuple[int, Source], ...]  # with the index of the row each comes from


@dataclass(frozen=True)
class Skip:
    """An edge past the rows between `top` and `bottom`, in a lane of its own."""

    top: int
    bottom: int
    lane: int
    source: Source

    def passes(self, i: int) -> bool:
        """Whether it runs beside row i."""
        return self.top < i < self.bottom


def ladder(chain: parts.Drawable) -> graphviz.Digraph:
    """The chain as a ladder."""
    graph = new_graph(parts.caption(chain), rankdir="TB", nodesep="0.45", ranksep="0.4", newrank="true")
    rungs = _rungs(fold(chain.steps), chain.lang)
    skips = _skips(rungs)
    _add_nodes(graph, rungs)
    for i, rung in enumerate(rungs):
        _add_row(graph, i, rung, [s for s in skips if s.passes(i)])
    for place in "pfcbg":
        _add_column(graph, rungs, place)
    for skip in skips:
        _add_skip(graph, rungs, skip)
    return graph


# ---- what goes where --------------------------------------------------------------------------------


def _rungs(rows: Sequence[Row], lang: Lang) -> list[Rung]:
    index = {step.id: i for i, row in enumerate(rows) for step in row.steps}
    rungs = []
    shown: set[str] = set()  # gradients that already have a place
    for row in rows:
        sources = row.steps[0].sources
        others = {s.quantity.name: s for s in sources if s.step not in index}
        theirs = [s.gradient for s in others.values() if s.gradient and s.gradient.name not in shown]
        shown.update(q.name for q in theirs)
        blocks = {
            "p": parts.left_block(row, [s.quantity for s in others.values()], lang),
            "f": parts.forward_block(row, lang),
            "b": parts.backward_block(row, lang),
            "g": parts.gradient_block(row, theirs, lang),
        }
        inside = {s.step: (index[s.step], s) for s in sources if s.step in index}
        present = {place: block for place, block in blocks.items() if block}
        rungs.append(Rung(row, present, parts.cache_text(row, lang), tuple(inside.values())))
    return rungs


def _skips(rungs: Sequence[Rung]) -> list[Skip]:
    """Edges past other rows, short ones in the lanes next to the blocks."""
    spans = [(top, bottom, source) for bottom, rung in enumerate(rungs) for top, source in rung.sources]
    skips: list[Skip] = []
    for top, bottom, source in sorted(spans, key=lambda s: (s[1] - s[0], s[0])):
        if bottom - top > 1:
            taken = {s.lane for s in skips if s.top < bottom and top < s.bottom}
            lane = next(n for n in range(len(skips) + 1) if n not in taken)
            skips.append(Skip(top, bottom, lane, source))
    return skips


# ---- nodes ------------------------------------------------------------------------------------------


def _add_nodes(graph: graphviz.Digraph, rungs: Sequence[Rung]) -> None:
    """Blocks of one place have one width; forward and backward of one row have one height."""
    widths = {p: max((r.blocks[p].width for r in rungs if p in r.blocks), default=0) for p in "pfbg"}
    for i, rung in enumerate(rungs):
        height = max(rung.blocks[p].height for p in "fb" if p in rung.blocks)
        for place, block in rung.blocks.items():
            known = {"id": f"{rung.row.step.id}-{place}", "group": place}
            wide = 0 if rung.row.step.kind == "input" else widths[place]
            add_block(graph, f"{place}{i}", block, wide, height if place in "fb" else 0, **known)
        if rung.cache:
            add_pill(graph, f"c{i}", rung.cache, "cache", id=f"{rung.row.step.id}-c", group="c")


# ---- edges ------------------------------------------------------------------------------------------


def _add_row(graph: graphviz.Digraph, i: int, rung: Rung, passing: Sequence[Skip]) -> None:
    """The row from left to right, with a point where each passing lane crosses it."""
    lanes = sorted(s.lane for s in passing)
    back = sorted((s.lane for s in passing if s.source.gradient), reverse=True)
    for name, lane in [("k", n) for n in lanes] + [("r", n) for n in back]:
        add_point(graph, f"{name}{lane}_{i}", group=f"{name}{lane}")
    middle = [f"f{i}", *(f"k{n}_{i}" for n in lanes), *([f"c{i}"] if rung.cache else []), *(f"r{n}_{i}" for n in back)]
    end = next((place for place in "bg" if place in rung.blocks), None)
    if end:
        middle.append(f"{end}{i}")
    with graph.subgraph() as rank:
        rank.attr(rank="same")
        if "p" in rung.blocks:
            add_edge(rank, f"p{i}", f"f{i}", rung.blocks["p"].role)
        _add_middle(rank, middle, _turn(rung))
        if end == "b" and "g" in rung.blocks:
            add_edge(rank, f"b{i}", f"g{i}", "gradient")


def _turn(rung: Rung) -> str:
    """What joins forward and backward in a row: the cache, or at the loss the gradient itself."""
    return "gradient" if rung.row.step.kind == "loss" else "cache" if rung.cache else ""


def _add_middle(rank: graphviz.Digraph, names: Sequence[str], role: str) -> None:
    for tail, head in pairwise(names):
        if not role:
            rank.edge(tail, head, style="invis")
            continue
        clip = {"tailclip": "false"} if tail[0] in "kr" else {}
        clip |= {"headclip": "false"} if head[0] in "kr" else {}
        add_edge(rank, tail, head, role, arrowhead="normal" if head[0] in "bg" else "none", **clip)


def _add_column(graph: graphviz.Digraph, rungs: Sequence[Rung], place: str) -> None:
    """Edges down one place; invisible where nothing flows, to keep the column straight."""
    used = [i for i, rung in enumerate(rungs) if place in rung.blocks or (place == "c" and rung.cache)]
    for i, j in pairwise(used):
        source = next((s for k, s in rungs[j].sources if k == i and j == i + 1), None)
        if source is not None and place == "f":
            add_edge(graph, f"f{i}", f"f{j}", _carried(source), _label(rungs[i], source.quantity), **STRAIGHT)
        elif source is not None and place == "b" and source.gradient:
            add_edge(graph, f"b{i}", f"b{j}", "gradient", source.gradient.written, dir="back", **STRAIGHT)
        else:
            graph.edge(f"{place}{i}", f"{place}{j}", style="invis", **STRAIGHT)


def _carried(source: Source) -> str:
    return source.quantity.role if source.quantity.role in ("A", "Z") else "op"


def _label(rung: Rung, q: Quantity) -> str:
    return "" if rung.row.step.kind == "input" else q.written


def _add_skip(graph: graphviz.Digraph, rungs: Sequence[Rung], skip: Skip) -> None:
    label = skip.source.quantity.written
    _add_lane(graph, rungs, skip, "f", "k", _carried(skip.source), label)
    if skip.source.gradient and all("b" in rungs[i].blocks for i in (skip.top, skip.bottom)):
        _add_lane(graph, rungs, skip, "b", "r", "gradient", skip.source.gradient.written)


def _add_lane(
    graph: graphviz.Digraph, rungs: Sequence[Rung], skip: Skip, place: str, lane: str, role: str, label: str
) -> None:
    """From the last band of the block above, through the points, to the title of the block below."""
    side = {"f": "e", "b": "w"}[place]
    last = len(rungs[skip.top].blocks[place].bands) - 1
    through = [f"{lane}{skip.lane}_{i}" for i in range(skip.top + 1, skip.bottom)]
    stops = [f"{place}{skip.top}:b{last}:{side}", *through, f"{place}{skip.bottom}:b0:{side}"]
    for n, (tail, head) in enumerate(pairwise(stops)):
        first, final = n == 0, n == len(stops) - 2
        look = {"arrowhead": "normal" if final else "none"}
        if place == "b":
            look = {"dir": "back", "arrowtail": "normal" if first else "none"}
        clip = {} if first else {"tailclip": "false"}
        clip |= {} if final else {"headclip": "false"}
        add_edge(graph, tail, head, role, label if first else "", **look, **clip, weight="20")
