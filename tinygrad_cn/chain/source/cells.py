"""Recurrent cells of a chain as one layer each: which values are the gates', the states' and the parameters'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..piece import Piece
from ..recurrent import Cell, state_of

SIZES = {("RNN", False): 2, ("LSTM", False): 10, ("GRU", False): 8, ("GRU", True): 9}  # pieces a step


@dataclass(frozen=True)
class Run:
    """A cell over all time steps.

    Attributes
    ----------
    function : str
        "rnn", "gru", "gru_after" or "lstm".
    x, a : tuple
        What it takes and what it computes, t = 1 … T.
    parameters : tuple
        In the order of its function.
    starts : tuple
        a⟨0⟩, and c⟨0⟩ of an LSTM.
    piece : Piece
        The activation of an RNN at one step; of the others the one that computes a state.
    """

    function: str
    x: tuple[Any, ...]
    a: tuple[Any, ...]
    parameters: tuple[Any, ...]
    starts: tuple[Any, ...]
    piece: Piece


def run_of(cell: Cell, pieces: Mapping[int, Sequence[Piece]]) -> Run | None:
    """The run of a cell, from its pieces at each time; None if it is none of the notes' cells."""
    times = sorted(pieces)
    if times != list(range(1, len(times) + 1)) or any(not _is_usual(cell, pieces[t]) for t in times):
        return None
    first = times[-1] if cell.turned else times[0]
    found = READERS[cell.kind](pieces[first])
    if found is None:
        return None
    inputs = {t: next(p for p in pieces[t] if p.kind == "recurrent") for t in times}
    return Run(
        found.function,
        tuple(inputs[t].operands[state_of(inputs[t])[1]] for t in times),
        tuple(pieces[t][-1].out for t in times),
        found.parameters,
        found.starts,
        found.piece,
    )


def _is_usual(cell: Cell, pieces: Sequence[Piece]) -> bool:
    after = any(p.label == "recurrent_one" for p in pieces)
    biased = all(p.operands[-1] is not None for p in pieces if p.kind == "recurrent")
    return biased and len(pieces) == SIZES.get((cell.kind, after))


def _rnn(pieces: Sequence[Piece]) -> Run | None:
    product, activation = pieces
    if product.label != "recurrent_sum" or activation.kind != "activation":
        return None
    Waa, a, Wax, _, ba = product.operands
    return Run("rnn", (), (), (Waa, Wax, ba), (a,), activation)


def _lstm(pieces: Sequence[Piece]) -> Run | None:
    gates = _Gates(pieces)
    memory, state = (p for p in pieces if p.kind == "cell")
    pairs = (memory.operands[:2], memory.operands[2:])
    kept, added = pairs[::-1] if gates.candidate(pairs[0]) else pairs
    f, i, o = (gates.gate(values) for values in (kept, added, state.operands))
    c = gates.candidate(added)
    start = next((x for x in kept if gates.product(x) is None), None)
    if f is None or i is None or o is None or c is None:
        return None
    return Run("lstm", (), (), _parameters(f, i, c, o), (f.operands[state_of(f)[0]], start), memory)


def _gru(pieces: Sequence[Piece]) -> Run | None:
    gates, state = _Gates(pieces), pieces[-1]
    first = next(p for p in pieces if p.kind == "cell")
    u, r, c = gates.gate(state.operands), gates.gate(first.operands), gates.candidate(state.operands)
    if u is None or r is None:
        return None
    start, given = (u.operands[i] for i in state_of(u))
    parts = {id(p.operands[1]): p for p in pieces if p.label == "recurrent_one"}
    if not parts:
        return None if c is None else Run("gru", (), (), _parameters(u, r, c), (start,), state)
    cc, cx = parts[id(start)], parts[id(given)]
    whole = cx.operands[0]._inputs[0]  # Wc, of which Wcc and Wcx are parts
    return Run("gru_after", (), (), (*_parameters(u, r), whole, cx.operands[-1], cc.operands[-1]), (start,), state)


READERS = {"RNN": _rnn, "LSTM": _lstm, "GRU": _gru}


class _Gates:
    """The gates of one step, by their values."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._products = {id(p.out): p for p in pieces if p.kind == "recurrent"}
        self._activations = {id(p.out): p for p in pieces if p.kind == "activation"}

    def product(self, x: Any) -> Piece | None:
        """The product that a gate is the activation of; None if x is no gate of this step."""
        activation = self._activations.get(id(x))
        return None if activation is None else self._products.get(id(activation.operands[0]))

    def gate(self, values: Sequence[Any]) -> Piece | None:
        """The product of the σ gate among some values."""
        return next((p for x in values if (p := self.product(x)) and not self._is_candidate(x)), None)

    def candidate(self, values: Sequence[Any]) -> Piece | None:
        """The product of the c̃ among some values, which is no σ; of a GRU with Γr after it has none of its own."""
        return next((p for x in values if (p := self.product(x)) and self._is_candidate(x)), None)

    def _is_candidate(self, x: Any) -> bool:
        return self._activations[id(x)].label != "sigmoid"


def _parameters(*products: Piece) -> tuple[Any, ...]:
    return tuple(x for p in products for x in (p.operands[0], p.operands[-1]))
