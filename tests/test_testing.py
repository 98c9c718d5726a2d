"""The pytest helper: passes on right gradients, fails with the report on wrong ones."""

import numpy as np
import pytest

from tinygrad_cn import nn
from tinygrad_cn.errors import GradientMismatchError
from tinygrad_cn.testing import assert_gradients_agree

from .check import learners

rng = np.random.default_rng(0)
X, Y = rng.standard_normal((2, 5)), (rng.random((1, 5)) < 0.5).astype(float)
INPUTS = {
    "W1": rng.standard_normal((3, 2)),
    "b1": np.zeros((3, 1)),
    "W2": rng.standard_normal((1, 3)),
    "b2": np.zeros((1, 1)),
}


def cost(W1, b1, W2, b2, X=X):
    return nn.binary_cross_entropy(nn.sigmoid(W2 @ nn.tanh(W1 @ X + b1) + b2), Y)


def hand(W1, b1, W2, b2):
    A1 = np.tanh(W1 @ X + b1)
    A2 = 1 / (1 + np.exp(-(W2 @ A1 + b2)))
    return learners.planar({"W2": W2}, {"A1": A1, "A2": A2}, X, Y)


def test_right_gradients_of_a_function_pass():
    report = assert_gradients_agree(cost, hand(**INPUTS), **INPUTS)
    assert [row.name for row in report.rows] == ["dW2", "db2", "dW1", "db1"]
    assert_gradients_agree(cost, learners.planar, **INPUTS)
    assert_gradients_agree(cost, learners.planar, X=X, **INPUTS)


def test_wrong_gradients_fail_with_the_reason():
    wrong = hand(**INPUTS)
    wrong["dW1"] = wrong["dW1"] * 5
    with pytest.raises(GradientMismatchError, match=r"dW\[1\] .*m times the right value") as caught:
        assert_gradients_agree(cost, wrong, lang="en", **INPUTS)
    assert isinstance(caught.value, AssertionError)


def test_a_cost_or_a_chain_will_do():
    net = nn.DNN([2, 3, 1], hidden="tanh", seed=0)
    J = nn.binary_cross_entropy(net(X), Y)
    assert_gradients_agree(J, learners.planar)
    chain = J.chain(convention="autograd")
    J.backward()
    assert_gradients_agree(chain, {"dZ2": (chain["A2"] - Y) / 5})
    with pytest.raises(TypeError, match="inputs need a function J; got W1"):
        assert_gradients_agree(J, {}, W1=net.W1)


def test_pytest_shows_the_line_of_the_test():
    with pytest.raises(GradientMismatchError) as caught:
        assert_gradients_agree(cost, {"dW1": np.ones((3, 2))}, **INPUTS)
    assert str(caught.traceback.filter(caught)[-1].path) == __file__
