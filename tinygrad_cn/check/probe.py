"""The same cost on a fresh net of other sizes, so that no wrong gradient is right by luck.

The recorded graph is run again with new parameters, new data and new sizes: m and every n[l] are
different primes, so that a stray factor can only be one of them. What depends on a size is translated:
1/m, the penalty's λ/2m, dropout masks, targets. A graph with anything else in it is not rebuilt.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from ..autograd import Node
from ..chain import Chain
from ..chain.layers import Piece
from ..chain.penalty import held
from ..chain.source.parts import inside
from ..errors import TinygradError
from ..ops.op import Array
from ..record import apply
from ..tensor import Tensor

FRACTIONS = (1, -1, 2, -2)  # k m and k/m that are translated with m; 1/(2m) is written so
SIZED = frozenset(("reshape", "broadcast_to", "getitem", "tile", "pad", "split", "einsum"))  # a size in their options


class RebuildError(TinygradError):
    """A graph that cannot be run again with other sizes."""


def fresh(chain: Chain, seed: int) -> Chain | None:
    """The chain of the same cost on a fresh net, or None if it cannot be rebuilt.

    Widths of layers become different primes; where that does not fit, as with a skip connection,
    equal widths stay equal.
    """
    if not chain.m:
        return None
    for tied in (False, True):
        try:
            made = Rebuild(chain, seed, tied).chain()
        except (TinygradError, ValueError, TypeError, IndexError):
            continue
        if made.convention == chain.convention and len(made.layers) == len(chain.layers):
            return made
    return None


class Rebuild:
    """Runs the graph of a chain again; `new` holds the new value of each old one, by identity."""

    def __init__(self, chain: Chain, seed: int, tied: bool) -> None:
        self.reader = chain.reader
        self.old = chain
        self.rng = np.random.default_rng(seed)
        layers = [p for p in chain.pieces if p.kind == "affine"]
        primes = iter(self.rng.permutation(list(islice(_primes(), len(layers) + 4))).tolist())
        self.m = int(next(primes))
        self.new: dict[int, Any] = {}
        self.keep: list[Any] = []  # identities stay valid while the values live
        widths = [int(layers[0].operands[1].shape[0]), *(int(p.out._data.shape[0]) for p in layers)]
        by_width: dict[int, int] = {1: 1}
        self.widths = [
            by_width.setdefault(n, int(next(primes))) if tied or n == 1 else int(next(primes)) for n in widths
        ]

    def chain(self) -> Chain:
        """The new chain, with the names of the old one."""
        rows = iter(self.widths[1:])
        for piece in self.reader.pieces:
            if piece.kind == "affine":
                self._leaves(piece, next(rows))
            if piece.kind == "penalty":
                self._set(piece.out, self._penalty(piece))
                continue
            for node in inside(piece):
                self._set(node, self._run(piece, node))
        names = {name: self.new[id(x)] for name, x in self.reader.values.items() if id(x) in self.new}
        root = self.new[id(self.old.root)]
        return Chain(root, names, self.old.convention, self.old.lang)

    def _set(self, old: Any, new: Any) -> Any:
        self.new[id(old)] = new
        self.keep.append(new)
        return new

    def _run(self, piece: Piece, node: Node) -> Tensor:
        assert node._op is not None
        if node._op.name in SIZED:
            raise RebuildError(f"{node._op.name} has a size among its options")
        known = [x for x in (*node._inputs, *piece.operands) if id(x) in self.new]
        inputs = [self.new[id(x)] if id(x) in self.new else self._constant(x, node, known) for x in node._inputs]
        return apply(node._op, *inputs, **(node._options or {}))

    # ---- leaves -------------------------------------------------------------------------------------

    def _leaves(self, piece: Piece, rows: int) -> None:
        """New data and parameters for a layer of so many rows."""
        w, a, b = piece.operands
        if id(a) not in self.new:
            self._set(a, self._leaf(a, self.rng.standard_normal((self.widths[0], self.m))))
        columns = self.new[id(a)].shape[0]
        if id(w) not in self.new:
            shape = (columns, rows) if piece.flipped else (rows, columns)
            self._set(w, self._leaf(w, self.rng.standard_normal(shape) / np.sqrt(columns)))
        if b is not None and id(b) not in self.new:
            old = np.shape(_value(b))
            shape = (rows, 1) if old == (piece.out._data.shape[0], 1) else old
            self._set(b, self._leaf(b, 0.5 * self.rng.standard_normal(shape)))

    def _leaf(self, old: Any, value: Any) -> Any:
        """A value in the dtype, and of the kind, of the old one."""
        array = np.asarray(value, dtype=_value(old).dtype if _value(old).dtype.kind == "f" else float)
        return type(old)(array, old.requires_grad, old.name) if isinstance(old, Tensor) else array

    # ---- constants ----------------------------------------------------------------------------------

    def _penalty(self, piece: Piece) -> Tensor:
        """(λ/2m) Σ‖W‖² or (λ/m) Σ|W| with the new W and the new m."""
        terms: list[Tensor] = []
        for w in piece.operands:
            known = held(piece, w) if isinstance(w, Node) else None
            if known is None:
                raise RebuildError("a penalty that is neither (λ/2m) Σ‖W‖² nor (λ/m) Σ|W|")
            terms.append(np.sum(known.norm.entry(self.new[id(w)])) * (known.weight * (self.old.m or 1) / self.m))
        return sum(terms[1:], terms[0])

    def _constant(self, x: Any, node: Node, known: list[Any]) -> Any:
        """The new value of what the graph took from outside."""
        old = _value(x)
        if x is None or (isinstance(x, Node) and x.requires_grad):
            raise RebuildError("a parameter outside the layers")
        if old.ndim == 0:
            return self._number(x, node)
        target = self.reader.target
        if target is not None and x is not target and np.array_equal(old, 1 - _value(target)):
            base = self.new.get(id(target))
            return 1 - (self._constant(target, node, known) if base is None else base)
        shape = self._shape(old.shape, known)
        return self._set(x, self._leaf(x, self._entries(old, shape)))

    def _shape(self, old: tuple[int, ...], known: list[Any]) -> tuple[int, ...]:
        """The new shape of a constant, from a value it lines up with."""
        for x in known:
            was, now = np.shape(_value(x)), np.shape(_value(self.new[id(x)]))
            tail = list(zip(old[::-1], was[::-1], now[::-1], strict=False))[::-1]
            if len(tail) == len(old) and all(n in (1, w) for n, w, _ in tail):
                return tuple(1 if n == 1 else size for n, _, size in tail)
        raise RebuildError(f"a constant of shape {old}")

    def _entries(self, old: Array, shape: tuple[int, ...]) -> Array:
        """Entries like the old ones: one-hot columns stay one-hot, others are drawn from those there were."""
        is_one_hot = (
            old.ndim == 2 and old.shape[0] > 1 and np.all(np.sort(old, axis=0)[:-1] == 0) and np.all(old.sum(0) == 1)
        )
        if is_one_hot:
            return np.eye(shape[0])[:, self.rng.integers(0, shape[0], shape[1])]
        return self.rng.choice(old.ravel(), shape)

    def _number(self, x: Any, node: Node) -> Any:
        """A number, with the new m in it if it was made of m."""
        m, value = float(self.old.m or 0), float(_value(x))
        operation = "" if node._op is None else node._op.name
        if m < 3 or operation not in ("multiply", "divide"):
            return x
        for k in FRACTIONS:
            if operation == "divide" and value == k * m:
                return k * self.m
            if operation == "multiply" and value in (k / m, 1 / (k * m)):
                return k / self.m if value == k / m else 1 / (k * self.m)
        return x


def _primes() -> Iterator[int]:
    """The odd primes: 3, 5, 7, 11 and so on."""
    n = 3
    while True:
        if all(n % k for k in range(3, int(n**0.5) + 1, 2)):
            yield n
        n += 2


def _value(x: Any) -> Any:
    return x._data if isinstance(x, Node) else np.asarray(x)
