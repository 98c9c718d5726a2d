"""Adam and AdamW.

Sources: D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", arXiv:1412.6980,
algorithm 1; I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", arXiv:1711.05101,
algorithm 2; A. Ng, "Improving deep neural networks", week 2.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..ops.op import Array
from .base import Optimizer, Slot, fraction, positive


class Adam(Optimizer):
    """Momentum divided by the root of the running mean of squares, both corrected for their start at 0.

    v ← β₁ v + (1 − β₁) dW, S ← β₂ S + (1 − β₂) dW², W ← W − α v/(1 − β₁ᵗ) / (√(S/(1 − β₂ᵗ)) + ε).

    Parameters
    ----------
    params, lr, weight_decay, decay_bias
        See `Optimizer`.
    beta1, beta2 : float
        β₁ and β₂ in [0, 1).
    eps : float
        ε, above 0.

    Examples
    --------
    >>> import tinygrad_cn as tg
    >>> from tinygrad_cn import optim
    >>> w = tg.tensor([1.0, -3.0], requires_grad=True)
    >>> opt = optim.Adam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w
    Tensor([ 0.9, -2.9], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decay_bias: bool = False,
    ) -> None:
        self.beta1, self.beta2 = fraction("beta1", beta1), fraction("beta2", beta2)
        self.eps = positive("eps", eps)
        super().__init__(params, lr, weight_decay, decay_bias)

    def start(self, w: Array) -> Slot:
        """Running means v and S, and the number of steps t."""
        return {"v": np.zeros_like(w), "S": np.zeros_like(w), "t": 0}

    def update(self, w: Array, g: Array, slot: Slot, lr: float) -> None:
        """One step of algorithm 1."""
        slot["t"] += 1
        v, S, t, s = slot["v"], slot["S"], slot["t"], self.scratch(w)
        v *= self.beta1
        v += np.multiply(g, 1 - self.beta1, out=s)
        S *= self.beta2
        np.multiply(g, g, out=s)
        s *= 1 - self.beta2
        S += s
        root = (1 - self.beta2**t) ** 0.5  # √(S / root²) + ε, times root: one division of the array less
        np.sqrt(S, out=s)
        s += self.eps * root
        np.divide(v, s, out=s)
        s *= lr * root / (1 - self.beta1**t)
        w -= s


class AdamW(Adam):
    """Adam with decoupled weight decay: W ← (1 − α · weight_decay) W before the step of Adam.

    Parameters are those of `Adam`; `weight_decay` is 0.01 unless given.

    Examples
    --------
    >>> import tinygrad_cn as tg
    >>> from tinygrad_cn import optim
    >>> w = tg.tensor([1.0], requires_grad=True)
    >>> opt = optim.AdamW([w], lr=0.1, weight_decay=0.5)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> round(w.item(), 6)
    0.85
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        decay_bias: bool = False,
    ) -> None:
        super().__init__(params, lr, beta1, beta2, eps, weight_decay, decay_bias)

    def decay(self, w: Array, g: Array, rate: float, lr: float) -> Array:
        """Shrink W itself; the gradient stays as it is."""
        w *= 1 - lr * rate
        return g
