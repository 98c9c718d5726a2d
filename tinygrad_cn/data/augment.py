"""More training images from the ones there are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .dataset import Dataset

MOVES = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))


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
    height, width = images.shape[1:3]
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    moved = np.concatenate([padded[:, 1 - y : 1 - y + height, 1 - x : 1 - x + width] for y, x in MOVES])
    X = moved if dataset.X.ndim == 4 else np.ascontiguousarray(moved.reshape(len(moved), -1).T)
    repeated = dataset.take(np.tile(np.arange(dataset.m), len(MOVES)))
    return replace(repeated, X=X)
