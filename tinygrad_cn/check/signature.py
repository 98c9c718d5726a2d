"""What can be told of a learner's function without calling it: its parameters, and the names it works with."""

from __future__ import annotations

import dis
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import CodeType
from typing import Any

from ..errors import OpError

POSITIONAL = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
INDEXED = re.compile(r"d?[WbZAD](\d{1,3})")
READS_OUTSIDE = ("LOAD_GLOBAL", "LOAD_NAME")


@dataclass(frozen=True)
class Signature:
    """A function's name and the names in it.

    Attributes
    ----------
    name : str
        What it is called.
    required, optional : tuple of str
        Parameters without and with a default.
    unpacked : mapping
        Parameters taken apart as a tuple, `(Z1, A1, W1, b1) = cache`, with the names of the parts.
    returned : tuple of str
        The names of `return dW1, db1`; () for any other return.
    outside : tuple of str
        Names it reads that are neither parameters nor its own.
    layers : int
        The largest l of the names W1, "dZ2", … in it; 0 if there are none, as in a loop over layers.
    """

    name: str
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    unpacked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    returned: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    layers: int = 0


def signature_of(f: Callable[..., Any]) -> Signature:
    """Read a function's signature and code.

    Raises
    ------
    OpError
        If it takes parameters by position only.

    Examples
    --------
    >>> def backward(Y, cache):
    ...     Z1, A1 = cache
    ...     dZ1 = A1 - Y
    ...     db1 = dZ1.mean(axis=1)
    ...     return dZ1, db1
    >>> signature_of(backward)
    Signature(name='backward', required=('Y', 'cache'), optional=(), unpacked={'cache': ('Z1', 'A1')}, \
returned=('dZ1', 'db1'), outside=(), layers=1)
    """
    name = getattr(f, "__name__", type(f).__name__)
    parameters = inspect.signature(f).parameters.values()
    by_position = [p.name for p in parameters if p.kind is p.POSITIONAL_ONLY]
    if by_position:
        raise OpError(f"{name}: parameters are told apart by name; got the positional-only {', '.join(by_position)}")
    named = [p for p in parameters if p.kind in POSITIONAL]
    code = getattr(inspect.unwrap(f), "__code__", None)
    steps = [] if code is None else list(dis.get_instructions(code))
    return Signature(
        name,
        tuple(p.name for p in named if p.default is p.empty),
        tuple(p.name for p in named if p.default is not p.empty),
        dict(_unpacked(steps)),
        _returned(steps),
        () if code is None else _outside(steps, code),
        0 if code is None else _layers(code),
    )


Steps = Sequence[dis.Instruction]


def _unpacked(steps: Steps) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every `a, b = name`: the name, and those of the parts."""
    for i, (load, step) in enumerate(pairwise(steps)):
        if step.opname == "UNPACK_SEQUENCE" and "LOAD_" in load.opname and step.arg:
            parts = _named(steps[i + 2 :], "STORE_", step.arg)
            if len(parts) == step.arg:
                yield _flat(load)[-1], parts


def _returned(steps: Steps) -> tuple[str, ...]:
    """The names of the last `return a, b`."""
    for i in range(len(steps) - 1, 0, -1):
        step, build = steps[i], steps[i - 1]
        if step.opname == "RETURN_VALUE" and build.opname == "BUILD_TUPLE" and build.arg:
            backwards = _named(steps[: i - 1][::-1], "LOAD_FAST", build.arg, turned=True)
            return backwards[::-1] if len(backwards) == build.arg else ()
    return ()


def _named(steps: Steps, prefix: str, count: int, turned: bool = False) -> tuple[str, ...]:
    """The next `count` names that instructions of one kind handle, up to the first instruction of another."""
    names: list[str] = []
    for step in steps:
        if not step.opname.startswith(prefix) or len(names) >= count:
            break
        names += _flat(step)[:: -1 if turned else 1]
    return tuple(names[:count])


def _flat(step: dis.Instruction) -> tuple[str, ...]:
    """Names an instruction handles; newer Pythons join two in one."""
    return tuple(map(str, step.argval)) if isinstance(step.argval, tuple) else (str(step.argval),)


def _outside(steps: Steps, code: CodeType) -> tuple[str, ...]:
    found = [str(step.argval) for step in steps if step.opname in READS_OUTSIDE]
    return tuple(dict.fromkeys([*found, *code.co_freevars]))


def _layers(code: CodeType) -> int:
    """The largest layer number in a function's names and keys."""
    words = list(code.co_varnames)
    for constant in code.co_consts:
        words += constant if isinstance(constant, tuple) else (constant,)  # the keys of a dict are one tuple
    return max((int(match[1]) for word in words if (match := INDEXED.fullmatch(str(word)))), default=0)
