"""The L2 term of the cost."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn
from tinygrad_cn.errors import OpError


def test_value_and_gradient():
    net = nn.DNN([3, 4, 1], seed=1)
    penalty = nn.l2(net, lambd=0.7, m=5)
    W1, W2 = net.W1.numpy(), net.W2.numpy()
    assert penalty.item() == pytest.approx(0.7 / 10 * ((W1**2).sum() + (W2**2).sum()), rel=1e-14)
    penalty.backward()
    np.testing.assert_allclose(net.W1.grad, 0.7 / 5 * W1, rtol=1e-14)
    np.testing.assert_allclose(net.W2.grad, 0.7 / 5 * W2, rtol=1e-14)


def test_biases_are_left_out():
    net = nn.Sequential(nn.Dense(2, 2, seed=1), nn.Sequential(nn.Dense(2, 1, seed=1)))
    before = nn.l2(net, 1.0, 1).item()
    for name in ("b1", "2.b1"):
        net[name].data[...] = 100
    assert nn.l2(net.parameters(), 1.0, 1).item() == before


def test_hand_written_tensors_count_unless_they_are_called_b():
    W, b = tg.tensor([[2.0]], requires_grad=True), tg.tensor([[9.0]], requires_grad=True, name="b2")
    assert nn.l2([W, b], lambd=1.0, m=2).item() == 1.0


def test_refused():
    with pytest.raises(OpError, match="l2: no weights among the parameters"):
        nn.l2([], 1.0, 1)
    with pytest.raises(ValueError, match="l2: m must be positive; got 0"):
        nn.l2(nn.DNN([2, 1]), 1.0, 0)
