"""Gradients of a⟨0⟩, c⟨0⟩, x⟨t⟩ and X, for which nothing is recorded: known when they are given, against numbers."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn

N_X, N_A, M, T = 3, 5, 7, 4
RNG = np.random.default_rng(3)
X, A0, C0, UP = (RNG.normal(size=shape) for shape in ((N_X, M, T), (N_A, M), (N_A, M), (N_A, M, T)))
CELLS = {"RNN": nn.RNN, "GRU": nn.GRU, "LSTM": nn.LSTM}


def cost(kind, X=X, a0=A0, c0=C0):
    """Of a layer that starts from given states."""
    layer = CELLS[kind](N_X, N_A, seed=1)
    state = (a0, c0) if kind == "LSTM" else (a0,)
    return nn.mse(layer.unroll(X, state).A, UP)


def numeric(f, x, h=1e-6):
    """Central differences."""
    g = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += h
        down[i] -= h
        g[i] = (f(up) - f(down)) / (2 * h)
    return g


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("convention", ["course", "autograd"])
def test_inputs_and_starts_are_compared_as_if_they_were_learned(kind, convention):
    x, a0, c0 = (tg.tensor(value, True) for value in (X, A0, C0))
    cost(kind, x, a0, c0).backward()
    given = {"dx": x, "da0": a0, "dc0": c0} if kind == "LSTM" else {"dx": x, "da0": a0}
    hand = {name: (M if convention == "course" else 1) * value.grad for name, value in given.items()}
    report = tg.compare(cost(kind), hand, convention=convention)
    assert report.ok, report
    assert [row.written for row in report.rows] == [
        *(f"dx⟨{t}⟩" for t in range(1, T + 1)), "da⟨0⟩", *["dc⟨0⟩"] * (kind == "LSTM"),
    ]  # fmt: skip
    assert all(row.verdict == "agree" for row in report.rows)


def test_their_formulas_are_shown():
    J = cost("RNN")
    report = tg.compare(J, {"da0": np.zeros((N_A, M)), "dx<2>": np.zeros((N_X, M))})
    assert [row.formula.text for row in report.rows] == ["Waaᵀ dz⟨1⟩", "Waxᵀ dz⟨2⟩"]
    assert report.rows[0].verdict == "wrong"


def loop(da):
    """The exercise's backward pass of a loop by hand; `da` is what it starts each step from."""
    p = {"Waa": RNG.normal(size=(N_A, N_A)), "Wax": RNG.normal(size=(N_A, N_X)), "ba": RNG.normal(size=(N_A, 1))}
    tensors = {name: tg.tensor(value, True, name=name) for name, value in p.items()}
    a, states = A0, [A0]
    for t in range(T):
        a = np.tanh(tensors["Waa"] @ a + tensors["Wax"] @ X[:, :, t] + tensors["ba"])
        states.append(a)
    J = nn.mse(a, UP[:, :, 0])
    back, dx, dWaa = 2 * (a.numpy() - UP[:, :, 0]) / N_A, np.zeros_like(X), 0
    for t in range(T, 0, -1):
        dz = da(back) * (1 - states[t].numpy() ** 2)
        dx[:, :, t - 1] = p["Wax"].T @ dz
        before = states[t - 1]
        dWaa = dWaa + dz @ (before if t == 1 else before.numpy()).T / M
        back = p["Waa"].T @ dz
    return J, {"dWaa": dWaa, "dx": dx, "da0": back}


def test_what_follows_from_a_mistake_at_every_step_is_inherited():
    J, hand = loop(lambda back: back)
    assert tg.compare(J, hand).ok
    J, hand = loop(lambda back: 2 * back)
    report = tg.compare(J, hand)
    assert report.first_wrong == "dWaa"
    assert not any(row.verdict == "agree" for row in report.rows)


def test_a_start_alone_tells_of_a_mistake_at_every_step():
    J, _ = loop(lambda back: back)
    W = J.chain()["Waa"]
    dz = 2 * (J.chain()[f"a{T}"] - UP[:, :, 0]) / N_A
    for _ in range(T):
        dz = W.T @ dz  # without 1 − a²
    report = tg.compare(J, {"da0": dz})
    row = report["da⟨0⟩"]
    assert (row.verdict, row.cause, row.blamed) == ("wrong", "missing_activation_derivative", "dz⟨t⟩")


def test_the_functions_of_one_convolution_name_their_gradients_so():
    conv = nn.Conv2D(2, 3, 2, seed=1)
    images = RNG.normal(size=(M, 4, 4, 2))
    Z = conv(images)
    dZ = RNG.normal(size=Z.shape)
    J = (Z * dZ).sum()
    J.backward()
    dA = numeric(lambda x: float((conv(x).numpy() * dZ).sum()), images)
    hand = {"dZ": dZ, "dA_prev": dA, "dW": conv.W.grad, "db": conv.b.grad}
    report = tg.compare(J, hand, convention="autograd", rtol=1e-6)
    assert [(row.name, row.verdict) for row in report.rows] == [
        ("dZ", "agree"), ("dW", "agree"), ("db", "agree"), ("dA0", "agree"),
    ]  # fmt: skip


def test_the_only_layer_needs_no_numbers():
    J = nn.mse(nn.DNN([3, 2], output="tanh", seed=1)(X[:, :, 0]), UP[:2, :, 0])
    chain = J.chain()
    hand = {"dA": 2 * (chain["A1"] - UP[:2, :, 0]) / 2}
    hand["dZ"] = hand["dA"] * (1 - chain["A1"] ** 2)
    hand["dA_prev"] = chain["W1"].T @ hand["dZ"]
    report = tg.compare(J, hand)
    assert [(row.name, row.verdict) for row in report.rows] == [
        ("dA1", "agree"), ("dZ1", "agree"), ("dA0", "agree"),
    ]  # fmt: skip


def test_masks_targets_and_what_is_not_there_stay_unknown():
    net = nn.Sequential(nn.Dense(3, 4, "tanh", seed=1), nn.Dropout(0.8, seed=2), nn.Dense(4, 1, "sigmoid", seed=3))
    J = nn.binary_cross_entropy(net(X[:, :, 0]), RNG.integers(0, 2, (1, M)))
    hand = {name: np.zeros((1, M)) for name in ("dY", "dD1", "dx", "da0", "dW")}
    assert {row.verdict for row in tg.compare(J, hand).rows} == {"unknown_name"}
    assert tg.compare(J, {"dX": np.zeros((3, M))}).rows[0].verdict == "wrong"


def test_sequences_of_the_wrong_length_are_no_steps():
    rows = tg.compare(cost("RNN"), {"dx": np.zeros((N_X, M, T + 1))}).rows
    assert [row.verdict for row in rows] == ["unknown_name"]
