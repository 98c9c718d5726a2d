"""NumPy functions on Tensors, and Tensors as arrays of NumPy and of other frameworks."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.leaves import leaf
from tests.referee import EXACT, assert_close
from tinygrad_cn.errors import GraphError, OpError

# ---- functions record -------------------------------------------------------------------------------


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


# ---- as an array, from an array ---------------------------------------------------------------------


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
