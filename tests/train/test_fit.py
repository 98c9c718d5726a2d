"""fit: the published cost curves, what a step is, and that it learns."""

import numpy as np
import pytest

from tinygrad_cn import data, nn, optim

from .nets import BCE, fit, flower_net, moons_net, same

# ---- the notes' numbers -----------------------------------------------------------------------------


def test_the_flower_costs_what_the_notes_print():
    """A. Ng, "Planar data classification with one hidden layer": 4 hidden units, lr 1.2, cost every 1000 iterations."""
    X, Y = data.flower()
    history = fit(flower_net(), X, Y, optimizer=1.2, epochs=2001)
    assert [round(history.cost[i], 6) for i in (0, 1000, 2000)] == [0.693048, 0.288083, 0.254385]
    assert history.epochs == list(range(2001))


OPTIMISERS = {
    "gd": (optim.SGD, [0.702405, 0.668101]),
    "momentum": (optim.Momentum, [0.702413, 0.668167]),
    "adam": (optim.Adam, [0.702166, 0.167845]),
}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_mini_batches_cost_what_the_notes_print_in_epoch_0(moons, name):
    """A. Ng, "Optimization methods", model(): batches of 64, seed 11 in epoch 0, lr 0.0007."""
    make, published = OPTIMISERS[name]
    net = moons_net()
    history = fit(
        net, *moons, optimizer=make(net.parameters(), lr=0.0007), epochs=1, batch_size=64,
        seed=lambda epoch: np.random.RandomState(11 + epoch),
    )  # fmt: skip
    assert round(history.cost[0], 6) == published[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", OPTIMISERS)
def test_mini_batches_cost_what_the_notes_print_in_epoch_1000(moons, name):
    make, published = OPTIMISERS[name]
    net = moons_net()
    history = fit(
        net, *moons, optimizer=make(net.parameters(), lr=0.0007), epochs=1001, batch_size=64,
        seed=lambda epoch: np.random.RandomState(11 + epoch),
    )  # fmt: skip
    assert round(history.cost[1000], 6) == published[1]


# ---- what a step is ---------------------------------------------------------------------------------


def test_it_does_what_a_hand_written_loop_does(moons):
    ours, by_hand = moons_net(), moons_net()
    history = fit(ours, *moons, optimizer=0.5, epochs=20)
    optimizer = optim.SGD(by_hand.parameters(), lr=0.5)
    costs = []
    for _ in range(20):
        J = BCE(by_hand(moons.X), moons.Y)
        optimizer.zero_grad()
        J.backward()
        optimizer.step()
        costs.append(J.item())
    assert history.cost == costs
    assert same(ours, by_hand)


def test_the_cost_of_an_epoch_weighs_batches_by_their_size():
    X = np.arange(5.0).reshape(1, 5)
    net = nn.DNN([1, 1], output=None, init="zeros")
    history = fit(net, X, X, loss=nn.mse, optimizer=0.0, epochs=1, batch_size=2)
    assert history.cost == [pytest.approx(np.mean(X**2))]
    assert history.accuracy == []


def test_the_penalty_is_that_of_the_notes(moons):
    plain, penalised = (fit(moons_net(), *moons, optimizer=0.0, epochs=1, l2=l2) for l2 in (0.0, 0.7))
    squares = sum((value**2).sum() for name, value in moons_net().state_dict().items() if name.startswith("W"))
    assert penalised.cost[0] - plain.cost[0] == pytest.approx(0.7 / (2 * 300) * squares)


def test_the_penalty_shrinks_the_weights(moons):
    nets = moons_net(), moons_net()
    for net, l2 in zip(nets, (0.0, 10.0), strict=True):
        fit(net, *moons, optimizer=0.3, epochs=100, l2=l2)
    plain, penalised = (np.linalg.norm(net.W1.numpy()) for net in nets)
    assert penalised < 0.8 * plain


def test_the_schedule_sets_the_learning_rate_of_each_epoch(moons):
    history = fit(moons_net(), *moons, epochs=4, schedule=optim.ExponentialDecay(0.8, rate=0.5))
    assert history.lr == [0.8, 0.4, 0.2, 0.1]


def test_the_seed_decides_the_batches(moons):
    first, again, other = (fit(moons_net(), *moons, epochs=2, batch_size=32, seed=s).cost for s in (1, 1, 2))
    assert first == again
    assert first != other


def test_images_are_batched_along_their_first_axis():
    class Flat(nn.Module):
        def __init__(self):
            self.dense = nn.Dense(4, 1, activation="sigmoid", seed=0)

        def forward(self, X):
            return self.dense(X.reshape(len(X), 4).T)

    images = np.random.default_rng(0).random((10, 2, 2, 1))
    history = fit(Flat(), images, (images[:, 0, 0, :].T > 0.5).astype(float), optimizer=2.0, epochs=60, batch_size=4)
    assert history.cost[-1] < 0.6 * history.cost[0]


# ---- it learns --------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [2, 4])
def test_parity_is_learned(n):
    X, Y = data.parity(n)
    net = nn.DNN([n, 16, 1], hidden="tanh", seed=0)
    history = fit(net, X, Y, optimizer=optim.Adam(net.parameters(), lr=0.02), epochs=400)
    assert history.accuracy[-1] == 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_digits_are_learned_to_97_percent_on_a_held_out_fifth(seed):
    train, test = data.digits().split(0.2, seed=seed)
    net = nn.DNN([64, 128, 64, 10], output="softmax", seed=seed)
    history = fit(
        net, *data.shifted(train), nn.categorical_cross_entropy, optim.Adam(net.parameters()), epochs=40,
        batch_size=64, schedule=optim.CosineDecay(0.003, 40), validation=test, seed=seed,
    )  # fmt: skip
    assert history.val_accuracy[-1] >= 0.975
