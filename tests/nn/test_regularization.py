"""The L1 and L2 terms of the cost."""

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


def test_l1_has_the_sign_as_its_gradient():
    net = nn.DNN([3, 4, 1], seed=1)
    net.W1.data[0, 0] = 0
    penalty = nn.l1(net, lambd=0.7, m=5)
    W1, W2 = net.W1.numpy(), net.W2.numpy()
    assert penalty.item() == pytest.approx(0.7 / 5 * (np.abs(W1).sum() + np.abs(W2).sum()), rel=1e-14)
    penalty.backward()
    np.testing.assert_allclose(net.W1.grad, 0.7 / 5 * np.sign(W1), rtol=1e-14)
    np.testing.assert_allclose(net.W2.grad, 0.7 / 5 * np.sign(W2), rtol=1e-14)


@pytest.mark.parametrize("penalty", [nn.l1, nn.l2])
def test_biases_and_frozen_weights_are_left_out(penalty):
    net = nn.Sequential(nn.Dense(2, 2, seed=1), nn.Sequential(nn.Dense(2, 1, seed=1)))
    before = penalty(net, 1.0, 1).item()
    for name in ("b1", "2.b1"):
        net[name].data[...] = 100
    assert penalty(net.parameters(), 1.0, 1).item() == before
    alone = penalty(net[1], 1.0, 1).item()
    assert penalty(net.freeze("W1"), 1.0, 1).item() == alone < before


def test_hand_written_tensors_count_unless_they_are_called_b():
    W, b = tg.tensor([[2.0]], requires_grad=True), tg.tensor([[9.0]], requires_grad=True, name="b2")
    assert nn.l2([W, b], lambd=1.0, m=2).item() == 1.0


def test_refused():
    with pytest.raises(OpError, match="l2: no weights that learn among the parameters"):
        nn.l2([], 1.0, 1)
    with pytest.raises(OpError, match="l1: no weights that learn among the parameters"):
        nn.l1(nn.DNN([2, 1]).freeze(), 1.0, 1)
    with pytest.raises(ValueError, match="l2: m must be positive; got 0"):
        nn.l2(nn.DNN([2, 1]), 1.0, 0)
