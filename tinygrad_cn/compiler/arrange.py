"""Arrangement: the calls of a program as rows of text, with loops where these are faster.

Calls on vectors too long for the cache run piece by piece; runs of arithmetic become one loop if Numba is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..ops.op import Array
from .fuse import Loop, fits, fusable
from .program import Value, children

if TYPE_CHECKING:
    from .emit import Emitter

BLOCK = 1 << 17  # bytes of one array in a piece of an update: a few of them fit into the cache nearest to a core


@dataclass
class Line:
    """One call: its text around the arrays it works on, so that it can be cut into pieces."""

    text: str
    arrays: dict[str, Array] = field(default_factory=dict)
    value: Value | None = None
    flops: int = 0
    writes: list[Array] = field(default_factory=list)

    @property
    def length(self) -> int:
        """Number of entries of its vectors."""
        return max(a.size for a in self.arrays.values())

    @property
    def long(self) -> bool:
        """True for an entry-by-entry call on vectors too long for the cache."""
        vectors = [a for a in self.arrays.values() if a.ndim]
        return bool(vectors) and all(
            a.ndim == 1 and a.size == vectors[0].size and a.nbytes > 4 * BLOCK and a.flags.c_contiguous for a in vectors
        )


@dataclass
class Row:
    """Text of one or several lines, and the arrays it writes."""

    text: str
    writes: list[Array]


class Arrangement:
    """The rows of a program.

    Attributes
    ----------
    rows : list of Row
        The body of the step.
    functions : dict
        The text of each of Numba's loops by its name.
    """

    def __init__(self, emitter: Emitter, fast: bool) -> None:
        self.emitter, self.memory = emitter, emitter.memory
        self.functions: dict[str, str] = {}
        lines = self._fused(emitter.lines) if fast else emitter.lines
        self.rows = list(self._in_pieces(lines))

    # ---- loops of Numba's ---------------------------------------------------------------------------

    def _fused(self, lines: list[Line]) -> list[Line]:
        result: list[Line] = []
        run: list[Line] = []
        for line in [*lines, Line("")]:
            values = [x.value for x in run if x.value is not None]
            candidate = line.value is not None and fusable(line.value, self.memory)
            if candidate and line.value is not None and fits(values, line.value, self.memory):
                run.append(line)
                continue
            result += [self._call(run)] if len(run) > 1 else run
            run = [line] if candidate else []
            result += [] if candidate or not line.text else [line]
        return result

    def _call(self, run: list[Line]) -> Line:
        loop = Loop([line.value for line in run if line.value is not None], self.memory)
        name = next((n for n, text in self.functions.items() if text == loop.text), f"loop{len(self.functions) + 1}")
        self.functions[name] = loop.text
        arrays = [self.emitter.name_of(a, f"{called}_flat" if called else "s") for called, a in loop.arrays]
        words = [*arrays, *map(self.emitter.number, loop.numbers)]
        return Line(f"{name}({', '.join(words)})", writes=[a for line in run for a in line.writes])

    # ---- pieces -------------------------------------------------------------------------------------

    def _in_pieces(self, lines: list[Line]) -> Iterator[Row]:
        """Lines as they are, and runs of lines on long vectors as loops over pieces."""
        run: list[Line] = []
        for line in [*lines, Line("")]:
            if run and not (line.long and line.length == run[0].length):
                yield from [self._loop(run)] if len(run) > 1 else [Row(run[0].text, run[0].writes)]
                run = []
            if line.long:
                run.append(line)
            elif line.text:
                yield Row(line.text, line.writes)

    def _loop(self, run: list[Line]) -> Row:
        arrays = {name: a for line in run for name, a in line.arrays.items() if a.ndim}
        piece = BLOCK // max(a.itemsize for a in arrays.values())
        scratch = {name for name in arrays if self._only_in(run, name)}
        pieces = [
            tuple(a[: min(piece, a.size - o)] if name in scratch else a[o : o + piece] for name, a in arrays.items())
            for o in range(0, run[0].length, piece)
        ]
        head = f"for {', '.join(arrays)} in {self.emitter.bind('pieces', pieces)}:"
        text = "\n".join([head, *(f"    {line.text}" for line in run)])
        return Row(text, [a for line in run for a in line.writes])

    def _only_in(self, run: list[Line], name: str) -> bool:
        """True for an array that is written before it is read, in these lines, and never used outside."""
        first = next(line for line in run if name in line.arrays)
        array = first.arrays[name]
        inside = {id(line) for line in run}
        outside = [a for line in self.emitter.lines if id(line) not in inside for a in line.arrays.values()]
        results = [self.memory.arrays[x] for x in children(self.emitter.program.result) if x in self.memory.arrays]
        kept = [*self.memory.state.values(), *results, *outside]
        own = any(a is array for a in first.writes) and first.text.count(name) == 1
        return own and not any(np.may_share_memory(array, a) for a in kept)
