"""Pictures of a chain: `draw` writes a file, `svg` gives the text a notebook shows."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import graphviz  # type: ignore[import-untyped]

from ..chain.fold import fold
from ..check.report import Report
from ..errors import PictureError
from .blocks import blocks
from .difference import difference
from .health import health
from .ladder import ladder
from .network import network
from .ops import ops
from .parts import Drawable, description
from .render import Drawing, target, write

VIEWS: dict[str, Callable[..., graphviz.Digraph]] = {
    "ladder": ladder,
    "blocks": blocks,
    "ops": ops,
    "network": network,
    "health": health,
}
UNROLLED = ("ladder", "blocks")  # views that can show time steps one by one or as one
VALUED = ("ladder", "blocks", "ops")  # views that can show values; the others have numbers of their own

__all__ = ["VIEWS", "draw", "draw_report", "svg"]


def draw(
    chain: Drawable,
    path: str | os.PathLike[str],
    view: str = "ladder",
    values: bool = False,
    unroll: bool | None = None,
) -> Path:
    """Draw a chain into a file; its suffix says which kind: .svg, .png, .pdf, .dot or .gv.

    Parameters
    ----------
    chain : Chain
        From `J.chain()`.
    path : str or Path
        The file. An existing one is replaced in one move.
    view : str
        A key of `VIEWS`.
    values : bool
        In ladder, blocks and ops, show numbers as well: matrices up to 4 × 4 entry by entry, larger ones by
        minimum, maximum and norm.
    unroll : bool, optional
        In ladder and blocks, whether the time steps of a recurrent net are drawn one by one (True) or as one block
        with a loop (False); by default up to four of them are.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    PictureError
        For an unknown view or suffix, for a view that cannot show this chain, for values where there are none.
    FileNotFoundError
        For a directory that does not exist.
    RenderError
        If no renderer is found, or it fails; nothing is written then.
    """
    file = target(path)
    write(_drawing(chain, view, values, unroll), file)
    return file


def svg(chain: Drawable, view: str = "ladder", values: bool = False, unroll: bool | None = None) -> str:
    """The picture as SVG text with light and dark colours; raises like `draw`."""
    return _drawing(chain, view, values, unroll).svg()


def draw_report(report: Report, path: str | os.PathLike[str]) -> Path:
    """Draw the report of a comparison into a file; raises like `draw`."""
    file = target(path)
    write(Drawing(difference(report).source, report.summary, report.lang), file)
    return file


def _drawing(chain: Drawable, view: str, values: bool, unroll: bool | None) -> Drawing:
    if view not in VIEWS:
        raise PictureError(f"view must be one of {', '.join(VIEWS)}; got {view!r}")
    if values and view not in VALUED:
        raise PictureError(f"values=True is for the views {', '.join(VALUED)}; {view!r} has numbers of its own")
    if unroll is not None and view not in UNROLLED:
        raise PictureError(f"unroll is for the views {', '.join(UNROLLED)}; {view!r} shows every time step or none")
    options: dict[str, Any] = {"values": True} if values else {}
    options |= {} if unroll is None else {"unroll": unroll}
    words = description(fold(chain.steps, unroll), chain.lang)
    return Drawing(VIEWS[view](chain, **options).source, words, chain.lang)
