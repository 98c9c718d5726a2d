"""What the stepping page steps through: every computed quantity, forward then backward.

Equal layers that the picture folds into one row are one step for each of the row's quantities; such a
step stands for the same quantity of many layers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...chain import Chain
from ...chain.fold import Row, fold
from ...chain.model import Quantity, backward_quantities, forward_quantities

NAME = re.compile(  # dW[2], A[l−1], u₁, dc̃⟨t−1⟩, d2.reverse.Waa, 1.attention.Wv, and a user's own names
    r"(?:\w+\.)*[^\W\d](?:[^\W²³ᵀ¹⁻⁺]|\u0303)*′*(?:\[[^\[\]]*\]|⟨[^⟨⟩]*⟩)?′*"
)


@dataclass(frozen=True, eq=False)
class Thing:
    """A quantity as the page shows it: one of the chain, or the same of every layer of a folded row.

    Attributes
    ----------
    key : str
        Unique on the page: "dW2", or for a folded row "3:dW[l]".
    quantity : Quantity
        What is written: for a folded row with l for the layer number.
    members : tuple of Quantity
        The quantities of the chain it stands for.
    row : int
        Row of the picture it is computed in, or is used in if none computes it.
    """

    key: str
    quantity: Quantity
    members: tuple[Quantity, ...]
    row: int

    @property
    def folded(self) -> bool:
        """Whether it stands for several layers."""
        return len(self.members) > 1

    @property
    def written(self) -> str:
        """Its name in formulas."""
        return short(self.quantity)


@dataclass(frozen=True, eq=False)
class PageStep:
    """One step of the page: what is computed, and from what."""

    thing: Thing
    backward: bool
    uses: tuple[Thing, ...]
    parameter: bool  # a gradient the update needs: it gets a numeric check


def short(q: Quantity) -> str:
    """The name as formulas write it: X of `X = A[0]`."""
    return q.written.split(" = ")[0]


class Index:
    """The quantities of a chain, by key and as they are written in a row's formulas."""

    def __init__(self, chain: Chain, rows: Sequence[Row]) -> None:
        self.rows = rows
        self.quantities = chain.quantities
        self.written = {short(q): q for q in chain.quantities.values()}
        self.home: dict[str, Thing] = {}  # by name of a quantity of the chain: where it is computed
        self.placed: dict[tuple[int, str], Thing] = {}  # by row and name there
        for i, row in reversed(list(enumerate(rows))):  # a gradient used twice is complete in the earlier row
            for pattern, members in row.columns:
                many = len(members) > 1
                quantity = pattern if many else members[0]
                thing = Thing(f"{i}:{pattern.name}" if many else quantity.name, quantity, members, i)
                self.placed[i, pattern.name] = thing
                self.home.update((q.name, thing) for q in members)

    def at(self, row: int, name: str) -> Thing:
        """What a row of the picture shows under a name: a quantity of the row, or one that stands beside it."""
        found = self.placed.get((row, name)) or (None if name in self.quantities else self.find(name, row))
        return found or self._single(self.quantities[name], row)

    def things(self, quantities: Iterable[Quantity]) -> list[Thing]:
        """Where each of them is computed, each place once, in order."""
        return list(dict.fromkeys(self.home.get(q.name) or Thing(q.name, q, (q,), 0) for q in quantities))

    def find(self, written: str, row: int) -> Thing | None:
        """What a name in a formula of a row means; `A[l−1]` in a folded row, many at once."""
        steps = self.rows[row].steps
        found = [self.written.get(self.rows[row].of_step(written, s)) for s in steps] if len(steps) > 1 else []
        members = tuple(q for q in found if q is not None)
        if len(set(found)) > 1 and len(members) == len(found):
            return self._folded(written, members, row)
        q = self.written.get(written)
        return None if q is None else self._single(q, row)

    def _folded(self, written: str, members: tuple[Quantity, ...], row: int) -> Thing:
        home = self.home.get(members[-1].name)
        if home is not None and home.quantity.written == written and home.row == row:
            return home
        last = members[-1]
        pattern = Quantity(written, written, last.role, last.shape, "", None, "", last.read)
        return Thing(f"{row}:{written}", pattern, members, row)

    def _single(self, q: Quantity, row: int) -> Thing:
        home = self.home.get(q.name)
        return home if home is not None and not home.folded else Thing(q.name, q, (q,), row)


@dataclass(frozen=True, eq=False)
class Outline:
    """The plan of a page.

    Attributes
    ----------
    chain : Chain
        What it shows.
    index : Index
        Its quantities, by row of the picture.
    steps : tuple of PageStep
        In the order they are shown; step n of the page is `steps[n - 1]`.
    things : tuple of Thing
        What has a card: all that a step computes or uses.
    cards : mapping
        The number of each card, by the key of its thing.
    numbers : mapping
        The step, counted from 1, that computes each quantity of the chain, else the first that uses it.
    """

    chain: Chain
    index: Index
    steps: tuple[PageStep, ...]
    things: tuple[Thing, ...]
    cards: Mapping[str, int]
    numbers: Mapping[str, int]


def outline(chain: Chain) -> Outline:
    """The plan of the page of a chain."""
    index = Index(chain, fold(chain.steps))
    steps = _page_steps(chain, index)
    things = {thing.key: thing for step in steps for thing in (*step.uses, step.thing)}
    cards = {key: n for n, key in enumerate(things)}
    return Outline(chain, index, tuple(steps), tuple(things.values()), cards, _step_numbers(steps))


def _page_steps(chain: Chain, index: Index) -> list[PageStep]:
    """Every quantity that has a formula, in the order of the notes: forward, then backward from the cost."""

    def steps(quantities: Sequence[Quantity], backward: bool) -> list[PageStep]:
        computed = [q for q in quantities if q.formula is not None]
        return [step(thing, backward) for thing in index.things(computed)]

    def step(thing: Thing, backward: bool) -> PageStep:
        return PageStep(thing, backward, _uses(thing, index), _is_parameter_gradient(chain, thing.members[0]))

    return steps(forward_quantities(chain.steps), False) + steps(backward_quantities(chain.steps), True)


def _step_numbers(steps: Sequence[PageStep]) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for n, step in enumerate(steps, 1):
        numbers.update((q.name, n) for q in step.thing.members)
    for n, step in enumerate(steps, 1):
        for thing in step.uses:
            for q in thing.members:
                numbers.setdefault(q.name, n)
    return numbers


def _uses(thing: Thing, index: Index) -> tuple[Thing, ...]:
    """What its formula names."""
    assert thing.quantity.formula is not None
    names = dict.fromkeys(NAME.findall(thing.quantity.formula.text))
    found = (index.find(name, thing.row) for name in names)
    return tuple({t.key: t for t in found if t is not None and t.key != thing.key}.values())


def _is_parameter_gradient(chain: Chain, q: Quantity) -> bool:
    x = chain.reader.values.get(q.name.removeprefix("d")) if q.role == "gradient" else None
    return x is not None and getattr(x, "requires_grad", False) and x._op is None
