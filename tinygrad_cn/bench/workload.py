"""The eight workloads: nets that notes and courses train, and their sizes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..language import Lang, say

CLASSES = 10
BETA, BETA2, EPSILON = 0.9, 0.999, 1e-8  # of momentum and Adam, in every peer
SCALE, SHIFT = 1.0001, 0.0001  # what the chain of cheap ops multiplies by and adds


@dataclass(frozen=True)
class Workload:
    """A training step to be timed.

    Attributes
    ----------
    name : str
        W1 to W8.
    kind : {"dense", "lenet", "lstm", "chain"}
        What is trained; "chain" is no net but a long row of cheap ops and its gradient.
    dims : tuple of int
        Sizes n[0], …, n[L] of the dense layers; for "lenet" those behind the convolutions, for "lstm" (n_x, n_a,
        classes), for "chain" the length of the vector.
    m : int
        Samples in a step.
    hidden : {"tanh", "relu"}
        Activation of the hidden layers.
    loss : {"bce", "ce", "mse"}
        Mean over the samples; binary cross-entropy and cross-entropy are computed from logits.
    optimizer : {"sgd", "momentum", "adam"}
        Momentum in torch's form, v ← β v + dW.
    lr : float
        Learning rate.
    dtype : {"float64", "float32"}
        Of data and parameters.
    steps : int
        Time steps of a sequence; ops of the chain.
    """

    name: str
    kind: str
    dims: tuple[int, ...]
    m: int = 1
    hidden: str = "relu"
    loss: str = "ce"
    optimizer: str = "sgd"
    lr: float = 0.01
    dtype: str = "float32"
    steps: int = 1

    @property
    def tolerance(self) -> float:
        """How far the losses of five steps may be apart, relatively: many roundings, but no other formula.

        Examples
        --------
        >>> WORKLOADS["W1"].tolerance, WORKLOADS["W3"].tolerance
        (1e-09, 0.0002)
        """
        return 1e-9 if np.dtype(self.dtype) == np.float64 else 2e-4

    def about(self, lang: Lang) -> str:
        """One line: sizes, samples, loss, optimiser, dtype.

        Examples
        --------
        >>> WORKLOADS["W1"].about("en")
        '2-4-1, m = 400, tanh, BCE, SGD, float64'
        """
        if self.kind == "chain":
            return say("bench.chain", lang, ops=self.steps, n=self.dims[0], dtype=self.dtype)
        if self.kind == "lenet":
            sizes = f"LeNet 28×28, conv5(6)-pool-conv5(16)-pool-{'-'.join(map(str, self.dims[1:]))}"
        elif self.kind == "lstm":
            sizes = f"LSTM {self.dims[0]}→{self.dims[1]}, T = {self.steps}"
        else:
            sizes = _shortened(self.dims)
        hidden = "" if self.kind == "lstm" else f"{self.hidden}, "
        return f"{sizes}, m = {self.m}, {hidden}{self.loss.upper()}, {WRITTEN[self.optimizer]}, {self.dtype}"


WRITTEN = {"sgd": "SGD", "momentum": "momentum", "adam": "Adam"}


def _shortened(dims: tuple[int, ...]) -> str:
    """Sizes with dashes; many equal ones counted."""
    if len(dims) > 10 and len(set(dims[:-1])) == 1:
        return f"{len(dims) - 2} × {dims[0]} - {dims[-1]}"
    return "-".join(map(str, dims))


WORKLOADS: dict[str, Workload] = {
    w.name: w
    for w in (
        Workload("W1", "dense", (2, 4, 1), 400, "tanh", "bce", lr=1.2, dtype="float64"),
        Workload("W2", "dense", (12288, 20, 7, 5, 1), 209, "relu", "bce", lr=0.0075, dtype="float64"),
        Workload("W3", "dense", (784, 128, 64, CLASSES), 64, optimizer="adam", lr=1e-3),
        Workload("W4", "dense", (784, 1024, 1024, CLASSES), 256, optimizer="momentum"),
        Workload("W5", "dense", (64,) * 51 + (1,), 32, "tanh", "mse"),
        Workload("W6", "lenet", (256, 120, 84, CLASSES), 64),
        Workload("W7", "lstm", (32, 128, CLASSES), 32, lr=0.05, steps=50),
        Workload("W8", "chain", (10,), dtype="float64", steps=100_000),
    )
}


def chosen(names: str | None) -> list[Workload]:
    """The workloads of a list such as "W1,W3"; all of them for None.

    Raises
    ------
    ValueError
        If there is no workload of a name.

    Examples
    --------
    >>> [w.name for w in chosen("w3,W1")]
    ['W3', 'W1']
    """
    wanted = list(WORKLOADS) if names is None else [name.strip().upper() for name in names.split(",")]
    for name in wanted:
        if name not in WORKLOADS:
            raise ValueError(f"there is no workload {name!r}; there are {', '.join(WORKLOADS)}")
    return [WORKLOADS[name] for name in dict.fromkeys(wanted)]
