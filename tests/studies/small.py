"""A small study, the same in several files of tests."""

import tinygrad_cn as tg
from tinygrad_cn import data, nn, optim

X, Y = data.moons(100, noise=0.2, seed=0)
SPACE = {"lr": tg.space.log_uniform(1e-3, 1), "units": [2, 4, 8]}
TRAINING = {"X": X, "Y": Y, "loss": nn.binary_cross_entropy, "epochs": 5}


def build(lr, units):
    net = nn.DNN([2, units, 1], hidden="tanh", seed=1)
    return net, optim.Adam(net.parameters(), lr)


def study(build, space, *args, **options):
    return tg.study(build, space, *args, progress=False, **options)


def without_time(done):
    return [{**row, "seconds": 0} for row in done.rows]
