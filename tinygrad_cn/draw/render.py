"""Rendering: find a Graphviz, turn DOT into SVG, PNG or PDF."""

from __future__ import annotations

import importlib
import math
import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import PictureError, RenderError
from ..files import put
from .style import FONT, PRINT_FONTS, RASTER_STACK, colour
from .svg import dress

OVERRIDE = "TINYGRAD_CN_DOT"
TIMEOUT = 120.0  # seconds
ZOOM = 2.0  # pixels of a PNG per SVG pixel
MAX_PIXELS = 60e6  # of a PNG; more needs gigabytes in viewers
MIN_ZOOM = 0.5  # below it text is too small to read


@dataclass(frozen=True)
class Drawing:
    """A picture before rendering: DOT text, and what it shows in words."""

    dot: str
    title: str
    lang: str

    def svg(self, raster: bool = False) -> str:
        """As SVG text, finished by the SVG pass."""
        return dress(_run(_engine(), "svg", self.dot).decode(), self.title, self.lang, raster)

    def png(self) -> bytes:
        """As PNG, in the light colours, on the page colour."""
        try:
            resvg = importlib.import_module("resvg_py")
        except ImportError:
            return self._by_dot("png", "pip install 'tinygrad-cn[png]', or install Graphviz")
        _check_fonts(resvg.svg_to_bytes, self.lang)
        svg = self.svg(raster=True)
        return bytes(resvg.svg_to_bytes(svg_string=svg, zoom=_zoom(svg), dpi=96, background=colour("page", "fill")))

    def pdf(self) -> bytes:
        """As PDF, by the system's Graphviz."""
        return self._by_dot("pdf", "install Graphviz (apt install graphviz, brew install graphviz)")

    def _by_dot(self, kind: str, remedy: str) -> bytes:
        engine = os.environ.get(OVERRIDE) or shutil.which("dot")
        if engine is None:
            raise RenderError(f"no renderer for {kind} found: {remedy}; .svg and .dot need nothing more")
        return _run(engine, kind, self.dot.replace(f"fontname={FONT}", f'fontname="{PRINT_FONTS}"'))


WRITERS: Mapping[str, Callable[[Drawing], bytes]] = {
    ".svg": lambda d: d.svg().encode(),
    ".png": Drawing.png,
    ".pdf": Drawing.pdf,
    ".dot": lambda d: d.dot.encode(),
    ".gv": lambda d: d.dot.encode(),
}


def target(path: str | os.PathLike[str], suffixes: Collection[str] = WRITERS.keys()) -> Path:
    """The path to write to, once its suffix and its directory are known to be good.

    Raises
    ------
    PictureError
        For a suffix that is not one of `suffixes`, and for a path that is a directory.
    FileNotFoundError
        For a directory that does not exist.
    """
    file = Path(path)
    if file.suffix.lower() not in suffixes:
        raise PictureError(f"path must end in one of {', '.join(suffixes)}; got {str(file)!r}")
    if not file.parent.is_dir():
        raise FileNotFoundError(f"directory {str(file.parent)!r} of {str(file)!r} does not exist")
    if file.is_dir():
        raise PictureError(f"{str(file)!r} is a directory; expected a file name")
    return file


def write(drawing: Drawing, file: Path) -> None:
    """Render by the file's suffix, then put the file in place in one move.

    Raises
    ------
    RenderError
        If no renderer is found or it fails; nothing is written then.
    """
    put(file, WRITERS[file.suffix.lower()](drawing))


def _engine() -> str:
    """The Graphviz to lay out with: the override, the wheel's executable, the one on PATH, system dot."""
    override = os.environ.get(OVERRIDE)
    if override:
        return override
    scripts = sysconfig.get_path("scripts")
    found = shutil.which("graphviz-pure", path=scripts) or shutil.which("graphviz-pure") or shutil.which("dot")
    if found is None:
        raise RenderError(
            "no Graphviz found to lay out the picture: pip install graphviz-pure (or install Graphviz, or set "
            f'{OVERRIDE} to a dot executable); draw("chain.dot") writes the DOT text without one'
        )
    return found


def _run(engine: str, kind: str, dot: str) -> bytes:
    try:
        done = subprocess.run([engine, f"-T{kind}"], input=dot.encode(), capture_output=True, timeout=TIMEOUT)
    except OSError as error:
        hint = f" (from {OVERRIDE})" if engine == os.environ.get(OVERRIDE) else ""
        raise RenderError(f"cannot run {engine!r}{hint}: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise RenderError(f"{engine} did not finish within {TIMEOUT:g} s") from error
    if done.returncode or not done.stdout:
        raise RenderError(f"{engine} -T{kind} failed: {done.stderr.decode(errors='replace').strip()[-2000:]}")
    return done.stdout


def _check_fonts(rasterise: Callable[..., bytes], lang: str) -> None:
    """Refuse to draw a PNG without letters: a rasteriser leaves out, silently, what no font has."""

    def drawn(text: str) -> bytes:
        shown = f'<text y="20" font-family="{RASTER_STACK}">{text}</text>'
        return bytes(
            rasterise(svg_string=f'<svg xmlns="http://www.w3.org/2000/svg" width="30" height="30">{shown}</svg>')
        )

    missing = drawn("\ue000")  # a private character, which no font has
    for sample in ("A", "层") if lang == "zh" else ("A",):
        if drawn(sample) == missing:
            raise RenderError(
                f"no font on this machine has {sample!r}, which a PNG needs: install one (apt install fonts-noto-cjk, "
                "for instance), or draw an .svg"
            )


def _zoom(svg: str) -> float:
    """Twice the size, or less if the raster would get too large."""
    size = re.search(r'<svg[^>]*\bwidth="([\d.]+)pt"[^>]*\bheight="([\d.]+)pt"', svg)
    width, height = (float(n) * 96 / 72 for n in size.groups()) if size else (1.0, 1.0)
    zoom = min(ZOOM, math.sqrt(MAX_PIXELS / (width * height)))
    if zoom < MIN_ZOOM:
        raise RenderError(f"a picture of {width:.0f} × {height:.0f} pixels is too large for a PNG; use .svg or .pdf")
    return zoom
