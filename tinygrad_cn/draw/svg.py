"""From Graphviz's SVG to ours: superscripts, fonts, light and dark, a title for screen readers.

Every shape keeps its literal light colour as an attribute, for programs that know no CSS variables;
a style sheet inside the file maps each of these colours to a variable of its role.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .style import FONT_STACK, PAINTS, RASTER_STACK, text_width

SVG = "http://www.w3.org/2000/svg"
XML = "http://www.w3.org/XML/1998/namespace"
ET.register_namespace("", SVG)

SMALLER, RAISED, LOWERED = 0.7, 0.38, 0.18  # size and shift of raised and lowered text, in ems
RAISE = {"ᵀ": "T", "²": "2", "³": "3", "⁻": "−", "¹": "1"}
TIME = {"⟨": "<", "⟩": ">"}  # a⟨t⟩ as the course sets it, in signs that every font has
LOWER = {"ᵢ": "i", "ⱼ": "j", "ₖ": "k", "ₜ": "t"} | {chr(0x2080 + n): str(n) for n in range(10)}
LATIN_ONLY = frozenset("Ŷŷ")  # signs that Chinese fonts lack
TILDE = "\u0303"
OVER = {True: 0.5, False: 0.3}  # how much higher a tilde stands over a capital, over a small letter, in ems
_POWERS = f"[{''.join(RAISE)}]"
_SCRIPT = re.compile(
    rf"(?<=[A-Za-zΑ-ωŷ\u0303)])\[[^\[\]]*\]{_POWERS}*|(?<=[A-Za-zΑ-ωŷ\u0303\]])⟨[^⟨⟩]*⟩{_POWERS}*|"
    rf"{_POWERS}+|[{''.join(LOWER)}]+|(?<=n)_[HWC]|(?<=[WbD])[qkvoa](?=\[)"
)


class Run(NamedTuple):
    """A part of a line: how far below the line and to the right it stands, in ems."""

    text: str
    y: float
    small: bool
    dx: float = 0.0


def dress(svg: str, title: str, lang: str, raster: bool = False) -> str:
    """Finish an SVG that Graphviz made.

    Parameters
    ----------
    svg : str
        Graphviz's output.
    title : str
        What the picture shows, in words.
    lang : str
        "zh" or "en".
    raster : bool
        For a rasteriser: literal light colours, one font for Latin and Chinese. Else light and dark by style sheet.
    """
    root = ET.fromstring(svg)
    _keep_titles_as_data(root)
    for text in root.iter(f"{{{SVG}}}text"):
        if raster and LATIN_ONLY & set(text.text or ""):
            text.set("style", f"font-family:{FONT_STACK}")
        _set_runs(text, raster)
    root.set("class", "tg")
    root.set("role", "img")
    root.set("aria-label", title)
    for attribute in ("lang", f"{{{XML}}}lang"):  # inline in HTML, and as a file: it picks the Chinese glyphs
        root.set(attribute, {"zh": "zh-CN"}.get(lang, lang))
    css = ET.Element(f"{{{SVG}}}style")
    css.text = f".tg text{{font-family:{RASTER_STACK if raster else FONT_STACK}}}"
    css.text += "" if raster else theme_css(_colours(root))
    heading = ET.Element(f"{{{SVG}}}title")
    heading.text = title
    root[:0] = [heading, css]
    return ET.tostring(root, encoding="unicode") + "\n"


def scripts(text: str) -> list[tuple[str, int]]:
    """Cut a text into runs, each with +1 if raised, −1 if lowered, 0 if on the line.

    Brackets are raised only after a letter or a closing parenthesis, and so is a time in angles.

    Examples
    --------
    >>> scripts("W[1]ᵀ [0, 1]")
    [('W', 0), ('[1]T', 1), (' [0, 1]', 0)]
    >>> scripts("n_H[1]")
    [('n', 0), ('H', -1), ('[1]', 1)]
    >>> scripts("Wq[1]")
    [('W', 0), ('q', -1), ('[1]', 1)]
    >>> scripts("a⟨t−1⟩ᵀ")
    [('a', 0), ('<t−1>T', 1)]
    """
    runs: list[tuple[str, int]] = []
    at = 0
    for match in _SCRIPT.finditer(text):
        lowered = match[0][0] in LOWER or match[0][0] in "_qkvoa"
        plain = "".join((RAISE | LOWER | TIME).get(c, c) for c in match[0].removeprefix("_"))
        runs += [(text[at : match.start()], 0)] if match.start() > at else []
        runs.append((plain, -1 if lowered else 1))
        at = match.end()
    return runs + ([(text[at:], 0)] if at < len(text) else [])


def theme_css(colours: set[str] | None = None) -> str:
    """The style sheet that maps literal colours to `var(--tg-role-part)`, with the dark values.

    `colours` limits it to those in use. A page around the picture can force a theme with
    `data-theme="dark"` or `"light"` on its root.
    """
    used = [row for row in variables() if colours is None or row[1] in colours]
    rules = "".join(
        f'.tg [{attribute}="{light}"]{{{attribute}:var({name},{light})}}'
        for name, light, _ in used
        for attribute in ("fill", "stroke")
    )
    dark = "".join(f"{name}:{value};" for name, _, value in used)
    return (
        f"{rules}@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}"
        f":root[data-theme=dark]{{{dark}}}"
    )


def variables() -> list[tuple[str, str, str]]:
    """(variable, light, dark) of every role and part."""
    return [
        (f"--tg-{role.lower()}-{part}", light.lower(), dark.lower())
        for role, (lights, darks) in PAINTS.items()
        for part, light, dark in zip(lights._fields, lights, darks, strict=True)
    ]


def _colours(root: ET.Element) -> set[str]:
    return {element.get(a, "").lower() for element in root.iter() for a in ("fill", "stroke")}


def _keep_titles_as_data(root: ET.Element) -> None:
    """Graphviz titles nodes and edges with their DOT names, which browsers show as tooltips; scripts find them here."""
    for parent in list(root.iter()):
        for child in parent.findall(f"{{{SVG}}}title"):
            parent.set("data-dot", child.text or "")
            parent.remove(child)


def _set_runs(element: ET.Element, raster: bool) -> None:
    """Raise scripts; for a rasteriser draw tildes: it would set the whole line in a font that has U+0303."""
    size = float(element.get("font-size", "12"))
    runs = [
        Run(text, {1: -RAISED, 0: 0.0, -1: LOWERED}[shift], shift != 0) for text, shift in scripts(element.text or "")
    ]
    if raster:
        runs = list(_with_tildes(runs))
    if len(runs) == 1 and not runs[0].small:
        return
    element.text = None
    y = 0.0
    for run in runs:
        attributes = {"font-size": f"{size * SMALLER:.2f}"} if run.small else {}
        attributes |= {"dx": f"{run.dx * size:.2f}"} if run.dx else {}
        attributes |= {"dy": f"{(run.y - y) * size:.2f}"} if run.y != y else {}
        ET.SubElement(element, f"{{{SVG}}}tspan", attributes).text = run.text
        y = run.y


def _with_tildes(runs: Sequence[Run]) -> Iterator[Run]:
    """Letters, and above each that has a tilde, a ~ that is moved back over it."""
    tilde, dx, letter = text_width("~", 1), 0.0, ""
    for run in runs:
        for part in re.split(f"({TILDE})", run.text):
            if part == TILDE:
                width = text_width(letter, 1)
                yield Run("~", run.y - OVER[letter.isupper()], run.small, -(width + tilde) / 2)
                dx = (width - tilde) / 2
            elif part:
                yield run._replace(text=part, dx=dx)
                dx, letter = 0.0, part[-1]
