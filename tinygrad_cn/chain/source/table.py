"""A chain read as the table of a program in functions: one row a layer, a whole recurrent cell being one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...autograd import Node, data_of
from ...errors import OpError
from ...ops.op import Array
from ..layers import Piece
from ..recurrent import Cell
from .cells import Run, run_of
from .images import DEFAULTS
from .layer import Layer, Steps, is_outside, is_parameter

if TYPE_CHECKING:
    from ..chain import Chain

CELLS = frozenset(["RNN", "LSTM", "GRU"])


class Table:
    """Reads the layers of a chain.

    Parameters
    ----------
    chain : Chain
        Which ends in one loss of one value and Y, or in such a loss at every time step.

    Attributes
    ----------
    layers : list of Layer
        In the order of the forward pass; each is needed by a later one or by the loss.
    loss : Piece
        The loss; the first one of a loss at every step.
    output, target : Node, array or Steps
        What the loss takes.

    Raises
    ------
    OpError
        Naming the first step that does not fit.
    """

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._reader = chain.reader
        self._whole: dict[int, Any] = {}  # by identity of a value at time t: the Steps it is one of
        self._instead: dict[int, Any] = {}  # by identity: what holds the same numbers
        self.layers: list[Layer] = []
        losses = self._losses()
        done = set[Piece]()
        for piece in chain.reader.pieces:
            if piece not in done and piece not in losses and piece.out is not chain.root:
                done |= self._read(piece)
        self.loss = losses[0]
        self.output, self.target = self._taken(losses)
        self._keep_needed()

    # ---- the loss -----------------------------------------------------------------------------------

    def _losses(self) -> list[Piece]:
        """The loss, or those of all time steps."""
        last = self._reader.pieces[-1]
        made = {id(piece.out): piece for piece in self._reader.pieces}
        terms = [made[id(x)] for x in last.operands if id(x) in made] if last.kind == "total" else [last]
        of_steps = len(terms) > 1 and {self._kind_in_time(piece) for piece in terms} == {"loss"}
        if len(terms) > 1 and not of_steps:
            raise self.misfit(next(p for p in terms[1:] if self._kind_in_time(p) != "loss"))
        return sorted(terms, key=lambda p: self._reader.moments[p].t) if of_steps else terms

    def _kind_in_time(self, piece: Piece) -> str:
        moment = self._reader.moments.get(piece)
        return "" if moment is None else moment.cell.kind

    def _taken(self, losses: list[Piece]) -> tuple[Any, Any]:
        first, target = losses[0], self._reader.target
        if len(losses) > 1:
            return self._together([p.operands[0] for p in losses], first), Steps(tuple(p.operands[1] for p in losses))
        if first.kind == "loss":
            target = first.operands[1]
        known = {id(first.operands[0]), id(target), *self._reader.texts}
        if first.kind not in ("loss", "own_loss") or target is None or not {id(x) for x in first.operands} <= known:
            raise self.misfit(first)
        return self._value(first.operands[0]), target

    # ---- rows ---------------------------------------------------------------------------------------

    def _read(self, piece: Piece) -> set[Piece]:
        """Add the rows that a piece opens, and return the pieces they cover."""
        moment = self._reader.moments.get(piece)
        if moment is not None and piece.label != "getitem":
            pieces = [p for p, m in self._reader.moments.items() if m.cell is moment.cell and p.label != "getitem"]
            self._read_cell(moment.cell, pieces)
            return set(pieces)
        row = self._attention(piece) if piece.label == "attention_context" else ROWS.get(piece.kind, _op)(piece)
        self._add(row or _op(piece))
        return {piece}

    def _add(self, row: Layer) -> None:
        if row.piece is not None and row.piece.label == "stack" and self._stacked(row.piece):
            return
        self.layers.append(Layer(row.function, row.out, tuple(map(self._value, row.takes)), row.options, row.piece))

    def _stacked(self, piece: Piece) -> bool:
        """Whether a stack is of all steps in their order: the array that holds them has the same numbers."""
        whole = self._whole.get(id(piece.operands[0]))
        same = whole is not None and [id(x) for x in whole.values] == [id(x) for x in piece.operands]
        if same and (piece.out._options or {}).get("axis") == 2:
            self._instead[id(piece.out)] = whole
            return True
        return False

    def _value(self, x: Any) -> Any:
        """What a row takes for x: of a value at one time step, that step of the array that holds all."""
        if id(x) in self._instead:
            return self._instead[id(x)]
        whole = self._whole.get(id(x))
        if whole is not None and isinstance(x, Node) and x._op is not None:
            t = next(t for t, y in enumerate(whole.values, 1) if y is x)
            self.layers.append(Layer("step", x, (whole,), {"t": t}))
            self._instead[id(x)] = x
        return x

    def _keep_needed(self) -> None:
        """Drop what only a row that covers more has used, such as the parts of a Wc."""
        needed, kept = {id(self.output)}, list[Layer]()
        for layer in reversed(self.layers):
            if id(layer.out) in needed:
                needed |= {id(x) for x in layer.takes}
                kept.append(layer)
        self.layers = kept[::-1]
        made = {id(layer.out) for layer in kept}
        unknown = [x for layer in self.layers for x in layer.takes if not is_outside(x) and id(x) not in made]
        if unknown or not kept:  # such as c⟨T⟩, which an LSTM's function does not hand out
            raise self.misfit(next((p for p in self._reader.pieces if unknown and p.out is unknown[0]), self.loss))

    # ---- time ---------------------------------------------------------------------------------------

    def _together(self, values: list[Any], piece: Piece) -> Any:
        """What holds the values of all time steps, which a piece takes: X of x⟨t⟩ = X[:, :, t], or Steps."""
        sources = [self._sequence(x, t) for t, x in enumerate(values)]
        if sources[0] is not None and all(source is sources[0] for source in sources):
            return self._value(sources[0])
        whole = self._whole.get(id(values[0]))
        if whole is not None and [id(x) for x in whole.values] == [id(x) for x in values]:
            return whole
        if not all(map(is_outside, values)):
            raise self.misfit(piece)
        return self._new(values)

    def _sequence(self, x: Any, t: int) -> Any:
        """X of x = X[:, :, t]."""
        if not isinstance(x, Node) or x._op is None or x._op.name != "getitem":
            return None
        index = (x._options or {}).get("index")
        return x._inputs[0] if index == (slice(None), slice(None), t) else None

    def _new(self, values: Sequence[Any]) -> Steps:
        whole = Steps(tuple(values))
        self._whole |= {id(x): whole for x in values}
        return whole

    def _read_cell(self, cell: Cell, pieces: list[Piece]) -> None:
        """The rows of a cell over all time steps."""
        steps: dict[int, list[Piece]] = {}
        for piece in pieces:
            steps.setdefault(self._reader.moments[piece].t, []).append(piece)
        if cell.kind in ("both", "output"):
            self._read_every_step([steps[t] for t in sorted(steps)])
            return
        run = run_of(cell, steps) if cell.kind in CELLS else None
        if run is None:
            raise self.misfit(pieces[0])
        x = self._together(list(run.x), pieces[0])
        starts = () if all(map(_is_zero, run.starts)) else tuple(map(self._value, run.starts))
        self._run(run, cell.turned, x, (*run.parameters, *starts))

    def _run(self, run: Run, turned: bool, x: Any, others: tuple[Any, ...]) -> None:
        """The row of a run; one from the last step to the first stands between two that turn time around."""
        a = self._new(run.a)
        if not turned:
            self.layers.append(Layer(run.function, a, (x, *others), {}, run.piece))
            return
        before, after = Steps(_values(x)[::-1], x), Steps(a.values[::-1], a)
        self.layers += [
            Layer("turned", before, (x,)),
            Layer(run.function, after, (before, *others), {}, run.piece),
            Layer("turned", a, (after,)),
        ]

    def _read_every_step(self, steps: list[list[Piece]]) -> None:
        """A layer that is applied at every step, or both directions put together."""
        for pieces in zip(*steps, strict=True):
            row = EVERY_STEP.get(pieces[0].kind, _nothing)(pieces[0])
            if row is None:
                raise self.misfit(pieces[0])
            firsts = [(EVERY_STEP[p.kind](p) or row).takes for p in pieces]
            data = 2 if row.function == "both" else 1
            takes = [self._together([values[k] for values in firsts], pieces[0]) for k in range(data)]
            made = self._new([piece.out for piece in pieces])
            self.layers.append(Layer(row.function, made, (*takes, *row.takes[data:]), row.options, row.piece))

    # ---- attention ----------------------------------------------------------------------------------

    def _attention(self, context: Piece) -> Layer | None:
        """Scores, weights and context as one row, if nothing else uses what is between them."""
        weights = self._sole_maker(context.operands[1])
        scores = None if weights is None else self._sole_maker(weights.operands[0])
        if weights is None or scores is None or weights.label != "attention_weights":
            return None
        (q, k), mask, v = scores.operands, weights.operands[1], context.operands[0]
        if mask is not None and not np.any(mask, axis=-1).all():
            return None  # a query that sees nothing has no softmax
        return Layer("attention", context.out, _without_none(q, k, v, mask), dict(scores.out._options or {}))

    def _sole_maker(self, x: Any) -> Piece | None:
        """The piece that computes x for one other piece alone."""
        users = self._reader.consumers.get(id(x), [])
        return next((p for p in self._reader.pieces if p.out is x), None) if len(users) == 1 else None

    def misfit(self, piece: Piece) -> OpError:
        """The error for a step that does not fit."""
        name = self._reader.names[id(piece.out)]
        return OpError(
            f"numpy(functions=True) expects layers and one loss of the last layer and Y; the step {name} "
            f"({piece.label}) does not fit. numpy() writes any chain, line by line."
        )


def _is_zero(x: Any) -> bool:
    return is_outside(x) and not is_parameter(x) and not np.any(data_of(x))


def _values(x: Any) -> tuple[Any, ...]:
    """The values of all steps, of Steps or an array."""
    if isinstance(x, Steps):
        return x.values
    array: Array = data_of(x)
    return tuple(array[:, :, t] for t in range(array.shape[2]))


# ---- rows by kind -----------------------------------------------------------------------------------


def _dense(piece: Piece) -> Layer | None:
    w, a, b = piece.roles
    if piece.flipped:
        return None
    return Layer("dense" if piece.kind == "affine" else "dense_in_time", piece.out, _without_none(a, w, b))


def _in_time(piece: Piece) -> Layer | None:
    """A dense layer of one step, as that of all steps."""
    w, a, b = piece.roles
    return None if piece.flipped else Layer("dense_in_time", piece.out, _without_none(a, w, b))


def _both(piece: Piece) -> Layer | None:
    return Layer("both", piece.out, piece.operands) if piece.label == "concatenate" else None


def _nothing(piece: Piece) -> None:
    return None


def _conv(piece: Piece) -> Layer | None:
    w, a, b = piece.roles
    options = {k: v for k, v in (piece.out._options or {}).items() if v != DEFAULTS.get(k)}
    grouped = options.get("groups", 1) > 1
    options = {k: v for k, v in options.items() if k != "groups" or grouped}
    return Layer("grouped_conv" if grouped else "conv", piece.out, _without_none(a, w, b), options)


def _norm(piece: Piece) -> Layer | None:
    x, gamma, _ = piece.operands
    in_time = np.ndim(data_of(x)) == 3 and np.ndim(data_of(gamma)) == 2
    return Layer("norm_in_time" if in_time else "norm", piece.out, piece.operands, dict(piece.out._options or {}))


def _pool(piece: Piece) -> Layer | None:
    options = {} if piece.label.startswith("global") else dict(piece.out._options or {})
    return Layer(piece.label.removesuffix("2d"), piece.out, piece.operands, options)


def _plain(piece: Piece) -> Layer | None:
    return Layer(piece.kind, piece.out, piece.operands, {}, piece)


def _dropout(piece: Piece) -> Layer | None:
    """A ⊙ D / keep_prob; a mask that is divided already goes with keep_prob = 1."""
    a, D, keep_prob = (*piece.operands, 1.0)[:3]
    if isinstance(D, Node) or isinstance(keep_prob, Node) or np.shape(D) != piece.out._data.shape:
        return None
    return Layer("dropout", piece.out, (a, D), {"keep_prob": float(keep_prob)})


def _op(piece: Piece) -> Layer:
    """What has no function of its own: its functions are written from the recorded ops."""
    if piece.label == "embedding":
        ids = (piece.out._options or {})["index"][1]
        return Layer("embedding", piece.out, (ids, *piece.operands))
    return Layer("", piece.out, tuple({id(x): x for x in piece.operands if np.ndim(data_of(x))}.values()), {}, piece)


def _without_none(*values: Any) -> tuple[Any, ...]:
    return tuple(x for x in values if x is not None)


ROWS: dict[str, Callable[[Piece], Layer | None]] = {
    "affine": _dense,
    "sequence": _dense,
    "projection": _dense,
    "conv": _conv,
    "norm": _norm,
    "pool": _pool,
    "flatten": _plain,
    "activation": _plain,
    "residual": _plain,
    "dropout": _dropout,
}
EVERY_STEP: dict[str, Callable[[Piece], Layer | None]] = {"affine": _in_time, "activation": _plain, "op": _both}
