"""Gradient clipping."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import optim
from tinygrad_cn.errors import OpError


def with_gradients(*gradients):
    leaves = [tg.tensor(np.zeros_like(g), requires_grad=True) for g in gradients]
    for t, g in zip(leaves, gradients, strict=True):
        t.grad = g
    return leaves


def test_norm_is_joint_and_all_gradients_shrink_by_one_factor():
    a, b, none = *with_gradients(np.array([3.0, 0.0]), np.array([[4.0]])), tg.tensor([1.0], requires_grad=True)
    assert optim.clip_grad_norm([a, none, b], 2.5) == 5.0
    assert (a.grad.tolist(), b.grad.tolist(), none.grad) == ([1.5, 0.0], [[2.0]], None)


def test_a_small_norm_is_left_alone():
    (a,) = with_gradients(np.array([3.0, 4.0]))
    assert optim.clip_grad_norm([a], 5.0) == 5.0
    assert a.grad.tolist() == [3.0, 4.0]


@pytest.mark.parametrize(("dtype", "huge"), [(np.float64, 1e200), (np.float32, 1e30)])
def test_exploded_but_finite_gradients_are_clipped(dtype, huge):
    (a,) = with_gradients(np.array([3 * huge, 4 * huge], dtype))
    assert optim.clip_grad_norm([a], 1.0) == pytest.approx(5 * huge)
    assert a.grad == pytest.approx([0.6, 0.8])
    assert a.grad.dtype == dtype


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_stays_visible(bad):
    (a,) = with_gradients(np.array([1.0, bad]))
    norm = optim.clip_grad_norm([a], 1.0)
    assert not np.isfinite(norm)
    np.testing.assert_array_equal(a.grad, [1.0, bad])


def test_nothing_and_zeros():
    (a,) = with_gradients(np.zeros((0, 3)))
    assert optim.clip_grad_norm([], 1.0) == optim.clip_grad_norm([a], 1.0) == 0.0
    (b,) = with_gradients(np.zeros(2))
    assert optim.clip_grad_norm([b], 1.0) == 0.0
    assert b.grad.tolist() == [0, 0]


def test_value():
    (a,) = with_gradients(np.array([-3.0, 0.5, 2.0]))
    optim.clip_grad_value([a], 1.5)
    assert a.grad.tolist() == [-1.5, 0.5, 1.5]


def test_a_single_tensor_is_no_list_of_parameters():
    (a,) = with_gradients(np.array([3.0, 4.0]))
    with pytest.raises(OpError, match=r"params must be an iterable such as net.parameters\(\); got Tensor"):
        optim.clip_grad_norm(a, 1.0)


def test_limits_are_positive():
    with pytest.raises(ValueError, match="max_norm must be above 0; got 0"):
        optim.clip_grad_norm([], 0)
    with pytest.raises(ValueError, match="limit must be above 0; got -1"):
        optim.clip_grad_value([], -1)
