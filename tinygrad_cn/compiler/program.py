"""A recorded step as a list of values, each made by one NumPy call from values before it and never changed.

What ops and optimisers do in place is recorded as new values, so that the passes may share, drop and reorder; which
values live in the same memory is decided last (`memory`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from types import BuiltinMethodType, FunctionType
from typing import Any

import numpy as np

from ..ops.op import Array

Shape = tuple[int, ...]
View = tuple[str, Any]  # reshape, transpose, index or window, and its argument
Path = tuple[View, ...]
VIEWS = frozenset(["reshape", "transpose", "index", "window", "broadcast"])  # the same entries, seen in another way
OUTSIDE = frozenset(["input", "constant", "empty"])  # not computed by the step


LOOK: dict[str, Callable[[Array, Any], Array]] = {
    "reshape": lambda a, shape: a.reshape(shape),
    "transpose": lambda a, axes: a.transpose(axes),
    "index": lambda a, index: a[index] if isinstance(a[index], np.ndarray) else np.asarray(a[index]),
    "broadcast": lambda a, shape: np.broadcast_to(a, shape),
    "window": lambda a, how: np.lib.stride_tricks.sliding_window_view(a, *how, writeable=True),  # may be all of a
}


def look(array: Array, path: Path) -> Array:
    """What a path of views shows of an array."""
    for kind, how in path:
        array = LOOK[kind](array, how)
    return array


class Value:
    """One value of a program.

    Attributes
    ----------
    op : ufunc, (ufunc, "reduce") or str
        What makes it. Strings: input, constant, empty, the views reshape, transpose, index, window and broadcast,
        copy, cast, update (a copy with one part replaced), pack (made of parts, each at its path), call (any function),
        item, draw (a call of a random generator), scalar (Python arithmetic).
    args : tuple
        Values and plain objects, nested in lists and tuples.
    options : tuple of pairs
        Keywords of a reduction: axis, keepdims and so on.
    shape, dtype
        Of the array; a Python number has dtype None.
    name : str
        Of the tensor or the state it is, or "".
    """

    __slots__ = ("args", "dtype", "name", "op", "options", "shape")

    def __init__(self, op: Any, args: tuple[Any, ...], options: Any, shape: Shape, dtype: Any, name: str = "") -> None:
        self.op, self.args, self.options = op, args, options
        self.shape, self.dtype, self.name = shape, dtype, name

    @property
    def size(self) -> int:
        """Number of entries."""
        return math.prod(self.shape)

    @property
    def elementwise(self) -> bool:
        """True for a ufunc that works entry by entry."""
        return isinstance(self.op, np.ufunc) and self.op.signature is None

    def __repr__(self) -> str:
        return f"<{self.name or 'value'} {self.shape} {getattr(self.op, '__name__', self.op)}>"


@dataclass
class Program:
    """All values in the order they were made, what becomes of the state, and what is returned.

    Attributes
    ----------
    values : list of Value
        In an order in which they can be computed.
    finals : dict
        For each place of the state that changes, its value after the step.
    result : object
        What the step returns, with values in place of arrays and numbers.
    ignored : set of str
        The floating-point warnings some op turns off.
    """

    values: list[Value] = field(default_factory=list)
    finals: dict[Any, Value] = field(default_factory=dict)
    result: Any = None
    ignored: set[str] = field(default_factory=set)

    def roots(self) -> list[Value]:
        """The values something outside depends on."""
        draws = [value for value in self.values if value.op == "draw"]
        return [*self.finals.values(), *children(self.result), *draws]


def children(x: Any) -> Iterator[Value]:
    """The values in nested arguments, left to right."""
    if isinstance(x, Value):
        yield x
    elif isinstance(x, list | tuple):
        for part in x:
            yield from children(part)
    elif isinstance(x, dict):
        yield from children(list(x.values()))
    elif isinstance(x, slice):
        yield from children((x.start, x.stop, x.step))


def base(value: Value) -> Value:
    """The value whose entries a view looks at."""
    while value.op in VIEWS:
        value = value.args[0]
    return value


def end_to_end(parts: Sequence[Value]) -> tuple[Path, ...]:
    """Where parts are in a vector that holds their entries one after the other."""
    ends = list(accumulate(part.size for part in parts))
    return tuple(
        (("index", slice(end - x.size, end)), ("reshape", x.shape)) for x, end in zip(parts, ends, strict=True)
    )


def mapped(x: Any, change: Callable[[Value], Any]) -> Any:
    """Nested arguments with every value exchanged."""
    if isinstance(x, Value):
        return change(x)
    if isinstance(x, list):
        return [mapped(part, change) for part in x]
    if isinstance(x, tuple):
        parts = [mapped(part, change) for part in x]
        return type(x)(*parts) if hasattr(x, "_fields") else tuple(parts)
    if isinstance(x, dict):
        return {key: mapped(part, change) for key, part in x.items()}
    if isinstance(x, slice):
        return slice(*(mapped(part, change) for part in (x.start, x.stop, x.step)))
    return x


def signature(x: Any, of: Callable[[Value], Any] = id) -> Any:
    """A hashable stand-in for nested arguments: equal ones mean the same."""
    if isinstance(x, Value):
        return ("value", of(x))
    if isinstance(x, list | tuple):
        return (type(x).__name__, *(signature(part, of) for part in x))
    if isinstance(x, dict):
        return ("dict", *((key, signature(part, of)) for key, part in sorted(x.items())))
    if isinstance(x, slice):
        return ("slice", signature((x.start, x.stop, x.step), of))
    if isinstance(x, np.ndarray):
        return ("array", x.shape, x.dtype.str, x.tobytes())
    if isinstance(x, int | float | complex | str | np.generic):
        return (type(x).__name__, repr(x))
    if isinstance(x, FunctionType):
        taken = [cell.cell_contents for cell in x.__closure__ or () if cell.cell_contents is not x]
        return ("function", x.__code__, signature((x.__defaults__, x.__kwdefaults__, taken), of))
    if isinstance(x, BuiltinMethodType):  # np.add.accumulate is another object each time
        return ("method", id(x.__self__), x.__name__)
    return ("object", id(x)) if x is not None else None


def same(a: Program, b: Program) -> bool:
    """True if two programs make the same calls on the same constants."""
    return bool(_fingerprint(a) == _fingerprint(b))


def _fingerprint(program: Program) -> Any:
    numbers: dict[Value, int] = {}
    rows = []
    for value in program.values:
        rows.append((signature(value.op), signature((value.args, value.options), numbers.__getitem__)))
        numbers[value] = len(numbers)
    finals = {place: numbers[value] for place, value in program.finals.items()}
    return rows, finals, signature(program.result, numbers.__getitem__)


class Rewriter:
    """Builds a program anew, value by value, with some made in another way.

    A rule gets each value with its new arguments and returns the value to use instead, or None to keep it.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.values: list[Value] = []
        self.new: dict[Value, Any] = {}

    def make(self, op: Any, args: Sequence[Any], shape: Shape, dtype: Any, options: Any = (), name: str = "") -> Value:
        """A new value at the end of the list."""
        value = Value(op, tuple(args), options, shape, dtype, name)
        self.values.append(value)
        return value

    def cube(self, parts: Sequence[Value]) -> Value:
        """Arrays of one shape, stacked; of the same parts of packs, the part of the stacked packs."""
        first = parts[0]
        if first.op == "index" and all(
            x.op == "index" and x.args[0].op == "pack" and x.args[1:] == first.args[1:] for x in parts
        ):
            whole, index = self.cube([x.args[0] for x in parts]), first.args[1]
            place = (slice(None), *(index if isinstance(index, tuple) else (index,)))
            return self.make("index", (whole, place), (len(parts), *first.shape), first.dtype)
        paths = tuple((("index", i),) for i in range(len(parts)))
        return self.make("pack", (list(parts), paths), (len(parts), *parts[0].shape), parts[0].dtype)

    def run(self, rule: Callable[[Rewriter, Value, tuple[Any, ...]], Any]) -> Program:
        """The new program."""
        for value in self.program.values:
            args = mapped(value.args, self.new.__getitem__)
            made = rule(self, value, args)
            if made is None:
                made = self.make(value.op, args, value.shape, value.dtype, value.options, value.name)
            elif isinstance(made, Value) and not made.name:
                made.name = value.name
            self.new[value] = made
        finals = {place: self.new[value] for place, value in self.program.finals.items()}
        return Program(self.values, finals, mapped(self.program.result, self.new.__getitem__), self.program.ignored)
