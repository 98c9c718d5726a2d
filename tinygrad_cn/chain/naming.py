"""The names of a graph: pieces get layer numbers and the notes' letters, constants theirs, and a user's names win."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ..autograd import FREED, Node, data_of, needs_gradient
from ..errors import GraphError
from ..nn.module import Parameter
from .attention import attentions
from .attention_step import name_attention
from .convention import is_mean, per_sample, samples
from .dimension import row_symbol
from .dropout import THINNED, dropouts
from .layers import Piece, pieces
from .moments import name_moments
from .names import INDEXED, NUMBERED, given_names, written
from .opened import opened
from .recurrent import Recurrence
from .residual import residual_sums
from .terms import join_terms

NUMBERED_WEIGHT = re.compile(r"W[a-z]?(\d+)")
NORMS = frozenset(["norm", "fixed_norm"])
# Letters of what a layer is made into.
OF_LAYER = {"activation": "A", "norm": "N", "fixed_norm": "N", "pool": "P", "flatten": "F", "residual": "H"}


class Named:
    """A graph as pieces with names. `pieces`, `names`, `values` and `aliases` are the result."""

    def __init__(self, root: Node, names: Mapping[str, Any] | None) -> None:
        if root._op is None or root._op is FREED:
            raise GraphError(
                "chain: nothing is recorded behind this tensor. Compute J from parameters outside no_grad(), "
                'and use backward() or backward(keep="all") rather than keep="leaves"'
            )
        self.opened = opened(root)
        self.root = root = self.opened.root
        self.given = given_names(names)
        self.given |= {id(new): self.given[id(old)] for old, new in self.opened.copies.items() if id(old) in self.given}
        recurrence = Recurrence(pieces(root), self.given)
        self.moments = recurrence.moments
        found, self.attentions = attentions(dropouts(recurrence.pieces, self.moments))
        self.pieces = join_terms(residual_sums(found, self.moments), root)
        self.m = samples(self.pieces)
        self.columns = per_sample(self.pieces, self.m) if self.m is not None else set()
        self.mean = self.m is not None and is_mean(root, self.columns, self.m)
        self.layer_of: dict[int, int] = {}  # by identity of the value: number of the layer it belongs to
        self.names: dict[int, str] = {}
        self.values: dict[str, Any] = {}  # the other way round
        self.aliases: dict[str, str] = {}  # the name of each standard one: W1, Z1, J
        self.standards: dict[str, str] = {}  # the other way round
        self.modules = {own.rpartition(".")[0] for own in _names_of_parameters(self.pieces)}
        self.in_modules: dict[str, str] = {}  # by name: what a state_dict calls it, such as 1.attention.Wv
        self.texts: dict[int, str] = {}  # by identity: constants written as an expression
        self.target: Any = None
        self.rows: dict[int, str] = {}  # by identity: symbol of the number of rows, or channels
        self.moment_sizes = Counter(self.moments.values())
        self.consumers = self._consumers()
        self._name_everything()

    def _consumers(self) -> dict[int, list[tuple[Piece, int]]]:
        found: dict[int, list[tuple[Piece, int]]] = {}
        for piece in self.pieces:
            for i, x in enumerate(piece.operands):
                found.setdefault(id(x), []).append((piece, i))
        return found

    def _name_everything(self) -> None:
        number = 0
        counts: dict[str, int] = {}
        name_moments(self)
        for piece in self.pieces:
            attention = self.attentions.get(piece)
            if attention is not None and attention.parts[piece]:
                if piece is attention.pieces[0]:
                    number = self._next(piece, number)
                name_attention(self, attention, piece, number)
                continue
            if piece.is_layer and piece not in self.moments:
                number = self._next(piece, number)
                w, a, b = piece.roles
                self._data_input(a, number)
                self._name(w, f"W{number}", number)
                self._name(b, f"b{number}", number)
                self._name(piece.out, f"Z{number}", number, row_symbol(piece, number))
                continue
            layer, rows = self._home(piece)
            if piece.kind in NORMS:
                self._name_around(piece, layer)
            if piece.kind == "dropout":
                self._name(piece.operands[1], f"D{layer}", 0)
            for x in piece.operands:
                self._name_constant(piece, x, counts)
            self._name(piece.out, self._standard(piece, layer, counts), layer, rows)
        self.layers = number

    def _next(self, piece: Piece, number: int) -> int:
        """The number of the layer that a piece opens: that of its weights, W2 or Wq2, if they have a higher one."""
        w = piece.roles[0] if piece.is_layer else None
        own = NUMBERED_WEIGHT.fullmatch(self.given.get(id(w)) or getattr(w, "name", None) or "")
        return max(number + 1, int(own[1]) if own else 0)

    def _standard(self, piece: Piece, layer: int, counts: dict[str, int]) -> str:
        """J for the cost, J1 and R1 for its terms, A1 for the first activation of layer 1, else u1, u2, …."""
        if piece.out is self.root:
            return "J"
        of_layer = f"{OF_LAYER.get(piece.kind)}{layer}"
        if piece.kind in OF_LAYER and (layer or piece.kind in NORMS) and of_layer not in self.aliases:
            return of_layer
        thinned = self._thinned(piece) if piece.kind == "dropout" else ""
        if thinned and thinned not in self.aliases:
            return thinned
        letter = {"loss": "J", "own_loss": "J", "penalty": "R"}.get(piece.kind, "u")
        counts[letter] = counts.get(letter, 0) + 1
        return f"{letter}{counts[letter]}"

    def _thinned(self, piece: Piece) -> str:
        """What dropout leaves of A1 is Atilde1; "" for an intermediate, of which it makes one more."""
        standard = self.standards[self.names[id(piece.operands[0])]]
        match = INDEXED.fullmatch(standard)
        return f"{match[1]}{THINNED}{match[2]}" if match and match[1] not in NUMBERED else ""

    def _home(self, piece: Piece) -> tuple[int, str]:
        """Layer and row symbol: those of the latest operand of the same shape, or of what is pooled or laid flat."""
        if piece.kind in ("pool", "flatten"):
            below = id(piece.operands[0])
            return self.layer_of.get(below, 0), self.rows.get(below, "") if piece.kind == "pool" else ""
        same = [x for x in piece.operands if np.shape(data_of(x)) == piece.out._data.shape and id(x) in self.layer_of]
        latest = max(same, key=lambda x: self.layer_of[id(x)], default=None)
        return (0, "") if latest is None else (self.layer_of[id(latest)], self.rows[id(latest)])

    def _name_around(self, norm: Piece, layer: int) -> None:
        """γ and β of a norm, and before the first layer its input, which is the data."""
        x, gamma, beta, *fixed = norm.operands
        if not layer:
            self._data_input(x, 1)
        for parameter, letter in ((gamma, "gamma"), (beta, "beta")):
            if not (isinstance(parameter, Node) and parameter._op is not None):
                self._name(parameter, f"{letter}{layer}", layer)
        for constant, letter in zip(fixed, ("mu", "sigma"), strict=False):
            self._name(constant, f"{letter}{layer}", layer)

    def _data_input(self, a: Any, number: int) -> None:
        if id(a) in self.names:
            return
        if "A0" in self.values:
            self._name(a, f"X{number}", 0)
        else:
            self._name(a, "A0", 0, "n_C[0]" if np.ndim(data_of(a)) == 4 else "n[0]")

    def _name_constant(self, piece: Piece, x: Any, counts: dict[str, int]) -> None:
        """Name what an op takes from outside: the target is Y, 1 − Y is written so, others are numbered."""
        if id(x) in self.names or (np.ndim(data_of(x)) == 0 and not needs_gradient(x)):
            return
        is_target = piece.kind in ("loss", "own_loss") and x is not piece.operands[0]
        if is_target and self.target is None:
            self.target = x
            self._name(x, "Y", 0)
        elif is_target and np.array_equal(data_of(x), 1 - data_of(self.target)):
            self.texts[id(x)] = "1 − Y"
        else:
            kind = "p" if needs_gradient(x) else "c"
            counts[kind] = counts.get(kind, 0) + 1
            self._name(x, f"{kind}{counts[kind]}", 0)

    def _name(self, x: Any, standard: str, layer: int, rows: str = "") -> None:
        """Its own name if the user gave one, else the standard one; both are keys."""
        if x is None or id(x) in self.names:
            return
        own = self.given.get(id(x)) or (x.name if isinstance(x, Node) else None) or ""
        inside = self._is_of_module(x, own, standard)
        name = own if own and own not in self.values and not inside else standard
        while name in self.values:
            name += "′"
        if inside:
            self.aliases.setdefault(own, name)
            self.in_modules[name] = own
        self.names[id(x)] = name
        self.values[name] = x
        self.aliases.setdefault(standard, name)
        self.standards[name] = standard
        self.layer_of[id(x)] = layer
        self.rows[id(x)] = rows

    def _is_of_module(self, x: Any, own: str, standard: str) -> bool:
        """Whether its own name, such as 1.attention.Wv or fc1.Z, says where a module holds it: the notes' is shown."""
        module, dot, _ = own.rpartition(".")
        if not dot or id(x) in self.given:
            return False
        match = INDEXED.fullmatch(standard)
        numbered = match is not None and match[1] not in NUMBERED and module in self.modules
        return numbered or (
            own.endswith(f".{standard}") and standard not in self.values
        )  # 1.Waa where there is one Waa only

    def name(self, x: Any) -> str:
        """How formulas write a value."""
        if x is None:
            return ""
        known = self.names.get(id(x))
        if known is None:
            return self.texts.get(id(x)) or _number(x)
        return "X" if known == "A0" else written(known)


def _names_of_parameters(found: Iterable[Piece]) -> Iterator[str]:
    yield from (x.name for piece in found for x in piece.operands if isinstance(x, Parameter) and x.name)


def _number(x: Any) -> str:
    """A constant in a formula: a number as it is, an array by its shape."""
    value = data_of(x)
    if np.size(value) == 1:
        return f"{float(np.reshape(value, ())):.6g}".replace("-", "−")
    return f"c{np.shape(value)}"
