"""Backpropagation through time by hand: the mistakes students make in the loop are named, with all gradients or few."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn

T, N_X, N_A, M = 4, 3, 4, 6
RNG = np.random.default_rng(3)
X = RNG.normal(size=(N_X, M, T))
Y = [np.eye(3)[:, RNG.integers(0, 3, M)] for _ in range(T)]
SHAPES = {"Waa": (N_A, N_A), "Wax": (N_A, N_X), "ba": (N_A, 1), "Wya": (3, N_A), "by": (3, 1)}
WEIGHTS = {name: RNG.normal(size=shape) / 2 for name, shape in SHAPES.items()}
CODES = {"missing_sum_over_time", "missing_next_step", "wrong_time_step", "swapped_gates", "swapped_parts"}
FEW = ("dWaa", "dWax", "dba")


@pytest.fixture(scope="module")
def rnn():
    """A. Ng, "Building your recurrent neural network": a⟨t⟩ = tanh(Waa a⟨t−1⟩ + Wax x⟨t⟩ + ba), an output each step."""
    p = {name: tg.tensor(value, requires_grad=True, name=name) for name, value in WEIGHTS.items()}
    a, J = np.zeros((N_A, M)), 0
    for t in range(T):
        a = np.tanh(p["Waa"] @ a + p["Wax"] @ X[:, :, t] + p["ba"])
        J = J + nn.categorical_cross_entropy(nn.softmax(p["Wya"] @ a + p["by"]), Y[t])
    J.backward()
    return J.chain(lang="en")


def rnn_backward(slip=""):
    """The loop of the notes, with one slip in it."""
    W = WEIGHTS
    a, z, dzy = {0: np.zeros((N_A, M))}, {}, {}
    for t in range(1, T + 1):
        z[t] = W["Waa"] @ a[t - 1] + W["Wax"] @ X[:, :, t - 1] + W["ba"]
        a[t] = np.tanh(z[t])
        dzy[t] = nn.softmax(W["Wya"] @ a[t] + W["by"]) - Y[t - 1]
    grads = {"dWaa": 0, "dWax": 0, "dba": 0}
    da_next = np.zeros((N_A, M))
    for t in reversed(range(1, T + 1)):
        da = W["Wya"].T @ dzy[t] + (0 if slip == "no da_next" else da_next)
        if slip == "da_next only" and t < T:
            da = da_next
        slope = {
            "at z": 1 - z[t] ** 2,
            "at a twice": 1 - np.tanh(a[t]) ** 2,
            "step before": 1 - a[t - 1] ** 2,
            "no slope": 1,
        }
        dz = da * slope.get(slip, 1 - a[t] ** 2)
        grads |= {f"da{t}": da, f"dz{t}": dz}
        old = a[t] if slip == "a of this step" else a[t - 1]
        terms = {"dWaa": dz @ old.T / M, "dWax": dz @ X[:, :, t - 1].T / M, "dba": dz.sum(axis=1, keepdims=True) / M}
        for name, term in terms.items():
            grads[name] = term if slip == "not added up" else grads[name] + term
        da_next = (W["Waa"] if slip == "no transpose" else W["Waa"].T) @ dz
    if slip == "mean over time":
        grads |= {name: grads[name] / T for name in FEW}
    return grads


def test_the_loop_of_the_notes_agrees(rnn):
    report = tg.compare(rnn, rnn_backward())
    assert report.ok, str(report)
    assert len(report.rows) == 2 * T + 3


SLIPS = {  # slip: the first wrong of all, its cause; the cause and place told from dWaa, dWax, dba alone
    "not added up": ("dWaa", "missing_sum_over_time", "missing_sum_over_time", "dWaa"),
    "no da_next": ("da⟨3⟩", "missing_next_step", "missing_next_step", "da⟨t⟩"),
    "da_next only": ("da⟨3⟩", "missing_term", "missing_term", "da⟨t⟩"),
    "at z": ("dz⟨4⟩", "wrong_activation_derivative", "wrong_activation_derivative", "dz⟨t⟩"),
    "at a twice": ("dz⟨4⟩", "derivative_at_a", "derivative_at_a", "dz⟨t⟩"),
    "step before": ("dz⟨4⟩", "wrong_time_step", "wrong_time_step", "dz⟨t⟩"),
    "no slope": ("dz⟨4⟩", "missing_activation_derivative", "missing_activation_derivative", "dz⟨t⟩"),
    "a of this step": ("dWaa", "wrong_time_step", "wrong_time_step", "dWaa"),
    "no transpose": ("da⟨3⟩", "transposed", "transposed", "da⟨t⟩"),
    "mean over time": ("dWaa", "constant_factor", "constant_factor", "dWaa"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_the_loop_is_named(rnn, slip):
    first, cause, cause_of_few, place = SLIPS[slip]
    grads = rnn_backward(slip)
    report = tg.compare(rnn, grads)
    assert (report.first_wrong, report[first].cause) == (first, cause), str(report)
    few = tg.compare(rnn, {name: grads[name] for name in FEW})
    row = few["dWaa"]
    assert (row.verdict, row.cause, row.blamed) == ("wrong", cause_of_few, place), str(few)
    inherits = place.endswith("⟨t⟩")  # a slip before the weights explains the others too
    if inherits:
        assert [few[name].verdict for name in ("dWax", "dba")] == ["inherited", "inherited"], str(few)


def test_the_texts_say_what_to_do(rnn):
    grads = rnn_backward("no da_next")
    row = tg.compare(rnn, {name: grads[name] for name in FEW})["dWaa"]
    assert row.explanation("en") == (
        "da⟨t⟩ lacks the term that comes back from the next time step (da_next or dc_next). "
        "It should be da⟨t⟩ = Wyaᵀ dzy⟨t⟩ + Waaᵀ dz⟨t+1⟩."
    )
    assert row.explanation("zh").startswith("da⟨t⟩ 漏了下一个时间步传回来的那一项")
    row = tg.compare(rnn, {"dWaa": rnn_backward("not added up")["dWaa"]})["dWaa"]
    assert "It equals (1/m) dz⟨1⟩ a⟨0⟩ᵀ. It should be dWaa = (1/m) Σₜ dz⟨t⟩ a⟨t−1⟩ᵀ." in row.explanation("en")
    assert "各步的梯度要加起来（Σₜ）" in row.explanation("zh")


def test_every_code_of_time_is_told():
    told = {cause for _, cause, _, _ in SLIPS.values()} | {cause for _, _, cause in LSTM_SLIPS}
    assert told >= CODES


def test_what_no_slip_explains_stays_unknown(rnn):
    noise = {"dWaa": rnn["dWaa"] + RNG.normal(size=(N_A, N_A))}
    assert tg.compare(rnn, noise)["dWaa"].cause == "unknown"


def test_what_agrees_does_not_vouch_for_what_it_has_no_part_of():
    """a⟨0⟩ is 0: of two steps dWaa sees the second alone, and agrees though da⟨1⟩ is wrong."""
    net = nn.Sequential(nn.RNN(N_X, N_A, seed=1), nn.Dense(N_A, 3, seed=2))
    J = nn.cross_entropy(net(X[:, :, :2]), np.zeros((M, 2), int))
    J.backward()
    chain = J.chain(lang="en")
    dz = [chain["dA"][:, :, t] * (1 - chain[f"a{t + 1}"] ** 2) for t in range(2)]  # without da_next
    hand = {
        "dWaa": dz[1] @ chain["a1"].T / M,
        "dWax": sum(dz[t] @ X[:, :, t].T for t in range(2)) / M,
        "dba": sum(dz).sum(axis=1, keepdims=True) / M,
    }
    report = tg.compare(chain, hand)
    assert [report[name].verdict for name in hand] == ["agree", "wrong", "inherited"]
    assert [(c.code, c.where) for c in report["dWax"].causes] == [("missing_next_step", "da⟨t⟩")]


def test_sums_over_the_wrong_axis_are_told_of_a_bias_used_at_every_step(rnn):
    total = sum(rnn[f"dz{t}"] for t in range(1, T + 1))
    for code, wrong in (("wrong_axis", total.sum(axis=0, keepdims=True)), ("missing_sum_over_samples", total)):
        assert tg.compare(rnn, {"dba": wrong / M})["dba"].cause == code


# ---- LSTM -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lstm():
    net = nn.LSTM(N_X, N_A, seed=1)
    head = nn.Dense(N_A, 3, seed=2)
    J = nn.cross_entropy(head(net(X)), np.argmax(np.stack(Y, axis=2), axis=0))
    J.backward()
    return J.chain(lang="en")


def lstm_backward(chain, slip=""):
    """A. Ng, "Building your recurrent neural network", lstm_backward, with one slip in it."""
    v = lambda name: chain[name]  # noqa: E731
    grads = {f"d{kind}{gate}": 0 for kind in "Wb" for gate in "fioc"}
    da_next, dc_next = np.zeros((N_A, M)), np.zeros((N_A, M))
    for t in reversed(range(1, T + 1)):
        f, i, o, cand = v(f"Γf⟨{t}⟩"), v(f"Γi⟨{t}⟩"), v(f"Γo⟨{t}⟩"), v(f"c̃⟨{t}⟩")
        tanh_c, c_prev = np.tanh(v(f"c⟨{t}⟩")), v(f"c⟨{t - 1}⟩")
        da = v("dA")[:, :, t - 1] + (0 if slip == "no da_next" else da_next)
        dc = da * o * (1 - tanh_c**2) + (0 if slip == "no dc_next" else dc_next)
        if slip == "dc_next only" and t < T:
            dc = dc_next
        if slip == "no tanh of c":
            dc = da * o + dc_next
        if slip == "slope at c":
            dc = da * o * (1 - v(f"c⟨{t}⟩") ** 2) + dc_next
        df, di, do = dc * c_prev, dc * cand, da * (v(f"c⟨{t}⟩") if slip == "c for its tanh" else tanh_c)
        dcand = dc * (f if slip == "wrong gate" else i)
        dz = {"f": df * f * (1 - f), "i": di * i * (1 - i), "o": do * o * (1 - o), "c": dcand * (1 - cand**2)}
        pair = [v(f"a⟨{t - 1}⟩"), X[:, :, t - 1]]
        pair = np.concatenate(pair[::-1] if slip == "x on top" else pair)
        da_next = sum(v(f"W{gate}")[:, :N_A].T @ dz[gate] for gate in "fioc")
        dc_next = dc * (i if slip == "wrong gate back" else f)
        for gate in "fioc":
            grads[f"dW{gate}"] = grads[f"dW{gate}"] + dz[gate] @ pair.T / M
            grads[f"db{gate}"] = grads[f"db{gate}"] + dz[gate].sum(axis=1, keepdims=True) / M
        grads |= {f"da{t}": da, f"dc{t}": dc, f"dGf{t}": df, f"dGi{t}": di, f"dGo{t}": do, f"dcc{t}": dcand}
    return grads


def test_the_lstm_of_the_notes_agrees(lstm):
    report = tg.compare(lstm, lstm_backward(lstm))
    assert report.ok, str(report)
    assert len(report.rows) == 6 * T + 8


LSTM_SLIPS = [
    ("no da_next", "da⟨3⟩", "missing_next_step"),
    ("no dc_next", "dc⟨3⟩", "missing_next_step"),
    ("dc_next only", "dc⟨3⟩", "missing_term"),
    ("no tanh of c", "dc⟨4⟩", "missing_activation_derivative"),
    ("c for its tanh", "dΓo⟨4⟩", "wrong_layer_cache"),
    ("slope at c", "dc⟨4⟩", "wrong_activation_derivative"),
    ("wrong gate", "dc̃⟨4⟩", "swapped_gates"),
    ("wrong gate back", "dc⟨3⟩", "swapped_gates"),
    ("x on top", "dWf", "swapped_parts"),
]


@pytest.mark.parametrize(("slip", "first", "cause"), LSTM_SLIPS)
def test_a_slip_in_the_lstm_is_named(lstm, slip, first, cause):
    report = tg.compare(lstm, lstm_backward(lstm, slip))
    assert (report.first_wrong, report[first].cause) == (first, cause), str(report)


@pytest.mark.parametrize(
    ("slip", "cause"),
    [("no da_next", "missing_next_step"), ("no dc_next", "missing_next_step"), ("dc_next only", "missing_term")],
)
def test_a_slip_in_the_lstm_is_told_from_the_weights_alone(lstm, slip, cause):
    grads = lstm_backward(lstm, slip)
    report = tg.compare(lstm, {name: g for name, g in grads.items() if name[1] in "Wb"})
    place = slip[slip.index("d") :][:2] + "⟨t⟩"
    wrong = [row for row in report.rows if row.verdict == "wrong"]
    assert [(row.cause, row.blamed) for row in wrong] == [(cause, place)], str(report)
