"""What a net does to a sample, as data: calls of ops, where their inputs come from, and sizes that stay open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...files import Array
from ...ops.op import Op

Shape = tuple[int, ...]
SAMPLES = "m"  # the name of the number of samples; numbers of time steps are T, or T1, T2, …


@dataclass(frozen=True)
class Open:
    """A size the file leaves open: so many times the product of the named sizes, as 2 m or m T."""

    times: int
    of: tuple[str, ...]


Dim = int | Open


@dataclass(frozen=True)
class Input:
    """The k-th input of the net, or its only row: of ids (1, m, T) an embedding takes (m, T)."""

    k: int
    row: bool = False


@dataclass(frozen=True)
class Padding:
    """A mask: which steps the k-th input, of lengths (m,), says are real; with `causal` none that come later."""

    k: int
    causal: bool


@dataclass(frozen=True)
class Result:
    """The result of the i-th call."""

    i: int


@dataclass(frozen=True, eq=False)
class Constant:
    """A value that does not depend on the inputs.

    With `dims` it grows with the net's sizes. Along an open axis the array holds the only entry there is, or the
    longest row that is allowed. A triangle holds two entries instead: those above the diagonal, and all others.
    """

    array: Array
    name: str | None = None
    dims: tuple[Dim, ...] | None = None
    triangle: bool = False


Argument = Input | Padding | Result | Constant | None


@dataclass(frozen=True, eq=False)
class Call:
    """One recorded op: where its inputs come from, their shapes, and their sizes; None is a size without a rule."""

    op: Op
    arguments: tuple[Argument, ...]
    options: Mapping[str, Any]
    name: str | None
    shapes: tuple[Shape, ...]
    dims: tuple[tuple[Dim | None, ...], ...]


@dataclass(frozen=True, eq=False)
class Trace:
    """The calls of one run, and which of them give the outputs."""

    inputs: tuple[Array, ...]
    calls: tuple[Call, ...]
    outputs: tuple[Argument, ...]
    sizes: tuple[tuple[Dim | None, ...], ...]  # of the outputs
    open: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)  # name → input and axis that count it


def unit(name: str) -> str:
    """What an open size is a number of.

    Examples
    --------
    >>> unit("m"), unit("T1")
    ('sample', 'time step')
    """
    return "sample" if name == SAMPLES else "time step"


def fixing(name: str, longest: bool = False) -> str:
    """What to do where a size cannot stay open, or not without end.

    Examples
    --------
    >>> fixing("m")
    '; samples=False fixes the number of samples'
    """
    option = "samples" if name == SAMPLES else "steps"
    upto = f"; with steps=N, a number, the file takes up to N {unit(name)}s" if longest else ""
    return f"{upto}; {option}=False fixes the number of {unit(name)}s"
