"""The derivation of a chain: forward pass and gradients as lines of formulas, each with its reasons.

It says what is to be said, in no language; `latex.py` and `markdown.py` write it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..language import CATALOGUE
from ..ops.formula import Formula
from ..ops.op import REGISTRY
from .derivation_time import all_times, by_pattern, time_title, timeless
from .fold import Row, fold
from .formula import function_name, gradient_of, total
from .layers import LOSSES, Piece
from .model import Quantity, Step
from .note import Note, formula
from .read import Reader, Term
from .reason import ROWS_TOGETHER, mean, product_shape, rule, same_shape, shape, size, uses
from .reason_images import (
    conv_entry,
    conv_forward,
    conv_gradient_entry,
    dropout_forward,
    fixed_norm_forward,
    norm_forward,
    pool_forward,
    window_shape,
)
from .time import times
from .within import Words, layer_words

if TYPE_CHECKING:
    from .chain import Chain

ROW = 60  # characters


@dataclass(frozen=True)
class Line:
    """left = right = right = …, the shape of it, and why; `entry` says the same of a single entry."""

    left: Formula
    right: tuple[Formula, ...]
    size: Formula
    notes: tuple[Note, ...]
    entry: Formula | None = None

    @property
    def rows(self) -> tuple[str, ...]:
        """LaTeX with & at the first sign of equality: one row, or one for each form if that would be long."""
        forms = [f.latex for f in self.right]
        entry = () if self.entry is None else (self.entry.latex.replace(" = ", " &= ", 1),)
        if sum(len(f.text) for f in self.right) <= ROW:
            return (" &= ".join([self.left.latex, " = ".join(forms)]), *entry)
        return (f"{self.left.latex} &= {forms[0]}", *(f"&= {form}" for form in forms[1:]), *entry)


@dataclass(frozen=True)
class Section:
    """A layer, the cost, or what stands between; forward or backward."""

    title: Note
    lines: tuple[Line, ...]
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Derivation:
    """All of it, in the order it is read."""

    intro: tuple[Note, ...]
    forward: tuple[Section, ...]
    backward: tuple[Section, ...]


def derivation(chain: Chain) -> Derivation:
    """From the inputs to J, and from J back to the gradient of the input."""
    rows, reader = fold(chain.steps), chain.reader
    made_by = {reader.names[id(piece.out)]: piece for piece in chain.pieces}
    words = layer_words(reader, chain.steps)
    forward = [_forward(reader, row, made_by, words) for row in rows if row.step.kind != "input"]
    # A gradient is complete at the step where the last of its terms is known.
    last = {q.name: step.id for step in reversed(chain.steps) for q in step.backward_order}
    backward = [_backward(reader, row, last, words) for row in reversed(rows)]
    backward = [_start(chain), *backward, _outside(chain, last)]
    return Derivation(_intro(chain), _joined(forward), _told_once(_joined(backward)))


def _intro(chain: Chain) -> tuple[Note, ...]:
    data = [q for step in chain.steps if step.kind == "input" for q in step.forward]
    given = tuple(_given(qs) for qs in by_pattern(data))
    root = formula(chain.reader.name(chain.root))
    mean = chain.convention if chain.reader.mean else "no_mean" if chain.depth else "no_layers"
    images = ".images" * any(len(q.shape) == 4 for q in data)
    mean += images if mean == "course" else ""
    return (
        Note(f"opening{images}" if chain.depth else "opening.ops", {"layers": str(chain.depth), "m": str(chain.m)}),
        *([Note("given", {"data": given})] if given else []),
        *([Note("called", {"root": root})] if root.text != "J" else []),
        Note(f"convention.{mean}"),
    )


def _given(same: list[Quantity]) -> Formula:
    """X: (3, 400); x⟨1⟩, …, x⟨6⟩: (3, 10) of many that differ in the time alone."""
    names = [_written(q).text for q in same]
    shown = names if len(names) < 3 else [names[0], "…", names[-1]]
    return formula(f"{', '.join(shown)}: {size(same[0]).text}")


# ---- forward ----------------------------------------------------------------------------------------


def _forward(reader: Reader, row: Row, made_by: dict[str, Piece], words: Words) -> Section:
    step = row.steps[0]
    lines = tuple(_value_line(reader, q, made_by[q.name]) for q in step.forward)
    cache = (Note("cache", {"cache": tuple(map(formula, step.cache))}),) if step.cache else ()
    return _written_l(row, step, Section(_title(row, words, back=False), lines, cache))


def _value_line(reader: Reader, q: Quantity, piece: Piece) -> Line:
    notes = (*_forward_rule(reader, piece), _forward_shape(reader, q, piece))
    entry = conv_entry(reader, piece) if piece.kind == "conv" else None
    return Line(_written(q), () if q.formula is None else (q.formula,), size(q), notes, entry)


FORWARD_RULES = {
    "conv": conv_forward,
    "norm": norm_forward,
    "fixed_norm": fixed_norm_forward,
    "pool": pool_forward,
    "dropout": dropout_forward,
}


def _forward_rule(reader: Reader, piece: Piece) -> tuple[Note, ...]:
    """What a layer on images computes; a matrix product or an activation says it itself."""
    if piece.kind in FORWARD_RULES:
        return (FORWARD_RULES[piece.kind](reader, piece),)
    return (Note("flatten", {}, "rule"),) if piece.kind == "flatten" else ()


def _forward_shape(reader: Reader, q: Quantity, piece: Piece) -> Note:
    if piece.kind == "affine":
        return product_shape(reader, piece)
    if piece.kind in ("activation", "norm", "fixed_norm", "dropout"):
        return same_shape(piece, formula(reader.name(piece.operands[0])), size(q))
    if piece.kind in ("conv", "pool"):
        return window_shape(reader, piece, size(q))
    if q.shape == ():
        return Note("shape.scalar", {"x": _written(q)}, "shape")
    return Note("shape.is", {"size": size(q)}, "shape")


# ---- backward ---------------------------------------------------------------------------------------


def _backward(reader: Reader, row: Row, last: dict[str, str], words: Words) -> Section:
    if row.in_time:
        return _back_through_time(reader, row, words)
    step = row.steps[-1]
    found = by_pattern([q for q in step.backward_order if last[q.name] == step.id])
    lines = tuple(line for qs in found for line in _lines_of(reader, qs))
    return _written_l(row, step, Section(_title(row, words, back=True), lines))


def _lines_of(reader: Reader, same: list[Quantity]) -> list[Line]:
    """A line for each gradient; one with t for all that differ in the time alone, such as dL⟨t⟩ = 1."""
    if len(same) < 3:
        return [_gradient_line(reader, q) for q in same]
    t = times(same[0].written)[0]
    section = Section(Note("title.ops"), (_gradient_line(reader, same[0]),))
    return list(_mapped(section, lambda f: timeless(f, t)).lines)


def _back_through_time(reader: Reader, row: Row, words: Words) -> Section:
    """A step of the middle for all of them, then the gradients of the weights, which sum over the steps."""
    middle, title = row.steps[len(row.steps) // 2], _title(row, words, back=True)
    lines = tuple(_gradient_line(reader, q) for q in middle.backward)
    inner = _written_l(row, middle, Section(title, lines))
    remarks = tuple(formula(q.remark) for q in row.step.backward if q.remark and not q.remark.startswith("="))
    notes = (Note("ends", {"formulas": remarks}),) if remarks else ()
    return Section(title, (*inner.lines, *(_gradient_line(reader, q) for q in middle.gradients)), notes)


def _start(chain: Chain) -> Section:
    """The gradient of J itself, where a formula speaks of it."""
    j = chain.reader.name(chain.root)
    dj = re.compile(rf"(?<!\w){re.escape(gradient_of(j))}(?!\w)")
    texts = [q.formula.text for q in chain.quantities.values() if q.role == "gradient" and q.formula is not None]
    notes = (Note("start", {"x": formula(j)}, "rule"),)
    line = Line(formula(gradient_of(j)), (formula(f"∂{j}/∂{j}"), formula("1")), formula("()"), notes)
    return Section(Note("title.cost.back"), (line,) if any(map(dj.search, texts)) else ())


def _outside(chain: Chain, last: dict[str, str]) -> Section:
    """Gradients of parameters that belong to no layer."""
    found = [q for s in chain.steps if s.kind == "input" for q in s.gradients if last[q.name] == s.id]
    return Section(Note("title.outside"), tuple(_gradient_line(chain.reader, q) for q in found))


def _gradient_line(reader: Reader, q: Quantity) -> Line:
    assert q.formula is not None
    x = reader.values[q.name.removeprefix("d")]
    terms = reader.terms(x)
    whole = total([t.formula for t in terms])
    if q.formula.text != whole.text:
        rules, right = [_cancel_note(reader, terms[0])], _cancelled(reader, terms[0], q.formula)
    elif len(terms) > 1:
        rules, right = all_times(reader, x, terms) or _paths(reader, x, terms), (whole,)
    else:
        rules, right = [rule(reader, terms[0])], (*_before(reader, terms[0]), whole)
    scales = {note.key: note for t in terms for note in mean(reader, t)}
    notes = [*rules, shape(reader, q, terms[0]), *uses(reader, terms, _all_of(q.formula, q.remark)), *scales.values()]
    return Line(_written(q), right, size(q), tuple(notes), _entry(reader, terms))


def _entry(reader: Reader, terms: list[Term]) -> Formula | None:
    """One entry of a gradient that a convolution hands back; a matrix product speaks for itself."""
    piece, i = terms[0].piece, terms[0].i
    return conv_gradient_entry(reader, piece, i) if piece.kind == "conv" and len(terms) == 1 else None


def _all_of(formula: Formula, remark: str) -> str:
    """A formula, and what stands for names in it: dn = dN ⊙ γ; another form of it, = dA ⊙ σ′(Z), adds nothing."""
    return formula.text if remark.startswith("=") else f"{formula.text} {remark}"


def _paths(reader: Reader, x: Any, terms: list[Term]) -> list[Note]:
    """Why several terms add, and the rule of each."""
    users = tuple(formula(reader.name(t.piece.out)) for t in terms)
    several = Note("paths", {"x": formula(reader.name(x)), "n": str(len(terms)), "users": users}, "rule")
    return [several, *(replace(rule(reader, t), term=t.formula) for t in terms)]


def _before(reader: Reader, term: Term) -> tuple[Formula, ...]:
    """The form that shows the rule, before the derivative is put in."""
    piece, name = term.piece, reader.name
    out, x = name(piece.out), name(piece.operands[term.i])
    if piece.kind in ("loss", "own_loss") and "∂" not in term.formula.text:
        return (formula(f"∂{'ℒ' if reader.course else name(reader.root)}/∂{x}"),)
    if piece.kind == "activation" and piece.label not in ROWS_TOGETHER:
        return (formula(f"{gradient_of(out)} ⊙ {function_name(piece.label)}′({x})"),)
    return ()


def _cancelled(reader: Reader, term: Term, short: Formula) -> tuple[Formula, ...]:
    """From dA ⊙ g′(Z) to A − Y, written out."""
    a, y, g, (loss,) = _ends(reader, term)
    mean = "" if reader.course else "(1/m) "
    if term.piece.label == "sigmoid":
        inner = f"−{y} ⊙ (1 − {a}) + (1 − {y}) ⊙ {a}"
        middle = f"({loss.formula.text}) ⊙ {a} ⊙ (1 − {a})"
    else:
        inner = f"−{y} + {a} ⊙ Σ {y}"
        middle = REGISTRY["softmax"].formula[0].fill({"g": g, "y": a}).text
    inner = f"{mean}({inner})" if mean else inner
    return (*_before(reader, term), formula(middle), formula(inner), short)


def _cancel_note(reader: Reader, term: Term) -> Note:
    a, y, g, _ = _ends(reader, term)
    minus = f"−{y}" if reader.course else f"−(1/m) {y}"
    values = {
        "difference": formula(f"{a} − {y}"),
        "ones": formula(f"Σ {y} = 1"),
        "product": formula(f"{a} ⊙ {g} = {minus}"),
    }
    return Note(f"cancel.{term.piece.label}", values, "rule")


def _ends(reader: Reader, term: Term) -> tuple[str, str, str, list[Term]]:
    """A, Y, dA and what the cost adds to dA, of an activation that only the cost uses."""
    a = term.piece.out
    losses = reader.terms(a)
    return reader.name(a), reader.name(losses[0].piece.operands[1]), gradient_of(reader.name(a)), losses


# ---- titles, folding, repetition ----------------------------------------------------------------------


def _title(row: Row, words: Words, back: bool) -> Note:
    step, end = row.steps[0], ".back" * back
    if step.moment is not None:
        return time_title(row, back)
    if row.repeat is not None:
        return _block_title(row, words, end)
    if row.folded:
        ends = {"first": str(step.layer), "last": str(row.steps[-1].layer), "n": str(len(row.steps))}
        return Note(f"title.folded{end}", ends | {"activation": words[step.id][1]})
    if step.id in words:
        return _layer_title(step, words, str(words[step.id][0]), end)
    if step.kind == "loss":
        named = step.label in LOSSES | {"own_loss"}
        loss = Note(step.label, family="")
        return Note(f"title.loss{end}", {"loss": loss}) if named else Note(f"title.cost{end}")
    return Note("title.penalty" if step.kind == "penalty" else "title.ops")


def _layer_title(step: Step, words: Words, number: str | Formula, end: str) -> Note:
    return Note(f"title.layer{end}", {"l": number, "activation": words[step.id][1]})


def _block_title(row: Row, words: Words, end: str) -> Note:
    """What a row of equal blocks is, which blocks they are, and what l is in them."""
    step, repeat = row.steps[0], row.repeat
    assert repeat is not None
    inner = Note(step.label, family="") if step.label in CATALOGUE else Note("title.ops")
    if step.id in words:
        number = row.numbering(step).write(f"[{words[step.id][0]}]")[1:-1]
        inner = _layer_title(step, words, formula(number), end)
    layers = [str(numbering.layer) for numbering in repeat.numberings]
    span = formula(f"l = {', '.join(layers if len(layers) < 4 else [*layers[:2], '…', layers[-1]])}")
    ends = {"first": str(repeat.first), "last": str(repeat.last), "n": str(len(layers))}
    return Note("title.block", {**ends, "inner": inner, "span": span})


def _joined(sections: list[Section]) -> tuple[Section, ...]:
    """Without empty sections; ops in a row share one."""
    kept: list[Section] = []
    for section in sections:
        if kept and section.title == kept[-1].title:
            lines, notes = (*kept[-1].lines, *section.lines), (*kept[-1].notes, *section.notes)
            kept[-1] = replace(kept[-1], lines=lines, notes=notes)
        elif section.lines:
            kept.append(section)
    return tuple(kept)


def _written_l(row: Row, step: Step, section: Section) -> Section:
    """The section of one layer, for the run of equal layers it stands for; of one time step, for all of them."""
    if row.in_time and step.moment is not None:
        t = step.moment.t
        return _mapped(section, lambda f: timeless(f, t))
    return _mapped(section, row.numbering(step).formula) if row.folded else section


def _mapped(section: Section, change: Callable[[Formula], Formula]) -> Section:
    def value(v: Any) -> Any:
        return change(v) if isinstance(v, Formula) else tuple(map(change, v)) if isinstance(v, tuple) else v

    def note(n: Note) -> Note:
        return replace(n, values={k: value(v) for k, v in n.values.items()}, term=n.term and change(n.term))

    def line(x: Line) -> Line:
        return Line(
            change(x.left),
            tuple(map(change, x.right)),
            change(x.size),
            tuple(map(note, x.notes)),
            x.entry and change(x.entry),
        )

    return Section(section.title, tuple(map(line, section.lines)), tuple(map(note, section.notes)))


def _told_once(sections: tuple[Section, ...]) -> tuple[Section, ...]:
    """A rule is explained where it is first used; later lines refer to that one."""
    first: dict[str, Formula] = {}

    def note(n: Note, left: Formula) -> Note:
        origin = first.setdefault(n.key, left)
        known = origin != left and f"derive.{n.key}.again" in CATALOGUE
        return replace(n, key=f"{n.key}.again", values={**n.values, "first": origin}) if known else n

    def line(x: Line) -> Line:
        return replace(x, notes=tuple(note(n, x.left) for n in x.notes))

    return tuple(replace(s, lines=tuple(map(line, s.lines))) for s in sections)


def _written(q: Quantity) -> Formula:
    return formula(q.written.removesuffix(" = A[0]"))
