"""The health of recurrent nets over time: norms of da⟨t⟩ against the last step's, and what is said about them."""

import numpy as np
import pytest

from tinygrad_cn import nn
from tinygrad_cn.chain.health_time import TimeHealth, time_findings, time_health

RNG = np.random.default_rng(3)
X = RNG.standard_normal((3, 6, 12))
LABELS = RNG.integers(0, 2, 6)


def chain_of(layer, backward=True):
    net = nn.Sequential(layer, nn.Dense(4, 2, seed=2))
    J = nn.cross_entropy(net(X), LABELS)
    if backward:
        J.backward()
    return J.chain()


def rnn(scale, activation="tanh"):
    layer = nn.RNN(3, 4, output="last", activation=activation, seed=1)
    Waa = layer.cells[0].Waa
    Waa.data = scale * np.linalg.qr(RNG.standard_normal((4, 4)))[0]
    return layer


def told(chain):
    return [finding.key for finding in time_findings(time_health(chain.steps))]


def test_ratios_are_norms_of_the_chains_own_gradients():
    chain = chain_of(rnn(0.9))
    norms = [np.linalg.norm(chain[f"da{t}"]) for t in range(1, 13)]
    (row,) = time_health(chain.steps)
    assert (row.cell, row.state, row.steps) == ("RNN", "a", tuple(range(1, 13)))
    assert row.relative == pytest.approx([n / norms[-1] for n in norms])


def test_small_weights_make_gradients_vanish_by_their_size_a_step():
    (found,) = time_findings(time_health(chain_of(rnn(0.1)).steps))
    assert (found.key, found.values["state"], found.values["last"]) == ("time.vanishing", "da⟨1⟩", "da⟨12⟩")
    assert 0.01 < found.values["factor"] <= 0.1  # Waa is 0.1 times an orthogonal matrix, and tanh′ ≤ 1


def test_large_weights_make_gradients_explode():
    assert told(chain_of(rnn(3.0, activation=nn.LeakyReLU(0.5)))) == ["time.exploding"]


def test_a_net_that_is_well_started_is_healthy():
    assert told(chain_of(rnn(1.0))) == ["time.good"]


def test_gates_get_advice_of_their_own():
    layer = nn.LSTM(3, 4, output="last", seed=1)
    layer.cells[0].bf.data = layer.cells[0].bf.data - 8.0  # forgets all
    assert told(chain_of(layer)) == ["time.vanishing.gated"]
    rows = time_health(chain_of(layer).steps)
    assert [(row.cell, row.state) for row in rows] == [("LSTM", "a"), ("LSTM", "c")]


def test_the_step_that_is_worst_is_named_not_the_first():
    row = TimeHealth("RNN", "2.", "a", (1, 2, 3, 4), (500.0, 8000.0, 20.0, 1.0))
    (found,) = time_findings([row])
    assert (found.key, found.values["state"], found.values["ratio"]) == ("time.exploding", "d2.a⟨2⟩", 8000.0)
    assert found.values["factor"] == pytest.approx(8000**0.5)  # two steps from the last


def test_before_backward_nothing_is_claimed():
    rows = time_health(chain_of(rnn(0.1), backward=False).steps)
    assert rows[0].relative == (None,) * 12
    assert time_findings(rows) == []


def test_a_net_without_cells_has_no_rows():
    J = nn.mse(nn.Dense(3, 1, seed=1)(X[..., 0]), np.zeros((1, 6)))
    J.backward()
    assert time_health(J.chain().steps) == []
