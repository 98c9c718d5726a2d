"""What a Tensor can do: operators from both sides, the methods of an array, and what their errors say."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.leaves import leaf
from tests.referee import check_first_order
from tinygrad_cn.errors import OpError, ShapeError

# ---- operators --------------------------------------------------------------------------------------


OPERATORS = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.mod, operator.floordiv,
]  # fmt: skip
LEFT: list[Any] = [2, 2.0, np.float64(2), np.array(2.0), np.full(3, 2.0), np.full((2, 1), 2.0)]


@pytest.mark.parametrize("f", OPERATORS)
@pytest.mark.parametrize("other", LEFT, ids=lambda v: f"{type(v).__name__}{np.shape(v)}")
def test_operators_with_numbers_and_arrays_on_either_side(f: Callable[..., Any], other: Any) -> None:
    x = np.array([0.7, 1.1, 1.6])
    check_first_order(lambda t: f(other, t), [x])
    check_first_order(lambda t: f(t, other), [x])


def test_matmul_with_arrays_on_either_side() -> None:
    x, m = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(4, 3) / 10
    check_first_order(lambda t: m @ t.T, [x], analytic=True)
    check_first_order(lambda t: t @ m.T, [x], analytic=True)


@pytest.mark.parametrize("f", [operator.neg, operator.pos, abs])
def test_unary_operators(f: Callable[..., Any]) -> None:
    check_first_order(f, [np.array([-1.5, 2.0])])


def test_augmented_assignment_makes_a_new_tensor() -> None:
    x = leaf([1.0, 2.0])
    y = x
    y += 1.0
    y *= y
    assert y is not x
    y.sum().backward()
    np.testing.assert_array_equal(x.numpy(), [1.0, 2.0])
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad, [4.0, 6.0])


@pytest.mark.parametrize("f", [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne])
def test_comparisons_give_plain_arrays(f: Callable[..., Any]) -> None:
    x, other = np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 2.0])
    for got in (f(leaf(x), other), f(leaf(x), leaf(other)), f(leaf(x), 2.0)):
        assert type(got) is np.ndarray
        np.testing.assert_array_equal(got, f(x, other))


# ---- methods ----------------------------------------------------------------------------------------


METHODS: dict[str, Callable[[Any], Any]] = {
    "T": lambda x: x.T,
    "sum": lambda x: x.sum(axis=1, keepdims=True),
    "mean": lambda x: x.mean(axis=0),
    "var": lambda x: x.var(axis=1, ddof=1),
    "std": lambda x: x.std(axis=0, keepdims=True),
    "prod": lambda x: x.prod(axis=1),
    "max": lambda x: x.max(axis=0),
    "min": lambda x: x.min(),
    "cumsum": lambda x: x.cumsum(axis=1),
    "cumprod": lambda x: x.cumprod(axis=0),
    "reshape": lambda x: x.reshape(3, 2),
    "reshape to a tuple": lambda x: x.reshape((3, -1)),
    "ravel": lambda x: x.ravel(),
    "flatten": lambda x: x.flatten(),
    "transpose": lambda x: x.transpose(1, 0),
    "transpose, tuple": lambda x: x.transpose((1, 0)),
    "swapaxes": lambda x: x.swapaxes(0, 1),
    "squeeze": lambda x: x[:1].squeeze(axis=0),
    "repeat": lambda x: x.repeat(2, axis=1),
    "clip": lambda x: x.clip(0.5, 1.2),
    "clip below": lambda x: x.clip(min=0.5),
    "dot": lambda x: x.dot(x.T),
    "trace": lambda x: x.trace(offset=1),
    "round": lambda x: x.round(1),
    "copy": lambda x: x.copy(),
    "indexing": lambda x: x[1, ::2],
}


@pytest.mark.parametrize("f", METHODS.values(), ids=METHODS)
def test_methods_are_those_of_arrays(f: Callable[[Any], Any]) -> None:
    check_first_order(f, [np.array([[0.31, 1.42, 0.73], [2.14, 0.96, 1.57]])])


def test_argmax_and_argmin_are_plain() -> None:
    x = leaf([[1.0, 5.0], [7.0, 2.0]])
    assert (x.argmax(), x.argmin()) == (2, 0)
    np.testing.assert_array_equal(x.argmax(axis=0), [1, 0])


def test_argmax_keeps_the_axis_if_told_to() -> None:
    x = leaf([[1.0, 5.0], [7.0, 2.0]])
    assert x.argmax(axis=1, keepdims=True).tolist() == [[1], [0]]
    assert x.argmin(axis=0, keepdims=True).tolist() == [[0, 1]]


def test_a_missing_method_says_which_function_there_is() -> None:
    x = leaf([1.0, 2.0])
    with pytest.raises(AttributeError, match=r"a Tensor has no attribute 'exp'; write np\.exp\(x\)"):
        x.exp()
    with pytest.raises(AttributeError, match=r"a Tensor has no attribute 'cuda'$"):
        x.cuda()


# ---- messages ---------------------------------------------------------------------------------------


MISMATCHES = [
    (operator.add, (2, 3), (4,), "add(W1 (2, 3), X (4,)): operands could not be broadcast together"),
    (operator.mul, (2, 3), (2,), "multiply(W1 (2, 3), X (2,)): operands could not be broadcast"),
    (operator.matmul, (4, 3), (2, 400), "matmul(W1 (4, 3), X (2, 400)): inner dimensions 3 and 2 differ"),
    (
        operator.matmul,
        (),
        (2,),
        "matmul(W1 (), X (2,)): matmul needs at least one axis on each side; use * for a number",
    ),
]


@pytest.mark.parametrize(("f", "a", "b", "message"), MISMATCHES)
def test_shapes_that_do_not_fit_are_refused_with_op_names_and_shapes(
    f: Callable[..., Any], a: tuple[int, ...], b: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ShapeError) as caught:
        f(leaf(np.ones(a), "W1"), tg.tensor(np.ones(b), name="X"))
    assert str(caught.value).startswith(message)


def test_messages_name_arrays_and_numbers_too() -> None:
    with pytest.raises(ShapeError, match=r"add\(array \(3,\), b \(2,\)\)"):
        np.ones(3) + leaf(np.ones(2), "b")
    with pytest.raises(OpError, match=r"add\(x \(2,\), 'text'\)"):
        leaf(np.ones(2), "x") + "text"
    with pytest.raises(IndexError, match=r"getitem\(x \(2,\)\): index 5 is out of bounds"):
        leaf(np.ones(2), "x")[5]
