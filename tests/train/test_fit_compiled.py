"""`fit(..., compile=True)`: the same history, and the same refusals."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn, optim
from tinygrad_cn.errors import CompileWarning, DivergenceError

RNG = np.random.default_rng(0)
X = RNG.standard_normal((2, 150))
Y = (X[:1] * X[1:] > 0) * 1.0


@pytest.mark.parametrize("options", [{}, {"batch_size": 64}, {"batch_size": 64, "l2": 0.5, "validation": 0.2}])
def test_the_history_is_that_of_the_plain_training(options):
    histories = []
    for compiled in (False, True):
        net = nn.DNN([2, 8, 1], hidden="relu", seed=0)
        opt = optim.Adam(net.parameters(), lr=0.01)
        fit = dict(epochs=12, progress=False, compile=compiled, schedule=lambda epoch: 0.05 / (1 + epoch), **options)
        histories.append(tg.fit(net, X, Y, nn.binary_cross_entropy, opt, **fit))
    plain, replayed = histories
    np.testing.assert_allclose(replayed.cost, plain.cost, rtol=1e-9)
    assert replayed.accuracy == plain.accuracy


def test_divergence_keeps_the_parameters_of_the_last_finite_cost():
    nets = []
    for compiled in (False, True):
        net = nn.DNN([2, 8, 1], hidden="relu", output="linear", seed=0)
        with np.errstate(all="ignore"), pytest.raises(DivergenceError, match="the cost became"):
            tg.fit(net, X, Y, nn.mse, 30.0, epochs=200, progress=False, compile=compiled)
        nets.append(net.state_dict())
    for name, value in nets[0].items():
        assert np.isfinite(value).all() == np.isfinite(nets[1][name]).all()
        np.testing.assert_allclose(nets[1][name], value, rtol=1e-6)


def test_a_net_that_looks_at_values_is_trained_plainly_with_a_warning():
    class Looking(nn.DNN):
        def forward(self, X):
            A = super().forward(X)
            return A if A.numpy().max() < 2 else A * 0.5

    net = Looking([2, 4, 1], hidden="tanh", seed=0)
    with pytest.warns(CompileWarning, match="bool"):
        history = tg.fit(net, X, Y, nn.binary_cross_entropy, 0.1, epochs=5, progress=False, compile=True)
    assert history.cost[-1] < history.cost[0]


def fitted(net, loss=nn.binary_cross_entropy, **options):
    return tg.fit(net, X, Y, loss, 0.1, progress=False, **{"epochs": 250, **options})


def test_it_is_compiled_by_default():
    plain, default = nn.DNN([2, 8, 1], hidden="tanh", seed=0), nn.DNN([2, 8, 1], hidden="tanh", seed=0)
    expected = fitted(plain, compile=False)
    history = fitted(default)
    assert (history.plain_because, expected.plain_because) == ("", "compile=False")
    assert history.cost != expected.cost
    np.testing.assert_allclose(history.cost, expected.cost, rtol=1e-9)


class Own(nn.DNN):
    def forward(self, X):
        return super().forward(X)


@pytest.mark.parametrize(
    ("net", "options", "reason"),
    [
        (nn.DNN, {"epochs": 199}, "199 steps are too few"),
        (nn.DNN, {"epochs": 66, "batch_size": 51}, "198 steps are too few"),
        (nn.DNN, {"loss": lambda A, Y: nn.mse(A, Y)}, "<lambda> is a function of your own"),
        (Own, {}, "Own is a layer of your own"),
    ],
)
def test_it_says_why_it_trains_plainly(net, options, reason):
    assert reason in fitted(net([2, 3, 1], hidden="tanh", seed=0), **options).plain_because


@pytest.mark.parametrize(
    ("net", "options", "reason"), [(nn.DNN, {"epochs": 199}, "只有 199 步"), (Own, {}, "Own 是你自己的层")]
)
def test_it_says_so_in_chinese(net, options, reason, monkeypatch):
    monkeypatch.setenv("TINYGRAD_CN_LANG", "zh")
    assert reason in fitted(net([2, 3, 1], hidden="tanh", seed=0), **options).plain_because


def test_checkpoints_keep_their_bits(tmp_path):
    whole, halves = (nn.DNN([2, 3, 1], hidden="tanh", seed=0) for _ in range(2))
    fitted(whole, epochs=9, batch_size=3, checkpoint=tmp_path / "whole")
    history = fitted(halves, epochs=5, batch_size=3, checkpoint=tmp_path / "half")
    assert "resumed" in history.plain_because
    fitted(halves, epochs=9, batch_size=3, resume=tmp_path / "half")
    for name, value in whole.state_dict().items():
        np.testing.assert_array_equal(halves.state_dict()[name], value)
