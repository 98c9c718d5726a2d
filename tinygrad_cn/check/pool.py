"""What a learner's backward function can be given: the values of a chain, under the names the notes use.

The forms are those of the course's exercises: `parameters["W1"]`, `cache["A1"]` or `cache` as a tuple,
`caches` as a list of ((A_prev, W, b), Z), the arrays by themselves, and the constants m, lambd, keep_prob.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..autograd import Node
from ..chain import Chain
from ..chain.layers import Piece
from ..chain.penalty import held
from ..chain.read import Reader
from ..errors import OpError
from ..nn import sigmoid, softmax
from ..ops.op import Array
from .pool_time import in_time, parameters_of
from .signature import Signature
from .upstream import Upstream
from .values import array_of

LEARNING_RATE = 0.01
OUTPUT_OF = {"binary_cross_entropy_with_logits": sigmoid, "cross_entropy": softmax}  # losses with the last A inside
ALIASES = {
    "X": ("x", "A0"),
    "Y": ("y",),
    "AL": ("Y_hat", "y_hat", "yhat", "Yhat", "A_last"),
    "parameters": ("params", "param", "weights"),
    "cache": ("forward_cache",),
    "lambd": ("lambda_", "lam", "lmbda", "lambda_reg", "reg"),
    "keep_prob": ("keep_probability",),
    "learning_rate": ("lr", "alpha"),
    "layer_dims": ("layers_dims", "layer_sizes", "dims"),
    "L": ("n_layers", "num_layers"),
}


class Layer(NamedTuple):
    """The values of one layer; `D` is its dropout mask, and `A` then what is left of it."""

    W: Array
    b: Array | None
    A_prev: Array
    Z: Array
    A: Array
    D: Array | None = None


class Pool:
    """The arguments a chain offers. `Pool(chain).choose(signature)` picks those a function takes."""

    def __init__(self, chain: Chain) -> None:
        reader = chain.reader
        self.keep_prob = 1.0
        self._upstream = Upstream(chain)
        own = [piece for piece in reader.pieces if piece.is_layer and piece not in reader.moments]
        self.layers = [self._layer(reader, piece) for piece in own]
        self.lambd = _lambda(chain)
        self.named = {name: array_of(reader.values[name]) for name in reader.values if name.isidentifier()}
        self.values = {**dict(self._standard(chain)), **self.named, **in_time(chain)}
        self.values |= {f"A{n}": layer.A for n, layer in enumerate(self.layers, 1)}
        for name, others in ALIASES.items():
            if name in self.values:
                self.values |= {other: self.values[name] for other in others if other not in self.values}

    def choose(self, signature: Signature, cache: Any = None) -> dict[str, Any]:
        """Arguments for a function, by the names of its parameters.

        Parameters
        ----------
        signature : Signature
            Parameters with a default keep it, except λ and keep_prob where the cost has them.
        cache : any
            What the learner's own forward function returned as its cache, if there is one.

        Raises
        ------
        OpError
            If a parameter is none of those that can be supplied.
        """
        offered = (
            self.values if cache is None else self.values | dict.fromkeys(("cache", "caches", *ALIASES["cache"]), cache)
        )
        offered = offered | self._upstream.named([name for name in signature.required if name not in offered])
        unknown = [name for name in signature.required if name not in offered]
        if unknown:
            raise OpError(
                f"{signature.name}: cannot tell what its parameter {unknown[0]!r} stands for. Parameters are given by "
                f"name: {', '.join(offered)}. Rename it, or give it a default"
            )
        stated = {name for name, there in (("lambd", self.lambd), ("keep_prob", self.keep_prob < 1)) if there}
        known = {alias for name in stated for alias in (name, *ALIASES[name])}
        chosen = {name: offered[name] for name in (*signature.required, *(known & set(signature.optional)))}
        if cache is None:
            self._take_apart(signature, chosen)
        if self.turns(signature):
            chosen["w"] = self.layers[0].W.T
            chosen |= {"b": _number(chosen["b"])} if "b" in chosen else {}
        return chosen

    def turns(self, signature: Signature) -> bool:
        """True for the notes' single neuron, whose w is a column (n, 1) and whose b a number: Z = wᵀ X + b."""
        return "w" in signature.required and "w" not in self.named and self.values["w"].shape[0] == 1

    def _take_apart(self, signature: Signature, chosen: dict[str, Any]) -> None:
        """A cache that the function takes apart as a tuple is a tuple in that order."""
        for name in ("cache", *ALIASES["cache"]):
            parts = signature.unpacked.get(name)
            known = len(chosen[name]) if isinstance(chosen.get(name), tuple) else 0
            if name in chosen and parts is not None and len(parts) != known:
                chosen[name] = tuple(self.values.get(part) for part in parts)

    # ---- contents -----------------------------------------------------------------------------------

    def _standard(self, chain: Chain) -> Iterator[tuple[str, Any]]:
        """Names of the notes and their values."""
        reader, last = chain.reader, len(self.layers)
        arrays: dict[str, Any] = {}
        for n, layer in enumerate(self.layers, 1):
            arrays |= {f"{k}{n}": v for k, v in layer._asdict().items() if v is not None and k != "A_prev"}
        parameters = {k: v for k, v in arrays.items() if k[0] in "Wb"} | parameters_of(chain)
        yield from arrays.items()
        if self.layers:
            X = self.layers[0].A_prev
            yield "X", X
            yield "AL", self.layers[-1].A
            yield "cache", {"X": X, "A0": X, **arrays}
            yield "caches", [((layer.A_prev, layer.W, layer.b), layer.Z) for layer in self.layers]
            if all(layer.W.ndim == 2 for layer in self.layers) and np.ndim(X) == 2 and not reader.moments:
                yield "layer_dims", [X.shape[0], *(layer.Z.shape[0] for layer in self.layers)]
        if last == 1:
            yield from {"w": arrays["W1"], "W": arrays["W1"], "Z": arrays["Z1"], "A": arrays["A1"]}.items()
            yield from ([("b", arrays["b1"])] if "b1" in arrays else [])
            yield from {"A_prev": self.layers[0].A_prev, "hparameters": _hparameters(chain)}.items()
        if reader.target is not None:
            yield "Y", array_of(reader.target)
        yield from {"m": chain.m, "L": last, "parameters": parameters}.items()
        yield from {"lambd": self.lambd, "keep_prob": self.keep_prob, "learning_rate": LEARNING_RATE}.items()

    def _layer(self, reader: Reader, piece: Piece) -> Layer:
        W, a, b = piece.roles
        users = [p for p, _ in reader.consumers.get(id(piece.out), [])]
        act = _activated(reader, piece.out)
        A, D = self._dropped(reader, act)
        A = next((OUTPUT_OF[p.label](A) for p in users if p.label in OUTPUT_OF), A)
        return Layer(array_of(W), None if b is None else array_of(b), array_of(a), piece.out._data, A, D)

    def _dropped(self, reader: Reader, a: Node) -> tuple[Array, Array | None]:
        """A ⊙ D / keep_prob and D if the layer has dropout, else A itself."""
        drop = next((piece for piece, _ in reader.consumers.get(id(a), []) if piece.kind == "dropout"), None)
        if drop is None:
            return a._data, None
        mask, *keep_prob = map(array_of, drop.operands[1:])
        self.keep_prob = _number(keep_prob[0]) if keep_prob else 1 / float(np.max(mask, initial=1))
        return drop.out._data, (mask != 0).astype(mask.dtype)


def _activated(reader: Reader, z: Node) -> Node:
    """A of this Z, perhaps with a norm before the activation; Z itself if there is none."""
    made = z
    while users := [p for p, _ in reader.consumers.get(id(made), []) if p.kind in ("activation", "norm")]:
        if users[0].kind == "activation":
            return users[0].out
        made = users[0].out
    return z


def _lambda(chain: Chain) -> float:
    """λ of the cost's (λ/2m) Σ‖W‖²; 0 without it."""
    penalties = [p for p in chain.reader.pieces if p.kind == "penalty"]
    known = [held(p, w) for p in penalties for w in p.operands if isinstance(w, Node)]
    return next((chain.m * h.factor for h in known if h is not None and h.kind == "L2" and chain.m), 0.0)


def _hparameters(chain: Chain) -> dict[str, Any]:
    """Stride and padding of the only convolution, as its exercise has them."""
    options = next((p.out._options or {} for p in chain.pieces if p.kind == "conv"), {})
    before, after = options.get("pad", (0, 0))
    return {"stride": options.get("stride", 1), "pad": before if before == after else (before, after)}


def _number(x: Any) -> float:
    return float(np.reshape(x, ()))


def sizes(values: Mapping[str, Any]) -> str:
    """How a net is called in a sentence: "n = [2, 4, 1], m = 400", or "X (5, 7, 11, 3), m = 5"."""
    size = f"n = {values['layer_dims']}" if "layer_dims" in values else f"X {array_of(values.get('X')).shape}"
    return f"{size}, m = {values['m']}"
