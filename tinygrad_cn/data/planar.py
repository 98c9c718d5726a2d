"""Point sets in the plane: X (2, m), drawn from a seed, with noise to choose.

A whole number as seed gives a `np.random.Generator`. With a `np.random.RandomState`, `moons`, `circles` and
`blobs` give, point for point, the sets the notes take from scikit-learn's `make_moons`, `make_circles` and
`make_blobs`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from ..seeds import Rng, Seed, generator
from .arguments import float_dtype, real, whole
from .dataset import Array, Dataset, one_hot


def flower(m: int = 400, seed: Seed = 1, *, noise: float = 0.2, dtype: DTypeLike = np.float64) -> Dataset:
    """Draw the flower of the notes: petals of two classes that no straight line separates.

    The published generator: for class j, t runs over [3.12 j, 3.12 (j + 1)], r = 4 sin 4t, both with normal
    noise, and the points are (r sin t, r cos t). So that the default is the published set, a whole number as seed
    gives a `np.random.RandomState`.

    Parameters
    ----------
    m : int
        Number of points, even.
    seed : int, Generator or RandomState
        1 is the published one.
    noise : float
        Standard deviation of the noise on angle and radius.
    dtype : dtype
        float64 or float32.

    Returns
    -------
    Dataset
        X (2, m), Y (1, m) of 0 and 1, the first half 0.

    Raises
    ------
    ValueError
        If m is odd, or an argument is out of range.

    Notes
    -----
    A. Ng, "Neural Networks and Deep Learning", programming exercise "Planar data classification with one
    hidden layer", load_planar_dataset.

    Examples
    --------
    >>> from tinygrad_cn import data
    >>> X, Y = data.flower()
    >>> X[:, 0].round(6).tolist(), Y[0, [0, -1]].tolist()
    ([1.204442, 3.576114], [0.0, 1.0])
    """
    m, noise, kind = whole("m", m, 2), real("noise", noise), float_dtype(dtype)
    if m % 2:
        raise ValueError(f"m must be even, half of the points for each class; got {m}")
    rng = seed if isinstance(seed, Rng) else np.random.RandomState(whole("seed", seed, 0, 2**32 - 1))
    half = m // 2
    points = np.empty((2, m))
    for j in range(2):
        t = np.linspace(3.12 * j, 3.12 * (j + 1), half) + noise * rng.standard_normal(half)
        r = 4 * np.sin(4 * t) + noise * rng.standard_normal(half)
        points[:, half * j : half * (j + 1)] = r * np.sin(t), r * np.cos(t)
    return Dataset(points.astype(kind), np.repeat([[0, 1]], half, axis=1).astype(kind), "flower")


def moons(m: int = 400, noise: float = 0.1, seed: Seed = 0, *, dtype: DTypeLike = np.float64) -> Dataset:
    """Draw two interleaved half circles.

    Parameters
    ----------
    m : int
        Number of points, at least 2.
    noise : float
        Standard deviation of the normal noise on both coordinates.
    seed : int, Generator or RandomState
        Decides order and noise.
    dtype : dtype
        float64 or float32.

    Returns
    -------
    Dataset
        X (2, m), Y (1, m) of 0 (upper moon) and 1, shuffled.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> from tinygrad_cn import data
    >>> data.moons(300, noise=0.2)
    <moons: X (2, 300), Y (1, 300)>
    """
    upper = whole("m", m, 2) // 2
    s, t = (np.linspace(0, np.pi, n) for n in (upper, m - upper))
    corners = [[np.cos(s), np.sin(s)], [1 - np.cos(t), 1 - np.sin(t) - 0.5]]
    return _shuffled("moons", corners, noise, seed, dtype)


def circles(
    m: int = 400, noise: float = 0.05, seed: Seed = 0, *, factor: float = 0.5, dtype: DTypeLike = np.float64
) -> Dataset:
    """Draw a circle of radius 1 around one of radius `factor`.

    Parameters
    ----------
    m : int
        Number of points, at least 2.
    noise : float
        Standard deviation of the normal noise on both coordinates.
    seed : int, Generator or RandomState
        Decides order and noise.
    factor : float
        Radius of the inner circle, below 1.
    dtype : dtype
        float64 or float32.

    Returns
    -------
    Dataset
        X (2, m), Y (1, m) of 0 (outer circle) and 1, shuffled.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> from tinygrad_cn import data
    >>> data.circles(200)
    <circles: X (2, 200), Y (1, 200)>
    """
    outer = whole("m", m, 2) // 2
    if real("factor", factor) >= 1:
        raise ValueError(f"factor must be below 1, the radius of the outer circle; got {factor!r}")
    s, t = (np.linspace(0, 2 * np.pi, n, endpoint=False) for n in (outer, m - outer))
    rings = [[np.cos(s), np.sin(s)], [factor * np.cos(t), factor * np.sin(t)]]
    return _shuffled("circles", rings, noise, seed, dtype)


def blobs(
    m: int = 300, classes: int = 3, noise: float = 1.0, seed: Seed = 0, *, dtype: DTypeLike = np.float64
) -> Dataset:
    """Draw round clouds, one a class, with centres uniform in [−10, 10)².

    Parameters
    ----------
    m : int
        Number of points, at least one a class.
    classes : int
        Number of clouds, at least 2.
    noise : float
        Standard deviation of each cloud.
    seed : int, Generator or RandomState
        Decides centres, points and order.
    dtype : dtype
        float64 or float32.

    Returns
    -------
    Dataset
        X (2, m), Y (1, m) for two classes, one-hot (classes, m) for more, shuffled.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> from tinygrad_cn import data
    >>> data.blobs(90, classes=3)
    <blobs: X (2, 90), Y (3, 90)>
    """
    rng, spread = generator(seed), real("noise", noise)
    sizes = _shares(whole("m", m, whole("classes", classes, 2)), classes)
    centres = rng.uniform(-10, 10, (classes, 2))
    clouds = [rng.normal(centre, spread, (n, 2)).T for centre, n in zip(centres, sizes, strict=True)]
    return _shuffled("blobs", clouds, None, rng, dtype)


def spirals(
    m: int = 300, classes: int = 3, noise: float = 0.2, seed: Seed = 0, *, turn: float = 4.0,
    dtype: DTypeLike = np.float64,
) -> Dataset:  # fmt: skip
    """Draw spiral arms from the origin to radius 1, one a class.

    Parameters
    ----------
    m : int
        Number of points, at least one a class.
    classes : int
        Number of arms, at least 2.
    noise : float
        Standard deviation of the normal noise on the angle, in radians.
    seed : int, Generator or RandomState
        Decides order and noise.
    turn : float
        Angle from the beginning of an arm to its end, in radians.
    dtype : dtype
        float64 or float32.

    Returns
    -------
    Dataset
        X (2, m), Y (1, m) for two classes, one-hot (classes, m) for more, shuffled.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    A. Karpathy, "Convolutional Neural Networks for Visual Recognition" (CS231n), notes "Putting it together:
    minimal neural network case study", with equal angles between the arms.

    Examples
    --------
    >>> from tinygrad_cn import data
    >>> data.spirals(200, classes=2)
    <spirals: X (2, 200), Y (1, 200)>
    """
    rng, spread, turn = generator(seed), real("noise", noise), real("turn", turn)
    arms = []
    for j, n in enumerate(_shares(whole("m", m, whole("classes", classes, 2)), classes)):
        r = np.linspace(0, 1, n)
        t = 2 * np.pi * j / classes + turn * r + spread * rng.standard_normal(n)
        arms.append(r * np.array([np.sin(t), np.cos(t)]))
    return _shuffled("spirals", arms, None, rng, dtype)


# ---- helpers ----------------------------------------------------------------------------------------


def _shares(m: int, classes: int) -> list[int]:
    """`m` points over the classes, the first ones taking what does not divide."""
    return [m // classes + (j < m % classes) for j in range(classes)]


def _shuffled(
    name: str, parts: list[list[Array]] | list[Array], noise: float | None, seed: Seed, dtype: DTypeLike
) -> Dataset:
    """Points of each class (2, n) in random order, then noise: the draws and their order are scikit-learn's."""
    kind, rng = float_dtype(dtype), generator(seed)
    labels = np.repeat(np.arange(len(parts)), [len(part[0]) for part in parts])
    points = np.hstack([np.asarray(part) for part in parts])
    order = np.arange(labels.size)
    rng.shuffle(order)
    points, labels = points[:, order], labels[order]
    if noise is not None:
        points = points + rng.normal(scale=real("noise", noise), size=points.T.shape).T
    Y = one_hot(labels, len(parts), kind) if len(parts) > 2 else labels.reshape(1, -1).astype(kind)
    return Dataset(points.astype(kind), Y, name)
