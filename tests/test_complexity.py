"""Cost: the walk is linear in the number of ops (steps are counted, not seconds), and memory stays small."""

import gc
import time
import tracemalloc
from typing import Any

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import autograd
from tinygrad_cn.ops.op import Op


class Steps:
    """An addition that counts how often its gradient is asked for."""

    def __init__(self) -> None:
        self.calls = 0
        self.add = Op("counted_add", np.add, (self._vjp, self._vjp), broadcasts=True)

    def _vjp(self, g: Any, y: Any, a: Any, b: Any) -> Any:
        self.calls += 1
        return g


@pytest.mark.parametrize("n", [1, 10, 60, 200])
def test_doubling_n_times_takes_two_steps_per_op(n: int) -> None:
    """y = y + y: 2ⁿ paths from the end to the start."""
    steps, x = Steps(), tg.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(n):
        y = steps.add(y, y)
    y.backward()
    assert x.grad == 2.0**n
    assert steps.calls == 2 * n


@pytest.mark.parametrize("n", [10, 100, 1000])
def test_a_ladder_with_rungs_takes_two_steps_per_op(n: int) -> None:
    """Each value is used by the two that follow: the number of paths is a Fibonacci number."""
    steps, x = Steps(), tg.tensor(1.0, requires_grad=True)
    a, b = x, steps.add(x, 0.0)
    for _ in range(n):
        a, b = b, steps.add(a, b)
    before = steps.calls
    tg.grad(b, x)
    assert steps.calls - before == 2 * n + 1


def test_every_node_is_visited_once() -> None:
    x = tg.tensor(np.ones(3), requires_grad=True)
    y = x
    for _ in range(50):
        y = y * x + y
    visited: list[Any] = []
    leaves = autograd.walk(y, np.ones(3), lambda node, g: visited.append(node))
    assert len(visited) == len(set(visited)) == 100
    assert list(leaves) == [x]


def test_sixty_self_additions_with_the_operator() -> None:
    x = tg.tensor([1.0, -1.0], requires_grad=True)
    y = x
    for _ in range(60):
        y = y + y
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, np.full(2, 2.0**60))


def chain(n: int) -> tuple[tg.Tensor, tg.Tensor]:
    x = tg.tensor(np.ones(2), requires_grad=True)
    y = x
    for _ in range(n // 2):
        y = y * 1.0 + 0.5
    return x, y.sum()


def test_a_long_chain_is_freed_while_it_is_walked() -> None:
    """Far beyond the recursion limit, also in being thrown away."""
    x, J = chain(100_000)
    J.backward(keep="leaves")
    np.testing.assert_array_equal(x.grad, [1.0, 1.0])
    assert J.item() == 2 * (1 + 0.5 * 50_000)


def test_a_million_chained_ops() -> None:
    start = time.perf_counter()
    x, J = chain(1_000_000)
    J.backward()
    seconds = time.perf_counter() - start
    np.testing.assert_array_equal(x.grad, [1.0, 1.0])
    assert seconds < 20, f"1,000,000 ops took {seconds:.1f} s; 4 s is usual"


def recorded(n: int) -> list[tg.Tensor]:
    """A chain of n ops, all kept alive."""
    values = [tg.tensor(np.ones(10), requires_grad=True)]
    for _ in range(n):
        values.append(values[-1] * 1.0)
    return values


def traced(make: Any) -> int:
    """Bytes that what `make()` returns keeps alive."""
    gc.collect()
    tracemalloc.start()
    kept = make()
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del kept
    return used


def test_an_op_takes_less_than_half_a_kilobyte_beyond_its_arrays() -> None:
    """Beyond the array of the value after forward, and those of value and gradient after backward."""
    n = 2000
    array = traced(lambda: [np.ones(10) * 1.0 for _ in range(n)]) / n

    def forward_and_backward() -> list[tg.Tensor]:
        values = recorded(n)
        values[-1].backward(np.ones(10))
        return values

    assert traced(lambda: recorded(n)) / n - array < 500
    assert traced(forward_and_backward) / n - 2 * array < 500


def test_keep_leaves_holds_no_gradient_of_intermediates() -> None:
    """Peak memory of the walk is a few arrays, not one per op, when intermediates are not kept."""
    size, n = 10_000, 50
    x = tg.tensor(np.ones(size), requires_grad=True)
    y = x
    for _ in range(n):
        y = y * 1.0
    J = y.sum()
    del y
    gc.collect()
    tracemalloc.start()
    J.backward(keep="leaves")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * size * 8
    assert x.grad is not None


def test_the_graph_goes_when_its_result_goes() -> None:
    """No reference cycles: with the collector off, dropping J frees every intermediate."""
    x = tg.tensor(np.ones(3), requires_grad=True)
    gc.collect()
    gc.disable()
    try:
        before = len([o for o in gc.get_objects() if type(o) is tg.Tensor])
        J = (np.exp(x) * x + 1.0).sum()
        J.backward()
        tg.grad(J, x)
        del J
        assert len([o for o in gc.get_objects() if type(o) is tg.Tensor]) == before
    finally:
        gc.enable()
