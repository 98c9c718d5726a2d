"""Floors under saturated probabilities, so that a unit which is saturated and wrong still learns.

Where A = σ(Z) has rounded to 0 or 1, dA has a factor 1/A or 1/(1 − A) that overflows, and dZ has the
same factor upside down, which is 0: their product, A − Y, would come out as 0 or NaN. With the same
floor under both it comes out right. 1 − A is never between 0 and half a rounding unit, so its floor
can be well above the smallest number; A itself goes down to that.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np


@cache
def smallest(dtype: np.dtype[Any]) -> float:
    """The floor of A: the smallest number with all its digits."""
    return float(np.finfo(dtype).tiny)


@cache
def smallest_subnormal(dtype: np.dtype[Any]) -> float:
    """The floor of p in log p: the smallest positive number."""
    return float(np.finfo(dtype).smallest_subnormal)


@cache
def smallest_gap(dtype: np.dtype[Any]) -> float:
    """The floor of 1 − A: the square of the rounding unit."""
    return float(np.finfo(dtype).eps) ** 2


def raised(A: Any) -> Any:
    """A, at least its floor."""
    return np.maximum(A, smallest(A.dtype))


def complement(A: Any) -> Any:
    """1 − A, at least its floor."""
    return np.maximum(1 - A, smallest_gap(A.dtype))
