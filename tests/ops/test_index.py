"""Indexing: what is read twice gets both gradients; gathers and sorting against NumPy."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.referee import check_first_order, check_second_order
from tinygrad_cn.ops.index import SCATTER, along
from tinygrad_cn.ops.op import distinct

X = distinct(np.random.default_rng(0), (4, 3))


def leaf(values: Any) -> Any:
    return tg.tensor(np.asarray(values, float), requires_grad=True, name="x")


def gradient(y: Any, x: Any, grad: Any = None) -> Any:
    return tg.grad(y, x, grad=np.ones(y.shape) if grad is None else grad)


def test_an_entry_read_twice_gets_both_gradients() -> None:
    x = leaf([10.0, 20.0, 30.0])
    y = x[[2, 0, 2, -1]]
    np.testing.assert_array_equal(gradient(y, x, grad=[1.0, 2.0, 3.0, 4.0]), [2.0, 0.0, 8.0])


def test_a_loop_over_entries_makes_one_full_array(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    scatter = SCATTER.forward
    monkeypatch.setattr(SCATTER, "forward", lambda g, **options: made.append(g) or scatter(g, **options))
    x = tg.tensor(np.arange(12.0).reshape(3, 4), requires_grad=True)
    parts = [x[:, t] * (t + 1) for t in range(4)] + [x[[0, 0, 2]], x[1:]]
    J = parts[0].sum()
    for part in parts[1:]:
        J = J + part.sum()
    J.backward()
    assert x.grad.tolist() == [[3, 4, 5, 6], [2, 3, 4, 5], [3, 4, 5, 6]]
    assert len(made) == 1


def test_rows_of_an_embedding_add_up() -> None:
    table, words = leaf(np.zeros((5, 2))), np.array([[1, 3], [3, 3]])
    g = np.arange(8.0).reshape(2, 2, 2)
    np.testing.assert_array_equal(gradient(table[words], table, grad=g)[3], g[0, 1] + g[1, 0] + g[1, 1])


def test_a_tensor_can_be_an_index() -> None:
    x, where = leaf([10.0, 20.0, 30.0]), tg.tensor([2, 0])
    assert x[where].tolist() == [30.0, 10.0]
    np.testing.assert_array_equal(gradient(x[x > 15.0], x), [0.0, 1.0, 1.0])


@pytest.mark.parametrize("index", [X > 0, (slice(None), np.array([True, False, True])), (X[:, 0] > 0, 1), ([1, 1], 0)])
def test_scatter_is_the_reverse_of_reading(index: Any) -> None:
    """⟨x[index], g⟩ = ⟨x, scatter(g)⟩ for all x and g."""
    g = np.random.default_rng(1).normal(size=X[index].shape)
    assert np.isclose(np.sum(X[index] * g), np.sum(X * SCATTER(g, index=index, shape=X.shape)), rtol=1e-13)


GATHERS: list[Callable[[Any], Any]] = [
    lambda x: np.take(x, [0, 5, 5, -1]),
    lambda x: np.take(x, [[2, 0], [2, 2]], axis=1),
    lambda x: np.take(x, 1, axis=-2),
    lambda x: np.take(x, [5, -6, 2], axis=0, mode="wrap"),
    lambda x: np.take(x, [5, -6, 2], axis=0, mode="clip"),
    lambda x: np.take_along_axis(x, np.argsort(x, axis=0), axis=0),
    lambda x: np.take_along_axis(x, np.argmax(x, axis=1, keepdims=True), axis=1),
    lambda x: np.take_along_axis(x, np.array([[3, 0, 3], [3, 1, 2]]), axis=-2),
    lambda x: np.take_along_axis(x, np.array([7, 7, 0]), axis=None),
    lambda x: np.sort(x, axis=None),
    lambda x: np.partition(x, 1, axis=0)[1],
    lambda x: np.sort(x, axis=0)[::-1] * np.arange(3.0),
]


@pytest.mark.parametrize("f", GATHERS)
def test_gathers_against_numpy(f: Callable[[Any], Any]) -> None:
    check_first_order(f, [X])
    check_second_order(f, [X])


def test_partition_puts_the_kth_in_place() -> None:
    x = leaf([5.0, 1.0, 4.0, 2.0, 3.0])
    y = np.partition(x, 2)
    assert y[2].item() == 3.0
    np.testing.assert_array_equal(gradient(y[2], x), [0.0, 0.0, 0.0, 0.0, 1.0])


def test_sorting_equal_entries_loses_no_gradient() -> None:
    x = leaf([1.0, 0.0, 1.0, 0.0])
    got = gradient(np.sort(x), x, grad=[1.0, 2.0, 3.0, 4.0])
    assert sorted(got) == [1.0, 2.0, 3.0, 4.0]
    assert got[0] + got[2] == 7.0


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_along_takes_the_other_axes_whole(axis: int) -> None:
    x = np.arange(24).reshape(2, 3, 4)
    np.testing.assert_array_equal(x[along(axis, 1)], np.take(x, 1, axis))


def test_an_index_out_of_range_is_named() -> None:
    with pytest.raises(IndexError, match=r"getitem\(x \(2,\)\): index 2 is out of bounds"):
        leaf([1.0, 2.0])[2]
