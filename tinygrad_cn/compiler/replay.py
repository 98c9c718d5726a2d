"""A program made runnable: its text compiled, its arrays put in the places of the state."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import numpy as np

from ..ops.op import Array
from ..tensor import Tensor
from .emit import Emitter
from .fuse import jitted
from .guard import finish, inputs, unchanged
from .memory import Memory
from .passes import PASSES
from .program import Program
from .report import Report
from .settings import Settings
from .state import Found, Key, places
from .trace import Recording, refuse_shared_memory

numbers = count(1)
DATA = ("data", "fixed")  # keys of places that hold the content of a Tensor
UNCERTAIN = "the step was interrupted by this error while it changed parameters: some are new, some old"


class Replay:
    """Runs a recorded step.

    Parameters
    ----------
    recording : Recording
        Confirmed by a second one.
    found : Found
        What the step changes.
    shared : dict
        Arrays of the state, used by all programs of one step.
    required : dict
        For places of gradients: whether there must be one (True) or none (False) before a step.
    fast, mkl : bool
        Fuse arithmetic with Numba; multiply with MKL.
    """

    def __init__(
        self,
        recording: Recording,
        found: Found,
        shared: dict[Key, Array],
        required: Mapping[Key, bool],
        fast: bool,
        mkl: bool,
    ) -> None:
        program, saved = optimized(recording.program)
        self.memory = Memory(program, shared)
        emitter = Emitter(program, self.memory, fast, mkl)
        self.source = emitter.text()
        self.report = Report(
            len(emitter.arrangement.rows), len(self.memory.allocated), sum(a.nbytes for a in self.memory.allocated),
            sum(line.flops for line in emitter.lines), saved,
        )  # fmt: skip
        self._function, self._file = _compiled(self.source, emitter.namespace)
        emitter.namespace |= {name: jitted(text) for name, text in emitter.arrangement.functions.items()}
        self._first_write = emitter.first_write()
        self._quiet: dict[str, Any] = dict.fromkeys(sorted(program.ignored), "ignore")
        self._places = {key: place for key, (place, _) in places(found).items()}
        self._tensors = found.tensors
        self._inputs = inputs([key[1] if key[0] == "arg" else self._places[key] for _, key in emitter.inputs])
        self._numbers = [self._places[key] for key in emitter.outputs]
        self._held: list[tuple[Any, Array]] = []
        self._gradients: list[tuple[Tensor, Array]] = []
        for key, array in self.memory.state.items():
            self._bind(key, array, program)
        self._required = [(self._places[key], wanted) for key, wanted in required.items()]
        parts = [part for key in program.finals for part in (key[1] if key[0] == "flat" else [key])]
        changed = [{"data": found.tensors, "fixed": found.frozen}[key[0]][key[1]] for key in parts if key[0] in DATA]
        self._finish = finish(self._gradients, [self._places[key] for key in recording.cleared], changed)

    def _bind(self, key: Key, array: Array, program: Program) -> None:
        if key[0] == "flat":
            start = 0
            for part in key[1]:
                place = self._places[part]
                old = place.get()
                self._held.append((place, array[start : start + old.size].reshape(old.shape)))
                start += old.size
            return
        if key[0] != "grad" or any(value.op == "input" and value.args[0] == key for value in program.values):
            self._held.append((self._places[key], array))
        if key[0] == "grad" and key in program.finals:
            self._gradients.append((self._tensors[key[1]], array))

    def guard(self, args: tuple[Array, ...], settings: Settings) -> Callable[[tuple[Any, ...]], bool]:
        """A function that tells of arguments like these, in little time, whether this program fits as it is."""
        numbers = [(place, True) for place in self._numbers]
        return unchanged(args, settings, self._held, [*self._required, *numbers])

    def ready(self) -> bool:
        """Take over what was assigned from outside; False if it does not fit this program."""
        for place, wanted in self._required:
            if (place.get() is not None) is not wanted:
                return False
        assigned = [(place, place.get(), array) for place, array in self._held if place.get() is not array]
        if any(now is None or (now.shape, now.dtype) != (array.shape, array.dtype) for _, now, array in assigned):
            return False
        if assigned:
            refuse_shared_memory({key: place.get() for key, place in self._places.items()})
        for place, now, array in assigned:
            if now.ctypes.data != array.ctypes.data or now.strides != array.strides:
                np.copyto(array, now)
            place.set(array)
        return all(place.get() is not None for place in self._numbers)

    def __call__(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Run the step once."""
        given = self._inputs(args, kwargs)
        try:
            if self._quiet:
                with np.errstate(**self._quiet):
                    result = self._function(*given)
            else:
                result = self._function(*given)
        except BaseException as error:
            self._explain(error)
            raise
        if self._numbers:
            result, *new = result
            for place, number in zip(self._numbers, new, strict=True):
                place.set(number)
        self._finish()
        return result

    def _explain(self, error: BaseException) -> None:
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self._file and trace.tb_lineno >= self._first_write:
                error.add_note(UNCERTAIN)
            trace = trace.tb_next


def optimized(program: Program) -> tuple[Program, dict[str, int]]:
    """The program after all passes, and how many values each has taken away."""
    saved = {}
    for name, change in PASSES.items():
        before = len(program.values)
        program = change(program)
        saved[name] = before - len(program.values)
    return program, saved


def _compiled(source: str, namespace: dict[str, Any]) -> tuple[Any, str]:
    file = f"<compiled step {next(numbers)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    exec(compile(source, file, "exec"), namespace)
    return namespace["replay"], file
