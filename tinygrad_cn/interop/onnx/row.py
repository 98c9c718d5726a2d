"""What a row of the tables is: a function that writes a call as ONNX nodes, and rows that many ops share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .site import Site

Row = Callable[[Site], str]


def same(kind: str) -> Row:
    """The ONNX operator `kind` of the same inputs."""
    return lambda site: site.graph.add(kind, *site)


def scaled(factor: float) -> Row:
    """The input times a number."""
    return lambda site: site.graph.add("Mul", site[0], site.graph.number(factor))


def attribute(kind: str, **attributes: tuple[str, Any]) -> Row:
    """The ONNX operator `kind`, whose attributes are options of the op: attribute=(option, its default)."""

    def row(site: Site) -> str:
        given = {name: site.option(option, default) for name, (option, default) in attributes.items()}
        return site.graph.add(kind, site[0], **given)

    return row
