"""Hand gradients compared: which one is wrong first, and what only follows from it."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn
from tinygrad_cn.check import compare
from tinygrad_cn.errors import GradientMismatchError, OpError

M = 11


def net_and_hand(sizes=(3, 5, 4, 1), dtype=np.float64, seed=0):
    """A tanh/sigmoid net, its cost, and the backward pass of the notes written out."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((sizes[0], M)).astype(dtype)
    Y = (rng.random((1, M)) < 0.5).astype(dtype)
    net = nn.DNN(list(sizes), hidden="tanh", output="sigmoid", init="xavier", seed=seed, dtype=dtype)
    J = nn.binary_cross_entropy(net(X), Y)
    return net, J, hand_backward(net, X, Y)


def hand_backward(net, X, Y, tanh_slope=lambda A: 1 - A**2):
    """dA, dZ, dW, db of every layer."""
    p = net.state_dict()
    L = len(p) // 2
    A = {0: X}
    for i in range(1, L + 1):
        Z = p[f"W{i}"] @ A[i - 1] + p[f"b{i}"]
        A[i] = np.tanh(Z) if i < L else 1 / (1 + np.exp(-Z))
    grads = {f"dA{L}": -Y / A[L] + (1 - Y) / (1 - A[L]), f"dZ{L}": A[L] - Y}
    for i in range(L, 0, -1):
        dZ = grads[f"dZ{i}"] if i == L else grads[f"dA{i}"] * tanh_slope(A[i])
        grads[f"dZ{i}"] = dZ
        grads[f"dW{i}"] = dZ @ A[i - 1].T / M
        grads[f"db{i}"] = dZ.sum(axis=1, keepdims=True) / M
        grads[f"dA{i - 1}"] = p[f"W{i}"].T @ dZ
    return grads


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("depth", [1, 2, 10])
def test_right_gradients_agree_to_rounding(dtype, depth):
    _, J, hand = net_and_hand((3, *[5] * (depth - 1), 1), dtype)
    report = compare(J, hand)
    assert report.ok, report
    assert len(report.rows) == 4 * depth + 1
    assert report.first_wrong is None
    assert all(row.ulps < 100 for row in report.rows)


def test_autograd_convention_wants_1_over_m_in_dZ():
    _, J, hand = net_and_hand()
    scaled = {k: v / M if k[1] in "AZ" else v for k, v in hand.items()}
    assert compare(J, scaled, convention="autograd").ok
    assert not compare(J, hand, convention="autograd").ok
    assert not compare(J, scaled, convention="course").ok


def test_one_mistake_is_wrong_and_the_rest_inherited():
    net, J, _ = net_and_hand()
    X = J.chain()["X"]
    bad = hand_backward(net, X, J.chain()["Y"], tanh_slope=lambda A: 1 - A)
    report = compare(J, bad)
    verdicts = {row.name: row.verdict for row in report.rows}
    assert report.first_wrong == "dZ2"
    assert verdicts == {
        "dA3": "agree", "dZ3": "agree", "dW3": "agree", "db3": "agree", "dA2": "agree",
        "dZ2": "wrong", "dW2": "inherited", "db2": "inherited", "dA1": "inherited",
        "dZ1": "wrong", "dW1": "inherited", "db1": "inherited", "dA0": "inherited",
    }  # fmt: skip


def test_two_mistakes_in_different_layers_are_both_found():
    _, J, hand = net_and_hand()
    hand["db3"] = hand["db3"] * M
    hand["dW1"] = hand["dW1"] * M
    report = compare(J, hand)
    assert [row.name for row in report.rows if row.verdict == "wrong"] == ["db3", "dW1"]
    assert report["db3"].error == pytest.approx(float(np.abs(hand["db3"]).max() * (M - 1) / M))
    assert report["dW[1]"].cause == "missing_1_over_m"
    assert report["dW2"].cause is None


def test_quantities_left_out_are_bridged():
    _, J, hand = net_and_hand()
    wrong = hand["dZ3"] * 2
    p = {row.name: row.true for row in compare(J, hand).rows}
    report = compare(J, {"dZ3": wrong, "dW3": p["dW3"] * 2, "dZ2": p["dZ2"] * 2, "dW1": p["dW1"] * 2})
    assert {r.name: r.verdict for r in report.rows} == {
        "dZ3": "wrong",
        "dW3": "inherited",
        "dZ2": "inherited",
        "dW1": "inherited",
    }


def test_shape_is_checked_before_values_and_never_broadcast():
    _, J, hand = net_and_hand()
    hand["db2"] = hand["db2"].ravel()
    report = compare(J, hand, lang="en")
    assert report["db2"].verdict == "shape"
    assert report.first_wrong == "db2"
    assert "expected (4, 1), got (4,)" in str(report)
    assert np.isnan(report["db2"].error)


def test_names_lists_tensors_and_transposed_storage_are_understood():
    _, J, hand = net_and_hand()
    J.backward()
    report = compare(
        J,
        {
            "dW[3]": hand["dW3"].tolist(),
            "db_2": tg.tensor(hand["db2"]),
            "dW1": np.asfortranarray(hand["dW1"]),
            "dQ1": 1.0,
        },
        lang="en",
    )
    assert [(r.name, r.verdict) for r in report.rows] == [
        ("dW3", "agree"), ("db2", "agree"), ("dW1", "agree"), ("dQ1", "unknown_name"),
    ]  # fmt: skip
    assert not report.ok
    assert report.first_wrong == "dQ1"


def test_nan_is_wrong():
    _, J, hand = net_and_hand()
    hand["dW2"][0, 0] = np.nan
    report = compare(J, hand)
    assert report.first_wrong == "dW2"
    assert report["dW2"].where == (0, 0)
    assert report["dW2"].error == np.inf


def test_comparison_touches_no_grad_and_needs_no_backward():
    net, J, hand = net_and_hand()
    assert compare(J, hand).ok
    assert net.W1.grad is None
    J.backward()
    before = net.W1.grad.copy()
    J.backward()  # accumulates: the comparison must not be fooled by it
    assert compare(J, hand).ok
    np.testing.assert_array_equal(net.W1.grad, 2 * before)


def test_a_zero_bias_gradient_that_cancels_is_no_false_alarm():
    X = np.array([[1.0, -1.0, 2.0, -2.0]])
    Y = np.array([[0.3, 0.7, 0.1, 0.9]])
    W, b = tg.tensor([[0.0]], requires_grad=True), tg.tensor([[0.0]], requires_grad=True)
    A = tg.sigmoid(W @ X + b)
    dZ = A.numpy() - Y
    shuffled = dZ[:, [2, 0, 3, 1]].sum(axis=1, keepdims=True) / 4
    assert compare(nn.binary_cross_entropy(A, Y), {"dZ1": dZ, "db1": shuffled}).ok


def test_report_in_two_languages_and_as_an_assertion():
    _, J, hand = net_and_hand()
    hand["dW2"] = -hand["dW2"]
    zh, en = str(compare(J, hand, lang="zh")), str(compare(J, hand, lang="en"))
    assert "✗ 有误" in zh
    assert "先改 dW[2]" in zh
    assert "✗ wrong" in en
    assert "Mend dW[2] first" in en
    assert "dW[2] = (1/m) dZ[2] A[1]ᵀ" in en
    with pytest.raises(GradientMismatchError, match="✗ 1 wrong"):
        compare(J, hand, lang="en").raise_if_wrong()
    del hand["dW2"]
    compare(J, hand).raise_if_wrong()


def test_bad_arguments_are_refused():
    _, J, _ = net_and_hand()
    with pytest.raises(OpError, match=r"hand must be a mapping .* got list"):
        compare(J, [1.0])
    with pytest.raises(OpError, match=r"hand\['dW1'\] must hold real numbers"):
        compare(J, {"dW1": "abc"})
    with pytest.raises(OpError, match=r"J must be the cost, a Tensor, or its chain; got float"):
        compare(J.item(), {"dW1": 0.0})


def test_rtol_can_be_given():
    _, J, hand = net_and_hand()
    hand["dW1"] = hand["dW1"] * (1 + 1e-6)
    assert compare(J, hand).first_wrong == "dW1"
    assert compare(J, hand, rtol=1e-5).ok


@pytest.mark.parametrize("choose", [np.max, lambda x: np.maximum(x, 0.3).sum(), lambda x: np.clip(x, -0.5, 0.5).sum()])
def test_rounding_does_not_move_a_choice(choose):
    """Which entry was the largest is exact: no rounding makes up for a wrong sign there."""
    w = tg.tensor([0.2, 0.9, -0.4], requires_grad=True, name="w")
    J = np.sum(np.sin(w)) + choose(w * w)
    chain = J.chain()
    J.backward()
    assert compare(chain, {"dw": w.grad}).ok
    assert compare(chain, {"dw": -w.grad}).first_wrong == "dw"
