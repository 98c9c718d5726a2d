"""A training that kills itself: python killed.py KIND CHECKPOINT 4, after that epoch, or 3.5ms, after that time."""

import hashlib
import json
import os
import signal
import sys
import threading

import numpy as np

import tinygrad_cn as tg
from tinygrad_cn import data, nn, optim

EPOCHS = 60


def noise(X, rng):
    return X + 0.1 * rng.normal(size=X.shape)


def dropout():
    return [nn.Dropout(0.8, seed=3)]


def norm():
    return [nn.BatchNorm(16)]


KINDS = {  # the optimiser, layers in the middle, and what else fit is told
    "sgd": (optim.SGD, list, {"schedule": optim.StepDecay(0.5, every=7), "batch_size": None}),
    "momentum": (optim.Momentum, list, {"schedule": optim.CosineDecay(0.5, EPOCHS), "l2": 0.3}),
    "nesterov": (optim.Nesterov, dropout, {"schedule": optim.ExponentialDecay(0.2, 0.97), "augment": noise}),
    "adagrad": (optim.Adagrad, norm, {"schedule": optim.InverseTimeDecay(0.2), "l1": 0.1}),
    "rmsprop": (optim.RMSprop, dropout, {}),
    "adam": (optim.Adam, norm, {"augment": noise, "validation": 0.25}),
    "adamw": (optim.AdamW, list, {"validation": 0.25, "early_stopping": 3}),
}


def train(kind, path, report):
    """The number of epochs, and a digest of all they have led to."""
    make, middle, options = KINDS[kind]
    net = nn.Sequential(nn.Dense(2, 16, seed=1), *middle(), nn.Tanh(), nn.Dense(16, 1, seed=2), nn.Sigmoid())
    optimizer = make(net.parameters(), lr=0.05)
    history = tg.fit(
        net, *data.moons(200, noise=0.3, seed=4), nn.binary_cross_entropy, optimizer, epochs=EPOCHS, checkpoint=path,
        **{"batch_size": 32, "seed": np.random.RandomState(5), "resume": True, "progress": False, **options},
        callback=lambda epoch, _: report(epoch),
    )  # fmt: skip
    return [len(history), digest([net.state_dict(), optimizer.state_dict(), {**history.to_dict(), "seconds": None}])]


def digest(state):
    """Of a tree of arrays and plain values, to the last bit."""
    text = json.dumps(state, default=lambda leaf: leaf.tobytes().hex())
    return hashlib.sha256(text.encode()).hexdigest()


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    kind, path, when = sys.argv[1:]
    if when.endswith("ms"):
        threading.Timer(float(when[:-2]) / 1000, kill).start()
    train(kind, path, lambda epoch: kill() if str(epoch) == when else None)
    os._exit(0)  # the timer does not matter any more
