"""Accuracy: the share of samples whose class the net got right, whatever way the classes are written."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..data.dataset import Array, class_labels

FROM_SCORES = {"binary_cross_entropy_with_logits", "hinge"}  # losses of raw scores: the border is 0, not ½


class Accuracy:
    """Compares the net's output with targets: one row by a border, more rows by the largest.

    Parameters
    ----------
    loss : callable
        Says whether one row holds probabilities, with the border ½, or raw scores, with the border 0.
    Y : ndarray
        All targets of the training; −1 and 1 have the border 0. Labels of sequences are (1, m, T).

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_cn import nn
    >>> Y = np.array([[0.0, 1.0, 1.0, 0.0]])
    >>> Accuracy(nn.binary_cross_entropy, Y)(np.array([[0.2, 0.9, 0.4, 0.1]]), Y)
    0.75
    """

    def __init__(self, loss: Callable[..., Any], Y: Array) -> None:
        self.classes = class_labels(_columns(Y)) is not None
        while isinstance(loss, partial):
            loss = loss.func
        scores = getattr(loss, "__name__", "") in FROM_SCORES
        self.border = 0.0 if scores or (Y < 0).any() else 0.5

    def __call__(self, A: Array, Y: Array) -> float | None:
        """Return the accuracy of outputs A for targets Y, or None if Y does not hold classes.

        Every time step of a sequence counts by itself; those whose one-hot column is all 0 are padding.
        """
        if A.shape != Y.shape and Y.size == A[0].size:
            return float(np.equal(A.argmax(axis=0), Y.reshape(A.shape[1:])).mean())
        if not self.classes or A.shape != Y.shape:
            return None
        if A.shape[0] == 1:
            return float(np.equal(self.border < A, Y > 0).mean())
        right, counts = np.equal(A.argmax(axis=0), Y.argmax(axis=0)), Y.any(axis=0)
        return float(right[counts].mean()) if counts.any() else None


def _columns(Y: Array) -> Array:
    """A sequence's time steps as columns, without the padded ones; other targets as they are."""
    if Y.ndim != 3:
        return Y
    flat = Y.reshape(len(Y), -1)
    return flat if len(Y) == 1 else flat[:, flat.any(axis=0)]
