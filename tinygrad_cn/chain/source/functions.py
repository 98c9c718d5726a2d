"""The chain in the notes' decomposition: linear_forward, linear_activation_backward, and so on.

Names and signatures follow A. Ng, Deep Learning Specialization, course 1, week 4, "Building your deep
neural network: step by step". It fits a plain stack of dense layers and one loss of its output.
"""

from __future__ import annotations

from textwrap import indent
from typing import TYPE_CHECKING

from ...language import say
from ..layers import Piece
from .decomposition import COMPUTE_COST, UPDATE_PARAMETERS, Decomposition, bracketed
from .helpers import definitions, documented
from .program import imports

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


{update}'''
DOCUMENTED = (
    "linear_forward linear_activation_forward L_model_forward linear_backward "
    "linear_activation_backward L_model_backward"
).split()
COURSE = """\
m = A_prev.shape[1]
dW = dZ @ A_prev.T / m
db = np.sum(dZ, axis=1, keepdims=True) / m"""
AUTOGRAD = """\
dW = dZ @ A_prev.T
db = np.sum(dZ, axis=1, keepdims=True)"""
IDENTITY = """\
def identity(Z):
    return Z


def identity_backward(dA, cache):
    return dA
"""
Layers = list[tuple[Piece, Piece | None]]


class Decomposed(Decomposition):
    """The program of a plain stack of dense layers, as functions.

    Parameters
    ----------
    chain : Chain
        Of layers W A + b with or without an activation, and one loss of the last one and Y.
    layers, loss
        What `dense_stack` found in it.
    """

    def __init__(self, chain: Chain, layers: Layers, loss: Piece) -> None:
        super().__init__(chain, loss)
        self._layers = layers
        self._activations: dict[str, str] = {}  # by name: the text of both functions

    def text(self, update: bool = False) -> str:
        """The program; with `update` it ends with a step of gradient descent."""
        lang = self.chain.lang
        names = [self._activation(act) for _, act in self._layers]
        functions = FUNCTIONS.format(
            **{name: say(f"source.{name}", lang) for name in DOCUMENTED},
            cost=documented("compute_cost", COMPUTE_COST.replace("{cost}", self.cost()), lang),
            slope=self.slope(),
            weights=indent(COURSE if self.chain.convention == "course" else AUTOGRAD, "    "),
            update=documented("update_parameters", UPDATE_PARAMETERS, lang),
        )
        layers = [f"# {say('source.layers', lang)}", *bracketed("LAYERS = [", [f'"{name}"' for name in names], "]")]
        pairs = [f'"{name}": ({name}, {name}_backward)' for name in self._activations]
        parts = [
            "\n".join([*self.program.about(update), "", *imports(self.helpers), "", *layers]) + "\n",
            *definitions(self.helpers, lang),
            *self._activations.values(),
            "\n".join(bracketed("ACTIVATIONS = {", pairs, "}")) + "\n",
            functions,
            "\n".join(self._run(update)) + "\n",
        ]
        return "\n\n".join(parts)

    def _activation(self, act: Piece | None) -> str:
        """The name of a layer's activation function; its text is noted when it is first met."""
        if act is None:
            self._activations["identity"] = IDENTITY
            return "identity"
        name, new = self.activation(act)
        if new:
            forward, back = self.activation_lines(act, "return {}", "return {}")
            self._activations[name] = (
                f"def {name}(Z):\n{forward}\n\n\ndef {name}_backward(dA, cache):\n    Z, A = cache\n{back}\n"
            )
        return name

    def _run(self, update: bool) -> list[str]:
        """The calls, from the parameters to the gradients."""
        name = self.program.variables.name
        parameters = [
            f'"{letter}{layer}": {name(x)}'
            for layer, (affine, _) in enumerate(self._layers, start=1)
            for letter, x in zip("Wb", affine.operands[::2], strict=True)
        ]
        lines = [
            *bracketed("parameters = {", parameters, "}"),
            f"AL, caches = L_model_forward({name(self._layers[0][0].operands[1])}, parameters)",
            f"{name(self.chain.root)} = compute_cost(AL, Y)",
            "grads = L_model_backward(AL, Y, caches)",
        ]
        return [*lines, *["parameters = update_parameters(parameters, grads, learning_rate)"] * update]


def dense_stack(chain: Chain) -> tuple[Layers, Piece] | None:
    """The layers as pairs of affine map and activation, and the loss; None if the chain is something else."""
    seen = set[int]()
    layers: Layers = []
    *body, loss = chain.reader.pieces
    value = None
    for piece in body:
        weights = {id(x) for x in piece.operands[::2]}
        dense = piece.kind == "affine" and piece.operands[2] is not None and not piece.flipped and not seen & weights
        if dense and (value is None or piece.operands[1] is value):
            layers.append((piece, None))
            seen |= weights
        elif piece.kind == "activation" and layers and layers[-1][1] is None and piece.operands[0] is value:
            layers[-1] = (layers[-1][0], piece)
        else:
            return None
        value = piece.out
    return (layers, loss) if layers and is_loss_of(chain, loss, value) else None


def is_loss_of(chain: Chain, loss: Piece, value: object) -> bool:
    """Whether a piece is a loss of this value and Y alone."""
    reader = chain.reader
    known = {id(value), id(reader.target), *reader.texts}
    fits = loss.kind in ("loss", "own_loss") and loss.operands[0] is value and reader.target is not None
    return fits and {id(x) for x in loss.operands} <= known
