"""Wrong gradients through dropout: its mask or its division left out, or taken for another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ...chain.layers import Piece
from ...ops.op import Array
from ..cause import Code
from ..spell import spelled
from .model import Rule, Variant, View

# Right is dÃ ⊙ D / k. `down` is the wrong factor of dÃ, from D and keep_prob.
SLIPS: tuple[tuple[Code, str, Callable[[Array, Array], Array], int], ...] = (
    ("missing_dropout_mask", "{g} / {k}", lambda D, k: 1 / k, 1),
    ("missing_keep_prob", "{g} ⊙ {D}", lambda D, k: D, 1),
    ("missing_keep_prob", "{g} ⊙ {D} · {k}", lambda D, k: D * k, 1),
    ("missing_keep_prob", "{g} ⊙ {D} / (1 − {k})", lambda D, k: D / (1 - k), 1),
    ("missing_dropout_mask", "{g}", lambda D, k: k / k, 2),
)


def of_dropout(piece: Piece, view: View) -> Iterator[Variant]:
    """The mask or the division by keep_prob left out or turned round, or the mask of another layer."""
    _, mask, *keep_prob = piece.operands
    g = f"d{view.name(piece.out)}"
    if keep_prob:
        (k,) = keep_prob
        texts = {"g": g, "D": view.name(mask), "k": view.name(k)}
        for code, text, down, cost in SLIPS:
            make: Rule = lambda s, g, down=down: g * down(s.v(mask), s.v(k))  # type: ignore[misc]  # noqa: E731
            yield Variant(code, spelled(view.world.chain, text.format(**texts)), make, cost)
    else:
        yield Variant("missing_dropout_mask", view.d(piece.out), lambda s, g: g)
    for other in view.masks():
        if other is not mask and view.shape(other) == view.shape(mask):
            text = " / ".join([f"{g} ⊙ {view.name(other)}", *map(view.name, keep_prob)])
            yield Variant("wrong_layer_cache", spelled(view.world.chain, text), _with_mask(other, keep_prob))


def _with_mask(mask: Any, keep_prob: Sequence[Any]) -> Rule:
    return lambda s, g: np.asarray(g * s.v(mask) / (s.v(keep_prob[0]) if keep_prob else 1))
