"""The numbers of a value, be it recorded or not."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import data_of


def array_of(x: Any) -> Any:
    """The array in a node, or of what is none.

    Examples
    --------
    >>> array_of([1.0, 2.0])
    array([1., 2.])
    """
    return np.asarray(data_of(x))
