"""Cards: a quantity with its shape, its values as a matrix, and their norm, smallest, largest and mean value."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape

import numpy as np

from ...chain.model import Quantity
from ...language import Lang, say
from ...ops.op import Array
from .mathml import to_mathml
from .steps import Thing

SHOWN = 6  # rows and columns of a matrix that are shown whole
HEAD, TAIL = 3, 2  # of longer ones
SHADES = 9  # steps of the background of a number, by its size


def card(thing: Thing, lang: Lang) -> str:
    """The card as a figure."""
    body = _series(thing.members, lang) if thing.folded else _values(thing.quantity, lang)
    shape = "" if thing.folded and not thing.quantity.symbols else _shape(thing.quantity)
    caption = f"<figcaption><b>{to_mathml(thing.written)}</b> {shape}</figcaption>"
    return f'<figure class="card role-{role(thing.quantity)}">{caption}{body}</figure>'


def role(q: Quantity) -> str:
    """The role whose colours it has."""
    return "optional" if q.optional else q.role.lower()


def number(x: float, digits: int = 4) -> str:
    """A number alone, with a true minus sign.

    Examples
    --------
    >>> number(-0.00012345), number(1234567.0)
    ('−0.0001234', '1.235e+06')
    """
    return f"{x:z.{digits}g}".replace("-", "−")


def _shape(q: Quantity) -> str:
    if not q.shape:
        return ""
    symbols = f"{to_mathml(q.symbols)} = " if q.symbols and q.symbols != str(q.shape) else ""
    return f'<span class="shape">{symbols}{q.shape}</span>'


def _values(q: Quantity, lang: Lang) -> str:
    value = q.value
    if value is None:
        return f'<p class="missing">{escape(say("not_computed", lang))}</p>'
    if value.ndim == 0:
        return f'<p class="scalar">{number(float(value), 6)}</p>'
    if value.size == 0:
        return ""
    matrix, slice_text = _as_matrix(value, q.symbols)
    note = f'<span class="slice">{slice_text}</span>' if slice_text else ""
    return f'{note}<div class="scroll">{_table(matrix)}</div>{_stats(value, lang)}'


Index = tuple[int | slice, ...]
EVERY = slice(None)


def _as_matrix(value: Array, symbols: str) -> tuple[Array, str]:
    """The part of a larger array that is shown, and how it is typed: of images one channel of the first."""
    if value.ndim <= 2:
        return np.atleast_2d(value), ""
    part = _part(value.shape, symbols)
    return value[part], f"[{', '.join(':' if i == EVERY else str(i) for i in part)}]"


def _part(shape: tuple[int, ...], symbols: str) -> Index:
    """One channel of an image (m, n_H, n_W, n_C), one slice of a filter (f, f, n_C_prev, n_C); else the last axes."""
    if len(shape) != 4 or shape[:3] == (1, 1, 1):
        return (0,) * (len(shape) - 2) + (EVERY, EVERY)
    return (0, EVERY, EVERY, 0) if symbols.startswith("(m,") else (EVERY, EVERY, 0, 0)


def _table(matrix: Array) -> str:
    rows = _picked(matrix.shape[0])
    columns = _picked(matrix.shape[1])
    shown = np.array([[matrix[i, j] for j in columns if j is not None] for i in rows if i is not None], dtype=float)
    finite = shown[np.isfinite(shown)]
    largest = float(np.abs(finite).max(initial=0.0))
    write = "z.0f" if largest < 1e5 and np.all(finite == np.round(finite)) else _writer(largest)
    lines = []
    for i in rows:
        cells = (_cell(matrix, i, j, largest, write) for j in columns)
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f'<table class="matrix">{"".join(lines)}</table>'


def _picked(n: int) -> Sequence[int | None]:
    """The indices that are shown; None for those left out."""
    return range(n) if n <= SHOWN else [*range(HEAD), None, *range(n - TAIL, n)]


def _cell(matrix: Array, i: int | None, j: int | None, largest: float, write: str) -> str:
    if i is None or j is None:
        return f"<td>{'⋱' if i is None and j is None else '⋮' if i is None else '⋯'}</td>"
    x = float(matrix[i, j])
    shade = math.ceil(SHADES * abs(x) / largest) if math.isfinite(x) and largest else 0
    style = f' class="s{shade}"' if shade else ""
    return f"<td{style}>{format(x, write).replace('-', '−')}</td>"


def _writer(largest: float) -> str:
    """One format for the whole matrix: four significant digits of its largest entry."""
    if not 1e-3 <= largest < 1e5:
        return "z.2e"
    return f"z.{min(max(3 - math.floor(math.log10(largest)), 0), 6)}f"


def _stats(value: Array, lang: Lang) -> str:
    if value.size < 2:
        return ""
    pairs = zip(_heads(lang), _four(value), strict=True)
    return f'<dl class="stats">{"".join(f"<div><dt>{head}</dt><dd>{x}</dd></div>" for head, x in pairs)}</dl>'


def _heads(lang: Lang) -> tuple[str, ...]:
    return "‖·‖", *(say(f"html.{key}", lang) for key in ("min", "max", "mean"))


def _four(value: Array) -> Iterator[str]:
    """Norm, smallest, largest and mean value."""
    with np.errstate(all="ignore"):  # a NaN or Inf is shown, not warned of
        flat = value.astype(float).ravel()
        for x in (np.linalg.norm(flat), flat.min(), flat.max(), flat.mean()):
            yield number(float(x), 3)


def _series(members: Sequence[Quantity], lang: Lang) -> str:
    """The same quantity of many layers: norm, smallest, largest and mean value of the first and the last."""
    heads = ("", *_heads(lang))
    titles = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    lines = [f"<tr>{titles}</tr>"]
    for i in _picked(len(members)):
        cells = ["⋮"] * len(heads) if i is None else [to_mathml(members[i].written), *_row(members[i], lang)]
        lines.append(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    key = "html.folded.time" if "⟨" in members[0].written else "html.folded"
    note = escape(say(key, lang, n=len(members)))
    return f'<div class="scroll"><table class="series">{"".join(lines)}</table></div><p class="note">{note}</p>'


def _row(q: Quantity, lang: Lang) -> list[str]:
    value = q.value
    return [escape(say("not_computed", lang)), "", "", ""] if value is None else list(_four(value))
