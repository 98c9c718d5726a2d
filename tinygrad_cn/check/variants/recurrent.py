"""Wrong gradients of a recurrent step: another time step's values, another gate's, a transpose left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ...chain.layers import Piece
from ...chain.recurrent import Moment, state_of, weights_of
from ...chain.time import write_t
from ...ops.op import Array
from ..cause import Code
from .activation import OF_OUTPUT, filled
from .affine import SUMS, TOTALS
from .model import Rule, Variant, View, needs


def of_recurrent(piece: Piece, x: Any, view: View) -> Iterator[Variant]:
    """Of W [a; x] + b, or Waa a + Wax x + ba: the gradients of a weight, and of the state."""
    if any(x is W for W in weights_of(piece)):
        yield from _weight(piece, x, view)
        return
    state, given = state_of(piece)
    if x is piece.operands[state]:
        yield from _state(piece, x, view)
    elif x is piece.operands[given]:
        yield from _input(piece, view)


def of_cell(piece: Piece, x: Any, view: View) -> Iterator[Variant]:
    """Of c⟨t⟩ = Γf ⊙ c⟨t−1⟩ + Γi ⊙ c̃⟨t⟩ and the like: dc⟨t⟩ times another gate, or another step's state."""
    if not needs(x):
        return
    d = view.d(piece.out)
    yield Variant("missing_term", d, lambda s, g: g, 2)
    if _squashes(piece, x, view):
        gate, c = piece.operands
        bare: Rule = lambda s, g: g * s.v(gate) * (1 - s.v(c) ** 2)  # noqa: E731
        yield Variant("wrong_activation_derivative", f"{d} ⊙ {view.name(gate)} ⊙ (1 − ({view.name(c)})²)", bare)
    for y in _nearby(piece, x, view):
        code = _code(piece, x, y, view)
        yield Variant(code, f"{d} ⊙ {view.name(y)}", _times(y), 2)
        if piece.label == "cell" and view.reader.moments[piece].cell.kind == "GRU":
            yield Variant(code, f"{d} ⊙ (1 − {view.name(y)})", _times_rest(y), 2)


def of_step_activation(piece: Piece, view: View) -> Iterator[Variant]:
    """g′ written for the output but taken of Z, or of the output of the step before."""
    if piece.label not in OF_OUTPUT:
        return
    text, slope = OF_OUTPUT[piece.label]
    wrong: list[tuple[Any, Code]] = [(piece.operands[0], "wrong_activation_derivative")]
    wrong += [(a, "wrong_time_step") for a in _before(piece, view)]
    for y, code in wrong:
        made: Rule = lambda s, g, y=y: g * slope(s.v(y))  # type: ignore[misc]  # noqa: E731
        yield Variant(code, f"{view.d(piece.out)} ⊙ {filled(text, view.name(y))}", made)


def sums_over_time(pieces: Sequence[Piece], view: View) -> Iterator[Variant]:
    """Of db = (1/m) Σₜ Σ dz⟨t⟩: sums over another axis than that of the samples, or none."""
    scale, outs = view.world.scale(pieces[0].out), [piece.out for piece in pieces]
    over_m = "" if scale == 1.0 else "(1/m) "
    name = f"(Σₜ {write_t(view.d(outs[0]), view.reader.moments[pieces[0]].t)})"
    for code, text, rule, divided in SUMS + TOTALS if view.shape(outs[0])[0] > 1 else SUMS:
        by, start = (scale, over_m) if divided else (1.0, "")
        total: Rule = lambda s, g, rule=rule, by=by: rule(sum(s.d(z) for z in outs)) / by  # type: ignore[misc]  # noqa: E731
        yield Variant(code, start + text.format(name), total, shape=())


# ---- the two kinds of operands ----------------------------------------------------------------------


def _weight(piece: Piece, W: Any, view: View) -> Iterator[Variant]:
    """The state of this step for that of the step before."""
    scale, d = view.world.scale(piece.out), view.d(piece.out)
    over_m = "" if scale == 1.0 else "(1/m) "
    state, given = (piece.operands[i] for i in state_of(piece))
    if piece.label == "recurrent_sum" and W is not piece.operands[0]:
        return
    if piece.label == "recurrent":
        swapped: Rule = lambda s, g: g @ np.concatenate([s.v(given), s.v(state)]).T / scale  # noqa: E731
        yield Variant("swapped_parts", f"{over_m}{d} [{view.name(given)}; {view.name(state)}]ᵀ", swapped, 1)
    for y in _outputs(piece, state, view):
        if piece.label == "recurrent":
            pair: Rule = lambda s, g, y=y: g @ np.concatenate([s.v(y), s.v(given)]).T / scale  # type: ignore[misc]  # noqa: E731
            yield Variant("wrong_time_step", f"{over_m}{d} [{view.name(y)}; {view.name(given)}]ᵀ", pair, 1)
        else:
            alone: Rule = lambda s, g, y=y: g @ s.v(y).T / scale  # type: ignore[misc]  # noqa: E731
            yield Variant("wrong_time_step", f"{over_m}{d} {view.name(y)}ᵀ", alone, 1)


def _state(piece: Piece, a: Any, view: View) -> Iterator[Variant]:
    """Waa dz for Waaᵀ dz; the columns of x for those of a; another gate's weights."""
    d, rows = view.d(piece.out), view.shape(a)[0]
    own = piece.operands[0]
    part = "" if piece.label != "recurrent" else "a"
    if view.shape(piece.out)[0] == rows:
        turned: Rule = lambda s, g: s.v(own)[:, :rows] @ g  # noqa: E731
        yield Variant("transposed", f"{view.name(own)}{part} {d}", turned)
    if piece.label != "recurrent":
        return
    if view.shape(own)[1] == 2 * rows:
        others: Rule = lambda s, g: s.v(own)[:, rows:].T @ g  # noqa: E731
        yield Variant("swapped_parts", f"{view.name(own)}xᵀ {d}", others)
    for W in _gates(piece, view):
        if W is not own and view.shape(W) == view.shape(own):
            other: Rule = lambda s, g, W=W: s.v(W)[:, :rows].T @ g  # type: ignore[misc]  # noqa: E731
            yield Variant("swapped_gates", f"{view.name(W)}aᵀ {d}", other, 2)


def _input(piece: Piece, view: View) -> Iterator[Variant]:
    """The gradient of the state for that of z⟨t⟩."""
    act, n_x = view.activation_of(piece.out), view.shape(piece.operands[state_of(piece)[1]])[0]
    if act is not None:
        W, part = (piece.operands[2], "") if piece.label == "recurrent_sum" else (piece.operands[0], "x")
        above: Rule = lambda s, g: s.v(W)[:, -n_x:].T @ s.d(act.out)  # noqa: E731
        yield Variant("missing_activation_derivative", f"{view.name(W)}{part}ᵀ {view.d(act.out)}", above)


# ---- what lies about --------------------------------------------------------------------------------


def _members(piece: Piece, view: View, steps: tuple[int, ...] = (0,)) -> list[Piece]:
    """The pieces of the same cell at this step, or so many steps away."""
    moment: Moment | None = view.reader.moments.get(piece)
    if moment is None:
        return []
    return [p for p, other in view.reader.moments.items() if other.cell is moment.cell and other.t - moment.t in steps]


def _gates(piece: Piece, view: View) -> list[Any]:
    return _once([p.operands[0] for p in _members(piece, view) if p.kind == "recurrent"])


def _outputs(piece: Piece, state: Any, view: View) -> list[Any]:
    """Values of this step in the shape of the state: a⟨t⟩ for a⟨t−1⟩."""
    outs = [p.out for p in _members(piece, view) if p.kind in ("activation", "cell")]
    return [y for y in outs if y is not state and view.shape(y) == view.shape(state)]


def _nearby(piece: Piece, x: Any, view: View) -> list[Any]:
    """Gates and states of this step and of the ones next to it, in the shape of x."""
    found = [y for p in _members(piece, view, (-1, 0, 1)) if p.kind != "recurrent" for y in (p.out, *p.operands)]
    return [y for y in _once(found) if id(y) in view.reader.names and view.shape(y) == view.shape(x)]


def _before(piece: Piece, view: View) -> list[Any]:
    """The output of the same activation one step before and one step after; before the first, where it starts."""
    name = _letter(piece.out, view)
    near = [p.out for p in _members(piece, view, (-1, 1)) if p.kind == "activation"]
    start = [y for p in _members(piece, view) if p.kind == "recurrent" for y in (p.operands[state_of(p)[0]],)]
    return [y for y in _once([*near, *start]) if _letter(y, view) == name]


def _once(values: list[Any]) -> list[Any]:
    return list({id(y): y for y in values}.values())


def _code(piece: Piece, x: Any, y: Any, view: View) -> Code:
    """Whether y stands for a term of the gradient of x, for a state of another step, or for another gate."""
    moment, operands = view.reader.moments[piece], piece.operands
    if moment.cell.kind == "GRU" and _letter(x, view).endswith("Γu") and any(y is z for z in operands):
        return "missing_term"  # of d ⊙ c̃ − d ⊙ a
    if _squashes(piece, x, view) and y is operands[0]:
        return "missing_activation_derivative"
    if y is operands[-1] and _squashes(piece, y, view):
        return "wrong_layer_cache"  # c⟨t⟩ for tanh(c⟨t⟩), as Z for A
    states = {_letter(z, view) for z in (piece.out, *operands)} | ({"a"} if moment.cell.kind == "GRU" else set())
    now = f"⟨{moment.t}⟩"
    moved = _letter(y, view) in states and not any(y is z for z in operands)
    return "wrong_time_step" if moved or not view.name(y).endswith(now) else "swapped_gates"


def _squashes(piece: Piece, x: Any, view: View) -> bool:
    """Whether x is the c⟨t⟩ of a⟨t⟩ = Γo ⊙ tanh(c⟨t⟩)."""
    return view.reader.moments[piece].cell.kind == "LSTM" and len(piece.operands) == 2 and x is piece.operands[1]


def _letter(x: Any, view: View) -> str:
    return view.name(x).split("⟨")[0]


def _times(y: Any) -> Rule:
    return lambda s, g: np.asarray(g * s.v(y))


def _times_rest(y: Any) -> Rule:
    def rest(s: Any, g: Array) -> Array:
        return np.asarray(g * (1 - s.v(y)))

    return rest
