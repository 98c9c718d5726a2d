"""The stepping page: a chain as one HTML file that goes forward, then backward, one quantity at a time."""

from __future__ import annotations

import os
from pathlib import Path

from ...chain import Chain
from ...files import put
from ..render import target
from .page import page

SUFFIXES = (".html", ".htm")

__all__ = ["html"]


def html(chain: Chain, path: str | os.PathLike[str]) -> Path:
    """Write the stepping page of a chain: one file that needs no network.

    Parameters
    ----------
    chain : Chain
        From `J.chain()`.
    path : str or Path
        The file, .html or .htm. An existing one is replaced in one move.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    PictureError
        For another suffix, and for a path that is a directory.
    FileNotFoundError
        For a directory that does not exist.
    RenderError
        If no renderer is found for the picture, or it fails; nothing is written then.
    """
    file = target(path, SUFFIXES)
    put(file, page(chain).encode())
    return file
