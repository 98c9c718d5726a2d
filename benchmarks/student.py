"""A careful student's homework: nets, their forward pass, and a right backward pass, one line a gradient.

Nothing here uses the package but to record the cost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

import tinygrad_cn as tg
from tinygrad_cn import nn

from .homework import Homework, Program

SLOPE = 0.1
FORWARD = {
    "tanh": "np.tanh({z})",
    "sigmoid": "1 / (1 + np.exp(-{z}))",
    "relu": "np.maximum(0, {z})",
    "leaky_relu": "np.where({z} > 0, {z}, slope * {z})",
    "softmax": "np.exp({z} - np.max({z}, axis=0)) / np.sum(np.exp({z} - np.max({z}, axis=0)), axis=0)",
    "linear": "{z}",
}
DERIVATIVE = {
    "tanh": "(1 - np.power(A{l}, 2))",
    "sigmoid": "A{l} * (1 - A{l})",
    "relu": "(Z{l} > 0)",
    "leaky_relu": "np.where(Z{l} > 0, 1, slope)",
}
RECORDED = {
    "tanh": np.tanh,
    "sigmoid": nn.Sigmoid(),
    "relu": nn.ReLU(),
    "leaky_relu": nn.LeakyReLU(SLOPE),
    "softmax": nn.Softmax(),
    "linear": lambda Z: Z,
}
D_OUTPUT = {
    "binary_cross_entropy": "-(Y / A{l}) + (1 - Y) / (1 - A{l})",
    "categorical_cross_entropy": "-Y / A{l}",
    "mse": "2 * (A{l} - Y) / n{l}",
    "half_mse": "A{l} - Y",
}


HANDED: dict[str, tuple[str, ...]] = {
    "everything": ("dA", "dZ", "dW", "db"),
    "dZ, dW, db": ("dZ", "dW", "db"),
    "dW, db": ("dW", "db"),
    "dW": ("dW",),
}  # what a student may hand over


@dataclass(frozen=True)
class Net:
    """A dense net and the homework it stands for."""

    name: str
    sizes: tuple[int, ...]
    hidden: str
    output: str
    loss: str
    m: int = 13
    lambd: float = 0.0
    keep_prob: float = 1.0
    single_neuron: bool = False  # wᵀ X + b with w (n, 1) and a number b, as in week 2
    coincident: bool = False  # some dimensions are equal, so that some mistakes cannot be told apart
    gain: float = 1.0  # multiplies W: large ones saturate the activations

    @property
    def depth(self) -> int:
        """L."""
        return len(self.sizes) - 1

    def activation(self, l: int) -> str:
        """What follows Z[l]."""
        return self.output if l == self.depth else self.hidden


NETS = (
    Net("logistic regression", (7, 1), "", "sigmoid", "binary_cross_entropy", single_neuron=True),
    Net("two layers, tanh", (5, 7, 1), "tanh", "sigmoid", "binary_cross_entropy"),
    Net("three layers, ReLU", (7, 5, 3, 1), "relu", "sigmoid", "binary_cross_entropy", m=17),
    Net("softmax", (7, 5, 11, 3), "tanh", "softmax", "categorical_cross_entropy"),
    Net("leaky ReLU", (3, 7, 5, 2), "leaky_relu", "softmax", "categorical_cross_entropy", m=11),
    Net("sigmoid throughout, mse", (5, 7, 3, 2), "sigmoid", "sigmoid", "half_mse"),
    Net("regression", (5, 7, 11, 3), "relu", "linear", "mse"),
    Net("L2", (7, 5, 3, 1), "relu", "sigmoid", "binary_cross_entropy", m=11, lambd=0.7),
    Net("dropout", (5, 13, 7, 1), "relu", "sigmoid", "binary_cross_entropy", m=17, keep_prob=0.8),
    Net("square", (6, 6, 6, 1), "tanh", "sigmoid", "binary_cross_entropy", m=6, coincident=True),
)


@dataclass(frozen=True)
class DenseHomework(Homework):
    """The homework of a dense net."""

    net: Net


def homework(net: Net, seed: int, dtype: DTypeLike = np.float64, convention: str = "course") -> DenseHomework:
    """Draw parameters and data, run the forward pass twice: in NumPy, and recorded."""
    rng = np.random.default_rng(seed)
    values = _draw(net, rng, np.dtype(dtype))
    for l in range(1, net.depth + 1):
        W, A = values[f"W{l}"], values[f"A{l - 1}"]
        values[f"Z{l}"] = (W.T if net.single_neuron else W) @ A + values[f"b{l}"]
        with np.errstate(over="ignore"):  # of exp(−Z)
            A = eval(FORWARD[net.activation(l)].format(z="Z"), {"np": np, "Z": values[f"Z{l}"], "slope": SLOPE})
        values[f"A{l}"] = (A * values[f"D{l}"] / net.keep_prob if f"D{l}" in values else A).astype(dtype)
    label = f"{net.name} · {np.dtype(dtype)} · {convention}"
    return DenseHomework(label, record(net, values), values, program(net, convention), convention, net)


def _draw(net: Net, rng: np.random.Generator, dtype: np.dtype[Any]) -> dict[str, Any]:
    n, m = net.sizes, net.m
    X = rng.standard_normal((n[0], m)).astype(dtype)
    values: dict[str, Any] = {"X": X, "A0": X, "m": m, "lambd": net.lambd, "keep_prob": net.keep_prob}
    values |= {"slope": SLOPE, "learning_rate": 0.05} | {f"n{l}": size for l, size in enumerate(n)}
    for l in range(1, net.depth + 1):
        W = net.gain * rng.standard_normal((n[l], n[l - 1])) * np.sqrt(2 / n[l - 1])
        b = 0.1 * rng.standard_normal((n[l], 1))
        values[f"W{l}"] = (W.T if net.single_neuron else W).astype(dtype)
        values[f"b{l}"] = b[0, 0].astype(dtype) if net.single_neuron else b.astype(dtype)
        if net.keep_prob < 1 and l < net.depth:
            values[f"D{l}"] = (rng.random((n[l], m)) < net.keep_prob).astype(int)
    values["Y"] = _targets(net, rng).astype(dtype)
    return values


def _targets(net: Net, rng: np.random.Generator) -> Any:
    classes = net.sizes[-1]
    if net.loss == "categorical_cross_entropy":
        return np.eye(classes)[:, rng.integers(classes, size=net.m)]
    if net.loss == "binary_cross_entropy":
        return rng.random((classes, net.m)) < 0.5
    return rng.random((classes, net.m))


def record(net: Net, values: dict[str, Any]) -> Any:
    """The cost as Tensors."""
    W = [tg.tensor(values[f"W{l}"], requires_grad=True) for l in range(1, net.depth + 1)]
    b = [tg.tensor(values[f"b{l}"], requires_grad=True) for l in range(1, net.depth + 1)]
    A: Any = values["X"]
    for l in range(1, net.depth + 1):
        Z = (W[l - 1].T if net.single_neuron else W[l - 1]) @ A + b[l - 1]
        A = RECORDED[net.activation(l)](Z)
        if f"D{l}" in values:
            A = A * values[f"D{l}"] / net.keep_prob
    J = (
        np.sum((A - values["Y"]) ** 2) / (2 * net.m)
        if net.loss == "half_mse"
        else getattr(nn, net.loss)(A, values["Y"])
    )
    return J + net.lambd / (2 * net.m) * sum(np.sum(np.square(w)) for w in W) if net.lambd else J


# ---- the right backward pass ------------------------------------------------------------------------


def program(net: Net, convention: str) -> Program:
    """Every gradient as a line of NumPy, from the cost back."""
    lines: Program = {}
    over_m = " / m" if convention == "course" else ""
    for l in range(net.depth, 0, -1):
        lines |= _output(net, convention) if l == net.depth else _hidden(net, l)
        lines[f"dW{l}"] = dw_line(net, l) + over_m + (f" + (lambd / m) * W{l}" if net.lambd else "")
        lines[f"db{l}"] = (f"np.sum(dZ{l})" if net.single_neuron else f"np.sum(dZ{l}, axis=1, keepdims=True)") + over_m
    return lines


def dw_line(net: Net, l: int) -> str:
    """The product in dW."""
    return f"np.dot(A{l - 1}, dZ{l}.T)" if net.single_neuron else f"np.dot(dZ{l}, A{l - 1}.T)"


def derivative(net: Net, l: int) -> str:
    """g′(Z[l]) as students write it."""
    return DERIVATIVE[net.activation(l)].format(l=l)


def fused(net: Net) -> bool:
    """Whether dZ[L] = A[L] − Y."""
    return net.loss.endswith("cross_entropy")


def _output(net: Net, convention: str) -> Program:
    L, over_m = net.depth, "" if convention == "course" else " / m"
    dA = D_OUTPUT[net.loss].format(l=L)
    dA = f"({dA}){over_m}" if over_m else dA
    if net.output == "linear":
        return {f"dZ{L}": dA}
    dZ = f"(A{L} - Y){over_m}" if over_m else f"A{L} - Y"
    return {f"dA{L}": dA, f"dZ{L}": dZ if fused(net) else f"dA{L} * {derivative(net, L)}"}


def _hidden(net: Net, l: int) -> Program:
    dropout = f" * D{l} / keep_prob" if net.keep_prob < 1 else ""
    return {f"dA{l}": f"np.dot(W{l + 1}.T, dZ{l + 1}){dropout}", f"dZ{l}": f"dA{l} * {derivative(net, l)}"}


def saturated(net: Net, gain: float) -> Net:
    """The same net with weights `gain` times as large."""
    return replace(net, gain=gain)
