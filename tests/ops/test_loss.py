"""Losses against the textbook where it is finite, and their values where it is not."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn.ops.loss import (
    BINARY_CROSS_ENTROPY,
    BINARY_CROSS_ENTROPY_WITH_LOGITS,
    CATEGORICAL_CROSS_ENTROPY,
    CROSS_ENTROPY,
    HINGE,
    HUBER,
    MAE,
    MSE,
)

RNG = np.random.default_rng(0)
A = RNG.uniform(0.01, 0.99, (3, 7))
Z = RNG.normal(0, 3, (3, 7))
Y = RNG.uniform(0, 1, (3, 7))
ONE_HOT = np.eye(3)[:, RNG.integers(0, 3, 7)]
FAR = np.array([[-1e308, -1e4, -745.2, -709.0, -90.0, -37.0, 0.0, 20.0, 36.0, 37.0, 90.0, 709.0, 1e4, 1e308]])


def gradients(op, *inputs, **options):
    leaves = [tg.tensor(x, requires_grad=True) for x in inputs]
    op(*leaves, **options).backward()
    return [t.grad for t in leaves]


TEXTBOOK = [
    (BINARY_CROSS_ENTROPY, A, Y, -np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A)) / 7,
     (-Y / A + (1 - Y) / (1 - A)) / 7),
    (BINARY_CROSS_ENTROPY_WITH_LOGITS, Z, Y, np.sum(np.log(1 + np.exp(Z)) - Y * Z) / 7,
     (1 / (1 + np.exp(-Z)) - Y) / 7),
    (CATEGORICAL_CROSS_ENTROPY, A, Y, -np.sum(Y * np.log(A)) / 7, -Y / A / 7),
    (CROSS_ENTROPY, Z, ONE_HOT, -np.sum(ONE_HOT * np.log(np.exp(Z) / np.exp(Z).sum(0))) / 7,
     (np.exp(Z) / np.exp(Z).sum(0) - ONE_HOT) / 7),
    (MSE, A, Y, np.mean((A - Y) ** 2), 2 * (A - Y) / 21),
    (MAE, A, Y, np.mean(np.abs(A - Y)), np.sign(A - Y) / 21),
    (HUBER, 4 * A, Y, np.mean(np.where(np.abs(4 * A - Y) <= 1, (4 * A - Y) ** 2 / 2, np.abs(4 * A - Y) - 0.5)),
     np.clip(4 * A - Y, -1, 1) / 21),
    (HINGE, Z, 2 * ONE_HOT - 1, np.mean(np.maximum(0, 1 - (2 * ONE_HOT - 1) * Z)),
     -(2 * ONE_HOT - 1) * ((2 * ONE_HOT - 1) * Z < 1) / 21),
]  # fmt: skip


@pytest.mark.parametrize(("op", "a", "y", "value", "slope"), TEXTBOOK, ids=[row[0].name for row in TEXTBOOK])
def test_textbook(op, a, y, value, slope):
    assert float(op(a, y)) == pytest.approx(value, rel=1e-14)
    np.testing.assert_allclose(gradients(op, a, y)[0], slope, rtol=1e-13, atol=1e-16)


def test_cross_entropy_holds_for_columns_that_do_not_add_up_to_one():
    softmax = np.exp(Z) / np.exp(Z).sum(0)
    assert float(CROSS_ENTROPY(Z, Y)) == pytest.approx(-np.sum(Y * np.log(softmax)) / 7)
    np.testing.assert_allclose(gradients(CROSS_ENTROPY, Z, Y)[0], (softmax * Y.sum(0) - Y) / 7, rtol=1e-12)


def test_zero_times_log_zero_is_zero():
    certain = np.array([[0.0, 1.0]])
    assert float(BINARY_CROSS_ENTROPY(certain, certain)) == 0.0
    assert float(CATEGORICAL_CROSS_ENTROPY(np.array([[0.0], [1.0]]), np.array([[0.0], [1.0]]))) == 0.0
    assert gradients(BINARY_CROSS_ENTROPY, certain, certain)[0].tolist() == [[0.5, -0.5]]


@pytest.mark.parametrize(("dtype", "log_of_smallest"), [(np.float64, -744.4400719), (np.float32, -103.2789307)])
def test_log_of_zero_is_the_log_of_the_smallest_number(dtype, log_of_smallest):
    wrong, right = np.array([[0.0, 1.0]], dtype), np.array([[1.0, 0.0]], dtype)
    assert float(BINARY_CROSS_ENTROPY(wrong, right)) == pytest.approx(-log_of_smallest)
    assert float(CATEGORICAL_CROSS_ENTROPY(wrong.T, right.T)) == pytest.approx(-log_of_smallest)


def test_subnormal_probability_still_has_its_own_log():
    assert float(BINARY_CROSS_ENTROPY(np.array([[1e-320]]), np.array([[1.0]]))) == pytest.approx(320 * np.log(10))


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("target", [0.0, 1.0, 0.3])
def test_gradients_are_finite_whatever_the_scale_of_the_cost(scale, target):
    a = tg.tensor([[0.0, 5e-324, 1e-310, 1e-300, 0.5, 1 - 1e-16, 1.0]], requires_grad=True)
    for op in (BINARY_CROSS_ENTROPY, CATEGORICAL_CROSS_ENTROPY):
        a.grad = None
        (scale * op(a, np.full((1, 7), target))).backward()
        assert np.isfinite(a.grad).all()
    assert a.grad[0, 4] == pytest.approx(-scale * target / 7 / 0.5)


@pytest.mark.parametrize("target", [0.0, 1.0])
def test_saturated_and_wrong_still_learns(target):
    z, y = tg.tensor(FAR, requires_grad=True), np.full(FAR.shape, target)
    a = tg.sigmoid(z)
    BINARY_CROSS_ENTROPY(a, y).backward()
    np.testing.assert_allclose(z.grad * FAR.size, a.numpy() - y, rtol=1e-12, atol=1e-15)
    direct = gradients(BINARY_CROSS_ENTROPY_WITH_LOGITS, FAR, y)[0]
    np.testing.assert_allclose(z.grad, direct, atol=1e-15)


@pytest.mark.parametrize("label", [0, 1, 2])
def test_saturated_softmax_still_learns(label):
    z = tg.tensor([[0.0, 800.0, 1e4], [0.0, 0.0, -1e4], [1.0, -800.0, 0.0]], requires_grad=True)
    y = np.eye(3)[:, [label] * 3]
    a = tg.softmax(z)
    CATEGORICAL_CROSS_ENTROPY(a, y).backward()
    np.testing.assert_allclose(z.grad * 3, a.numpy() - y, atol=1e-15)


def test_logits_keep_their_value_far_out():
    wrong = (FAR < 0).astype(float)
    usual = FAR[:, 1:-1]
    assert float(BINARY_CROSS_ENTROPY_WITH_LOGITS(usual, wrong[:, 1:-1])) == pytest.approx(
        np.mean(np.abs(usual) + np.log1p(np.exp(-np.abs(usual))))
    )
    assert float(BINARY_CROSS_ENTROPY_WITH_LOGITS(FAR, 1 - wrong)) == pytest.approx(
        np.mean(np.log1p(np.exp(-np.abs(FAR))))
    )
    assert float(CROSS_ENTROPY(np.array([[1e4], [0.0]]), np.array([[0.0], [1.0]]))) == 1e4


def test_huber_does_not_square_what_it_should_not():
    assert float(HUBER(np.array([[1e200, -1e200]]), np.zeros((1, 2)))) == pytest.approx(1e200)
    assert float(HUBER(np.array([[2.0]]), np.array([[0.0]]), delta=0.5)) == pytest.approx(0.5 * (2 - 0.25))


def test_means_over_entries_and_sums_over_outputs():
    a, y = np.full((2, 4), 0.5), np.zeros((2, 4))
    assert float(MSE(a, y)) == 0.25
    assert float(BINARY_CROSS_ENTROPY(a, y)) == pytest.approx(2 * np.log(2))
    assert float(BINARY_CROSS_ENTROPY(a[0], y[0])) == pytest.approx(np.log(2))
