"""Programs of recurrent nets: values of time t are entries of a dict, a[t], and equal steps become a loop over t.

A program is first written step by step. Blocks of lines that differ in the time alone, one after the other, are then
one `for t in range(1, T + 1):`, and on the way back `for t in range(T - 1, 0, -1):`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...autograd import Node
from ..moments import is_parameter
from ..piece import Piece
from ..recurrent import Moment, state_of

LONGEST = 80  # lines of a block
TEMPORARY = re.compile(r"\bt\d+\b")
ADDED = re.compile(r"^(\s*)(\w+) = \2 \+ ")
LETTERS = {"c\u0303": "cct", "ŷ": "yhat", "Γ": "G"}  # as the course's exercises spell them
STEP = re.compile(r"(.+)⟨(\d+)⟩")


def entry(key: str) -> tuple[str, int] | None:
    """The dict and the time of a key of the chain; None if it has no time.

    Examples
    --------
    >>> entry("a⟨3⟩"), entry("2.Γf⟨1⟩"), entry("W1")
    (('a', 3), ('_2_Gf', 1), None)
    """
    match = STEP.fullmatch(key)
    if match is None:
        return None
    base = match[1]
    for letter, plain in LETTERS.items():
        base = base.replace(letter, plain)
    base = re.sub(r"\W", "_", base)
    return (base if base.isidentifier() else f"_{base}"), int(match[2])


def rolled(lines: Sequence[str], dicts: Collection[str], steps: int) -> list[str]:
    """Lines with equal steps as loops.

    Parameters
    ----------
    lines : sequence of str
        A program, step by step.
    dicts : collection of str
        Names of the dicts that hold values by time.
    steps : int
        T.
    """
    times = re.compile(rf"\b({'|'.join(sorted(dicts, key=len, reverse=True))})\[(\d+)\]|(\[:, :, )(\d+)\]")
    found: list[str] = []
    i = 0
    while i < len(lines):
        loop = _best(lines, i, times)
        if loop is None:
            found.append(lines[i])
            i += 1
        else:
            found += [_range(loop, steps), *("    " + line if line else "" for line in loop.body)]
            i += loop.period * loop.count
    return [_added(_summed(_listed(line, dicts, steps), dicts, steps)) for line in found]


@dataclass(frozen=True)
class _Loop:
    """`count` blocks of `period` lines, from time `first` on, each `step` further."""

    body: tuple[str, ...]
    period: int
    count: int
    first: int
    step: int


def _best(lines: Sequence[str], i: int, times: re.Pattern[str]) -> _Loop | None:
    """The loop that starts at line i and saves most lines."""
    if not lines[i].strip() or lines[i].startswith("#"):
        return None
    loops = (_loop(lines, i, period, times) for period in range(1, min(LONGEST, (len(lines) - i) // 2) + 1))
    return max((loop for loop in loops if loop is not None), key=_saved, default=None)


def _saved(loop: _Loop) -> tuple[int, int]:
    return loop.period * (loop.count - 1), -loop.period


def _loop(lines: Sequence[str], i: int, period: int, times: re.Pattern[str]) -> _Loop | None:
    blocks = [lines[j : j + period] for j in range(i, len(lines) - period + 1, period)]
    first, second = (_time(block, times) for block in blocks[:2])
    if first is None or second is None or abs(second - first) != 1:
        return None
    step, pattern = second - first, _pattern(blocks[0], first, times)
    count = 0
    while count < len(blocks) and _pattern(blocks[count], first + step * count, times) == pattern:
        count += 1
    if count < 2 or _leaks(lines, i, period * count):
        return None
    return _Loop(tuple(_at(line, first, times) for line in blocks[0]), period, count, first, step)


def _time(block: Sequence[str], times: re.Pattern[str]) -> int | None:
    """The time of the first entry of a block."""
    match = next((m for line in block for m in times.finditer(line) if m[1]), None)
    return None if match is None else int(match[2])


def _pattern(block: Sequence[str], t: int, times: re.Pattern[str]) -> tuple[str, ...]:
    """The lines with t for the time, and with temporaries numbered from 1."""
    numbers: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        return numbers.setdefault(match[0], f"t{len(numbers) + 1}")

    made = {m[0] for line in block for m in [TEMPORARY.match(line)] if m}
    own = re.compile(rf"\b({'|'.join(made)})\b") if made else None
    renamed = (own.sub(number, line) if own else line for line in block)
    return tuple(_at(line, t, times) for line in renamed)


def _at(line: str, t: int, times: re.Pattern[str]) -> str:
    """The line with t for the time."""

    def put(match: re.Match[str]) -> str:
        name, k, start, last = match.groups()
        return f"{name}[{_offset(int(k) - t)}]" if name else f"{start}{_offset(int(last) - t)}]"

    return times.sub(put, line)


def _offset(distance: int) -> str:
    return "t" if distance == 0 else f"t {'+' if distance > 0 else '-'} {abs(distance)}"


def _leaks(lines: Sequence[str], i: int, length: int) -> bool:
    """Whether a temporary of the blocks is used after them."""
    made = {m[0] for line in lines[i : i + length] for m in [TEMPORARY.match(line)] if m}
    after = {name for line in lines[i + length :] for name in TEMPORARY.findall(line)}
    return bool(made & after)


def _range(loop: _Loop, steps: int) -> str:
    last = loop.first + loop.step * loop.count
    if loop.step > 0:
        return f"for t in range({loop.first}, {_end(last, steps)}):"
    return f"for t in range({_end(loop.first, steps)}, {last}, -1):"


def _end(t: int, steps: int) -> str:
    """The late bound of a range, told from T where it is near."""
    return {steps: "T", steps + 1: "T + 1", steps - 1: "T - 1"}.get(t, str(t))


def _added(line: str) -> str:
    """dWaa += … for dWaa = dWaa + …."""
    return ADDED.sub(r"\1\2 += ", line)


def _listed(line: str, dicts: Collection[str], steps: int) -> str:
    """(a[1], a[2], a[3]) as [a[t] for t in range(1, T + 1)]."""
    for start, text, base, count in _runs(line, ", ", dicts):
        if line[start - 1 : start] == "(" and line[start + len(text) :].startswith(")"):
            return line.replace(f"({text})", f"[{base}[t] for t in range(1, {_end(count + 1, steps)})]")
    return line


def _summed(line: str, dicts: Collection[str], steps: int) -> str:
    """L[1] + L[2] + L[3] as sum(L[t] for t in range(1, T + 1))."""
    for _, text, base, count in _runs(line, " + ", dicts):
        return line.replace(text, f"sum({base}[t] for t in range(1, {_end(count + 1, steps)}))")
    return line


def _runs(line: str, between: str, dicts: Collection[str]) -> Iterator[tuple[int, str, str, int]]:
    """Where three entries or more of one dict follow one another from time 1 on."""
    for base in dicts:
        count = 0
        text = ""
        while (longer := between.join(f"{base}[{t}]" for t in range(1, count + 2))) in line:
            text, count = longer, count + 1
        if count > 2:
            yield line.index(text), text, base, count


# ---- the top of the program -------------------------------------------------------------------------


def steps_of(moments: Iterable[Moment]) -> int:
    """T, of the longest cell."""
    return max((moment.cell.steps for moment in moments), default=0)


def needs(inputs: Iterable[tuple[str, Any]], computed: Collection[str]) -> list[str]:
    """What must exist: `X (3, 4)`, `x[1] … x[10] (3, 4)`, and a0 for the a[0] of a dict that the program fills."""
    found: dict[str, list[str]] = {}
    shapes: dict[str, tuple[int, ...]] = {}
    for name, x in inputs:
        base, _, rest = name.partition("[")
        own = f"{base}{rest[:-1]}" if base in computed else name
        key = own if base in computed else base
        found.setdefault(key, []).append(own)
        shapes[key] = np.shape(x)
    return [f"{' … '.join(dict.fromkeys((names[0], names[-1])))} {shapes[key]}" for key, names in found.items()]


def shared_in_time(moments: Mapping[Piece, Moment]) -> set[Node]:
    """The leaves that a cell uses at several times: their gradients add up step by step."""
    used: dict[Node, set[int]] = {}
    for piece, moment in moments.items():
        for x in piece.operands:
            if is_parameter(x):
                used.setdefault(x, set()).add(moment.t)
    return {x for x, found in used.items() if len(found) > 1}


def made_empty(names: Iterable[str], starts: Mapping[str, int], width: int) -> list[str]:
    """Lines that make the dicts: `a = {0: a0}` for one that starts with a value, `z, dz = {}, {}` for the others."""
    lines = [f"{name} = {{{starts[name]}: {name}{starts[name]}}}" for name in names if name in starts]
    row: list[str] = []
    for name in [*(name for name in names if name not in starts), ""]:
        if row and (not name or len(_empty([*row, name])) > width):
            lines.append(_empty(row))
            row = []
        row.append(name)
    return lines


def _empty(names: Sequence[str]) -> str:
    return f"{', '.join(names)} = {', '.join(['{}'] * len(names))}"


def starting_states(moments: Mapping[Piece, Moment]) -> Iterator[Any]:
    """The a⟨0⟩ that cells start from, if they come from outside."""
    for piece in moments:
        if piece.kind == "recurrent":
            state = piece.operands[state_of(piece)[0]]
            if not (isinstance(state, Node) and state._op is not None):
                yield state
