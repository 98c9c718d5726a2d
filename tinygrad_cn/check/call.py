"""Call a learner's function on copies, notice what it changes in place, and show its errors as its own."""

from __future__ import annotations

import copy
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..errors import HandFunctionError
from .signature import Signature, signature_of

PACKAGE = str(Path(__file__).parents[1])


@dataclass(frozen=True)
class Answer:
    """What a call returned, which arguments it changed in place ("cache['Z1']"), and the arguments after it."""

    result: Any
    changed: tuple[str, ...] = ()
    after: Mapping[str, Any] = field(default_factory=dict)


class Hand(Protocol):
    """A learner's function, in this process or in another."""

    @property
    def signature(self) -> Signature:
        """Its name and parameters."""

    def call(self, arguments: Mapping[str, Any]) -> Answer:
        """Call it on copies of the arguments.

        Raises
        ------
        HandFunctionError
            If it raises; the message holds its traceback.
        """


class Local:
    """A function of this process."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f = f
        self.signature = signature_of(f)

    def call(self, arguments: Mapping[str, Any]) -> Answer:
        """See `Hand.call`."""
        try:
            return call(self.f, arguments)
        except (Exception, SystemExit) as error:
            raise HandFunctionError(self.signature.name, own_traceback(error)) from error


def call(f: Callable[..., Any], arguments: Mapping[str, Any]) -> Answer:
    """`f(**arguments)` on a deep copy of the arguments, so that nothing it does reaches the originals."""
    given = copy.deepcopy(dict(arguments))
    result = f(**given)
    after = dict(_arrays(given, ""))
    changed = {id(a): name for name, a in reversed(list(_arrays(arguments, ""))) if not _same(a, after.get(name))}
    return Answer(result, tuple(reversed(changed.values())), given)  # each array once, under its first name


def own_traceback(error: BaseException) -> str:
    """The traceback of an error without the frames of this package."""
    whole = traceback.TracebackException.from_exception(error)
    whole.stack[:] = [frame for frame in whole.stack if not frame.filename.startswith(PACKAGE)]
    return "".join(whole.format(chain=False)).rstrip()


def _arrays(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Every array inside dicts, lists and tuples, with how to reach it."""
    if isinstance(value, np.ndarray):
        yield name, value
    elif isinstance(value, Mapping):
        for key, x in value.items():
            yield from _arrays(x, f"{name}[{key!r}]" if name else str(key))
    elif isinstance(value, (list, tuple)):
        for i, x in enumerate(value):
            yield from _arrays(x, f"{name}[{i}]")


def _same(a: Any, b: Any) -> bool:
    return isinstance(b, np.ndarray) and np.array_equal(a, b, equal_nan=True)
