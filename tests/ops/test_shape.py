"""Shapes: gradients come back in the input's shape and dtype, and misuse is refused in words."""

from typing import Any

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn.errors import ShapeError
from tinygrad_cn.ops.shape import BROADCAST_TO


def leaf(*shape: int, dtype: Any = float) -> Any:
    return tg.tensor(np.arange(float(np.prod(shape))).reshape(shape).astype(dtype), requires_grad=True, name="x")


def gradient(y: Any, x: Any, grad: Any = None) -> Any:
    return tg.grad(y, x, grad=grad)


def test_broadcast_to_sums_over_the_copies() -> None:
    x = leaf(3, 1)
    np.testing.assert_array_equal(gradient(np.sum(np.broadcast_to(x, (2, 3, 4))), x), [[8.0]] * 3)


def test_broadcast_to_owns_its_memory_and_takes_no_axes_away() -> None:
    assert BROADCAST_TO(np.ones(3), shape=(2, 3)).base is None
    with pytest.raises(ShapeError, match=r"broadcast_to\(x \(1, 1, 3\)\): x has 3 axes, more than the shape \(3,\)"):
        np.broadcast_to(leaf(1, 1, 3), (3,))


def test_repeat_counts_each_entry() -> None:
    x = leaf(3)
    y = np.repeat(x, [2, 0, 3])
    assert y.tolist() == [0.0, 0.0, 2.0, 2.0, 2.0]
    np.testing.assert_array_equal(gradient(y, x, grad=[1.0, 2.0, 3.0, 4.0, 5.0]), [3.0, 0.0, 12.0])


def test_astype_gives_the_gradient_in_the_dtype_of_the_input() -> None:
    x = leaf(3, dtype=np.float32)
    y = x.astype(np.float64)
    assert y.dtype == np.float64
    assert gradient(np.sum(y), x).dtype == np.float32


def test_arrays_and_numbers_join_tensors() -> None:
    x = leaf(2)
    y = np.concatenate([[5.0], x, np.ones(1)])
    assert y.tolist() == [5.0, 0.0, 1.0, 1.0]
    np.testing.assert_array_equal(gradient(y, x, grad=[1.0, 2.0, 3.0, 4.0]), [2.0, 3.0])
    z = np.stack([np.zeros(2), x], axis=1)
    np.testing.assert_array_equal(gradient(z, x, grad=[[1.0, 2.0], [3.0, 4.0]]), [2.0, 4.0])


def test_a_tensor_is_a_sequence_of_its_rows() -> None:
    x = leaf(2, 3)
    assert np.concatenate(x).shape == (6,)
    np.testing.assert_array_equal(gradient(np.sum(np.vstack(x)[1]), x), [[0.0] * 3, [1.0] * 3])


def test_axes_counted_from_the_end_are_put_back() -> None:
    x = leaf(2, 3, 4)
    g = np.random.default_rng(0).normal(size=(4, 2, 3))
    np.testing.assert_array_equal(gradient(np.transpose(x, (-1, 0, 1)), x, grad=g), np.moveaxis(g, 0, -1))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda x: x.reshape(4, 2), r"reshape\(x \(2, 3\)\): cannot reshape array of size 6 into shape \(4,2\)"),
        (lambda x: np.squeeze(x, 0), r"squeeze\(x \(2, 3\)\): cannot select an axis to squeeze out"),
        (lambda x: np.stack([x, np.ones(3)]), "all input arrays must have the same shape"),
        (lambda x: np.concatenate([x, np.ones((3, 2))]), r"concatenate\(x \(2, 3\), array \(3, 2\)\): all the input"),
    ],
)
def test_shapes_that_do_not_fit_are_named(call: Any, text: str) -> None:
    with pytest.raises(ShapeError, match=text):
        call(leaf(2, 3))
