"""Reductions where the plain formula would fail: zeros, ties, equal entries, large numbers."""

from typing import Any

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.referee import check_first_order, check_second_order
from tinygrad_cn.ops.reduce import CUMPROD, LOGSUMEXP, RECURRENCE


def gradient(y: Any, x: tg.Tensor) -> Any:
    return tg.grad(np.sum(y), x)


def leaf(values: Any) -> Any:
    return tg.tensor(np.asarray(values, float), requires_grad=True, name="x")


@pytest.mark.parametrize(
    ("values", "want"), [([2.0, 0.0, 3.0], [0.0, 6.0, 0.0]), ([0.0, 5.0, 0.0], [0.0, 0.0, 0.0]), ([0.0], [1.0])]
)
def test_prod_with_zeros(values: list[float], want: list[float]) -> None:
    x = leaf(values)
    np.testing.assert_array_equal(gradient(np.prod(x), x), want)


def test_prod_with_zeros_has_a_hessian() -> None:
    x = leaf([2.0, 0.0, 3.0])
    first = tg.grad(np.prod(x), x, create_graph=True)
    hessian = [tg.grad(first[i], x) for i in range(3)]
    np.testing.assert_array_equal(hessian, [[0.0, 3.0, 0.0], [3.0, 0.0, 2.0], [0.0, 2.0, 0.0]])


def test_cumprod_with_zeros() -> None:
    x = leaf([2.0, 0.0, 3.0])
    np.testing.assert_array_equal(gradient(np.cumprod(x), x), [1.0, 8.0, 0.0])
    zeros = np.array([[1.5, 0.0, 2.0, 0.0], [0.0, 0.5, -1.0, 3.0]])
    for axis in (0, 1, None):
        check_first_order(lambda x, a=axis: CUMPROD(x, axis=a), [zeros], analytic=True)
        check_second_order(lambda x, a=axis: CUMPROD(x, axis=a), [zeros], analytic=True)


def test_recurrence_is_a_leaky_sum() -> None:
    a, b = leaf([9.0, 0.5, 0.5]), leaf([1.0, 1.0, 1.0])
    y = RECURRENCE(a, b)
    np.testing.assert_array_equal(y.numpy(), [1.0, 1.5, 1.75])
    np.testing.assert_array_equal(tg.grad(y[2], a), [0.0, 0.5, 1.5])
    np.testing.assert_array_equal(tg.grad(y[2], b), [0.25, 0.5, 1.0])


@pytest.mark.parametrize("f", [np.max, np.min])
def test_ties_share_equally(f: Any) -> None:
    x = leaf([[1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 5.0, 5.0]])
    y = f(x, axis=1)
    np.testing.assert_array_equal(tg.grad(y, x, grad=[4.0, 0.0])[0], [1.0, 1.0, 1.0, 1.0])
    assert sorted(tg.grad(y, x, grad=[0.0, 4.0])[1]) == [0.0, 0.0, 2.0, 2.0]


def test_std_of_equal_entries_has_gradient_zero() -> None:
    x = leaf([[3.0, 3.0], [1.0, 2.0]])
    np.testing.assert_array_equal(gradient(np.std(x, axis=1), x), [[0.0, 0.0], [-0.5, 0.5]])


def test_logsumexp_does_not_overflow() -> None:
    x = leaf([1000.0, 1000.0, -1000.0])
    y = LOGSUMEXP(x)
    assert y.item() == 1000.0 + np.log(2.0)
    np.testing.assert_allclose(gradient(y, x), [0.5, 0.5, 0.0], rtol=1e-12)  # x − y is rounded at 1000 · 2⁻⁵³
    assert LOGSUMEXP(np.array([-np.inf, -np.inf])) == -np.inf


def test_variance_of_large_numbers_keeps_its_digits() -> None:
    x = leaf(1e8 + np.array([1.0, 2.0, 3.0]))
    y = np.var(x, ddof=1)
    assert y.item() == 1.0
    np.testing.assert_array_equal(gradient(y, x), [-1.0, 0.0, 1.0])


def test_a_method_is_the_numpy_function() -> None:
    x = leaf(np.arange(6.0).reshape(2, 3) ** 2)
    assert x.sum().item() == 55.0
    assert x.mean(axis=1).tolist() == [5 / 3, 50 / 3]
    assert x.var(axis=0, ddof=1).tolist() == [40.5, 112.5, 220.5]
    assert x.max(axis=0, keepdims=True).tolist() == [[9.0, 16.0, 25.0]]
    assert x.cumsum().tolist() == [0.0, 1.0, 5.0, 14.0, 30.0, 55.0]


def test_a_wrong_axis_is_named() -> None:
    with pytest.raises(IndexError, match=r"sum\(x \(2,\)\): axis 1 is out of bounds"):
        np.sum(leaf([1.0, 2.0]), axis=1)
