"""Datasets enlarged by changed copies of their samples: moved, turned, noisy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..seeds import Seed, generator
from .arguments import whole
from .augment import Noise
from .dataset import Array, Dataset, sample_axis
from .pixels import columns, move, rotate

MOVES = ((0, 1), (0, -1), (1, 0), (-1, 0))


def shifted(dataset: Dataset) -> Dataset:
    """Add to each image its copies moved by one pixel to the right, left, down and up; what enters is 0.

    Parameters
    ----------
    dataset : Dataset
        Images, or columns with `image_shape`, usually the training part alone.

    Returns
    -------
    Dataset
        Five times as many samples: the images themselves first.

    Raises
    ------
    ShapeError
        If the samples are not images.

    Examples
    --------
    >>> from tinygrad_cn import data
    >>> train, test = data.digits().split()
    >>> data.shifted(train)
    <digits: X (64, 7190), Y (10, 7190)>
    """
    images = dataset.images
    return _enlarged(dataset, [images, *(move(images, down, right) for down, right in MOVES)])


def rotated(dataset: Dataset, degrees: Sequence[float] = (-10.0, 10.0)) -> Dataset:
    """Add to each image a copy turned by each angle; what enters is 0.

    Parameters
    ----------
    dataset : Dataset
        Images, or columns with `image_shape`.
    degrees : sequence of float
        Angles, counter-clockwise.

    Returns
    -------
    Dataset
        The images themselves first, then those of the first angle, and so on.

    Raises
    ------
    ShapeError
        If the samples are not images.

    Examples
    --------
    >>> from tinygrad_cn import data
    >>> data.rotated(data.digits())
    <digits: X (64, 5391), Y (10, 5391)>
    """
    images = dataset.images
    return _enlarged(dataset, [images, *(rotate(images, angle) for angle in degrees)])


def noisy(dataset: Dataset, scale: float = 0.1, copies: int = 1, seed: Seed = 0) -> Dataset:
    """Add copies of the samples with normal noise on every entry; any layout will do.

    Parameters
    ----------
    dataset : Dataset
        Usually the training part alone.
    scale : float
        Standard deviation of the noise, in units of X.
    copies : int
        How many copies of each sample.
    seed : int, Generator or RandomState
        Where the noise is drawn from.

    Returns
    -------
    Dataset
        1 + copies times as many samples: the samples themselves first.

    Raises
    ------
    ValueError
        If `scale` is negative or `copies` below 1.

    Examples
    --------
    >>> from tinygrad_cn import data
    >>> noisy(data.flower(), scale=0.05, copies=2)
    <flower: X (2, 1200), Y (1, 1200)>
    """
    added = dataset.take(np.tile(np.arange(dataset.m), whole("copies", copies, 1)))
    X = np.concatenate([dataset.X, Noise(scale)(added.X, generator(seed))], axis=sample_axis(dataset.X))
    return replace(dataset.take(np.tile(np.arange(dataset.m), 1 + copies)), X=X)


def _enlarged(dataset: Dataset, copies: list[Array]) -> Dataset:
    """The dataset with these images, each a changed copy of all of its own."""
    images = np.concatenate(copies)
    repeated = dataset.take(np.tile(np.arange(dataset.m), len(copies)))
    return replace(repeated, X=images if dataset.X.ndim == 4 else columns(images))
