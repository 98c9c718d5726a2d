"""Dropout: in training, units fall out at random."""

from __future__ import annotations

from typing import Any

from ..ops.op import arrayed
from ..seeds import Seed, generator
from .module import Module


class Dropout(Module):
    """Inverted dropout: A ⊙ D / keep_prob in training, A itself otherwise.

    D is 1 with probability keep_prob, drawn anew in every step, one number per entry of A; the division keeps
    the mean of A as it is.

    Parameters
    ----------
    keep_prob : float
        Probability that a unit stays, in (0, 1].
    seed : int, np.random.Generator or np.random.RandomState, optional
        Where D is drawn from. `np.random.RandomState(1)` draws what the notes draw after `np.random.seed(1)`.

    Raises
    ------
    ValueError
        If `keep_prob` is out of range.

    Notes
    -----
    N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15 (2014),
    section 10; A. Ng, "Improving deep neural networks", week 1, dropout regularization.

    Examples
    --------
    >>> import numpy as np
    >>> layer = Dropout(0.5, seed=1)
    >>> layer(np.ones((1, 4))), layer.eval()(np.ones((1, 4)))
    (array([[0., 0., 2., 0.]]), array([[1., 1., 1., 1.]]))
    """

    def __init__(self, keep_prob: float = 0.5, seed: Seed = None) -> None:
        if not 0 < keep_prob <= 1:
            raise ValueError(f"keep_prob must lie in (0, 1]; got {keep_prob}")
        self.keep_prob = float(keep_prob)
        self.rng = generator(seed)

    def forward(self, A: Any) -> Any:
        """A with some of its entries set to 0 and the others divided by keep_prob; any shape."""
        if not self.training or self.keep_prob == 1:
            return A
        A = arrayed(A)
        D = self.rng.random(A.shape) < self.keep_prob
        return A * D / self.keep_prob

    def __repr__(self) -> str:
        return f"Dropout({self.keep_prob})"
