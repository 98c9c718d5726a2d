"""The ladder inside the page: its SVG with a clickable area on every quantity, and when each part first appears."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping

from .. import svg
from ..dot import Block
from ..grid import rungs_of
from ..svg import SVG
from .steps import Outline

POINT = re.compile(r"(-?[\d.]+),(-?[\d.]+)")
NODE = re.compile(r"([pfcbg])(?:\d+_)?(\d+)(?::|$)")  # f3, f3:b1:e, or f0_3: a point of a lane beside row 3


def picture(plan: Outline) -> str:
    """The SVG for the page.

    The area of every quantity is a `rect` with `data-step`, the step it leads to, and `data-card`; every node
    and edge has `data-from`, the first step that shows it.
    """
    root = ET.fromstring(svg(plan.chain))
    nodes = {g.get("data-dot", ""): g for g in root.iter(f"{{{SVG}}}g")}
    appears: dict[str, int] = {}
    for i, rung in enumerate(rungs_of(plan.index.rows, plan.chain.lang)):
        for place, block in rung.blocks.items():
            node = nodes[f"{place}{i}"]
            things = [(area, plan.index.at(i, name)) for area, name in _areas(node, block)]
            reached = [plan.numbers.get(thing.members[0].name, 1) for _, thing in things]
            for (area, thing), step in zip(things, reached, strict=True):
                data = {"class": "quantity", "data-step": str(step), "data-card": str(plan.cards.get(thing.key, -1))}
                ET.SubElement(node, f"{{{SVG}}}rect", area | data)
            appears[f"{place}{i}"] = min(reached, default=1)
            if place == "f":
                appears[f"c{i}"] = max(reached, default=1)
    for name, group in nodes.items():
        _prepare(name, group, appears)
    return ET.tostring(root, encoding="unicode")


def _areas(node: ET.Element, block: Block) -> Iterator[tuple[dict[str, str], str]]:
    """The area of each band that shows a quantity, in the coordinates of the picture."""
    left, top, right, bottom = _box(node)
    height = bottom - top - 2 * block.border
    y = top + block.border
    for band, grown in zip(block.bands, block.heights(round(height)), strict=True):
        if band.quantity:
            size = {"x": left, "y": y, "width": right - left, "height": float(grown)}
            yield {k: f"{v:g}" for k, v in size.items()}, band.quantity
        y += grown


def _box(node: ET.Element) -> tuple[float, float, float, float]:
    points = [
        (float(x), float(y)) for shape in node for x, y in POINT.findall(shape.get("points") or shape.get("d") or "")
    ]
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _prepare(name: str, group: ET.Element, appears: Mapping[str, int]) -> None:
    """Ids would clash with the page's; an edge appears with the later of its ends."""
    group.attrib.pop("id", None)
    group.attrib.pop("data-dot", None)
    steps = [appears.get("".join(m.groups()), 1) for m in map(NODE.match, name.split("->")) if m]
    if steps:
        group.set("data-from", str(max(steps)))
