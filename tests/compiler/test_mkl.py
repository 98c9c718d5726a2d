"""Products by MKL: the same as NumPy's to rounding, for every way matrices lie in memory; else NumPy's own."""

import subprocess
import sys

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.compiler.twins import assert_same_numbers, side
from tinygrad_cn import nn, optim
from tinygrad_cn.compiler import mkl
from tinygrad_cn.errors import CompileError

there = pytest.mark.skipif(not mkl.available(), reason="MKL is not installed")
RNG = np.random.default_rng(7)
N, K, M = 70, 80, 60  # enough multiplications for MKL


def whole(*shape, dtype="f8"):
    return RNG.standard_normal(shape).astype(dtype)


LAYOUTS = {
    "rows": lambda dtype, n, k: whole(n, k, dtype=dtype),
    "columns": lambda dtype, n, k: whole(k, n, dtype=dtype).T,
    "part of rows": lambda dtype, n, k: whole(n, k + 3, dtype=dtype)[:, 1 : k + 1],
    "part of columns": lambda dtype, n, k: whole(k, n + 5, dtype=dtype).T[2 : n + 2],
}


@there
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("left", LAYOUTS)
@pytest.mark.parametrize("right", LAYOUTS)
def test_matrices_in_every_layout(left, right, dtype):
    a, b = LAYOUTS[left](dtype, N, K), LAYOUTS[right](dtype, K, M)
    out = np.full((N, M), np.nan, dtype)
    mkl.call_of(a, b, out)()
    tolerance = 100 * np.finfo(dtype).eps * K
    np.testing.assert_allclose(out, a @ b, rtol=tolerance, atol=tolerance)


@there
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("shared", ["left", "right", "none", "missing axis"])
def test_stacks(shared, turned):
    a = whole(*{"left": (1, N, K), "missing axis": (N, K)}.get(shared, (5, N, K)))
    n = 1 if shared == "right" else 5
    b = whole(n, M, K).transpose(0, 2, 1) if turned else whole(n, K, M)
    out = np.full((5, N, M), np.nan)
    mkl.call_of(a, b, out)()
    np.testing.assert_allclose(out, a @ b, rtol=1e-11, atol=1e-11)


@there
def test_windows_that_overlap():
    rows = whole(40, 200)
    b = np.lib.stride_tricks.as_strided(rows, (6, 20, 200), (3 * 200 * 8, 200 * 8, 8))
    out = np.empty((6, 9, 200))
    a = whole(9, 20)
    mkl.call_of(a, b, out)()
    np.testing.assert_allclose(out, a @ b, rtol=1e-11, atol=1e-11)


@there
def test_what_blas_cannot_read_is_left_to_numpy():
    out = np.empty((N, M))
    assert mkl.call_of(whole(N, 2 * K)[:, ::2], whole(K, M), out) is None
    assert mkl.call_of(whole(N, K), whole(K, M), np.empty((M, N)).T) is None
    packed = np.zeros((N, K), [("x", "f8"), ("y", "f4")])["x"]  # twelve bytes apart
    assert mkl.call_of(packed, whole(K, M), out) is None
    assert mkl.call_of(whole(2, 3, N, K), whole(2, 3, K, M), np.empty((2, 3, N, M))) is None
    a, b = whole(N, 2 * K)[:, ::2], whole(K, M)
    mkl.Product()(a, b, out)
    np.testing.assert_allclose(out, a @ b, rtol=1e-11, atol=1e-11)


def dense():
    net = nn.DNN([300, 90, 60, 3], hidden="relu", output="linear", seed=0)
    return side(net, nn.cross_entropy, optim.Momentum(net.parameters(), lr=0.02))


@there
@pytest.mark.parametrize("order", ["C", "F"])
def test_training_is_the_same(order):
    plain, compiled = dense(), dense()
    compiled.step = tg.compile(compiled.step, mkl=True, fast=False)
    X = np.asarray(RNG.standard_normal((300, 120)), order=order)
    assert_same_numbers(plain, compiled, X, RNG.integers(0, 3, 120))
    assert "mkl_matmul(W1, X, Z1)" in compiled.step.source
    assert "dot(W3, A2, Z3)" in compiled.step.source  # small


@there
def test_lenet_and_lstm_are_the_same():
    def lenet():
        net = nn.Sequential(nn.Conv2D(2, 8, 5, seed=0), nn.MaxPool2D(2), nn.Flatten(), nn.Dense(288, 3, seed=1))
        return side(net, nn.cross_entropy, optim.SGD(net.parameters(), lr=0.01))

    def lstm():
        net = nn.Sequential(nn.LSTM(40, 50, output="last", seed=0), nn.Dense(50, 3, seed=1))
        return side(net, nn.cross_entropy, optim.SGD(net.parameters(), lr=0.05))

    for make, shape in ((lenet, (20, 16, 16, 2)), (lstm, (40, 20, 7))):
        plain, compiled = make(), make()
        compiled.step = tg.compile(compiled.step, mkl=True)
        assert_same_numbers(plain, compiled, RNG.standard_normal(shape), RNG.integers(0, 3, 20))
        assert "mkl_matmul(" in compiled.step.source


@there
def test_calls_for_arrays_that_stay_are_worked_out_once(monkeypatch):
    compiled = dense()
    step = tg.compile(compiled.step, mkl=True)
    X, Y = RNG.standard_normal((300, 120)), RNG.integers(0, 3, 120)
    for _ in range(3):
        step(X, Y)
    bound = []
    monkeypatch.setattr(mkl, "call_of", lambda *arrays: bound.append([x.shape for x in arrays]))
    step(X, Y)
    assert bound == [[(90, 300), (300, 120), (90, 120)], [(90, 120), (120, 300), (90, 300)]]  # those with X


def test_false_is_numpy_alone():
    step = dense()
    run = tg.compile(step.step, mkl=False, fast=False)
    for _ in range(3):
        run(RNG.standard_normal((300, 120)), RNG.integers(0, 3, 120))
    assert "mkl" not in run.source


def test_without_mkl_the_default_is_numpy_and_true_an_error(monkeypatch):
    monkeypatch.setattr(mkl, "functions", lambda: None)
    assert tg.compile(lambda: 0).mkl is False
    with pytest.raises(CompileError, match=r"pip install 'tinygrad-cn\[mkl\]'"):
        tg.compile(lambda: 0, mkl=True)


@there
@pytest.mark.parametrize(("variables", "threads"), [({"OPENBLAS_NUM_THREADS": "1"}, 1), ({"MKL_NUM_THREADS": "1"}, 1)])
def test_who_limits_numpys_threads_limits_these(variables, threads):
    code = "from tinygrad_cn.compiler import mkl; print(mkl.functions().MKL_Get_Max_Threads())"
    shown = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True)
    assert int(shown.stdout) == threads
