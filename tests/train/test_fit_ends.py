"""A clean end whatever ends a training, and what the progress bar shows on the way."""

import os
import signal

import numpy as np
import pytest

from tinygrad_cn import nn, optim
from tinygrad_cn.errors import DivergenceError

from .nets import fit, moons_net, same


def test_ctrl_c_finishes_the_step_and_returns_the_history(moons):
    interrupted, whole = moons_net(), moons_net()

    def ctrl_c(epoch, history):
        if epoch == 4:
            os.kill(os.getpid(), signal.SIGINT)

    history = fit(interrupted, *moons, epochs=10, callback=ctrl_c)
    fit(whole, *moons, epochs=5)
    assert history.interrupted
    assert history.epochs == [0, 1, 2, 3, 4]
    assert same(interrupted, whole)


def test_ctrl_c_within_a_step_never_half_updates(moons):
    interrupted, whole = moons_net(), moons_net()

    class Interrupted(optim.SGD):
        def update(self, w, g, slot, lr):
            if w.shape == (2, 1):
                os.kill(os.getpid(), signal.SIGINT)
            super().update(w, g, slot, lr)

    history = fit(interrupted, *moons, optimizer=Interrupted(interrupted.parameters(), lr=0.1), epochs=10)
    fit(whole, *moons, epochs=1)
    assert history.interrupted
    assert same(interrupted, whole)


def test_a_keyboard_interrupt_from_elsewhere_also_returns_the_history(moons):
    def stop(epoch, history):
        raise KeyboardInterrupt

    history = fit(moons_net(), *moons, epochs=10, callback=stop)
    assert (history.interrupted, len(history)) == (True, 1)


def test_a_cost_that_is_not_finite_stops_with_advice_and_keeps_the_history():
    net = nn.DNN([1, 1], output=None, init="zeros")
    X = np.full((1, 4), 1e200)
    with (
        np.errstate(over="ignore", invalid="ignore"),
        pytest.raises(DivergenceError, match="the cost became inf in epoch 1 at learning rate 1e-05") as caught,
    ):
        fit(net, X, np.ones((1, 4)), loss=nn.mse, optimizer=1e-5, epochs=5)
    assert caught.value.history.cost == [1.0]
    assert "Try a smaller one, such as 1e-06; scale the inputs with data.standardize" in str(caught.value)


# ---- progress ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lang", "cost", "accuracy"), [("en", "cost", "accuracy"), ("zh", "代价", "准确率")])
def test_the_progress_bar_shows_cost_and_accuracy(lang, cost, accuracy, moons, capsys, monkeypatch):
    monkeypatch.setenv("TINYGRAD_CN_LANG", lang)
    history = fit(moons_net(), *moons, epochs=3, progress=True)
    shown = capsys.readouterr().err
    assert f"{cost} {history.cost[-1]:.4f}, {accuracy} {history.accuracy[-1]:.4f}" in shown
    assert "3/3" in shown


def test_without_progress_nothing_is_shown(moons, capsys):
    fit(moons_net(), *moons, epochs=3)
    assert capsys.readouterr() == ("", "")
