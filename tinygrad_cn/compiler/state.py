"""What a step changes besides its result: parameters, gradients, what optimisers remember, arrays of modules.

Found by looking from the step function along its closure, globals, defaults and `self`.
"""

from __future__ import annotations

import dis
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..nn import Module
from ..optim import Optimizer
from ..record import PACKAGE
from ..seeds import Rng
from ..tensor import Tensor
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
    holders: list[Any] = field(default_factory=list)  # lists, tuples, dicts, objects, Python's modules on the way


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
        elif isinstance(x, Module):
            found.modules.append(x)
        elif isinstance(x, Optimizer):
            found.optimizers.append(x)
            todo.extend(reversed(x.params))
            if _own(type(x)):
                continue
        elif isinstance(x, list | tuple | dict) or _has_attributes(x):
            found.holders.append(x)
        todo.extend(reversed(list(_parts(x))))
    found.holders += {id(x): x for f in found.functions if outside(f) for x in _modules(f)}.values()
    return found


def own_code(*parts: Any) -> tuple[str, str]:
    """What of a net and a loss is not of this package, and would run only while a step is recorded: kind and name.

    The kind is "function", "layer", "hook", or "" if there is nothing.
    """
    found = find(parts)
    for module in found.modules:
        if not _own(type(module)):
            return "layer", type(module).__qualname__
    for function in found.functions:
        if outside(function):
            return "function", function.__qualname__
    if any(tensor._state is not None and tensor._state.hooks for tensor in found.tensors):
        return "hook", ""
    return "", ""


def _parts(x: Any) -> Iterator[Any]:
    if isinstance(x, FunctionType):
        if outside(x):
            names = Mentioned.by(x.__code__).variables
            yield from (x.__globals__[name] for name in names if name in x.__globals__)
        yield from (cell.cell_contents for cell in x.__closure__ or () if filled(cell))
        yield from (x.__defaults__ or (), x.__kwdefaults__ or {})
    elif isinstance(x, MethodType):
        yield from (x.__self__, x.__func__)
        yield from _methods(type(x.__self__))
    elif isinstance(x, partial):
        yield from (x.func, x.args, x.keywords)
    elif isinstance(x, Mapping):
        yield from x.values()
    elif isinstance(x, list | tuple | set | frozenset):
        yield from x
    elif _has_attributes(x):
        yield from vars(x).values()
        yield from _methods(type(x)) if isinstance(x, Module) else ()


def _has_attributes(x: Any) -> bool:
    return isinstance(getattr(x, "__dict__", None), dict)


def _methods(kind: type) -> Iterator[FunctionType]:
    """The functions of a class that is not of this package, and of those it is made from."""
    for cls in kind.__mro__:
        if cls is not object and not _own(cls):
            yield from (x for x in vars(cls).values() if isinstance(x, FunctionType))


def _own(cls: type) -> bool:
    return _root(cls.__module__) == _root(__name__)


def _root(name: str) -> str:
    return name.partition(".")[0]


def _modules(function: FunctionType) -> Iterator[ModuleType]:
    """Python's modules among the globals of a function, except those in which nothing changes."""
    for x in map(function.__globals__.get, Mentioned.by(function.__code__).variables):
        if isinstance(x, ModuleType) and _root(x.__name__) not in ("numpy", _root(__name__)):
            yield x


def outside(function: FunctionType) -> bool:
    """True for a function that is not of this package, whose globals are fixed."""
    return not function.__code__.co_filename.startswith(PACKAGE)


def filled(cell: Any) -> bool:
    """True if a variable that a function took along has been set."""
    try:
        cell.cell_contents  # noqa: B018 an empty cell raises
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class Mentioned:
    """What a code mentions: global variables, attributes, and constants such as the keys of dicts."""

    variables: frozenset[str]
    attributes: frozenset[str]
    constants: frozenset[Any]

    @staticmethod
    @cache
    def by(code: CodeType) -> Mentioned:
        """What a code and the functions within it mention."""
        variables = {x.argval for x in dis.get_instructions(code) if x.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
        within = [Mentioned.by(x) for x in code.co_consts if isinstance(x, CodeType)]
        own = Mentioned(
            frozenset(variables), frozenset(code.co_names),
            frozenset(x for x in code.co_consts if isinstance(x, PLAIN)),
        )  # fmt: skip
        return Mentioned.together([own, *within])

    @staticmethod
    def in_any(functions: Iterable[FunctionType]) -> Mentioned:
        """What the functions mention that are not of this package."""
        return Mentioned.together([Mentioned.by(f.__code__) for f in functions if outside(f)])

    @staticmethod
    def together(parts: list[Mentioned]) -> Mentioned:
        """What any of them mentions."""
        return Mentioned(
            frozenset().union(*(x.variables for x in parts)), frozenset().union(*(x.attributes for x in parts)),
            frozenset().union(*(x.constants for x in parts)),
        )  # fmt: skip


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

    def split(self) -> list[Shared]:
        """Places that hold the same now, together: those of parameters without a gradient have not moved."""
        groups: dict[Any, list[Entry]] = {}
        for place in self.places:
            groups.setdefault(_written(place.get()), []).append(place)
        return [Shared(group) for group in groups.values()]


Place = Attribute | Entry | Shared


def _written(x: Any) -> Any:
    """A number, or what a program calls it."""
    return x.value if isinstance(x, Scalar) else x


def places(found: Found) -> dict[Key, tuple[Place, str]]:
    """Every place whose content may change, and the name of what is there."""
    result: dict[Key, tuple[Place, str]] = {}
    for i, tensor in enumerate(found.tensors):
        result["data", i] = Attribute(tensor, "_data"), tensor.name or f"w{i}"
        result["grad", i] = Attribute(tensor, "_grad"), f"d{tensor.name or f'w{i}'}"
    for i, tensor in enumerate(found.frozen):
        result["fixed", i] = Attribute(tensor, "_data"), tensor.name or f"x{i}"
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
