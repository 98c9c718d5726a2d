"""Residual sums: x + F(x), where F is computed from x, or P(x) + F(x) with a layer P."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..autograd import Node, data_of
from .piece import Piece


def residual_sums(pieces: Sequence[Piece], others: Collection[Piece]) -> list[Piece]:
    """The pieces with such sums as a kind of their own; `others`, of recurrent cells, stay as they are."""
    made = {id(piece.out): piece for piece in pieces}
    sums = {piece for piece in pieces if _is_residual(piece, made)} - set(others)
    return [replace(piece, kind="residual", label="residual") if piece in sums else piece for piece in pieces]


def _is_residual(piece: Piece, made: Mapping[int, Piece]) -> bool:
    if piece.kind != "op" or piece.label != "add" or piece.out._data.size == 1:
        return False
    a, b = piece.operands
    if not np.shape(data_of(a)) == np.shape(data_of(b)) == piece.out._data.shape:
        return False
    return any(_comes_from(changed, _start(kept, made), made) for kept, changed in ((a, b), (b, a)))


def _start(kept: Any, made: Mapping[int, Piece]) -> Any:
    """X of the sum: what is kept, or what the projection takes."""
    piece = made.get(id(kept))
    return piece.roles[1] if piece is not None and piece.is_layer else kept


def _comes_from(changed: Any, x: Any, made: Mapping[int, Piece]) -> bool:
    """Whether x is among what `changed` is computed from; nothing older than x is looked at."""
    born = x._born if isinstance(x, Node) else 0
    todo, seen = [changed], {id(changed)}
    while todo:
        piece = made.get(id(todo.pop()))
        for y in piece.operands if piece is not None else ():
            if y is x:
                return True
            if isinstance(y, Node) and y._born > born and id(y) not in seen:
                seen.add(id(y))
                todo.append(y)
    return False
