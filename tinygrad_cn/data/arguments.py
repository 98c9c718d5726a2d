"""Checks of the arguments that datasets and trainings share."""

from __future__ import annotations

import sys
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import OpError

LARGEST = sys.float_info.max


def whole(name: str, value: Any, low: int, high: int | None = None) -> int:
    """Return `value` as an int in [low, high]."""
    if not _is_whole(value) or value < low or (high is not None and value > high):
        limits = f"≥ {low}" if high is None else f"from {low} to {high}"
        raise ValueError(f"{name} must be a whole number {limits}; got {value!r}")
    return int(value)


def real(name: str, value: Any, low: float = 0.0) -> float:
    """Return `value` as a finite float ≥ low."""
    if not is_real(value) or not low <= value <= LARGEST:
        raise ValueError(f"{name} must be a finite number ≥ {low:g}; got {value!r}")
    return float(value)


def fraction(name: str, value: Any) -> float:
    """Return `value` as a float strictly between 0 and 1."""
    if not is_real(value) or not 0 < value < 1:
        raise ValueError(f"{name} must be a fraction between 0 and 1; got {value!r}")
    return float(value)


def flag(name: str, value: Any) -> bool:
    """Return `value` as a bool; 0 and 1 will do."""
    if not isinstance(value, (bool, np.bool_)) and not (isinstance(value, Integral) and value in (0, 1)):
        raise ValueError(f"{name} must be True or False; got {value!r}")
    return bool(value)


def function(name: str, value: Any, like: str) -> None:
    """Refuse what cannot be called; `like` says what can."""
    if not callable(value):
        raise OpError(f"{name} must be {like}; got {value!r}")


def is_real(value: Any) -> bool:
    """Whether this is a real number, of Python or NumPy; True and False are none."""
    return isinstance(value, Real) and not isinstance(value, bool)


def float_dtype(dtype: DTypeLike) -> np.dtype[Any]:
    """Return `dtype` as a floating-point dtype."""
    found = np.dtype(dtype)
    if found.kind != "f":
        raise ValueError(f"dtype must be floating point, such as float64 or float32; got {found}")
    return found


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)
