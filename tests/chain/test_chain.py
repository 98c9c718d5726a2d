"""Graphs read as chains: names, layers, values in both conventions, and what is not a layer."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn
from tinygrad_cn.errors import GraphError, OpError

RNG = np.random.default_rng(7)
M = 7
X = RNG.standard_normal((3, M))
Y = (RNG.random((2, M)) < 0.5).astype(float)


def leaf(*shape):
    return tg.tensor(RNG.standard_normal(shape), requires_grad=True)


def two_layers():
    """3-4-2 tanh/sigmoid net by hand: its tensors by course name."""
    t = {"W1": leaf(4, 3), "b1": leaf(4, 1), "W2": leaf(2, 4), "b2": leaf(2, 1)}
    t["Z1"] = t["W1"] @ X + t["b1"]
    t["A1"] = np.tanh(t["Z1"])
    t["Z2"] = t["W2"] @ t["A1"] + t["b2"]
    t["A2"] = tg.sigmoid(t["Z2"])
    return t


def by_hand(t):
    """The backward pass of the notes for one output row per sample, cost (1/m) Σ."""
    value = {k: v.numpy() for k, v in t.items()}
    dZ2 = value["A2"] - Y
    dZ1 = value["W2"].T @ dZ2 * (1 - value["A1"] ** 2)
    return {
        "dZ2": dZ2,
        "dW2": dZ2 @ value["A1"].T / M,
        "db2": dZ2.sum(1, keepdims=True) / M,
        "dA1": value["W2"].T @ dZ2,
        "dZ1": dZ1,
        "dW1": dZ1 @ X.T / M,
        "db1": dZ1.sum(1, keepdims=True) / M,
        "dA0": value["W1"].T @ dZ1,
    }


def cost(t):
    """(1/m) Σ over samples and outputs, as op calls."""
    A = t["A2"]
    return -(Y * np.log(A) + (1 - Y) * np.log(1 - A)).sum() / M


def test_course_gradients_of_a_hand_written_net_are_those_of_the_notes():
    t = two_layers()
    J = cost(t)
    J.backward()
    chain = J.chain()
    for name, expected in by_hand(t).items():
        np.testing.assert_allclose(chain[name], expected, rtol=1e-12, atol=1e-15, err_msg=name)
    assert chain.m == M
    assert chain.convention == "course"


def test_autograd_convention_is_the_true_gradient():
    t = two_layers()
    J = cost(t)
    J.backward()
    chain = J.chain(convention="autograd")
    for name in ("Z1", "A1", "W1", "b1", "A2"):
        np.testing.assert_array_equal(chain[f"d{name}"], t[name].grad)
    assert chain.quantity("dW1").formula.text == "dZ[1] Xᵀ"


def test_dnn_keys_shapes_and_formulas():
    net = nn.DNN([3, 4, 1], hidden="relu", output="sigmoid", seed=1)
    J = nn.binary_cross_entropy(net(X), Y[:1])
    J.backward()
    chain = J.chain(lang="en")
    assert chain.keys() == (
        "A0 W1 b1 Z1 A1 W2 b2 Z2 A2 Y J dA2 dZ2 dW2 db2 dA1 dZ1 dW1 db1 dA0".split()
    )  # fmt: skip
    formulas = {q.written: q.formula.text for q in chain.quantities.values() if q.formula}
    assert formulas["Z[1]"] == "W[1] X + b[1]"
    assert formulas["dZ[2]"] == "A[2] − Y"
    assert formulas["dA[2]"] == "−Y / A[2] + (1 − Y) / (1 − A[2])"
    assert formulas["dZ[1]"] == "dA[1] ⊙ 1{Z[1] > 0}"
    assert formulas["dW[2]"] == "(1/m) dZ[2] A[1]ᵀ"
    assert chain.quantity("Z1").shapes == "(4, 3) @ (3, 7) + (4, 1) → (4, 7)"
    assert chain.quantity("W1").symbols == "(n[1], n[0])"
    np.testing.assert_array_equal(chain.layers[1].dW, net.W2.grad)
    np.testing.assert_array_equal(chain.layers[0].A_prev, X)
    assert [layer.activation for layer in chain.layers] == ["relu", "sigmoid"]


@pytest.mark.parametrize(
    ("spelling", "name"), [("dW[1]", "dW1"), ("dW_1", "dW1"), ('grads["dW1"]', "dW1"), ("X", "A0"), ("dX", "dA0")]
)
def test_spellings_of_a_name(spelling, name):
    t = two_layers()
    J = cost(t)
    J.backward()
    chain = J.chain()
    np.testing.assert_array_equal(chain[spelling], chain[name])


def test_unknown_name_lists_the_known_ones():
    t = two_layers()
    with pytest.raises(KeyError, match=r"no 'dW9' in this chain; it has A0, W1, b1, Z1"):
        cost(t).chain()["dW9"]


def test_before_backward_gradients_are_none_and_said_to_be_missing():
    t = two_layers()
    chain = cost(t).chain(lang="en")
    assert chain["dW1"] is None
    assert chain["dX"] is None
    assert not chain.computed
    assert "call J.backward() first" in str(chain)
    assert "未计算" in str(cost(t).chain(lang="zh"))


def test_names_given_by_the_user_are_shown_and_the_standard_ones_still_work():
    w, b = leaf(3, 1), leaf(1, 1)
    z = w.T @ X + b
    a = 1 / (1 + np.exp(-z))
    J = -(Y[:1] * np.log(a) + (1 - Y[:1]) * np.log(1 - a)).sum() / M
    J.backward()
    chain = J.chain(names=locals(), lang="en")
    formulas = {q.written: q.formula.text for q in chain.quantities.values() if q.formula}
    assert formulas["z"] == "wᵀ X + b"
    assert formulas["a"] == "σ(z)"
    assert formulas["dw"] == "(1/m) X dzᵀ"
    np.testing.assert_allclose(chain["dw"], X @ (a.numpy() - Y[:1]).T / M)
    np.testing.assert_array_equal(chain["dW1"], chain["dw"])


def test_relu_written_as_maximum_is_relu():
    Z = leaf(2, 3) @ X
    J = np.maximum(0, Z).mean()
    J.backward()
    assert [s.label for s in J.chain().steps if s.kind == "dense"] == ["relu"]


def test_skip_connection_adds_two_gradients():
    W1, W2 = leaf(4, 3), leaf(4, 4)
    A1 = np.tanh(W1 @ X)
    Z2 = W2 @ A1
    A2 = np.tanh(Z2 + A1)
    J = (A2**2).mean()
    J.backward()
    chain = J.chain(lang="en")
    assert chain.quantity("dA1").formula.text == "W[2]ᵀ dZ[2] + dH[2]"
    assert [(s.step, s.quantity.name) for s in chain.steps[-3].sources] == [("2", "Z2"), ("1", "A1")]
    expected = M * A1.grad
    np.testing.assert_allclose(chain["dA1"], expected)
    np.testing.assert_allclose(W2.numpy().T @ chain["dZ2"] + chain["dH2"], expected)


def test_shared_weights_and_l2_penalty_add_their_terms():
    W1, W2, W3 = leaf(4, 3), leaf(4, 4), leaf(2, 4)
    A = np.tanh(W2 @ np.tanh(W2 @ np.tanh(W1 @ X)))
    J = ((W3 @ A - Y) ** 2).sum() / M + 0.7 / (2 * M) * ((W1**2).sum() + (W2**2).sum())
    J.backward()
    chain = J.chain(lang="en")
    assert chain.convention == "course"
    assert chain.quantity("dW2").formula.text == "(1/m) dZ[2] A[1]ᵀ + (1/m) dZ[3] A[2]ᵀ + 0.1 W[2]"
    assert chain.quantity("J").formula.text == "J₁ + R₁"
    np.testing.assert_array_equal(chain["dW2"], W2.grad)
    value = {k: chain[k] for k in ("dZ2", "dZ3", "A1", "A2", "W2")}
    by_formula = (value["dZ2"] @ value["A1"].T + value["dZ3"] @ value["A2"].T) / M + 0.1 * value["W2"]
    np.testing.assert_allclose(by_formula, W2.grad)


@pytest.mark.parametrize(
    ("loss", "is_course"),
    [
        (lambda d: (d**2).mean(), True),
        (lambda d: (d**2).sum() / M, True),
        (lambda d: np.sum(d * d) * (1 / M), True),
        (lambda d: (1 / M) * np.sum(np.square(d)), True),
        (lambda d: (d**2).sum() / (2 * M), True),
        (lambda d: 0.5 * (d**2).mean(), True),
        (lambda d: (d**2).sum(), False),
        (lambda d: (d**2).sum() / 2, False),
        (lambda d: np.sqrt((d**2).mean()), False),
    ],
)
def test_course_convention_only_for_means_over_samples(loss, is_course):
    W = leaf(2, 3)
    J = loss(W @ X - Y)
    J.backward()
    chain = J.chain(lang="en")
    assert (chain.convention == "course") is is_course
    assert ("not a mean" in chain.note) is not is_course
    factor = M if is_course else 1
    np.testing.assert_allclose(chain["dW1"], W.grad)
    np.testing.assert_allclose(chain["dZ1"] @ X.T / factor, W.grad)


def test_the_cost_of_the_notes_written_with_dot_is_a_mean():
    W = leaf(1, 3)
    A = tg.sigmoid(W @ X)
    y = Y[:1]
    J = (-1 / M) * (np.dot(y, np.log(A).T) + np.dot(1 - y, np.log(1 - A).T))
    J = J.reshape(())
    J.backward()
    chain = J.chain()
    assert chain.convention == "course"
    np.testing.assert_allclose(chain["dZ1"], A.numpy() - y)


def test_softmax_output_cancels_with_its_loss():
    labels = np.eye(2)[:, (Y[0] > 0).astype(int)]
    net = nn.DNN([3, 4, 2], hidden="tanh", output="softmax", seed=0)
    J = nn.categorical_cross_entropy(net(X), labels)
    J.backward()
    chain = J.chain(lang="en")
    assert chain.quantity("dZ2").formula.text == "A[2] − Y"
    np.testing.assert_allclose(chain["dZ2"], chain["A2"] - labels, atol=1e-14)


def test_layer_without_activation_has_no_A():
    net = nn.DNN([3, 4, 2], hidden="tanh", output=None, seed=0)
    J = nn.mse(net(X), Y)
    J.backward()
    chain = J.chain()
    assert "A2" not in chain
    assert chain.layers[1].A is None
    assert chain.quantity("dZ2").formula.text == "Z[2] − Y"
    np.testing.assert_allclose(chain["dZ2"], chain["Z2"] - Y)


def test_table_in_chinese_lines_up():
    t = two_layers()
    J = cost(t)
    J.backward()
    lines = str(J.chain(lang="zh")).splitlines()
    assert lines[0] == "计算链 · 层数 2 · m = 7"
    assert lines[1].split() == ["量", "形状", "维度", "公式", "形状如何相乘"]
    assert "dW[1]     (4, 3)  (n[1], n[0])  = (1/m) dZ[1] Xᵀ" in str(J.chain(lang="zh"))
    assert lines[-1] == "课程约定：dA、dZ 按单个样本计，1/m 写在 dW 和 db 里。"


def test_a_graph_without_layers_is_all_ops():
    x = tg.tensor([1.0, 2.0], requires_grad=True, name="x")
    J = (np.exp(x) * x).sum()
    J.backward()
    chain = J.chain()
    assert chain.m is None
    assert [s.kind for s in chain.steps] == ["input", "op", "op", "loss"]
    np.testing.assert_array_equal(chain["dx"], x.grad)


def test_nothing_recorded_or_freed_is_refused():
    with pytest.raises(GraphError, match="nothing is recorded"):
        tg.tensor(1.0).chain()
    t = two_layers()
    J = cost(t)
    J.backward(keep="leaves")
    with pytest.raises(GraphError, match=r'keep="all"'):
        J.chain()


def test_bad_arguments_are_named(monkeypatch):
    t = two_layers()
    J = cost(t)
    with pytest.raises(ValueError, match=r"convention must be .* got 'notes'"):
        J.chain(convention="notes")
    with pytest.raises(ValueError, match=r"lang must be .* got 'fr'"):
        J.chain(lang="fr")
    monkeypatch.setenv("TINYGRAD_CN_LANG", "fr")
    with pytest.raises(ValueError, match=r"^TINYGRAD_CN_LANG must be .* got 'fr'"):
        J.chain()
    monkeypatch.delenv("TINYGRAD_CN_LANG")
    with pytest.raises(OpError, match=r"names must be a mapping .* got list"):
        J.chain(names=["W1"])


def test_a_thousand_layers_are_read_without_recursion():
    net = nn.DNN([3] + [3] * 1000 + [1], hidden="tanh", output="sigmoid", seed=0)
    J = nn.binary_cross_entropy(net(X), Y[:1])
    J.backward()
    chain = J.chain()
    assert len(chain.layers) == 1001
    assert chain["dW1001"].shape == (1, 3)


def test_a_scalar_bias_has_no_shape_to_show():
    chain = nn.mse(leaf(2, 3) @ X + leaf(), Y).chain()
    assert chain.quantity("Z1").shapes == "(2, 3) @ (3, 7) → (2, 7)"


def test_a_number_goes_into_the_fraction_before_it():
    J = nn.mse(leaf(1, 3) @ X, Y[:1])
    assert J.chain(convention="autograd").quantity("dZ1").formula.text == "(2/m) (Z[1] − Y)"
    assert J.chain().quantity("dZ1").formula.text == "2 (Z[1] − Y)"
