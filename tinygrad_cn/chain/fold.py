"""Equal layers in a row become one row, written with the layer number l."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..ops.formula import Formula
from .model import Quantity, Source, Step

SHOWN = 6  # as many equal layers are still drawn one by one


@dataclass(frozen=True)
class Row:
    """One row of a picture: a step, or a run of equal layers.

    Attributes
    ----------
    step : Step
        What is written in the row; for a run with l for the layer number: "Z[l]".
    steps : tuple of Step
        The steps it stands for, in forward order.
    """

    step: Step
    steps: tuple[Step, ...]

    @property
    def folded(self) -> bool:
        """Whether it stands for several layers."""
        return len(self.steps) > 1


def fold(steps: Sequence[Step]) -> list[Row]:
    """Rows of a picture: runs of more than six equal layers become one row, the first data, X, is the first row.

    Other inputs, such as the targets Y, are no rows: views show them beside the rows that take them.

    Layers are equal if kind, label, shapes and every formula agree once the layer number is written
    l, and if nothing reaches into the run from outside.
    """
    rows: list[Row] = []
    for run in _runs([step for i, step in enumerate(steps) if step.kind != "input" or (i == 0 and not step.gradients)]):
        if len(run) > SHOWN:
            rows.append(Row(_pattern(run[0]), tuple(run)))
        else:
            rows.extend(Row(step, (step,)) for step in run)
    return rows


def _runs(steps: Sequence[Step]) -> list[list[Step]]:
    users = _users(steps)
    runs: list[list[Step]] = []
    for step in steps:
        before = runs[-1][-1] if runs else None
        if before is not None and _continues(before, step, users):
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
        step.layer == before.layer + 1 > 1
        and {s.step for s in step.sources} == {before.id}
        and users[before.id] == {step.id}
        and _pattern(before) == _pattern(step)
    )


def _pattern(step: Step) -> Step:
    """The step with l for its layer number; equal layers have equal patterns."""

    def many(quantities: tuple[Quantity, ...]) -> tuple[Quantity, ...]:
        return tuple(_quantity(q, step.layer) for q in quantities)

    return replace(
        step,
        id="l",
        layer=0,
        parameters=many(step.parameters),
        forward=many(step.forward),
        backward=many(step.backward),
        gradients=many(step.gradients),
        cache=tuple(write_l(c, step.layer) for c in step.cache),
        sources=tuple(_source(s, step.layer) for s in step.sources),
    )


def _source(source: Source, layer: int) -> Source:
    gradient = source.gradient and _quantity(source.gradient, layer)
    return Source("l−1", _quantity(source.quantity, layer), gradient)


def _quantity(q: Quantity, layer: int) -> Quantity:
    return replace(
        q,
        name=write_l(q.written, layer),
        written=write_l(q.written, layer),
        symbols=write_l(q.symbols, layer),
        formula=q.formula and formula_l(q.formula, layer),
        shapes=write_l(q.shapes, layer),
        remark=write_l(q.remark, layer),
    )


def formula_l(formula: Formula, layer: int) -> Formula:
    """A formula of layer 3 with l for 3."""
    return formula.changed(lambda text: write_l(text, layer), lambda latex: write_l(latex, layer).replace("−", "-"))


def write_l(text: str, layer: int) -> str:
    """`Z[3]` in layer 3 is `Z[l]`, `A[2]` is `A[l−1]`."""
    written = {layer - 1: "[l−1]", layer: "[l]", layer + 1: "[l+1]"}
    return re.sub(r"\[(\d+)\]", lambda m: written.get(int(m[1]), m[0]), text)
