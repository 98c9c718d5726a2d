"""Recording: run a step once on stand-ins, and put its effects where a plain run would have put them."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from typing import Any

import numpy as np

from .. import autograd, record
from ..autograd import ANOMALY, Node
from ..errors import CompileError
from ..ops.op import Array
from ..tensor import Tensor
from .draws import Draws
from .names import christen
from .program import Program, Value
from .recorder import Recorder
from .settings import hooked
from .standin import Scalar, Traced
from .state import Found, Key, Place, Shared, generators, places

ONE_AT_A_TIME = threading.RLock()
State = dict[Key, tuple[Place, str]]  # where it is, and what it is called


class Named(Tensor):
    """A Tensor that passes its name on to what it holds."""

    __slots__ = ()
    _name: Any = vars(Node)["name"]

    @property
    def name(self) -> str | None:
        """As of Tensor."""
        return Named._name.__get__(self)  # type: ignore[no-any-return]

    @name.setter
    def name(self, name: str | None) -> None:
        Named._name.__set__(self, name)
        if name and isinstance(self._data, Traced) and not self._data.storage.value.name:
            self._data.storage.value.name = name


@dataclass
class Recording:
    """One recorded run.

    Attributes
    ----------
    program : Program
        What it did.
    gradients : dict
        For each place of a gradient, whether there was one before.
    cleared : list
        Places of gradients that the step leaves empty.
    result : object
        What the step returned, as a plain run returns it.
    """

    program: Program
    gradients: dict[Key, bool]
    cleared: list[Key]
    result: Any


def run(step: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], found: Found) -> Recording:
    """Run a step and record it. If that fails, everything is as it was before.

    Raises
    ------
    CompileError
        If something cannot be recorded.
    """
    if autograd.mode.get() & ANOMALY:
        raise CompileError("detect_anomaly() looks at values, which a replay does not; it needs the plain step")
    for tensor in filter(hooked, found.tensors):
        raise CompileError(
            f"{autograd.label(tensor)} has a hook, which a replay would not call; read its grad after the step instead"
        )
    with ONE_AT_A_TIME:
        return _run(step, args, kwargs, found)


def _run(step: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], found: Found) -> Recording:
    recorder = Recorder()
    state = places(found)
    before = {key: place.get() for key, (place, _) in state.items()}
    refuse_shared_memory(before)
    with _stand_ins(recorder, found, state, before) as begun:
        positional, named = arguments(recorder, args, kwargs, parameters(step))
        result = step(*positional, **named)
        _refuse_changed([*positional, *named.values()])
        _separate(state, before, begun)
        after = {key: place.get() for key, (place, _) in state.items()}
        finals = {key: _final(recorder, key, x, state[key][1]) for key, x in after.items()}
        recorder.program.result = returned(recorder, result, lambda x: x.value, keep=True)
        plain = returned(recorder, result, lambda x: x.seen)
    program = recorder.program
    inputs_of = {value.args[0]: value for value in program.values if value.op == "input"}
    program.finals = {key: x for key, x in finals.items() if x is not None and x is not inputs_of.get(key)}
    for key, (place, name) in state.items():
        if key in program.finals or after[key] is None:
            _commit(key, place, before[key], after[key])
        if key in program.finals and key[0] == "grad":
            program.finals[key].name = program.finals[key].name or name
    for tensor in (*found.tensors, *(x for i, x in enumerate(found.frozen) if ("fixed", i) in program.finals)):
        autograd.bump(tensor)
    christen(program)
    gradients = {key: before[key] is not None for key in state if key[0] == "grad"}
    return Recording(program, gradients, [key for key in gradients if after[key] is None], plain)


@contextmanager
def _stand_ins(recorder: Recorder, found: Found, state: State, before: dict[Key, Any]) -> Iterator[dict[Key, Any]]:
    """Stand-ins, by place, where the state is. At the end all is as before; generators, too, if the step failed."""
    watched = [(tensor, tensor._state) for tensor in (*found.tensors, *found.frozen)]
    scratch = [(optimizer, optimizer._scratch) for optimizer in found.optimizers]
    draws = [(entry, entry.get(), deepcopy(entry.get())) for entry in generators(found)]
    begun = {key: recorder.input(x, key, state[key][1]) for key, x in before.items() if x is not None}
    record.Value = Named
    try:
        for key, x in begun.items():
            state[key][0].set(x)
        for tensor, _ in watched:
            tensor._state = None
        for optimizer, _ in scratch:
            optimizer._scratch = {}
        for entry, generator, _ in draws:
            entry.set(Draws(recorder, generator))
        yield begun
    except BaseException:
        for _, generator, copy in draws:
            generator.__setstate__(copy.__getstate__())
        raise
    finally:
        record.Value = Tensor
        for key, (place, _) in state.items():
            place.set(before[key])
        for tensor, old in watched:
            tensor._state = old
        for optimizer, old_scratch in scratch:
            optimizer._scratch = old_scratch
        for entry, generator, _ in draws:
            entry.set(generator)


def _separate(state: State, before: dict[Key, Any], begun: Mapping[Key, Any]) -> None:
    """Numbers that were one for several parameters, of which the step has moved some, become several."""
    shared = [(key, place.split()) for key, (place, _) in state.items() if isinstance(place, Shared)]
    for key, parts in shared:
        for i, part in enumerate(sorted(parts, key=lambda part: part.get() is not begun[key])):
            own = (*key, i) if i else key
            state[own], before[own] = (part, state[key][1]), before[key]


def refuse_shared_memory(state: Mapping[Key, Any]) -> None:
    """Arrays of the state are recorded as if each had its own memory; only those that never change may share it.

    Raises
    ------
    CompileError
        If two of them overlap.
    """
    known = [(key, x) for key, x in state.items() if isinstance(x, np.ndarray) and x.size]
    spans = sorted((*np.lib.array_utils.byte_bounds(x), i) for i, (_, x) in enumerate(known))
    for (_, end, i), (start, _, k) in pairwise(spans):
        (one, a), (other, b) = known[i], known[k]
        if start < end and {one[0], other[0]} != {"fixed"}:
            raise CompileError(f"two arrays of the state share memory, {a.shape} and {b.shape}")


def parameters(step: Callable[..., Any]) -> list[str]:
    """The names of the parameters of a function."""
    try:
        return list(inspect.signature(step).parameters)
    except (TypeError, ValueError):
        return []


def arguments(
    recorder: Recorder, args: tuple[Any, ...], kwargs: Mapping[str, Any], names: list[str]
) -> tuple[list[Any], dict[str, Any]]:
    """Stand-ins for the arguments: arrays, Tensors and floats; everything else stays."""
    called = zip_longest(args, names[: len(args)])
    positional = [argument(recorder, x, i, name or f"x{i}") for i, (x, name) in enumerate(called)]
    return positional, {name: argument(recorder, x, name, name) for name, x in kwargs.items()}


def argument(recorder: Recorder, x: Any, where: Any, name: str) -> Any:
    """The stand-in for one argument."""
    if isinstance(x, Node):
        inside = recorder.input(x._data, ("arg", where), x.name or name)
        return record.fill(object.__new__(Tensor), inside, False, None, (), None)
    if isinstance(x, np.ndarray | np.generic):
        return recorder.input(np.asarray(x), ("arg", where), name)
    if type(x) is float:
        return recorder.input(x, ("arg", where), name)
    return x


def _refuse_changed(inputs: list[Any]) -> None:
    """A replay works on its own arrays, so what a step writes into arguments would not be seen outside."""
    for x in inputs:
        entries = x._data if isinstance(x, Node) else x
        if isinstance(entries, Traced) and entries.storage.value.op != "input":
            raise CompileError(f"the step changes its argument {entries.shape} in place; let it work on a copy")


def returned(recorder: Recorder, x: Any, of: Callable[[Any], Any], keep: bool = False) -> Any:
    """The result with each stand-in exchanged; Tensors come back without history, or marked if `keep`."""
    if isinstance(x, Node):
        if not isinstance(x._data, Traced):
            raise CompileError("the step returns a Tensor that is not computed in it")
        return ("tensor", of(x._data)) if keep else detached(of(x._data), x.name)
    if isinstance(x, Traced):
        return ("array", of(x)) if keep else of(x).copy()
    if isinstance(x, Scalar):
        return ("number", of(x)) if keep else of(x)
    if isinstance(x, np.ndarray | np.generic):
        x = np.asarray(x)
        return ("array", recorder.lift(x)) if keep else x.copy()
    if isinstance(x, list | tuple) and not hasattr(x, "_fields"):
        parts = [returned(recorder, part, of, keep) for part in x]
        return (type(x).__name__, parts) if keep else type(x)(parts)
    if isinstance(x, dict):
        items = {key: returned(recorder, part, of, keep) for key, part in x.items()}
        return ("dict", items) if keep else items
    if x is None or isinstance(x, bool | int | float | str):
        return ("plain", x) if keep else x
    raise CompileError(f"the step returns {type(x).__name__}; a compiled step returns Tensors, arrays and numbers")


def detached(entries: Array, name: str | None) -> Tensor:
    """A Tensor with its own copy and no history."""
    tensor = record.fill(object.__new__(Tensor), np.array(entries), False, None, (), None)
    tensor.name = name
    return tensor


def _final(recorder: Recorder, key: Key, x: Any, name: str) -> Value | None:
    if isinstance(x, Traced | Scalar):
        return x.value
    if x is None and key[0] == "grad":
        return None
    if isinstance(x, np.ndarray) and key[0] == "grad":
        constant: Value = recorder.lift(x)
        return constant
    raise CompileError(
        f"the step sets {name} to a value that it did not compute from what it was given; set it outside the step"
    )


def _commit(key: Key, place: Any, before: Any, after: Any) -> None:
    """Put the entries after the step where they belong; arrays stay the same objects."""
    if isinstance(after, Scalar):
        place.set(after.seen)
    elif after is None:
        place.set(None)
    elif isinstance(before, np.ndarray) and before.shape == after.shape and key[0] != "grad":
        np.copyto(before, after.seen)
    else:
        place.set(np.array(getattr(after, "seen", after)))
