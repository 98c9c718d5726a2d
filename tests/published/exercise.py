"""What the exercises have in common: printed digits, seeded inputs, full-batch training."""

import numpy as np

import tinygrad_cn as tg
from tinygrad_cn import nn


def printed(got, published, digits=8):
    """Equal to the digits printed."""
    np.testing.assert_allclose(np.squeeze(got), np.squeeze(published), rtol=0, atol=0.5001 * 10.0**-digits)


def leaves(*arrays):
    return [tg.tensor(a, requires_grad=True) for a in arrays]


def normal(seed, *shapes):
    """What np.random.seed(seed) and one np.random.randn per shape give."""
    state = np.random.RandomState(seed)
    return [state.standard_normal(shape) for shape in shapes]


def dense(W, b, activation=None):
    layer = nn.Dense(W.shape[1], W.shape[0], activation)
    layer.load_state_dict({"W": W, "b": b})
    return layer


def train(net, X, Y, optimizer, steps, every=1000):
    """Costs of every so many steps of full-batch training."""
    costs = []
    for step in range(steps):
        optimizer.zero_grad()
        J = nn.binary_cross_entropy(net(X), Y)
        J.backward()
        optimizer.step()
        if step % every == 0:
            costs.append(J.item())
    return costs
