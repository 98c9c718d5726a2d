"""How pictures look: the palette by role, font sizes, and how wide a text is.

Graphviz knows the widths of Latin letters only, so boxes are sized here, not there.
"""

from __future__ import annotations

import unicodedata
from typing import Literal, NamedTuple

Part = Literal["fill", "line", "ink"]


class Paint(NamedTuple):
    """The colours of a role: its area, its border or edge, its text."""

    fill: str
    line: str
    ink: str


# role: (light, dark). No light colour stands for two roles, here or in SCALE: the SVG pass tells roles by colour.
PALETTE: dict[str, tuple[Paint, Paint]] = {
    "data": (Paint("#ECEEF1", "#5B6470", "#2F3742"), Paint("#2A3038", "#9AA5B3", "#DEE4EB")),
    "parameter": (Paint("#E0F3EC", "#00795A", "#00513C"), Paint("#0F3A2E", "#3CC79B", "#BFF0DE")),
    "Z": (Paint("#F4E6F0", "#9B4583", "#6B2458"), Paint("#3E2138", "#E08AC4", "#F7D3EA")),
    "A": (Paint("#E1EFFA", "#0068A6", "#003F66"), Paint("#10304A", "#5DB2EC", "#CFE8FB")),
    "loss": (Paint("#FFF3C4", "#463800", "#4A3C02"), Paint("#40350B", "#FFE680", "#FCEFB8")),
    "gradient": (Paint("#FDE9DC", "#C24E00", "#7A3100"), Paint("#452412", "#FF9A57", "#FFDCC4")),
    "optional": (Paint("#FAF4F0", "#B79F92", "#6A625D"), Paint("#2B2522", "#86776E", "#B5AAA3")),
    "op": (Paint("#FFFFFF", "#6B7480", "#3A424C"), Paint("#1E2329", "#9AA5B4", "#DEE4EC")),
    "cache": (Paint("#F7F7F5", "#8A8F96", "#4A5058"), Paint("#24282D", "#7D8792", "#C3CAD2")),
    "ok": (Paint("#DDF3EA", "#007A5A", "#004C38"), Paint("#0D3B2E", "#35C796", "#BFF0DE")),
    "wrong": (Paint("#FBDDE0", "#B5122B", "#7A0A1B"), Paint("#4A131C", "#FF7285", "#FFD3D9")),
    "inherited": (Paint("#FFF1CC", "#946300", "#5C3D00"), Paint("#42320A", "#F0BC3C", "#FCEBBD")),
    "page": (Paint("#FFFFFE", "#D5D9DE", "#22272E"), Paint("#14181D", "#3A424D", "#E6EAF0")),
}

# Steps from many times smaller over as large to many times larger: (light, dark).
SCALE: dict[str, tuple[Paint, Paint]] = {
    "small3": (Paint("#00417F", "#00376C", "#FFFFFD"), Paint("#79BDF5", "#9CCFF8", "#06182B")),
    "small2": (Paint("#44709C", "#385D82", "#FFFFFC"), Paint("#2A5A8C", "#3B74AC", "#EAF3FC")),
    "small1": (Paint("#B4C6DA", "#8FA9C4", "#14293E"), Paint("#1E3550", "#2C4B70", "#D5E6F8")),
    "level": (Paint("#EEF0F2", "#D3D8DD", "#2B323A"), Paint("#262B31", "#3A424B", "#DCE2E9")),
    "large1": (Paint("#E6C9BC", "#CFA793", "#43200F"), Paint("#4A2A1E", "#6A3E2D", "#F8DCCF")),
    "large2": (Paint("#A8583A", "#8E482D", "#FFFFFB"), Paint("#8A4323", "#A9572F", "#FDEBE2")),
    "large3": (Paint("#8F2B00", "#772400", "#FFFFFA"), Paint("#FF9E66", "#FFB78D", "#2B1003")),
}
PAINTS = PALETTE | SCALE

TITLE, FORMULA, SMALL = 12, 12, 10  # whole points: HTML labels drop fractions
FONT = "Arial"  # the one font whose metrics both renderers carry
PRINT_FONTS = "Arial,PingFang SC,Microsoft YaHei,Noto Sans CJK SC"  # for Graphviz itself, which takes no CSS
_LATIN = "'Helvetica Neue',Arial,'Liberation Sans'"
_CHINESE = (
    "'PingFang SC','Hiragino Sans GB','Microsoft YaHei','Noto Sans CJK SC','Source Han Sans SC','WenQuanYi Micro Hei'"
)
_LAST = "'DejaVu Sans Condensed',sans-serif"  # plain DejaVu is an eighth wider than Arial
FONT_STACK = f"{_LATIN},{_CHINESE},{_LAST}"
# A rasteriser that misses one sign in a font sets the whole line in another: Chinese fonts first, they have all.
RASTER_STACK = f"{_CHINESE},{_LATIN},{_LAST}"


def colour(role: str, part: Part) -> str:
    """The light colour of a role: what DOT and rasters show.

    Examples
    --------
    >>> colour("gradient", "line")
    '#C24E00'
    """
    return str(getattr(PAINTS[role][0], part))


# Advance widths in thousandths of an em: the wider of Arial (Monotype, hmtx table) and Noto Sans CJK SC Regular.
_WIDTHS = {
    270: "|", 275: "ij", 278: " ',.:;", 284: "l", 293: "I", 323: "!", 325: "f", 338: "()[]{}", 347: "-", 377: "t",
    388: "r", 392: "/\\", 467: "*", 474: '"', 500: "sxz", 510: "c", 521: "vy", 535: "J", 552: "k", 555: "^",
    556: "#$0123456789?Le", 559: "_", 563: "a", 564: "g", 584: "+<=>~", 606: "`o", 607: "hu", 610: "n", 611: "FTZ",
    618: "b", 620: "dpq", 667: "ABEKPSVXY", 680: "&", 722: "CDRU", 723: "N", 728: "H", 778: "GOQ", 802: "w", 833: "M",
    921: "%", 926: "m", 944: "W", 1015: "@",
}  # fmt: skip
_ADVANCE = {letter: width / 1000 for width, letters in _WIDTHS.items() for letter in letters}
_BOLD = 1.15  # bold over regular, for the widest of the words in titles


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Width of a line of text in points, never too small.

    Outside ASCII it is an upper bound for any font in the stack: 1 em for Chinese and for signs such
    as ⊙ and →, 0.7 em for Greek and Latin-1. Superscripts count in full: without the SVG pass (PDF)
    they stand on the line.

    Examples
    --------
    >>> text_width("第 1 层", 10)
    31.12
    """
    ems = sum(_ADVANCE.get(c) or _outside_ascii(c) for c in text)
    return round(ems * size * (_BOLD if bold else 1), 2)


def _outside_ascii(c: str) -> float:
    if unicodedata.combining(c):
        return 0.0
    wide = unicodedata.east_asian_width(c) in "WF" or ord(c) > 0x7FF
    return 1.0 if wide else 0.7
