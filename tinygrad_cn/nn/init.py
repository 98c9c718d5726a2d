"""Start values of weights: functions (rng, shape) → array, and a table of their names.

Weights are (n_out, n_in), filters (f, f, n_C_prev, n_C), where n_in is f · f · n_C_prev. Sources: X. Glorot
and Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010,
section 4.2; K. He et al., "Delving deep into rectifiers", ICCV 2015, section 2.2; A. Ng, "Improving deep
neural networks", week 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import OpError, ShapeError
from ..ops.op import Array
from ..seeds import Rng

Shape = tuple[int, ...]
Init = Callable[[Any, Shape], Array]


def zeros(rng: Rng, shape: Shape) -> Array:
    """All 0: hidden units stay equal for ever, which is the lesson.

    Examples
    --------
    >>> import numpy as np
    >>> zeros(np.random.default_rng(1), (1, 2))
    array([[0., 0.]])
    """
    return np.zeros(shape)


def normal(scale: float = 0.01) -> Init:
    """Normal with standard deviation `scale`.

    Examples
    --------
    >>> import numpy as np
    >>> normal(0.5)(np.random.RandomState(0), (1, 2))
    array([[0.88202617, 0.2000786 ]])
    """
    return lambda rng, shape: rng.standard_normal(shape) * scale


def xavier(rng: Rng, shape: Shape) -> Array:
    """Normal with variance 1/n_in, as the notes use it with tanh.

    Examples
    --------
    >>> round(float(xavier(np.random.default_rng(1), (300, 400)).var() * 400), 1)
    1.0
    """
    values: Array = rng.standard_normal(shape) / np.sqrt(_fans(shape)[0])
    return values


def xavier_uniform(rng: Rng, shape: Shape) -> Array:
    """Uniform with variance 2/(n_in + n_out): Glorot and Bengio, equation 16.

    Examples
    --------
    >>> round(float(xavier_uniform(np.random.default_rng(1), (300, 300)).max()), 1)
    0.1
    """
    limit = np.sqrt(6 / sum(_fans(shape)))
    return rng.uniform(-limit, limit, shape)


def he(rng: Rng, shape: Shape) -> Array:
    """Normal with variance 2/n_in, for ReLU.

    Examples
    --------
    >>> round(float(he(np.random.default_rng(1), (300, 400)).var() * 400), 1)
    2.0
    """
    values: Array = rng.standard_normal(shape) * np.sqrt(2 / _fans(shape)[0])
    return values


def _fans(shape: Shape) -> tuple[int, int]:
    """n_in and n_out: what one output is made of, and how many outputs an input goes into."""
    if len(shape) == 4:
        places, (channels, filters) = shape[0] * shape[1], shape[2:]
        return places * channels, places * filters
    return shape[1], shape[0]


INITS: dict[str, Init] = {
    "zeros": zeros,
    "normal": normal(),
    "xavier": xavier,
    "xavier_uniform": xavier_uniform,
    "he": he,
}


def draw(init: str | Init, rng: Rng, shape: Shape, dtype: Any = np.float64) -> Array:
    """A start value of this shape, by the name of an init or by a function (rng, shape) → array.

    Raises
    ------
    ValueError
        If the name is unknown.
    ShapeError
        If the function returns another shape.

    Examples
    --------
    >>> import numpy as np
    >>> draw("zeros", np.random.default_rng(0), (1, 2))
    array([[0., 0.]])
    """
    if isinstance(init, str):
        if init not in INITS:
            raise ValueError(f"init must be one of {', '.join(INITS)}, or a function (rng, shape); got {init!r}")
        init = INITS[init]
    if not callable(init):
        raise OpError(f"init must be a name or a function (rng, shape); got {init!r}")
    values = np.asarray(init(rng, shape), dtype)
    if values.shape != shape:
        raise ShapeError(f"init must return an array of shape {shape}; got {values.shape}")
    return values
