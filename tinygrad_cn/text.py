"""Tables as plain text whose columns line up in a terminal, Chinese characters included."""

from __future__ import annotations

import unicodedata


def columns(text: str) -> int:
    """Columns a terminal needs: a wide character takes two."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )  # fmt: skip


def pad(text: str, width: int) -> str:
    """Fill with spaces to a number of terminal columns."""
    return text + " " * (width - columns(text))


def align(rows: list[tuple[str, ...]]) -> list[str]:
    """Rows of cells as lines with aligned columns."""
    widths = [max(columns(cell) for cell in column) for column in zip(*rows, strict=True)]
    return ["  ".join(pad(c, w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]
