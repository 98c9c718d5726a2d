"""Equal blocks in a row, such as the encoder blocks of a Transformer: several steps that come again and again."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ..ops.formula import Formula
from .model import Quantity, Source, Step
from .numbering import Numbering

LONGEST = 64  # steps of a block
FEWEST = 3  # as many blocks become one,
SHOWN = 12  # unless they are so few steps
NUMBER = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True)
class Repeat:
    """Equal blocks.

    Attributes
    ----------
    first : int
        The number of the first one, counted from where blocks of its kind begin.
    numberings : tuple of Numbering
        Of each block: l is its first layer.
    blocks : tuple of tuple of Step
        Their steps.
    pattern : tuple of Step
        One of them, with l for the number of its first layer.
    """

    first: int
    numberings: tuple[Numbering, ...]
    blocks: tuple[tuple[Step, ...], ...] = field(repr=False)
    pattern: tuple[Step, ...] = field(repr=False)

    @property
    def last(self) -> int:
        """The number of the last one."""
        return self.first + len(self.blocks) - 1


def repeats(steps: Sequence[Step], others: Collection[str]) -> list[Repeat]:
    """The equal blocks among the steps, in order; `others`, by id, are in none.

    Blocks are equal if kinds, labels, shapes and every formula agree once layers are counted from the first
    layer of the block, and if nothing but the next block reaches into one.
    """
    return list(_Search(steps, others).found())


class _Search:
    def __init__(self, steps: Sequence[Step], others: Collection[str]) -> None:
        self.steps = steps
        self.index = {step.id: i for i, step in enumerate(steps)}
        self.alike: dict[int, list[int]] = {}
        self.seen: dict[int, int] = {}  # by the length of a block: where steps of one kind end
        self.users: dict[str, list[int]] = {}
        for i, step in enumerate(steps):
            for source in step.sources:
                self.users.setdefault(source.step, []).append(i)
        numbers: dict[object, int] = {}
        # what a step is, without its layer's number: 0 is like no other
        self.kinds = [
            0 if s.id in others or s.moment else numbers.setdefault(_kind(s), len(numbers) + 1) for s in steps
        ]

    def found(self) -> Iterator[Repeat]:
        """Blocks from the first step on, the shortest that come again."""
        at, before = 0, None
        while at < len(self.steps):
            repeat = next(filter(None, (self._first(at, p) for p in range(2, LONGEST + 1))), None)
            if repeat is None:
                at += 1
                continue
            before = repeat if before is None else self._continued(before, repeat)
            yield before
            at = self.index[before.blocks[-1][-1].id] + 1

    def _continued(self, before: Repeat, repeat: Repeat) -> Repeat:
        """Blocks that begin with the same step as those before, after one that differs; numbered on."""
        period = len(repeat.pattern)
        between = self._start(repeat) - self._start(before)
        if period != len(before.pattern):
            return repeat
        shift = -between % period
        aligned = self._from(self._start(repeat) + shift, period) if shift else repeat
        if aligned is None:
            return repeat
        return replace(aligned, first=before.first + (self._start(aligned) - self._start(before)) // period)

    def _start(self, repeat: Repeat) -> int:
        return self.index[repeat.blocks[0][0].id]

    def _first(self, at: int, period: int) -> Repeat | None:
        """Equal blocks, if no steps before are of the same kind: blocks begin where their kind does."""
        if at < self.seen.get(period, 0):
            return None
        if (alike := self._alike(at, period)) >= FEWEST:
            self.seen[period] = at + alike * period
        return self._from(at, period)

    def _from(self, at: int, period: int) -> Repeat | None:
        """Equal blocks of so many steps, of which one like them begins at a step."""
        alike = self._alike(at, period)
        if alike < FEWEST or not self._height(at, period):
            return None
        for skipped in range(alike - FEWEST + 1):
            start = at + skipped * period
            patterns = [self._pattern(start + k * period, period) for k in range(alike - skipped)]
            count = next((k for k, (_, other) in enumerate(patterns) if other != patterns[0][1]), len(patterns))
            if count >= FEWEST and count * period > SHOWN:
                starts = [start + k * period for k in range(count)]
                return Repeat(
                    skipped + 1,
                    tuple(self._numbering(s, period) for s in starts),
                    tuple(tuple(self.steps[s : s + period]) for s in starts),
                    patterns[0][0],
                )
        return None

    def _alike(self, at: int, period: int) -> int:
        """How many blocks of one kind there are."""
        if period not in self.alike:
            self.alike[period] = self._lengths(period)
        return self.alike[period][at] // period + 1

    def _lengths(self, period: int) -> list[int]:
        """From each step on, how many are of the kind of the one a block later."""
        lengths = [0] * (len(self.kinds) + 1)
        for i in range(len(self.kinds) - period - 1, -1, -1):
            same = self.kinds[i] != 0 and self.kinds[i] == self.kinds[i + period]
            lengths[i] = lengths[i + 1] + 1 if same else 0
        return lengths

    def _height(self, at: int, period: int) -> int:
        """How many layers a block has."""
        return sum(step.layer > 0 for step in self.steps[at : at + period])

    def _numbering(self, at: int, period: int) -> Numbering:
        height = self._height(at, period)
        block = self.steps[at : at + period]
        first = next(step.layer for step in block if step.layer)
        taken = (s for step in block for s in step.sources if isinstance(self._reach(s.step, step, at - period), str))
        outside = [source.quantity.written for source in taken]
        return Numbering(first, height, 2 * height - 1, frozenset([*outside, *(f"d{name}" for name in outside)]))

    def _reach(self, made: str, step: Step, begin: int) -> int | str:
        """How many steps before a step another one is; which it is, if it comes before a place or is shared data."""
        if made not in self.index:
            return made if len(self.users[made]) > 1 else 0
        return self.index[step.id] - self.index[made] if self.index[made] >= begin else made

    def _pattern(self, at: int, period: int) -> tuple[tuple[Step, ...], object]:
        """A block with l for its first layer; and what equal blocks share, with where it comes from and goes."""
        numbering = self._numbering(at, period)
        block = self.steps[at : at + period]
        written = tuple(_written(step, numbering) for step in block)
        shared = [
            (
                replace(pattern, sources=()),
                [s.quantity.written for s in pattern.sources],
                [self._reach(s.step, step, at - period) for s in step.sources],
                [user - self.index[step.id] for user in self.users.get(step.id, [])],
            )
            for step, pattern in zip(block, written, strict=True)
        ]
        return written, shared


def _kind(step: Step) -> object:
    """What blocks are told by: not by gradients, of which the first one may have fewer."""
    return step.kind, step.label, step.then, tuple(q.shape for q in (*step.parameters, *step.forward))


def _written(step: Step, numbering: Numbering) -> Step:
    """The step with l for the number, and of gradients that many blocks add to, the terms of this one."""
    written = numbered(step, numbering)
    backward = (_own_terms(own, q, numbering) for own, q in zip(step.backward, written.backward, strict=True))
    sources = (_from_outside(own, s, numbering) for own, s in zip(step.sources, written.sources, strict=True))
    return replace(written, backward=tuple(backward), sources=tuple(sources))


def _from_outside(own: Source, written: Source, numbering: Numbering) -> Source:
    """What all blocks take is the same for each, and its gradient is that of what they take."""
    if own.quantity.written not in numbering.fixed:
        return written
    gradient = own.gradient and written.gradient and _own_terms(own.gradient, written.gradient, numbering)
    return Source(written.step, own.quantity, gradient)


def _own_terms(own: Quantity, written: Quantity, numbering: Numbering) -> Quantity:
    if own.formula is None or own.written not in numbering.fixed:
        return written
    last = numbering.layer + (numbering.above + 1) // 2 - 1
    terms = own.formula.text.split(" + ")
    mine = [t for t in terms if any(numbering.layer <= int(n) <= last for n in NUMBER.findall(t))]
    return replace(written, formula=Formula.of(numbering.write(" + ".join(["…", *mine]))))


def numbered(step: Step, numbering: Numbering) -> Step:
    """The step with l for layer numbers; equal layers have equal patterns."""

    def change(q: Quantity) -> Quantity:
        return _quantity(q, numbering)

    def many(quantities: tuple[Quantity, ...]) -> tuple[Quantity, ...]:
        return tuple(map(change, quantities))

    return replace(
        step,
        id="l",
        layer=step.layer and step.layer - numbering.layer + 1,
        parameters=many(step.parameters),
        forward=many(step.forward),
        backward=many(step.backward),
        gradients=many(step.gradients),
        cache=tuple(map(numbering.write, step.cache)),
        sources=tuple(Source("l−1", change(s.quantity), s.gradient and change(s.gradient)) for s in step.sources),
    )


def _quantity(q: Quantity, numbering: Numbering) -> Quantity:
    return replace(
        q,
        name=numbering.write(q.written),
        written=numbering.write(q.written),
        symbols=numbering.write(q.symbols),
        formula=q.formula and numbering.formula(q.formula),
        shapes=numbering.write(q.shapes),
        remark=numbering.write(q.remark),
    )
