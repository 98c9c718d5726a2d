"""A learning rate for each entry, from the size of its past gradients: Adagrad and RMSprop.

Sources: J. Duchi et al., "Adaptive subgradient methods", JMLR 12 (2011), section 1.1; G. Hinton,
"Neural networks for machine learning", lecture 6e; A. Ng, "Improving deep neural networks", week 2.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..ops.op import Array
from .base import Optimizer, Slot, fraction, positive


class Scaled(Optimizer):
    """W ← W − α dW / (√S + ε), where S is made of past dW²."""

    eps: float

    def start(self, w: Array) -> Slot:
        """The squares, S = 0."""
        return {"S": np.zeros_like(w)}

    def update(self, w: Array, g: Array, slot: Slot, lr: float) -> None:
        """Renew S; W ← W − α g / (√S + ε)."""
        S, s = slot["S"], self.scratch(w)
        self.collect(S, np.multiply(g, g, out=s))
        np.sqrt(S, out=s)
        s += self.eps
        np.divide(g, s, out=s)
        s *= lr
        w -= s

    @abstractmethod
    def collect(self, S: Array, square: Array) -> None:
        """Put dW² into S, in place; `square` may be overwritten."""


class Adagrad(Scaled):
    """W ← W − α dW / (√S + ε), with S the sum of all dW² so far.

    Parameters
    ----------
    params, lr, weight_decay, decay_bias
        See `Optimizer`.
    eps : float
        ε, above 0: an entry whose gradient has always been 0 stays where it is.

    Examples
    --------
    >>> import tinygrad_cn as tg
    >>> from tinygrad_cn import optim
    >>> w = tg.tensor([1.0], requires_grad=True)
    >>> opt = optim.Adagrad([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w
    Tensor([0.9], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.01,
        eps: float = 1e-10,
        weight_decay: float = 0.0,
        decay_bias: bool = False,
    ) -> None:
        self.eps = positive("eps", eps)
        super().__init__(params, lr, weight_decay, decay_bias)

    def collect(self, S: Array, square: Array) -> None:
        """S ← S + dW²."""
        S += square


class RMSprop(Scaled):
    """W ← W − α dW / (√S + ε), with S the running mean of dW²: S ← β S + (1 − β) dW².

    Parameters
    ----------
    params, lr, weight_decay, decay_bias
        See `Optimizer`.
    beta : float
        β in [0, 1).
    eps : float
        ε, above 0.

    Examples
    --------
    >>> import tinygrad_cn as tg
    >>> from tinygrad_cn import optim
    >>> w = tg.tensor([1.0], requires_grad=True)
    >>> opt = optim.RMSprop([w], lr=0.1, beta=0.75)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> round(w.item(), 6)
    0.8
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.001,
        beta: float = 0.9,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decay_bias: bool = False,
    ) -> None:
        self.beta, self.eps = fraction("beta", beta), positive("eps", eps)
        super().__init__(params, lr, weight_decay, decay_bias)

    def collect(self, S: Array, square: Array) -> None:
        """S ← β S + (1 − β) dW²."""
        S *= self.beta
        square *= 1 - self.beta
        S += square
