"""What the op records cannot say of activations: known values, tails, kinks, dtypes."""

import math

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn.ops.activation import GELU, GELU_TANH, LEAKY_RELU, LOG_SOFTMAX, RELU, SIGMOID, SOFTMAX
from tinygrad_cn.ops.op import REGISTRY
from tinygrad_cn.ops.special import NORMAL_CDF

ELEMENTWISE = "sigmoid softplus silu relu leaky_relu elu gelu gelu_tanh normal_cdf".split()
EXTREMES = np.array([-1e308, -1e154, -1e4, -745.2, -709.8, -40.0, -1e-300, 0.0, 1e-300, 40.0, 709.8, 1e4, 1e154, 1e308])


def gradient(op, x, **options):
    t = tg.tensor(x, requires_grad=True)
    op(t, **options).sum().backward()
    return t.grad


@pytest.mark.parametrize(
    ("name", "left", "right"),
    [
        ("sigmoid", 0, 1), ("softplus", 0, 1e308), ("silu", 0, 1e308), ("relu", 0, 1e308),
        ("leaky_relu", -1e306, 1e308), ("elu", -1, 1e308), ("gelu", 0, 1e308), ("gelu_tanh", 0, 1e308),
        ("normal_cdf", 0, 1),
    ],
)  # fmt: skip
def test_tails_have_their_limits_and_nothing_overflows(name, left, right):
    op = REGISTRY[name]
    y = op(EXTREMES)
    assert np.isfinite(y).all()
    assert (y[0], y[-1]) == pytest.approx((left, right), rel=1e-15)
    slopes = gradient(op, EXTREMES)
    assert np.isfinite(slopes).all()
    steep = {"leaky_relu": (0.01, 1), "sigmoid": (0, 0), "normal_cdf": (0, 0)}.get(name, (0, 1))
    assert (slopes[0], slopes[-1]) == pytest.approx(steep, abs=1e-30)


@pytest.mark.parametrize("name", [*ELEMENTWISE, "softmax", "log_softmax"])
def test_float32_and_integers(name):
    op, x = REGISTRY[name], np.array([-100, -1, 0, 2, 100])
    assert op(x).dtype == np.float64
    assert op(x.astype(np.float32)).dtype == np.float32
    assert gradient(op, x.astype(np.float32)).dtype == np.float32
    assert op(x.astype(np.float32)) == pytest.approx(op(x), rel=2e-6, abs=1e-37)


def test_sigmoid_is_the_textbook_formula_to_the_last_bit():
    x = np.linspace(-700, 700, 10001)
    np.testing.assert_array_equal(SIGMOID(x), 1 / (1 + np.exp(-x)))


def test_normal_distribution_function_against_the_c_library():
    x = np.linspace(-37, 37, 20001)
    want = np.array([0.5 * math.erfc(-v / math.sqrt(2)) for v in x])
    error = np.abs(NORMAL_CDF(x) - want)
    assert error.max() <= 2.3e-16
    assert (error / want)[np.abs(x) < 6].max() < 1e-14
    assert (error / want).max() < 1e-12


def test_tanh_approximation_of_gelu_is_within_the_promised_distance():
    x = np.linspace(-10, 10, 4001)
    assert 4e-4 < np.abs(GELU(x) - GELU_TANH(x)).max() < 5e-4


@pytest.mark.parametrize(
    ("name", "options", "slope"),
    [("relu", {}, 0.0), ("leaky_relu", {"slope": 0.2}, 0.2), ("elu", {"alpha": 0.5}, 0.5)],
)
def test_slope_at_the_kink_is_that_of_the_negative_side(name, options, slope):
    assert gradient(REGISTRY[name], np.zeros(3), **options) == pytest.approx(slope)


def test_leaky_relu_takes_slopes_above_one_and_below_zero():
    x = np.array([-2.0, 3.0])
    assert LEAKY_RELU(x, slope=1.5).tolist() == [-3.0, 3.0]
    assert LEAKY_RELU(x, slope=-1.0).tolist() == [2.0, 3.0]


def test_elu_keeps_the_digits_of_a_small_slope():
    assert gradient(REGISTRY["elu"], np.array([-40.0])) == pytest.approx(np.exp(-40), rel=1e-15)


def test_relu_passes_nan_on():
    assert np.isnan(RELU(np.array([np.nan])))[0]


def test_softmax_of_columns():
    Z = np.array([[5.0, 1000.0], [2.0, 0.0], [-1.0, -1000.0], [3.0, 1000.0]])
    A = SOFTMAX(Z)
    assert A[:, 0] == pytest.approx([0.842, 0.042, 0.002, 0.114], abs=5e-4)
    assert A[:, 1].tolist() == [0.5, 0.0, 0.0, 0.5]
    assert A.sum(axis=0) == pytest.approx([1, 1], abs=1e-15)
    np.testing.assert_array_equal(SOFTMAX(Z.T, axis=1), A.T)
    assert LOG_SOFTMAX(Z)[2, 1] == pytest.approx(-2000 - math.log(2))


def test_softmax_of_a_single_number():
    z = tg.tensor(2.0, requires_grad=True)
    assert (tg.softmax(z).item(), tg.log_softmax(z).item()) == (1.0, 0.0)


def test_softmax_of_very_negative_scores():
    Z = np.array([[-1000.0], [-1000.0 + np.log(3)]])
    assert SOFTMAX(Z).ravel() == pytest.approx([0.25, 0.75])
    assert np.exp(LOG_SOFTMAX(Z)).ravel() == pytest.approx([0.25, 0.75])


def test_formulas_name_only_g_y_x_and_options():
    assert SIGMOID.formula[0].fill({"g": "dA[1]", "y": "A[1]", "x": "Z[1]"}).text == "dA[1] ⊙ A[1] ⊙ (1 − A[1])"
    assert RELU.formula[0].fill({"g": "dA[1]", "x": "Z[1]"}).text == "dA[1] ⊙ 1{Z[1] > 0}"
    leaky = LEAKY_RELU.formula[0].fill({"g": "dA", "x": "Z", "slope": "0.2"})
    assert leaky.text == "dA ⊙ (1{Z > 0} + 0.2 · 1{Z ≤ 0})"
