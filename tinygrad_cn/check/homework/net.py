"""The nets that homework is checked on: sizes, activations and a loss by name, written with bare tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import nn
from ...chain import Chain
from ...errors import HomeworkError
from ...language import Lang, say
from ...nn.activation import ACTIVATIONS, resolve
from ...ops.op import Array
from ...tensor import Tensor

SAMPLES = 7
LOSSES: dict[str, Callable[[Any, Any], Tensor]] = {
    f.__name__: f
    for f in (
        nn.binary_cross_entropy, nn.categorical_cross_entropy, nn.mse, nn.mae, nn.huber, nn.hinge,
        nn.binary_cross_entropy_with_logits, nn.cross_entropy,
    )
}  # fmt: skip
LOSS_OF = {"sigmoid": "binary_cross_entropy", "softmax": "categorical_cross_entropy"}
BITS = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
CLASSES = ("categorical_cross_entropy", "cross_entropy")


@dataclass(frozen=True)
class Net:
    """A net of dense layers and its cost.

    Attributes
    ----------
    sizes : tuple of int
        n[0], …, n[L].
    hidden, output, loss : str
        Names as in `nn`.
    lambd : float
        λ of (λ/2m) Σ‖W‖²; 0 leaves it out.
    keep_prob : float
        Of dropout in the hidden layers; 1 leaves it out.
    """

    sizes: tuple[int, ...]
    hidden: str
    output: str
    loss: str
    lambd: float = 0.0
    keep_prob: float = 1.0

    def chain(self, lang: Lang, given: Mapping[str, Array] | None = None) -> Chain:
        """The chain of its cost on random data, or on given X, Y, W1, b1, …."""
        rng = np.random.default_rng(0)
        given = given or {}
        A: Any = given.get("X", rng.standard_normal((self.sizes[0], SAMPLES)))
        m, weights = A.shape[1], []
        for n, (n_in, n_out) in enumerate(zip(self.sizes, self.sizes[1:], strict=False), 1):
            W = Tensor(given.get(f"W{n}", rng.standard_normal((n_out, n_in)) / np.sqrt(n_in)), True, f"W{n}")
            b = Tensor(given.get(f"b{n}", rng.standard_normal((n_out, 1)) / 2), True, f"b{n}")
            weights.append(W)
            is_last = n == len(self.sizes) - 1
            activation = resolve(self.output if is_last else self.hidden)
            A = W @ A + b if activation is None else activation(W @ A + b)
            if self.keep_prob < 1 and not is_last:
                A = A * (rng.random(A.shape) < self.keep_prob).astype(float) / self.keep_prob
        J = LOSSES[self.loss](A, given.get("Y", self._targets(rng, m)))
        return Chain(J + nn.l2(weights, self.lambd, m) if self.lambd else J, None, "course", lang)

    def _targets(self, rng: np.random.Generator, m: int) -> Array:
        n = self.sizes[-1]
        if self.loss in CLASSES:
            return np.eye(n)[:, rng.integers(0, n, m)]
        bits = rng.integers(0, 2, (n, m)).astype(float)
        return bits if self.loss in BITS else 2 * bits - 1 if self.loss == "hinge" else rng.standard_normal((n, m))

    def text(self, lang: Lang) -> str:
        """How it is called in a sentence."""
        extra = f", λ = {self.lambd:g}" * bool(self.lambd) + f", keep_prob = {self.keep_prob:g}" * (self.keep_prob < 1)
        hidden = f"{self.hidden}, " if len(self.sizes) > 2 else ""
        return f"n = {list(self.sizes)}, {hidden}{self.output}, {say(self.loss, lang)}{extra}"


def checked_sizes(sizes: Any) -> tuple[int, ...]:
    """Sizes of layers as a tuple.

    Raises
    ------
    HomeworkError
        If they are not two or more positive whole numbers.
    """
    try:
        found = tuple(int(n) for n in sizes)
    except (TypeError, ValueError):
        found = ()
    if len(found) < 2 or min(found) < 1:
        raise HomeworkError("input", f"the net must be given as n[0], …, n[L], such as 2,4,1; got {sizes!r}")
    return found


def checked_activation(name: Any) -> str:
    """The name of an activation.

    Raises
    ------
    HomeworkError
        If there is no such activation.
    """
    found = "linear" if name is None else str(name).lower()
    if found not in ACTIVATIONS:
        raise HomeworkError("input", f"an activation must be one of {', '.join(ACTIVATIONS)}; got {name!r}")
    return found


def checked_loss(name: Any) -> str:
    """The name of a loss.

    Raises
    ------
    HomeworkError
        If there is no such loss.
    """
    if str(name) not in LOSSES:
        raise HomeworkError("input", f"the loss must be one of {', '.join(LOSSES)}; got {name!r}")
    return str(name)
