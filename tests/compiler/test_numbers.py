"""A compiled step gives the numbers of the plain one, to rounding."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn, optim
from tinygrad_cn.nn.activation import ACTIVATIONS

from .twins import BINARY, LABELS, RNG, Side, X, assert_same_numbers, side, small, twins

SIGNS = 2 * BINARY - 1
LOSSES = {
    nn.binary_cross_entropy: (1, "sigmoid", BINARY),
    nn.binary_cross_entropy_with_logits: (1, "linear", BINARY),
    nn.categorical_cross_entropy: (4, "softmax", LABELS),
    nn.cross_entropy: (4, "linear", LABELS),
    nn.mse: (1, "linear", BINARY),
    nn.mae: (1, "linear", BINARY),
    nn.huber: (1, "linear", BINARY),
    nn.hinge: (1, "linear", SIGNS),
}
OPTIMIZERS = [optim.SGD, optim.Momentum, optim.Nesterov, optim.RMSprop, optim.Adagrad, optim.Adam, optim.AdamW]


@pytest.mark.parametrize("hidden", ACTIVATIONS)
def test_every_activation(hidden):
    def make():
        net = nn.DNN([3, 5, 4, 1], hidden=hidden, seed=0)
        return side(net, nn.binary_cross_entropy, optim.SGD(net.parameters(), lr=0.1))

    assert_same_numbers(*twins(make), X, BINARY)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda f: f.__name__)
@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_every_loss(loss, dtype):
    n, output, Y = LOSSES[loss]

    def make():
        net = nn.DNN([3, 5, n], hidden="tanh", output=output, seed=0, dtype=dtype)
        return side(net, loss, optim.SGD(net.parameters(), lr=0.1))

    plain, compiled = twins(make)
    assert_same_numbers(plain, compiled, X.astype(dtype), Y, rtol=1e-9 if dtype == "f8" else 1e-4)
    assert compiled.net.W1.dtype == dtype


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda c: c.__name__)
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_every_optimiser(optimizer, weight_decay):
    assert_same_numbers(*twins(lambda: small(optimizer, lr=0.01, weight_decay=weight_decay)), X, BINARY)


def test_groups_with_their_own_learning_rate():
    def make():
        net = nn.DNN([3, 5, 1], hidden="tanh", seed=0)
        groups = [{"params": net[:1].parameters(), "lr": 0.01}, {"params": net[1:].parameters(), "weight_decay": 0.2}]
        return side(net, nn.binary_cross_entropy, optim.Adam(groups, lr=0.1))

    assert_same_numbers(*twins(make), X, BINARY)


def test_l2_in_the_cost():
    def make():
        net = nn.DNN([3, 5, 1], hidden="tanh", seed=0)
        return side(net, lambda A, Y: nn.mse(A, Y) + nn.l2(net, 0.7, 11), optim.Momentum(net.parameters(), lr=0.1))

    assert_same_numbers(*twins(make), X, BINARY)


@pytest.mark.parametrize(
    "layer", [lambda: nn.Dropout(0.7, seed=3), lambda: nn.BatchNorm(5), lambda: nn.LayerNorm(5)],
    ids=["dropout", "batch norm", "layer norm"],
)  # fmt: skip
def test_layers_with_random_numbers_and_running_averages(layer):
    def make():
        net = nn.Sequential(nn.Dense(3, 5, seed=1), layer(), nn.Tanh(), nn.Dense(5, 4, seed=2))
        return side(net, nn.cross_entropy, optim.SGD(net.parameters(), lr=0.1))

    plain, compiled = twins(make)
    assert_same_numbers(plain, compiled, X, LABELS)
    for name, value in plain.net.state_dict().items():
        np.testing.assert_allclose(compiled.net.state_dict()[name], value, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize(
    "layers",
    [
        (nn.Conv2D, {}, nn.MaxPool2D(2)), (nn.Conv2D, {"pad": "same"}, nn.MaxPool2D(3, stride=2)),
        (nn.Conv2D, {"stride": 2, "pad": 2}, nn.AvgPool2D(2, stride=1)),
        (nn.Conv2D, {"dilation": 2, "groups": 2}, nn.MaxPool2D(2, stride=1, pad=1)),
        (nn.Conv2D, {"groups": 2, "activation": "relu"}, nn.AvgPool2D(2, stride=3)),
    ],
    ids=["plain", "same", "stride", "dilated groups", "groups"],
)  # fmt: skip
def test_convolution_and_pooling(layers):
    images, labels = RNG.standard_normal((6, 9, 8, 2)), RNG.integers(0, 4, 6)
    conv, options, pool = layers

    def make():
        front = nn.Sequential(conv(2, 4, 3, seed=1, **options), nn.ReLU(), pool)
        back = nn.Sequential(conv(4, 2, 2, seed=2), nn.Tanh(), nn.Flatten())
        net = nn.Sequential(front, back, nn.Dense(back(front(images)).shape[0], 4, seed=2))
        return side(net, nn.cross_entropy, optim.Momentum(net.parameters(), lr=0.1))

    assert_same_numbers(*twins(make), images, labels)


@pytest.mark.parametrize("output", ["all", "last"])
@pytest.mark.parametrize(
    "layer", [nn.RNN, nn.LSTM, nn.GRU, lambda *n, **options: nn.GRU(*n, reset="after", **options)],
    ids=["RNN", "LSTM", "GRU", "GRU, reset after"],
)  # fmt: skip
def test_recurrent_layers(layer, output):
    sequence, labels = RNG.standard_normal((3, 7, 6)), RNG.integers(0, 4, (7, 6) if output == "all" else 7)

    def make():
        net = nn.Sequential(
            layer(3, 4, num_layers=2, bidirectional=True, output=output, seed=1), nn.Dense(8, 4, seed=2)
        )
        return side(net, nn.cross_entropy, optim.Adam(net.parameters(), lr=0.05))

    assert_same_numbers(*twins(make), sequence, labels, rtol=1e-7)


def test_long_parameters_are_updated_in_pieces():
    def make():
        net = nn.DNN([300, 300, 1], hidden="relu", seed=0)
        return side(net, nn.binary_cross_entropy, optim.Adam(net.parameters(), lr=0.01))

    plain, compiled = twins(make)
    assert_same_numbers(plain, compiled, RNG.standard_normal((300, 4)), np.array([[0.0, 1.0, 1.0, 0.0]]))
    assert "for " in compiled.step.source


@pytest.mark.parametrize("clip", [optim.clip_grad_norm, optim.clip_grad_value])
@pytest.mark.parametrize("limit", [1e-3, 1e3])
def test_clipped_gradients(clip, limit):
    def make():
        net = nn.DNN([3, 5, 1], hidden="tanh", seed=0)
        optimizer = optim.Momentum(net.parameters(), lr=0.5)

        def step(X, Y):
            J = nn.binary_cross_entropy(net(X), Y)
            optimizer.zero_grad()
            J.backward()
            norm = clip(net.parameters(), limit)
            optimizer.step()
            return J.item() if norm is None else (J.item(), norm)

        return Side(net, optimizer, step)

    assert_same_numbers(*twins(make), X, BINARY)


@pytest.mark.parametrize("middle", [lambda: nn.GRU(6, 6, seed=1), lambda: nn.TransformerEncoderBlock(6, 2, seed=1)],
                         ids=["GRU", "Transformer"])  # fmt: skip
def test_words_that_occur_twice(middle):
    words, following = RNG.integers(0, 5, (2, 3, 7))

    def make():
        net = nn.Sequential(nn.Embedding(5, 6, seed=0), middle(), nn.Dense(6, 5, seed=2))
        return side(net, nn.cross_entropy, optim.Momentum(net.parameters(), lr=0.02))

    plain, compiled = twins(make)
    assert_same_numbers(plain, compiled, words, following)
    assert_same_numbers(plain, compiled, following, words)


def test_a_gradient_that_is_the_same_in_every_step():
    costs = []
    for wrap in (lambda f: f, lambda f: tg.compile(f, fast=False)):
        w = tg.tensor(np.arange(4.0), requires_grad=True)
        optimizer = optim.SGD([w], lr=0.5)

        def step(x, w=w, optimizer=optimizer):
            J = (w * 3.0).sum() + x.sum()
            optimizer.zero_grad()
            J.backward()
            optimizer.step()
            return J.item()

        step = wrap(step)
        costs.append([step(X) for _ in range(4)])
        np.testing.assert_array_equal(w.grad, np.full(4, 3.0))
    assert costs[0] == costs[1]


def test_choices_by_arguments():
    results = []
    for wrap in (lambda f: f, lambda f: tg.compile(f, fast=False)):
        w = tg.tensor(np.arange(3.0).reshape(3, 1) + 1, requires_grad=True)

        def step(x, w=w):
            w.grad = None
            np.where(x > 0, w * x, np.take(np.tanh(w), [2, 1, 0], axis=0)).sum().backward()
            return w.grad

        step = wrap(step)
        results.append([step(x).copy() for x in (X, -X, X + 1, X * 2)])
    np.testing.assert_allclose(results[1], results[0], rtol=1e-12)


def test_results_put_where_they_are_wanted():
    def joined(x):
        y = np.zeros_like(x, shape=(6, x.shape[1]))
        np.concatenate([x, -x], out=y)
        np.sum(x, axis=0, out=y[1])
        return y

    step = tg.compile(joined, fast=False)
    for x in (X, X + 1, X * 2):
        np.testing.assert_array_equal(step(x), joined(x))


def test_old_values_and_gradients_equal_to_parameters_have_arrays_of_their_own():
    table = np.arange(6.0).reshape(2, 3)
    results = []
    for wrap in (lambda f: f, lambda f: tg.compile(f, fast=False)):
        w, u, v = (tg.tensor(np.full((3, 2), k), requires_grad=True) for k in (1.0, 2.0, 3.0))
        optimizer = optim.SGD([w, u, v], lr=0.1)

        def step(x, w=w, u=u, v=v, optimizer=optimizer):
            old, shift = w.data.copy(), w.detach() * 2
            J = (w * w).sum() / 2 + (u * v.detach()).sum() + (v.T * table).sum() + x.sum()
            optimizer.zero_grad()
            J.backward()
            optimizer.step()
            return old, shift, J

        step = wrap(step)
        results.append([])
        for _ in range(5):
            results[-1] += [*step(X), w.grad.copy(), u.grad.copy(), v.grad.copy(), w.numpy().copy(), u.numpy().copy()]
            for parameter in (w, u, v):
                parameter.grad *= 7  # what is done to a gradient is done to it alone
    assert "def replay(" in step.source
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-12)
    np.testing.assert_array_equal(table, np.arange(6.0).reshape(2, 3))


@pytest.mark.parametrize("clip", [optim.clip_grad_norm, optim.clip_grad_value])
def test_clipped_gradients_of_convolutions(clip):
    """These gradients are reshaped from what lies otherwise in memory, so what is written into them is theirs alone."""
    images, labels = RNG.standard_normal((6, 9, 8, 2)), RNG.integers(0, 3, 6)

    def make():
        net = nn.Sequential(
            nn.Conv2D(2, 4, 2, groups=2, dilation=2, seed=1), nn.AvgPool2D(2), nn.Flatten(), nn.Dense(36, 3, seed=2)
        )
        optimizer = optim.SGD(net.parameters(), lr=0.5)

        def step(X, Y):
            for _ in range(2):  # the second time they are added up
                J = nn.cross_entropy(net(X), Y)
                J.backward()
            clip(net.parameters(), 1e-3)
            optimizer.step()
            return J.item()

        return Side(net, optimizer, step)

    assert_same_numbers(*twins(make), images, labels)


def test_windows_that_are_a_whole_array_may_be_written():
    image = RNG.standard_normal((1, 9, 11, 2))

    def make():
        net = nn.Sequential(
            nn.Conv2D(2, 2, 3, pad="same", seed=0, activation="sigmoid"), nn.AvgPool2D(3, stride=2),
            nn.Conv2D(2, 4, 1, dilation=2, seed=1, activation="gelu"), nn.Flatten(), nn.Dense(80, 3, seed=2),
        )  # fmt: skip
        optimizer = optim.Adam(net.parameters(), lr=0.1)

        def step(X, Y):
            for _ in range(2):
                J = nn.cross_entropy(net(X), Y)
                optimizer.zero_grad()
                J.backward(keep="leaves")
                optimizer.step()
            return J.item()

        return Side(net, optimizer, step)

    assert_same_numbers(*twins(make), image, np.array([1]))


def test_layers_of_one_unit_with_a_penalty_and_no_gradients_left():
    nets = []
    for wrap in (lambda f: f, lambda f: tg.compile(f, fast=False)):
        net = nn.DNN([3, 1, 1, 1, 1], hidden="tanh", seed=0)
        optimizer = optim.SGD(net.parameters(), lr=0.1)

        def step(X, Y, net=net, optimizer=optimizer):
            J = nn.mse(net(X), Y) + nn.l2(net, 0.7, 11)
            J.backward()
            optimizer.step()
            optimizer.zero_grad()
            return J.item()

        step = wrap(step)
        nets.append([step(X, BINARY) for _ in range(6)])
    assert nets[1] == pytest.approx(nets[0], rel=1e-10)
