"""Recurrent layers: against loops written out in NumPy, and against torch.

The numbers the course prints are in tests/published.
"""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn, optim
from tinygrad_cn.errors import OpError, ShapeError

N_X, N_A, M, T = 3, 5, 4, 6
RTOL = 1e-10  # sums of a few hundred products in float64, carried over some steps


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@pytest.fixture
def X(rng):
    return rng.normal(size=(N_X, M, T))


# ---- the notes' equations, written out --------------------------------------------------------------


def rnn_step(p, x, a):
    return (np.tanh(p["Waa"] @ a + p["Wax"] @ x + p["ba"]),)


def lstm_step(p, x, a, c):
    pair = np.vstack([a, x])
    forget, update, output = (sigmoid(p[f"W{k}"] @ pair + p[f"b{k}"]) for k in "fio")
    c = forget * c + update * np.tanh(p["Wc"] @ pair + p["bc"])
    return output * np.tanh(c), c


def gru_step(p, x, c):
    pair = np.vstack([c, x])
    update, relevance = (sigmoid(p[f"W{k}"] @ pair + p[f"b{k}"]) for k in "ur")
    candidate = np.tanh(p["Wc"] @ np.vstack([relevance * c, x]) + p["bc"])
    return (update * candidate + (1 - update) * c,)


def unrolled(step, p, X, *state):
    """All a⟨t⟩, and the last state."""
    states = []
    for t in range(X.shape[2]):
        state = step(p, X[:, :, t], *state)
        states.append(state[0])
    return np.stack(states, axis=2), state


KINDS = {"RNN": (nn.RNN, rnn_step, 1), "LSTM": (nn.LSTM, lstm_step, 2), "GRU": (nn.GRU, gru_step, 1)}
each_kind = pytest.mark.parametrize(("layer", "step", "parts"), KINDS.values(), ids=KINDS)


def randomised(net, rng):
    """Every parameter away from 0, biases too."""
    net.load_state_dict({name: rng.normal(size=value.shape) * 0.5 for name, value in net.state_dict().items()})
    return net


@each_kind
def test_the_notes_equations_step_by_step(layer, step, parts, X, rng):
    net = randomised(layer(N_X, N_A, seed=1), rng)
    start = tuple(rng.normal(size=(parts, N_A, M)))
    A, final = unrolled(step, net.state_dict(), X, *start)
    ours = net.unroll(X, start)
    np.testing.assert_allclose(ours.A.numpy(), A, rtol=RTOL)
    np.testing.assert_allclose(net(X, start).numpy(), A, rtol=RTOL)
    got = ours.final if parts > 1 else (ours.final,)
    for mine, theirs in zip(got, final, strict=True):
        np.testing.assert_allclose(mine.numpy(), theirs, rtol=RTOL)
    np.testing.assert_allclose(ours.last.numpy(), A[:, :, -1], rtol=RTOL)


@each_kind
def test_gradients_of_parameters_inputs_and_start(layer, step, parts, X, rng):
    net = randomised(layer(2, 3, num_layers=2, bidirectional=True, seed=1), rng)
    x = tg.tensor(rng.normal(size=(2, 2, 3)), requires_grad=True, name="X")
    starts = [tuple(tg.tensor(rng.normal(size=(3, 2)), requires_grad=True) for _ in range(parts)) for _ in range(4)]
    r = rng.normal(size=(6, 2, 3))
    report = tg.gradcheck(
        lambda *_: np.sum(net(x, starts, lengths=[3, 2]) * r), [x, *(s for start in starts for s in start)]
    )
    assert report.ok, str(report)
    report = tg.gradcheck(lambda *_: np.sum(net(x, starts) * r), net.parameters())
    assert report.ok, str(report)


def test_gradcheck_of_a_gru_that_resets_after(X, rng):
    net = randomised(nn.GRU(N_X, 2, reset="after", seed=1), rng)
    assert set(net.state_dict()) == {"Wu", "bu", "Wr", "br", "Wc", "bc", "bcc"}
    assert tg.gradcheck(lambda *_: np.mean(net(X) ** 2), net.parameters()).ok


# ---- shapes of the net ------------------------------------------------------------------------------


@each_kind
def test_layers_lie_on_top_of_each_other(layer, step, parts, X):
    net = layer(N_X, N_A, num_layers=2, seed=1)
    p = net.state_dict()
    zeros = (np.zeros((N_A, M)),) * parts
    A = X
    for number in (1, 2):
        own = {name[2:]: value for name, value in p.items() if name.startswith(f"{number}.")}
        A, _ = unrolled(step, own, A, *zeros)
    np.testing.assert_allclose(net(X).numpy(), A, rtol=RTOL)


@each_kind
def test_the_second_direction_reads_backwards(layer, step, parts, X):
    net = layer(N_X, N_A, bidirectional=True, seed=1)
    p = net.state_dict()
    zeros = (np.zeros((N_A, M)),) * parts
    forward, _ = unrolled(step, p, X, *zeros)
    own = {name.removeprefix("reverse."): value for name, value in p.items() if name.startswith("reverse.")}
    backward = unrolled(step, own, X[:, :, ::-1], *zeros)[0][:, :, ::-1]
    np.testing.assert_allclose(net(X).numpy(), np.vstack([forward, backward]), rtol=RTOL)
    last = layer(N_X, N_A, bidirectional=True, output="last", seed=1)(X)
    np.testing.assert_allclose(last.numpy(), np.vstack([forward[:, :, -1], backward[:, :, 0]]), rtol=RTOL)


@each_kind
@pytest.mark.parametrize("ways", [1, 2])
def test_padding_changes_nothing(layer, step, parts, ways, X):
    lengths = [6, 2, 4, 1]
    net = layer(N_X, N_A, num_layers=2, bidirectional=ways == 2, seed=1)
    padded = X.copy()
    padded[:, ~nn.padding_mask(lengths, T)] = 1e3
    x = tg.tensor(padded, requires_grad=True)
    result = net.unroll(x, lengths=lengths)
    for i, length in enumerate(lengths):
        alone = net.unroll(X[:, i : i + 1, :length])
        np.testing.assert_allclose(result.A.numpy()[:, i, :length], alone.A.numpy()[:, 0], rtol=RTOL)
        np.testing.assert_allclose(result.last.numpy()[:, i], alone.last.numpy()[:, 0], rtol=RTOL)
        assert not result.A.numpy()[:, i, length:].any()
    (result.A.sum() + result.last.sum()).backward()
    assert (np.abs(x.grad).sum(axis=0) > 0).tolist() == nn.padding_mask(lengths, T).tolist()


@each_kind
def test_a_sequence_may_be_cut_and_continued(layer, step, parts, X):
    net = layer(N_X, N_A, num_layers=2, seed=1)
    first = net.unroll(X[:, :, :2])
    second = net.unroll(X[:, :, 2:], first.final)
    joined = np.concatenate([first.A.numpy(), second.A.numpy()], axis=2)
    np.testing.assert_allclose(joined, net(X).numpy(), rtol=RTOL)


def test_a_cell_steps_like_the_layer(X):
    for layer, cell in ((nn.RNN, nn.RNNCell), (nn.GRU, nn.GRUCell), (nn.LSTM, nn.LSTMCell)):
        whole, alone = layer(N_X, N_A, seed=7), cell(N_X, N_A, seed=7)
        state = ()
        for t in range(T):
            state = alone(X[:, :, t], *state)
            state = state if isinstance(state, tuple) else (state,)
        np.testing.assert_array_equal(state[0].numpy(), whole(X).numpy()[:, :, -1])


def test_every_state_keeps_its_own_gradient(X):
    unrolled = nn.LSTM(N_X, N_A, seed=1).unroll(X)
    unrolled.last.sum().backward()
    assert [a.name for a in unrolled.steps] == [f"a⟨{t}⟩" for t in range(1, T + 1)]
    assert all(a.grad.shape == (N_A, M) for a in unrolled.steps)


# ---- names and arguments ----------------------------------------------------------------------------


def test_parameters_are_named_as_in_the_notes():
    assert [*nn.RNN(3, 5).state_dict()] == ["Waa", "Wax", "ba"]
    assert [*nn.LSTM(3, 5).state_dict()] == ["Wf", "bf", "Wi", "bi", "Wc", "bc", "Wo", "bo"]
    assert [*nn.GRU(3, 5).state_dict()] == ["Wu", "bu", "Wr", "br", "Wc", "bc"]
    two = nn.RNN(3, 5, num_layers=2, bidirectional=True)
    assert [*two.state_dict()][::3] == ["1.Waa", "1.reverse.Waa", "2.Waa", "2.reverse.Waa"]
    assert two["2.Wax"].shape == (5, 10)
    net = nn.Sequential(nn.LSTM(3, 5, output="last"), nn.Dense(5, 2))
    assert {"1.Wf", "1.bo", "W2", "b2"} <= set(net.state_dict())
    assert net[0].Wf is net["1.Wf"]
    assert net[0].Wf.name == "1.Wf"


def test_values_come_back_and_copies_are_separate(X, tmp_path):
    net, other = nn.GRU(N_X, N_A, num_layers=2, seed=1), nn.GRU(N_X, N_A, num_layers=2, seed=2)
    other.load_state_dict(net.state_dict())
    np.testing.assert_array_equal(net(X).numpy(), other(X).numpy())
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        np.testing.assert_array_equal(net(X).numpy(), twin(X).numpy())
        assert set(twin.parameters()).isdisjoint(net.parameters())


def test_seeds_repeat_and_float32_stays(X):
    a, b, c = (nn.LSTM(N_X, N_A, seed=seed).Wf.numpy() for seed in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert not np.allclose(a, c)
    net = nn.LSTM(N_X, N_A, bidirectional=True, dtype=np.float32, seed=1)
    A = net(X.astype(np.float32), lengths=[6, 5, 4, 3])
    A.sum().backward()
    assert {A.dtype, *(p.grad.dtype for p in net.parameters())} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda net, X: net(X[0]), ShapeError, r"LSTM: X must be a sequence \(3, m, T\); got \(4, 6\)"),
        (lambda net, X: net(X[:2]), ShapeError, r"LSTM: X must be a sequence \(3, m, T\); got \(2, 4, 6\)"),
        (lambda net, X: net(X[:, :, :0]), ShapeError, r"got \(3, 4, 0\)"),
        (
            lambda net, X: net(X, (np.zeros((5, 3)), None)),
            ShapeError,
            r"LSTMCell: a⟨t−1⟩ must be \(5, 4\); got \(5, 3\)",
        ),
        (lambda net, X: net(X, (None, None, None)), OpError, r"LSTMCell: the state is \('a', 'c'\); got 3 arrays"),
        (lambda net, X: net(X, lengths=[1, 2]), ShapeError, r"lengths must be \(4,\), one per sample; got \(2,\)"),
        (lambda net, X: net(X, lengths=[1, 2, 3, 7]), ValueError, r"whole numbers in 0 … 6; got \[1, 2, 3, 7\]"),
        (lambda net, X: net.cells[0](X), ShapeError, r"LSTMCell: x⟨t⟩ must be \(3, m\); got \(3, 4, 6\)"),
        (
            lambda net, X: nn.LSTM(3, 5, 2)(X, [None]),
            OpError,
            "LSTM: initial must be a list of 2 states, one per layer and direction; got 1",
        ),
        (lambda net, X: nn.LSTM(3, 0), ValueError, "n_a must be a positive whole number; got 0"),
        (lambda net, X: nn.LSTM(3, 5, 0), ValueError, "num_layers must be a positive whole number; got 0"),
        (lambda net, X: nn.LSTM(3, 5, output="first"), ValueError, "output must be one of all, last; got 'first'"),
        (lambda net, X: nn.GRU(3, 5, reset="never"), ValueError, 'reset must be "before" or "after"; got \'never\''),
    ],
)
def test_misuse_is_explained(call, error, message, X):
    with pytest.raises(error, match=message):
        call(nn.LSTM(N_X, N_A, seed=1), X)


def test_what_repr_says():
    assert repr(nn.RNN(3, 5)) == "RNN(3, 5)"
    assert (
        repr(nn.GRU(3, 5, 2, bidirectional=True, output="last"))
        == "GRU(3, 5, num_layers=2, bidirectional=True, output='last')"
    )


# ---- torch ------------------------------------------------------------------------------------------


def torch_weights(net, kind, torch_net):
    """Our parameters in torch's layout: gates one below the other, its second bias 0."""
    for i, cell in enumerate(net.cells):
        ways = 1 + net.bidirectional
        end = f"_l{i // ways}" + "_reverse" * (i % ways)
        p = cell.state_dict()
        zero = np.zeros((N_A, 1))
        if kind == "RNN":
            rows = [(np.hstack([p["Waa"], p["Wax"]]), p["ba"], zero)]
        elif kind == "LSTM":
            rows = [(p[f"W{k}"], p[f"b{k}"], zero) for k in "ifco"]
        else:
            rows = [(p["Wr"], p["br"], zero), (-p["Wu"], -p["bu"], zero), (p["Wc"], p["bc"], p["bcc"])]
        W, b_x, b_a = (np.concatenate(part) for part in zip(*rows, strict=True))
        parts = {"weight_hh": W[:, :N_A], "weight_ih": W[:, N_A:], "bias_ih": b_x[:, 0], "bias_hh": b_a[:, 0]}
        for name, value in parts.items():
            getattr(torch_net, name + end).data[...] = torch_net.bias_ih_l0.new_tensor(value)


def gradients_in_torch_layout(net, kind):
    """Gradients of the recurrent and input weights, one array per cell."""
    signs = {"RNN": {"Waa": 1}, "LSTM": dict.fromkeys(["Wi", "Wf", "Wc", "Wo"], 1), "GRU": {"Wr": 1, "Wu": -1, "Wc": 1}}
    for cell in net.cells:
        if kind == "RNN":
            yield cell.Waa.grad, cell.Wax.grad
            continue
        W = np.concatenate([sign * getattr(cell, name).grad for name, sign in signs[kind].items()])
        yield W[:, :N_A], W[:, N_A:]


def freeze_doubled_biases(torch_gru):
    """Our gates have one bias where torch adds up two; only the candidate's second is a parameter of its own."""
    for name, parameter in torch_gru.named_parameters():
        if name.startswith("bias_hh"):
            parameter.grad[: 2 * N_A] = 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("num_layers", "bidirectional"), [(1, False), (2, True)])
def test_values_gradients_and_ten_steps_are_torchs(kind, num_layers, bidirectional, X, rng):
    torch = pytest.importorskip("torch")
    options = {"reset": "after"} if kind == "GRU" else {}
    ours = KINDS[kind][0](N_X, N_A, num_layers, bidirectional, seed=1, **options)
    theirs = getattr(torch.nn, kind)(N_X, N_A, num_layers, bidirectional=bidirectional, dtype=torch.float64)
    torch_weights(randomised(ours, rng), kind, theirs)
    for name, parameter in theirs.named_parameters():
        parameter.requires_grad_(kind == "GRU" or not name.startswith("bias_hh"))
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.1)
    x, x_torch = tg.tensor(X, requires_grad=True), torch.tensor(X.transpose(2, 1, 0), requires_grad=True)
    target = rng.normal(size=ours(x).shape)
    for step in range(10):
        x.grad = x_torch.grad = None
        A, B = ours(x), theirs(x_torch)[0]
        np.testing.assert_allclose(A.numpy(), B.detach().numpy().transpose(2, 1, 0), rtol=1e-9, atol=1e-12)
        ours_J = nn.mse(A, target)
        theirs_J = torch.nn.functional.mse_loss(B, torch.tensor(target.transpose(2, 1, 0)))
        for parameter in (*ours.parameters(), *theirs.parameters()):
            parameter.grad = None
        ours_J.backward()
        theirs_J.backward()
        np.testing.assert_allclose(x.grad, x_torch.grad.numpy().transpose(2, 1, 0), rtol=1e-8, atol=1e-13)
        ways = 1 + bidirectional
        for i, (recurrent, inputs) in enumerate(gradients_in_torch_layout(ours, kind)):
            end = f"_l{i // ways}" + "_reverse" * (i % ways)
            for mine, name in ((recurrent, "weight_hh"), (inputs, "weight_ih")):
                np.testing.assert_allclose(mine, getattr(theirs, name + end).grad.numpy(), rtol=1e-8, atol=1e-13)
        optim.SGD(ours.parameters(), lr=0.1).step()
        if kind == "GRU":
            freeze_doubled_biases(theirs)
        optimizer.step()
        assert ours_J.item() == pytest.approx(theirs_J.item(), rel=1e-10), step
