"""Recurrent layers as single ops, for the export alone: `unrolled` goes over a sequence as `Recurrent.unroll` does.

One layer, in one direction or both, is a call of SEQUENCE. STATES and FINAL pick the parts of its result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import autograd
from ...autograd import data_of
from ...nn.cell import Cell, State
from ...nn.recurrent import Recurrent, Unrolled, padding_mask, run
from ...ops.op import Array, Op
from ...record import apply


@dataclass(frozen=True)
class Whole(Unrolled):
    """A sequence that went through in one op: all states are there, and steps are taken from them."""

    states: Any

    @property
    def A(self) -> Any:
        """All states as one Tensor, (n_a, m, T)."""
        return self.states.named("A")


def unrolled(layer: Recurrent, X: Any, starts: Sequence[State], lengths: Array | None) -> Whole:
    """What `nn.recurrent.unroller` asks for: one call for each layer, of both directions if there are two."""
    ways, parts = 1 + layer.bidirectional, len(layer.cells[0].states)
    finals: list[State] = []
    last = None
    for k in range(0, len(layer.cells), ways):
        start = [part for state in starts[k : k + ways] for part in state]
        packed = apply(
            SEQUENCE, X, *start, cells=tuple(layer.cells[k : k + ways]), lengths=lengths, where=layer._place(k)
        )
        X = apply(STATES, packed, parts=parts)
        finals += [
            tuple(apply(FINAL, packed, parts=parts, part=part, ways=ways, way=way) for part in range(parts))
            for way in range(ways)
        ]
        last = apply(FINAL, packed, parts=parts, part=0, ways=ways, way=None)
    public = [final if len(final) > 1 else final[0] for final in finals]
    steps = [*(X[:, :, t] for t in range(X.shape[2] - 1)), X[:, :, -1]]  # the last is the last of any sequence
    return Whole(steps, public if len(public) > 1 else public[0], last, X)


# ---- the ops ----------------------------------------------------------------------------------------


def _sequence(x: Array, *start: Array, cells: tuple[Cell, ...], lengths: Array | None, where: str) -> Array:
    """All states, and behind them in time each part of the final ones; both directions one on top of the other."""
    parts = len(cells[0].states)
    valid = None if lengths is None else list(padding_mask(lengths, x.shape[2]).T)
    xs = list(np.moveaxis(x, 2, 0))
    with autograd.no_grad():
        runs = [
            run(cell, xs, start[way * parts : (way + 1) * parts], valid, reverse=way == 1, where="")
            for way, cell in enumerate(cells)
        ]
    return np.concatenate([np.stack([*map(data_of, (*steps, *final))], axis=2) for steps, final in runs])


def _final(packed: Array, *, parts: int, part: int, ways: int, way: int | None) -> Array:
    """One part of the state in which a direction ended, or of both directions."""
    final = packed[:, :, part - parts]
    return final if way is None else np.split(final, ways)[way]


SEQUENCE = Op("recurrent_layer", _sequence, lambda i, g, y, *inputs, **options: None)
STATES = Op("recurrent_states", lambda packed, *, parts: packed[:, :, :-parts], (None,))
FINAL = Op("recurrent_final", _final, (None,))
