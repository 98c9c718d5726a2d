"""A study to be killed or interrupted: python killed.py RESULTS JOBS says which trial begins, and what came of them."""

import sys

import tinygrad_cn as tg
from tinygrad_cn import data, nn, optim

SPACE = {"lr": tg.space.log_uniform(1e-3, 1), "units": [2, 4, 8]}
TRIALS = 8
X, Y = data.moons(100, noise=0.2, seed=0)


def build(lr, units, endless_after=TRIALS):
    """A training that `fit` would end by itself at Ctrl-C."""
    begun = len(BEGUN)
    BEGUN.append(lr)
    print(f"begin {lr:.6f}", flush=True)
    net = nn.DNN([2, units, 1], hidden="tanh", seed=1)
    epochs = 10 if begun < endless_after else 10**9
    return tg.fit(net, X, Y, nn.binary_cross_entropy, optim.Adam(net.parameters(), lr), epochs, progress=False)


BEGUN = []


def study(out, jobs, **options):
    return tg.study(lambda lr, units: build(lr, units, **options), SPACE, TRIALS, jobs=jobs, out=out, progress=False)


if __name__ == "__main__":
    from . import killed  # by its own name, so that a worker imports it once and counts its trials

    print(repr(killed.study(sys.argv[1], int(sys.argv[2]), endless_after=int(sys.argv[3]))))
