"""Programs in functions of recurrent, attention and residual nets: run alone they give the chain's gradients."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn
from tinygrad_cn.chain.source.variables import identifier
from tinygrad_cn.errors import OpError
from tinygrad_cn.text import columns

from . import test_attention, test_recurrent
from .nets import leaf
from .running import assert_same, assert_snapshot, given, run

N_X, N_A, M, T = 3, 5, 4, 3
RNG = np.random.default_rng(2)
X = RNG.normal(size=(N_X, M, T))
LABELS = RNG.integers(0, 2, (M, T))
ANSWERS = RNG.normal(size=(2, M, 6))
GIVEN = {
    "translated": {"X": X, "x_": ANSWERS},
    "words": {"X": test_recurrent.IDS},
    "pre": {"X": test_attention.IDS},
    "post": {"X": test_attention.IDS},
}


def loop(cell, T=T, softmax=True):
    """A loop by hand, with an output and a loss at every step, from a state that is not 0."""
    names = {name: tg.tensor(RNG.normal(size=p.shape) / 2, requires_grad=True) for name, p in cell.items()}
    a, c, J = RNG.normal(size=(N_A, M)), RNG.normal(size=(N_A, M)), 0
    for t in range(T):
        x = RNG.normal(size=(N_X, M))
        a, c = (lstm_step if "Wf" in names else rnn_step)(names, a, c, x)
        yhat = nn.softmax(names["Wya"] @ a + names["by"])
        J = J + nn.categorical_cross_entropy(yhat, np.eye(2)[:, LABELS[:, t]])
    return J, names


def rnn_step(p, a, c, x):
    return nn.relu(p["Waa"] @ a + p["Wax"] @ x + p["ba"]), c


def lstm_step(p, a, c, x):
    """The terms of c⟨t⟩ in another order than the notes'."""
    pair = np.concatenate([a, x])
    f, i, o = (nn.sigmoid(p[f"W{g}"] @ pair + p[f"b{g}"]) for g in "fio")
    c = np.tanh(p["Wc"] @ pair + p["bc"]) * i + c * f
    return o * np.tanh(c), c


OUTPUT = {"Wya": np.empty((2, N_A)), "by": np.empty((2, 1))}
RNN_CELL = {"Waa": np.empty((N_A, N_A)), "Wax": np.empty((N_A, N_X)), "ba": np.empty((N_A, 1))}
LSTM_CELL = {f"W{g}": np.empty((N_A, N_A + N_X)) for g in "fico"} | {f"b{g}": np.empty((N_A, 1)) for g in "fico"}


def tagged(*layers, rows=N_A, X=X):
    return nn.cross_entropy(nn.Sequential(*layers, nn.Dense(rows, 2, seed=9))(X), LABELS), {}


def translated(layer=nn.RNN):
    """A decoder that starts from the last state of an encoder."""
    encoder, decoder = layer(N_X, N_A, seed=1), layer(2, N_A, seed=2)
    out = decoder.unroll(ANSWERS, encoder.unroll(X).final).A
    return nn.cross_entropy(nn.Dense(N_A, 2, seed=3)(out), RNG.integers(0, 2, (M, 6))), {}


def skipped():
    W1, b1 = leaf(3, 3), leaf(3, 1)
    x = X[:, :, 0]
    return nn.mse(tg.tanh(W1 @ x + b1) + x, X[:, :, 1]), {"W1": W1, "b1": b1}


def shared():
    W, b = leaf(3, 3), leaf(3, 1)
    return nn.mse(W @ np.tanh(W @ X[:, :, 0] + b) + b, X[:, :, 1]), {"W": W, "b": b}


def images():
    conv = nn.Conv2D(2, 2, 3, pad="same", seed=1)
    net = nn.Sequential(nn.Residual(conv, nn.ReLU()), nn.GlobalAvgPool2D(), nn.Flatten(), nn.Dense(2, 2, seed=2))
    return nn.cross_entropy(net(RNG.normal(size=(M, 5, 4, 2))), LABELS[:, 0]), {}


def autoencoder():
    net = nn.Sequential(nn.Dense(N_X, 2, "tanh", seed=1), nn.Dense(2, N_X, seed=2))
    x = X[:, :, 0]
    return nn.mse(net(x), x), {}


def own_op():
    cube = tg.op("cube", lambda x: x**3 + np.sin(x), vjp=lambda g, y, x: g * (3 * x**2 + np.cos(x)))
    W = leaf(2, 3)
    return nn.mse(cube(W @ X[:, :, 0]), X[:2, :, 1]), {"W": W}


NETS = {
    **{f"{name}, recurrent": lambda make=make: (make(), {}) for name, make in test_recurrent.NETS.items()},
    **{f"{name}, attention": lambda make=make: (make(), {}) for name, make in test_attention.NETS.items()},
    "rnn by hand": lambda: loop(RNN_CELL | OUTPUT),
    "lstm by hand": lambda: loop(LSTM_CELL | OUTPUT),
    "two activations": lambda: tagged(nn.RNN(N_X, 4, seed=1, activation="relu"), nn.RNN(4, N_A, seed=2)),
    "two kinds": lambda: tagged(nn.LSTM(N_X, 4, seed=1), nn.GRU(4, N_A, seed=2, reset="after")),
    "norm in between": lambda: tagged(nn.RNN(N_X, N_A, seed=1), nn.LayerNorm(N_A), nn.Dropout(0.8, seed=1)),
    "translated": translated,
    "skip": skipped,
    "shared weights": shared,
    "residual images": images,
    "autoencoder": autoencoder,
    "an op of the learner's": own_op,
}
PADDED = "padded, recurrent"  # the notes' cells know no lengths


@pytest.mark.parametrize("name", [name for name in NETS if name != PADDED])
@pytest.mark.parametrize("convention", ["course", "autograd"])
def test_functions_give_the_same_gradients(name, convention):
    J, names = NETS[name]()
    J.backward()
    chain = J.chain(names=names, convention=convention, lang="en")
    text = chain.numpy(functions=True, update=True)
    before = given(chain) | GIVEN.get(name.split(",")[0], {})
    result = run(text, learning_rate=0.5, **before)
    assert_same(result["J"], J.numpy(), "J")
    learned = [k for k, x in chain.reader.values.items() if getattr(x, "_op", 0) is None and x.requires_grad]
    weights = [k for k in learned if chain.reader.values[k] not in chain.reader.columns]
    assert result["parameters"].keys() == {identifier(k, chain.quantities) for k in weights}
    for k in weights:
        own = identifier(k, chain.quantities)
        np.testing.assert_allclose(result["grads"][f"d{own}"], chain[f"d{k}"], rtol=1e-9, atol=1e-14, err_msg=k)
        np.testing.assert_allclose(result["parameters"][own], before[own] - 0.5 * chain[f"d{k}"], atol=1e-12)
    assert max(map(columns, text.splitlines())) <= 100


def test_a_sequence_starts_where_the_learner_says():
    J, names = loop(RNN_CELL | OUTPUT)
    text = J.chain(names=names, lang="en").numpy(functions=True)
    assert '("rnn", ["X", "Waa", "Wax", "ba", "a0"], "a", {}),' in text
    assert 'constants = {"a0": a0}' in text


def test_rows_name_what_they_take_only_where_layers_do_not_follow_one_another():
    text = tagged(nn.RNN(N_X, N_A, seed=1))[0].chain(lang="en").numpy(functions=True)
    assert '    ("rnn", ["Waa", "Wax", "ba"], {}),\n    ("dense_in_time", ["W2", "b2"], {}),\n' in text
    text = skipped()[0].chain(lang="en").numpy(functions=True)
    assert '    ("residual", ["A1", "X"], "AL", {}),\n' in text


def test_padded_sequences_are_refused_by_name():
    with pytest.raises(OpError, match=r"the step zf⟨1⟩ \(recurrent\) does not fit"):
        NETS[PADDED]()[0].chain().numpy(functions=True)


@pytest.mark.parametrize(("layer", "step"), [(nn.GRU, "zu"), (nn.LSTM, "zf")])
def test_gated_cells_that_start_from_another_are_refused_by_name(layer, step):
    with pytest.raises(OpError, match=rf"the step {step}⟨1⟩ \(recurrent\) does not fit"):
        translated(layer)[0].chain().numpy(functions=True)


def test_frozen_layers_are_constants():
    net = nn.Sequential(nn.Residual(nn.Dense(N_X, N_X, "tanh", seed=1)), nn.Dense(N_X, 2, seed=2))
    net.freeze("1.W", "1.b")
    J = nn.cross_entropy(net(X), LABELS)
    J.backward()
    chain = J.chain(lang="en")
    result = run(chain.numpy(functions=True, update=True), learning_rate=0.1, **given(chain))
    assert list(result["parameters"]) == ["W2", "b2"]
    assert_same(result["grads"]["dW2"], chain["dW2"], "dW2")


# ---- the text ---------------------------------------------------------------------------------------

TEXTS = {
    "rnn_functions.txt": ("en", lambda: loop(RNN_CELL | OUTPUT)),
    "lstm_functions_zh.txt": ("zh", lambda: tagged(nn.LSTM(N_X, N_A, seed=1, bidirectional=True), rows=2 * N_A)),
    "gru_functions.txt": ("en", lambda: tagged(nn.GRU(N_X, N_A, seed=1))),
    "transformer_functions.txt": ("en", lambda: tagged(nn.TransformerEncoderBlock(4, 2, seed=1), rows=4, X=FOUR)),
    "residual_functions_zh.txt": ("zh", images),
}
FOUR = np.concatenate([X, X[:1]])


@pytest.mark.parametrize("name", TEXTS)
def test_text(name):
    lang, make = TEXTS[name]
    J, names = make()
    assert_snapshot(J.chain(names=names, lang=lang).numpy(functions=True, update=True), name)
