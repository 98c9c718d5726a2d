"""Dropout in a graph: A ⊙ D / keep_prob is one piece, by `nn.Dropout` or by hand; its formulas.

What is left of A is written Ã, as it is thinned (N. Srivastava et al., "Dropout: a simple way to prevent neural
networks from overfitting", JMLR 15 (2014), section 4); the notes call it A again (A. Ng, "Improving deep neural
networks", week 1, dropout regularization).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from ..autograd import Node, data_of, needs_gradient
from .piece import INSIDE, Piece

Naming = Callable[[Any], str]
THINNED = "tilde"  # Atilde1, written Ã[1]


def dropouts(pieces: Sequence[Piece], others: Collection[Piece]) -> list[Piece]:
    """The pieces with each dropout as one; `others`, of recurrent cells, stay as they are."""
    uses = Counter(x for piece in pieces for x in piece.operands if isinstance(x, Node))
    products = {piece.out: piece for piece in pieces if piece.label == "multiply" and piece not in others}
    divided = {piece: products[y] for piece in pieces if (y := _divided(piece, products)) is not None and uses[y] == 1}
    found = {piece: _joined(piece, product, piece.operands[1]) for piece, product in divided.items()}
    inner = set(divided.values())
    kinds = _kinds_of_users(pieces)
    found |= {p: _joined(p, p) for p in products.values() if p not in inner and _drops_alone(p, kinds[p.out])}
    return [found.get(piece, piece) for piece in pieces if piece not in inner]


def _divided(piece: Piece, products: Mapping[Any, Piece]) -> Node | None:
    """A ⊙ D of a division by a keep_prob."""
    if piece.label != "divide":
        return None
    product, keep_prob = piece.operands
    if product not in products if isinstance(product, Node) else True:
        return None
    known = np.ndim(data_of(keep_prob)) == 0 and not needs_gradient(keep_prob) and 0 < data_of(keep_prob) < 1
    return product if known and _mask(products[product]) is not None else None


def _drops_alone(product: Piece, users: Collection[str]) -> bool:
    """Whether a product is a dropout without a division.

    Its mask is boolean, or holds 0 and 1 / keep_prob, or 0 and 1 on the way to the next layer: Y ⊙ A of a loss is none.
    """
    mask = _mask(product)
    if mask is None or not np.any(mask):
        return False
    return bool(mask.dtype == bool or (np.any(mask == 0) and (np.max(mask) > 1 or set(users) <= INSIDE)))


def _kinds_of_users(pieces: Sequence[Piece]) -> Mapping[Any, set[str]]:
    kinds: dict[Any, set[str]] = {piece.out: set() for piece in pieces}
    for piece in pieces:
        for x in piece.operands:
            if isinstance(x, Node):
                kinds.setdefault(x, set()).add(piece.kind)
    return kinds


def _mask(product: Piece) -> Any:
    """The array of a product that is 0 or one other number everywhere; None if there is none."""
    for x, a in (product.operands, product.operands[::-1]):
        mask = np.asarray(data_of(x))
        if needs_gradient(x) or not needs_gradient(a) or mask.ndim < 2 or product.out._data.shape != data_of(a).shape:
            continue
        kept = mask[mask != 0]
        if mask.dtype.kind in "bif" and (not kept.size or (kept[0] >= 1 and np.all(kept == kept[0]))):
            return mask
    return None


def _joined(piece: Piece, product: Piece, *keep_prob: Any) -> Piece:
    a, mask = sorted(product.operands, key=needs_gradient, reverse=True)
    return Piece("dropout", "dropout", piece.out, (a, mask, *keep_prob))


# ---- formulas ---------------------------------------------------------------------------------------


def dropout_forward(piece: Piece, name: Naming) -> str:
    """A ⊙ D / keep_prob."""
    return _thinned(piece, name, name(piece.operands[0]))


def dropout_back(piece: Piece, i: int, name: Naming, g: str) -> str:
    """The same mask, the same division."""
    return _thinned(piece, name, g)


def _thinned(piece: Piece, name: Naming, x: str) -> str:
    mask, *keep_prob = piece.operands[1:]
    return " / ".join([f"{x} ⊙ {name(mask)}", *map(name, keep_prob)])
