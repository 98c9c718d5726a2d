"""Samples X and their targets Y: a pair that unpacks, knows its labels and splits itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ..errors import ShapeError
from ..seeds import Seed, generator
from .arguments import float_dtype, fraction, whole

Array = NDArray[Any]
SAMPLE_AXIS = {1: 0, 2: 1, 3: 1, 4: 0}
HINTS = {  # by the numbers of axes of X and Y
    (2, 1): ". Samples are columns: did you mean X.T? Write ids of sequences (m, T) as (1, m, T)",
    (2, 2): ". Samples are columns: did you mean X.T or Y.T? Write ids of sequences (m, T) as (1, m, T)",
    (2, 3): ". Write ids of sequences (m, T) as (1, m, T)",
    (3, 2): ". Write labels of sequences (m, T) as (1, m, T)",
}


def sample_axis(A: Array, name: str = "X") -> int:
    """Tell the axis that counts samples, in the notes' layout, from the number of axes.

    Labels (m,) and images (m, n_H, n_W, n_C): the first; columns (n, m) and sequences (n, m, T): the second.

    Raises
    ------
    ShapeError
        For no axis, or more than four.

    Examples
    --------
    >>> import numpy as np
    >>> sample_axis(np.zeros((64, 100))), sample_axis(np.zeros((100, 8, 8, 1)))
    (1, 0)
    """
    try:
        return SAMPLE_AXIS[A.ndim]
    except KeyError:
        raise ShapeError(
            f"{name} must be labels (m,), columns (n, m), sequences (n, m, T) or images (m, n_H, n_W, n_C); "
            f"got shape {A.shape}"
        ) from None


def count_samples(X: Array, Y: Array, axis: int | None = None) -> int:
    """Return the number of samples m, after a check that X and Y agree on it.

    Raises
    ------
    ShapeError
        If they do not.
    """
    axis = sample_axis(X) if axis is None else axis
    if not -X.ndim <= axis < X.ndim:
        raise ShapeError(f"axis must be an axis of X, whose shape is {X.shape}; got {axis}")
    m, m_Y = X.shape[axis], Y.shape[sample_axis(Y, "Y")]
    if m != m_Y:
        hint = HINTS.get((X.ndim, Y.ndim), "")
        raise ShapeError(f"X and Y must hold as many samples: X {X.shape} has m = {m}, Y {Y.shape} has m = {m_Y}{hint}")
    return int(m)


def one_hot(labels: ArrayLike, classes: int | None = None, dtype: DTypeLike = np.float64) -> Array:
    """Make columns of zeros with a single 1 in the row of the label.

    Parameters
    ----------
    labels : array_like of int, (m,)
        Class numbers from 0.
    classes : int, optional
        Number of rows; one more than the largest label by default.
    dtype : dtype
        float64 or float32.

    Returns
    -------
    ndarray, (classes, m)

    Raises
    ------
    ValueError
        If a label is not a whole number in [0, classes).
    ShapeError
        If `labels` is not a vector.

    Examples
    --------
    >>> one_hot([1, 0, 2])
    array([[0., 1., 0.],
           [1., 0., 0.],
           [0., 0., 1.]])
    """
    index = np.asarray(labels)
    if index.ndim != 1:
        raise ShapeError(f"labels must be a vector (m,); got shape {index.shape}")
    if index.dtype.kind not in "iu":
        raise ValueError(f"labels must be whole numbers; got dtype {index.dtype}")
    rows = int(index.max(initial=0)) + 1 if classes is None else whole("classes", classes, 1)
    if index.size and (index.min() < 0 or index.max() >= rows):
        raise ValueError(f"labels must lie in 0..{rows - 1}; got {index.min()}..{index.max()}")
    Y = np.zeros((rows, index.size), float_dtype(dtype))
    Y[index, np.arange(index.size)] = 1
    return Y


def class_labels(Y: Array) -> Array | None:
    """Read the class of each sample from Y, or return None if Y does not hold classes.

    Classes are integers (m,), 0 or 1 in (1, m), −1 or 1 in (1, m) (as 0 or 1), or one-hot columns.

    Examples
    --------
    >>> import numpy as np
    >>> class_labels(np.array([[0.0, 1.0, 1.0]]))
    array([0, 1, 1])
    >>> class_labels(np.array([[0.3, 2.5, 1.0]])) is None
    True
    """
    if Y.ndim == 1:
        return Y if Y.dtype.kind in "iu" else None
    if Y.ndim != 2:
        return None
    if Y.shape[0] == 1:
        return (Y[0] > 0).astype(int) if _only(Y, (0, 1)) or _only(Y, (-1, 1)) else None
    return Y.argmax(axis=0) if _only(Y, (0, 1)) and (Y.sum(axis=0) == 1).all() else None


def _only(Y: Array, values: tuple[int, int]) -> bool:
    return bool(np.isin(Y, values).all())


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Samples and targets; `X, Y = dataset` unpacks it.

    Attributes
    ----------
    X : ndarray
        Samples: columns (n_x, m), sequences (n_x, m, T) or images (m, n_H, n_W, n_C).
    Y : ndarray
        Targets: (1, m), one-hot (classes, m), labels (m,), or whatever the loss takes.
    name : str
        What `repr` calls it.
    image_shape : tuple of int, optional
        (n_H, n_W, n_C) if each column of X is a flattened image.

    Raises
    ------
    ShapeError
        If X and Y differ in the number of samples, or a column of X is no such image.

    Examples
    --------
    >>> import numpy as np
    >>> points = Dataset(np.zeros((2, 5)), np.ones((1, 5)), "points")
    >>> points
    <points: X (2, 5), Y (1, 5)>
    >>> X, Y = points
    """

    X: Array
    Y: Array
    name: str = "dataset"
    image_shape: tuple[int, int, int] | None = None

    def __post_init__(self) -> None:
        count_samples(self.X, self.Y)
        if self.image_shape is not None and self.X.shape != (int(np.prod(self.image_shape)), self.m):
            raise ShapeError(f"image_shape {self.image_shape} needs X of as many rows; got X {self.X.shape}")

    def __iter__(self) -> Iterator[Array]:
        return iter((self.X, self.Y))

    def __repr__(self) -> str:
        return f"<{self.name}: X {self.X.shape}, Y {self.Y.shape}>"

    @property
    def m(self) -> int:
        """Number of samples."""
        return int(self.X.shape[sample_axis(self.X)])

    @property
    def labels(self) -> Array:
        """The class of each sample, (m,).

        Raises
        ------
        ValueError
            If Y does not hold classes.
        """
        found = class_labels(self.Y)
        if found is None:
            raise ValueError(f"{self.name} has no class labels: Y {self.Y.shape} is neither 0/1, one-hot nor integer")
        return found

    @property
    def images(self) -> Array:
        """The samples as images (m, n_H, n_W, n_C).

        Raises
        ------
        ShapeError
            If the samples are not images.
        """
        if self.image_shape is not None:
            return self.X.T.reshape(self.m, *self.image_shape)
        if self.X.ndim != 4:
            raise ShapeError(f"{self.name} has no images: X is {self.X.shape} and image_shape is not given")
        return self.X

    def take(self, indices: ArrayLike) -> Dataset:
        """Pick the samples at `indices`, in that order."""
        index = np.asarray(indices)
        X, Y = (A.take(index, axis=sample_axis(A)) for A in self)
        return replace(self, X=X, Y=Y)

    def split(self, test: float = 0.2, seed: Seed = 0) -> tuple[Dataset, Dataset]:
        """Split into a training and a test part, both in the original order.

        Where Y holds classes the test part has the same share of each, to within one sample.

        Parameters
        ----------
        test : float
            Share of the samples in the test part, between 0 and 1.
        seed : int, Generator or RandomState
            Decides which.

        Returns
        -------
        (Dataset, Dataset)
            Training part, test part.

        Raises
        ------
        ValueError
            If `test` is no fraction, or one part would be empty.

        Examples
        --------
        >>> from tinygrad_cn import data
        >>> data.digits().split(test=0.2)
        (<digits: X (64, 1438), Y (10, 1438)>, <digits: X (64, 359), Y (10, 359)>)
        """
        size = round(fraction("test", test) * self.m)
        if not 0 < size < self.m:
            raise ValueError(f"test={test} of {self.m} samples leaves a part empty")
        labels = class_labels(self.Y)
        chosen = _stratified(np.zeros(self.m, int) if labels is None else labels, size, seed)
        return self.take(np.flatnonzero(~chosen)), self.take(np.flatnonzero(chosen))


def _stratified(labels: Array, size: int, seed: Seed) -> Array:
    """Mark `size` samples, taking from each class its share; the largest remainders are rounded up."""
    rng = generator(seed)
    chosen = np.zeros(labels.size, bool)
    classes, members = np.unique(labels, return_counts=True)
    share = size * members / labels.size
    quota = share.astype(int)
    quota[np.argsort(quota - share, kind="stable")[: size - quota.sum()]] += 1
    for label, n in zip(classes, quota, strict=True):
        chosen[rng.permutation(np.flatnonzero(labels == label))[:n]] = True
    return chosen
