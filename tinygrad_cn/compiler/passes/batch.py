"""Equal layers at once: small calls of the same kind on arrays of the same shape become one call on all of them.

The derivative factors of equal layers, and the gradients of their weights, depend on different arrays and not on each
other. The arrays are computed side by side (`memory` puts the parts of a pack in their places), so one call, or one
product of stacked matrices, does the work of many.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..program import OUTSIDE, Program, Rewriter, Value, base, children, mapped, signature

FEWEST = 4  # calls worth joining
LARGEST = 1 << 20  # bytes of all results: beyond, a joined call would move them out of the cache and in again


@dataclass(frozen=True)
class Group:
    """Calls to be made at once.

    Attributes
    ----------
    members : list of Value
        In the order in which their results are stacked.
    before : int
        The position in the program of the first call that needs a result.
    depth : int
        How many groups its arguments go through.
    """

    members: list[Value]
    before: int
    depth: int


def batch(program: Program) -> Program:
    """Join calls where all their arguments are known before any result is needed."""
    groups = _groups(program)
    return _Joiner(program, groups).run() if groups else program


def _groups(program: Program) -> list[Group]:
    known: dict[Value, float] = {value: i for i, value in enumerate(program.values)}
    needed: dict[Value, int] = dict.fromkeys(program.values, len(known))
    for i, value in reversed(list(enumerate(program.values))):
        needed.update(dict.fromkeys(children(value.args), i))
    gradients = {value: key[1] for key, value in program.finals.items() if key[0] == "grad"}
    depth: dict[Value, int] = {}
    used: set[Value] = set()  # by groups there are, which rely on when their arguments are known by now
    groups = []
    for members in _alike(program).values():
        args = {y for x in children([member.args for member in members]) for y in (x, base(x))}
        before = min(needed[member] for member in members)
        nbytes = sum(x.size for x in members) * members[0].dtype.itemsize
        if len(members) < FEWEST or nbytes > LARGEST or max(known[x] for x in args) >= before:
            continue
        if not args.isdisjoint(members) or not used.isdisjoint(members):  # they are made one from another
            continue
        first_known = {x: min(known[y] for y in children(x.args) if y.op not in OUTSIDE) for x in members}
        members.sort(key=lambda x: gradients.get(x, first_known[x]))
        groups.append(Group(members, before, 1 + max(depth.get(x, 0) for x in args)))
        depth.update(dict.fromkeys(members, groups[-1].depth))
        known.update({x: before - 1 + i / len(members) for i, x in enumerate(members)})  # in order, for what follows
        needed.update({x: min(needed[x], before) for x in args})
        used.update(args)
    return groups


def _alike(program: Program) -> dict[Any, list[Value]]:
    """Calls that differ only in arrays of the same shape."""
    alike: dict[Any, list[Value]] = defaultdict(list)
    for value in program.values:
        if value.elementwise or (value.op is np.matmul and len(value.shape) == 2):
            rows = tuple(_row(value, x) for x in value.args)
            if None not in rows and any(row[0] == "varies" for row in rows):
                alike[value.op, value.shape, value.dtype, rows].append(value)
    return alike


def _row(value: Value, x: Any) -> Any:
    """What calls to be joined agree on in an argument: all of it, or its shape; None if it cannot be stacked."""
    if not isinstance(x, Value) or base(x).op in OUTSIDE:
        return "same", signature(x)
    source = _untransposed(x)
    if isinstance(source.op, str) or len(x.shape) != len(value.shape):
        return None
    return "varies", x.shape, x.dtype, x is source, value.args.index(x)


def _untransposed(x: Value) -> Value:
    turned = x.op == "transpose" and x.args[1] == (1, 0)
    return x.args[0] if turned else x


class _Joiner(Rewriter):
    """Rewrites a program with the calls of each group joined."""

    def __init__(self, program: Program, groups: list[Group]) -> None:
        super().__init__(program)
        self.groups: dict[int, list[Group]] = defaultdict(list)
        for group in sorted(groups, key=lambda group: (group.depth, -len(group.members))):  # long stacks contain others
            self.groups[group.before].append(group)
        self.joined = {x for group in groups for x in group.members}
        self.stacks: dict[Value, tuple[Value, int]] = {}  # for each value in a stack: the stack, and where

    def run(self, rule: Any = None) -> Program:
        """The new program."""
        for i, value in enumerate([*self.program.values, None]):
            for group in self.groups.get(i, ()):
                self._join(group.members)
            if value is not None and value not in self.joined:
                args = mapped(value.args, self.new.__getitem__)
                self.new[value] = self.make(value.op, args, value.shape, value.dtype, value.options, value.name)
        finals = {place: self.new[value] for place, value in self.program.finals.items()}
        return Program(self.values, finals, mapped(self.program.result, self.new.__getitem__), self.program.ignored)

    def _join(self, members: list[Value]) -> None:
        first = members[0]
        args = [self._argument([member.args[i] for member in members]) for i in range(len(first.args))]
        whole = self.make(first.op, args, (len(members), *first.shape), first.dtype)
        for i, member in enumerate(members):
            self.new[member] = part = self.make("index", (whole, i), member.shape, member.dtype, (), member.name)
            self.stacks[part] = whole, i

    def _argument(self, column: Sequence[Any]) -> Any:
        """One argument of all members: the one they share, or theirs, stacked."""
        first = column[0]
        if not isinstance(first, Value) or base(first).op in OUTSIDE:
            return mapped(first, self.new.__getitem__)
        whole = self._stack([self.new[_untransposed(x)] for x in column])
        if _untransposed(first) is first:
            return whole
        return self.make("transpose", (whole, (0, 2, 1)), (len(column), *first.shape), first.dtype)

    def _stack(self, parts: list[Value]) -> Value:
        """An array of all parts: part of one there is, or a pack."""
        found = [self.stacks.get(x) for x in parts]
        whole, start = found[0] or (parts[0], 0)
        if found == [(whole, start + i) for i in range(len(parts))]:
            if len(parts) == whole.shape[0]:
                return whole
            span = slice(start, start + len(parts))
            return self.make("index", (whole, span), (len(parts), *parts[0].shape), whole.dtype)
        whole = self.cube(parts)
        for i, x in enumerate(parts):
            self.stacks.setdefault(x, (whole, i))
        return whole
