"""Standardisation: each feature to mean 0 and standard deviation 1, by the numbers of the training set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..errors import ShapeError
from .dataset import Array

OTHER_AXES = {2: (1,), 3: (1, 2), 4: (0, 1, 2)}


@dataclass(frozen=True, eq=False)
class Scaler:
    """Mean and standard deviation of a training set, to be applied to other samples.

    Attributes
    ----------
    mean, std : ndarray
        (n_x, 1) for columns, (n_x, 1, 1) for sequences, (1, 1, 1, n_C) for images. A feature that never
        changes has std 1, so that it becomes 0.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_cn import data
    >>> scaled, scaler = data.standardize(np.array([[1.0, 3.0], [5.0, 5.0]]))
    >>> scaler(np.array([[4.0], [5.0]])).tolist()
    [[2.0], [0.0]]
    """

    mean: Array
    std: Array

    def __call__(self, X: ArrayLike) -> Array:
        """Scale samples: (X − mean) / std."""
        return (self._fitting(X) - self.mean) / self.std

    def inverse(self, X: ArrayLike) -> Array:
        """Undo the scaling: X · std + mean."""
        return self._fitting(X) * self.std + self.mean

    def _fitting(self, X: ArrayLike) -> Array:
        samples = np.asarray(X)
        fits = samples.ndim == self.mean.ndim and all(
            n in (1, k) for n, k in zip(self.mean.shape, samples.shape, strict=True)
        )
        if not fits:
            raise ShapeError(f"X {samples.shape} does not fit the training set, whose mean is {self.mean.shape}")
        return samples


def standardize(X: ArrayLike) -> tuple[Array, Scaler]:
    """Shift and scale each feature to mean 0 and standard deviation 1.

    Parameters
    ----------
    X : array_like
        The training set: columns (n_x, m), sequences (n_x, m, T), or images (m, n_H, n_W, n_C), whose
        features are the channels.

    Returns
    -------
    scaled : ndarray
        Same shape; float32 stays float32.
    scaler : Scaler
        Apply it to the test set: `scaler(X_test)`.

    Raises
    ------
    ShapeError
        If X has another number of axes, or is empty.
    ValueError
        If X has NaN or Inf.

    Examples
    --------
    >>> from tinygrad_cn import data
    >>> train, test = data.digits().split()
    >>> X, scaler = data.standardize(train.X)
    >>> X.shape, scaler.mean.shape, scaler(test.X).shape
    ((64, 1438), (64, 1), (64, 359))
    """
    samples = np.asarray(X)
    if samples.ndim not in OTHER_AXES or not samples.size:
        raise ShapeError(f"X must be (n_x, m), (n_x, m, T) or (m, n_H, n_W, n_C), and not empty; got {samples.shape}")
    if not np.isfinite(samples).all():
        raise ValueError(f"X has {np.count_nonzero(~np.isfinite(samples))} NaN or Inf entries; clean it first")
    axes = OTHER_AXES[samples.ndim]
    kind = samples.dtype if samples.dtype.kind == "f" else np.dtype(float)
    mean, std = (f(samples, axis=axes, keepdims=True, dtype=float) for f in (np.mean, np.std))
    # Rounding leaves a tiny std for a constant such as 0.1, so ask the values themselves.
    constant = np.ptp(samples, axis=axes, keepdims=True) == 0
    mean = np.where(constant, samples.min(axis=axes, keepdims=True), mean)
    scaler = Scaler(mean.astype(kind), np.where(constant, 1.0, std).astype(kind))
    return scaler(samples), scaler
