"""Gradient descent, plain and with momentum.

Sources: A. Ng, "Improving deep neural networks", week 2, gradient descent with momentum; I. Sutskever
et al., "On the importance of initialization and momentum in deep learning", ICML 2013, section 2;
PyTorch's documentation of SGD for its form.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np

from ..ops.op import Array
from .base import Optimizer, Slot, fraction

Form = Literal["course", "torch"]


class SGD(Optimizer):
    """Gradient descent: W ← W − α dW.

    Parameters
    ----------
    params, lr, weight_decay, decay_bias
        See `Optimizer`.

    Examples
    --------
    >>> import tinygrad_cn as tg
    >>> from tinygrad_cn import optim
    >>> w = tg.tensor([1.0], requires_grad=True)
    >>> opt = optim.SGD([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w
    Tensor([0.8], requires_grad=True)
    """

    def __init__(self, params: Iterable[Any], lr: float = 0.01, weight_decay: float = 0.0, decay_bias: bool = False):
        super().__init__(params, lr, weight_decay, decay_bias)

    def start(self, w: Array) -> Slot:
        """Nothing to remember."""
        return {}

    def update(self, w: Array, g: Array, slot: Slot, lr: float) -> None:
        """W ← W − α g."""
        w -= lr * g


class Momentum(Optimizer):
    """Gradient descent with momentum: W ← W − α v, where v is a running mean of dW.

    Parameters
    ----------
    params, lr, weight_decay, decay_bias
        See `Optimizer`.
    beta : float
        β in [0, 1).
    form : {"course", "torch"}
        "course": v ← β v + (1 − β) dW. "torch": v ← β v + dW, so the same path needs a learning
        rate 1 − β times as large.

    Examples
    --------
    >>> import tinygrad_cn as tg
    >>> from tinygrad_cn import optim
    >>> w = tg.tensor([1.0], requires_grad=True)
    >>> opt = optim.Momentum([w], lr=0.1, beta=0.5)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w
    Tensor([0.9], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.01,
        beta: float = 0.9,
        form: Form = "course",
        weight_decay: float = 0.0,
        decay_bias: bool = False,
    ) -> None:
        if form not in ("course", "torch"):
            raise ValueError(f'form must be "course" or "torch"; got {form!r}')
        self.beta = fraction("beta", beta)
        self.gain = 1 - self.beta if form == "course" else 1.0
        super().__init__(params, lr, weight_decay, decay_bias)

    def start(self, w: Array) -> Slot:
        """The velocity, v = 0."""
        return {"v": np.zeros_like(w)}

    def update(self, w: Array, g: Array, slot: Slot, lr: float) -> None:
        """V ← β v + (1 − β) g; W ← W − α v."""
        w -= np.multiply(self.velocity(w, g, slot), lr, out=self.scratch(w))

    def velocity(self, w: Array, g: Array, slot: Slot) -> Array:
        """The new v, in place."""
        v: Array = slot["v"]
        v *= self.beta
        v += np.multiply(g, self.gain, out=self.scratch(w))
        return v


class Nesterov(Momentum):
    """Momentum that looks ahead: W ← W − α (β v + (1 − β) dW), with the v of `Momentum`.

    With form="torch" it is PyTorch's SGD(nesterov=True): W ← W − α (β v + dW).

    Examples
    --------
    >>> import tinygrad_cn as tg
    >>> from tinygrad_cn import optim
    >>> w = tg.tensor([1.0], requires_grad=True)
    >>> opt = optim.Nesterov([w], lr=0.1, beta=0.5, form="torch")
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w
    Tensor([0.7], requires_grad=True)
    """

    def update(self, w: Array, g: Array, slot: Slot, lr: float) -> None:
        """V as in `Momentum`; W ← W − α (β v + (1 − β) g)."""
        v, s = self.velocity(w, g, slot), self.scratch(w)
        w -= np.multiply(v, lr * self.beta, out=s)
        w -= np.multiply(g, lr * self.gain, out=s)
