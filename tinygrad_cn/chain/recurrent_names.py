"""What the values of a recurrent cell are called: z⟨t⟩, Γf⟨t⟩, c̃⟨t⟩, c⟨t⟩, a⟨t⟩, x⟨t⟩, and its weights Waa, Wf, Wya."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..autograd import Node
from .piece import Piece
from .recurrent import Cell, Moment, state_of, weights_of


def standard_names(pieces: Iterable[Piece], moments: Mapping[Piece, Moment], letter: Any) -> Iterator[tuple[Any, str]]:
    """(value, name) of all that cells compute and use: z⟨t⟩, Γf⟨t⟩, c̃⟨t⟩, c⟨t⟩, a⟨t⟩, x⟨t⟩, Waa, Wf, ba, Wya.

    `letter(W)` is the gate that a weight's own name tells, such as f of Wf; "" if it tells none.
    """
    states = {id(x): letter for x, letter in _states(moments).items()}
    for piece in pieces:
        moment = moments.get(piece)
        if moment is None:
            continue
        at, cell = f"⟨{moment.t}⟩", moment.cell
        gate = _gate(piece, letter)
        if piece.kind == "recurrent":
            state, given = (piece.operands[i] for i in state_of(piece))
            before = moment.t + 1 if cell.turned else moment.t - 1
            if piece.label == "recurrent_one":
                yield piece.operands[0]._inputs[0], f"{cell.prefix}Wc"
            yield from zip(weights_of(piece), _weight_names(piece, cell, gate), strict=True)
            yield piece.operands[-1], f"{cell.prefix}b{'c' if gate == 'cx' else gate or 'a'}"
            if piece.label != "recurrent_one" or gate == "cc":
                yield state, f"{cell.prefix}{'r' if states.get(id(state)) == 'r' else 'a'}⟨{before}⟩"
            yield given, f"x{at}"
            yield piece.out, f"{cell.prefix}z{gate}{at}"
        elif piece.kind == "loss":
            yield piece.operands[1], f"y{at}"
            yield piece.out, f"L{at}"
        elif piece.kind == "op":
            yield piece.out, f"{cell.prefix}{'h' if cell.kind == 'both' else 'x'}{at}"
        elif piece.kind == "affine":
            yield piece.operands[0], f"{cell.prefix}Wya"
            yield piece.operands[2], f"{cell.prefix}by"
            yield piece.out, f"{cell.prefix}zy{at}"
        elif piece.kind == "activation":
            yield piece.out, f"{cell.prefix}{_activation_name(piece, cell, letter, pieces)}{at}"
        else:
            if states.get(id(piece.out)) == "c":
                before = moment.t + 1 if cell.turned else moment.t - 1
                yield from ((x, f"{cell.prefix}c⟨{before}⟩") for x in piece.operands if not _is_computed(x))
            yield piece.out, f"{cell.prefix}{states.get(id(piece.out), 'a')}{at}"


def _gate(piece: Piece, letter: Any) -> str:
    """Of Wf it is f; of the part of Wc = [Wcc, Wcx] that is applied to the state, or to the input, cc or cx."""
    if piece.label == "recurrent":
        return str(letter(piece.operands[0]))
    if piece.label != "recurrent_one":
        return ""
    index = (piece.operands[0]._options or {}).get("index")
    return "cc" if isinstance(index, tuple) and index[-1].start is None else "cx"


def _weight_names(piece: Piece, cell: Cell, gate: str) -> tuple[str, ...]:
    if piece.label == "recurrent_sum":
        return f"{cell.prefix}Waa", f"{cell.prefix}Wax"
    return (f"{cell.prefix}W{gate}",)


def _activation_name(piece: Piece, cell: Cell, letter: Any, pieces: Iterable[Piece]) -> str:
    if cell.kind == "output":
        return "ŷ"
    z = next((p for p in pieces if p.out is piece.operands[0]), None)
    gate = letter(z.operands[0]) if z is not None and z.kind == "recurrent" else ""
    if piece.label == "sigmoid" and cell.kind != "RNN":
        return f"Γ{gate}"
    return "c̃" if cell.kind in ("LSTM", "GRU") else "a"


def _states(moments: Mapping[Piece, Moment]) -> dict[Any, str]:
    """Letters of joined values that are no a⟨t⟩: the LSTM's c⟨t⟩, the r⟨t⟩ that is Γr ⊙ a⟨t−1⟩, and a zc⟨t⟩."""
    multiplied = {id(p.operands[state_of(p)[0]]): moments[p] for p in moments if p.kind == "recurrent"}
    inside = {id(x) for p in moments if p.kind == "cell" for x in p.operands}
    activated = {id(p.operands[0]) for p in moments if p.kind == "activation"}
    found: dict[Any, str] = {}
    for p, moment in moments.items():
        if p.kind != "cell":
            continue
        if id(p.out) in activated:
            found[p.out] = "zc"
        elif multiplied.get(id(p.out)) == moment:
            found[p.out] = "r"
        elif moment.cell.kind == "LSTM" and id(p.out) in inside and id(p.out) not in multiplied:
            found[p.out] = "c"
    return found


def _is_computed(x: Any) -> bool:
    return isinstance(x, Node) and x._op is not None
