"""Layers as torch keeps them: one row per kind of layer, from our parameters to torch's entries and back.

We hold samples in columns, biases as columns (n, 1) and filters as (f, f, n_C_prev, n_C), torch holds biases flat and
filters as (n_C, n_C_prev, f, f); recurrent layers differ in how gates are stacked and signed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from .. import nn
from ..errors import StateError
from ..files import Array
from ..nn.cell import Cell
from ..nn.recurrent import Recurrent

Arrays = dict[str, Array]


@dataclass(frozen=True)
class Layout:
    """How torch keeps one kind of layer.

    Attributes
    ----------
    write : callable
        `write(layer)` gives torch's entries by their name below the layer.
    read : callable
        `read(layer, entries)` gives our values by their name in the layer.
    features : mapping of str to int
        Entries with an axis along which the features of the layer before lie, and which axis that is.
    optional : tuple of str
        How the last part of names begins that torch may leave out, as with bias=False; they count as zeros then.
    """

    write: Callable[[Any], Arrays]
    read: Callable[[Any, Mapping[str, Array]], Arrays]
    features: Mapping[str, int] = field(default_factory=dict)
    optional: tuple[str, ...] = ()


# ---- entry by entry: the same numbers, axes in another order ----------------------------------------


@dataclass(frozen=True)
class Entry:
    """One array: its name here and there, and our axes in torch's order, or None for a vector."""

    ours: str
    theirs: str
    axes: tuple[int, ...] | None = None


def entries(
    *rows: Entry,
    features: Mapping[str, int] | None = None,
    extra: Mapping[str, Array] | None = None,
    optional: tuple[str, ...] = (),
) -> Layout:
    """The layout of a layer whose arrays only change their shape; `extra` is what torch keeps and we do not."""

    def write(layer: nn.Module) -> Arrays:
        held = layer.state_dict()
        present = [row for row in rows if row.ours in held]
        arrays = {row.theirs: _turned(held[row.ours], row.axes) for row in present}
        return {**arrays, **(extra or {})}

    def read(layer: nn.Module, theirs: Mapping[str, Array]) -> Arrays:
        held = layer.state_dict()
        return {row.ours: _turned_back(theirs[row.theirs], row, held[row.ours]) for row in rows if row.ours in held}

    return Layout(write, read, features or {}, (*optional, *(extra or ())))


def _turned(array: Array, axes: tuple[int, ...] | None) -> Array:
    return array.reshape(-1) if axes is None else array.transpose(axes)


def _turned_back(array: Array, row: Entry, own: Array) -> Array:
    return array.reshape(own.shape) if row.axes is None else array.transpose(np.argsort(row.axes))


SCALE_AND_SHIFT = (Entry("gamma", "weight"), Entry("beta", "bias"))
STATISTICS = (Entry("running_mean", "running_mean"), Entry("running_var", "running_var"))
COUNTER = {"num_batches_tracked": np.array(0)}

# ---- recurrent layers -------------------------------------------------------------------------------

Gates = Sequence[tuple[str, int]]  # torch's order of the gates, as our letters, with the sign of our weights in torch's
LSTM_GATES: Gates = (("i", 1), ("f", 1), ("c", 1), ("o", 1))
GRU_GATES: Gates = (("r", 1), ("u", -1), ("c", 1))  # torch's z is 1 − Γu, and 1 − σ(z) = σ(−z)
Four = tuple[Array, Array, Array, Array]  # weight_ih, weight_hh, bias_ih, bias_hh
FOUR = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def _write_rnn(cell: nn.RNNCell) -> Four:
    held = cell.state_dict()
    b = held["ba"].reshape(-1)
    return held["Wax"], held["Waa"], b, np.zeros_like(b)


def _read_rnn(cell: nn.RNNCell, w_ih: Array, w_hh: Array, b_ih: Array, b_hh: Array) -> Arrays:
    return {"Waa": w_hh, "Wax": w_ih, "ba": (b_ih + b_hh).reshape(-1, 1)}


def _write_gates(cell: Cell, gates: Gates) -> Four:
    """Weights of [a; x] come apart into those of a and those of x, gates one below the other."""
    held = cell.state_dict()
    w = np.concatenate([sign * held[f"W{letter}"] for letter, sign in gates])
    b = np.concatenate([sign * held[f"b{letter}"] for letter, sign in gates]).reshape(-1)
    return w[:, cell.n_a :], w[:, : cell.n_a], b, np.zeros_like(b)


def _read_gates(cell: Cell, w_ih: Array, w_hh: Array, b_ih: Array, b_hh: Array, *, gates: Gates) -> Arrays:
    w = np.split(np.concatenate([w_hh, w_ih], axis=1), len(gates))
    b = np.split((b_ih + b_hh).reshape(-1, 1), len(gates))
    weights = {f"W{letter}": sign * part for (letter, sign), part in zip(gates, w, strict=True)}
    return weights | {f"b{letter}": sign * part for (letter, sign), part in zip(gates, b, strict=True)}


def _write_gru(cell: nn.GRUCell) -> Four:
    _require_reset_after(cell)
    w_ih, w_hh, b_ih, b_hh = _write_gates(cell, GRU_GATES)
    b_hh[-cell.n_a :] = cell.state_dict()["bcc"].reshape(-1)
    return w_ih, w_hh, b_ih, b_hh


def _read_gru(cell: nn.GRUCell, w_ih: Array, w_hh: Array, b_ih: Array, b_hh: Array) -> Arrays:
    """Both biases of the candidate stay apart, since the reset gate acts between them."""
    _require_reset_after(cell)
    arrays = _read_gates(cell, w_ih, w_hh, b_ih, b_hh, gates=GRU_GATES)
    return arrays | {"bc": b_ih[-cell.n_a :].reshape(-1, 1), "bcc": b_hh[-cell.n_a :].reshape(-1, 1)}


def _require_reset_after(cell: nn.GRUCell) -> None:
    if cell.reset != "after":
        raise StateError('a GRU with reset="before", as in the notes, has no equal in torch; give it reset="after"')


CELLS: dict[type[Cell], tuple[Callable[[Any], Four], Callable[..., Arrays]]] = {
    nn.RNNCell: (_write_rnn, _read_rnn),
    nn.LSTMCell: (partial(_write_gates, gates=LSTM_GATES), partial(_read_gates, gates=LSTM_GATES)),
    nn.GRUCell: (_write_gru, _read_gru),
}


def _write_cell(cell: Cell, suffix: str = "") -> Arrays:
    write, _ = CELLS[type(cell)]
    return {name + suffix: array for name, array in zip(FOUR, write(cell), strict=True)}


def _read_cell(cell: Cell, theirs: Mapping[str, Array], suffix: str = "") -> Arrays:
    _, read = CELLS[type(cell)]
    return read(cell, *(theirs[name + suffix] for name in FOUR))


def _suffixes(layer: Recurrent) -> list[str]:
    """What the names of each cell's entries end with, such as `_l0`, `_l0_reverse`, `_l1`."""
    ways = 1 + layer.bidirectional
    return [f"_l{i // ways}" + "_reverse" * (i % ways) for i in range(len(layer.cells))]


def _write_recurrent(layer: Recurrent) -> Arrays:
    parts = [_write_cell(cell, suffix) for cell, suffix in zip(layer.cells, _suffixes(layer), strict=True)]
    return {name: array for part in parts for name, array in part.items()}


def _read_recurrent(layer: Recurrent, theirs: Mapping[str, Array]) -> Arrays:
    arrays: Arrays = {}
    for i, (cell, suffix) in enumerate(zip(layer.cells, _suffixes(layer), strict=True)):
        arrays |= {layer._place(i) + name: array for name, array in _read_cell(cell, theirs, suffix).items()}
    return arrays


# ---- attention --------------------------------------------------------------------------------------

PROJECTIONS = ("q_proj_weight", "k_proj_weight", "v_proj_weight")


def _write_attention(layer: nn.MultiHeadAttention) -> Arrays:
    """Wq, Wk, Wv in one array where they are equally wide, one below the other."""
    held = layer.state_dict()
    inner = [held[f"W{letter}"] for letter in "qkv"]
    one = inner[0].shape == inner[1].shape
    arrays = {"in_proj_weight": np.concatenate(inner)} if one else dict(zip(PROJECTIONS, inner, strict=True))
    arrays["out_proj.weight"] = held["Wo"]
    if "bq" in held:
        arrays["in_proj_bias"] = np.concatenate([held[f"b{letter}"] for letter in "qkv"]).reshape(-1)
        arrays["out_proj.bias"] = held["bo"].reshape(-1)
    return arrays


def _read_attention(layer: nn.MultiHeadAttention, theirs: Mapping[str, Array]) -> Arrays:
    one = theirs.get("in_proj_weight")
    inner = [theirs[name] for name in PROJECTIONS] if one is None else np.split(one, 3)
    arrays = {f"W{letter}": w for letter, w in zip("qkv", inner, strict=True)} | {"Wo": theirs["out_proj.weight"]}
    if "in_proj_bias" in theirs:
        arrays |= {f"b{letter}": b for letter, b in zip("qkv", np.split(theirs["in_proj_bias"], 3), strict=True)}
        arrays["bo"] = theirs["out_proj.bias"]
    return {name: a.reshape(-1, 1) if name[0] == "b" else a for name, a in arrays.items()}


PARTS = {"attention": "self_attn", "cross_attention": "multihead_attn"}  # others have the same names in torch


def _parts(block: nn.Module) -> list[tuple[str, str, nn.Module, Layout]]:
    """Name here, name in torch, module and layout of each part of a Transformer block."""
    found = ((name, module, layout(module)) for name, module in vars(block).items() if isinstance(module, nn.Module))
    return [(name, PARTS.get(name, name), module, row) for name, module, row in found if row is not None]


def _write_block(block: nn.Module) -> Arrays:
    return {
        f"{theirs}.{name}": array
        for _, theirs, module, row in _parts(block)
        for name, array in row.write(module).items()
    }


def _read_block(block: nn.Module, entries: Mapping[str, Array]) -> Arrays:
    arrays: Arrays = {}
    for ours, theirs, module, row in _parts(block):
        own = {k.removeprefix(f"{theirs}."): a for k, a in entries.items() if k.startswith(f"{theirs}.")}
        arrays |= {f"{ours}.{name}": array for name, array in row.read(module, own).items()}
    return arrays


# ---- the table --------------------------------------------------------------------------------------

BIASES = ("bias_ih", "bias_hh")
CELL = Layout(_write_cell, _read_cell, optional=BIASES)
BLOCK = Layout(_write_block, _read_block, optional=("bias", "in_proj_bias"))
RECURRENT = Layout(_write_recurrent, _read_recurrent, optional=BIASES)
LAYOUTS: dict[type[nn.Module], Layout] = {
    nn.Dense: entries(Entry("W", "weight", (0, 1)), Entry("b", "bias"), features={"weight": 1}),
    nn.Conv2D: entries(Entry("W", "weight", (3, 2, 0, 1)), Entry("b", "bias")),
    nn.BatchNorm: entries(
        *SCALE_AND_SHIFT, *STATISTICS, extra=COUNTER,
        features={"weight": 0, "bias": 0, "running_mean": 0, "running_var": 0},
    ),
    nn.BatchNorm2D: entries(*SCALE_AND_SHIFT, *STATISTICS, extra=COUNTER),
    nn.LayerNorm: entries(*SCALE_AND_SHIFT, features={"weight": 0, "bias": 0}, optional=("bias",)),
    nn.Embedding: entries(Entry("E", "weight", (1, 0))),
    nn.RNNCell: CELL,
    nn.LSTMCell: CELL,
    nn.GRUCell: CELL,
    nn.RNN: RECURRENT,
    nn.LSTM: RECURRENT,
    nn.GRU: RECURRENT,
    nn.MultiHeadAttention: Layout(_write_attention, _read_attention),
    nn.TransformerEncoderBlock: BLOCK,
    nn.TransformerDecoderBlock: BLOCK,
    nn.PositionEmbedding: entries(Entry("P", "weight", (1, 0))),
}  # fmt: skip


def layout(module: nn.Module) -> Layout | None:
    """The row of a layer, or of the class it is derived from; None for a module of modules.

    Examples
    --------
    >>> layout(nn.Dense(2, 4)).write(nn.Dense(2, 4))["bias"].shape
    (4,)
    >>> layout(nn.Sequential()) is None
    True
    """
    return next((LAYOUTS[kind] for kind in type(module).__mro__ if kind in LAYOUTS), None)
