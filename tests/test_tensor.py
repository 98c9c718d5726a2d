"""Tensor: its value, dtype rules, copies."""

import copy
import operator
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.leaves import leaf
from tinygrad_cn.errors import GraphError, OpError, ShapeError

# ---- making one -------------------------------------------------------------------------------------


def test_tensor_copies_its_data() -> None:
    mine = np.ones(2)
    x = tg.tensor(mine)
    mine[0] = 5.0
    np.testing.assert_array_equal(x.numpy(), [1.0, 1.0])


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int64, np.uint8, np.bool_])
def test_dtype_is_kept(dtype: Any) -> None:
    assert tg.tensor(np.ones(2, dtype)).dtype == dtype


@pytest.mark.parametrize("value", [[1, 2], [True, False], np.uint8(3)])
def test_integers_and_booleans_never_require_a_gradient(value: Any) -> None:
    with pytest.raises(OpError, match="requires_grad=True needs floating-point data; got dtype"):
        tg.tensor(value, requires_grad=True)
    assert not (tg.tensor(value) + 1).requires_grad


@pytest.mark.parametrize("value", [[1j], ["a"], [None]])
def test_what_is_not_a_real_number_is_refused(value: Any) -> None:
    with pytest.raises(OpError, match="data must be real numbers or booleans; got dtype"):
        tg.tensor(value)


def test_an_integer_result_of_a_recorded_value_does_not_require_a_gradient() -> None:
    x = leaf([1.5, 2.5])
    assert not x.astype(int).requires_grad
    assert not np.round(x).astype(np.int64).requires_grad


def test_named_names_and_returns_itself() -> None:
    x = leaf([1.0])
    y = (x * 2.0).named("Z1")
    assert y.name == "Z1"
    assert y.named("Z2") is y
    assert repr(y) == "Tensor([2.], name='Z2', requires_grad=True)"


def test_shape_size_and_length() -> None:
    x = leaf(np.ones((2, 3)))
    assert (x.shape, x.ndim, x.size, len(x), x.is_leaf) == ((2, 3), 2, 6, 2, True)
    assert [row.shape for row in x] == [(3,), (3,)]
    assert not (x + 1.0).is_leaf
    with pytest.raises(OpError, match="no axes"):
        iter(leaf(1.0))


def test_numbers() -> None:
    x = leaf(2.5)
    assert (x.item(), float(x), int(x), bool(x), f"{x:.3f}", x.tolist()) == (2.5, 2.5, 2, True, "2.500", 2.5)
    assert 2.0 in leaf([1.0, 2.0])
    with pytest.raises(ShapeError, match=r"item\(\) needs a single entry; Z \(2,\) has 2"):
        leaf([1.0, 2.0], "Z").item()
    with pytest.raises(ShapeError, match=r"truth value of Z \(2,\) is ambiguous: use .data.any\(\)"):
        bool(leaf([1.0, 2.0], "Z"))


def test_data_of_a_tensor_with_gradient_stays_floating() -> None:
    x = leaf([1.0], "x")
    with pytest.raises(OpError, match=r"x \(1,\)\.data must be floating point; got dtype int64"):
        x.data = np.array([1])


def test_rows_of_different_lengths_are_no_tensor() -> None:
    with pytest.raises(ShapeError, match="tensor: data must be a number, an array, or lists of equal lengths"):
        tg.tensor([[1.0, 2.0], [3.0]])


def test_data_of_what_is_learned_keeps_its_shape() -> None:
    w, X = leaf([[1.0, 2.0]], "W"), tg.tensor([[1.0, 2.0]])
    with pytest.raises(ShapeError, match=r"W \(1, 2\)\.data must keep its shape; got \(2, 1\)"):
        w.data = w.numpy().T
    X.data = np.zeros((2, 3))
    assert X.shape == (2, 3)


def test_tensors_are_hashable_by_identity() -> None:
    x, y = leaf([1.0]), leaf([1.0])
    assert {x: "x", y: "y"}[x] == "x"


# ---- dtypes of gradients ----------------------------------------------------------------------------


SCALARS: list[Any] = [2, 2.0, True, np.float32(2)]


@pytest.mark.parametrize("scalar", SCALARS)
@pytest.mark.parametrize("f", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow])
def test_float32_stays_float32_with_scalars(f: Callable[..., Any], scalar: Any) -> None:
    x = leaf([1.5, 2.5], dtype=np.float32)
    for y in (f(x, scalar), f(scalar, x)):
        assert y.dtype == np.float32
        x.grad = None
        y.sum().backward()
        assert x.grad is not None
        assert x.grad.dtype == np.float32


def test_mixed_dtypes_promote_and_each_gradient_has_its_own_dtype() -> None:
    a, b, n = leaf([1.0, 2.0], dtype=np.float32), leaf([3.0, 4.0]), np.array([1, 2])
    y = a * b * n
    assert y.dtype == np.float64
    y.sum().backward()
    assert a.grad is not None
    assert b.grad is not None
    assert (a.grad.dtype, b.grad.dtype) == (np.float32, np.float64)
    np.testing.assert_array_equal(a.grad, [3.0, 8.0])
    np.testing.assert_array_equal(b.grad, [1.0, 4.0])


@pytest.mark.parametrize(
    "f", [lambda x: x * x, lambda x: x.sum(), lambda x: x[()] * 2, np.exp, lambda x: x @ x if x.ndim else x]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_are_arrays_also_of_numbers(f: Callable[..., Any], dtype: Any) -> None:
    x = leaf(3.0, dtype=dtype)
    y = f(x)
    y.backward()
    for t in (x, y):
        assert type(t.grad) is np.ndarray
        assert t.grad.shape == ()
        assert t.grad.dtype == dtype
    assert type(tg.grad(f(x), x)) is np.ndarray
    assert type(y.numpy()) is np.ndarray


def test_astype_brings_the_gradient_back_in_the_old_dtype() -> None:
    x = leaf([1.0, 2.0], dtype=np.float32)
    (x.astype(np.float64) ** 2).sum().backward()
    assert x.grad is not None
    assert x.grad.dtype == np.float32
    np.testing.assert_array_equal(x.grad, [2.0, 4.0])


# ---- copies -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("clone", [copy.deepcopy, copy.copy, lambda t: pickle.loads(pickle.dumps(t))])
def test_leaves_can_be_copied_and_pickled(clone: Callable[[tg.Tensor], tg.Tensor]) -> None:
    x = leaf([1.0, 2.0], "W1")
    y = clone(x)
    assert (type(y), y.name, y.requires_grad, y.is_leaf) == (tg.Tensor, "W1", True, True)
    y.data[0] = 9.0
    np.testing.assert_array_equal(x.numpy(), [1.0, 2.0])


def test_a_recorded_tensor_is_not_copied_but_says_how() -> None:
    y = (leaf([1.0]) * 2.0).named("Z1")
    with pytest.raises(
        GraphError, match=r"Z1 \(1,\) has a history and cannot be copied or pickled; detach\(\) it first"
    ):
        copy.deepcopy(y)
    assert copy.deepcopy(y.detach()).numpy() == 2.0
