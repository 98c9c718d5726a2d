"""The nets and data of the notes that trainings are tested on."""

import numpy as np

import tinygrad_cn as tg
from tinygrad_cn import nn

BCE = nn.binary_cross_entropy


def fit(net, X, Y, loss=BCE, optimizer=0.1, **options):
    return tg.fit(net, X, Y, loss, optimizer, **{"progress": False, **options})


def flower_net(units=4):
    """The start of the notes: np.random.seed(2), normal · 0.01."""
    return nn.DNN([2, units, 1], hidden="tanh", init=nn.init.normal(0.01), seed=np.random.RandomState(2))


def moons_net():
    """The start of the notes' "Optimization methods": np.random.seed(3), He."""
    return nn.DNN([2, 5, 2, 1], hidden="relu", init="he", seed=np.random.RandomState(3))


def same(a, b):
    """Parameters equal bit by bit."""
    return all(np.array_equal(value, b.state_dict()[name]) for name, value in a.state_dict().items())
