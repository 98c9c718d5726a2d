"""The grid: one line a step, with five places across it. `ladder` runs its lines down the page, `blocks` to the right.

The places of a line are parameters (p), forward (f), cache (c), backward (b) and gradients (g). Edges that
skip lines run down lanes, next to forward or next to backward.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import graphviz  # type: ignore[import-untyped]

from ..chain.fold import Row, fold
from ..chain.model import Quantity, Source
from ..errors import PictureError
from ..language import Lang
from . import parts
from .dot import Block, add_block, add_edge, add_pill, add_point, new_graph

STRAIGHT = {"weight": "100"}  # keeps a column straight
MAX_ROWS = 2000  # more takes the renderer many seconds, and no screen holds it


@dataclass(frozen=True)
class Way:
    """Which way the lines follow one another.

    Attributes
    ----------
    spacing : mapping
        Graph attributes: the direction and the gaps.
    before, after : str
        The sides of a point where a lane comes in and goes on.
    leave, enter : mapping
        Where on a block a lane begins and ends, by place; {last} is the number of its last band.
    loop : mapping
        The side of a block where the loop of a recurrent state is, by place.
    room : mapping
        Wider gaps, where there are such loops.
    across : bool
        Whether the places of a line lie side by side, so that blocks of one place share a width; else a height.
    """

    spacing: dict[str, str]
    before: str
    after: str
    leave: Mapping[str, str]
    enter: Mapping[str, str]
    loop: Mapping[str, str]
    room: dict[str, str]
    across: bool


@dataclass(frozen=True)
class Rung:
    """One line laid out: its blocks by place, and the lines its inputs come from."""

    row: Row
    blocks: dict[str, Block]
    cache: str
    sources: dict[int, Source]


@dataclass(frozen=True)
class Lane:
    """The way of an edge past the lines between `top` and `bottom`, beside place f or b."""

    place: str
    number: int
    top: int
    bottom: int
    role: str
    label: str

    def passes(self, i: int) -> bool:
        """Whether it runs beside line i."""
        return self.top < i < self.bottom

    def point(self, i: int) -> str:
        """The node where it passes line i."""
        return f"{self.place}{self.number}_{i}"


def grid(chain: parts.Drawable, way: Way, values: bool, unroll: bool | None = None) -> graphviz.Digraph:
    """The chain as a grid; `unroll` as for `fold`.

    Raises
    ------
    PictureError
        For more than 2,000 lines.
    """
    rows = fold(chain.steps, unroll)
    if len(rows) > MAX_ROWS:
        raise PictureError(
            f"this view holds {MAX_ROWS} rows; this chain has {len(rows)} after folding equal layers. Draw the chain "
            "of an inner tensor, or write the layers as W @ A + b so that they can be folded"
        )
    room = way.room if any(row.loops for row in rows) else {}
    graph = new_graph(parts.caption(chain), **way.spacing | room)
    rungs = rungs_of(rows, chain.lang, values)
    lanes = _lanes(rungs, "f") + _lanes(rungs, "b")
    _add_nodes(graph, rungs, way)
    for i, rung in enumerate(rungs):
        _add_row(graph, i, rung, [lane for lane in lanes if lane.passes(i)])
    for place in "pfcbg":
        _add_column(graph, rungs, place)
    for lane in lanes:
        _add_lane(graph, rungs, lane, way)
    for i, rung in enumerate(rungs):
        _add_loop(graph, i, rung, way)
    return graph


# ---- what goes where --------------------------------------------------------------------------------


def rungs_of(rows: Sequence[Row], lang: Lang, values: bool = False) -> list[Rung]:
    """The rows laid out, first to last; row i holds the nodes f{i}, b{i} and so on."""
    index = {step.id: i for i, row in enumerate(rows) for step in row.steps}
    computed = {q.name for row in rows for step in row.steps for q in step.forward}
    rungs = []
    for row in rows:
        inside: dict[int, list[Source]] = {}
        beside: dict[str, Source] = {}
        for source in row.sources:
            if source.step in index and (row.folded or source.quantity.name in computed):
                inside.setdefault(index[source.step], []).append(source)
            else:
                beside[source.quantity.name] = source
        blocks = parts.blocks(row, list(beside.values()), lang, values)
        joined = {i: _joined(sources, rows[i]) for i, sources in inside.items()}
        rungs.append(Rung(row, blocks, parts.cache_text(row, lang), joined))
    return rungs


def _joined(sources: Sequence[Source], row: Row) -> Source:
    """Several values that one row hands to another, as one edge; of many time steps, with t for the time."""
    if len(sources) == 1:
        return sources[0]
    by_id = {step.id: step for step in row.steps}

    def together(found: Sequence[Quantity]) -> Quantity:
        names = [q.written for q in found]
        if row.in_time:
            names = [row.with_index(q.written, by_id[s.step]) for q, s in zip(found, sources, strict=False)]
        return replace(found[0], written=", ".join(dict.fromkeys(names)))

    gradients = [s.gradient for s in sources if s.gradient is not None]
    return Source(sources[0].step, together([s.quantity for s in sources]), together(gradients) if gradients else None)


def _lanes(rungs: Sequence[Rung], place: str) -> list[Lane]:
    """Edges of one place past other rows; short ones run next to the blocks."""
    spans = [(bottom - top, top, bottom) for bottom, rung in enumerate(rungs) for top in rung.sources]
    lanes: list[Lane] = []
    for length, top, bottom in sorted(spans):
        carried = _carried(rungs, top, bottom, place)
        if length > 1 and carried:
            taken = {lane.number for lane in lanes if lane.top < bottom and top < lane.bottom}
            number = min(set(range(len(lanes) + 1)) - taken)
            lanes.append(Lane(place, number, top, bottom, *carried))
    return lanes


def _carried(rungs: Sequence[Rung], top: int, bottom: int, place: str) -> tuple[str, str] | None:
    """Role and label of the edge between two rows in one place; None if nothing flows there."""
    source = rungs[bottom].sources.get(top)
    if source is None or any(place not in rungs[i].blocks for i in (top, bottom)):
        return None
    if place == "f":
        known = source.quantity.role in ("A", "Z", "data")
        return source.quantity.role if known else "op", parts.carried_text(source.quantity)
    if place == "b" and source.gradient:
        return "gradient", source.gradient.written
    return None


# ---- nodes ------------------------------------------------------------------------------------------


def _add_nodes(graph: graphviz.Digraph, rungs: Sequence[Rung], way: Way) -> None:
    """Blocks of one place have one width, forward and backward of one row one height; in blocks it is the reverse."""
    by_place = {p: max((_size(r.blocks[p], way)[0] for r in rungs if p in r.blocks), default=0) for p in "pfbg"}
    for i, rung in enumerate(rungs):
        by_row = max(_size(rung.blocks[p], way)[1] for p in "fb" if p in rung.blocks)
        for place, block in rung.blocks.items():
            known = {"id": graphviz.escape(f"{rung.row.step.id}-{place}"), "group": place}
            shared = (0 if rung.row.step.kind == "input" else by_place[place], by_row if place in "fb" else 0)
            width, height = shared if way.across else shared[::-1]
            add_block(graph, f"{place}{i}", block, width, height, **known)
        if rung.cache:
            add_pill(graph, f"c{i}", rung.cache, "cache", id=graphviz.escape(f"{rung.row.step.id}-c"), group="c")


def _size(block: Block, way: Way) -> tuple[int, int]:
    """Its size along the row, then along the column."""
    return (block.width, block.height) if way.across else (block.height, block.width)


# ---- edges ------------------------------------------------------------------------------------------


def _add_row(graph: graphviz.Digraph, i: int, rung: Rung, passing: Sequence[Lane]) -> None:
    """The row from left to right, with a point where each passing lane crosses it."""
    points = {place: _add_points(graph, i, [lane for lane in passing if lane.place == place]) for place in "fb"}
    middle = [f"f{i}", *points["f"], *([f"c{i}"] if rung.cache else []), *reversed(points["b"])]
    middle += [f"b{i}"] if "b" in rung.blocks else []
    with graph.subgraph() as rank:
        rank.attr(rank="same")
        rank.node(f"f{i}")
        if "p" in rung.blocks:
            add_edge(rank, f"p{i}", f"f{i}", rung.blocks["p"].role)
        _add_middle(rank, middle, _turn(rung))
        if "g" in rung.blocks:
            add_edge(rank, f"b{i}", f"g{i}", "gradient")


def _add_points(graph: graphviz.Digraph, i: int, passing: Sequence[Lane]) -> list[str]:
    """The points of the lanes of one place, and invisible ones where a lane nearer to the blocks does not pass."""
    used = {lane.number: lane for lane in passing}
    names = []
    for number in range(max(used, default=-1) + 1):
        lane = used.get(number)
        place = passing[0].place
        names.append(f"{place}{number}_{i}")
        look = {} if lane else {"style": "invis"}
        add_point(graph, names[-1], lane.role if lane else "page", group=f"{place}{number}", **look)
    return names


def _turn(rung: Rung) -> str:
    """What joins forward and backward in a row: the cache, or at the loss the gradient itself."""
    return "gradient" if rung.row.step.kind == "loss" else "cache" if rung.cache else ""


def _add_middle(rank: graphviz.Digraph, names: Sequence[str], role: str) -> None:
    for tail, head in pairwise(names):
        if role:
            add_edge(rank, tail, head, role, arrowhead="normal" if head == names[-1] else "none")
        else:
            rank.edge(tail, head, style="invis")


def _add_column(graph: graphviz.Digraph, rungs: Sequence[Rung], place: str) -> None:
    """Edges down one place; invisible where nothing flows, to keep the column straight."""
    used = [i for i, rung in enumerate(rungs) if place in rung.blocks or (place == "c" and rung.cache)]
    for i, j in pairwise(used):
        carried = _carried(rungs, i, j, place) if j == i + 1 else None
        if carried:
            role, label = carried
            direction = {"dir": "back"} if place == "b" else {}
            add_edge(graph, f"{place}{i}", f"{place}{j}", role, label, **direction, **STRAIGHT)
        else:
            graph.edge(f"{place}{i}", f"{place}{j}", style="invis", **STRAIGHT)


def _add_lane(graph: graphviz.Digraph, rungs: Sequence[Rung], lane: Lane, way: Way) -> None:
    """From the block where it begins, through the points, to the block where it ends."""
    last = len(rungs[lane.top].blocks[lane.place].bands) - 1
    points = [lane.point(i) for i in range(lane.top + 1, lane.bottom)]
    tails = [
        f"{lane.place}{lane.top}:{way.leave[lane.place].format(last=last)}",
        *(f"{point}:{way.after}" for point in points),
    ]
    heads = [*(f"{point}:{way.before}" for point in points), f"{lane.place}{lane.bottom}:{way.enter[lane.place]}"]
    labelled = min(len(points) - 1, 1)  # where it runs straight, if it does
    for n, (tail, head) in enumerate(zip(tails, heads, strict=True)):
        arrow = {"arrowhead": "normal" if n == len(points) else "none"}
        if lane.place == "b":
            arrow = {"dir": "back", "arrowtail": "normal" if n == 0 else "none"}
        add_edge(graph, tail, head, lane.role, lane.label if n == labelled else "", **arrow, weight="20")


def _add_loop(graph: graphviz.Digraph, i: int, rung: Rung, way: Way) -> None:
    """The state that a time step hands to the next, and the gradient that comes back from there."""
    if not rung.row.loops:
        return
    state = _joined(rung.row.loops, rung.row)
    for place, q, role in (("f", state.quantity, "A"), ("b", state.gradient, "gradient")):
        if q is not None and place in rung.blocks:
            side = way.loop[place]  # without a label, which would stand in the cache or the next block
            add_edge(graph, f"{place}{i}:b1:{side}", f"{place}{i}:b0:{side}", role)
