"""Costs in which samples count differently: the last row of Y holds the weights, whose mean is 1.

So the weights go with their samples into mini-batches and validation sets. A weight of 2 is the sample taken twice.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import nn
from ..data.dataset import Array


def with_weights(Y: Array, weights: Array) -> Array:
    """Targets (n, m) with the weights (m,) below, scaled to a mean of 1.

    Raises
    ------
    ValueError
        If all weights are 0.

    Examples
    --------
    >>> with_weights(np.zeros((1, 2)), np.array([1.0, 3.0]))
    array([[0. , 0. ],
           [0.5, 1.5]])
    """
    mean = weights.mean()
    if not mean > 0:
        raise ValueError("sample_weight must not be zero for all samples")
    return np.concatenate([Y, weights[np.newaxis] / mean])


def weighted_cross_entropy(Z: Any, Y: Array) -> Any:
    """J = −(1/m) Σᵢ wᵢ Σ Y log softmax(Z): `nn.cross_entropy` in which sample i counts wᵢ times.

    Examples
    --------
    >>> Y = with_weights(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([1.0, 1.0]))
    >>> Z = np.array([[0.0, 1.0], [0.0, 2.0]])
    >>> bool(np.isclose(weighted_cross_entropy(Z, Y), nn.cross_entropy(Z, Y[:-1])))
    True
    """
    return -np.sum(Y[-1] * Y[:-1] * nn.log_softmax(Z)) / Y.shape[1]


def weighted_mse(A: Any, Y: Array) -> Any:
    """Mean over all entries of w (A − Y)²: `nn.mse` in which sample i counts wᵢ times.

    Examples
    --------
    >>> float(weighted_mse(np.array([[1.0, 2.0]]), with_weights(np.array([[1.0, 5.0]]), np.array([1.0, 1.0]))))
    4.5
    """
    return np.mean(Y[-1] * (A - Y[:-1]) ** 2)
