"""Flat parameters: what an optimiser does to each parameter, entry by entry, it does once to all of them end to end.

Parameters whose new values are computed by the same calls from the same kinds of arrays form a group. Their arrays,
what the optimiser remembers of them, and their gradients become parts of one vector each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..program import Program, Rewriter, Value, children, end_to_end, mapped, signature
from ..state import Key


@dataclass(eq=False)
class Member:
    """One parameter: its state by kind, what its new state is made of, and where that starts."""

    number: int
    finals: dict[Key, Value]
    inner: list[Value] = field(default_factory=list)
    outer: list[Value] = field(default_factory=list)


def kind(key: Key) -> Key:
    """The key of a place without the number of the parameter."""
    return ("slot", key[1], key[3]) if key[0] == "slot" else ("data",)


def flat(program: Program) -> Program:
    """Join the updates of parameters that are updated alike."""
    groups: dict[Any, list[Member]] = defaultdict(list)
    gradients = {value for key, value in program.finals.items() if key[0] == "grad"}
    for member in _members(program):
        shape = _shape(member, gradients)
        if shape is not None:
            groups[shape].append(member)
    worthwhile = [sorted(members, key=_size) for members in groups.values() if len(members) > 1]
    joined = {value for members in worthwhile for member in members for value in member.inner}
    used_before = any(x in joined for value in program.values if value not in joined for x in children(value.args))
    return program if used_before or not worthwhile else _Joiner(program, worthwhile).run()


def _size(member: Member) -> Any:
    """Parameters of one shape lie side by side, so that the gradients of equal layers can be made at once."""
    return member.finals["data", member.number].shape


def _members(program: Program) -> Iterable[Member]:
    finals: dict[int, dict[Key, Value]] = defaultdict(dict)
    for key, value in program.finals.items():
        if key[0] in ("data", "slot"):
            finals[key[1] if key[0] == "data" else key[2]][key] = value
    return (Member(i, of) for i, of in finals.items() if ("data", i) in of)


def _shape(member: Member, gradients: set[Value]) -> Any:
    """The calls from state and gradients to the new state, the same for all members of a group; None if unfit."""
    array = member.finals["data", member.number]
    numbers: dict[Value, Any] = {}
    rows: list[Any] = []

    def visit(value: Value) -> None:
        todo = [value]
        while todo:
            x = todo[-1]
            if x in numbers:
                todo.pop()
                continue
            inside = x.elementwise and x.shape == array.shape and x.dtype == array.dtype and x not in gradients
            missing = [y for y in children(x.args) if y not in numbers] if inside else []
            if missing:
                todo.extend(reversed(missing))
                continue
            todo.pop()
            numbers[x] = len(numbers)
            rows.append(_row(member, x, inside, numbers, array))

    for key in sorted(member.finals, key=repr):
        visit(member.finals[key])
        rows.append((kind(key), numbers[member.finals[key]]))
    if None in rows or array not in member.inner:
        return None
    return array.dtype, tuple(rows)


def _row(member: Member, x: Value, inside: bool, numbers: dict[Value, Any], array: Value) -> Any:
    """One line of the description of a member."""
    if inside:
        member.inner.append(x)
        return signature(x.op), signature(x.args, numbers.__getitem__)
    if x.shape == () or (x.op == "constant" and x.size == 1):
        return "same", id(x)
    if (x.shape, x.dtype) != (array.shape, array.dtype):
        return None
    member.outer.append(x)
    place = x.args[0] if x.op == "input" else None
    if place is not None:
        own = (place[0] == "data" and place[1] == member.number) or (place[0] == "slot" and place[2] == member.number)
        return ("state", kind(place)) if own else None
    return ("gradient",)


class _Joiner(Rewriter):
    """Rewrites a program with the updates of each group joined."""

    def __init__(self, program: Program, groups: list[list[Member]]) -> None:
        super().__init__(program)
        self.groups = groups
        self.left_out = {value for members in groups for member in members for value in member.inner}
        self.finals: dict[Key, Value] = {}
        self.joined: set[Key] = set()

    def run(self, rule: Any = None) -> Program:
        """The new program."""
        whole = {}
        for n, members in enumerate(self.groups):
            for row in zip(*(member.outer for member in members), strict=True):
                if row[0].op == "input":
                    whole[row] = self._state(n, row)
        for value in self.program.values:
            if value not in self.left_out and value not in self.new:
                args = mapped(value.args, self._known)
                self.new[value] = self.make(value.op, args, value.shape, value.dtype, value.options, value.name)
        for n, members in enumerate(self.groups):
            self._update(n, members, whole)
        finals = {key: self._known(value) for key, value in self.program.finals.items() if key not in self.joined}
        return Program(
            self.values, finals | self.finals, mapped(self.program.result, self._known), self.program.ignored
        )

    def _known(self, value: Value) -> Value:
        return self.new[value]  # type: ignore[no-any-return]

    def _number(self, x: Value) -> Value:
        """A value that all members share; it may have axes of length one, which a vector has not."""
        if x.op != "constant" or not x.shape:
            return self._known(x)
        return self.make("constant", (x.args[0].reshape(()),), (), x.dtype)

    def _state(self, n: int, row: tuple[Value, ...]) -> Value:
        """The vector of one kind of state, and its parts in place of the arrays."""
        places = tuple(value.args[0] for value in row)
        name = "params" if places[0][0] == "data" else f"{places[0][3]}s"
        whole = self.make("input", (("flat", places),), (sum(x.size for x in row),), row[0].dtype, (),
                          f"{name}{n + 1 if len(self.groups) > 1 else ''}")  # fmt: skip
        self._parts(whole, row)
        return whole

    def _parts(self, whole: Value, row: Iterable[Value]) -> None:
        start = 0
        for value in row:
            part = slice(start, start + value.size)
            piece = self.make("index", (whole, part), (value.size,), value.dtype)
            self.new[value] = self.make("reshape", (piece, value.shape), value.shape, value.dtype, (), value.name)
            start += value.size

    def _update(self, n: int, members: list[Member], whole: dict[Any, Value]) -> None:
        first = members[0]
        vectors: dict[Value, Value] = {}
        for row in zip(*(member.outer for member in members), strict=True):
            vectors[row[0]] = whole.get(row) or self._pack(n, row)
        for row in zip(*(member.inner for member in members), strict=True):
            x = row[0]
            args = mapped(x.args, lambda y: vectors.get(y) or self._number(y))
            vectors[x] = self.make(x.op, args, (sum(y.size for y in row),), x.dtype)
            self._parts(vectors[x], row)
        for key in first.finals:
            rows = [next(k for k in member.finals if kind(k) == kind(key)) for member in members]
            self.finals["flat", tuple(rows)] = vectors[first.finals[key]]
            self.joined.update(rows)

    def _pack(self, n: int, row: tuple[Value, ...]) -> Value:
        parts = list(_together([self.new[value] for value in row]))
        return self.make("pack", (parts, end_to_end(parts)), (sum(x.size for x in row),), row[0].dtype, (),
                         f"grads{n + 1 if len(self.groups) > 1 else ''}")  # fmt: skip


def _together(parts: list[Value]) -> Iterable[Value]:
    """Stacks in place of the runs of all their parts."""
    i = 0
    while i < len(parts):
        whole = parts[i].args[0] if parts[i].op == "index" else None
        n = whole.shape[0] if whole is not None else 0
        if whole is not None and [x.args for x in parts[i : i + n]] == [(whole, k) for k in range(n)]:
            yield whole
            i += n
        else:
            yield parts[i]
            i += 1
