"""Recurrence: which pieces of a graph are the same cell at different times, and what their values are called.

A weight that is used again and again belongs to a cell: z⟨t⟩ = Waa a⟨t−1⟩ + Wax x⟨t⟩ + ba, or a gate's
Wf [a⟨t−1⟩; x⟨t⟩] + bf. Its k-th use is time step k, unless a name says another t. What is computed from it
entry by entry, such as c⟨t⟩ = Γf ⊙ c⟨t−1⟩ + Γi ⊙ c̃⟨t⟩, belongs to the same step and is joined to one piece.
A layer that is applied at every step, ŷ⟨t⟩ = g(Wya a⟨t⟩ + by), is read the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd import Node, data_of, needs_gradient
from .piece import Piece

ENTRYWISE = frozenset("add subtract multiply divide negative where".split())
TIME = re.compile(r"(.*?)([^\W\d_.]+)⟨(\d+)⟩")  # 2.reverse.a⟨3⟩: whose, what, when
KINDS = {4: "LSTM", 3: "GRU"}  # by the number of gates with weights, the candidate included


# ---- pieces -----------------------------------------------------------------------------------------


def recurrent(node: Node, uses: Mapping[Node, int]) -> Piece | None:
    """W [a; x] + b of `nn`'s cells or with np.concatenate, Waa a + Wax x + ba, and Wcc a + bcc with part of a Wc."""
    if _op_name(node) == "recurrent":
        return Piece("recurrent", "recurrent", node, node._inputs)
    if _op_name(node) == "affine" and _op_name(node._inputs[0]) == "getitem" and uses.get(node._inputs[0], 0) > 1:
        return Piece("recurrent", "recurrent_one", node, node._inputs)
    terms, bias = _terms(node, uses)
    if len(terms) == 2:
        (Waa, a), (Wax, x) = sorted(terms, key=lambda term: not _is_square(term[0]))
        shared = uses.get(Waa, 0) > 1 and uses.get(Wax, 0) > 1
        return Piece("recurrent", "recurrent_sum", node, (Waa, a, Wax, x, bias)) if shared or _is_square(Waa) else None
    if len(terms) == 1 and uses.get(terms[0][0], 0) > 1:
        W, pair = terms[0]
        options = pair._options or {} if isinstance(pair, Node) else {}
        if _op_name(pair) == "concatenate" and len(pair._inputs) == 2 and options.get("axis", 0) == 0:
            return Piece("recurrent", "recurrent", node, (W, *pair._inputs, bias))
    return None


def _terms(node: Node, uses: Mapping[Node, int]) -> tuple[list[tuple[Any, Any]], Any]:
    """The products (W, A) that a sum adds up, and its bias; none if it adds anything else."""
    products: list[tuple[Any, Any]] = []
    bias: Any = None
    todo: list[Any] = [node]
    while todo:
        x = todo.pop()
        name = _op_name(x)
        if name == "add" and (x is node or uses.get(x, 0) == 1):
            todo += reversed(x._inputs)
        elif name in ("matmul", "dot") and _is_leaf(x._inputs[0]) and all(np.ndim(data_of(y)) == 2 for y in x._inputs):
            products.append(x._inputs)
        elif _is_leaf(x) and bias is None and np.shape(data_of(x))[1:] in ((), (1,)):
            bias = x
        else:
            return [], None
    return products, bias


def state_of(piece: Piece) -> tuple[int, int]:
    """Which operand of a recurrent piece is the state, and which the input."""
    return {"recurrent_sum": (1, 3), "recurrent_one": (1, 1)}.get(piece.label, (1, 2))


def weights_of(piece: Piece) -> tuple[Any, ...]:
    """Its weights, without the bias."""
    return piece.operands[0:3:2] if piece.label == "recurrent_sum" else piece.operands[:1]


# ---- cells ------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Cell:
    """A recurrent cell, or a layer that is applied at every step.

    Attributes
    ----------
    kind : str
        "RNN", "GRU", "LSTM" or "cell"; "output" for a layer applied at every step; "both" where the states of both
        directions are put together; "loss".
    prefix : str
        What its names have in front: "", "2.", "2.reverse.".
    steps : int
        T.
    """

    kind: str
    prefix: str = ""
    steps: int = 0

    @property
    def is_layer(self) -> bool:
        """Whether it counts as a layer: it has weights, and is not the second direction of one."""
        return self.kind not in ("both", "loss") and not self.turned

    @property
    def turned(self) -> bool:
        """Whether it reads from the last step to the first."""
        return "reverse." in self.prefix

    @property
    def number(self) -> str:
        """Of its layer, "" if there is one only."""
        return self.prefix.removesuffix("reverse.").rstrip(".")


@dataclass(frozen=True)
class Moment:
    """A cell at one time step, t = 1 … T."""

    cell: Cell
    t: int


class Recurrence:
    """The cells of a graph.

    Attributes
    ----------
    pieces : list of Piece
        Those given, with what a step computes entry by entry joined.
    moments : dict
        Cell and time of each piece that belongs to one.
    """

    def __init__(self, pieces: Sequence[Piece], given: Mapping[int, str]) -> None:
        self.given = given
        self.pieces = list(pieces)
        self.moments: dict[Piece, Moment] = {}
        self.owner: dict[Any, tuple[Any, int]] = {}  # of a value: the weight it comes from, and which use of it
        self._same: dict[Any, Any] = {}  # weights of one cell lead to the same one
        self._uses = _count(piece.operands[0] for piece in pieces if piece.kind == "affine")
        if any(piece.kind == "recurrent" for piece in pieces):
            self._own()
            self._disown()
            self.pieces = self._joined()
            self._place()

    # ---- whose is it --------------------------------------------------------------------------------

    def _opens(self, piece: Piece) -> bool:
        """Whether it uses a weight of a cell: a recurrent one, or one that is applied to the state at every step."""
        if piece.kind == "affine":
            W, a, _ = piece.operands
            return isinstance(a, Node) and a in self.owner and self._uses[W] > 1 and not piece.flipped
        return piece.kind == "recurrent"

    def _own(self) -> None:
        count: dict[Any, int] = {}
        for piece in self.pieces:
            if self._opens(piece):
                W = piece.operands[0]
                count[W] = count.get(W, 0) + 1
                self.owner[piece.out] = (W, count[W])
                if piece.kind == "recurrent":
                    for other in (*weights_of(piece)[1:], *self._weight_of_state(piece, count[W])):
                        self._join(W, other)
            elif piece.kind == "activation" or piece.label in ENTRYWISE:
                owners = [self.owner[x] for x in piece.operands if isinstance(x, Node) and x in self.owner]
                if owners:
                    W, k = max(owners, key=lambda owner: owner[1])
                    self.owner[piece.out] = (W, k)
                    for other, _ in owners:
                        self._join(W, other)

    def _disown(self) -> None:
        """Leave to others what a cell does not go on with: a⟨T⟩ ⊙ a⟨T⟩ of a cost is no part of it.

        Each step has as many values as the one that hands most of them on.
        """
        opened = {piece.out for piece in self.pieces if self._opens(piece)}
        feeding = self._feeding()
        made: dict[tuple[Any, int], list[Any]] = {}
        for piece in self.pieces:
            if piece.out in self.owner and piece.out not in opened:
                W, k = self.owner[piece.out]
                made.setdefault((self._root(W), k), []).append(piece.out)
        most: dict[Any, int] = {}
        for (root, _), values in made.items():
            most[root] = max(most.get(root, 0), sum(x in feeding for x in values))
        for (root, _), values in made.items():
            for x in values[most[root] :] if most[root] else ():
                if x not in feeding and x._op.name != "where":
                    del self.owner[x]

    def _feeding(self) -> set[Any]:
        """What recurrent products are computed from, at whatever remove."""
        found: set[Any] = set()
        for piece in reversed(self.pieces):
            if piece.kind == "recurrent" or piece.out in found:
                found |= {x for x in piece.operands if isinstance(x, Node)}
        return found

    def _weight_of_state(self, piece: Piece, k: int) -> list[Any]:
        state = piece.operands[state_of(piece)[0]]
        if not isinstance(state, Node) or state not in self.owner:
            return []
        W, before = self.owner[state]
        return [W] if before < k else []  # else the input from a layer below, or where an encoder has ended

    def _join(self, a: Any, b: Any) -> None:
        self._same[self._root(b)] = self._root(a)

    def _root(self, W: Any) -> Any:
        while self._same.get(W, W) is not W:
            W = self._same[W]
        return W

    # ---- joining ------------------------------------------------------------------------------------

    def _joined(self) -> list[Piece]:
        """With the inner values of c⟨t⟩ = Γf ⊙ c⟨t−1⟩ + Γi ⊙ c̃⟨t⟩ and a⟨t⟩ = Γo ⊙ tanh(c⟨t⟩) hidden."""
        users: dict[Any, list[Piece]] = {}
        made = {piece.out: piece for piece in self.pieces}
        for piece in self.pieces:
            for x in piece.operands:
                if isinstance(x, Node):
                    users.setdefault(x, []).append(piece)
        inner = {p.out for p in self.pieces if self._is_inner(p, users.get(p.out, []), made)}
        found = []
        for piece in self.pieces:
            if piece.out in inner:
                continue
            joined = piece.out in self.owner and piece.label in ENTRYWISE
            found.append(Piece("cell", "cell", piece.out, _ends(piece, made, inner)) if joined else piece)
        return found

    def _is_inner(self, piece: Piece, users: list[Piece], made: Mapping[Any, Piece]) -> bool:
        """Whether a value is only a part of the one that is computed from it."""
        if piece.out not in self.owner or len(users) != 1 or users[0].label not in ENTRYWISE - {"where"}:
            return False
        if piece.out.name is not None or id(piece.out) in self.given:
            return False
        if piece.kind == "activation":  # tanh(c⟨t⟩), but not a gate
            below = made.get(piece.operands[0])
            return below is not None and below.kind == "op"
        return piece.label in ENTRYWISE - {"where"} and self.owner[piece.out][1] == self.owner[users[0].out][1]

    # ---- cells and times ----------------------------------------------------------------------------

    def _place(self) -> None:
        members: dict[Any, list[Piece]] = {}
        for piece in self.pieces:
            if piece.out in self.owner:
                members.setdefault(self._root(self.owner[piece.out][0]), []).append(piece)
        taken: set[str] = set()
        for found in members.values():
            cell = Cell(_kind(found), self._prefix(found, taken))
            taken.add(cell.prefix + cell.kind)
            times = self._times(found)
            cell.steps = len(set(times.values()))
            self.moments |= {piece: Moment(cell, times[self.owner[piece.out][1]]) for piece in found}
        self._place_around()

    def _place_around(self) -> None:
        """What else is done at every step: x⟨t⟩ is taken from X, states of two directions are put together, a loss."""
        by_out = {piece.out: moment for piece, moment in self.moments.items()}
        first_use: dict[Any, Moment] = {}
        for piece, moment in self.moments.items():
            for x in (piece.operands[i] for i in state_of(piece)) if piece.kind == "recurrent" else ():
                if isinstance(x, Node):
                    first_use.setdefault(x, moment)
        both: dict[str, Cell] = {}
        losses = [p for p in self.pieces if p.kind == "loss" and p.operands[0] in by_out]
        of_loss = Cell("loss", steps=len(losses))
        if len(losses) > 1:
            self.moments |= {piece: Moment(of_loss, by_out[piece.operands[0]].t) for piece in losses}
        for piece in self.pieces:
            if piece.label == "getitem" and piece.out in first_use and piece.out._data.ndim == 2:
                self.moments[piece] = first_use[piece.out]
            elif piece.label == "concatenate" and len(piece.operands) == 2:
                ways = [by_out[x] for x in piece.operands if x in by_out]
                if len(ways) == 2 and ways[0].t == ways[1].t and ways[1].cell.turned:
                    prefix = ways[0].cell.prefix
                    cell = both.setdefault(prefix, Cell("both", prefix, ways[0].cell.steps))
                    self.moments[piece] = Moment(cell, ways[0].t)

    def _prefix(self, found: Sequence[Piece], taken: set[str]) -> str:
        """That of its names, else a number if there is another cell of its kind."""
        named = [m for p in found if (m := TIME.fullmatch(p.out.name or ""))]
        if named:
            return named[0][1]
        free = (("" if k == 1 else f"{k}.") for k in range(1, len(taken) + 2))
        return next(prefix for prefix in free if prefix + _kind(found) not in taken)

    def _times(self, found: Sequence[Piece]) -> dict[int, int]:
        """The t of the k-th use: that of a name such as a⟨3⟩, else k."""
        times = {self.owner[p.out][1]: self.owner[p.out][1] for p in found}
        named = {self.owner[p.out][1]: int(m[3]) for p in found if (m := TIME.fullmatch(p.out.name or ""))}
        return named if named.keys() == times.keys() else times


def _kind(found: Sequence[Piece]) -> str:
    recurrent = [p for p in found if p.kind == "recurrent"]
    if not recurrent:
        return "output"
    gates = len({id(p.operands[0]) for p in recurrent}) - any(p.label == "recurrent_one" for p in recurrent)
    return KINDS.get(gates, "RNN" if gates == 1 else "cell")


def _ends(piece: Piece, made: Mapping[Any, Piece], inner: set[Node]) -> tuple[Any, ...]:
    """The operands of a joined piece, in the order they are written."""
    found: dict[int, Any] = {}
    for x in piece.operands:
        parts = _ends(made[x], made, inner) if isinstance(x, Node) and x in inner else (x,)
        found |= {id(part): part for part in parts if np.ndim(data_of(part)) > 0 or needs_gradient(part)}
    return tuple(found.values())


# ---- helpers ----------------------------------------------------------------------------------------


def _count(values: Iterable[Any]) -> dict[Any, int]:
    found: dict[Any, int] = {}
    for x in values:
        if isinstance(x, Node):
            found[x] = found.get(x, 0) + 1
    return found


def _op_name(node: Any) -> str:
    return node._op.name if isinstance(node, Node) and node._op is not None else ""


def _is_leaf(x: Any) -> bool:
    return isinstance(x, Node) and x.requires_grad and x._op is None


def _is_square(W: Any) -> bool:
    rows, columns = np.shape(data_of(W))
    return bool(rows == columns)
