"""The recorded graph of a cost, run again with new parameters, new data and new sizes.

What depends on a size is translated: 1/m, the penalty's λ/2m, dropout masks, targets, images laid flat, and the
number of time steps. A graph with anything else in it is not rebuilt.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd import Node, needs_gradient
from ..chain import Chain
from ..chain.layers import Piece
from ..chain.penalty import held
from ..chain.source.parts import inside
from ..errors import TinygradError
from ..ops.op import Array
from ..record import apply
from ..tensor import Tensor
from .sizes import Sizes
from .unrolled import Unrolled
from .values import array_of

FRACTIONS = (1, -1, 2, -2)  # k m and k/m that are translated with m; 1/(2m) is written so
SIZED = frozenset(("reshape", "broadcast_to", "getitem", "tile", "pad", "split", "einsum"))  # a size in their options


class RebuildError(TinygradError):
    """A graph that cannot be run again with other sizes."""


class Rebuild:
    """Runs the graph of a chain again.

    Parameters
    ----------
    chain : Chain
        What was recorded.
    sizes : Sizes
        The new ones.

    Attributes
    ----------
    new : dict
        The new value of each old one, by identity.
    """

    def __init__(self, chain: Chain, sizes: Sizes) -> None:
        self.reader = chain.reader
        self.old, self.sizes, self.rng = chain, sizes, sizes.rng
        self.new: dict[int, Any] = {}
        self.time = Unrolled(self)
        self._keep: list[Any] = []  # identities stay valid while the values live
        self._kinds: dict[str, Callable[[Piece], Any]] = {
            "penalty": self._penalty,
            "flatten": self._flatten,
            "norm": self._norm,
            "embedding": self._embedding,
        }

    def chain(self) -> Chain:
        """The new chain, with the names of the old one."""
        for piece in self.reader.pieces:
            if not self.time.covers(piece):
                self.set(piece.out, self._rule(piece)(piece))
        known = {name: self.new[id(x)] for name, x in self.reader.values.items() if id(x) in self.new}
        names = {name: x for name, x in known.items() if "⟨" not in name}  # those of time steps follow from the graph
        return Chain(self.new[id(self.old.root)], names, self.old.convention, self.old.lang)

    def set(self, old: Any, new: Any) -> Any:
        """Note what stands for an old value."""
        self.new[id(old)] = new
        self._keep.append(new)
        return new

    # ---- pieces -------------------------------------------------------------------------------------

    def _rule(self, piece: Piece) -> Callable[[Piece], Any]:
        return self._kinds.get(piece.label if piece.kind == "op" else piece.kind, self._piece)

    def _piece(self, piece: Piece) -> Any:
        if piece.is_layer:
            self.layer(piece, self.new)
        return self.replay(piece, self.new)

    def replay(self, piece: Piece, stands: dict[int, Any]) -> Any:
        """The result of a piece, its operands being what stands for them; what it computes on the way is added."""
        made = stands
        for node in inside(piece):
            if id(node) in made:
                continue
            assert node._op is not None
            if node._op.name in SIZED:
                raise RebuildError(f"{node._op.name} has a size among its options")
            known = [(x, made[id(x)]) for x in (*node._inputs, *piece.operands) if id(x) in made]
            inputs = [made[id(x)] if id(x) in made else self.constant(x, node, known) for x in node._inputs]
            result = apply(node._op, *inputs, **(node._options or {}))
            made[id(node)] = result if result._op is not None else result._data  # of numbers alone
        return made[id(piece.out)]

    def layer(self, piece: Piece, stands: dict[int, Any]) -> None:
        """New data and parameters for a layer."""
        w, a, b = piece.roles
        if id(a) not in stands:
            stands[id(a)] = self.set(a, self.leaf(a, self._data(array_of(a).shape)))
        old, conv = array_of(w).shape, piece.kind == "conv"
        groups = (piece.out._options or {}).get("groups", 1) if conv else 1
        columns = stands[id(a)].shape[3 if conv else 0] // groups
        rows = self.sizes.rows(old[-1] if conv or piece.flipped else old[0], groups)
        shape = (*old[:2], columns, rows) if conv else (columns, rows) if piece.flipped else (rows, columns)
        self.parameter(w, shape)
        if b is not None:
            was = array_of(b).shape
            self.parameter(b, (1, 1, 1, rows) if conv else (rows, 1) if was == (piece.out._data.shape[0], 1) else was)

    def _data(self, shape: tuple[int, ...]) -> Array:
        """Data like those of a shape: columns, sequences or images."""
        sizes = self.sizes
        if len(shape) == 4:
            return self.rng.standard_normal((sizes.m, *sizes.image(shape[1:3]), sizes.rows(shape[3])))
        steps = [sizes.steps(n) for n in shape[2:]]
        return self.rng.standard_normal((sizes.rows(shape[0]), sizes.m, *steps))

    def parameter(self, old: Any, shape: tuple[int, ...]) -> Any:
        """The new value of a parameter; drawn when it is first met."""
        if id(old) not in self.new:
            inputs = np.prod(shape) / max(shape[-1] if len(shape) == 4 else shape[0], 1) if shape else 1.0
            scale = 0.5 if 1 in shape[1:2] or len(shape) < 2 else 1 / np.sqrt(inputs)
            self.set(old, self.leaf(old, scale * self.rng.standard_normal(shape)))
        return self.new[id(old)]

    def leaf(self, old: Any, value: Any) -> Any:
        """A value in the dtype, and of the kind, of the old one."""
        dtype = array_of(old).dtype
        array = np.asarray(value, dtype=dtype if dtype.kind in "fb" else float)
        return type(old)(array, old.requires_grad, old.name) if isinstance(old, Tensor) else array

    def _flatten(self, piece: Piece) -> Any:
        image = self.new[id(piece.operands[0])]
        return np.transpose(np.reshape(image, (image.shape[0], int(np.prod(image.shape[1:])))))

    def _embedding(self, piece: Piece) -> Any:
        """Other words of the same vocabulary."""
        (E,) = piece.operands
        ids = (piece.out._options or {})["index"][1]
        words, sizes = array_of(E).shape[1], self.sizes
        table = self.parameter(E, (sizes.rows(array_of(E).shape[0]), words))
        return table[:, self.rng.integers(0, words, (sizes.m, *(sizes.steps(n) for n in ids.shape[1:])))]

    def _norm(self, piece: Piece) -> Any:
        """γ and β have the shape of what they multiply, with 1 where they had it."""
        x, *parameters = piece.operands
        if id(x) not in self.new:
            self.set(x, self.leaf(x, self._data(array_of(x).shape)))
        given, assumed = self.new[id(x)], piece.out._op
        assert assumed is not None
        made = []
        for old in parameters:
            if not isinstance(old, Node) or old._op is not None or array_of(old).ndim not in (2, given.ndim):
                raise RebuildError("a norm with statistics from outside")
            was = array_of(old).shape
            shape = tuple(1 if n == 1 else size for n, size in zip(was, given.shape, strict=False))
            new = self.parameter(old, shape)
            made.append(new if new.ndim == given.ndim else np.reshape(new, (*shape, 1)))
        return apply(assumed, given, *made, **(piece.out._options or {}))

    # ---- constants ----------------------------------------------------------------------------------

    def _penalty(self, piece: Piece) -> Tensor:
        """(λ/2m) Σ‖W‖² or (λ/m) Σ|W| with the new W and the new m."""
        terms: list[Tensor] = []
        for w in piece.operands:
            known = held(piece, w) if isinstance(w, Node) else None
            if known is None:
                raise RebuildError("a penalty that is neither (λ/2m) Σ‖W‖² nor (λ/m) Σ|W|")
            terms.append(np.sum(known.norm.entry(self.new[id(w)])) * (known.weight * (self.old.m or 1) / self.sizes.m))
        return sum(terms[1:], terms[0])

    def constant(self, x: Any, node: Node, known: list[tuple[Any, Any]]) -> Any:
        """The new value of what the graph took from outside; `known` pairs old values beside it with new ones."""
        if x is None:
            return None
        if needs_gradient(x):
            raise RebuildError("a parameter outside the layers")
        old = array_of(x)
        if old.ndim == 0:
            return self._number(x, node)
        target = self.reader.target
        if target is not None and x is not target and np.array_equal(old, 1 - array_of(target)):
            base = self.new.get(id(target))
            return 1 - (self.constant(target, node, known) if base is None else base)
        return self.set(x, self.leaf(x, self._entries(old, _shape(old.shape, known))))

    def _entries(self, old: Array, shape: tuple[int, ...]) -> Array:
        """Entries like the old ones: one-hot columns stay one-hot, others are drawn from those there were."""
        if old.dtype == bool and np.array_equal(old, _triangle(old.shape[-2:])):
            return _triangle(shape)
        if old.ndim in (2, 3) and old.shape[0] > 1 and _is_one_hot(old):
            return np.moveaxis(np.eye(shape[0])[self.rng.integers(0, shape[0], shape[1:])], -1, 0)
        return self.rng.choice(old.ravel(), shape)

    def _number(self, x: Any, node: Node) -> Any:
        """A number, with the new m in it if it was made of m."""
        m, value = float(self.old.m or 0), float(array_of(x))
        operation = "" if node._op is None else node._op.name
        if m < 3 or operation not in ("multiply", "divide"):
            return x
        for k in FRACTIONS:
            if operation == "divide" and value == k * m:
                return k * self.sizes.m
            if operation == "multiply" and value in (k / m, 1 / (k * m)):
                return k / self.sizes.m if value == k / m else 1 / (k * self.sizes.m)
        return x


def _triangle(shape: tuple[int, ...]) -> Array:
    """True where a step may look at itself and those before."""
    return np.tril(np.ones(shape, dtype=bool))


def _is_one_hot(old: Array) -> bool:
    return bool(np.all(np.sort(old, axis=0)[:-1] == 0) and np.all(old.sum(axis=0) == 1))


def _shape(old: tuple[int, ...], known: list[tuple[Any, Any]]) -> tuple[int, ...]:
    """The new shape of a constant, from a value it lines up with."""
    for before, after in known:
        was, now = np.shape(array_of(before)), np.shape(array_of(after))
        tail = list(zip(old[::-1], was[::-1], now[::-1], strict=False))[::-1]
        if len(tail) == len(old) and all(n in (1, w) for n, w, _ in tail):
            return tuple(1 if n == 1 else size for n, _, size in tail)
    raise RebuildError(f"a constant of shape {old}")
