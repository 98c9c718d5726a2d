"""The dense layer: values, gradients, names, and errors in the learner's words."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn
from tinygrad_cn.errors import ShapeError

X = np.random.default_rng(0).normal(size=(3, 5))


def test_value_and_gradients_are_those_of_the_notes():
    layer = nn.Dense(3, 2, activation="tanh", seed=1)
    W, b = layer.W.numpy().copy(), layer.b.numpy().copy()
    A = layer(X)
    np.testing.assert_allclose(A.numpy(), np.tanh(W @ X + b), rtol=1e-14)
    A.sum().backward()
    dZ = 1 - A.numpy() ** 2
    np.testing.assert_allclose(layer.W.grad, dZ @ X.T, rtol=1e-13)
    np.testing.assert_allclose(layer.b.grad, dZ.sum(axis=1, keepdims=True), rtol=1e-13)


def test_without_bias():
    layer = nn.Dense(3, 2, bias=False, seed=1)
    assert layer.b is None
    np.testing.assert_allclose(layer(X).numpy(), layer.W.numpy() @ X, rtol=1e-14)


def test_the_input_array_is_used_as_it_is():
    Z = nn.Dense(3, 2, seed=1)(X)
    assert any(x is X for x in Z._inputs)
    assert nn.Dense(3, 2, seed=1)(X.tolist()).shape == (2, 5)


def test_gradient_flows_to_an_input_that_wants_it():
    x = tg.tensor(X, requires_grad=True)
    layer = nn.Dense(3, 2, seed=1)
    layer(x).sum().backward()
    np.testing.assert_allclose(x.grad, layer.W.numpy().T @ np.ones((2, 5)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype(dtype):
    layer = nn.Dense(3, 2, "sigmoid", dtype=dtype, seed=1)
    A = layer(X.astype(dtype))
    A.sum().backward()
    assert {A.dtype, layer.W.dtype, layer.b.dtype, layer.W.grad.dtype, layer.b.grad.dtype} == {np.dtype(dtype)}


def test_results_are_named_after_the_layer():
    net = nn.Sequential(nn.Dense(3, 4, seed=1), nn.Tanh(), nn.Dense(4, 1, "sigmoid", seed=2))
    first = net[0](X)
    assert (first.name, net[1](first).name, net(X).name) == ("Z1", "A1", "A2")
    assert nn.Dense(3, 1, seed=1)(X).name == "Z"


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (
            (2, 400),
            "Z[1] = W[1] @ A[0] + b[1]: W[1] is (4, 3), A[0] is (2, 400): inner dimensions 3 and 2 differ. "
            "Expected W[1] of shape (4, 2).",
        ),
        (
            (400, 3),
            "Z[1] = W[1] @ A[0] + b[1]: W[1] is (4, 3), A[0] is (400, 3): inner dimensions 3 and 400 differ. "
            "Expected W[1] of shape (4, 400), or A[0] transposed: samples are columns.",
        ),
        (
            (3,),
            "Z[1] = W[1] @ A[0] + b[1]: A[0] is (3,). Expected two axes, (3, m): one row per input, one column per "
            "sample.",
        ),
    ],
)
def test_shape_errors_speak_of_the_layer(shape, message):
    net = nn.DNN([3, 4, 1], seed=1)
    with pytest.raises(ShapeError) as error:
        net(np.ones(shape))
    assert str(error.value) == message


def test_shape_errors_of_later_and_of_unnumbered_layers():
    net = nn.Sequential(nn.Dense(3, 4, seed=1), nn.Dense(5, 1, bias=False, seed=1))
    with pytest.raises(ShapeError, match=r"^Z\[2\] = W\[2\] @ A\[1\]: W\[2\] is \(1, 5\), A\[1\] is \(4, 5\)"):
        net(X)
    with pytest.raises(ShapeError, match=r"^Z = W @ A \+ b: W is \(2, 4\), A is \(3, 5\)"):
        nn.Dense(4, 2, seed=1)(X)
    nested = nn.Sequential(nn.Sequential(nn.Dense(4, 2, seed=1)))
    with pytest.raises(ShapeError, match=r"^1\.Z\[1\] = 1\.W\[1\] @ 1\.A\[0\] \+ 1\.b\[1\]: "):
        nested(X)


@pytest.mark.parametrize(
    ("n_in", "n_out", "said"),
    [
        (0, 2, "n_in .*; got 0"),
        (2, -1, "n_out .*; got -1"),
        (2.0, 2, r"n_in .*; got 2\.0"),
        (2, "3", "n_out .*; got '3'"),
    ],
)
def test_sizes_are_positive_whole_numbers(n_in, n_out, said):
    with pytest.raises(ValueError, match=said.replace(".*", "must be a positive whole number")):
        nn.Dense(n_in, n_out)
