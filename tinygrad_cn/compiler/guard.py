"""Guards: whether all is as a program takes it for granted, asked in one expression written for it.

A step of a small net takes less time than a loop over its settings, parameters and arrays would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ..autograd import Node, bump, clock
from ..ops.op import Array
from ..tensor import Tensor
from .settings import Cells, Length, Settings
from .state import Attribute, Entry, Place


class Scope:
    """Names for the objects a text refers to."""

    def __init__(self, **known: Any) -> None:
        self._names = known  # a plain dict: Python looks globals up in others several times slower

    def name(self, x: Any) -> str:
        """The name of an object."""
        name = f"x{id(x):x}"
        self._names[name] = x  # which keeps it, so that no other object gets its id
        return name

    def of(self, place: Place) -> str:
        """The text that reads or sets a place."""
        if isinstance(place, Attribute):
            return f"{self.name(place.owner)}.{place.key}"
        return self.entry(place.owner, place.key) if isinstance(place, Entry) else f"{self.name(place)}.get()"

    def entry(self, container: Any, key: Any) -> str:
        """The text that reads an entry."""
        if isinstance(container, Cells):
            return f"{self.name(container.cells[key])}.cell_contents"
        if isinstance(container, Length):
            return f"len({self.name(container.container)})"
        return f"{self.name(container)}[{key!r}]"

    def function(self, text: str) -> Any:
        """The function `f` of a text."""
        exec(text, self._names)
        return self._names["f"]


def unchanged(
    args: tuple[Array, ...],
    settings: Settings,
    held: Iterable[tuple[Place, Array]],
    there: Iterable[tuple[Place, bool]],
) -> Callable[[tuple[Any, ...]], bool]:
    """A function that tells whether a program fits a call.

    Parameters
    ----------
    args : tuple of array
        Arguments that fitted; others must have their shapes and dtypes.
    settings : Settings
        What was taken for granted when the step was recorded.
    held : pairs of Place and Array
        Where the arrays the program works on must be found.
    there : pairs of Place and bool
        Where something must be (True), or nothing (False).

    Returns
    -------
    callable
        Takes the arguments of a call. False, KeyError, IndexError or ValueError: look closer.
    """
    scope = Scope(ndarray=np.ndarray)
    terms = [f"{scope.entry(container, key)} is {scope.name(x)}" for container, key, x in settings.rows]
    terms += [f"'training' not in {scope.name(attributes)}" for attributes in settings.absent]
    for name in map(scope.name, settings.tensors):
        terms.append(f"{name}.requires_grad and ((s := {name}._state) is None or not s.hooks)")
    terms += [f"not {scope.name(tensor)}.requires_grad" for tensor in settings.frozen]
    terms += [f"{scope.name(part)}.tobytes() == {scope.name(entries)}" for part, entries in settings.samples]
    terms += [f"{scope.of(place)} is {scope.name(array)}" for place, array in held]
    terms += [f"{scope.of(place)} is {'not ' * wanted}None" for place, wanted in there]
    terms += [
        f"a{i}.__class__ is ndarray and a{i}.shape == {x.shape!r} and a{i}.dtype is {scope.name(x.dtype)}"
        for i, x in enumerate(args)
    ]
    names = "".join(f"a{i}, " for i in range(len(args)))
    return scope.function(f"def f(args):\n    ({names}) = args\n    return {' and '.join(terms) or True}\n")  # type: ignore[no-any-return]


def inputs(sources: Iterable[Place | int | str]) -> Callable[[tuple[Any, ...], Mapping[str, Any]], list[Any]]:
    """A function from the arguments of a call to the inputs of a program: from places, positions or keywords."""
    scope = Scope(entries=_entries)
    texts = ", ".join(_source(scope, x) for x in sources)
    return scope.function(f"def f(args, kwargs):\n    return [{texts}]\n")  # type: ignore[no-any-return]


def _source(scope: Scope, x: Place | int | str) -> str:
    if isinstance(x, int | str):
        return f"entries({'args' if isinstance(x, int) else 'kwargs'}[{x!r}])"
    return scope.of(x)


def _entries(x: Any) -> Any:
    return x._data if isinstance(x, Node) else x


def finish(
    gradients: Iterable[tuple[Tensor, Array]], cleared: Iterable[Place], changed: Iterable[Tensor]
) -> Callable[[], None]:
    """A function for the end of a step: gradients are put in their places, and parameters marked as changed."""
    scope = Scope(clock=clock, bump=bump)
    rows = ["now = next(clock)"]
    rows += [f"{scope.name(tensor)}._grad = {scope.name(array)}" for tensor, array in gradients]
    rows += [f"{scope.of(place)} = None" for place in cleared]
    for name in map(scope.name, changed):
        rows += [f"{name}._changed = now", f"if {name}._state is not None: bump({name})"]
    return scope.function("\n    ".join(["def f():", *rows]) + "\n")  # type: ignore[no-any-return]
