"""Wrong gradients of a recurrent step: another time step's values, another gate's, a transpose left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...chain.layers import Piece
from ...chain.recurrent import Moment, state_of, weights_of
from ...ops.op import Array
from ..cause import Code
from .activation import OF_OUTPUT, filled
from .model import Rule, Variant, View, needs


def of_recurrent(piece: Piece, x: Any, view: View) -> Iterator[Variant]:
    """Of W [a; x] + b, or Waa a + Wax x + ba: the gradients of a weight, and of the state."""
    if any(x is W for W in weights_of(piece)):
        yield from _weight(piece, x, view)
    elif x is piece.operands[state_of(piece)[0]]:
        yield from _state(piece, x, view)


def of_cell(piece: Piece, x: Any, view: View) -> Iterator[Variant]:
    """Of c⟨t⟩ = Γf ⊙ c⟨t−1⟩ + Γi ⊙ c̃⟨t⟩ and the like: dc⟨t⟩ times another gate, or another step's state."""
    if not needs(x):
        return
    d = view.d(piece.out)
    yield Variant("missing_term", d, lambda s, g: g, 2)
    for y in _nearby(piece, x, view):
        code = _code(piece, y, view)
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
    name = view.name(piece.out).split("⟨")[0]
    near = [p.out for p in _members(piece, view, (-1, 1)) if p.kind == "activation"]
    start = [y for p in _members(piece, view) if p.kind == "recurrent" for y in (p.operands[state_of(p)[0]],)]
    return [y for y in _once([*near, *start]) if view.name(y).split("⟨")[0] == name]


def _once(values: list[Any]) -> list[Any]:
    return list({id(y): y for y in values}.values())


def _code(piece: Piece, y: Any, view: View) -> Code:
    """Whether a value is of another gate of this step, or of another step; the step's own result comes later."""
    now = f"⟨{view.reader.moments[piece].t}⟩"
    return "swapped_gates" if y is not piece.out and view.name(y).endswith(now) else "wrong_time_step"


def _times(y: Any) -> Rule:
    return lambda s, g: np.asarray(g * s.v(y))


def _times_rest(y: Any) -> Rule:
    def rest(s: Any, g: Array) -> Array:
        return np.asarray(g * (1 - s.v(y)))

    return rest
