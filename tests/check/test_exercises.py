"""The published exercises of convolutional and recurrent nets: right functions agree on nets of any size, and a
single changed line is found, named and blamed."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn
from tinygrad_cn.check.call import Local
from tinygrad_cn.check.function import Bench

from .exercises import FUNCTIONS, changed

RNG = np.random.default_rng(3)
X, LABELS = RNG.normal(size=(3, 10, 4)), RNG.integers(0, 2, (10, 4))
IMAGES, UP = RNG.normal(size=(3, 7, 6, 2)), RNG.normal(size=(3, 4, 3, 3))
NAMED = {function.__name__: function for function in FUNCTIONS}


def recurrent(layer):
    return nn.cross_entropy(nn.Sequential(layer(3, 5, seed=1), nn.Dense(5, 2, seed=2))(X), LABELS)


def convolution():
    return (nn.Conv2D(2, 3, 3, stride=2, pad=1, seed=1)(IMAGES) * UP).sum()


COSTS = {
    "conv_backward": convolution,
    "rnn_backward": lambda: recurrent(nn.RNN),
    "lstm_backward": lambda: recurrent(nn.LSTM),
}


@pytest.mark.parametrize("name", COSTS)
def test_right_functions_agree_here_and_on_fresh_nets(name):
    """Da and dZ are given to a function that starts from them, and it need not return what lies above."""
    report = tg.compare(COSTS[name](), NAMED[name], convention="autograd", lang="en")
    assert report.ok, report
    (remark,) = report.remarks
    assert remark.startswith("It also agrees on fresh nets of other sizes: X (")


CALL = "+ da_prevt, caches[t])"
PLACE = "v, u = h * stride, w * stride\n                    "
STILL = "v, u = h, w\n                    "
MISTAKES = [
    # function, right, wrong, the first row that is wrong, its cause, what is blamed
    ("rnn_backward", "da[:, :, t] + da_prevt, caches", "da[:, :, t], caches", "dWaa", "missing_next_step", "da⟨t⟩"),
    ("rnn_backward", "(1 - a_next**2) * da_next", "da_next", "dWaa", "missing_activation_derivative", "dz⟨t⟩"),
    ("rnn_backward", CALL, "+ da_prevt, caches[min(t + 1, T_x - 1)])", "dWaa", "wrong_step_cache", "dz⟨t⟩"),
    ("rnn_backward", CALL, "+ da_prevt, caches[t - 1])", "dWaa", "wrong_step_cache", "dz⟨t⟩"),
    ("rnn_backward", "np.sum(dtanh, axis=1, k", "np.sum(dtanh, axis=0, k", "dba", "wrong_axis", "dba"),
    ("rnn_backward", "np.sum(dtanh, axis=1, keepdims=True)", "np.sum(dtanh, axis=1)", "dba", "lost_keepdims", "dba"),
    ("rnn_backward", "dWaa = dWaa + gradients", "dWaa = gradients", "dWaa", "missing_sum_over_time", "dWaa"),
    ("rnn_backward", "np.dot(dtanh, a_prev.T)", "np.dot(dtanh, a_next.T)", "dWaa", "wrong_time_step", "dWaa"),
    ("rnn_backward", "np.dot(Waa.T, dtanh)", "np.dot(Waa, dtanh)", "dWaa", "transposed", "da⟨t⟩"),
    ("rnn_backward", "(Wax.T, dtanh)", "(Wax.T, da_next)", "dx⟨1⟩", "missing_activation_derivative", "dx⟨1⟩"),
    ("lstm_backward", "ft * (1 - ft)", "ft", "dWf", "wrong_activation_derivative", "dzf⟨t⟩"),
    ("lstm_backward", "cct * it * (1 - it)", "cct * it", "dWf", "wrong_activation_derivative", "dzi⟨t⟩"),
    ("lstm_backward", "(1 - cct**2)", "1", "dWf", "missing_activation_derivative", "dzc⟨t⟩"),
    ("lstm_backward", "dc = dc_next + ot", "dc = ot", "dWf", "missing_next_step", "dc⟨t⟩"),
    ("lstm_backward", "(1 - np.tanh(c_next) ** 2)", "1", "dWf", "missing_activation_derivative", "dc⟨t⟩"),
    ("lstm_backward", "c_prev * ft", "c_next * ft", "dWf", "wrong_time_step", "dΓf⟨t⟩"),
    ("lstm_backward", "dc * ft}", "dc * it}", "dWf", "swapped_gates", "dc⟨t⟩"),
    ("lstm_backward", "dc_prevt, caches[t])", "dc_prevt, caches[t - 1])", "dWf", "wrong_step_cache", "dc⟨t⟩"),
    ("conv_backward", PLACE + "a_slice = A_prev_pad", STILL + "a_slice = A_prev_pad", "dW", "wrong_window", "dW"),
    ("conv_backward", "[:, pad : pad + n_H_prev, pad : pad + n_W_prev]", "", "dA0", "padding", "dX"),
    ("conv_backward", "dW[:, :, :, c] +=", "dW[:, :, :, c] =", "dW", "overwritten", "dW"),
    ("conv_backward", "u : u + f] += W", "u : u + f] = W", "dA0", "overwritten", "dX"),
    ("conv_backward", "db[:, :, :, c] +=", "db[:, :, :, c] =", "db", "overwritten", "db"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "right", "wrong", "first", "cause", "blamed"), MISTAKES)
def test_a_single_mistake_is_found_once(name, right, wrong, first, cause, blamed):
    hand = changed(name, right, wrong)
    report = Bench(COSTS[name]().chain(convention="autograd"), Local(hand)).report(None, "en")
    row = report[report.first_wrong]
    assert (row.name, row.cause, row.blamed) == (first, cause, blamed), report
    others = {row.cause for row in report.rows if row.verdict in ("wrong", "shape")}
    assert others == {cause}


def test_fresh_nets_tell_of_the_same_mistake():
    """The first gradient that shows it may be another there."""
    hand = changed("rnn_backward", "da[:, :, t] + da_prevt, caches", "da[:, :, t], caches")
    report = tg.compare(recurrent(nn.RNN), hand, convention="autograd", lang="en")
    assert (report["dWaa"].cause, report.remarks) == ("missing_next_step", ())


def test_a_length_written_as_a_number_is_caught_on_sequences_of_another_length():
    hand = changed("rnn_backward", "dWaa = dWaa + gradients", "dWaa = dWaa + 4 / T_x * gradients")
    report = tg.compare(recurrent(nn.RNN), hand, convention="autograd", lang="en")
    assert report.first_wrong == "dWaa"
    assert "agrees on the given net by luck" in report.remarks[0]


def test_a_size_of_images_written_as_a_number_is_caught():
    hand = changed("conv_backward", "db[:, :, :, c] += dZ", "db[:, :, :, c] += 12 / (n_H * n_W) * dZ")
    report = tg.compare(convolution(), hand, convention="autograd", lang="en")
    assert report.first_wrong == "db"
    assert "agrees on the given net by luck" in report.remarks[0]


def test_a_formula_is_in_the_readers_language():
    hand = changed("conv_backward", "[:, pad : pad + n_H_prev, pad : pad + n_W_prev]", "")
    row = tg.compare(convolution(), hand, convention="autograd")["dA0"]
    assert "它等于 Wᵀ * dZ（带着填充的边）。" in row.explanation("zh")
    assert "It equals Wᵀ * dZ with its border." in row.explanation("en")


# ---- pooling ----------------------------------------------------------------------------------------


def pooled(mode, backward):
    """A pooling layer between a convolution and the cost, with the learner's gradient of what it takes."""
    pool = nn.MaxPool2D(3, stride=2) if mode == "max" else nn.AvgPool2D(3, stride=2)
    J = nn.mse(pool(nn.Conv2D(2, 3, 2, seed=1)(IMAGES)), RNG.normal(size=(3, 2, 2, 3)))
    J.backward()
    chain = J.chain()
    hand = {"dP": chain["dP"], "dZ": backward(chain["dP"], chain["Z"], {"f": 3, "stride": 2}, mode)}
    return tg.compare(chain, hand)


@pytest.mark.parametrize("mode", ["max", "average"])
def test_right_pooling_agrees(mode):
    assert pooled(mode, NAMED["pool_backward"]).ok


@pytest.mark.parametrize(
    ("mode", "right", "wrong", "cause"),
    [
        ("max", "mask * dA[i", "dA[i", "wrong_pooling"),
        ("average", " / (f * f)", "", "missing_1_over_window"),
        ("max", PLACE + "if", STILL + "if", "wrong_window"),
        ("average", PLACE + "if", STILL + "if", "wrong_window"),
        ("average", "+= np.ones", "= np.ones", "overwritten"),
        ("max", "+= mask", "= mask", "overwritten"),
    ],
)  # fmt: skip
def test_mistakes_in_pooling(mode, right, wrong, cause):
    row = pooled(mode, changed("pool_backward", right, wrong))["dZ"]
    assert (row.verdict, row.cause, row.blamed) == ("wrong", cause, "dZ"), row.explanation("en")
