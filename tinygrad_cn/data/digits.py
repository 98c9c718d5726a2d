"""Real handwritten digits, shipped with the package: 1,797 images of 8 by 8 pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from .arguments import float_dtype
from .dataset import Dataset, one_hot

BRIGHTEST = 16


def digits(dtype: DTypeLike = np.float64) -> Dataset:
    """Load the UCI handwritten digits.

    Parameters
    ----------
    dtype : dtype
        float64 or float32.

    Returns
    -------
    Dataset
        X (64, 1797): the pixel counts 0..16 divided by 16, in [0, 1], row by row from the top left.
        Y (10, 1797): one-hot. `labels` (1797,) gives the digits, `images` (1797, 8, 8, 1) the pictures.

    Notes
    -----
    E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository,
    1998, https://doi.org/10.24432/C50P49, the test part; licence CC BY 4.0.

    Examples
    --------
    >>> from tinygrad_cn import data
    >>> digits = data.digits()
    >>> digits.X.shape, digits.Y.shape, digits.labels[:5].tolist()
    ((64, 1797), (10, 1797), [0, 1, 2, 3, 4])
    """
    kind = float_dtype(dtype)
    with np.load(Path(__file__).with_name("digits.npz")) as archive:
        pixels, labels = archive["pixels"], archive["labels"]
    X = np.ascontiguousarray(pixels.T, dtype=kind) / kind.type(BRIGHTEST)
    return Dataset(X, one_hot(labels, 10, kind), "digits", image_shape=(8, 8, 1))
