"""Functions that are one step, like NumPy's own: what stands in for an array gets the call, not its inside."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

import numpy as np


class whole:  # noqa: N801 a decorator
    """Give a function of arrays NumPy's protocol for functions (`__array_function__`, NEP 18).

    The NumPy program of a chain writes it as one call; a compiled step looks inside.

    Examples
    --------
    >>> import numpy as np
    >>> class Loud:
    ...     def __array_function__(self, function, types, args, kwargs):
    ...         return f"asked to {function.__name__}"
    >>> @whole
    ... def double(x):
    ...     return 2 * x
    >>> double(np.ones(2)), double(Loud())
    (array([2., 2.]), 'asked to double')
    """

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f = f
        update_wrapper(self, f)

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Run it, or hand the call to what stands in for an array."""
        for x in inputs:
            if x.__class__ is not np.ndarray and hasattr(x, "__array_function__"):
                return x.__array_function__(self, (type(x),), inputs, options)
        return self.f(*inputs, **options)
