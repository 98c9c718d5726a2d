"""What a row of the tables is, and what its rule may look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...autograd import Node
from ...chain.layers import Piece
from ...ops.op import Array
from ..cause import Code
from ..rounding import Gradients
from ..spell import spelled
from ..world import World


@dataclass(frozen=True)
class Scope:
    """What a rule sees: values and the learner's own gradients, in one world."""

    world: World
    own: Gradients
    k: int

    def v(self, x: Any) -> Array:
        """The value of x."""
        return self.world.value(x)

    def d(self, x: Any) -> Array:
        """The gradient of x, as it follows from the learner's."""
        return self.own[id(x)].at(self.k)


Rule = Callable[[Scope, Array], Array]
Rules = Callable[[Scope, Array], Sequence[Array]]


@dataclass(frozen=True)
class Variant:
    """A formula in place of the right one: `make(scope, g)`, g being the gradient of the piece's output."""

    code: Code
    equals: str
    make: Rule
    cost: int = 1
    shape: tuple[int, ...] | None = None  # known beforehand where it may differ from the right one


@dataclass(frozen=True)
class Span:
    """A family of formulas, Σ cᵢ termᵢ with any numbers cᵢ; on top of the right gradient if `added`."""

    code: Code
    terms: tuple[str, ...]
    make: Rules
    added: bool = False
    cost: int = 4


class View:
    """The chain as the tables look at it: names, and which values lie about."""

    def __init__(self, world: World, own: Gradients) -> None:
        self.world, self.own = world, own
        self.m = float(world.chain.m or 1)
        self.reader = world.chain.reader

    def right(self, where: str) -> str:
        """The right formula of a gradient, by how it is written."""
        text = next(q.formula.text for q in self.reader.quantities.values() if q.written == where and q.formula)
        return spelled(self.world.chain, text)

    def name(self, x: Any) -> str:
        """How x is written."""
        return self.reader.name(x)

    def d(self, x: Any) -> str:
        """How the gradient of x is written."""
        return spelled(self.world.chain, f"d{self.name(x)}")

    def per_sample(self) -> tuple[str, float]:
        """What a per-sample formula is divided by in the convention that is shown: as written, and the number."""
        return ("", 1.0) if self.world.factor != 1.0 or self.m == 1.0 else ("(1/m) ", self.m)

    def shape(self, x: Any) -> tuple[int, ...]:
        """The shape of x and of its gradient."""
        return np.shape(self.world.value(x))

    def caches(self) -> list[Any]:
        """X, and Z and A of all layers and what norms and pooling make of them: what a learner may have cached."""
        found: dict[int, Any] = {}
        for p in self.reader.pieces:
            if p.is_layer:
                found.update({id(x): x for x in (p.roles[1], p.out)})
            elif p.kind in ("activation", "norm", "pool"):
                found[id(p.out)] = p.out
        return [x for x in found.values() if id(x) in self.reader.names]

    def gradients_since(self, out: Node) -> list[Any]:
        """The Z and A from the output of a piece on: their gradients come before its own."""
        return [x for x in self.caches() if isinstance(x, Node) and x._op is not None and x._born >= out._born]

    def weights(self) -> list[Any]:
        """W of all layers."""
        return list({id(p.roles[0]): p.roles[0] for p in self.reader.pieces if p.is_layer}.values())

    def masks(self) -> list[Any]:
        """The masks of dropout."""
        return [p.operands[1] for p in self.reader.pieces if p.kind == "dropout"]

    def versions(self, a: Any) -> list[Any]:
        """A, and what dropout makes of it before the next layer takes it."""
        found = [a]
        for y in found:
            uses = [p for p, _ in self.reader.consumers.get(id(y), [])]
            found += [p.out for p in uses if p.kind in ("op", "dropout") and self.shape(p.out) == self.shape(a)]
        return found

    def activation_of(self, z: Any) -> Piece | None:
        """The activation that takes this Z."""
        return next((p for p, _ in self.reader.consumers.get(id(z), []) if p.kind == "activation"), None)

    def loss_after(self, a: Any) -> Piece | None:
        """The loss that takes this A."""
        return next((p for p, _ in self.reader.consumers.get(id(a), []) if p.kind in ("loss", "own_loss")), None)


def upstream(s: Scope, g: Array) -> Array:
    """The gradient of the output of the piece."""
    return g


def gradient_of(y: Any) -> Rule:
    """The gradient of a value, as it follows from the learner's."""
    return lambda s, g: s.d(y)


def value_of(y: Any) -> Rule:
    """A value of the forward pass."""
    return lambda s, g: s.v(y)


def needs(x: Any) -> bool:
    """True if a gradient flows to x."""
    return isinstance(x, Node) and x.requires_grad
