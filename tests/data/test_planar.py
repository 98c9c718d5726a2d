"""Point sets: the published ones to the digit, the others where their shape says they lie."""

import numpy as np
import pytest

from tinygrad_cn import data

SETS = [data.flower, data.moons, data.circles, data.blobs, data.spirals]


def published_flower():
    """load_planar_dataset of the notes, as printed there."""
    rng = np.random.RandomState(1)
    X, Y = np.zeros((400, 2)), np.zeros((400, 1))
    for j in range(2):
        ix = range(200 * j, 200 * (j + 1))
        t = np.linspace(j * 3.12, (j + 1) * 3.12, 200) + rng.randn(200) * 0.2
        r = 4 * np.sin(4 * t) + rng.randn(200) * 0.2
        X[ix] = np.c_[r * np.sin(t), r * np.cos(t)]
        Y[ix] = j
    return X.T, Y.T


def test_flower_is_the_published_one():
    X, Y = data.flower()
    X_notes, Y_notes = published_flower()
    np.testing.assert_array_equal(X, X_notes)
    np.testing.assert_array_equal(Y, Y_notes)
    np.testing.assert_array_equal(data.flower(seed=np.random.RandomState(1)).X, X_notes)


@pytest.mark.parametrize(
    ("made", "columns", "labels"),
    [
        (  # sklearn.datasets.make_moons(n_samples=300, noise=.2, random_state=3), the set of "Optimization methods"
            lambda: data.moons(300, 0.2, np.random.RandomState(3)),
            [[-0.21687013, 0.80505015], [1.01544937, -0.5579734]],
            [0, 1],
        ),
        (  # make_circles(n_samples=200, factor=.5, noise=.3, random_state=1)
            lambda: data.circles(200, 0.3, np.random.RandomState(1)),
            [[-0.94775989, -0.66273873], [-0.58400216, 1.10950716]],
            [0, 0],
        ),
        (  # make_blobs(n_samples=200, random_state=5, n_features=2, centers=6)
            lambda: data.blobs(200, 6, seed=np.random.RandomState(5)),
            [[-0.87813281, 5.94703746], [2.78344509, -0.05723237]],
            [2, 3],
        ),
    ],
)
def test_a_random_state_gives_the_points_of_scikit_learn(made, columns, labels):
    dataset = made()
    np.testing.assert_allclose(dataset.X[:, :2], columns, rtol=0, atol=5e-9)
    assert dataset.labels[:2].tolist() == labels


@pytest.mark.parametrize("make", SETS)
def test_the_seed_decides_the_points(make):
    np.testing.assert_array_equal(make(seed=3).X, make(seed=3).X)
    assert not np.array_equal(make(seed=3).X, make(seed=4).X)


@pytest.mark.parametrize("make", SETS)
def test_layout_and_dtype(make):
    dataset = make(60, dtype=np.float32)
    assert dataset.X.shape == (2, 60)
    assert (dataset.X.dtype, dataset.Y.dtype) == (np.float32, np.float32)
    assert make(60).X.dtype == np.float64
    assert dataset.Y.shape[1] == 60


@pytest.mark.parametrize("make", SETS)
def test_classes_are_equally_large(make):
    counts = np.bincount(make(60).labels)
    assert counts.max() == counts.min()


def test_without_noise_moons_lie_on_their_half_circles():
    moons = data.moons(50, noise=0)
    centre = np.where(moons.labels == 0, [[0.0], [0.0]], [[1.0], [0.5]])
    np.testing.assert_allclose(np.linalg.norm(moons.X - centre, axis=0), 1)


def test_without_noise_circles_have_their_radii():
    circles = data.circles(51, noise=0, factor=0.3)
    np.testing.assert_allclose(np.linalg.norm(circles.X, axis=0), np.where(circles.labels == 0, 1, 0.3))


def test_without_noise_each_blob_is_a_point_in_the_box():
    blobs = data.blobs(40, classes=4, noise=0)
    centres = np.unique(blobs.X.T, axis=0)
    assert centres.shape == (4, 2)
    assert np.abs(centres).max() <= 10


def test_spiral_arms_turn_by_the_angle_asked_for_and_lie_evenly():
    spirals = data.spirals(30, classes=3, noise=0, turn=2.0)
    ends = spirals.X[:, np.isclose(np.linalg.norm(spirals.X, axis=0), 1)]
    angles = np.arctan2(*ends) % (2 * np.pi)
    np.testing.assert_allclose(np.sort(angles), np.sort((2.0 + 2 * np.pi * np.arange(3) / 3) % (2 * np.pi)))


def test_two_classes_make_one_row_and_more_make_one_hot_rows():
    assert data.blobs(9, classes=2).Y.shape == (1, 9)
    assert data.blobs(9, classes=3).Y.shape == (3, 9)
    assert np.bincount(data.blobs(11, classes=3).labels).tolist() == [4, 4, 3]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: data.flower(7), "m must be even, half of the points for each class; got 7"),
        (lambda: data.flower(seed=-1), "seed must be a whole number from 0 to 4294967295; got -1"),
        (lambda: data.moons(1), "m must be a whole number ≥ 2; got 1"),
        (lambda: data.moons(noise=-0.1), r"noise must be a finite number ≥ 0; got -0\.1"),
        (lambda: data.moons(noise=float("nan")), "noise must be a finite number ≥ 0; got nan"),
        (lambda: data.moons(dtype=int), "dtype must be floating point, such as float64 or float32; got int64"),
        (lambda: data.circles(factor=1.2), r"factor must be below 1, the radius of the outer circle; got 1\.2"),
        (lambda: data.blobs(2, classes=3), "m must be a whole number ≥ 3; got 2"),
        (lambda: data.spirals(classes=1), "classes must be a whole number ≥ 2; got 1"),
        (lambda: data.spirals(m=10.0), r"m must be a whole number ≥ 3; got 10\.0"),
    ],
)
def test_arguments_out_of_range_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
