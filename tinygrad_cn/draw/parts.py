"""What a row of the chain looks like, as blocks: parameters, forward, cache, backward, gradients.

Views put these blocks in places and join them; they are the same in every view.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from ..chain.fold import Row
from ..chain.model import Quantity, Source, Step
from ..chain.recurrent import Cell
from ..language import CATALOGUE, Lang, say
from . import style
from .dot import Band, Block, Line, wrap
from .values import value_lines

LIMIT = 260  # points; a longer formula is broken before an operator
THICK = 3  # border of a folded run
TOLD = 12  # rows a description names
KINDS = {"conv": "conv2d", "attention": "attention"}  # what a layer is called if it is no W A + b


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


def caption(chain: Drawable) -> list[Line]:
    """Which convention the gradients follow, the chain's note, how to read the edges."""
    small = [chain.note, "" if chain.computed else say("gradients_not_computed", chain.lang)]
    return [
        Line(say(f"convention.{chain.convention}", chain.lang), "page", style.FORMULA),
        *(Line(text, "wrong", style.SMALL) for text in small if text),
        Line(say("legend", chain.lang), "cache", style.SMALL),
    ]


def description(rows: Sequence[Row], lang: Lang) -> str:
    """The picture in words, for screen readers; long chains are elided."""
    words = [q.written for q in rows[0].step.forward] if rows[0].step.kind == "input" else []
    words += [title(row, lang) for row in rows if row.step.kind != "input"]
    if len(words) > TOLD:
        words = [*words[: TOLD - 3], "…", *words[-2:]]
    return say("picture", lang, steps=" → ".join(words))


def blocks(row: Row, others: Sequence[Source], lang: Lang, values: bool = False) -> dict[str, Block]:
    """The blocks of a row by place: p parameters, f forward, b backward, g gradients of the parameters.

    `others` are inputs that stand beside the row: targets Y, parameters of an op. Places may be empty;
    g is empty without b, whose block then takes the gradients. With `values`, numbers stand below the
    shapes, but not in a folded run, which stands for many.
    """
    step, border = row.step, THICK if row.folded else 1
    values = values and not row.folded
    left = [*_parameters(row, lang, values), *_bands((s.quantity for s in others), lang, values)]
    back = list(_bands(step.backward, lang, values))
    ends = [*step.gradients, *(s.gradient for s in others if s.gradient)]
    right = list(_bands(ends, lang, values, bold=True))
    if not back:
        back, right = right, []
    found = {"f": _forward_block(row, lang, values, border)}
    if left:
        alike = len({band.role for band in left}) == 1
        found["p"] = Block(left[0].role, tuple(left), rounded=alike, border=border)
    if back:
        found["b"] = Block("gradient", (_title(_backward_title(row, lang), "op"), *back), border=border)
    if right:
        found["g"] = Block("gradient", tuple(right), border=border)
    return found


def _forward_block(row: Row, lang: Lang, values: bool, border: int) -> Block:
    """Title, then Z, A or J with formula and shapes; X has no title."""
    bands = _bands(row.step.forward, lang, values)
    if row.step.kind == "input":
        return Block(row.step.forward[0].role, tuple(bands), rounded=True)
    role = row.step.kind if row.step.kind == "loss" else "op"
    return Block(role, (_title(title(row, lang), role), *bands), border=border)


def carried_text(q: Quantity) -> str:
    """What an edge says it carries; nothing for an input, which stands at its end."""
    return "" if q.formula is None else q.written


def cache_text(row: Row, lang: Lang) -> str:
    """What backward needs of forward, in one line; empty if nothing."""
    if not row.step.cache or row.step.kind == "loss":  # the loss turns round: its formula names what it needs
        return ""
    times = f" × {len(row.steps)}" if row.folded else ""
    return f"{say('cache', lang)}  {', '.join(row.step.cache)}{times}"


def _title(text: str, role: str) -> Band:
    return Band(role, (Line(text, role, style.TITLE, bold=True),))


def title(row: Row, lang: Lang) -> str:
    """What a row is called: `Layer 1 · tanh`, `Layers 2–24 × 23 · relu`, `Cost J · mean squared error`."""
    step = row.step
    frozen = say("frozen", lang) if step.frozen else ""
    does = (step.label, _word(step.then, lang))
    if step.moment is not None:
        return _join(
            cell_title(step.moment.cell, lang), _times(row), _word(step.label, lang) if step.kind == "loss" else ""
        )
    if step.kind == "loss":
        return _join(say("cost", lang), _word(step.label, lang))
    if row.repeat is not None:
        return _join(_blocks_of(row, lang), _layer_of(row, lang), *(does if step.layer else [_word(step.label, lang)]))
    if row.folded:
        first, last = row.steps[0].layer, row.steps[-1].layer
        return _join(say("layers.folded", lang, first=first, last=last, n=len(row.steps)), *does, frozen)
    if step.layer:
        kind = _word(KINDS[step.kind], lang) if step.kind in KINDS else ""
        return _join(say("layer", lang, l=step.layer), kind, *does, frozen)
    return _join(_word(step.label, lang), frozen)


def _backward_title(row: Row, lang: Lang) -> str:
    step = row.step
    if step.kind == "loss" and step.moment is None:
        return say("cost.back", lang)
    if step.moment is not None:
        return _join(say("time.back", lang, cell=cell_title(step.moment.cell, lang)), _times(row, back=True))
    if row.repeat is not None:
        what = _layer_of(row, lang, back=True) or _op_back(step, lang)
        return f"{what} × {len(row.steps)}"
    if row.folded:
        first, last = row.steps[0].layer, row.steps[-1].layer
        return say("layers.folded.back", lang, first=first, last=last, n=len(row.steps))
    if step.layer:
        return say("layer.back", lang, l=step.layer)
    return _op_back(step, lang)


def _op_back(step: Step, lang: Lang) -> str:
    word = _word(step.label, lang)
    return say("function.back" if word == step.label else "term.back", lang, op=word)


def _blocks_of(row: Row, lang: Lang) -> str:
    """`Blocks 2–5 × 4` in the first row of a block, `× 4` in the others."""
    repeat = row.repeat
    assert repeat is not None
    if row.steps[0] is not repeat.blocks[0][0]:
        return f"× {len(repeat.blocks)}"
    return say("blocks.folded", lang, first=repeat.first, last=repeat.last, n=len(repeat.blocks))


def _layer_of(row: Row, lang: Lang, back: bool = False) -> str:
    """`Layer l+1 · attention` of a block; "" for a row that is no layer."""
    step = row.steps[0]
    if not step.layer:
        return ""
    number = row.numbering(step).write(f"[{step.layer}]")[1:-1]
    kind = _word(KINDS[step.kind], lang) if step.kind in KINDS and not back else ""
    return _join(say("layer.back" if back else "layer", lang, l=number), kind)


def cell_title(cell: Cell, lang: Lang) -> str:
    """`LSTM`, `LSTM 2` for that of the second layer, `LSTM ←` for one that reads from the last step to the first."""
    words = [say(f"time.{cell.kind}", lang) if f"time.{cell.kind}" in CATALOGUE else cell.kind, cell.number]
    return " ".join(word for word in (*words, "←" * cell.turned) if word)


def _times(row: Row, back: bool = False) -> str:
    """`t = 3`, or `t = 1…10 × 10` in the order they are computed."""
    found = [step.moment.t for step in row.steps if step.moment is not None][:: -1 if back else 1]
    return f"t = {found[0]}…{found[-1]} × {len(found)}" if row.folded else f"t = {found[0]}"


def _join(*words: str) -> str:
    return " · ".join(word for word in words if word)


def _word(label: str, lang: Lang) -> str:
    """What a label is in words; a learner's own op, and a function such as tanh, goes by its name."""
    known = next((key for key in (label, f"op.{label}") if key in CATALOGUE), None)
    return label if known is None else say(known, lang)


def _parameters(row: Row, lang: Lang, values: bool) -> Iterator[Band]:
    """Parameters by name; of a folded run, the first and the last."""
    if not row.folded or row.in_time:
        yield from _bands(row.step.parameters, lang, values)
        return
    first, last = row.steps[0], row.steps[-1]
    for q, a, b in zip(row.step.parameters, first.parameters, last.parameters, strict=True):
        yield _band(q, [f"{a.written} … {b.written}"], lang, values)


def _bands(quantities: Iterable[Quantity], lang: Lang, values: bool, bold: bool = False) -> Iterator[Band]:
    for q in quantities:
        text = f"{q.written} = {q.formula.text}" if q.formula else q.written
        yield _band(q, wrap(text, style.FORMULA, LIMIT), lang, values, bold)


def _band(q: Quantity, formula: list[str], lang: Lang, values: bool, bold: bool = False) -> Band:
    """The formula, and below it in small type the remark, the shapes and the value; why it is optional if it is."""
    role = "optional" if q.optional else q.role
    small = [say(f"optional.{q.optional}", lang)] if q.optional else [q.remark, shape_text(q)]
    small += [say("frozen", lang)] if q.frozen else []
    small += value_lines(q.value, lang) if values else []
    lines = [Line(text, role, style.FORMULA, bold) for text in formula]
    lines += [Line(text, role, style.SMALL) for text in small if text]
    return Band(role, tuple(lines), q.name)


def shape_text(q: Quantity) -> str:
    """How the shapes combine, else the shape in symbols and in numbers; empty for a scalar."""
    if not q.shape:
        return ""
    if q.shapes not in ("", str(q.shape)):
        return q.shapes
    return " = ".join(dict.fromkeys(text for text in (q.symbols, str(q.shape)) if text))
