"""Datasets enlarged by changed copies: which, in which order, with which targets."""

import numpy as np
import pytest

from tinygrad_cn import data
from tinygrad_cn.errors import ShapeError

TWO_BY_TWO = data.Dataset(np.arange(1.0, 5.0).reshape(4, 1), np.array([[1.0]]), image_shape=(2, 2, 1))


def test_shifted_adds_four_moved_copies_with_their_targets():
    moved = data.shifted(TWO_BY_TWO)
    assert moved.images[..., 0].tolist() == [
        [[1, 2], [3, 4]], [[0, 1], [0, 3]], [[2, 0], [4, 0]], [[0, 0], [1, 2]], [[3, 4], [0, 0]],
    ]  # fmt: skip
    assert moved.Y.tolist() == [[1.0] * 5]
    train, _ = data.digits().split()
    np.testing.assert_array_equal(data.shifted(train).labels, np.tile(train.labels, 5))


def test_shifted_keeps_image_tensors_image_tensors():
    images = data.Dataset(np.ones((3, 4, 4, 2)), np.arange(3))
    assert data.shifted(images).X.shape == (15, 4, 4, 2)
    assert data.shifted(images).Y.tolist() == [0, 1, 2] * 5


def test_rotated_adds_a_copy_for_each_angle():
    turned = data.rotated(TWO_BY_TWO, degrees=(90, 180))
    np.testing.assert_allclose(
        turned.images[..., 0], [[[1, 2], [3, 4]], [[2, 4], [1, 3]], [[4, 3], [2, 1]]], atol=1e-12
    )
    assert turned.Y.tolist() == [[1.0] * 3]
    assert data.rotated(data.digits(np.float32)).X.dtype == np.float32


def test_noisy_keeps_the_samples_and_adds_copies_with_noise_of_that_size():
    dataset = data.flower()
    more = data.noisy(dataset, scale=0.3, copies=50, seed=1)
    np.testing.assert_array_equal(more.X[:, :400], dataset.X)
    np.testing.assert_array_equal(more.Y, np.tile(dataset.Y, 51))
    noise = (more.X - np.tile(dataset.X, 51))[:, 400:]
    assert noise.mean() == pytest.approx(0, abs=0.01)
    assert noise.std() == pytest.approx(0.3, rel=0.01)
    np.testing.assert_array_equal(more.X, data.noisy(dataset, scale=0.3, copies=50, seed=1).X)


def test_noisy_takes_every_layout():
    images = data.Dataset(np.ones((3, 4, 4, 2), np.float32), np.arange(3))
    assert data.noisy(images).X.shape == (6, 4, 4, 2)
    assert data.noisy(images).X.dtype == np.float32
    sequences = data.Dataset(np.ones((2, 3, 5)), np.ones((1, 3, 5)))
    assert data.noisy(sequences, copies=2).X.shape == (2, 9, 5)


def test_refused():
    for enlarge in (data.shifted, data.rotated):
        with pytest.raises(ShapeError, match="flower has no images"):
            enlarge(data.flower())
    with pytest.raises(ValueError, match="copies must be a whole number ≥ 1; got 0"):
        data.noisy(data.flower(), copies=0)
