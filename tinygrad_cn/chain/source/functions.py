"""The chain in the notes' decomposition: linear_forward, linear_activation_backward, and so on.

Names and signatures follow A. Ng, Deep Learning Specialization, course 1, week 4, "Building your deep
neural network: step by step". It fits a plain stack of dense layers and one loss of its output.
"""

from __future__ import annotations

from textwrap import indent
from typing import TYPE_CHECKING, Any

from ...errors import OpError
from ...language import say
from ..layers import Piece
from .helpers import definitions
from .parts import options_of
from .program import Program, imports
from .rows import ACTIVATIONS
from .symbols import Expr
from .text import WIDTH, Writer, mentions

if TYPE_CHECKING:
    from ..chain import Chain

FUNCTIONS = '''\
def linear_forward(A, W, b):
    """{linear_forward}"""
    return W @ A + b, (A, W, b)


def linear_activation_forward(A_prev, W, b, activation):
    """{linear_activation_forward}"""
    Z, linear_cache = linear_forward(A_prev, W, b)
    A = ACTIVATIONS[activation][0](Z)
    return A, (linear_cache, (Z, A))


def L_model_forward(X, parameters):
    """{L_model_forward}"""
    A, caches = X, []
    for l, activation in enumerate(LAYERS, start=1):
        W, b = parameters[f"W{{l}}"], parameters[f"b{{l}}"]
        A, cache = linear_activation_forward(A, W, b, activation)
        caches.append(cache)
    return A, caches


def compute_cost(AL, Y):
    """{compute_cost}"""
{cost}


def linear_backward(dZ, cache):
    """{linear_backward}"""
    A_prev, W, b = cache
{weights}
    dA_prev = W.T @ dZ
    return dA_prev, dW, db


def linear_activation_backward(dA, cache, activation):
    """{linear_activation_backward}"""
    linear_cache, activation_cache = cache
    dZ = ACTIVATIONS[activation][1](dA, activation_cache)
    return linear_backward(dZ, linear_cache)


def L_model_backward(AL, Y, caches):
    """{L_model_backward}"""
    L = len(caches)
{slope}
    grads = {{f"dA{{L}}": dAL}}
    for l in reversed(range(1, L + 1)):
        dA_prev, dW, db = linear_activation_backward(grads[f"dA{{l}}"], caches[l - 1], LAYERS[l - 1])
        grads[f"dA{{l - 1}}"], grads[f"dW{{l}}"], grads[f"db{{l}}"] = dA_prev, dW, db
    return grads


def update_parameters(parameters, grads, learning_rate):
    """{update_parameters}"""
    return {{name: value - learning_rate * grads[f"d{{name}}"] for name, value in parameters.items()}}
'''
DOCUMENTED = (
    "linear_forward linear_activation_forward L_model_forward compute_cost linear_backward "
    "linear_activation_backward L_model_backward update_parameters"
).split()
COURSE = """\
m = A_prev.shape[1]
dW = dZ @ A_prev.T / m
db = np.sum(dZ, axis=1, keepdims=True) / m"""
AUTOGRAD = """\
dW = dZ @ A_prev.T
db = np.sum(dZ, axis=1, keepdims=True)"""


class Decomposed:
    """The program of a plain stack of dense layers, as functions.

    Parameters
    ----------
    chain : Chain
        Of layers W A + b with or without an activation, and one loss of the last one and Y.

    Raises
    ------
    OpError
        If the chain is something else, naming the step that does not fit.
    """

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.layers, self.loss = _stack(chain)
        self.output = self.loss.operands[0]
        self.program = Program(chain, {id(self.output): "AL", id(chain.reader.target): "Y"})
        self.tracer = self.program.tracer
        self.helpers: dict[str, None] = {}
        self.activations: dict[Any, tuple[str, str]] = {}  # by label and options: name, and text of both functions

    def text(self, update: bool = False) -> str:
        """The program; with `update` it ends with a step of gradient descent."""
        lang = self.chain.lang
        names = [self._activation(act) for _, act in self.layers]
        listed = ", ".join(f'"{name}"' for name in names)
        functions = FUNCTIONS.format(
            **{name: say(f"source.{name}", lang) for name in DOCUMENTED},
            cost=self._body("return {}", self.program.definition(self.program.variables.name(self.chain.root))),
            slope=self._body("dAL = {}", self.program.backward.defined(self.output)),
            weights=indent(COURSE if self.chain.convention == "course" else AUTOGRAD, "    "),
        )
        layers = [f"# {say('source.layers', lang)}", *_bracketed("LAYERS = [", listed.split(", "), "]")]
        pairs = [f'"{name}": ({name}, {name}_backward)' for name, _ in self.activations.values()]
        parts = [
            "\n".join([*self.program.about(update), "", *imports(self.helpers), "", *layers]) + "\n",
            *definitions(self.helpers),
            *(text for _, text in self.activations.values()),
            "\n".join(_bracketed("ACTIVATIONS = {", pairs, "}")) + "\n",
            functions,
            "\n".join(self._run(update)) + "\n",
        ]
        return "\n\n".join(parts)

    def _activation(self, act: Piece | None) -> str:
        """The name of a layer's activation function; its text is noted when it is first met."""
        options = options_of(act) if act is not None else {}
        label = act.label if act is not None else "identity"
        key = (label, tuple(options.items()))
        if key not in self.activations:
            same = sum(other == label for other, _ in self.activations)
            name = f"{label}_{same + 1}" if same else label
            self.activations[key] = name, self._both(name, act, options)
        return self.activations[key][0]

    def _both(self, name: str, act: Piece | None, options: dict[str, Any]) -> str:
        """An activation function and its backward step."""
        if act is None:
            return f"def {name}(Z):\n    return Z\n\n\ndef {name}_backward(dA, cache):\n    return dA\n"
        value = act.out._data
        Z, A, dA = (self.tracer.name(n, v) for n, v in (("Z", act.operands[0]._data), ("A", value), ("dA", value)))
        forward, back = ACTIVATIONS[act.label]
        return (
            f"def {name}(Z):\n{self._body('return {}', forward(Z, **options).expr)}\n\n\n"
            f"def {name}_backward(dA, cache):\n    Z, A = cache\n"
            f"{self._body('return {}', back(dA, A, Z, **options).expr)}\n"
        )

    def _body(self, last: str, expr: Expr) -> str:
        """Lines that work out an expression, the last of which uses it."""
        writer = Writer()
        lines = writer.steps(expr, last)
        self.helpers |= writer.helpers
        samples = ["m = AL.shape[1]"] if mentions(expr, self.tracer.m.expr) else []
        return indent("\n".join([*samples, *lines]), "    ")

    def _run(self, update: bool) -> list[str]:
        """The calls, from the parameters to the gradients."""
        name = self.program.variables.name
        parameters = [
            f'"{letter}{layer}": {name(x)}'
            for layer, (affine, _) in enumerate(self.layers, start=1)
            for letter, x in zip("Wb", affine.operands[::2], strict=True)
        ]
        lines = [
            *_bracketed("parameters = {", parameters, "}"),
            f"AL, caches = L_model_forward({name(self.layers[0][0].operands[1])}, parameters)",
            f"{name(self.chain.root)} = compute_cost(AL, Y)",
            "grads = L_model_backward(AL, Y, caches)",
        ]
        return [*lines, *["parameters = update_parameters(parameters, grads, learning_rate)"] * update]


def _stack(chain: Chain) -> tuple[list[tuple[Piece, Piece | None]], Piece]:
    """The layers as pairs of affine map and activation, and the loss."""
    reader, seen = chain.reader, set[int]()
    layers: list[tuple[Piece, Piece | None]] = []
    *body, loss = reader.pieces
    value: Any = None
    for piece, following in zip(body, reader.pieces[1:], strict=True):
        weights = {id(x) for x in piece.operands[::2]}
        dense = piece.kind == "affine" and piece.operands[2] is not None and not piece.flipped and not seen & weights
        if dense and (value is None or piece.operands[1] is value):
            layers.append((piece, None))
            seen |= weights
        elif piece.kind == "activation" and layers and layers[-1][1] is None and piece.operands[0] is value:
            layers[-1] = (layers[-1][0], piece)
        else:
            raise _misfit(chain, following if piece.kind == "loss" else piece)
        value = piece.out
    known = {id(value), id(reader.target), *reader.texts}
    fits = loss.kind in ("loss", "own_loss") and loss.operands[0] is value and reader.target is not None
    if not layers or not fits or not {id(x) for x in loss.operands} <= known:
        raise _misfit(chain, loss)
    return layers, loss


def _misfit(chain: Chain, piece: Piece) -> OpError:
    name = chain.reader.names[id(piece.out)]
    return OpError(
        f"numpy(functions=True) expects a plain stack of dense layers W A + b and one loss of the last layer and Y; "
        f"the step {name} ({piece.label}) does not fit. numpy() writes any chain, line by line."
    )


def _bracketed(start: str, items: list[str], end: str) -> list[str]:
    """A list or dictionary on one line, or one item a line."""
    line = start + ", ".join(items) + end
    return [line] if len(line) <= WIDTH else [start, *(f"    {item}," for item in items), end]
