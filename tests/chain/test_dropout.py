"""Dropout, by `nn.Dropout` or by hand, is one quantity of its layer: Ã = A ⊙ D / keep_prob."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn
from tinygrad_cn.chain.fold import fold
from tinygrad_cn.draw import VIEWS

RNG = np.random.default_rng(4)
M = 6
X, Y = RNG.normal(size=(3, M)), RNG.normal(size=(1, M))
D = RNG.random((4, M)) < 0.6
THINNED = "A\u0303[1]"


def cost(thin):
    """Two layers, with what `thin` makes of A[1] between them."""
    W1, W2 = (tg.tensor(RNG.normal(size=s), requires_grad=True) for s in ((4, 3), (1, 4)))
    J = nn.mse(W2 @ thin(np.tanh(W1 @ X)), Y)
    J.backward()
    return J


BY_HAND = {
    "boolean": (lambda A: A * D / 0.6, " / 0.6"),
    "numbers": (lambda A: D.astype(float) * A / 0.6, " / 0.6"),
    "two steps": (lambda A: (A * D.astype(int)) / np.float64(0.6), " / 0.6"),
    "a scaled mask": (lambda A: A * (D / 0.6), ""),
    "no division": (lambda A: A * D.astype(float), ""),
}


@pytest.mark.parametrize("form", BY_HAND)
def test_every_way_to_write_it_is_one_quantity_of_the_layer(form):
    thin, divided = BY_HAND[form]
    chain = cost(thin).chain(lang="en")
    assert [step.id for step in chain.steps] == ["X", "D1", "1", "2", "Y", "J"]
    layer = chain.steps[2]
    assert [q.written for q in layer.forward] == ["Z[1]", "A[1]", THINNED]
    assert [q.written for q in layer.backward] == ["dA[1]", "dZ[1]", "dX"]
    assert chain.quantity("Atilde1").formula.text == f"A[1] ⊙ D[1]{divided}"
    assert chain.quantity("dA1").formula.text == f"d{THINNED} ⊙ D[1]{divided}"
    assert chain.quantity("Z2").formula.text == f"W[2] {THINNED}"
    assert chain.quantity("D1").symbols == "(n[1], m)"
    mask = np.asarray(chain["D1"]) / (0.6 if divided else 1)
    np.testing.assert_allclose(chain["dA1"], chain["dAtilde1"] * mask)
    np.testing.assert_allclose(chain["Atilde1"], chain["A1"] * mask)


@pytest.mark.parametrize("name", ["dAtilde1", "dÃ[1]", f"d{THINNED}", "dAtilde[1]"])
def test_the_thinned_value_can_be_asked_for_as_it_is_written(name):
    chain = cost(BY_HAND["boolean"][0]).chain()
    assert chain[name] is not None
    np.testing.assert_array_equal(chain[name], chain["dAtilde1"])


@pytest.mark.parametrize(
    "thin",
    [
        lambda A: A * Y / 0.6,  # no mask
        lambda A: A * D.astype(float) / 2,  # no probability
        lambda A: A * (1 - 2.0 * D),  # signs
    ],
)
def test_other_products_stay_ops(thin):
    chain = cost(thin).chain()
    assert "Atilde1" not in chain
    assert any(step.label == "multiply" for step in chain.steps)


def test_one_hot_targets_of_a_loss_by_hand_are_no_mask():
    W1 = tg.tensor(RNG.normal(size=(3, 3)), requires_grad=True)
    Y = np.eye(3)[:, RNG.integers(0, 3, M)]
    chain = (-np.sum(Y * np.log(nn.softmax(W1 @ X))) / M).chain(lang="en")
    assert chain.steps[-1].label == "categorical_cross_entropy"
    assert "D1" not in chain


def test_equal_layers_with_dropout_fold():
    layers = [layer for k in range(9) for layer in (nn.Dense(4, 4, "tanh", seed=k), nn.Dropout(0.8, seed=k))]
    net = nn.Sequential(nn.Dense(3, 4, seed=9), *layers, nn.Dense(4, 1, seed=10))
    chain = nn.mse(net(X), Y).chain(lang="zh")
    (run,) = [row for row in fold(chain.steps) if row.folded]
    assert (run.steps[0].layer, run.steps[-1].layer) == (3, 10)
    assert [source.quantity.written for source in run.sources] == ["A\u0303[2]", "D[l]"]
    source = VIEWS["ladder"](chain).source
    assert "第 3–10 层 × 8 · tanh · dropout 随机失活" in source
    assert ">D[l]<" in source


def test_every_view_says_dropout_and_none_says_multiply():
    net = nn.Sequential(nn.Dense(3, 4, "relu", seed=1), nn.Dropout(0.8, seed=1), nn.Dense(4, 1, seed=2))
    J = nn.mse(net(X), Y)
    J.backward()
    for lang, title in (("zh", "第 1 层 · relu · dropout 随机失活"), ("en", "Layer 1 · relu · dropout")):
        chain = J.chain(lang=lang)
        for view in ("ladder", "blocks", "network"):
            source = VIEWS[view](chain).source
            assert title in source, view
            assert "multiply" not in source
            assert "divide" not in source
        assert f"{THINNED} = A[1] ⊙ D[1] / 0.8" in VIEWS["ladder"](chain).source


def test_the_derivation_gives_the_reason_in_both_languages():
    J = cost(BY_HAND["boolean"][0])
    assert "Forward has divided by the keep probability $0.6$, and so does backward." in J.chain(lang="en").markdown()
    assert "前向除以了保留概率 $0.6$，反向同样要除。" in J.chain(lang="zh").markdown()
    assert r"dA^{[1]} &= d\tilde{A}^{[1]} \odot \frac{D^{[1]}}{0.6}" in J.chain(lang="en").latex()
