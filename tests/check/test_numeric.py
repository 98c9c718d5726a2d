"""gradcheck: which referee, which entry, and that a wrong vjp does not pass."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn.check import gradcheck
from tinygrad_cn.errors import GradientMismatchError, OpError

W = np.array([[0.3, -1.2], [0.8, 0.5]])


def test_complex_step_where_every_op_is_analytic():
    report = gradcheck(lambda w: np.tanh(w @ w).sum(), [W])
    assert report.ok
    assert report.method == "complex step"
    assert report.worst.error < 1e-14
    assert len(report.entries) == report.total == 4


def test_central_difference_elsewhere():
    report = gradcheck(lambda w: np.abs(w).max(axis=0), [W])
    assert report.ok
    assert report.method == "central difference"


def test_wrong_vjp_is_caught_with_argument_and_entry():
    wrong = tg.op("half_wrong", lambda x: x**2, vjp=lambda g, y, x: g * np.where(x > 0.6, 2.1 * x, 2 * x))
    report = gradcheck(lambda w: wrong(w), [tg.tensor(W, requires_grad=True, name="W1")])
    assert not report
    assert [(e.argument, e.index) for e in report.wrong] == [("W1", (1, 0))]
    assert "W1        (1, 0)" in str(report)
    with pytest.raises(GradientMismatchError, match="1 disagree"):
        report.raise_if_wrong()


def test_non_scalar_results_are_projected_not_summed():
    """Two errors that cancel in a plain sum must not pass."""
    swap = tg.op("swapped", lambda x: 2 * x, vjp=lambda g, y, x: 2 * g[::-1], cases=(), broadcasts=False)
    assert not gradcheck(lambda x: swap(x), [np.array([1.0, 2.0])])


def test_kink_is_named_and_not_held_against_the_gradient():
    report = gradcheck(lambda x: np.maximum(x, 0.0).sum(), [np.array([0.0, 1.0])])
    assert report.ok
    assert [e.kink for e in report.entries] == [True, False]


def test_float32_is_judged_by_its_own_precision():
    report = gradcheck(lambda w: np.exp(w @ w).sum(), [W.astype(np.float32)])
    assert report.ok
    assert report.dtype == "float32"
    assert report.rtol == 2.0**12 * np.finfo(np.float32).eps


def test_large_inputs_are_sampled_and_it_is_said():
    report = gradcheck(lambda x: (x**2).sum(), [np.arange(1000.0)], entries=10)
    assert (len(report.entries), report.total) == (10, 1000)
    assert "10 of 1000 entries" in str(report)


def test_integers_and_constants_are_held_fixed():
    report = gradcheck(lambda x, k, c: (x[k] * c).sum(), [W[0], np.array([1, 1]), tg.tensor([2.0, 3.0])])
    assert report.ok
    assert {e.argument for e in report.entries} == {"inputs[0]"}


def test_result_that_depends_on_nothing_is_refused():
    with pytest.raises(OpError, match="depends on an input"):
        gradcheck(lambda x: tg.tensor(1.0), [W])


def test_the_callers_tensors_stay_untouched():
    w = tg.tensor(W, requires_grad=True)
    gradcheck(lambda w: (w * w).sum(), w)
    assert w.grad is None
    np.testing.assert_array_equal(w.numpy(), W)
