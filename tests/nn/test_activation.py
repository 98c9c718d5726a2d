"""Activation functions and modules, and the table of names."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn
from tinygrad_cn.errors import OpError
from tinygrad_cn.nn.activation import ACTIVATIONS, resolve

X = np.array([[-2.0, -0.5, 0.0], [1.0, 3.0, 0.5]])
EXPECTED = {
    "sigmoid": 1 / (1 + np.exp(-X)),
    "tanh": np.tanh(X),
    "relu": np.maximum(0, X),
    "leaky_relu": np.where(X > 0, X, 0.01 * X),
    "elu": np.where(X > 0, X, np.exp(X) - 1),
    "silu": X / (1 + np.exp(-X)),
    "softplus": np.log(1 + np.exp(X)),
    "softmax": np.exp(X) / np.exp(X).sum(axis=0),
    "log_softmax": np.log(np.exp(X) / np.exp(X).sum(axis=0)),
    "gelu": X * [[0.022750131948179, 0.308537538725987, 0.5], [0.841344746068543, 0.99865010196837, 0.691462461274013]],
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_function_module_and_name_agree(name):
    module = resolve(name)
    function = getattr(tg, name)
    assert function is getattr(nn, name)
    np.testing.assert_allclose(function(X), EXPECTED[name], rtol=1e-13, atol=1e-16)
    np.testing.assert_array_equal(module(X), function(X))
    z = tg.tensor(X, requires_grad=True, name="Z3")
    a = module(z)
    assert (a.name, a._op.name, module.name) == ("A3", name, name)


def test_every_name_is_tested():
    assert set(EXPECTED) == set(ACTIVATIONS) - {"linear"}


def test_options():
    np.testing.assert_allclose(tg.leaky_relu(X, slope=0.2), np.where(X > 0, X, 0.2 * X))
    np.testing.assert_array_equal(nn.LeakyReLU(0.2)(X), tg.leaky_relu(X, slope=0.2))
    np.testing.assert_array_equal(nn.ELU(0.5)(X), np.where(X > 0, X, 0.5 * np.expm1(X)))
    np.testing.assert_array_equal(nn.Softmax(axis=1)(X), tg.softmax(X.T).T)
    np.testing.assert_array_equal(nn.LogSoftmax(axis=1)(X), tg.log_softmax(X.T).T)
    approximate = nn.GELU("tanh")(X)
    np.testing.assert_allclose(approximate, tg.gelu(X), atol=5e-4)
    assert not np.array_equal(approximate, tg.gelu(X))
    with pytest.raises(ValueError, match="approximate must be one of none, tanh; got 'erf'"):
        tg.gelu(X, approximate="erf")


def test_any_function_is_an_activation():
    swish = tg.op(
        "swish_of_a_test", lambda x: x / (1 + np.exp(-x)), vjp=lambda g, y, x: g * (y + (1 - y) / (1 + np.exp(-x)))
    )
    layer = nn.Dense(2, 3, activation=swish, seed=1)
    np.testing.assert_allclose(layer(X).numpy(), tg.silu(layer.W.numpy() @ X))
    assert resolve("linear") is resolve(None) is None
    with pytest.raises(OpError, match="activation must be a name, a Module or a function; got 3"):
        nn.Dense(2, 3, activation=3)
