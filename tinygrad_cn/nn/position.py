"""Positions: attention sees a set of steps, so which one comes when must be added to them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ShapeError
from ..ops.op import Array, arrayed
from ..seeds import Seed, generator
from ..tensor import Tensor
from .dense import units
from .init import Init, draw, normal
from .module import Module, Parameter

SMALL = normal(0.02)


class PositionalEncoding(Module):
    """Adds waves of many lengths to a sequence, a pattern of its own for every step; nothing to learn.

    X + P with P from `sinusoidal_positions`, for sequences of any length.

    Parameters
    ----------
    n : int
        Number of rows of X.

    Raises
    ------
    ValueError
        If `n` is below 1.

    Examples
    --------
    >>> import numpy as np
    >>> PositionalEncoding(2)(np.zeros((2, 1, 3))).numpy().round(2)
    array([[[ 0.  ,  0.84,  0.91]],
    <BLANKLINE>
           [[ 1.  ,  0.54, -0.42]]])
    """

    def __init__(self, n: int) -> None:
        self.n = units("n", n)

    def forward(self, X: Any) -> Any:
        """X (n, m, T) with the pattern of each step added.

        Raises
        ------
        ShapeError
            If X is no such sequence.
        """
        X = _sequence(self, X, self.n)
        P = Tensor(sinusoidal_positions(self.n, X.shape[2])[:, None].astype(X.dtype), name="P")
        return X + P

    def __repr__(self) -> str:
        return f"PositionalEncoding({self.n})"


class PositionEmbedding(Module):
    """Adds a learned column to every step of a sequence.

    Parameters
    ----------
    steps : int
        Longest sequence it knows.
    n : int
        Number of rows of X.
    init : str or callable
        Start value of P; normal with standard deviation 0.02 by default.
    seed : int, np.random.Generator or np.random.RandomState, optional
        Where it is drawn from.
    dtype : dtype
        np.float64 or np.float32.

    Attributes
    ----------
    P : Parameter
        (n, steps): one column a step.

    Raises
    ------
    ValueError
        If a number is below 1.

    Notes
    -----
    J. Gehring et al., "Convolutional sequence to sequence learning", ICML 2017, section 3.1.

    Examples
    --------
    >>> import numpy as np
    >>> PositionEmbedding(10, 8, seed=1)(np.zeros((8, 3, 5))).shape
    (8, 3, 5)
    """

    def __init__(
        self, steps: int, n: int, init: str | Init = SMALL, seed: Seed = None, dtype: DTypeLike = np.float64
    ) -> None:
        shape = (units("n", n), units("steps", steps))
        self.P = Parameter(draw(init, generator(seed), shape, dtype))

    def forward(self, X: Any) -> Any:
        """X (n, m, T) with the column of each step added.

        Raises
        ------
        ShapeError
            If X is no such sequence, or longer than the layer knows.
        """
        n, steps = self.P.shape
        X = _sequence(self, X, n)
        if X.shape[2] > steps:
            raise ShapeError(f"{self!r}: X may have up to {steps} steps; got {X.shape[2]}")
        return X + self.P[:, None, : X.shape[2]]

    def __repr__(self) -> str:
        n, steps = self.P.shape
        return f"PositionEmbedding({steps}, {n})"


def sinusoidal_positions(n: int, T: int) -> Array:
    """Patterns of steps: sine and cosine of t / 10000^(2i/n) in the rows 2i and 2i + 1, t = 0 … T − 1.

    Parameters
    ----------
    n, T : int
        Number of rows and of steps.

    Returns
    -------
    ndarray, (n, T)

    Raises
    ------
    ValueError
        If a number is below 1.

    Notes
    -----
    A. Vaswani et al., "Attention is all you need", NeurIPS 2017, section 3.5.

    Examples
    --------
    >>> sinusoidal_positions(4, 2).round(3).T
    array([[0.   , 1.   , 0.   , 1.   ],
           [0.841, 0.54 , 0.01 , 1.   ]])
    """
    row, t = np.arange(units("n", n))[:, None], np.arange(units("T", T))
    angle = t / 10000.0 ** (row // 2 * 2 / n)
    P: Array = np.where(row % 2 == 0, np.sin(angle), np.cos(angle))
    return P


def _sequence(layer: Module, X: Any, n: int) -> Any:
    X = arrayed(X)
    if X.ndim != 3 or X.shape[0] != n:
        raise ShapeError(f"{layer!r}: X must be a sequence ({n}, m, T); got {X.shape}")
    return X
