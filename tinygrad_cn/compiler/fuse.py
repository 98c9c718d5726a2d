"""Fusion: several entry-by-entry calls as one loop, compiled by Numba (extra `fast`).

Only arithmetic is fused: NumPy computes exp, log and tanh of many entries at once, a loop computes one by one. Each
operation rounds as NumPy's does, so the numbers stay the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ops.op import Array
from .program import Value, children

if TYPE_CHECKING:
    from .memory import Memory

SMALLEST = 256  # entries: below, a loop of Numba's is no faster than the calls
TEMPLATES: dict[Any, str] = {
    np.add: "{} + {}", np.subtract: "{} - {}", np.multiply: "{} * {}", np.divide: "{} / {}", np.negative: "-{}",
    np.square: "{0} * {0}", np.sqrt: "np.sqrt({})", np.reciprocal: "{one} / {}", np.absolute: "abs({})",
    np.maximum: "np.maximum({}, {})", np.minimum: "np.minimum({}, {})", np.greater: "{} > {}", np.less: "{} < {}",
    np.greater_equal: "{} >= {}", np.less_equal: "{} <= {}", np.equal: "{} == {}", np.not_equal: "{} != {}",
}  # fmt: skip


def available() -> bool:
    """True if Numba is installed."""
    return find_spec("numba") is not None


def fusable(value: Value, memory: Memory) -> bool:
    """True for arithmetic on floats that lie in memory one after the other."""
    if value.op not in TEMPLATES or value.size < SMALLEST:
        return False
    wide = [x for x in (value, *children(value.args)) if x.size > 1]
    if not all(x in memory.arrays and x.size == value.size for x in wide):
        return False
    kinds = {x.dtype for x in (*children(value.args), value) if x.dtype is not None and x.dtype.kind != "b"}
    return len(kinds) == 1 and kinds.pop().kind == "f" and all(memory.arrays[x].flags.c_contiguous for x in wide)


def fits(run: Sequence[Value], value: Value, memory: Memory) -> bool:
    """True if a call can go into the loop of those before it: any two arrays are the same, or apart."""
    if run and run[0].size != value.size:
        return False
    wide = {x for y in (*run, value) for x in (y, *children(y.args)) if x.size > 1}
    arrays = {_place(memory.arrays[x]): memory.arrays[x] for x in wide}
    return not any(np.may_share_memory(a, b) for a, b in combinations(arrays.values(), 2))


def _place(array: Array) -> Any:
    """The same for the same memory, whatever its shape."""
    return array.__array_interface__["data"][0], array.dtype.str


class Loop:
    """One loop for a run of calls.

    Parameters
    ----------
    run : list of Value
        Made one after the other.
    memory : Memory
        Where they live, and which of them are needed later.

    Attributes
    ----------
    text : str
        The function, named `{name}`.
    arrays : list of (str, Array)
        What it is called with: the names of values, and their arrays, entry after entry.
    numbers : list of Value
        Numbers it is called with after that.
    """

    def __init__(self, run: Sequence[Value], memory: Memory) -> None:
        self.memory = memory
        self.arrays: list[tuple[str, Array]] = []
        self.numbers: list[Value] = []
        self._array_names: dict[Any, str] = {}
        self._latest: dict[Any, str] = {}  # for each array, what its entry is called in the loop
        known = (x for value in run for x in (value, *children(value.args)) if x.dtype is not None)
        self._float = f"f{next(x.dtype.itemsize for x in known if not _is_bool(x))}"
        rows = [self._row(k, value) for k, value in enumerate(run, 1)]
        writers = {_place(memory.arrays[value]): value for value in run}
        for place, value in writers.items():
            if memory.needed_after(value, run):
                rows.append(f"{self._name(value)}[i] = {self._latest[place]}")
        names = [*self._array_names.values(), *(f"v{k}" for k in range(1, len(self.numbers) + 1))]
        body = "\n".join(f"        {row}" for row in rows)
        self.text = f"def {{name}}({', '.join(names)}):\n    for i in range(x1.size):\n{body}\n"

    def _row(self, k: int, value: Value) -> str:
        entries = [self._entry(x) for x in value.args]
        if not _is_bool(value):  # in arithmetic a comparison counts as 1 or 0
            entries = [f"{self._float}({e})" if _is_bool(x) else e for e, x in zip(entries, value.args, strict=True)]
        self._latest[_place(self.memory.arrays[value])] = f"t{k}"
        return f"t{k} = {TEMPLATES[value.op].format(*entries, one=f'{self._float}(1)')}"

    def _entry(self, x: Any) -> str:
        """How the loop refers to an argument."""
        if not isinstance(x, Value):
            return f"{self._float}({x!r})"
        if x.op == "constant" and x.size == 1:
            return f"{self._float}({x.args[0].item()!r})"
        if x.size == 1:
            if x not in self.numbers:
                self.numbers.append(x)
            return f"{self._float}(v{self.numbers.index(x) + 1})"
        return self._latest.get(_place(self.memory.arrays[x])) or f"{self._name(x)}[i]"

    def _name(self, x: Value) -> str:
        array = self.memory.arrays[x]
        place = _place(array)
        if place not in self._array_names:
            self.arrays.append((x.name, array.reshape(-1)))
            self._array_names[place] = f"x{len(self.arrays)}"
        return self._array_names[place]


def _is_bool(x: Any) -> bool:
    return isinstance(x, Value) and x.dtype is not None and x.dtype.kind == "b"


@cache
def jitted(text: str) -> Any:
    """The function of a loop; loops of the same text are the same function."""
    from numba import njit

    names: dict[str, Any] = {"np": np, "f4": np.float32, "f8": np.float64, "inf": np.inf, "nan": np.nan}
    exec(text.format(name="loop"), names)
    return njit(error_model="numpy")(names["loop"])
