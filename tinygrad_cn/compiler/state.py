"""What a step changes besides its result: parameters, gradients, what optimisers remember, arrays of modules.

Found by looking from the step function along its closure, globals, defaults and `self`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..nn import Module
from ..optim import Optimizer
from ..record import PACKAGE
from ..seeds import Rng
from ..tensor import Tensor
from .program import signature
from .standin import Scalar

Key = tuple[Any, ...]
PLAIN = (bool, int, float, str, type(None))


@dataclass
class Found:
    """The objects a step can reach."""

    functions: list[FunctionType] = field(default_factory=list)
    tensors: list[Tensor] = field(default_factory=list)
    frozen: list[Tensor] = field(default_factory=list)  # leaves that do not learn, as long as they do not
    modules: list[Module] = field(default_factory=list)
    optimizers: list[Optimizer] = field(default_factory=list)


def find(step: Any) -> Found:
    """Everything of interest that a function can reach."""
    found = Found()
    seen: dict[int, Any] = {}
    todo = [step]
    while todo:
        x = todo.pop()
        if id(x) in seen or isinstance(x, (*PLAIN, type, ModuleType, np.ndarray, np.generic)):
            continue
        seen[id(x)] = x
        if isinstance(x, Tensor):
            if x._op is None:
                (found.tensors if x.requires_grad else found.frozen).append(x)
            continue
        if isinstance(x, FunctionType):
            found.functions.append(x)
        if isinstance(x, Module):
            found.modules.append(x)
        if isinstance(x, Optimizer):
            found.optimizers.append(x)
            todo.extend(reversed(x.params))
        todo.extend(reversed(list(_parts(x))))
    return found


def own_code(*parts: Any) -> tuple[str, str]:
    """What of a net and a loss is not of this package, and would run only while a step is recorded: kind and name.

    The kind is "function", "layer", "hook", or "" if there is nothing.
    """
    found = find(parts)
    for function in found.functions:
        if _outside(function):
            return "function", function.__qualname__
    for module in found.modules:
        if type(module).__module__.partition(".")[0] != __name__.partition(".")[0]:
            return "layer", type(module).__qualname__
    if any(tensor._state is not None and tensor._state.hooks for tensor in found.tensors):
        return "hook", ""
    return "", ""


def _parts(x: Any) -> Iterator[Any]:
    if isinstance(x, FunctionType):
        if _outside(x):
            yield from (x.__globals__[name] for name in _names(x.__code__) if name in x.__globals__)
        yield from (cell.cell_contents for cell in x.__closure__ or () if _filled(cell))
        yield from (x.__defaults__ or (), x.__kwdefaults__ or {})
    elif isinstance(x, MethodType):
        yield from (x.__self__, x.__func__)
    elif isinstance(x, partial):
        yield from (x.func, x.args, x.keywords)
    elif isinstance(x, Mapping):
        yield from x.values()
    elif isinstance(x, list | tuple | set | frozenset):
        yield from x
    elif isinstance(attributes := getattr(x, "__dict__", None), dict):
        yield from attributes.values()


def _outside(function: FunctionType) -> bool:
    """True for a function that is not of this package, whose globals are fixed."""
    return not function.__code__.co_filename.startswith(PACKAGE)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 an empty cell raises
    except ValueError:
        return False
    return True


# ---- places -----------------------------------------------------------------------------------------


class Attribute:
    """A place that is an attribute of an object."""

    __slots__ = ("key", "owner")

    def __init__(self, owner: Any, key: str) -> None:
        self.owner, self.key = owner, key

    def get(self) -> Any:
        """What is there."""
        return getattr(self.owner, self.key)

    def set(self, x: Any) -> None:
        """Put something there."""
        setattr(self.owner, self.key, x)


class Entry:
    """A place that is an entry of a dict."""

    __slots__ = ("key", "owner")

    def __init__(self, owner: dict[str, Any], key: str) -> None:
        self.owner, self.key = owner, key

    def get(self) -> Any:
        """What is there."""
        return self.owner[self.key]

    def set(self, x: Any) -> None:
        """Put something there."""
        self.owner[self.key] = x


class Shared:
    """Several places that hold the same number, such as Adam's t of each parameter."""

    __slots__ = ("places",)

    def __init__(self, places: list[Entry]) -> None:
        self.places = places

    def get(self) -> Any:
        """The number, or None if they are no longer the same."""
        numbers = [place.owner[place.key] for place in self.places]
        return numbers[0] if len(set(map(_written, numbers))) == 1 else None

    def set(self, x: Any) -> None:
        """Put a number everywhere."""
        for place in self.places:
            place.owner[place.key] = x


Place = Attribute | Entry | Shared


def _written(x: Any) -> Any:
    """A number, or what a stand-in for one was computed from."""
    return signature((x.value.op, x.value.args)) if isinstance(x, Scalar) else x


def places(found: Found) -> dict[Key, tuple[Place, str]]:
    """Every place whose content may change, and the name of what is there."""
    result: dict[Key, tuple[Place, str]] = {}
    for i, tensor in enumerate(found.tensors):
        result["data", i] = Attribute(tensor, "_data"), tensor.name or f"w{i}"
        result["grad", i] = Attribute(tensor, "_grad"), f"d{tensor.name or f'w{i}'}"
    numbering = {tensor: i for i, tensor in enumerate(found.tensors)}
    for k, optimizer in enumerate(found.optimizers):
        result["lr", k] = Attribute(optimizer, "_lr"), "lr"
        numbers: dict[tuple[str, Any], list[Entry]] = {}
        for parameter, slot in zip(optimizer.params, optimizer.slots, strict=True):
            if parameter not in numbering:
                continue  # frozen: its step count stays behind those of the others
            i = numbering[parameter]
            for key, x in slot.items():
                if isinstance(x, np.ndarray):
                    result["slot", k, i, key] = Entry(slot, key), f"{key}_{parameter.name or f'w{i}'}"
                else:
                    numbers.setdefault((key, x), []).append(Entry(slot, key))
        for n, ((key, _), entries) in enumerate(numbers.items()):
            result["count", k, key, n] = Shared(entries), key
    for k, module in enumerate(found.modules):
        for key, x in vars(module).items():
            if isinstance(x, np.ndarray):
                result["array", k, key] = Entry(vars(module), key), key
    return result


def generators(found: Found) -> list[Entry]:
    """The random generators that modules hold."""
    return [
        Entry(vars(module), key) for module in found.modules for key, x in vars(module).items() if isinstance(x, Rng)
    ]


class Settings:
    """What a recording takes for granted: modes, options, which parts there are, which parameters learn."""

    def __init__(self, found: Found) -> None:
        self.tensors, self.frozen = found.tensors, found.frozen
        self.absent = [vars(module) for module in found.modules if "training" not in vars(module)]
        self.rows = [*_of_functions(found), *_of_modules(found), *_of_optimizers(found)]

    def changed(self) -> str:
        """The name of a setting that is not as it was, or ""."""
        for container, key, x in self.rows:
            try:
                now = container[key]
            except (KeyError, IndexError, ValueError):
                return str(key)
            if now is x:
                continue
            if not (isinstance(x, PLAIN) and type(now) is type(x) and now == x):
                return str(key)
        for attributes in self.absent:
            if "training" in attributes:
                return "training"
        for tensors, learning in ((self.tensors, True), (self.frozen, False)):
            for tensor in tensors:
                if tensor.requires_grad is not learning:
                    return "requires_grad"
        return ""


Rows = Iterator[tuple[Any, Any, Any]]  # container, key, and what was there


def _of_functions(found: Found) -> Rows:
    for function in found.functions:
        cells = Cells(function.__closure__ or ())
        yield from ((cells, i, cells[i]) for i, cell in enumerate(cells.cells) if _filled(cell))
        if _outside(function):
            scope = function.__globals__
            yield from ((scope, name, scope[name]) for name in _names(function.__code__) if name in scope)


def _of_modules(found: Found) -> Rows:
    for module in found.modules:
        attributes = vars(module)
        for key, x in attributes.items():
            if isinstance(x, (*PLAIN, Module, Tensor)):
                yield attributes, key, x
            elif isinstance(x, list):
                yield from ((x, i, part) for i, part in enumerate(x))


def _of_optimizers(found: Found) -> Rows:
    for optimizer in found.optimizers:
        for owner in (optimizer, *optimizer.groups):
            attributes = vars(owner)
            yield from ((attributes, key, x) for key, x in attributes.items() if isinstance(x, PLAIN) and key != "_lr")


class Cells:
    """The variables a function took along, by number."""

    def __init__(self, cells: tuple[Any, ...]) -> None:
        self.cells = cells

    def __getitem__(self, i: int) -> Any:
        return self.cells[i].cell_contents
