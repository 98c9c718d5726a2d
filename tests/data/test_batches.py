"""Mini-batches: the notes' shuffle to the index, every sample once, along the right axis."""

import math

import numpy as np
import pytest

from tinygrad_cn import data
from tinygrad_cn.errors import OpError, ShapeError


def random_mini_batches(X, Y, mini_batch_size, seed):
    """As printed in the notes."""
    rng = np.random.RandomState(seed)
    m = X.shape[1]
    permutation = list(rng.permutation(m))
    shuffled_X, shuffled_Y = X[:, permutation], Y[:, permutation].reshape((1, m))
    cuts = [slice(k * mini_batch_size, (k + 1) * mini_batch_size) for k in range(math.ceil(m / mini_batch_size))]
    return [(shuffled_X[:, cut], shuffled_Y[:, cut]) for cut in cuts]


def test_a_random_state_gives_the_batches_of_the_notes():
    rng = np.random.RandomState(1)
    X, Y = rng.randn(12288, 148), rng.randn(1, 148) < 0.5
    ours = list(data.minibatches(X, Y, 64, np.random.RandomState(0)))
    assert [batch.shape for batch, _ in ours] == [(12288, 64), (12288, 64), (12288, 20)]
    for (A, B), (A_notes, B_notes) in zip(ours, random_mini_batches(X, Y, 64, 0), strict=True):
        np.testing.assert_array_equal(A, A_notes)
        np.testing.assert_array_equal(B, B_notes)


@pytest.mark.parametrize(
    ("X_shape", "Y_shape", "X_batch", "Y_batch"),
    [
        ((2, 10), (1, 10), (2, 4), (1, 4)),
        ((10, 3, 3, 1), (2, 10), (4, 3, 3, 1), (2, 4)),
        ((5, 10, 7), (6, 10, 7), (5, 4, 7), (6, 4, 7)),
        ((2, 10), (10,), (2, 4), (4,)),
    ],
)
def test_the_layout_decides_the_axis(X_shape, Y_shape, X_batch, Y_batch):
    X, Y = next(data.minibatches(np.zeros(X_shape), np.zeros(Y_shape), 4))
    assert (X.shape, Y.shape) == (X_batch, Y_batch)


def test_axis_overrides_the_layout():
    X, Y = next(data.minibatches(np.zeros((10, 3)), np.zeros((1, 10)), 4, axis=0))
    assert (X.shape, Y.shape) == ((4, 3), (1, 4))


def test_samples_and_targets_stay_together_and_none_is_lost():
    X = np.arange(23.0).reshape(1, 23)
    batches = list(data.minibatches(X, 10 * X, 5))
    seen = np.hstack([A for A, _ in batches])
    assert sorted(seen[0]) == list(range(23))
    assert all((10 * A == B).all() for A, B in batches)
    assert [A.shape[1] for A, _ in batches] == [5, 5, 5, 5, 3]


def test_one_generator_gives_a_new_order_each_epoch_and_a_seed_the_same():
    X = np.arange(50.0).reshape(1, 50)
    rng = np.random.default_rng(0)
    first, second = (next(data.minibatches(X, X, 50, rng))[0] for _ in range(2))
    again = next(data.minibatches(X, X, 50, 0))[0]
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"Y": np.zeros((1, 9))}, ShapeError, r"X \(2, 10\) has m = 10, Y \(1, 9\) has m = 9"),
        ({"batch_size": 0}, ValueError, "batch_size must be a whole number ≥ 1; got 0"),
        ({"rng": 1.5}, OpError, r"rng must be an int, a np.random.Generator or a np.random.RandomState; got 1\.5"),
        ({"axis": 2}, ShapeError, r"axis must be an axis of X, whose shape is \(2, 10\); got 2"),
    ],
)
def test_bad_arguments_are_refused_at_the_call(arguments, error, message):
    with pytest.raises(error, match=message):
        data.minibatches(**{"X": np.zeros((2, 10)), "Y": np.zeros((1, 10)), **arguments})
