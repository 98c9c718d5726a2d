"""Residual sums: x + F(x), where F is computed from x, or P(x) + F(x) with a layer P."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..autograd import Node
from .piece import Piece


def residual_sums(pieces: Sequence[Piece], others: Collection[Piece]) -> list[Piece]:
    """The pieces with such sums as a kind of their own; `others`, of recurrent cells, stay as they are."""
    made = {piece.out: piece for piece in pieces}
    sums = {piece for piece in pieces if _is_residual(piece, made)} - set(others)
    return [replace(piece, kind="residual", label="residual") if piece in sums else piece for piece in pieces]


def _is_residual(piece: Piece, made: Mapping[Any, Piece]) -> bool:
    if piece.kind != "op" or piece.label != "add" or piece.out._data.size == 1:
        return False
    if not all(isinstance(x, Node) and x._data.shape == piece.out._data.shape for x in piece.operands):
        return False
    a, b = piece.operands
    return any(_comes_from(changed, _start(kept, made), made) for kept, changed in ((a, b), (b, a)))


def _start(kept: Node, made: Mapping[Any, Piece]) -> Node:
    """X of the sum: what is kept, or what the projection takes."""
    piece = made.get(kept)
    if piece is not None and piece.is_layer and isinstance(piece.roles[1], Node):
        return piece.roles[1]
    return kept


def _comes_from(changed: Node, x: Node, made: Mapping[Any, Piece]) -> bool:
    """Whether x is among what `changed` is computed from; nothing older than x is looked at."""
    todo, seen = [changed], {changed}
    while todo:
        piece = made.get(todo.pop())
        for y in piece.operands if piece is not None else ():
            if y is x:
                return True
            if isinstance(y, Node) and y._born > x._born and y not in seen:
                seen.add(y)
                todo.append(y)
    return False
