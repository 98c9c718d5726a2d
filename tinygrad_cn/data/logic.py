"""Truth tables that a single neuron cannot learn: xor of two bits and parity of n."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from ..seeds import Seed, generator
from .arguments import float_dtype, real, whole
from .dataset import Dataset

MOST_BITS = 20


def parity(n: int = 4, *, dtype: DTypeLike = np.float64) -> Dataset:
    """List all 2ⁿ corners of the n-cube, and whether their number of ones is odd.

    Parameters
    ----------
    n : int
        Number of bits, 1 to 20.
    dtype : dtype
        float64 or float32.

    Returns
    -------
    Dataset
        X (n, 2ⁿ) of 0 and 1, columns counting up in binary, Y (1, 2ⁿ).

    Raises
    ------
    ValueError
        If n is out of range.

    Examples
    --------
    >>> from tinygrad_cn import data
    >>> X, Y = data.parity(2)
    >>> X
    array([[0., 0., 1., 1.],
           [0., 1., 0., 1.]])
    >>> Y
    array([[0., 1., 1., 0.]])
    """
    n, kind = whole("n", n, 1, MOST_BITS), float_dtype(dtype)
    bits = np.arange(2**n) >> np.arange(n)[::-1, None] & 1
    return Dataset(bits.astype(kind), (bits.sum(axis=0, keepdims=True) % 2).astype(kind), "parity")


def xor(m: int = 4, noise: float = 0.0, seed: Seed = 0, *, dtype: DTypeLike = np.float64) -> Dataset:
    """Repeat the four corners of the exclusive or, with noise around them if wanted.

    Parameters
    ----------
    m : int
        Number of points, a multiple of 4.
    noise : float
        Standard deviation of the normal noise on both coordinates.
    seed : int, Generator or RandomState
        Decides the noise.
    dtype : dtype
        float64 or float32.

    Returns
    -------
    Dataset
        X (2, m), Y (1, m): (0, 0), (0, 1), (1, 0), (1, 1), and again from the start.

    Raises
    ------
    ValueError
        If m is no multiple of 4, or an argument is out of range.

    Examples
    --------
    >>> from tinygrad_cn import data
    >>> data.xor().Y
    array([[0., 1., 1., 0.]])
    """
    m, spread, kind = whole("m", m, 4), real("noise", noise), float_dtype(dtype)
    if m % 4:
        raise ValueError(f"m must be a multiple of 4, the number of corners; got {m}")
    corners = parity(2)
    X = np.tile(corners.X, m // 4) + spread * generator(seed).standard_normal((2, m))
    return Dataset(X.astype(kind), np.tile(corners.Y, m // 4).astype(kind), "xor")
