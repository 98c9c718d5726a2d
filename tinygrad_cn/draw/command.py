"""`tinygrad-cn draw`: import a user's file, find the cost it defines, write its pictures and texts."""

from __future__ import annotations

import re
import runpy
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..chain import Chain
from ..errors import PictureError, TinygradError
from ..files import put
from ..tensor import Tensor
from . import VIEWS, draw
from .html import html
from .render import target


class UserCodeError(TinygradError):
    """The user's file failed; the message is its own traceback."""


def split_target(text: str) -> tuple[Path, str | None]:
    """`net.py:loss` is the file net.py and the name loss; a drive letter is no name.

    Examples
    --------
    >>> split_target("homework/net.py:J")[1], split_target("net.py")[1]
    ('J', None)
    """
    match = re.fullmatch(r"(.+\.py):([A-Za-z_]\w*)", text)
    return (Path(match[1]), match[2]) if match else (Path(text), None)


def load(file: Path) -> dict[str, Any]:
    """Run a user's file as a script would be, and return its names.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    UserCodeError
        If it fails, with the traceback as the user would see it.
    """
    if not file.is_file():
        raise FileNotFoundError(f"no file {file}")
    folder = str(file.resolve().parent)
    sys.path.insert(0, folder)
    try:
        return runpy.run_path(str(file))
    except (Exception, SystemExit) as error:
        raise UserCodeError(own_traceback(error, file)) from error
    finally:
        sys.path.remove(folder)


def own_traceback(error: BaseException, file: Path) -> str:
    """The traceback from the user's file on, without the frames that ran it."""
    frames = error.__traceback__
    while frames is not None and Path(frames.tb_frame.f_code.co_filename) != file:
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames)).rstrip()


def find_cost(names: dict[str, Any], wanted: str | None) -> Tensor:
    """The cost among a file's names: the one asked for, else J, cost or loss, else the only recorded scalar.

    Raises
    ------
    PictureError
        If it is not there, is no recorded Tensor, or several could be meant.
    """
    recorded = {k: v for k, v in names.items() if isinstance(v, Tensor) and not v.is_leaf}
    if wanted is not None:
        if wanted not in names:
            raise PictureError(f"the file has no {wanted!r}; it has {_listed(recorded)}")
        if wanted not in recorded:
            kind = type(names[wanted]).__name__
            raise PictureError(f"{wanted!r} is no Tensor with a recorded history, but a {kind}; {_listed(recorded)}")
        return recorded[wanted]
    scalars = {k: v for k, v in recorded.items() if v.size == 1}
    for name in ("J", "cost", "loss", *(list(scalars) if len(scalars) == 1 else ())):
        if name in scalars:
            return scalars[name]
    raise PictureError(f"which Tensor is the cost? Name it: FILE.py:NAME. The file has {_listed(scalars or recorded)}")


def _listed(found: dict[str, Any]) -> str:
    return f"the recorded Tensors {', '.join(found)}" if found else "no recorded Tensors"


def run(
    source: str,
    out: Path,
    *,
    view: str = "ladder",
    values: bool = False,
    texts: tuple[str, ...] = (),
    lang: str | None = None,
) -> list[Path]:
    """Draw the cost of a file into `out`; beside it, the texts asked for: "html", "latex", "numpy", "markdown".

    The chain knows the file's variables by their names. `backward()` is called if the file has not.

    Returns
    -------
    list of Path
        The files written.
    """
    file, wanted = split_target(source)
    target(out)  # a bad suffix or folder is refused before the user's file runs
    if view not in VIEWS:
        raise PictureError(f"view must be one of {', '.join(VIEWS)}; got {view!r}")
    names = load(file)
    cost = find_cost(names, wanted)
    if cost.grad is None:
        cost.backward()
    chain = cost.chain(names=names, lang=lang)
    return [draw(chain, out, view=view, values=values), *(_text(chain, kind, out) for kind in texts)]


def _text(chain: Chain, kind: str, out: Path) -> Path:
    if kind == "html":
        return Path(html(chain, out.with_suffix(".html")))
    ending, write = TEXTS[kind]
    path = out.with_name(out.stem + ending)
    put(path, write(chain).encode())
    return path


TEXTS: dict[str, tuple[str, Callable[[Chain], str]]] = {
    "latex": (".tex", lambda chain: chain.latex(standalone=True)),
    "markdown": (".md", lambda chain: chain.markdown()),
    "numpy": ("_numpy.py", lambda chain: chain.numpy()),
}
