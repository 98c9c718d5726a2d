"""Python names for the values of a chain and their gradients."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

from ..read import Reader
from .helpers import HELPERS
from .loop import entry

RESERVED = frozenset([*keyword.kwlist, *HELPERS, "np", "math", "m", "learning_rate"])
EMPTY: Mapping[int, str] = MappingProxyType({})


class Variables:
    """The variable of each named value of a chain, by identity, and of its gradient; a⟨3⟩ is an entry, a[3].

    Attributes
    ----------
    dicts : dict
        Names of the dicts of values by time, in order.

    Parameters
    ----------
    reader : Reader
        Of the chain.
    fixed : mapping
        Names to use instead of the chain's, by identity of the value.
    """

    def __init__(self, reader: Reader, fixed: Mapping[int, str] = EMPTY) -> None:
        self.taken: set[str] = set(RESERVED)
        self._given = reader.given
        entries = {x: found for x, key in reader.names.items() if (found := entry(key)) and x not in fixed}
        self.dicts = dict.fromkeys(name for base, _ in entries.values() for name in (base, f"d{base}"))
        self.taken |= {*self.dicts, *(["T"] if entries else [])}
        timed = {x: f"{base}[{t}]" for x, (base, t) in entries.items()}
        self._names = {x: timed.get(x) or self._name_for(fixed.get(x), k, reader) for x, k in reader.names.items()}
        self._gradients = {x: f"d{timed[x]}" if x in timed else self._free(f"d{n}") for x, n in self._names.items()}

    def _name_for(self, fixed: str | None, key: str, reader: Reader) -> str:
        return self._free(fixed or identifier(key, reader.values))

    def _free(self, name: str) -> str:
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name

    def __contains__(self, x: object) -> bool:
        return id(x) in self._names

    def name(self, x: Any) -> str:
        """The variable of a value."""
        return self._names[id(x)]

    def gradient(self, x: Any) -> str:
        """The variable of its gradient."""
        return self._gradients[id(x)]

    def new(self, name: str) -> str:
        """A variable of this name for what is no value of the chain."""
        return self._free(identifier(name, ()))

    def given(self, x: Any) -> str | None:
        """The variable of an array that is no quantity of the chain, such as an index, if the learner named it."""
        name = self._given.get(id(x))
        if name is not None and x not in self:
            self._names[id(x)] = self._free(identifier(name, ()))
        return self._names.get(id(x))


def identifier(key: str, known: Collection[str]) -> str:
    """A valid Python name for a key of the chain.

    Examples
    --------
    >>> [identifier(key, ()) for key in ("A0", "W1", "fc1.W", "2.W1", "Y′")]
    ['X', 'W1', 'fc1_W', '_2_W1', 'Y_2']
    """
    if key == "A0" and "X" not in known:
        return "X"
    primes = len(key) - len(key.rstrip("′"))
    name = re.sub(r"\W", "_", key.rstrip("′")) + (f"_{primes + 1}" if primes else "")
    return name if name.isidentifier() else f"_{name}"
