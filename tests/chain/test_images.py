"""Chains of nets on images: names, shapes, gradients per sample, verdicts on hand gradients."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn

M = 7
RNG = np.random.default_rng(0)
X = RNG.normal(size=(M, 8, 8, 1))
LABELS = RNG.integers(0, 3, M)
Y = np.eye(3)[LABELS].T


def build():
    return nn.Sequential(
        nn.Conv2D(1, 4, 3, seed=1), nn.BatchNorm2D(4), nn.ReLU(), nn.MaxPool2D(),
        nn.Conv2D(4, 6, 2, activation="tanh", bias=False, seed=2), nn.AvgPool2D(2), nn.Flatten(),
        nn.Dropout(0.8, seed=3), nn.Dense(6, 3, seed=4), nn.Softmax(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def J():
    J = nn.categorical_cross_entropy(build()(X), Y)
    J.backward()
    return J


@pytest.fixture(scope="module")
def chain(J):
    return J.chain(lang="en")


def test_every_quantity_has_the_notes_name_and_samples_first_in_images(chain):
    forward = {name: (q.written, q.symbols) for name, q in chain.quantities.items() if not name.startswith("d")}
    images = {f"{letter}{i}": f"(m, n_H[{i}], n_W[{i}], n_C[{i}])" for i in (1, 2) for letter in "ZNA"}
    assert forward == {
        "A0": ("X = A[0]", "(m, n_H[0], n_W[0], n_C[0])"), "W1": ("W[1]", "(f[1], f[1], n_C[0], n_C[1])"),
        "b1": ("b[1]", "(1, 1, 1, n_C[1])"), "Z1": ("Z[1]", images["Z1"]), "gamma1": ("γ[1]", "(1, 1, 1, n_C[1])"),
        "beta1": ("β[1]", "(1, 1, 1, n_C[1])"), "N1": ("N[1]", images["N1"]), "A1": ("A[1]", images["A1"]),
        "P1": ("P[1]", "(m, 3, 3, n_C[1])"), "W2": ("W[2]", "(f[2], f[2], n_C[1], n_C[2])"),
        "Z2": ("Z[2]", images["Z2"]), "A2": ("A[2]", images["A2"]), "P2": ("P[2]", "(m, 1, 1, n_C[2])"),
        "F2": ("F[2]", "(6, m)"), "D2": ("D[2]", "(6, m)"), "Ftilde2": ("F\u0303[2]", "(6, m)"),
        "W3": ("W[3]", "(n[3], 6)"), "b3": ("b[3]", "(n[3], 1)"),
        "Z3": ("Z[3]", "(n[3], m)"), "A3": ("A[3]", "(n[3], m)"), "Y": ("Y", "(3, m)"), "J": ("J", "()"),
    }  # fmt: skip
    assert [(step.id, step.kind) for step in chain.steps if step.layer] == [
        ("1", "conv"),
        ("2", "conv"),
        ("3", "dense"),
    ]
    np.testing.assert_array_equal(chain.layers[1].dW, chain["dW2"])


def test_formulas(chain):
    text = {name: q.formula.text for name, q in chain.quantities.items() if q.formula is not None}
    assert {name: text[name] for name in ("Z1", "N1", "P1", "Z2", "P2", "F2", "Ftilde2")} == {
        "Z1": "X * W[1] + b[1]", "N1": "γ[1] ⊙ n + β[1]", "P1": "maxpool(A[1])",
        "Z2": "P[1] * W[2]", "P2": "avgpool(A[2])", "F2": "flatten(P[2])",
        "Ftilde2": "F[2] ⊙ D[2] / 0.8",
    }  # fmt: skip
    assert {name: text[name] for name in ("dP2", "dW2", "dP1", "dgamma1", "dW1", "db1", "dA0")} == {
        "dP2": "reshape(dF[2]ᵀ)", "dW2": "(1/m) P[1] * dZ[2]", "dP1": "W[2]ᵀ * dZ[2]",
        "dgamma1": "(1/m) Σ dN[1] ⊙ n", "dW1": "(1/m) X * dZ[1]", "db1": "(1/m) Σ dZ[1]", "dA0": "W[1]ᵀ * dZ[1]",
    }  # fmt: skip
    assert text["dZ1"] == "(dn − mean(dn) − n ⊙ mean(dn ⊙ n)) / √(σ² + ε)"
    remarks = {name: q.remark for name, q in chain.quantities.items() if q.remark}
    assert remarks == {
        "Z1": "f = 3, s = 1, p = 0", "N1": "n = (Z[1] − μ) / √(σ² + ε)", "P1": "f = 2, s = 2, p = 0",
        "Z2": "f = 2, s = 1, p = 0", "P2": "f = 2, s = 2, p = 0", "Ftilde2": "keep_prob = 0.8",
        "dZ1": "dn = dN[1] ⊙ γ[1]",
    }  # fmt: skip
    assert chain.quantities["dW2"].shapes == "(7, 3, 3, 4) * (7, 2, 2, 6) → (2, 2, 4, 6)"


def test_gradients_of_values_are_per_sample_and_those_of_parameters_are_means(J, chain):
    nodes = {x.name: x for x in tg.autograd.ancestors(J) if x.name}
    per_sample = ("Z1", "N1", "A1", "P1", "Z2", "A2", "P2", "Z3")
    for name in per_sample:
        np.testing.assert_allclose(chain[f"d{name}"], M * nodes[name].grad, rtol=1e-14)
    for name in ("W1", "b1", "gamma1", "beta1", "W2", "W3", "b3"):
        np.testing.assert_array_equal(chain[f"d{name}"], nodes[name].grad)
    np.testing.assert_allclose(chain["dZ3"], chain["A3"] - Y, rtol=1e-12)
    np.testing.assert_allclose(chain["db1"], chain["dZ1"].sum(axis=(0, 1, 2), keepdims=True) / M, atol=1e-15)


def test_the_gradient_of_the_images_is_worked_out_though_they_record_nothing(chain):
    x = tg.tensor(X, requires_grad=True, name="X")
    J = nn.categorical_cross_entropy(build()(x), Y)
    J.backward()
    np.testing.assert_allclose(chain["dA0"], M * x.grad, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(J.chain()["dX"], M * x.grad, rtol=1e-14)


def test_autograd_convention_and_a_cost_that_is_no_mean(J):
    chain = J.chain(convention="autograd")
    np.testing.assert_allclose(chain["dZ3"], (chain["A3"] - Y) / M, rtol=1e-12)
    total = nn.cross_entropy(build()[:-1](X), LABELS) * M
    total.backward()
    assert "not a mean" in total.chain(lang="en").note


def test_an_autoencoder_of_images_has_their_mean_as_its_cost():
    net = nn.Sequential(nn.Conv2D(1, 2, 3, pad="same", seed=1), nn.Sigmoid(), nn.Conv2D(2, 1, 3, pad="same", seed=2))
    J = nn.mse(net(X), X)
    J.backward()
    chain = J.chain()
    assert (chain.m, chain.convention) == (M, "course")
    np.testing.assert_allclose(chain["dZ2"], 2 * (chain["Z2"] - X) / 64, rtol=1e-12)
    assert chain.quantities["dZ2"].formula.text == "(1/32) (Z[2] − X)"


def test_global_pooling_belongs_to_its_layer():
    net = nn.Sequential(nn.Conv2D(1, 3, 3, seed=1), nn.ReLU(), nn.GlobalAvgPool2D(), nn.Flatten(), nn.Softmax())
    chain = nn.cross_entropy(net[:-1](X), LABELS).chain()
    assert [step.kind for step in chain.steps] == ["input", "conv", "pool", "flatten", "input", "loss"]
    assert {"P1", "F1"} <= set(chain)


def test_norm_before_the_first_layer_takes_the_data():
    net = nn.Sequential(nn.BatchNorm2D(1), nn.Conv2D(1, 2, 3, seed=1), nn.Flatten(), nn.Dense(72, 3, seed=2))
    chain = nn.cross_entropy(net(X), LABELS).chain()
    assert {"A0", "gamma0", "beta0", "dgamma0", "dbeta0"} <= set(chain)
    assert chain.m == M


def test_a_layer_says_what_is_not_plain():
    net = nn.Sequential(
        nn.Conv2D(4, 4, 2, stride=2, pad="same", dilation=3, groups=2, seed=1), nn.Flatten(), nn.Dense(64, 3, seed=2)
    )
    chain = nn.cross_entropy(net(np.repeat(X, 4, axis=3)), LABELS).chain()
    assert chain.quantity("Z1").remark == "f = 2, s = 2, p = (1, 2), d = 3, groups = 2"
    assert chain.quantity("W1").symbols == "(f[1], f[1], 2, n_C[1])"


def test_gamma_and_beta_belong_to_the_step_of_their_norm(chain):
    (norm,) = (step for step in chain.steps if step.kind == "norm")
    assert [q.name for q in norm.parameters] == ["gamma1", "beta1"]
    assert [q.name for q in norm.backward_order] == ["dgamma1", "dbeta1", "dZ1"]
    assert chain.quantity("dγ[1]") is chain.quantity("dgamma1")


def test_right_hand_gradients_agree_and_wrong_ones_are_found(J, chain):
    hand = {name: chain[name].copy() for name in chain if name.startswith("d")}
    assert tg.compare(J, hand).ok
    report = tg.compare(J, {**hand, "dW2": hand["dW2"] * M})
    assert [(row.name, row.cause) for row in report.rows if row.verdict == "wrong"] == [("dW2", "missing_1_over_m")]
    report = tg.compare(J, {**hand, "dZ2": hand["dA2"]})
    assert [(row.name, row.verdict) for row in report.rows if row.verdict != "agree"] == [("dZ2", "wrong")]
    report = tg.compare(J, {**hand, "dZ1": hand["dZ1"][..., 0]})
    assert [row.name for row in report.rows if row.verdict == "shape"] == ["dZ1"]


@pytest.mark.parametrize(
    ("view", "text"), [("ladder", "X * W[1] + b[1]"), ("blocks", "P[1] * W[2]"), ("ops", "convolution")]
)
def test_views_draw_it(chain, view, text, tmp_path):
    file = tmp_path / "chain.dot"
    chain.draw(file, view=view)
    assert text in file.read_text(encoding="utf-8")


def test_equal_convolutions_fold_into_one_with_their_entries():
    layers = [nn.Conv2D(2, 2, 3, pad="same", activation="tanh", seed=i) for i in range(9)]
    net = nn.Sequential(nn.Conv2D(1, 2, 1, seed=9), *layers, nn.Flatten(), nn.Dense(128, 3, seed=8))
    text = nn.cross_entropy(net(X), LABELS).chain(lang="en").markdown()
    assert "### Layers 3–10: convolution, tanh (8 equal layers, $l = 3, \\ldots, 10$)" in text
    assert r"Z^{[l]}_{i,h,w,c} &= \sum_{u,v,k} A^{[l-1]}_{i,h+u-1,w+v-1,k} W^{[l]}_{u,v,k,c} + b^{[l]}_{c}" in text
    assert r"dW^{[l]}_{u,v,k,c} &= \frac{1}{m} \sum_{i,h,w} A^{[l-1]}_{i,h+u-1,w+v-1,k} dZ^{[l]}_{i,h,w,c}" in text
