"""Equal layers in a row become one row, written with the layer number l; equal time steps one, written with t."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..ops.formula import Formula
from .model import Quantity, Source, Step
from .numbering import Numbering
from .recurrent import Cell
from .repeats import Repeat, numbered, repeats
from .time import times, write_at, write_t

SHOWN = 6  # as many equal layers are still drawn one by one
STEPS_SHOWN = 4  # and as many time steps

Write = Callable[[str], str]


@dataclass(frozen=True)
class Row:
    """One row of a picture: a step, or a run of equal layers or time steps.

    Attributes
    ----------
    step : Step
        What is written in the row; for a run with l for the layer number, Z[l], or t for the time, a⟨t⟩.
    steps : tuple of Step
        The steps it stands for, in forward order.
    repeat : Repeat or None
        The blocks that it is a row of.
    """

    step: Step
    steps: tuple[Step, ...]
    repeat: Repeat | None = None

    @property
    def folded(self) -> bool:
        """Whether it stands for several steps."""
        return len(self.steps) > 1

    @property
    def in_time(self) -> bool:
        """Whether it stands for several time steps of one cell."""
        return self.folded and self.step.moment is not None

    @property
    def sources(self) -> tuple[Source, ...]:
        """Where the inputs of the row come from, with t for the time in a run of time steps; not the row itself."""
        if not self.in_time:
            pairs = zip(self.steps[0].sources, self.step.sources, strict=True)
            inside = () if self.repeat is None else {step.id for step in self.repeat.blocks[0]}
            return tuple(
                replace(written, step=own.step) if own.step in inside or own.quantity.role == "data" else own
                for own, written in pairs
            )
        own = {step.id for step in self.steps}
        found = (
            _source_at(source, _writes(step), source.step)
            for step in self.steps
            for source in step.sources
            if source.step not in own
        )
        return tuple({source.quantity.name: source for source in found}.values())

    @property
    def loops(self) -> tuple[Source, ...]:
        """The states that each time step hands to the next one of the run."""
        before = {self.steps[0].id} if self.in_time else set()
        step = self.steps[-1 if not self.in_time else 1]
        return tuple(_source_at(s, _writes(step), s.step) for s in step.sources if s.step in before)

    @property
    def columns(self) -> list[tuple[Quantity, tuple[Quantity, ...]]]:
        """Each quantity as it is written in the row, with those of the chain it stands for."""
        found = []
        for place in ("parameters", "forward", "backward", "gradients"):
            written = getattr(self.step, place)
            if self.folded:
                many = zip(*(getattr(step, place) for step in self.steps), strict=True)
                found += [(q, tuple(dict.fromkeys(column))) for q, column in zip(written, many, strict=True)]
            else:
                found += [(q, _stood_for(q, getattr(self.steps[0], place))) for q in written]
        return found

    def with_index(self, text: str, step: Step) -> str:
        """A name of one of its steps with l or t for its number."""
        return _writes(step)(text) if step.moment is not None else self.numbering(step).write(text)

    def of_step(self, text: str, step: Step) -> str:
        """The other way round: what a name with l or t is in one of its steps."""
        return write_at(text, step.moment.t) if step.moment is not None else self.numbering(step).read(text)

    def numbering(self, step: Step) -> Numbering:
        """How the layers are counted in one of its steps."""
        return Numbering(step.layer) if self.repeat is None else self.repeat.numberings[self.steps.index(step)]


def fold(steps: Sequence[Step], unroll: bool | None = None, blocks: bool = True) -> list[Row]:
    """Rows of a picture: runs of equal steps become one row, the first data, X or a⟨0⟩, is the first row.

    Equal blocks of several steps become one block, a row for each of its steps.

    Other inputs, such as the targets Y or x⟨t⟩, are no rows: views show them beside the rows that take them.

    Parameters
    ----------
    steps : sequence of Step
        All of a chain.
    unroll : bool, optional
        Whether time steps are shown one by one: by default up to four of them.
    blocks : bool
        Whether equal blocks of several steps become one; runs of equal steps do in any case.

    Notes
    -----
    Layers are equal if kind, label, shapes and every formula agree once the layer number is written
    l, and if nothing reaches into the run from outside; more than six become one row. Time steps of a cell are
    equal if their forward formulas agree once the time is written t.
    """
    shown = [step for i, step in enumerate(steps) if step.kind != "input" or (i == 0 and not step.gradients)]
    rows: list[Row] = []
    runs = _runs(_gathered(shown))
    if not any(_is_one(run, unroll) for run in runs):
        runs = _runs(shown)
    for run in runs:
        if _is_one(run, unroll):
            rows.append(Row(_pattern_in_time(run), tuple(run)))
        elif len(run) > SHOWN and run[0].moment is None:
            rows.append(Row(numbered(run[0], Numbering(run[0].layer)), tuple(run)))
        else:
            rows.extend(Row(_accumulating(_grouped(step)), (step,)) for step in run)
    return _with_blocks(rows) if blocks else rows


def _with_blocks(rows: Sequence[Row]) -> list[Row]:
    """The rows with a row for all equal ones of equal blocks."""
    folded = {step.id for row in rows if row.folded for step in row.steps}
    found = {repeat.blocks[0][0].id: repeat for repeat in repeats([step for row in rows for step in row.steps], folded)}
    inside = {step.id for repeat in found.values() for block in repeat.blocks for step in block}
    made: list[Row] = []
    for row in rows:
        if repeat := found.get(row.steps[0].id):
            many = zip(*repeat.blocks, strict=True)
            made += [Row(step, steps, repeat) for step, steps in zip(repeat.pattern, many, strict=True)]
        elif row.steps[0].id not in inside:
            made.append(row)
    return made


def _is_one(run: Sequence[Step], unroll: bool | None) -> bool:
    """Whether a run of time steps becomes one row."""
    if run[0].moment is None or len(run) == 1:
        return False
    return len(run) > STEPS_SHOWN if unroll is None else not unroll


def _gathered(steps: Sequence[Step]) -> list[Step]:
    """With the steps of each cell next to one another, where no step then comes before what it needs."""
    first: dict[Cell | str, int] = {}
    for i, step in enumerate(steps):
        first.setdefault(_cell(step), i)
    order = sorted(steps, key=lambda step: first[_cell(step)])
    place = {step.id: i for i, step in enumerate(order)}
    right = all(place.get(s.step, -1) < place[step.id] for step in order for s in step.sources)
    return order if right else list(steps)


def _cell(step: Step) -> Cell | str:
    return step.id if step.moment is None else step.moment.cell


def _runs(steps: Sequence[Step]) -> list[list[Step]]:
    users = _users(steps)
    runs: list[list[Step]] = []
    for step in steps:
        before = runs[-1][-1] if runs else None
        if before is not None and (_continues(before, step, users) or _goes_on(before, step)):
            runs[-1].append(step)
        else:
            runs.append([step])
    return runs


def _users(steps: Sequence[Step]) -> dict[str, set[str]]:
    users: dict[str, set[str]] = {}
    for step in steps:
        for source in step.sources:
            users.setdefault(source.step, set()).add(step.id)
    return users


def _continues(before: Step, step: Step, users: dict[str, set[str]]) -> bool:
    """Whether `step` is the next layer of a run that `before` is in."""
    return (
        step.moment is None
        and step.layer == before.layer + 1 > 1
        and {s.step for s in step.sources if s.quantity.role != "data"} == {before.id}
        and users[before.id] == {step.id}
        and numbered(before, Numbering(before.layer)) == numbered(step, Numbering(step.layer))
    )


# ---- time steps -------------------------------------------------------------------------------------


def _goes_on(before: Step, step: Step) -> bool:
    """Whether `step` is the next time step of the cell of `before`, computed in the same way."""
    a, b = before.moment, step.moment
    if a is None or b is None or a.cell is not b.cell or abs(a.t - b.t) != 1:
        return False
    return _forward_pattern(before) == _forward_pattern(step)


def _forward_pattern(step: Step) -> tuple[object, ...]:
    write = _writes(step)
    return (
        step.label,
        step.parameters,
        tuple(_changed(q, write) for q in step.forward),
        [q.written for q in step.gradients],
        [write(q.written) for q in step.backward],
    )


def _pattern_in_time(run: Sequence[Step]) -> Step:
    """A step of the middle with t for its time; what is otherwise in the first and the last is remarked."""
    middle = run[len(run) // 2]
    write = _writes(middle)
    ends = (run[-1], run[0])
    backward = tuple(
        _remarked(_changed(q, write), [(end, end.backward[i]) for end in ends]) for i, q in enumerate(middle.backward)
    )
    return replace(
        middle,
        id="t",
        forward=tuple(_changed(q, write) for q in middle.forward),
        backward=backward,
        cache=tuple(map(write, middle.cache)),
        sources=tuple(_source_at(s, write, "t") for s in middle.sources),
    )


def _remarked(pattern: Quantity, ends: Sequence[tuple[Step, Quantity]]) -> Quantity:
    """With the formula at an end of the run where it is another one."""
    for step, q in ends:
        own = _changed(q, _writes(step))
        if own.formula != pattern.formula and q.formula is not None:
            return replace(pattern, remark=f"{q.written} = {q.formula.text}")
    return pattern


def _grouped(step: Step) -> Step:
    """Three or more gradients of a step that differ in the time alone, as one: dL⟨t⟩ = 1."""
    if step.moment is not None:
        return step
    found: dict[str, list[Quantity]] = {}
    for q in step.backward:
        found.setdefault(_at_own_time(q).name, []).append(q)
    own = f"d{step.forward[0].written}" if step.forward else ""
    shown = (qs if len(qs) < 3 else [_own_terms(_at_own_time(qs[0]), own)] for qs in found.values())
    return replace(step, backward=tuple(q for qs in shown for q in qs))


def _own_terms(q: Quantity, own: str) -> Quantity:
    """With only those terms that come from the gradient of this step: da⟨t⟩ = … + dA⟨t⟩."""
    terms = [] if q.formula is None else q.formula.text.split(" + ")
    mine = [term for term in terms if own in term]
    return replace(q, formula=Formula.of(" + ".join(["…", *mine]))) if 0 < len(mine) < len(terms) else q


def _at_own_time(q: Quantity) -> Quantity:
    own = times(q.written)
    return _changed(q, lambda text: write_t(text, own[0])) if own else q


def _stood_for(q: Quantity, real: Sequence[Quantity]) -> tuple[Quantity, ...]:
    same = tuple(r for r in real if r.name == q.name)
    return same or tuple(r for r in real if _at_own_time(r).name == q.name)


def _accumulating(step: Step) -> Step:
    """One of many time steps: it adds its term to the gradient of a weight, which the last one counted back begins."""
    moment = step.moment
    if moment is None or moment.cell.steps == 1:
        return step
    opens = moment.t == (1 if moment.cell.turned else moment.cell.steps)
    closes = moment.t == (moment.cell.steps if moment.cell.turned else 1)
    found = (_accumulated(q, moment.t, opens) for q in step.gradients)
    return replace(
        step, gradients=tuple(new or q for new, q in zip(found, step.gradients, strict=True) if new or closes)
    )


def _accumulated(q: Quantity, t: int, opens: bool) -> Quantity | None:
    """dWaa + (1/m) dz⟨3⟩ a⟨2⟩ᵀ of dWaa = (1/m) Σₜ dz⟨t⟩ a⟨t−1⟩ᵀ; None if it is no such sum."""
    text = "" if q.formula is None else q.formula.text
    if text.count("Σₜ ") != 1 or times(text) or " + " in text:
        return None
    term = write_at(text.replace("Σₜ ", ""), t)
    return replace(q, formula=Formula.of(term if opens else f"{q.written} + {term}"))


def _writes(step: Step) -> Write:
    """How names of a step are written with t, or with l."""
    if step.moment is not None:
        t = step.moment.t
        return lambda text: write_t(text, t)
    return Numbering(step.layer).write


def _changed(q: Quantity, write: Write) -> Quantity:
    return replace(
        q,
        name=write(q.written),
        written=write(q.written),
        formula=q.formula and q.formula.changed(write, write),
        remark=write(q.remark),
    )


def _source_at(source: Source, write: Write, step: str) -> Source:
    return Source(step, _changed(source.quantity, write), source.gradient and _changed(source.gradient, write))
