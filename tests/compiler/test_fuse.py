"""Loops of Numba's: the same numbers as NumPy's calls, also where they are not finite; nothing else is fused."""

import sys

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.compiler.twins import assert_same_numbers, side, twins
from tinygrad_cn import nn, optim
from tinygrad_cn.errors import CompileError

pytest.importorskip("numba")
RNG = np.random.default_rng(3)
X, Y = RNG.standard_normal((20, 40)), RNG.integers(0, 3, 40)


def entrywise(f, *arrays):
    """What a step returns that computes f of −arrays, by NumPy's calls and by loops, which take no arguments."""
    results = []
    for fast in (False, True):
        step = tg.compile(lambda *a: f(*(-x for x in a)), fast=fast)
        for _ in range(3):
            result = step(*arrays)
        results.append(result)
    assert "by numba.njit" in step.source
    return results


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize(
    "f",
    [
        lambda x, y: x * y + 2 - y / x, lambda x, y: np.maximum(x, 0) * (x > y),
        lambda x, y: -abs(x) - np.minimum(y, x),
        lambda x, y: np.sqrt(x * x + y * y) / 3, lambda x, y: (x >= y) * x + (x == y) * y - (x < 0.5) * y,
        lambda x, y: np.square(x) * 0.1 + y * 0.7, lambda x, y: np.reciprocal(x) + np.reciprocal(y),
    ],
)  # fmt: skip
def test_every_operation_rounds_as_numpy_does(f, dtype):
    x, y = RNG.standard_normal((2, 10, 40)).astype(dtype)
    x.flat[:4], y.flat[2:6] = (np.nan, np.inf, -np.inf, 0), (np.inf, 0, np.nan, -0.0)
    with np.errstate(all="ignore"):
        calls, loops = entrywise(f, x, y)
    assert loops.dtype == dtype
    np.testing.assert_array_equal(loops, calls)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("optimizer", [optim.SGD, optim.Momentum, optim.Adam, optim.RMSprop])
def test_training_is_the_same(optimizer, dtype):
    def make():
        net = nn.DNN([20, 30, 30, 3], hidden="relu", output="linear", seed=0, dtype=dtype)
        return side(net, nn.cross_entropy, optimizer(net.parameters(), lr=0.02))

    plain, fused = twins(make, fast=True)
    assert_same_numbers(plain, fused, X.astype(dtype), Y, rtol=1e-9 if dtype == "f8" else 2e-4)
    assert "loop1(" in fused.step.source


def test_a_learning_rate_changes_between_steps():
    def make():
        net = nn.DNN([20, 30, 3], hidden="tanh", output="linear", seed=0)
        return side(net, nn.cross_entropy, optim.SGD(net.parameters(), lr=0.1))

    plain, fused = twins(make, fast=True)
    for lr in (0.1, 0.1, 0.1, 0.02, 0.5):
        plain.optimizer.lr = fused.optimizer.lr = lr
        assert fused.step(X, Y) == pytest.approx(plain.step(X, Y), rel=1e-10)


def test_functions_that_numpy_computes_many_at_a_time_stay_calls():
    step = tg.compile(lambda x: np.exp(np.tanh(x) * 2 + 1), fast=True)
    for _ in range(3):
        step(X)
    source = step.source
    assert "    tanh(" in source
    assert "    exp(" in source


def test_without_numba_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(CompileError, match=r"pip install 'tinygrad-cn\[fast\]'"):
        tg.compile(lambda x: x, fast=True)
    assert tg.compile(lambda x: x * 2)(X) == pytest.approx(2 * X)
