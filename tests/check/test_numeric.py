"""gradcheck: which referee, which entry, and that a wrong vjp does not pass."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn
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
    report = gradcheck(lambda w: wrong(w), [tg.tensor(W, requires_grad=True, name="W1")], lang="en")
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


def test_a_kink_is_told_with_its_one_sided_derivatives():
    text = str(gradcheck(lambda x: np.maximum(x, 0.0).sum(), [np.array([0.0, 1.0])], lang="en"))
    assert (
        "Entries at a kink: 1, such as inputs[0][0], with 0 below it and 1 above; any value between is right." in text
    )
    steep = tg.op("steep", lambda x: np.maximum(x, 0.0), vjp=lambda g, y, x: g * 3.0 * (x >= 0))
    text = str(gradcheck(lambda x: steep(x).sum(), [np.array([0.0, -1.0])], lang="en"))
    assert "A kink is near inputs[0][0]: 0 below it, 1 above, and the analytic value is not between them." in text


def test_what_the_wrong_entries_have_in_common_is_told():
    twice = tg.op("twice", lambda a, b: a * b, vjp=(lambda g, y, a, b: g * b, lambda g, y, a, b: 2 * g * a))
    a, b = (tg.tensor(W, requires_grad=True, name=n) for n in ("a", "b"))
    text = str(gradcheck(twice, [a, b], lang="en"))
    assert "8 of 8 entries, 4 disagree" in text
    assert "Only the gradient of b is wrong" in text
    assert "the analytic value is 2 times the numeric one" in text
    assert "whose derivative with respect to b is wrong" in text
    text = str(gradcheck(lambda b: twice(W, b).sum(), [W.astype(np.float32)], lang="zh"))
    assert "用中心差分核对梯度" in text
    assert "4 个不一致" in text
    assert "换成 float64" in text


def test_a_close_miss_of_the_difference_is_told():
    near = tg.op("near", lambda x: np.exp(x), vjp=lambda g, y, x: g * y * (1 + 3e-5))
    text = str(gradcheck(lambda x: near(x).sum(), [W], lang="en"))
    assert "are close, which may be the error of the difference itself" in text


def test_float32_is_judged_by_its_own_precision():
    report = gradcheck(lambda w: np.exp(w @ w).sum(), [W.astype(np.float32)])
    assert report.ok
    assert report.dtype == "float32"
    assert report.rtol == 2.0**12 * np.finfo(np.float32).eps


def test_large_inputs_are_sampled_and_it_is_said():
    report = gradcheck(lambda x: (x**2).sum(), [np.arange(1000.0)], entries=10, lang="en")
    assert (len(report.entries), report.total) == (10, 1000)
    assert "10 of 1000 entries" in str(report)


def test_integers_and_constants_are_held_fixed():
    report = gradcheck(lambda x, k, c: (x[k] * c).sum(), [W[0], np.array([1, 1]), tg.tensor([2.0, 3.0])])
    assert report.ok
    assert {e.argument for e in report.entries} == {"inputs[0]"}


def test_result_that_depends_on_nothing_is_refused():
    with pytest.raises(OpError, match="depends on an input"):
        gradcheck(lambda x: tg.tensor(1.0), [W])


def test_a_result_that_depends_on_other_tensors_alone_is_refused():
    w = tg.tensor(W, requires_grad=True)
    with pytest.raises(OpError, match="it depends on other tensors alone"):
        gradcheck(lambda _: (w * w).sum(), [W])


@pytest.mark.parametrize("hidden", ["tanh", "relu"])
def test_a_net_may_be_used_from_outside(hidden):
    """A wrong local gradient within it is found, in the parameters it reaches; the values are put back."""
    wrong = tg.op("half", lambda x: x.copy(), vjp=lambda g, y, x: g / 2)
    net = nn.Sequential(nn.Dense(2, 3, hidden, seed=1), wrong, nn.Dense(3, 1, seed=2))
    X, before = np.random.default_rng(0).normal(size=(2, 5)), net.state_dict()
    report = gradcheck(lambda *_: np.mean(net(X) ** 2), net.parameters())
    assert {e.argument for e in report.entries} == {"W1", "b1", "W2", "b2"}
    assert {e.argument for e in report.wrong} == {"W1", "b1"}
    assert all(np.array_equal(value, before[name]) for name, value in net.state_dict().items())


def test_a_number_is_an_input():
    report = gradcheck(lambda theta: theta * 2.0, 4.0)
    assert report.ok
    assert report.worst.analytic == 2.0


def test_the_callers_tensors_stay_untouched():
    w = tg.tensor(W, requires_grad=True)
    gradcheck(lambda w: (w * w).sum(), w)
    assert w.grad is None
    np.testing.assert_array_equal(w.numpy(), W)
