"""What the families share: what is drawn alike, and derivatives of activations, right and wrong, as people write them."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_cn as tg
from tinygrad_cn import nn

from ..homework import Row, When
from .draft import Draft

DERIVATIVE = {
    "tanh": "(1 - {A} ** 2)",
    "sigmoid": "{A} * (1 - {A})",
    "relu": "({Z} > 0)",
}


def uses(*labels: str) -> When:
    """Whether the place has one of these activations."""
    return lambda facts: facts["activation"] in labels


def has(fact: str) -> When:
    """Whether something is known of the place, and not nothing."""
    return lambda facts: bool(facts.get(fact))


def of_activation(kind: str) -> tuple[Row, ...]:
    """Wrong {out} = {dA} ⊙ g′({Z}) with {A} = g({Z})."""
    wrong = "wrong_activation_derivative"
    at_z = f"{wrong} derivative_at_a wrong_layer_cache"
    return (
        Row("missing_activation_derivative", kind, "{dA} * 1.0"),
        Row("missing_upstream", kind, "{prime} * 1.0"),
        Row("sign", kind, "-{dA} * {prime}"),
        Row("derivative_at_a", kind, "{dA} * (1 - np.tanh({A}) ** 2)", uses("tanh")),
        Row("derivative_at_a", kind, "{dA} / (1 + np.exp(-{A})) / (1 + np.exp({A}))", uses("sigmoid")),
        Row(at_z, kind, "{dA} * (1 - {Z} ** 2)", uses("tanh")),
        Row(at_z, kind, "{dA} * {Z} * (1 - {Z})", uses("sigmoid")),
        Row(wrong, kind, "{dA} * {A} * (1 - {A})", uses("tanh", "relu")),
        Row(wrong, kind, "{dA} * (1 - {A} ** 2)", uses("sigmoid", "relu")),
        Row(wrong, kind, "{dA} * ({Z} > 0)", uses("tanh", "sigmoid")),
        Row(wrong, kind, "{dA} * ({Z} < 0)", uses("relu")),
        Row(wrong, kind, "{dA} * ({dA} > 0)", uses("relu")),
        Row(wrong, kind, "{dA} * (1 - {A})", uses("tanh", "sigmoid")),
    )


def scaled(kind: str) -> tuple[Row, ...]:
    """Wrong factors of a dW or db, whatever it is of."""
    return (
        Row("missing_1_over_m", kind, "m * {right}", course=True),
        Row("extra_1_over_m", kind, "{right} / m"),
        Row("constant_factor", kind, "2 * {right}"),
        Row("sign", kind, "-{right}"),
    )


def derivative(activation: str, Z: str, A: str) -> str:
    """g′(Z) as students write it."""
    return DERIVATIVE[activation].format(Z=Z, A=A)


def draft(rng: np.random.Generator) -> Draft:
    """The start of a backward pass: m, dtype and convention drawn."""
    dtype = rng.choice([np.float64, np.float64, np.float32])
    return Draft(int(rng.integers(3, 8)), dtype, str(rng.choice(["course", "autograd"])))


def cost(net: Any, X: Any, classes: int, rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """J of a net with logits for classes, and P − Y at its output."""
    labels = rng.integers(0, classes, shape)
    Z = net(X)
    J = nn.cross_entropy(Z, labels)
    P = tg.softmax(Z).numpy()
    Y = np.moveaxis(np.eye(classes, dtype=P.dtype)[labels], -1, 0)
    return J, P - Y


def moved(net: Any, rng: np.random.Generator) -> None:
    """Biases and the γ and β of norms away from 0 and 1, where mistakes would not show."""
    net.state_dict()  # names the parameters
    for p in net.parameters():
        name = p.name.rpartition(".")[2].rstrip("0123456789")
        if name.startswith(("b", "gamma")):
            p.data = (p.data + 0.3 * rng.uniform(-1, 1, p.shape)).astype(p.dtype)
