"""Tensor: its value, dtype rules, operators from both sides, NumPy protocol, copies, messages."""

import copy
import operator
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.referee import EXACT, assert_close, check_first_order
from tinygrad_cn.errors import GraphError, OpError, ShapeError


def leaf(value: Any, name: str | None = None, dtype: Any = float) -> tg.Tensor:
    return tg.tensor(np.asarray(value, dtype=dtype), requires_grad=True, name=name)


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


def test_tensors_are_hashable_by_identity() -> None:
    x, y = leaf([1.0]), leaf([1.0])
    assert {x: "x", y: "y"}[x] == "x"


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


# ---- NumPy protocol ---------------------------------------------------------------------------------


def test_numpy_functions_record() -> None:
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    J = np.sum(np.concatenate([np.exp(x), np.transpose(x)], axis=1) @ np.ones((4, 1)))
    J.backward()
    assert x.grad is not None
    assert_close(x.grad, np.exp(x.numpy()) + 1, EXACT)


def test_reductions_of_ufuncs_record() -> None:
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    np.add.reduce(x, axis=0).sum().backward()
    np.testing.assert_array_equal(x.grad, np.ones((2, 2)))


def test_a_function_without_gradient_is_refused_by_name() -> None:
    x = leaf([1.0, 2.0])
    with pytest.raises(OpError, match=r"np.unwrap does not record gradients; call it on x.numpy\(\)"):
        np.unwrap(x)


def test_writing_into_an_array_is_refused() -> None:
    x, out = leaf([1.0, 2.0]), np.zeros(2)
    with pytest.raises(OpError, match=r"np\.add: out=, or an operator such as \+= on an array, .*; write z = z \+ x"):
        np.add(out, x, out=out)
    with pytest.raises(OpError, match="out="):
        out += x


def test_an_unknown_option_is_refused_by_name() -> None:
    with pytest.raises(OpError, match=r"exp on a Tensor takes no options; got \['where'\]"):
        np.exp(leaf([1.0]), where=np.array([True]))


def test_a_complex_value_is_refused() -> None:
    x = leaf([1.0, 2.0], "x")
    for make in (lambda: x * 1j, lambda: 1j - x, lambda: np.exp(np.array([1j]) + x)):
        with pytest.raises(OpError, match="is complex; gradients are of real numbers"):
            make()


def test_a_missing_method_says_which_function_there_is() -> None:
    x = leaf([1.0, 2.0])
    with pytest.raises(AttributeError, match=r"a Tensor has no attribute 'exp'; write np\.exp\(x\)"):
        x.exp()
    with pytest.raises(AttributeError, match=r"a Tensor has no attribute 'cuda'$"):
        x.cuda()


def test_rows_of_different_lengths_are_no_tensor() -> None:
    with pytest.raises(ShapeError, match="tensor: data must be a number, an array, or lists of equal lengths"):
        tg.tensor([[1.0, 2.0], [3.0]])


def test_data_of_what_is_learned_keeps_its_shape() -> None:
    w, X = leaf([[1.0, 2.0]], "W"), tg.tensor([[1.0, 2.0]])
    with pytest.raises(ShapeError, match=r"W \(1, 2\)\.data must keep its shape; got \(2, 1\)"):
        w.data = w.numpy().T
    X.data = np.zeros((2, 3))
    assert X.shape == (2, 3)


def test_argmax_keeps_the_axis_if_told_to() -> None:
    x = leaf([[1.0, 5.0], [7.0, 2.0]])
    assert x.argmax(axis=1, keepdims=True).tolist() == [[1], [0]]
    assert x.argmin(axis=0, keepdims=True).tolist() == [[0, 1]]


def test_asarray_gives_the_value() -> None:
    x = leaf([1.0, 2.0])
    assert type(np.asarray(x)) is np.ndarray
    np.testing.assert_array_equal(np.asarray(x, dtype=np.float32), np.array([1, 2], np.float32))


def test_asarray_shares_what_cannot_be_written_and_copies_if_told_to() -> None:
    x = leaf([1.0, 2.0])
    view, own = np.asarray(x), np.array(x, copy=True)
    assert (view.flags.writeable, own.flags.writeable) == (False, True)
    own[0] = 9.0
    x.data[1] = 7.0
    assert (view.tolist(), own.tolist()) == ([1.0, 7.0], [9.0, 2.0])
    with pytest.raises(ValueError, match="Unable to avoid copy"):
        np.asarray(x, dtype=np.float32, copy=False)


def dlpack_torch(x: tg.Tensor) -> Any:
    return pytest.importorskip("torch").from_dlpack(x)


@pytest.mark.parametrize("take", [np.from_dlpack, dlpack_torch])
def test_dlpack_shares_the_value_and_writes_to_it_are_noticed(take: Callable[[tg.Tensor], Any]) -> None:
    x = leaf([1.0, 2.0], "x")
    J = (x * x).sum()
    shared = take(x)
    assert shared.tolist() == [1.0, 2.0]
    shared[0] = 5.0
    np.testing.assert_array_equal(x.numpy(), [5.0, 2.0])
    with pytest.raises(GraphError, match=r"x \(2,\) was changed in place"):
        J.backward()


class Elsewhere:
    """An array of a framework that speaks DLPack only."""

    def __init__(self, values: list[float]) -> None:
        self.values = np.array(values)

    def __dlpack__(self, **options: Any) -> Any:
        return self.values.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.values.__dlpack_device__()


def test_arrays_of_other_frameworks_are_copied() -> None:
    there = Elsewhere([1.0, 2.0])
    x = tg.tensor(there, requires_grad=True)
    there.values[0] = 9.0
    np.testing.assert_array_equal(x.numpy(), [1.0, 2.0])


def test_torch_tensors_are_data() -> None:
    torch = pytest.importorskip("torch")
    x = tg.tensor(torch.ones(2, 3, dtype=torch.float32), requires_grad=True)
    assert (x.shape, x.dtype) == ((2, 3), np.float32)
    with pytest.raises(OpError, match=r"data, a torch\.Tensor, cannot be read: .*detach"):
        tg.tensor(torch.ones(2, requires_grad=True))
    with pytest.raises(OpError, match=r"data, a torch\.Tensor, cannot be read: Unsupported dtype"):
        tg.tensor(torch.ones(2, dtype=torch.bfloat16))


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
