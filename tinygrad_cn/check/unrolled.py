"""Recurrent cells run again over another number of time steps.

One step of the recorded graph, the second, stands for all: its pieces are run once for each new step, with what the
new step before has handed on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd import Node
from ..chain.moments import is_parameter
from ..chain.piece import Piece
from ..chain.recurrent import Cell, Moment, state_of
from ..chain.time import STEP
from ..errors import TinygradError
from ..tensor import Tensor
from .values import array_of

if TYPE_CHECKING:
    from .rebuild import Rebuild


class UnrollError(TinygradError):
    """A loop through time that cannot be run again."""


class Unrolled:
    """Runs the cells of a chain for a rebuild."""

    def __init__(self, rebuild: Rebuild) -> None:
        self._rebuild = rebuild
        self._reader = rebuild.reader
        self._all: dict[int, list[Any]] = {}  # by identity of an old value at any time: the new ones of all times
        self._done: set[Cell] = set()

    def covers(self, piece: Piece) -> bool:
        """Whether a piece is of a cell, which is run now if it has not been; or puts all of its steps together."""
        moment = self._reader.moments.get(piece)
        if piece.label == "getitem" and is_parameter(piece.operands[0]):
            return all(user.label == "recurrent_one" for user, _ in self._reader.consumers.get(id(piece.out), []))
        if moment is not None:
            if moment.cell not in self._done and piece.label != "getitem":
                self._done.add(moment.cell)
                self._run(moment)
            return True
        steps = self._all.get(id(piece.operands[0])) if piece.operands else None
        if steps is None or not all(self._all.get(id(x)) is steps for x in piece.operands):
            return False
        if len(piece.operands) < 2:
            return False
        if piece.kind == "total":
            self._rebuild.set(piece.out, sum(steps[1:], steps[0]))
        elif piece.label == "stack":
            self._rebuild.set(piece.out, np.stack(steps, **(piece.out._options or {})))
        else:
            return False
        return True

    def _run(self, moment: Moment) -> None:
        cell, steps = moment.cell, dict[int, list[Piece]]()
        for piece, other in self._reader.moments.items():
            if other.cell is cell and piece.label != "getitem":
                steps.setdefault(other.t, []).append(piece)
        order = sorted(steps, reverse=cell.turned)
        if len(order) < 2 or len({len(pieces) for pieces in steps.values()}) > 1:
            raise UnrollError("a loop of one step, or whose steps differ")
        run = _Run(self._rebuild, self._all, [steps[t] for t in order], cell.turned)
        outs = run.all_steps(self._rebuild.sizes.steps(len(order)))
        for t, pieces in steps.items():
            for role, piece in enumerate(pieces):
                self._all[id(piece.out)] = outs[role]
                if t in (1, len(order)):
                    self._rebuild.set(piece.out, outs[role][0 if t == 1 else -1])


class _Run:
    """One cell: `steps` are its pieces at each time, in the order in which they were run."""

    def __init__(self, rebuild: Rebuild, known: dict[int, list[Any]], steps: list[list[Piece]], turned: bool) -> None:
        self._rebuild, self._all, self._steps = rebuild, known, steps
        self._back = -1 if not turned else 1  # where the step before lies
        self._role = {id(piece.out): role for role, piece in enumerate(steps[1])}
        self._before = {id(piece.out): role for role, piece in enumerate(steps[0])}
        self._rows = next((rebuild.sizes.rows(len(p.out._data)) for p in steps[0] if p.kind == "recurrent"), 0)
        self._inputs = 0
        self._outs: list[list[Any]] = []

    def all_steps(self, count: int) -> list[list[Any]]:
        """The new values of each piece at all times."""
        self._outs = [[None] * count for _ in self._role]
        order = range(count)
        for t in order if self._back < 0 else reversed(order):
            made: dict[int, Any] = {}
            for role, piece in enumerate(self._steps[1]):
                stands = {id(x): self._operand(role, i, t) for i, x in enumerate(piece.operands)}
                stands = {key: value for key, value in stands.items() if value is not None}
                self._parameters(piece, stands)
                made = self._rebuild.new | made | stands
                self._outs[role][t] = _named(self._rebuild.replay(piece, made), piece, t + 1)
        return self._outs

    def _operand(self, role: int, i: int, t: int) -> Any:
        """What stands for an operand of a piece at time t; None for what is made when it is first needed."""
        x, start = (pieces[role].operands[i] for pieces in (self._steps[1], self._steps[0]))
        if id(x) in self._role:
            return self._outs[self._role[id(x)]][t]
        if id(x) in self._before:
            before = t + self._back
            there = 0 <= before < len(self._outs[role])
            return self._outs[self._before[id(x)]][before] if there else self._start(start)
        if id(x) in self._all:
            return self._all[id(x)][t]
        if x is None or x is start:  # the same at every step: a parameter
            return self._rebuild.new.get(id(x))
        if self._steps[1][role].kind == "loss":
            self._rebuild.new.pop(id(x), None)  # targets of another step
            return None
        return self._taken([pieces[role].operands[i] for pieces in self._steps])[t]

    def _start(self, start: Any) -> Any:
        """a⟨0⟩: what an encoder hands on, zeros where it was zero, or new numbers."""
        if id(start) not in self._rebuild.new:
            shape = (self._rows, self._rebuild.sizes.m)
            value = self._rebuild.rng.standard_normal(shape) if np.any(array_of(start)) else np.zeros(shape)
            self._rebuild.set(start, _nameless(self._rebuild.leaf(start, value)))
        return self._rebuild.new[id(start)]

    def _taken(self, old: list[Any]) -> list[Any]:
        """New x⟨t⟩ of all times: steps of a sequence that is recorded, or data."""
        count, first = len(self._outs[0]), old[0]
        if isinstance(first, Node) and first._op is not None:
            whole = self._rebuild.new.get(id(first._inputs[0]))
            if first._op.name != "getitem" or whole is None or whole.ndim != 3:
                raise UnrollError("inputs that are worked out step by step")
            found = [whole[:, :, t] for t in range(count)]
        else:
            sizes = self._rebuild.sizes
            shape = (sizes.rows(len(array_of(first))), sizes.m)
            draw = self._rebuild.rng.standard_normal
            found = [_nameless(self._rebuild.leaf(first, draw(shape))) for _ in range(count)]
        self._all |= {id(x): found for x in old}
        return found

    def _parameters(self, piece: Piece, stands: dict[int, Any]) -> None:
        """Make the parameters that a piece is the first to use."""
        if piece.is_layer:
            self._rebuild.layer(piece, stands)
        if piece.kind != "recurrent":
            return
        state, given = state_of(piece)
        if state != given:
            self._inputs = stands[id(piece.operands[given])].shape[0]
        self._rebuild.parameter(piece.operands[-1], (self._rows, 1))
        W, n_a = piece.operands[0], self._rows
        if piece.label == "recurrent_sum":
            self._rebuild.parameter(W, (n_a, n_a))
            self._rebuild.parameter(piece.operands[2], (n_a, self._inputs))
        elif piece.label == "recurrent":
            self._rebuild.parameter(W, (n_a, n_a + self._inputs))
        elif id(W) not in self._rebuild.new:  # a part of Wc
            whole = self._rebuild.parameter(W._inputs[0], (n_a, n_a + self._inputs))
            of_state = W._options["index"][-1].start is None
            self._rebuild.set(W, whole[:, :n_a] if of_state else whole[:, n_a:])


def _nameless(x: Any) -> Any:
    if isinstance(x, Tensor):
        x.name = None
    return x


def _named(new: Any, piece: Piece, t: int) -> Any:
    """The new value with the name that the old one had, at its own time."""
    if piece.out.name:
        new.name = STEP.sub(f"⟨{t}⟩", piece.out.name)
    return new
