"""Steps of a recurrent cell: the names of what it computes at time t, and the row of the chain it makes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd import Node, data_of
from ..ops.formula import Formula
from .formula import forward
from .model import Quantity, Role, Step
from .piece import Piece
from .recurrent import TIME, Moment, state_of, weights_of
from .recurrent_names import standard_names
from .time import times, write_t

if TYPE_CHECKING:
    from .naming import Named
    from .read import Reader

GATE = re.compile(r"(?:.*\.)?W([a-z]+)")  # the f of Wf, of 2.Wf
ROWS, OUTPUT_ROWS = {"recurrent": "n_a", "activation": "n_a", "cell": "n_a"}, "n_y"
ROLES: dict[str, Role] = {"recurrent": "Z", "affine": "Z", "op": "op", "loss": "loss"}
GATES = re.compile(r"(?:.*\.)?(?:Γ[a-z]*|c̃|z[a-z]*)⟨\d+⟩")


def name_moments(reader: Named) -> None:
    """Name all that recurrent cells compute and use."""
    moments = reader.moments

    def gate(W: Any) -> str:
        match = GATE.fullmatch(reader.given.get(id(W)) or getattr(W, "name", None) or "")
        return "" if match is None else match[1]

    kinds = {id(p.out): OUTPUT_ROWS if m.cell.kind == "output" else ROWS.get(p.kind, "") for p, m in moments.items()}
    many = any(moment.t > 1 for moment in moments.values())
    for x, name in standard_names(reader.pieces, moments, gate):
        if "⟨" in name and many and id(x) not in reader.names:  # the variable of a loop names its last value only
            reader.aliases.setdefault(reader.given.pop(id(x), name), name)
        match = TIME.fullmatch(name)
        if match and many and not _is_computed(x):
            reader.given[id(x)] = name  # where a direction starts, at t = 0 or at t = T + 1
        rows = kinds.get(id(x)) or ({"x": "n_x", "a": "n_a", "c": "n_a"}.get(match[2], "") if match else "")
        is_weight = isinstance(x, Node) and x._op is None and "⟨" not in name
        reader._name(x, name, 0, "" if is_weight else rows)


def is_parameter(x: Any) -> bool:
    """Whether x is a leaf that learns."""
    return isinstance(x, Node) and x._op is None and x.requires_grad


def _is_computed(x: Any) -> bool:
    return isinstance(x, Node) and x._op is not None


def moment_step(reader: Reader, moment: Moment, pieces: Sequence[Piece], home: dict[int, str]) -> Step:
    """The row of the chain for one cell at one time."""
    if moment.cell.kind == "loss":
        return replace(reader._plain(pieces[0], home), id=moment_id(moment), moment=moment)
    computed = [piece.out for piece in pieces]
    parameters = _parameters(pieces)
    outside = {id(x): x for p in pieces for x in p.operands if _is_outside(reader, x, computed, parameters)}
    gradients = [reader._gradient(x) for x in parameters if x.requires_grad]
    return Step(
        id=moment_id(moment),
        kind="recurrent",
        layer=0,
        label=moment.cell.kind,
        parameters=tuple(reader._value_of(x, "parameter") for x in parameters),
        forward=tuple(moment_value(reader, piece) for piece in pieces),
        backward=tuple(_backward(reader, piece) for piece in reversed(pieces) if not _goes_to_loss(reader, piece)),
        gradients=tuple(gradients),
        cache=_cache(reader, pieces, outside.values()),
        sources=tuple(reader._source(x, home) for x in outside.values()),
        moment=moment,
    )


def moment_id(moment: Moment) -> str:
    """Unique and stable: "LSTM t3", "2.reverse.RNN t1"."""
    return f"{moment.cell.prefix}{moment.cell.kind} t{moment.t}"


def moment_value(reader: Reader, piece: Piece) -> Quantity:
    """One of the values a step computes."""
    role: Role = ROLES.get(piece.kind, "A")
    W = reader.name(piece.operands[0])
    remark = f"{W} = [{W}a, {W}x]" if piece.label == "recurrent" else ""
    return reader._value_of(piece.out, role, forward(piece, reader.name), _shapes(piece), remark)


def _goes_to_loss(reader: Reader, piece: Piece) -> bool:
    """Whether its gradient stands beside the loss of its step: dŷ⟨t⟩."""
    uses = [reader.moments.get(p) for p, _ in reader.consumers.get(id(piece.out), [])]
    return len(uses) == 1 and uses[0] is not None and uses[0].cell.kind == "loss"


def _backward(reader: Reader, piece: Piece) -> Quantity:
    act = reader._activation_of(piece) if piece.kind == "affine" else None
    if act is not None:
        return reader._dz(piece.out, act, str(piece.out._data.shape))
    return reader._gradient(piece.out, str(piece.out._data.shape))


def own_parameters(piece: Piece) -> list[Node]:
    """The parameters of a piece that belong to its row: γ and β of a norm, W and b of a step."""
    if piece.kind in ("norm", "fixed_norm"):
        found = piece.operands[1:3]
    elif piece.kind == "recurrent":
        found = (*weights_of(piece), piece.operands[-1])
    else:
        found = piece.roles[::2] if piece.is_layer and piece.kind != "conv" else ()
    return [x for x in found if isinstance(x, Node) and x._op is None]


def _parameters(pieces: Sequence[Piece]) -> list[Node]:
    """Those of a step, each once."""
    return list({id(x): x for piece in pieces for x in own_parameters(piece)}.values())


def _is_outside(reader: Reader, x: Any, computed: Sequence[Any], parameters: Sequence[Any]) -> bool:
    inside = any(x is y for y in (*computed, *parameters))
    return not inside and id(x) in reader.names


def _cache(reader: Reader, pieces: Sequence[Piece], outside: Any) -> tuple[str, ...]:
    """What backward needs: state and input, the gates as one, the new state."""
    made = [p.out for p in pieces if p.kind not in ("recurrent", "affine")]
    names = [reader.name(x) for x in (*outside, *made)]
    gates = [name for name in names if GATES.fullmatch(name)]
    short = [name for name in names if name not in gates]
    return (*short, *(["Γ⟨" + gates[0].split("⟨")[1]] if gates else []))


def _shapes(piece: Piece) -> str:
    """How the shapes of a product combine."""
    out = str(piece.out._data.shape)
    if piece.kind == "recurrent":
        *factors, b = (np.shape(data_of(x)) for x in piece.operands)
        state, given = state_of(piece)
        plus = f" + {b}" if b else ""
        if piece.label == "recurrent_sum":
            return f"{factors[0]} @ {factors[1]} + {factors[2]} @ {factors[3]}{plus} → {out}"
        if piece.label == "recurrent_one":
            return f"{factors[0]} @ {factors[1]}{plus} → {out}"
        rows = factors[state][0] + factors[given][0]
        return f"{factors[0]} @ {(rows, factors[state][1])}{plus} → {out}"
    return out


def at_any_time(quantities: Iterable[Quantity], wanted: Collection[str]) -> list[tuple[str, Formula | None]]:
    """The rules of quantities such as da⟨t⟩ with t for the time, as they are in the middle of a sequence."""
    found: dict[str, list[Formula | None]] = {}
    for q in quantities:
        if (steps := times(q.written)) and q.formula is not None:
            written = write_t(q.written, steps[0])
            if written in wanted:
                found.setdefault(written, []).append(Formula.of(write_t(q.formula.text, steps[0])))
    return [(written, rules[len(rules) // 2]) for written, rules in found.items()]
