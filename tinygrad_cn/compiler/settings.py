"""What a recording takes for granted: modes, options, variables from outside, which parts there are, which learn.

Of objects, dicts and modules only what the code of the step mentions counts, so that a counter beside it may go on.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import FunctionType
from typing import Any

import numpy as np

from ..nn import Module
from ..ops.op import Array
from ..seeds import Rng
from ..tensor import Tensor
from .state import PLAIN, Found, Mentioned, filled, outside

Rows = Iterator[tuple[Any, Any, Any]]  # container, key, and what was there
LONGEST = 100  # entries of a list that are watched
ENTRIES = 256  # of an array that are compared


class Settings:
    """What was there when a step was recorded.

    Attributes
    ----------
    rows : list of (container, key, object)
        What must be found where.
    absent : list of dict
        Attributes of modules that have no mode of their own.
    samples : list of (Array, bytes)
        Some entries of each array that the step uses from outside, as a view, and what they were.
    tensors, frozen : list of Tensor
        Those that learned, and those that did not.
    """

    def __init__(self, found: Found) -> None:
        self.tensors, self.frozen = found.tensors, found.frozen
        self.absent = [vars(module) for module in found.modules if "training" not in vars(module)]
        rows = (*_of_functions(found), *_of_modules(found), *_of_optimizers(found), *_of_holders(found))
        self.rows = list({(id(row[0]), row[1]): row for row in rows}.values())
        arrays = {id(x): x for _, _, x in self.rows if isinstance(x, np.ndarray)}
        self.samples = [(part, part.tobytes()) for part in map(sample, arrays.values())]

    def changed(self) -> str:
        """The name of a setting that is not as it was, or ""."""
        for container, key, x in self.rows:
            try:
                now = container[key]
            except (LookupError, ValueError):
                return _called(container, key)
            if now is x:
                continue
            if not (isinstance(x, PLAIN) and type(now) is type(x) and now == x):
                return _called(container, key)
        if any("training" in attributes for attributes in self.absent):
            return "training"
        if any(part.tobytes() != entries for part, entries in self.samples):
            return "the content of an array from outside the step"
        for tensors, learning in ((self.tensors, True), (self.frozen, False)):
            if any(tensor.requires_grad is not learning for tensor in tensors):
                return "requires_grad"
        return "register_hook" if any(map(hooked, self.tensors)) else ""


def hooked(tensor: Tensor) -> bool:
    """True if a hook waits for the gradient of a tensor."""
    return tensor._state is not None and bool(tensor._state.hooks)


def sample(a: Array) -> Array:
    """A view of some entries of an array: all of a small one."""
    along = max(1, int(ENTRIES ** (1 / max(a.ndim, 1))))
    return a[tuple(slice(None, None, math.ceil(n / along) or 1) for n in a.shape)] if a.ndim else a


def _called(container: Any, key: Any) -> str:
    if isinstance(container, Length):
        return "the length of a list"
    return f"entry {key} of a list" if isinstance(container, list) else str(key)


# ---- rows -------------------------------------------------------------------------------------------


def _of_functions(found: Found) -> Rows:
    for function in found.functions:
        cells = Cells(function)
        yield from ((cells, name, cells[name]) for name, cell in cells.cells.items() if filled(cell))
        if outside(function):
            scope = function.__globals__
            names = Mentioned.by(function.__code__).variables
            yield from ((scope, name, scope[name]) for name in names if name in scope)


def _of_modules(found: Found) -> Rows:
    for module in found.modules:
        attributes = vars(module)
        for key, x in attributes.items():
            if isinstance(x, (*PLAIN, Module, Tensor, Rng, list)):
                yield attributes, key, x
            if isinstance(x, list):
                yield Length(x), None, len(x)
                yield from ((x, i, part) for i, part in enumerate(x))


def _of_optimizers(found: Found) -> Rows:
    for optimizer in found.optimizers:
        for owner in (optimizer, *optimizer.groups):
            attributes = vars(owner)
            yield from ((attributes, key, x) for key, x in attributes.items() if isinstance(x, PLAIN) and key != "_lr")
        for group in optimizer.groups:
            yield Length(group.params), None, len(group.params)
            yield from ((group.params, i, parameter) for i, parameter in enumerate(group.params))


def _of_holders(found: Found) -> Rows:
    """Entries of dicts and lists, attributes of objects and of Python's modules."""
    mentioned = Mentioned.in_any(found.functions)
    for x in found.holders:
        if isinstance(x, list):
            yield from ((x, i, part) for i, part in enumerate(x[:LONGEST]))
        elif isinstance(x, tuple):
            yield from ((x, i, part) for i, part in enumerate(x) if isinstance(part, np.ndarray))
        elif isinstance(x, dict):
            yield from ((x, key, part) for key, part in x.items() if key in mentioned.constants)
        else:
            attributes = vars(x)
            yield from ((attributes, key, part) for key, part in attributes.items() if key in mentioned.attributes)


class Cells:
    """The variables a function took along, by name."""

    def __init__(self, function: FunctionType) -> None:
        self.cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))

    def __getitem__(self, name: str) -> Any:
        return self.cells[name].cell_contents


class Length:
    """The length of a list, as an entry."""

    def __init__(self, container: list[Any]) -> None:
        self.container = container

    def __getitem__(self, key: None) -> int:
        return len(self.container)
