"""Dropout: its mask, its mean, the notes' numbers, training and evaluation."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.published.exercise import normal, printed
from tinygrad_cn import nn


def test_forward_of_the_notes_exercise():
    """A. Ng, "Improving deep neural networks", week 1, "Regularization", forward_propagation_with_dropout."""
    X, W1, b1, W2, b2, W3, b3 = normal(1, (3, 5), (2, 3), (2, 1), (3, 2), (3, 1), (1, 3), (1, 1))
    dropout = nn.Dropout(0.7, np.random.RandomState(1))
    A1 = dropout(nn.relu(W1 @ X + b1))
    A2 = dropout(nn.relu(W2 @ A1 + b2))
    printed(nn.sigmoid(W3 @ A2 + b3), [0.36974721, 0.00305176, 0.04565099, 0.49683389, 0.36974721])


def test_what_stays_is_divided_by_keep_prob_and_gradients_go_where_values_went():
    A = tg.tensor(np.random.default_rng(0).normal(size=(3, 40)), requires_grad=True)
    D = np.random.default_rng(1).random(A.shape) < 0.8
    y = nn.Dropout(0.8, seed=1)(A)
    np.testing.assert_array_equal(y.numpy(), A.numpy() * D / 0.8)
    g = np.random.default_rng(2).normal(size=A.shape)
    y.backward(g)
    np.testing.assert_allclose(A.grad, g * D / 0.8, rtol=1e-15)
    assert 0 < (~D).sum() < D.size


def test_the_mean_stays_and_every_call_draws_anew():
    layer = nn.Dropout(0.3, seed=1)
    first, second = layer(np.ones((100, 1000))), layer(np.ones((100, 1000)))
    assert first.mean() == pytest.approx(1, abs=0.02)
    assert np.mean(first > 0) == pytest.approx(0.3, abs=0.01)
    assert (first != second).any()


def test_evaluation_passes_everything():
    A = np.ones((2, 3))
    assert nn.Dropout(0.5).eval()(A) is A
    assert nn.Dropout(1.0)(A) is A


def test_images_sequences_and_float32():
    for shape in ((2, 3, 3, 4), (5, 2, 3)):
        y = nn.Dropout(0.5, seed=1)(tg.tensor(np.ones(shape, np.float32), requires_grad=True))
        assert (y.shape, y.dtype) == (shape, np.float32)


@pytest.mark.parametrize("keep_prob", [0, -0.5, 1.2, float("nan")])
def test_keep_prob_is_a_probability(keep_prob):
    with pytest.raises(ValueError, match=r"keep_prob must lie in \(0, 1\]; got"):
        nn.Dropout(keep_prob)


def test_repr():
    assert repr(nn.Dropout(0.8)) == "Dropout(0.8)"
