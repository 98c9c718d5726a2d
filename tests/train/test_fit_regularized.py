"""fit with penalties and with images changed in every step."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import data, nn
from tinygrad_cn.errors import ShapeError


def net_of_moons():
    return nn.DNN([2, 5, 1], hidden="tanh", seed=3)


def fit(net, X, Y, loss=nn.binary_cross_entropy, optimizer=0.1, **options):
    return tg.fit(net, X, Y, loss, optimizer, progress=False, **options)


def same(a, b):
    """Parameters equal bit by bit."""
    return all(np.array_equal(value, b.state_dict()[name]) for name, value in a.state_dict().items())


@pytest.fixture
def moons():
    return data.moons(300, 0.2, seed=3)


class KilledError(Exception):
    pass


def kill(epoch, history):
    if epoch == 4:
        raise KilledError


def test_both_penalties_together_are_the_elastic_net(moons):
    plain, elastic = (fit(net_of_moons(), *moons, optimizer=0.0, epochs=1, **o) for o in ({}, {"l1": 0.3, "l2": 0.7}))
    weights = [value for name, value in net_of_moons().state_dict().items() if name.startswith("W")]
    added = sum(0.3 / 300 * np.abs(W).sum() + 0.7 / 600 * (W**2).sum() for W in weights)
    assert elastic.cost[0] - plain.cost[0] == pytest.approx(added)


def test_l1_silences_inputs_that_say_nothing():
    X = np.random.default_rng(0).normal(size=(10, 500))
    Y = (X[:1] + X[1:2] > 0).astype(float)
    net = nn.DNN([10, 1], seed=1)
    fit(net, X, Y, optimizer=0.1, epochs=2000, l1=20.0)
    W = np.abs(net.W1.numpy()[0])
    assert W[:2].min() > 0.5
    assert W[2:].max() < 0.01


def augmented_training(seed, **options):
    digits = data.digits().take(range(60))
    augment = data.Augment(data.Rotate(15), data.Shift(1), data.Noise(0.1), image_shape=(8, 8, 1))
    net = nn.DNN([64, 10], output="softmax", seed=1)
    history = fit(
        net, *digits, nn.categorical_cross_entropy, 0.1, epochs=8, batch_size=20, augment=augment, seed=seed, **options
    )
    return net, history


def test_an_augmented_training_is_decided_by_its_seed():
    net, again, other = (augmented_training(seed)[0] for seed in (1, 1, 2))
    assert same(net, again)
    assert not same(net, other)


@pytest.mark.parametrize("seed", [lambda: 7, lambda: np.random.RandomState(7), lambda: lambda epoch: epoch + 7])
def test_an_augmented_training_resumes_as_if_never_killed(tmp_path, seed):
    path = tmp_path / "training.safetensors"
    whole, expected = augmented_training(seed())
    with pytest.raises(KilledError):
        augmented_training(seed(), checkpoint=path, callback=kill)
    net, history = augmented_training(seed(), resume=path)
    assert history.cost == expected.cost
    assert same(net, whole)


def test_a_step_learns_from_what_augment_returns_and_validation_stays(moons):
    seen = []

    def double(X, rng):
        seen.append(X.shape)
        return 2 * X

    X, Y = moons
    rest = {"epochs": 1, "batch_size": 200, "validation": (X, Y), "optimizer": 0.0, "seed": 1}
    history = fit(net_of_moons(), X, Y, augment=double, **rest)
    doubled = fit(net_of_moons(), 2 * X, Y, **rest)
    assert seen == [(2, 200), (2, 100)]
    assert history.cost == doubled.cost
    assert history.val_cost == doubled.val_cost
    with pytest.raises(ShapeError, match="X and Y must hold as many samples"):
        fit(net_of_moons(), X, Y, augment=lambda X, rng: X[:, 1:])
