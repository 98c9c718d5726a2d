"""The chain of any stack of layers in functions: a forward and a backward function for each kind of layer.

`LAYERS` in the program is a table: the function of a layer, the names of its parameters, its options. Backward
walks it from the end. It is what the notes' `L_model_forward` becomes when layers are of several kinds
(A. Ng, "Convolutional Neural Networks", week 1, the programming exercises).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ...autograd import Node
from ...errors import OpError
from ...language import say
from ..layers import Piece
from .decomposition import COMPUTE_COST, UPDATE_PARAMETERS, Decomposition, bracketed
from .functions import is_loss_of
from .helpers import CALL, definitions, documented
from .images import DEFAULTS
from .program import imports
from .stack_functions import FUNCTIONS, MODEL_BACKWARD, MODEL_FORWARD, SUM_LIKE

if TYPE_CHECKING:
    from ..chain import Chain


@dataclass(frozen=True)
class Layer:
    """A row of the program's table.

    Attributes
    ----------
    function : str
        A key of `FUNCTIONS`, or "activation".
    piece : Piece
        The last piece of the chain that it covers.
    takes : object
        What it takes.
    parameters : tuple
        What it takes beside: parameters, or the mask of dropout.
    options : dict
        Numbers.
    """

    function: str
    piece: Piece
    takes: Any
    parameters: tuple[Any, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


class Stack(Decomposition):
    """The program of a stack of layers.

    Parameters
    ----------
    chain : Chain
        Of layers each of which takes the one before, and one loss of the last one and Y.

    Raises
    ------
    OpError
        If the chain is something else, naming the step that does not fit.
    """

    def __init__(self, chain: Chain) -> None:
        self._layers = layers_of(chain)
        super().__init__(chain, chain.reader.pieces[-1])
        self._texts: dict[str, tuple[str, str]] = {}  # by name: forward and backward function

    def text(self, update: bool = False) -> str:
        """The program; with `update` it ends with a step of gradient descent."""
        lang = self.chain.lang
        rows = [self._row(layer) for layer in self._layers]
        pairs = [f'"{name}": ({name}_forward, {name}_backward)' for name in self._texts]
        functions = [text for pair in self._texts.values() for text in pair]
        cost = COMPUTE_COST.replace("{cost}", self.cost())
        backward = documented(f"model_backward.{self.chain.convention}", self._model_backward(), lang)
        helpers = {*self.helpers, *(name for text in functions for name in CALL.findall(text))}
        sums = [SUM_LIKE] * any("sum_like(" in text for text in functions)
        table = [f"# {say('source.table', lang)}", "LAYERS = [", *(f"    {row}," for row in rows), "]"]
        parts = [
            "\n".join([*self.program.about(update), "", *imports(helpers), "", *table]) + "\n",
            *definitions(helpers, lang),
            *(_told(text, lang) for text in (*sums, *functions)),
            "\n".join(bracketed("FUNCTIONS = {", pairs, "}")) + "\n",
            *(_told(text, lang) for text in (MODEL_FORWARD, cost, backward, UPDATE_PARAMETERS)),
            "\n".join(self._run(update)) + "\n",
        ]
        return "\n\n".join(parts)

    def _row(self, layer: Layer) -> str:
        """A row of the table; the functions it needs are noted when they are first met."""
        name = layer.function
        if name == "activation":
            name, _ = self.activation(layer.piece)
        if name not in self._texts:
            self._texts[name] = FUNCTIONS[name] if name in FUNCTIONS else self._activation_functions(name, layer.piece)
        names = [f'"{self.program.variables.name(x)}"' for x in layer.parameters]
        options = [f'"{k}": {v!r}' for k, v in layer.options.items()]
        return f'("{name}", [{", ".join(names)}], {{{", ".join(options)}}})'

    def _activation_functions(self, name: str, act: Piece) -> tuple[str, str]:
        forward, back = self.activation_lines(act, "A = {}", "return {}, ()")
        return (
            f"def {name}_forward(Z):\n{forward}\n    return A, (Z, A)\n",
            f"def {name}_backward(dA, cache):\n    Z, A = cache\n{back}\n",
        )

    def _model_backward(self) -> str:
        course = self.chain.convention == "course"
        text = MODEL_BACKWARD.replace("{gradient}", "g / m" if course else "g")
        slope = self.slope()
        if course and self.samples not in slope:
            slope = f"    {self.samples}\n{slope}"
        return text.replace("{slope}", slope)

    def _run(self, update: bool) -> list[str]:
        """The calls, from the parameters to the gradients."""
        name = self.program.variables.name
        given = [x for layer in self._layers for x in layer.parameters]
        parameters = [f'"{name(x)}": {name(x)}' for x in given if isinstance(x, Node)]
        masks = [f'"{name(x)}": {name(x)}' for x in given if not isinstance(x, Node)]
        return [
            *bracketed("parameters = {", parameters, "}"),
            *(bracketed("masks = {", masks, "}") if masks else []),
            f"AL, caches = model_forward({name(self._layers[0].takes)}, parameters{' | masks' * bool(masks)})",
            f"{name(self.chain.root)} = compute_cost(AL, Y)",
            "grads = model_backward(AL, Y, caches)",
            *["parameters = update_parameters(parameters, grads, learning_rate)"] * update,
        ]


# ---- reading the layers ------------------------------------------------------------------------------


def layers_of(chain: Chain) -> list[Layer]:
    """The layers of a stack, from the input to what the loss takes.

    Raises
    ------
    OpError
        Naming the first step that does not fit.
    """
    *body, loss = chain.reader.pieces
    found: list[Layer] = []
    seen = set[int]()
    todo = iter(body)
    for piece in todo:
        layer = KINDS.get(piece.kind, _no_layer)(piece, todo)
        used = set(map(id, layer.parameters)) if layer is not None else set()
        if layer is None or (found and layer.takes is not found[-1].piece.out) or seen & used:
            raise _misfit(chain, next(todo, loss) if piece.kind == "loss" else piece)
        seen |= used
        found.append(layer)
    if not found or not is_loss_of(chain, loss, found[-1].piece.out):
        raise _misfit(chain, loss)
    return found


Kind = Callable[[Piece, Iterator[Piece]], Layer | None]


def _no_layer(piece: Piece, rest: Iterator[Piece]) -> Layer | None:
    return None


def _weighted(piece: Piece, rest: Iterator[Piece]) -> Layer | None:
    """A dense or a convolutional layer, with or without b."""
    w, a, b = piece.roles
    options = {k: v for k, v in (piece.out._options or {}).items() if v != DEFAULTS.get(k)}
    function = "dense" if piece.kind == "affine" else "grouped_conv" if options.get("groups", 1) > 1 else "conv"
    options = {} if function == "dense" else {k: v for k, v in options.items() if k != "groups" or v > 1}
    parameters = (w,) if b is None else (w, b)
    return Layer(function, piece, a, parameters, options) if not piece.flipped and _leaves(parameters) else None


def _norm(piece: Piece, rest: Iterator[Piece]) -> Layer | None:
    x, *parameters = piece.operands
    return Layer("norm", piece, x, tuple(parameters), dict(piece.out._options or {})) if _leaves(parameters) else None


def _pool(piece: Piece, rest: Iterator[Piece]) -> Layer | None:
    options = {} if piece.label.startswith("global") else dict(piece.out._options or {})
    return Layer(piece.label.removesuffix("2d"), piece, piece.operands[0], (), options)


def _plain(piece: Piece, rest: Iterator[Piece]) -> Layer | None:
    return Layer(piece.kind, piece, piece.operands[0])


def _dropout(piece: Piece, rest: Iterator[Piece]) -> Layer | None:
    """A ⊙ D / keep_prob: two pieces of the chain."""
    if piece.label != "multiply":
        return None
    a, D = piece.operands
    divide = next(rest, None)
    if isinstance(D, Node) or np.shape(D) != piece.out._data.shape or divide is None or divide.label != "divide":
        return None
    value, keep_prob = divide.operands
    if value is not piece.out or np.ndim(keep_prob) or isinstance(keep_prob, Node):
        return None
    return Layer("dropout", divide, a, (D,), {"keep_prob": float(keep_prob)})


KINDS: dict[str, Kind] = {
    "affine": _weighted,
    "conv": _weighted,
    "norm": _norm,
    "pool": _pool,
    "flatten": _plain,
    "activation": _plain,
    "op": _dropout,
}


def _leaves(parameters: Any) -> bool:
    return all(isinstance(x, Node) and x._op is None for x in parameters)


def _misfit(chain: Chain, piece: Piece) -> OpError:
    name = chain.reader.names[id(piece.out)]
    return OpError(
        f"numpy(functions=True) expects a stack of layers, each of the one before, and one loss of the last layer "
        f"and Y; the step {name} ({piece.label}) does not fit. numpy() writes any chain, line by line."
    )


def _told(text: str, lang: Any) -> str:
    """A function with its docstring, which is the same for convolutions with and without groups."""
    name = text[len("def ") : text.index("(")]
    return documented(name.removeprefix("grouped_"), text, lang)
