"""Values in a few lines of text: a small matrix entry by entry, a large one by its norm and its ends."""

from __future__ import annotations

import math

import numpy as np

from ..chain.health import norm
from ..language import Lang, say
from ..ops.op import Array

SMALL = 4  # rows and columns that are still shown entry by entry
DIGITS = 3  # significant
BLANK = "\u2007"  # as wide as a digit


def value_lines(value: Array | None, lang: Lang) -> list[str]:
    """The lines that show a value.

    Parameters
    ----------
    value : ndarray or None
        None is shown as "not computed".
    lang : {"zh", "en"}
        For the words.

    Examples
    --------
    >>> value_lines(np.array([[0.5, -1.25], [0.0, 3.0]]), "en")
    ['[\u20070.50  −1.25]', '[\u20070.00  \u20073.00]']
    >>> value_lines(np.arange(10.0), "en")
    ['min 0  max 9  norm 16.9']
    """
    if value is None:
        return [say("not_computed", lang)]
    if value.ndim == 0:
        return [number(float(value))]
    if value.ndim > 2 or max(value.shape) > SMALL or not value.size:
        return [_summary(value, lang)] if value.size else ["[ ]"]
    return [f"[{'  '.join(row)}]" for row in _cells(np.atleast_2d(value))]


def number(x: float, digits: int = DIGITS) -> str:
    """A number of few digits with a proper minus sign.

    Examples
    --------
    >>> number(-0.03456), number(2.5e-13), number(1.0)
    ('−0.0346', '2.5e−13', '1')
    """
    mantissa, _, exponent = f"{x + 0.0:.{digits}g}".partition("e")  # no −0
    return (mantissa + (f"e{int(exponent)}" if exponent else "")).replace("-", "−")


def _summary(value: Array, lang: Lang) -> str:
    ends = {"min": number(float(value.min())), "max": number(float(value.max())), "norm": number(norm(value))}
    return say("value.summary", lang, **ends)


def _cells(matrix: Array) -> list[list[str]]:
    """Entries of one width: the same decimals, and a blank where others have a sign or more digits."""
    finite = np.abs(matrix[np.isfinite(matrix)])
    top = float(finite.max(initial=0.0))
    if matrix.dtype.kind in "iub":
        texts = [[f"{int(x)}" for x in row] for row in matrix]
    elif top and not 1e-3 <= top < 1e5:
        texts = [[f"{x:.{DIGITS - 1}e}" for x in row] for row in matrix]
    else:
        decimals = max(DIGITS - 1 - math.floor(math.log10(top)), 0) if top else 0
        shown = np.round(matrix, min(decimals, DIGITS + 1)) + 0.0  # no −0.00
        texts = [[f"{x:.{min(decimals, DIGITS + 1)}f}" for x in row] for row in shown]
    width = max(len(text) for row in texts for text in row)
    return [[text.replace("-", "−").rjust(width, BLANK) for text in row] for row in texts]
