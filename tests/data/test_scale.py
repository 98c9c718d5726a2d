"""Standardisation uses the training set's numbers, and no feature divides by zero."""

import numpy as np
import pytest

from tinygrad_cn import data
from tinygrad_cn.errors import ShapeError


@pytest.mark.parametrize(
    ("shape", "axes", "scaler_shape"),
    [((3, 50), 1, (3, 1)), ((3, 50, 4), (1, 2), (3, 1, 1)), ((50, 4, 4, 3), (0, 1, 2), (1, 1, 1, 3))],
)
def test_each_feature_gets_mean_0_and_deviation_1(shape, axes, scaler_shape):
    X = np.random.default_rng(0).normal(5, 3, shape)
    scaled, scaler = data.standardize(X)
    assert scaler.mean.shape == scaler.std.shape == scaler_shape
    np.testing.assert_allclose(scaled.mean(axis=axes), 0, atol=1e-14)
    np.testing.assert_allclose(scaled.std(axis=axes), 1)


def test_new_samples_are_scaled_by_the_training_set():
    X = np.array([[1.0, 2.0, 3.0]])
    _, scaler = data.standardize(X)
    np.testing.assert_allclose(scaler([[4.0]]), (4 - 2) / np.sqrt(2 / 3))
    np.testing.assert_allclose(scaler.inverse(scaler(X)), X)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e-8, 1e8])
def test_a_constant_feature_becomes_0_and_new_values_stay_finite(value):
    scaled, scaler = data.standardize(np.full((1, 7), value))
    assert (scaled == 0).all()
    assert scaler.std == 1
    assert scaler([[value + 2]]) == pytest.approx(2)


def test_a_small_feature_is_not_taken_for_a_constant():
    scaled, _ = data.standardize(np.array([[1e-12, 3e-12]]))
    np.testing.assert_allclose(scaled, [[-1, 1]])


def test_float32_stays_float32_and_integers_become_float64():
    assert data.standardize(np.ones((2, 3), np.float32))[0].dtype == np.float32
    assert data.standardize(np.arange(6).reshape(2, 3))[0].dtype == np.float64


@pytest.mark.parametrize("shape", [(5,), (2, 0), (1, 2, 3, 4, 5)])
def test_shapes_without_features_and_samples_are_refused(shape):
    with pytest.raises(ShapeError, match=r"X must be \(n_x, m\)"):
        data.standardize(np.zeros(shape))


def test_nan_is_refused():
    with pytest.raises(ValueError, match="X has 1 NaN or Inf entries"):
        data.standardize(np.array([[1.0, np.nan]]))


def test_a_scaler_refuses_other_features():
    _, scaler = data.standardize(np.eye(3))
    with pytest.raises(ShapeError, match=r"X \(2, 5\) does not fit the training set, whose mean is \(3, 1\)"):
        scaler(np.zeros((2, 5)))
