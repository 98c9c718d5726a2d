"""Sequential and DNN: numbering, slices, activations by layer, start values from one generator."""

import copy

import numpy as np
import pytest

from tinygrad_cn import nn
from tinygrad_cn.errors import OpError

X = np.random.default_rng(0).normal(size=(3, 5))


def test_layers_with_parameters_are_numbered():
    net = nn.Sequential(nn.Dense(3, 4, seed=1), nn.Tanh(), np.sin, nn.Dense(4, 1, seed=2))
    assert list(net.state_dict()) == ["W1", "b1", "W2", "b2"]
    assert net.W2 is net["W2"] is net[3].W
    assert net.W2.name == "W2"


def test_nested_modules_get_a_prefix():
    inner = nn.Sequential(nn.Dense(4, 4, seed=2), nn.ReLU(), nn.Dense(4, 2, seed=3))
    net = nn.Sequential(nn.Dense(3, 4, seed=1), inner, nn.Dense(2, 1, seed=4))
    assert list(net.state_dict()) == ["W1", "b1", "2.W1", "2.b1", "2.W2", "2.b2", "W3", "b3"]
    assert inner.W1.name == "2.W1"


def test_unknown_attribute():
    net = nn.Sequential(nn.Dense(3, 4, seed=1))
    with pytest.raises(AttributeError, match="Sequential has no attribute or parameter 'W2'"):
        net.W2  # noqa: B018
    with pytest.raises(OpError, match="W1 is a Parameter"):
        net.W1 = np.zeros((4, 3))


def test_a_slice_shares_parameters_and_keeps_their_names():
    net = nn.DNN([3, 4, 2, 1], hidden="tanh", seed=1)
    tail = net[2:]
    assert (len(net), len(tail), len(list(net))) == (6, 4, 6)
    assert tail.W1 is net.W2
    assert net.W2.name == "W2"
    np.testing.assert_array_equal(tail(net[:2](X)).numpy(), net(X).numpy())


def test_a_new_head_is_numbered_and_the_body_stays():
    net = nn.DNN([3, 4, 2, 1], hidden="tanh", seed=1)
    W1, head = net.W1, nn.Dense(2, 5, seed=9)
    net[-2:] = [head, np.exp, nn.Dense(5, 1, "sigmoid", seed=8)]
    assert list(net.state_dict()) == ["W1", "b1", "W2", "b2", "W3", "b3", "W4", "b4"]
    assert net.W1 is W1
    assert net.W3 is head.W
    assert [p.name for p in net.parameters()] == list(net.state_dict())
    assert net(X).shape == (1, 5)
    net[-1] = nn.Dense(5, 7, seed=1)
    assert net.W4.shape == (7, 5)
    assert net.append(nn.Softmax())(X).numpy().sum() == pytest.approx(5)
    for wrong in (None, "softmax"):
        with pytest.raises(OpError, match="entry -1 must be a Module or a function"):
            net[-1] = wrong
    with pytest.raises(IndexError):
        net[9] = nn.Tanh()


def test_a_new_head_of_a_part_keeps_the_names_of_the_whole():
    net = nn.Sequential(nn.Dense(3, 4, seed=1), nn.Sequential(nn.Dense(4, 4, seed=2), nn.Dense(4, 2, seed=3)))
    net[1][-1] = nn.Dense(4, 1, seed=4)
    assert net[1][-1].W.name == "2.W2"
    assert [p.name for p in net.parameters()] == list(net.state_dict())


def test_what_is_neither_module_nor_function_is_refused():
    for wrong in ("tanh", None, [nn.Tanh()], nn.Tanh):
        with pytest.raises(OpError, match="Sequential: entry 1 must be a Module or a function; got"):
            nn.Sequential(nn.Dense(1, 1), wrong)


# ---- DNN --------------------------------------------------------------------------------------------


def test_dnn_is_the_net_of_the_notes():
    net = nn.DNN([3, 4, 2, 1], hidden="relu", output="sigmoid", seed=1)
    W1, b1, W2, b2, W3, b3 = (p.numpy() for p in net.parameters())
    A = np.maximum(0, W2 @ np.maximum(0, W1 @ X + b1) + b2)
    np.testing.assert_allclose(net(X).numpy(), 1 / (1 + np.exp(-(W3 @ A + b3))), rtol=1e-14)


def test_dnn_draws_all_weights_from_one_generator_in_order():
    net = nn.DNN([5, 4, 3], init="normal", seed=np.random.RandomState(3))
    np.random.seed(3)  # noqa: NPY002
    np.testing.assert_array_equal(net.W1.numpy(), np.random.randn(4, 5) * 0.01)  # noqa: NPY002
    np.testing.assert_array_equal(net.W2.numpy(), np.random.randn(3, 4) * 0.01)  # noqa: NPY002
    assert not net.b1.numpy().any()
    rng = np.random.default_rng(7)
    again = nn.DNN([5, 4, 3], init=nn.init.normal(1.0), seed=7)
    np.testing.assert_array_equal(again.W1.numpy(), rng.standard_normal((4, 5)))
    np.testing.assert_array_equal(again.W2.numpy(), rng.standard_normal((3, 4)))


def test_dnn_hidden_activation_in_every_spelling():
    def kinds(**options):
        return [repr(layer) for layer in nn.DNN([2, 3, 3, 1], seed=1, **options) if not isinstance(layer, nn.Dense)]

    assert kinds(hidden="leaky_relu") == ["LeakyReLU(slope=0.01)"] * 2 + ["Sigmoid()"]
    assert kinds(hidden=nn.LeakyReLU(0.2), output=None) == ["LeakyReLU(slope=0.2)"] * 2
    assert kinds(hidden=nn.Tanh, output="softmax") == ["Tanh()", "Tanh()", "Softmax(axis=0)"]
    assert kinds(hidden=np.sin, output="linear") == ["Activation(sin)"] * 2
    assert kinds(hidden=["tanh", None], output=nn.softplus) == ["Tanh()", "Activation(softplus)"]


def test_dnn_copies_a_module_for_each_layer():
    class Scale(nn.Module):
        def __init__(self):
            self.s = nn.Parameter([[2.0]])

        def forward(self, x):
            return self.s * x

    net = nn.DNN([2, 3, 3, 1], hidden=Scale(), output=None, seed=1)
    assert list(net.state_dict()) == ["W1", "b1", "s2", "W3", "b3", "s4", "W5", "b5"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dims": [3]}, r"dims must list at least n\[0\] and n\[1\]; got \[3\]"),
        ({"dims": 3}, r"dims must list at least n\[0\] and n\[1\]; got 3"),
        ({"dims": [3, 1], "seed": -1}, "seed must be 0 or more; got -1"),
        ({"dims": [3, 0, 1]}, "n_out must be a positive whole number; got 0"),
        ({"dims": [3, 2, 1], "hidden": ["relu", "tanh"]}, "hidden must have one activation per hidden layer, 1; got 2"),
        ({"dims": [3, 1], "output": "sigmoidal"}, "activation must be one of linear, sigmoid, .*; got 'sigmoidal'"),
        ({"dims": [3, 1], "init": "best"}, r"init must be one of zeros, normal, .*; got 'best'"),
    ],
)
def test_dnn_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        nn.DNN(**arguments)


def test_dnn_copy_is_independent():
    net = nn.DNN([2, 3, 1], seed=1)
    twin = copy.deepcopy(net)
    twin.W1.data[...] = 0
    assert net.W1.numpy().all()
