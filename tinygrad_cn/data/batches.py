"""Mini-batches: a seeded shuffle, then consecutive slices, as in the notes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from ..seeds import Seed, generator
from .arguments import whole
from .dataset import Array, count_samples, sample_axis


def minibatches(
    X: ArrayLike, Y: ArrayLike, batch_size: int = 64, rng: Seed = 0, *, axis: int | None = None
) -> Iterator[tuple[Array, Array]]:
    """Shuffle samples and targets together and cut them into batches; a smaller last one is kept.

    Parameters
    ----------
    X : array_like
        Samples: columns (n_x, m), sequences (n_x, m, T) or images (m, n_H, n_W, n_C).
    Y : array_like
        Targets of as many samples: (m,), (n_y, m), (n_y, m, T) or (m, n_H, n_W, n_C).
    batch_size : int
        Samples in a batch; more than m gives one batch.
    rng : int, Generator or RandomState
        Decides the order. Pass one generator on from epoch to epoch for a new order in each.
        `np.random.RandomState(seed)` reproduces the notes' random_mini_batches with that seed.
    axis : int, optional
        The axis of X that counts samples, if it is not the notes'.

    Returns
    -------
    iterator of (ndarray, ndarray)
        Batches of X and Y.

    Raises
    ------
    ShapeError
        If X and Y differ in the number of samples.
    ValueError
        If `batch_size` or `rng` is out of range.

    Notes
    -----
    A. Ng, "Improving Deep Neural Networks", programming exercise "Optimization methods", random_mini_batches.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_cn import data
    >>> X, Y = np.arange(5.0).reshape(1, 5), np.zeros((1, 5))
    >>> [batch.tolist() for batch, _ in data.minibatches(X, Y, 2, np.random.RandomState(0))]
    [[[2.0, 0.0]], [[1.0, 3.0]], [[4.0]]]
    """
    samples, targets = np.asarray(X), np.asarray(Y)
    m = count_samples(samples, targets, axis)
    size = whole("batch_size", batch_size, 1)
    order = generator(rng, "rng").permutation(m)
    along = sample_axis(samples) if axis is None else axis
    picks = (order[start : start + size] for start in range(0, m, size))
    return ((samples.take(pick, along), targets.take(pick, sample_axis(targets))) for pick in picks)
