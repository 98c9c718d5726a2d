"""L1, L2 and both in the cost: the chain writes their gradients out, and compare names the one that is wrong."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import data, nn

X, Y = data.flower()
M = 400
LAMBDA = {"l1": 3.0, "l2": 0.8}


def cost(*norms):
    net = nn.DNN([2, 4, 1], hidden="tanh", seed=1)
    J = nn.binary_cross_entropy(net(X), Y)
    for norm in norms:
        J = J + getattr(nn, norm)(net, LAMBDA[norm], M)
    return J


@pytest.mark.parametrize(
    ("norms", "added"),
    [
        (["l1"], " + 0.0075 sign(W[1])"),
        (["l2"], " + 0.002 W[1]"),
        (["l1", "l2"], " + 0.0075 sign(W[1]) + 0.002 W[1]"),
    ],
)
def test_the_chain_writes_the_gradient_of_a_penalty_out(norms, added):
    J = cost(*norms)
    J.backward()
    chain = J.chain(lang="zh")
    assert chain.quantity("dW1").formula.text == f"(1/m) dZ[1] Xᵀ{added}"
    assert ("的符号" in chain.markdown()) == ("l1" in norms)
    scope = {"X": X, "Y": Y, **{name: chain[name] for name in ("W1", "b1", "W2", "b2")}}
    exec(compile(chain.numpy(), "program", "exec"), scope)
    np.testing.assert_allclose(scope["dW1"], chain["dW1"], rtol=1e-12)


@pytest.mark.parametrize("written", [lambda w: np.sum(np.abs(w)), lambda w: 0.5 * np.abs(w).sum() * 2, np.linalg.norm])
def test_a_penalty_by_hand_is_l1_if_it_is_a_sum_of_absolutes(written):
    W = tg.tensor([[0.5, -1.0]], requires_grad=True, name="W1")
    J = nn.binary_cross_entropy(nn.sigmoid(W @ X), Y) + written(W) * 0.1
    formula = J.chain().quantity("dW1").formula.text
    assert formula.endswith("0.1 sign(W[1])") == (written is not np.linalg.norm)


# The norms in the cost, what the learner adds to dW[1] for them, and what is said of it.
MISTAKES = [
    (["l1"], lambda W: 0, ["missing_l1"], "dW[1] 漏了 L1 正则项 (λ/m) sign(W)。"),
    (["l1"], lambda W: 3 * np.sign(W), ["wrong_l1"], "b 的不加。现在是它的 m 倍"),
    (["l1"], lambda W: 3 / M * W, ["wrong_l1"], "0.0075 W[1]"),
    (["l2"], lambda W: 0, ["missing_regularisation"], "dW[1] 漏了 L2 正则项 (λ/m) W。"),
    (["l1", "l2"], lambda W: 3 / M * np.sign(W), ["missing_regularisation"], "dW[1] 漏了 L2 正则项 (λ/m) W。"),
    (["l1", "l2"], lambda W: 0.8 / M * W, ["missing_l1"], "dW[1] 漏了 L1 正则项 (λ/m) sign(W)。"),
    (["l1", "l2"], lambda W: 0, ["missing_l1", "missing_regularisation"], "L2 正则项 (λ/m) W。"),
]  # fmt: skip


@pytest.mark.parametrize(("norms", "added", "codes", "text"), MISTAKES)
def test_compare_names_the_penalty(norms, added, codes, text):
    J = cost(*norms)
    J.backward()
    chain = J.chain(lang="zh")
    dZ1, W1 = chain["dZ1"], chain["W1"]
    row = tg.compare(chain, {"dZ1": dZ1, "dW1": dZ1 @ X.T / M + added(W1)})["dW1"]
    assert [cause.code for cause in row.causes] == codes
    assert text in row.explanation("zh")


def test_a_function_with_l1_is_checked_on_other_sizes():
    def backward(X, Y, A1, A2, W1, W2, m):
        dZ2 = A2 - Y
        dZ1 = W2.T @ dZ2 * (1 - A1**2)
        return {
            "dW2": dZ2 @ A1.T / m + 3.0 / m * np.sign(W2), "db2": np.sum(dZ2, axis=1, keepdims=True) / m,
            "dW1": dZ1 @ X.T / m + 3.0 / m * np.sign(W1), "db1": np.sum(dZ1, axis=1, keepdims=True) / m,
        }  # fmt: skip

    report = tg.compare(cost("l1"), backward, lang="en")
    assert report.ok
    assert "It also agrees on fresh nets of other sizes" in str(report)
