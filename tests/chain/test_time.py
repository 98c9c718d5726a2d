"""Time steps of recurrent nets: opened gate by gate, named as in the notes, folded, looped over, derived."""

import re

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.chain.running import assert_same, run
from tests.chain.test_recurrent import namespace
from tinygrad_cn import nn
from tinygrad_cn.chain.fold import fold

N_X, N_A, N_Y, M = 3, 5, 2, 6
RNG = np.random.default_rng(11)


def hand_rnn(T):
    """The loop of the notes, with bare tensors: a state, an output and a loss at each step."""
    X = RNG.normal(size=(N_X, M, T))
    shapes = {"Waa": (N_A, N_A), "Wax": (N_A, N_X), "ba": (N_A, 1), "Wya": (N_Y, N_A), "by": (N_Y, 1)}
    p = {name: tg.tensor(RNG.normal(size=shape) / 2, requires_grad=True) for name, shape in shapes.items()}
    a, J = np.zeros((N_A, M)), 0
    for t in range(T):
        a = np.tanh(p["Waa"] @ a + p["Wax"] @ X[:, :, t] + p["ba"])
        yhat = nn.softmax(p["Wya"] @ a + p["by"])
        J = J + nn.categorical_cross_entropy(yhat, np.eye(N_Y)[:, RNG.integers(0, N_Y, M)])
    J.backward()
    return J, J.chain(names={**p, "a": a, "yhat": yhat}, lang="en")


def hand_lstm(T):
    """The cell of the notes with np.concatenate, its gates in any order."""
    X = RNG.normal(size=(N_X, M, T))
    W = {f"W{g}": tg.tensor(RNG.normal(size=(N_A, N_A + N_X)) / 2, requires_grad=True) for g in "fico"}
    b = {f"b{g}": tg.tensor(RNG.normal(size=(N_A, 1)), requires_grad=True) for g in "fico"}
    a, c = np.zeros((N_A, M)), np.zeros((N_A, M))
    for t in range(T):
        pair = np.concatenate([a, X[:, :, t]])
        f, i, o = (nn.sigmoid(W[f"W{g}"] @ pair + b[f"b{g}"]) for g in "fio")
        c = f * c + i * np.tanh(W["Wc"] @ pair + b["bc"])
        a = o * np.tanh(c)
    J = np.mean(np.sum(a * a, axis=0))
    J.backward()
    return J, J.chain(names={**W, **b}, lang="en")


def layered(layer, T, **options):
    net = nn.Sequential(
        layer(N_X, N_A, seed=1, **options), nn.Dense(N_A * (1 + options.get("bidirectional", False)), N_Y, seed=2)
    )
    J = nn.cross_entropy(net(RNG.normal(size=(N_X, M, T))), RNG.integers(0, N_Y, (M, T)))
    J.backward()
    return J.chain(lang="en")


# ---- names, values, formulas ------------------------------------------------------------------------


def test_the_loop_of_the_notes_has_the_notes_formulas():
    _, chain = hand_rnn(4)
    formula = {q.written: q.formula.text for q in chain.quantities.values() if q.formula}
    assert formula["z⟨2⟩"] == "Waa a⟨1⟩ + Wax x⟨2⟩ + ba"
    assert formula["a⟨2⟩"] == "tanh(z⟨2⟩)"
    assert formula["ŷ⟨2⟩"] == "softmax(zy⟨2⟩)"
    assert formula["J"] == "Σₜ L⟨t⟩"
    assert formula["dzy⟨2⟩"] == "ŷ⟨2⟩ − y⟨2⟩"
    assert formula["da⟨2⟩"] == "Wyaᵀ dzy⟨2⟩ + Waaᵀ dz⟨3⟩"
    assert formula["da⟨4⟩"] == "Wyaᵀ dzy⟨4⟩"
    assert formula["dz⟨2⟩"] == "da⟨2⟩ ⊙ (1 − (a⟨2⟩)²)"
    assert formula["dWaa"] == "(1/m) Σₜ dz⟨t⟩ a⟨t−1⟩ᵀ"
    assert formula["dWax"] == "(1/m) Σₜ dz⟨t⟩ x⟨t⟩ᵀ"
    assert formula["dba"] == "(1/m) Σₜ Σ dz⟨t⟩"
    assert formula["dWya"] == "(1/m) Σₜ dzy⟨t⟩ a⟨t⟩ᵀ"
    assert chain.convention == "course"
    assert (chain.quantity("a3").symbols, chain.quantity("x<2>").symbols) == ("(n_a, m)", "(n_x, m)")
    assert np.array_equal(chain["da3"], chain["da⟨3⟩"])
    assert np.array_equal(chain["yhat4"], chain["ŷ⟨4⟩"])


@pytest.mark.parametrize("T", [2, 5])
def test_an_lstm_by_hand_is_read_as_one_of_nn(T):
    """Both have the same formulas but for the names of the weights."""
    _, chain = hand_lstm(T)
    net = nn.LSTM(N_X, N_A, output="last", seed=1)
    J = np.mean(np.sum(net(RNG.normal(size=(N_X, M, T))) ** 2, axis=0))
    J.backward()
    other = J.chain(lang="en")
    names = ["zf", "Γf", "Γi", "Γo", "c̃", "c", "a", "dΓf", "dΓi", "dΓo", "dc̃", "dc", "dzo"]
    for name in [f"{name}⟨{t}⟩" for name in names for t in range(1, T)]:
        assert chain.quantity(name).formula.text == other.quantity(name).formula.text, name
    assert chain.quantity("dc⟨1⟩").formula.text == "da⟨1⟩ ⊙ Γo⟨1⟩ ⊙ (1 − (tanh(c⟨1⟩))²) + dc⟨2⟩ ⊙ Γf⟨2⟩"


def test_products_of_the_cost_are_no_part_of_the_cell():
    """Σ a⟨t⟩ ⊙ a⟨t⟩, at every step or of the last one."""
    _, chain = hand_lstm(3)
    assert chain.quantity("a⟨3⟩").formula.text == "Γo⟨3⟩ ⊙ tanh(c⟨3⟩)"
    Waa, Wax, ba = (tg.tensor(RNG.normal(size=shape), True) for shape in ((N_A, N_A), (N_A, N_X), (N_A, 1)))
    a, J = np.zeros((N_A, M)), 0
    for _ in range(3):
        a = np.tanh(Waa @ a + Wax @ RNG.normal(size=(N_X, M)) + ba)
        J = J + (a * RNG.normal(size=(N_A, M))).sum()
    chain = J.chain(names={"Waa": Waa, "Wax": Wax, "ba": ba}, lang="en")
    assert [chain.quantity(f"a⟨{t}⟩").formula.text for t in (1, 2, 3)] == [f"tanh(z⟨{t}⟩)" for t in (1, 2, 3)]


def test_gates_are_their_rows_of_what_was_recorded():
    """Opening changes no number: values are those of the layer, and so are gradients of the stacked product."""
    T = 3
    net = nn.LSTM(N_X, N_A, seed=1)
    X = RNG.normal(size=(N_X, M, T))
    unrolled = net.unroll(X)
    J = np.sum(unrolled.last**2)
    J.backward()
    chain = J.chain(convention="autograd", lang="en")
    for t, a in enumerate(unrolled.steps, 1):
        assert np.array_equal(chain[f"a{t}"], a.data)
        assert np.array_equal(chain[f"da{t}"], a.grad)
    gates = unrolled.last._inputs[0]
    assert gates.name == f"Γ⟨{T}⟩"
    for k, name in enumerate(("Γf", "Γi", "Γo", "c̃")):
        assert np.array_equal(chain[f"{name}⟨{T}⟩"], gates.data[k * N_A : (k + 1) * N_A])
        assert np.array_equal(chain[f"d{name}⟨{T}⟩"], gates.grad[k * N_A : (k + 1) * N_A])
    assert np.array_equal(chain["dWf"], net.Wf.grad)
    assert J.grad is not None
    assert chain.computed


def test_gradients_follow_a_later_backward():
    net = nn.GRU(N_X, N_A, seed=1)
    J = np.mean(net(RNG.normal(size=(N_X, M, 2))) ** 2)
    chain = J.chain(lang="en")
    assert not chain.computed
    assert chain["dΓu2"] is None
    J.backward()
    assert chain.computed
    assert chain["dΓu2"].shape == (N_A, M)


def test_stacked_gates_used_elsewhere_stay_as_recorded():
    """Who takes the stacked gates apart otherwise sees them whole."""
    net = nn.LSTM(N_X, N_A, seed=1)
    last = net.unroll(RNG.normal(size=(N_X, M, 2))).last
    J = np.mean(last**2) + np.mean(np.exp(last._inputs[0]))
    J.backward()
    assert "Γ⟨2⟩" in J.chain(lang="en")


# ---- folding ----------------------------------------------------------------------------------------


def titles(chain, unroll=None):
    return [(row.step.id, len(row.steps)) for row in fold(chain.steps, unroll)]


def test_more_than_four_steps_fold_and_four_do_not():
    assert titles(hand_rnn(5)[1]) == [("a⟨0⟩", 1), ("t", 5), ("t", 5), ("t", 5), ("J", 1)]
    assert len(titles(hand_rnn(4)[1])) == 1 + 3 * 4 + 1
    assert titles(hand_rnn(3)[1], unroll=False) == [("a⟨0⟩", 1), ("t", 3), ("t", 3), ("t", 3), ("J", 1)]
    assert len(titles(hand_rnn(6)[1], unroll=True)) == 1 + 3 * 6 + 1


def test_a_folded_step_is_written_with_t():
    rows = fold(hand_rnn(6)[1].steps)
    cell = rows[1]
    q = {q.written: q for q in (*cell.step.forward, *cell.step.backward, *cell.step.gradients)}
    assert q["z⟨t⟩"].formula.text == "Waa a⟨t−1⟩ + Wax x⟨t⟩ + ba"
    assert q["da⟨t⟩"].formula.text == "Wyaᵀ dzy⟨t⟩ + Waaᵀ dz⟨t+1⟩"
    assert q["da⟨t⟩"].remark == "da⟨6⟩ = Wyaᵀ dzy⟨6⟩"
    assert [s.quantity.written for s in cell.loops] == ["a⟨t−1⟩"]
    assert {s.quantity.written for s in cell.sources} == {"a⟨t−1⟩", "x⟨t⟩"}


def test_steps_one_by_one_add_to_the_gradients_of_the_weights():
    rows = {row.step.id: row.step for row in fold(hand_rnn(3)[1].steps)}
    first, last = rows["RNN t1"], rows["RNN t3"]
    assert last.gradients[0].formula.text == "(1/m) dz⟨3⟩ a⟨2⟩ᵀ"
    assert first.gradients[0].formula.text == "dWaa + (1/m) dz⟨1⟩ a⟨0⟩ᵀ"


@pytest.mark.parametrize(
    ("build", "cells"),
    [
        (lambda: layered(nn.LSTM, 8), ["LSTM"]),
        (lambda: layered(nn.GRU, 8, num_layers=2), ["1.GRU", "2.GRU"]),
        (lambda: layered(nn.GRU, 8, reset="after"), ["GRU"]),
        (lambda: layered(nn.RNN, 8, bidirectional=True), ["RNN", "reverse.RNN", "both"]),
    ],
)
def test_layers_fold_cell_by_cell(build, cells):
    rows = [row for row in fold(build().steps) if row.in_time]
    assert [row.step.moment.cell.prefix + row.step.moment.cell.kind for row in rows] == cells
    assert {len(row.steps) for row in rows} == {8}


@pytest.mark.parametrize("options", [{}, {"output": "last"}, {"bidirectional": True}])
def test_steps_that_read_a_computed_sequence_fold_too(options):
    net = nn.Sequential(nn.Embedding(7, N_X, seed=1), nn.LSTM(N_X, N_A, seed=2, **options))
    J = np.mean(net(RNG.integers(0, 7, (M, 8))) ** 2)
    J.backward()
    rows = [row for row in fold(J.chain(lang="en").steps) if row.in_time]
    assert {len(row.steps) for row in rows} == {8}
    x = rows[0].step.forward[0]
    assert f"{x.written} = {x.formula.text}" == "x⟨t⟩ = u₁[:, :, t−1]"


# ---- pictures, derivations, programs ----------------------------------------------------------------


@pytest.mark.parametrize("view", ["ladder", "blocks"])
def test_a_folded_picture_has_a_loop_and_a_thick_border(view, tmp_path):
    chain = layered(nn.LSTM, 10)
    text = chain.draw(tmp_path / "chain.dot", view=view).read_text(encoding="utf-8")
    assert "LSTM · t = 1…10 × 10" in text
    assert "LSTM backward · t = 10…1 × 10" in text
    assert re.search(r"f1:b1:e -> f1:b0:e", text)
    assert text.count('BORDER="3"') >= 4
    unrolled = chain.draw(tmp_path / "all.dot", view=view, unroll=True).read_text(encoding="utf-8")
    assert "LSTM · t = 7" in unrolled
    assert "f1:b1:e -> f1:b0:e" not in unrolled


def test_only_views_of_rows_can_unroll(tmp_path):
    with pytest.raises(ValueError, match="unroll is for the views ladder, blocks"):
        hand_rnn(2)[1].draw(tmp_path / "chain.dot", view="ops", unroll=True)


def test_the_page_steps_through_one_time_step_for_all(tmp_path):
    page = hand_rnn(10)[1].html(tmp_path / "page.html").read_text(encoding="utf-8")
    assert "RNN · t = 1…10 × 10" in page
    assert "x⟨t⟩" in page
    assert "z⟨7⟩ =" not in page


def test_the_derivation_sums_over_time_once():
    text = hand_rnn(6)[1].markdown()
    assert "### RNN, back through time: $t = 6, \\ldots, 1$" in text
    assert r"dW_{aa} = \frac{1}{m} \sum_{t} dz^{\langle t \rangle} a^{\langle t-1 \rangle\mathsf{T}}" in text
    assert "The same $W_{aa}$ is used at all 6 time steps" in text
    assert "At the ends it is otherwise: $da^{\\langle 6 \\rangle} =" in text
    assert text.count("dL^{\\langle t \\rangle} = 1") == 1


PROGRAM = """\
# Step by step in time
for t in range(1, T + 1):
    z[t] = Waa @ a[t - 1] + Wax @ x[t] + ba  # (5, 5) @ (5, 6) + (5, 3) @ (3, 6) + (5, 1) -> (5, 6)
    a[t] = np.tanh(z[t])  # (5, 6)
    zy[t] = Wya @ a[t] + by  # (2, 6)
    t1 = np.exp(zy[t] - np.max(zy[t], axis=0, keepdims=True))
    yhat[t] = t1 / np.sum(t1, axis=0, keepdims=True)  # (2, 6)
    L[t] = -np.sum(y[t] * np.log(yhat[t])) / m

# Cost J
J = sum(L[t] for t in range(1, T + 1))

# Backward through time
dzy[6] = yhat[6] - y[6]  # (2, 6)
dWya = dzy[6] @ a[6].T / m  # (2, 5)
dby = np.sum(dzy[6], axis=1, keepdims=True) / m  # (2, 1)
da[6] = Wya.T @ dzy[6]  # (5, 6)
dz[6] = da[6] * (1 - a[6] ** 2)  # (5, 6)
dWaa = dz[6] @ a[5].T / m  # (5, 5)
dWax = dz[6] @ x[6].T / m  # (5, 3)
dba = np.sum(dz[6], axis=1, keepdims=True) / m  # (5, 1)
for t in range(T - 1, 0, -1):
    dzy[t] = yhat[t] - y[t]  # (2, 6)
    dWya += dzy[t] @ a[t].T / m  # (2, 5)
    dby += np.sum(dzy[t], axis=1, keepdims=True) / m  # (2, 1)
    da[t] = Wya.T @ dzy[t] + Waa.T @ dz[t + 1]  # (5, 6)
    dz[t] = da[t] * (1 - a[t] ** 2)  # (5, 6)
    dWaa += dz[t] @ a[t - 1].T / m  # (5, 5)
    dWax += dz[t] @ x[t].T / m  # (5, 3)
    dba += np.sum(dz[t], axis=1, keepdims=True) / m  # (5, 1)
"""


def test_the_program_loops_over_time():
    _, chain = hand_rnn(6)
    assert chain.numpy().endswith(PROGRAM), chain.numpy()


@pytest.mark.parametrize("build", [lambda: hand_rnn(6)[1], lambda: hand_lstm(5)[1], lambda: layered(nn.GRU, 7)])
def test_the_loops_give_the_chains_gradients(build):
    chain = build()
    source = chain.numpy(update=True)
    assert source.count("for t in range(") >= 2
    outside = {k: np.array(q.value) for k, q in chain.quantities.items() if q.role != "gradient" and not q.formula}
    result = run(source, learning_rate=0.1, **namespace(outside))
    for name, q in chain.quantities.items():
        if q.role == "parameter":
            assert_same(result[name], outside[name] - 0.1 * chain[f"d{name}"], name)
