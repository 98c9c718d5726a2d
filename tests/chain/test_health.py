"""The health of a net: sizes of gradients by layer, dead and saturated units, and what is said about them."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn
from tinygrad_cn.chain.health import LayerHealth, findings, layer_health

RNG = np.random.default_rng(3)
X = RNG.standard_normal((20, 50))
Y = (RNG.random((1, 50)) < 0.5).astype(float)


def chain_of(hidden, init, depth=24, backward=True):
    net = nn.DNN([20] * depth + [1], hidden=hidden, output="sigmoid", init=init, seed=1)
    J = nn.binary_cross_entropy(net(X), Y)
    if backward:
        J.backward()
    return J.chain()


def keys(chain):
    return [finding.key for finding in findings(layer_health(chain.steps))]


def test_ratios_are_norms_of_the_chains_own_gradients():
    chain = chain_of("tanh", "xavier", depth=3)
    norms = [np.linalg.norm(chain[f"dZ{layer}"]) for layer in (1, 2, 3)]
    rows = layer_health(chain.steps)
    assert [row.layer for row in rows] == [1, 2, 3]
    assert [row.relative for row in rows] == pytest.approx([n / norms[-1] for n in norms])
    assert rows[0].step == pytest.approx(np.linalg.norm(chain["dW1"]) / np.linalg.norm(chain["W1"]))


def test_sigmoid_makes_gradients_vanish_by_a_quarter_a_layer():
    chain = chain_of("sigmoid", "xavier")
    (found,) = findings(layer_health(chain.steps))
    assert found.key == "vanishing.sigmoid"
    assert found.values["layer"] == 1
    assert found.values["last"] == 24
    assert 0.15 < found.values["factor"] < 0.3  # σ′ ≤ 1/4


def test_large_weights_make_gradients_explode():
    assert "exploding" in keys(chain_of("relu", nn.init.normal(0.55)))


def test_small_weights_make_gradients_vanish():
    assert keys(chain_of("tanh", nn.init.normal(0.05)))[0] == "vanishing"


def test_a_net_that_is_well_started_is_healthy():
    chain = chain_of("tanh", "xavier", depth=6)
    (found,) = findings(layer_health(chain.steps))
    assert (found.key, found.role) == ("good", "ok")


def test_dead_units_are_counted():
    W1, b1 = tg.tensor(np.eye(4, 20), requires_grad=True), tg.tensor([[0.0], [0.0], [-99.0], [-99.0]], True)
    J = nn.mse(tg.tensor(np.ones((1, 4)), True) @ nn.ReLU()(W1 @ X + b1), Y)
    J.backward()
    rows = layer_health(J.chain().steps)
    assert rows[0].dead == 0.5
    assert rows[1].dead is None  # linear
    found = next(f for f in findings(rows) if f.key == "dead")
    assert dict(found.values) == {"layer": 1, "share": "50%", "n": 1}


def test_saturated_entries_are_counted_but_not_at_the_output():
    W1 = tg.tensor(np.eye(2, 20) * [[1e3], [1e-3]], requires_grad=True)
    J = nn.binary_cross_entropy(tg.sigmoid(tg.tensor([[99.0, 99.0]], True) @ np.tanh(W1 @ X)), Y)
    J.backward()
    rows = layer_health(J.chain().steps)
    assert rows[0].saturated == pytest.approx(0.5, abs=0.02)  # tanh(1000 x) is flat, tanh(x / 1000) is not
    assert rows[1].saturated is None
    assert "saturated" in [f.key for f in findings(rows)]


def test_one_sample_says_nothing_about_dead_units():
    rows = [LayerHealth(layer, "relu", 1.0, 1.0, 0.5, None, seen=1) for layer in (1, 2)]
    assert [f.key for f in findings(rows)] == ["good"]


def test_before_backward_nothing_is_claimed():
    rows = layer_health(chain_of("tanh", "xavier", depth=3, backward=False).steps)
    assert [row.relative for row in rows] == [None] * 3
    assert findings(rows) == []


def test_a_gradient_of_zero_is_no_ratio():
    W = tg.tensor(np.zeros((1, 20)), True)
    J = nn.mse(W @ X, np.zeros((1, 50)))
    J.backward()
    (row,) = layer_health(J.chain().steps)
    assert np.isnan(row.relative)
    assert np.isnan(row.step)
    assert findings([row]) == []


def test_the_activation_behind_a_norm_is_that_of_its_layer():
    rng = np.random.default_rng(0)
    net = nn.Sequential(
        nn.Conv2D(1, 4, 3, seed=1), nn.BatchNorm2D(4), nn.ReLU(), nn.Flatten(), nn.Dense(144, 5, seed=2),
        nn.BatchNorm(5), nn.Tanh(), nn.Dense(5, 3, seed=3),
    )  # fmt: skip
    net[1].beta.data[0, 0, 0, 1] = -100.0
    J = nn.cross_entropy(net(rng.normal(size=(9, 8, 8, 1))), np.arange(9) % 3)
    J.backward()
    rows = layer_health(J.chain().steps)
    assert [row.label for row in rows] == ["relu", "tanh", ""]
    assert [row.dead for row in rows] == [0.25, None, None]
    assert rows[1].saturated is not None
