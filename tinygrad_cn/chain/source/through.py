"""Gradients through one piece of a chain: the vjps of the ops inside, run on symbols."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...autograd import Node
from ...errors import OpError
from ..layers import Piece
from .parts import inside
from .rows import vjp
from .symbols import Symbol
from .trace import unspeakable


def through(
    piece: Piece,
    seed: Symbol,
    symbol: Callable[[Node], Any],
    arguments: Callable[[Piece, Node], list[Any]],
    frozen: bool = False,
) -> dict[Node, Symbol]:
    """What flows back to each node that a piece takes, and to those inside.

    Parameters
    ----------
    piece : Piece
        Which one.
    seed : Symbol
        The gradient of what it computes.
    symbol, arguments : callable
        `symbol(node)`: what stands for a node inside; `arguments(piece, node)`: what stands for its inputs.
    frozen : bool
        Whether nodes that do not learn get a gradient too.
    """
    reached: dict[Node, Symbol] = {piece.out: seed}
    for node in reversed(inside(piece)):
        g = reached.get(node)
        if g is None:
            continue
        given = arguments(piece, node)
        for i, x in enumerate(node._inputs):
            part = (
                _part(node, i, g, symbol(node), given) if isinstance(x, Node) and (x.requires_grad or frozen) else None
            )
            if part is not None:
                reached[x] = reached[x] + part if x in reached else part
    return reached


def _part(node: Node, i: int, g: Symbol, y: Any, arguments: list[Any]) -> Symbol | None:
    op, x = node._op, arguments[i]
    assert op is not None
    try:
        part = vjp(op, i, g, y, arguments, node._options or {})
        return None if part is None else unbroadcast(part, x).astype(x.dtype)
    except (OpError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise unspeakable(op, error) from error


def unbroadcast(g: Any, x: Symbol, samples: bool = False) -> Any:
    """Sum g over the axes along which x was broadcast; over `samples` even if there is only one."""
    shape, wide = np.shape(x.value), np.shape(g.value)
    extra = len(wide) - len(shape)
    last = len(shape) - 1
    stretched = [
        i for i, n in enumerate(shape) if n == 1 and (wide[i + extra] != 1 or (samples and last == i > 0))
    ]  # fmt: skip
    if not shape and extra:
        return np.sum(g)
    if extra:
        g = np.sum(g, axis=tuple(range(extra)) if extra > 1 else 0)
    if stretched:
        g = np.sum(g, axis=tuple(stretched) if len(stretched) > 1 else stretched[0], keepdims=True)
    return g
