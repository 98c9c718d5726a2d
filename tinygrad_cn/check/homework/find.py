"""What is looked for in a homework file: the functions, the names of data, and the net they are about."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from ...errors import HomeworkError
from ..signature import Signature
from .net import CLASSES, LOSS_OF, Net, checked_activation, checked_loss, checked_sizes

BACKWARD = (
    "backward_propagation", "L_model_backward", "model_backward", "backward", "backprop", "backward_prop",
    "backpropagation", "back_propagation", "back_prop", "propagate", "compute_gradients", "compute_grads",
    "backward_propagation_with_regularization", "backward_propagation_with_dropout",
)  # fmt: skip
FORWARD = (
    "forward_propagation", "L_model_forward", "model_forward", "forward", "forward_prop", "forwardprop",
    "forwardpropagation", "feedforward", "feed_forward", "forward_pass",
)  # fmt: skip
NET = ("NET", "net_sizes", "layer_dims", "layers_dims", "layer_sizes", "dims")
HIDDEN, OUTPUT, LOSS = ("HIDDEN", "hidden"), ("OUTPUT", "output"), ("LOSS", "loss")
GRADS, PARAMETERS = ("grads", "gradients"), ("parameters", "params")
DATA = (*NET, *HIDDEN, *OUTPUT, *LOSS, *GRADS, *PARAMETERS, "X", "Y")
WIDTHS = (3, 5, 4, 6)  # of a net that nothing is said of
LARGEST = 200  # units a layer has in the check; the mathematics of larger ones is the same
LAMBD, KEEP_PROB = 0.7, 0.86  # as in the course's exercises


@dataclass(frozen=True)
class Options:
    """What the caller says of the homework, and the bounds it runs in.

    Attributes
    ----------
    net : tuple of int, optional
        n[0], …, n[L].
    hidden, output, loss : str, optional
        Names as in `nn`.
    function : str, optional
        The backward function, if it has an unusual name.
    timeout : float
        Seconds a file may work.
    memory : int
        MB of memory a file may use.
    lang : str, optional
        Language of the report.
    """

    net: tuple[int, ...] | None = None
    hidden: str | None = None
    output: str | None = None
    loss: str | None = None
    function: str | None = None
    timeout: float = 10.0
    memory: int = 2048
    lang: str | None = None


def backward_name(functions: Collection[str], wanted: str | None) -> str | None:
    """The function to check: the one asked for, else the first of `BACKWARD`, else one whose name says so."""
    if wanted is not None:
        if wanted not in functions:
            raise HomeworkError("input", f"has no function {wanted!r}; it has {', '.join(functions) or 'none'}")
        return wanted
    return _first(functions, BACKWARD) or next((name for name in functions if _sounds_backward(name)), None)


def forward_name(functions: Collection[str]) -> str | None:
    """The learner's forward function, if there is one."""
    return _first(functions, FORWARD)


def nets(options: Options, data: Mapping[str, Any], signature: Signature | None) -> Iterator[Net]:
    """The nets the homework may be about, likeliest first: what is not said is tried."""
    sizes = _sizes(options, data, signature)
    words = set() if signature is None else {*signature.required, *signature.optional}
    hidden = options.hidden or _named(data, HIDDEN)
    output = options.output or _named(data, OUTPUT)
    loss = options.loss or _named(data, LOSS)
    likely = ("relu", "tanh") if words & {"caches", "keep_prob", "lambd"} else ("tanh", "relu")
    hiddens = [checked_activation(hidden)] if hidden else [*likely, "sigmoid", "leaky_relu"]
    outputs = [checked_activation(output)] if output else _outputs(sizes, loss)
    lambd = LAMBD * bool(words & {"lambd", "lambda_", "lam", "lmbda"})
    keep_prob = KEEP_PROB if "keep_prob" in words else 1.0
    for last, first in product(outputs, hiddens[:1] if len(sizes) == 2 else hiddens):
        yield Net(sizes, first, last, checked_loss(loss or LOSS_OF.get(last, "mse")), lambd, keep_prob)


def _outputs(sizes: tuple[int, ...], loss: Any) -> list[str]:
    """Output activations to try."""
    fitting = {"binary_cross_entropy": "sigmoid", "categorical_cross_entropy": "softmax"}
    if loss:
        return [fitting.get(str(loss), "linear")]
    return ["sigmoid", "linear"] if sizes[-1] == 1 else ["softmax", "sigmoid", "linear"]


def _sizes(options: Options, data: Mapping[str, Any], signature: Signature | None) -> tuple[int, ...]:
    """The sizes that were said, those of the file's parameters, or small ones of as many layers as names show."""
    said = options.net or next((data[name] for name in NET if name in data), None)
    if said is not None:
        return tuple(min(n, LARGEST) for n in checked_sizes(said))
    weights = parameters_of(data)
    if weights:
        shapes = [np.shape(weights[f"W{n}"]) for n in range(1, len(weights) + 1) if f"W{n}" in weights]
        return tuple(min(n, LARGEST) for n in checked_sizes([shapes[0][-1], *(shape[0] for shape in shapes)]))
    neuron = signature is not None and "w" in signature.required
    layers = 1 if neuron or signature is None else signature.layers or 3
    classes = 3 if (options.loss or _named(data, LOSS)) in CLASSES or _said_softmax(options, data) else 1
    return (*(WIDTHS[n % len(WIDTHS)] for n in range(layers)), classes)


def _said_softmax(options: Options, data: Mapping[str, Any]) -> bool:
    return (options.output or _named(data, OUTPUT)) == "softmax"


def parameters_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """W1, b1, … of the file, if it has them."""
    found: dict[str, Any] = next((data[name] for name in PARAMETERS if isinstance(data.get(name), dict)), {})
    return {k: v for k, v in found.items() if isinstance(v, np.ndarray) and v.ndim == 2} if "W1" in found else {}


def gradients_of(data: Mapping[str, Any]) -> dict[str, Any] | None:
    """The file's dict of gradients, if it has one."""
    return next((data[name] for name in GRADS if isinstance(data.get(name), dict)), None)


def _named(data: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    return next((data[name] for name in names if isinstance(data.get(name), str)), None)


def _first(functions: Collection[str], names: tuple[str, ...]) -> str | None:
    """The function of the first name; capitals and underscores do not matter."""
    plain = {_plain(name): name for name in functions}
    return next((plain[_plain(name)] for name in names if _plain(name) in plain), None)


def _sounds_backward(name: str) -> bool:
    word = _plain(name)
    part = word.startswith(("linear", "sigmoid", "relu", "tanh", "softmax", "activation", "check", "single", "test"))
    return "back" in word and not part


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
