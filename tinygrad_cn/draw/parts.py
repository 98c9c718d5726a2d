"""What a row of the chain looks like, as blocks: parameters, forward, cache, backward, gradients.

Views put these blocks in places and join them; they are the same in every view.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from ..chain.model import Quantity, Step
from ..language import CATALOGUE, Lang, say
from . import style
from .dot import Band, Block, Line, wrap
from .fold import Row


class Drawable(Protocol):
    """What views read of a `Chain`."""

    @property
    def steps(self) -> tuple[Step, ...]: ...  # noqa: D102
    @property
    def convention(self) -> str: ...  # noqa: D102
    @property
    def lang(self) -> Lang: ...  # noqa: D102
    @property
    def note(self) -> str: ...  # noqa: D102
    @property
    def computed(self) -> bool: ...  # noqa: D102


LIMIT = 260  # points; a longer formula is broken before an operator
THICK = 3  # border of a folded run


def caption(chain: Drawable) -> list[Line]:
    """Which convention the gradients follow, the chain's note, how to read the edges."""
    small = [chain.note, "" if chain.computed else say("gradients_not_computed", chain.lang)]
    return [
        Line(say(f"convention.{chain.convention}", chain.lang), "page", style.FORMULA),
        *(Line(text, "wrong", style.SMALL) for text in small if text),
        Line(say("legend", chain.lang), "cache", style.SMALL),
    ]


def left_block(row: Row, others: Iterable[Quantity], lang: Lang) -> Block | None:
    """Parameters of the row, and data it takes from outside the chain, such as the targets Y."""
    bands = [*_parameters(row, lang), *_bands(others, lang)]
    if not bands:
        return None
    return Block(bands[0].role, tuple(bands), rounded=True, border=_border(row))


def forward_block(row: Row, lang: Lang) -> Block:
    """Title, then Z, A or J with formula and shapes; X has no title."""
    if row.step.kind == "input":
        return Block(row.step.forward[0].role, tuple(_bands(row.step.forward, lang)), rounded=True)
    role = row.step.kind if row.step.kind == "loss" else "op"
    title = _title(_forward_title(row, lang), role)
    return Block(role, (title, *_bands(row.step.forward, lang)), border=_border(row))


def backward_block(row: Row, lang: Lang) -> Block | None:
    """Title, then dZ and what flows on to the rows before; None if nothing flows back.

    An input that needs a gradient has it here, at the end of the way back.
    """
    if row.step.kind == "input" and row.step.gradients:
        return Block("gradient", tuple(_bands(row.step.gradients, lang, bold=True)))
    if not row.step.backward:
        return None
    title = _title(_backward_title(row, lang), "op")
    return Block("gradient", (title, *_bands(row.step.backward, lang)), border=_border(row))


def gradient_block(row: Row, others: Iterable[Quantity], lang: Lang) -> Block | None:
    """The gradients of the parameters, dW and db, and of others that stand beside the row."""
    own = () if row.step.kind == "input" else row.step.gradients
    bands = tuple(_bands([*own, *others], lang, bold=True))
    return Block("gradient", bands, border=_border(row)) if bands else None


def title(row: Row, lang: Lang) -> str:
    """The row in a few words: "Layer 1 · tanh"."""
    if row.step.kind == "input":
        return row.step.forward[0].written
    return _forward_title(row, lang)


def cache_text(row: Row, lang: Lang) -> str:
    """What backward needs of forward, in one line; empty if nothing."""
    if not row.step.cache or row.step.kind == "loss":  # the loss turns round: its formula names what it needs
        return ""
    times = f" × {len(row.steps)}" if row.folded else ""
    return f"{say('cache', lang)}  {', '.join(row.step.cache)}{times}"


def _border(row: Row) -> int:
    return THICK if row.folded else 1


def _title(text: str, role: str) -> Band:
    return Band(role, (Line(text, role, style.TITLE, bold=True),))


def _forward_title(row: Row, lang: Lang) -> str:
    step = row.step
    if step.kind == "loss":
        return _join(say("cost", lang), _word(step.label, lang))
    if row.folded:
        first, last = row.steps[0].layer, row.steps[-1].layer
        return _join(say("layers.folded", lang, first=first, last=last, n=len(row.steps)), step.label)
    return _join(say("layer", lang, l=step.layer), step.label) if step.layer else _word(step.label, lang)


def _backward_title(row: Row, lang: Lang) -> str:
    step = row.step
    if step.kind == "loss":
        return say("cost.back", lang)
    if row.folded:
        first, last = row.steps[0].layer, row.steps[-1].layer
        return say("layers.folded.back", lang, first=first, last=last, n=len(row.steps))
    return say("layer.back", lang, l=step.layer) if step.layer else say("op.back", lang, op=_word(step.label, lang))


def _join(*words: str) -> str:
    return " · ".join(word for word in words if word)


def _word(label: str, lang: Lang) -> str:
    return say(label, lang) if label in CATALOGUE else label


def _parameters(row: Row, lang: Lang) -> Iterator[Band]:
    """Parameters by name; of a folded run, the first and the last."""
    if not row.folded:
        yield from _bands(row.step.parameters, lang)
        return
    first, last = row.steps[0], row.steps[-1]
    for q, a, b in zip(row.step.parameters, first.parameters, last.parameters, strict=True):
        yield _band(q, [f"{a.written} … {b.written}"], lang)


def _bands(quantities: Iterable[Quantity], lang: Lang, bold: bool = False) -> Iterator[Band]:
    for q in quantities:
        text = f"{q.written} = {q.formula.text}" if q.formula else q.written
        yield _band(q, wrap(text, style.FORMULA, LIMIT), lang, bold)


def _band(q: Quantity, formula: list[str], lang: Lang, bold: bool = False) -> Band:
    """The formula, and below it in small type the remark and the shapes; why it is optional if it is."""
    role = "optional" if q.optional else q.role
    small = [say("input_gradient", lang)] if q.optional else [q.remark, shape_text(q)]
    lines = [Line(text, role, style.FORMULA, bold) for text in formula]
    lines += [Line(text, role, style.SMALL) for text in small if text]
    return Band(role, tuple(lines))


def shape_text(q: Quantity) -> str:
    """How the shapes combine, else the shape in symbols and in numbers; empty for a scalar."""
    if not q.shape:
        return ""
    if q.shapes not in ("", str(q.shape)):
        return q.shapes
    return " = ".join(dict.fromkeys(text for text in (q.symbols, str(q.shape)) if text))
