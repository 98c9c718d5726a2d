"""Shapes in symbols: columns (n[1], m), images (m, n_H[1], n_W[1], n_C[1]), filters (f[1], f[1], n_C[0], n_C[1]).

A size that has no symbol in the notes, such as the height of an image after pooling, stays a number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd import Node, data_of
from ..ops.loss import sample_axis, samples
from .convention import first_data
from .layers import Piece

if TYPE_CHECKING:
    from .read import Reader

Shape = tuple[int, ...]


def symbols(reader: Reader, x: Any) -> str:
    """The shape of a value with n[l] and m for what they stand for."""
    shape, rows = np.shape(data_of(x)), reader.rows.get(id(x), "")
    if rows and len(shape) == 2:
        return f"({rows}, m)"
    if rows and len(shape) == 3:
        return f"({rows}, m, {_time(reader, shape[2])})"
    if rows and len(shape) == 4:
        return f"(m, {', '.join(_height_and_width(reader, shape, rows))}, {rows})"
    for piece, i in reader.consumers.get(id(x), []):
        of_parameter = OF_PARAMETER.get(piece.kind)
        found = of_parameter(reader, piece, i, shape) if of_parameter else ""
        if found:
            return found
    known = [*map(str, shape)]
    is_weight = isinstance(x, Node) and x.requires_grad and x._op is None and x not in reader.columns
    if shape and samples(data_of(x)) == reader.m and not is_weight:
        known[sample_axis(data_of(x))] = "m"
    return f"({', '.join(known)}{',' * (len(known) == 1)})"


def _height_and_width(reader: Reader, shape: Shape, channels: str) -> list[str]:
    """n_H[l], n_W[l] where the image has the size of Z[l], or for l = 0 of X."""
    layer = channels.removeprefix("n_C[").removesuffix("]")
    whole = reader.values[reader.aliases["A0" if layer == "0" else f"Z{layer}"]]
    if np.shape(data_of(whole))[1:3] != shape[1:3]:
        return [*map(str, shape[1:3])]
    return [channels.replace("n_C", "n_H"), channels.replace("n_C", "n_W")]


def _time(reader: Reader, steps: int) -> str:
    """T where a sequence is as long as the one the first layer takes."""
    data = np.shape(data_of(first_data(reader.pieces)))
    return "T" if len(data) == 3 and data[2] == steps else str(steps)


def row_symbol(piece: Piece, layer: int) -> str:
    """How many units, or channels, a layer has."""
    return f"n_C[{layer}]" if piece.kind == "conv" else f"n[{layer}]"


def _of_affine(reader: Reader, piece: Piece, i: int, shape: Shape) -> str:
    """W (n[l], n[l-1]) and b (n[l], 1); b may be a single number."""
    if len(shape) != 2:
        return ""
    rows, data = reader.rows[id(piece.out)], piece.operands[1]
    inner = reader.rows.get(id(data)) or str(np.shape(data_of(data))[0])
    if i == 0:
        return f"({inner}, {rows})" if piece.flipped else f"({rows}, {inner})"
    return f"({rows}, 1)" if i == 2 and shape[0] == piece.out._data.shape[0] else ""


def _of_conv(reader: Reader, piece: Piece, i: int, shape: Shape) -> str:
    """W (f[l], f[l], n_C[l-1], n_C[l]) and b (1, 1, 1, n_C[l])."""
    channels = reader.rows[id(piece.out)]
    if i == 0:
        return ""
    if i == 2:
        return f"(1, 1, 1, {channels})"
    before = reader.rows.get(id(piece.operands[0]), "")
    all_seen = shape[2] == np.shape(data_of(piece.operands[0]))[3]
    f = [channels.replace("n_C", "f")] * 2 if shape[0] == shape[1] else [*map(str, shape[:2])]
    return f"({', '.join([*f, before if before and all_seen else str(shape[2]), channels])})"


def _of_norm(reader: Reader, piece: Piece, i: int, shape: Shape) -> str:
    """γ and β: (n[l], 1), or (1, 1, 1, n_C[l]) for images."""
    rows = reader.rows.get(id(piece.out), "")
    if i == 0 or not rows:
        return ""
    return f"(1, 1, 1, {rows})" if len(shape) == 4 else f"({rows}, 1)" if len(shape) == 2 else ""


def _of_dropout(reader: Reader, piece: Piece, i: int, shape: Shape) -> str:
    """D is as what it drops from."""
    return symbols(reader, piece.out) if i == 1 and shape == piece.out._data.shape else ""


OF_PARAMETER: dict[str, Callable[[Any, Piece, int, Shape], str]] = {
    "affine": _of_affine,
    "sequence": _of_affine,
    "projection": _of_affine,
    "conv": _of_conv,
    "norm": _of_norm,
    "fixed_norm": _of_norm,
    "dropout": _of_dropout,
}
