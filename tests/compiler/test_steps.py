"""What people write in a step: updates by hand, detached parts, looks at values; and copies of compiled steps."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.compiler.twins import BINARY, X
from tinygrad_cn import nn, optim
from tinygrad_cn.errors import CompileError


def by_hand(net, optimizer, J):
    J.backward()
    for parameter in net.parameters():
        parameter.data -= optimizer.lr * parameter.grad


def assigned(net, optimizer, J):
    J.backward()
    for parameter in net.parameters():
        parameter.data = parameter.data - optimizer.lr * parameter.grad


def gradients_assigned(net, optimizer, J):
    J.backward()
    for parameter in net.parameters():
        parameter.grad = 0.5 * parameter.grad
    optimizer.step()


def falling_rate(net, optimizer, J):
    J.backward()
    optimizer.step()
    optimizer.lr = 0.9 * optimizer.lr


def seeded(net, optimizer, J):
    J.backward(grad=3 * J.detach().data)
    optimizer.step()


def penalised(net, optimizer, J):
    slope = tg.grad(J, net.W1, create_graph=True)
    (J + (slope * slope).sum() + np.linalg.svd(net.W1.T @ net.W1)[1].sum()).backward()
    optimizer.step()


def around_a_tensor(net, optimizer, J):
    scale = tg.tensor(J.numpy() + 1.0)
    (J * scale).backward()
    optimizer.step()


@pytest.mark.parametrize(
    "update", [by_hand, assigned, gradients_assigned, falling_rate, seeded, penalised, around_a_tensor]
)
def test_updates(update):
    nets = []
    for wrap in (lambda f: f, lambda f: tg.compile(f, fast=False)):
        net = nn.DNN([3, 5, 1], hidden="tanh", seed=0)
        optimizer = optim.SGD(net.parameters(), lr=0.1)

        def step(X, Y, net=net, optimizer=optimizer):
            optimizer.zero_grad()
            update(net, optimizer, nn.binary_cross_entropy(net(X), Y))

        step = wrap(step)
        for _ in range(6):
            step(X, BINARY)
        nets.append((net.state_dict(), optimizer.lr))
    assert "def replay(" in step.source
    (plain, rate), (again, same_rate) = nets
    assert same_rate == pytest.approx(rate, rel=1e-14)
    for name, value in plain.items():
        np.testing.assert_allclose(again[name], value, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("show", [str, repr, print, "{}".format], ids=["str", "repr", "print", "format"])
def test_printing_a_tensor_is_refused(show):
    with pytest.raises(CompileError, match="printing of a value inside a compiled step"):
        tg.compile(lambda x: show(tg.tensor([1.0], requires_grad=True) * x))(np.ones(1))


def test_a_rate_below_zero_is_refused_in_every_step():
    net = nn.DNN([3, 1], seed=0)
    optimizer = optim.SGD(net.parameters(), lr=0.1)

    def step(fall):
        optimizer.lr = optimizer.lr - fall

    compiled = tg.compile(step)
    for _ in range(3):
        compiled(0.02)
    with pytest.raises(ValueError, match="lr must be 0 or more"):
        compiled(1.0)
    assert optimizer.lr == pytest.approx(0.04)


def test_numbers_of_numpy_are_read_anew():
    step = tg.compile(lambda x, c: (x * c).sum(), fast=False)
    for k in range(5):
        assert step(X, np.float64(k)) == pytest.approx(k * X.sum())


def test_a_program_does_not_depend_on_how_arguments_lie_in_memory():
    def step(x, y):
        a, b = np.reshape(2 * x, (6, 4)), np.reshape(2 * y, (6, 4))
        return b @ a.T

    compiled = tg.compile(step, fast=False)
    x = np.arange(24.0).reshape(2, 3, 4)
    for order in "CFCFCF":
        np.testing.assert_array_equal(compiled(np.asarray(x, order=order), x), step(x, x))
    assert "def replay(" in compiled.source


def test_settings_may_change_now_and_then():
    layer = nn.LeakyReLU(0.0)
    step = tg.compile(lambda x: layer(x).sum(), fast=False)
    for k in range(6):
        layer.slope = 0.1 * k
        for _ in range(60):
            assert step(X) == pytest.approx(layer(X).sum())


def test_a_copy_is_recorded_anew():
    step = tg.compile(np.sum, fast=False)
    for _ in range(3):
        step(X)
    for twin in (copy.deepcopy(step), pickle.loads(pickle.dumps(step))):
        with pytest.raises(CompileError, match="has not been called"):
            print(twin.source)
        assert twin(X) == pytest.approx(X.sum())


def test_an_argument_that_is_changed_is_refused():
    x = X.copy()

    def step(x):
        x -= x.mean()

    with pytest.raises(CompileError, match=r"changes its argument \(3, 11\) in place; let it work on a copy"):
        tg.compile(step)(x)
    np.testing.assert_array_equal(x, X)


def test_views_and_copies_are_those_of_numpy():
    def step(x):
        a = np.zeros_like(x)  # it lies as x does, so that this reshape is a view of it, and the next is not
        np.reshape(a.T, -1)[:2] = 5.0
        np.reshape(a, -1)[2:4] = 7.0
        b = 3 * x.T.copy()
        row = np.broadcast_to(b[0], b.shape)
        b[0] = 9.0
        return a, row

    compiled = tg.compile(step, fast=False)
    for k in range(5):
        for a, b in zip(compiled(np.asfortranarray(X * k)), step(np.asfortranarray(X * k)), strict=True):
            np.testing.assert_array_equal(a, b)
