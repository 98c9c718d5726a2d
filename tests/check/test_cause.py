"""Why a gradient is wrong: one mistake of each kind, in words; ties, pairs, and what stays unknown."""

import numpy as np
import pytest

import tinygrad_cn as tg
from benchmarks.student import NETS, homework
from tests.check.test_cause_images import CODES as IMAGE_CODES
from tests.check.test_compare import net_and_hand
from tests.check.test_recurrent import CODES as CODES_IN_TIME
from tinygrad_cn import nn
from tinygrad_cn.check.cause import CODES

NET = {net.name: net for net in NETS}
PENALTY_CODES = {"missing_l1", "wrong_l1"}  # in test_penalties.py
ELSEWHERE = {"mean_instead_of_sum", "accumulated", "convention", "unknown"}  # told by more than one gradient, below
EXERCISES = {"wrong_step_cache"}  # in test_exercises.py

# cause, net, the gradient, its line, and what is said
MISTAKES = [
    ("missing_1_over_m", "two layers, tanh", "dW1", "np.dot(dZ1, X.T)",
     "dW[1] 漏了 1/m：是正确值的 m 倍。",
     "dW[1] lacks the 1/m: it is m times the right value."),
    ("extra_1_over_m", "two layers, tanh", "db2", "np.sum(dZ2, axis=1, keepdims=True) / m / m",
     "db[2] 多除了一次 m：是正确值的 1/m。",
     "db[2] is divided by m once too often: it is 1/m of the right value."),
    ("constant_factor", "regression", "dZ3", "(A3 - Y) / n3",
     "dZ[3] 差一个常数因子：是正确值的 1/2 倍。",
     "dZ[3] is off by a constant: it is 1/2 times the right value."),
    ("sign", "softmax", "dZ3", "Y - A3",
     "dZ[3] 的符号错了。",
     "dZ[3] has the wrong sign."),
    ("transposed", "two layers, tanh", "dW1", "np.dot(X, dZ1.T) / m",
     "dW[1] 的转置不对。它等于 ((1/m) dZ[1] Xᵀ)ᵀ。",
     "dW[1] has a transpose wrong. It equals ((1/m) dZ[1] Xᵀ)ᵀ."),
    ("missing_activation_derivative", "three layers, ReLU", "dZ2", "dA2",
     "dZ[2] 漏乘了激活函数的导数。它等于 dA[2]。",
     "dZ[2] lacks the derivative of the activation. It equals dA[2]."),
    ("derivative_at_a", "two layers, tanh", "dZ1", "dA1 * (1 - np.tanh(A1) ** 2)",
     "dZ[1] 的激活函数导数应在 Z 处求值，却代入了 A。它等于 dA[1] ⊙ tanh′(A[1])。",
     "dZ[1] takes the derivative of the activation at A; it belongs at Z. It equals dA[1] ⊙ tanh′(A[1])."),
    ("wrong_activation_derivative", "two layers, tanh", "dZ1", "dA1 * A1 * (1 - A1)",
     "dZ[1] 用错了激活函数的导数。它等于 dA[1] ⊙ (A[1] ⊙ (1 − A[1]))。",
     "dZ[1] uses a wrong derivative of the activation. It equals dA[1] ⊙ (A[1] ⊙ (1 − A[1]))."),
    ("output_derivative", "logistic regression", "dZ1", "(A1 - Y) * A1 * (1 - A1)",
     "dZ[1]：输出层的 dA、A − Y 与 g′(Z) 弄混了。它等于 (A[1] − Y) ⊙ σ′(Z[1])。",
     "dZ[1]: dA, A − Y and g′(Z) of the output layer are mixed up. It equals (A[1] − Y) ⊙ σ′(Z[1])."),
    ("missing_sum_over_samples", "two layers, tanh", "db1", "dZ1 / m",
     "db[1] 没有对 m 个样本求和。它等于 (1/m) dZ[1]。",
     "db[1] is not summed over the m samples. It equals (1/m) dZ[1]."),
    ("lost_keepdims", "two layers, tanh", "db1", "np.sum(dZ1, axis=1) / m",
     "db[1] 的数值正确，但求和时漏了 keepdims=True，少了一个轴。",
     "db[1] has the right values but lost an axis: the sum needs keepdims=True."),
    ("wrong_axis", "two layers, tanh", "db1", "np.sum(dZ1, axis=0, keepdims=True) / m",
     "db[1] 求和的轴不对：应沿样本（axis=1）求和。它等于 (1/m) np.sum(dZ[1], axis=0, keepdims=True)。",
     "db[1] is summed along the wrong axis: samples are axis 1. It equals (1/m) np.sum(dZ[1], axis=0, keepdims=True)."),
    ("wrong_layer_cache", "three layers, ReLU", "dW2", "np.dot(dZ2, Z1.T) / m",
     "dW[2] 取错了缓存：拿成了别的层，或混淆了 Z 与 A。它等于 (1/m) dZ[2] Z[1]ᵀ。",
     "dW[2] uses the wrong cached value: another layer's, or Z for A. It equals (1/m) dZ[2] Z[1]ᵀ."),
    ("elementwise_for_matmul", "logistic regression", "dW1", "X * dZ1 / m",
     "dW[1] 应当用矩阵乘法，却用了逐元素相乘。它等于 (1/m) dZ[1] ⊙ X。",
     "dW[1] multiplies entry by entry where a matrix product is due. It equals (1/m) dZ[1] ⊙ X."),
    ("missing_regularisation", "L2", "dW2", "np.dot(dZ2, A1.T) / m",
     "dW[2] 漏了 L2 正则项 (λ/m) W。",
     "dW[2] lacks the L2 term (λ/m) W."),
    ("wrong_regularisation", "L2", "dW2", "np.dot(dZ2, A1.T) / m + lambd * W2",
     "dW[2] 的 L2 正则项不对：W 的梯度应加上 (λ/m) W，b 的不加。现在是它的 m 倍。",
     "dW[2] has a wrong L2 term: (λ/m) W belongs to dW, and nothing to db. It is m times that."),
    ("missing_dropout_mask", "dropout", "dA1", "np.dot(W2.T, dZ2) / keep_prob",
     "dA[1] 漏乘了 dropout 掩码 D。它等于 (W[2]ᵀ dZ[2]) / 0.8。",
     "dA[1] lacks the dropout mask D. It equals (W[2]ᵀ dZ[2]) / 0.8."),
    ("missing_keep_prob", "dropout", "dA1", "np.dot(W2.T, dZ2) * D1",
     "dA[1] 漏除了 keep_prob。",
     "dA[1] is not divided by keep_prob."),
    ("missing_term", "two layers, tanh", "dA2", "-Y / A2",
     "dA[2] 少了一项。它等于 −Y / A[2]。",
     "dA[2] lacks a term. It equals −Y / A[2]."),
    ("missing_upstream", "three layers, ReLU", "dZ1", "1.0 * (Z1 > 0)",
     "dZ[1] 只有激活函数的导数，漏乘了上游传来的梯度。它等于 ReLU′(Z[1])。",
     "dZ[1] is the derivative of the activation alone; the gradient from above is not multiplied in."
     " It equals ReLU′(Z[1])."),
    ("updated_weights", "two layers, tanh", "dA1", "np.dot((W2 - 0.5 * dW2).T, dZ2)",
     "dA[1] 用的是更新之后的 W；反向传播要用前向时的 W。它等于 W[2]ᵀ dZ[2] − 0.5 dW[2]ᵀ dZ[2]。",
     "dA[1] uses the updated W; backpropagation needs the W of the forward pass."
     " It equals W[2]ᵀ dZ[2] − 0.5 dW[2]ᵀ dZ[2]."),
    ("softmax_axis", "softmax", "dZ3", "np.exp(Z3) / np.sum(np.exp(Z3), axis=1, keepdims=True) - Y",
     "dZ[3] 里 softmax 的轴不对：类别按行排，应沿 axis=0。它等于 softmax(Z[3], axis=1) − Y。",
     "dZ[3] takes softmax along the wrong axis: classes are rows, axis 0. It equals softmax(Z[3], axis=1) − Y."),
]  # fmt: skip


def compared(net, changed, only="AZWb", lang="en", **options):
    """The report on a homework of the bench with some lines changed, of which some letters are handed over."""
    work = homework(NET[net], seed=1, **options)
    hand = {name: value for name, value in work.hand(changed).items() if name[1] in only}
    return tg.compare(work.J, hand, convention=work.convention, lang=lang)


@pytest.mark.parametrize(("code", "net", "name", "line", "zh", "en"), MISTAKES, ids=[row[0] for row in MISTAKES])
def test_each_mistake_is_named_in_both_languages(code, net, name, line, zh, en):
    for lang, words in (("zh", zh), ("en", en)):
        report = compared(net, {name: line}, lang=lang)
        assert report.first_wrong == name
        assert report[name].cause == code
        assert report[name].explanation(lang).startswith(words)
        assert [row.name for row in report.rows if row.verdict in ("wrong", "shape")] == [name]


def test_every_code_has_a_test():
    others = ELSEWHERE | IMAGE_CODES | CODES_IN_TIME | PENALTY_CODES | EXERCISES
    assert {row[0] for row in MISTAKES} | others == set(CODES)


# ---- told by more than one gradient -----------------------------------------------------------------


def test_1_over_m_in_dz_is_the_other_convention_if_dw_makes_up_for_it():
    lines = {"dZ2": "(A2 - Y) / m", "dW2": "np.dot(dZ2, A1.T)", "db2": "np.sum(dZ2, axis=1, keepdims=True)"}
    report = compared("two layers, tanh", lines)
    assert (report["dZ2"].cause, report["dW2"].verdict, report["db2"].verdict) == ("convention", "agree", "agree")


def test_1_over_m_in_dz_is_a_mistake_if_dw_has_it_once_more():
    report = compared("two layers, tanh", {"dZ2": "(A2 - Y) / m"})
    assert (report["dZ2"].cause, report["dW2"].verdict) == ("extra_1_over_m", "inherited")


def test_1_over_m_in_dz_alone_may_be_either():
    report = compared("two layers, tanh", {"dZ2": "(A2 - Y) / m"}, only="Z")
    assert report["dZ2"].cause == "convention"
    assert ("extra_1_over_m", "dZ[2]") in {(causes[0].code, causes[0].where) for causes in report["dZ2"].alternatives}


def test_a_mean_of_dz_that_has_its_1_over_m_already():
    report = compared("two layers, tanh", {"db1": "np.mean(dZ1, axis=1, keepdims=True)"}, convention="autograd")
    codes = {report["db1"].cause, *(causes[0].code for causes in report["db1"].alternatives)}
    assert codes == {"mean_instead_of_sum", "extra_1_over_m"}


def test_grad_after_two_backward_calls_is_accumulated():
    net, J, hand = net_and_hand()
    J.backward()
    J.backward()
    report = tg.compare(J, hand | {"dW1": net.W1.grad, "db1": net.b1.grad}, lang="en")
    assert report["dW1"].cause == "constant_factor"  # one layer alone: a factor 2
    both = {f"d{name}": p.grad for name, p in zip(net.state_dict(), net.parameters(), strict=True)}
    report = tg.compare(J, hand | both, lang="en")
    assert {row.cause for row in report.rows if row.name[1] in "Wb"} == {"accumulated"}
    assert "added up over 2 calls of backward()" in str(report)


# ---- not handed over --------------------------------------------------------------------------------


def test_a_mistake_in_a_dz_that_was_not_handed_over_is_blamed_on_it():
    report = compared("three layers, ReLU", {"dZ2": "dA2"}, only="Wb")
    assert report.first_wrong == "dW2"
    assert [(c.code, c.where) for c in report["dW2"].causes] == [("missing_activation_derivative", "dZ[2]")]
    assert {row.verdict for row in report.rows if row.name in ("db2", "dW1", "db1")} == {"inherited"}


def test_what_cannot_be_told_apart_is_listed():
    report = compared("two layers, tanh", {"dA1": "-np.dot(W2.T, dZ2)"}, only="Wb")
    row = report["dW1"]
    assert [(c.code, c.where) for c in row.causes] == [("sign", "dZ[1]")]
    assert [(c.code, c.where) for causes in row.alternatives for c in causes] == [("sign", "dA[1]")]
    assert "Or, as simple: dA[1] has the wrong sign." in row.explanation("en")


def test_of_many_explanations_two_more_are_written_out():
    net = nn.DNN([2, 4, 4, 1], seed=1)
    X = np.random.default_rng(1).normal(size=(2, 9))
    J = nn.binary_cross_entropy(net(X), X[:1] > 0)
    row = tg.compare(J, {"dW1": 2 * tg.grad(J, net.W1)})["dW1"]
    assert len(row.alternatives) > 3
    text = row.explanation("en")
    assert text.count("Or, as simple:") == 2
    assert f"Explanations as simple that are not listed: {len(row.alternatives) - 2}." in text


def test_equal_dimensions_make_two_names_for_a_factor():
    row = compared("square", {"dW2": "np.dot(dZ2, A1.T) / m / m"})["dW2"]  # m = n[1] = n[2] = 6
    assert (row.cause, row.causes[0].factor) == ("extra_1_over_m", "1/m")
    assert "1/n[1]" in {causes[0].factor for causes in row.alternatives}


# ---- two at once ------------------------------------------------------------------------------------


def test_two_mistakes_in_one_line():
    row = compared("two layers, tanh", {"dW1": "np.dot(X, dZ1.T)"})["dW1"]
    assert [c.code for c in row.causes] == ["transposed", "missing_1_over_m"]


def test_a_mistake_that_a_later_one_hides_is_found_too():
    report = compared("three layers, ReLU", {"dA2": "2 * np.dot(W3.T, dZ3)", "dZ2": "dA2 * (Z2 < 0)"}, only="AZWb")
    assert [(row.name, row.cause) for row in report.rows if row.causes] == [
        ("dA2", "constant_factor"),
        ("dZ2", "wrong_activation_derivative"),
    ]


def test_two_mistakes_behind_one_gradient():
    report = compared("two layers, tanh", {"dA1": "np.dot(dW2.T, dZ2)", "dZ1": "dA1 * (1 - A1)"}, only="Wb")
    assert [(c.code, c.where) for c in report["dW1"].causes] == [
        ("wrong_layer_cache", "dA[1]"),
        ("wrong_activation_derivative", "dZ[1]"),
    ]
    assert report["db1"].verdict == "inherited"


# ---- families, and the unknown ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("net", "line", "equals"),
    [
        ("leaky ReLU", "dA2 * np.where(Z2 > 0, 1, -0.25)", "dA[2] ⊙ 1{Z[2] > 0} − 0.25 dA[2] ⊙ 1{Z[2] ≤ 0}"),
        ("softmax", "dA2 * (3 * A2 ** 2 - 0.5)", "−0.5 dA[2] + 3 dA[2] ⊙ (A[2])²"),
    ],
)
def test_a_derivative_nobody_has_listed_is_read_off(net, line, equals):
    (cause,) = compared(net, {"dZ2": line})["dZ2"].causes
    assert (cause.code, cause.equals) == ("wrong_activation_derivative", equals)


def test_unknown_says_where_the_error_is():
    J, hand = net_and_hand()[1:]
    hand["dZ2"][2, 5] += 0.1
    row = tg.compare(J, {"dZ2": hand["dZ2"]}, lang="en")["dZ2"]
    assert row.cause == "unknown"
    assert row.explanation("en").startswith(
        "No known mistake explains dZ[2]. The error sits in one sample only, column 6."
    )


def test_one_unexplained_gradient_does_not_accuse_those_that_follow():
    lines = {"dZ2": "np.sin(7 * dA2) * np.cos(Z2)"}
    report = compared("three layers, ReLU", lines, only="Wb")
    assert [(row.name, row.verdict) for row in report.rows[2:]] == [
        ("dW2", "wrong"), ("db2", "inherited"), ("dW1", "inherited"), ("db1", "inherited"),
    ]  # fmt: skip
    assert report["dW2"].cause == "unknown"


# ---- numbers ----------------------------------------------------------------------------------------


def test_float32_where_float64_is_expected_agrees_and_is_remarked():
    _, J, hand = net_and_hand()
    report = tg.compare(J, {"dZ3": hand["dZ3"], "dW1": hand["dW1"].astype(np.float32)}, lang="en")
    assert report.ok
    assert report.remarks == ("dW[1]: float32, while the net is float64; compared to the rounding of float32.",)


def test_a_mistake_of_a_few_hundred_units_in_the_last_place_is_no_rounding():
    _, J, hand = net_and_hand()
    hand["dW2"] = hand["dW2"] * (1 + 1e-13)
    assert tg.compare(J, hand).first_wrong == "dW2"


def test_a_saturated_unit_forgives_only_its_own_rounding():
    W = tg.tensor([[30.0]], requires_grad=True)
    X, Y = np.array([[1.0, 0.02]]), np.array([[0.0, 0.0]])
    A = tg.sigmoid(W @ X)
    other = A.numpy() + np.array([[2**-53 * 8, 0.0]])  # as another formula for σ may round it
    hand = {"dA1": -Y / other + (1 - Y) / (1 - other)}
    J = nn.binary_cross_entropy(A, Y)
    assert tg.compare(J, hand).ok
    assert abs(tg.compare(J, hand)["dA1"].error) > 1e-3 * hand["dA1"].max()  # far more than 4096 units
    hand["dA1"][0, 1] *= 1 + 1e-12
    assert tg.compare(J, hand).first_wrong == "dA1"


def test_the_right_formula_is_that_of_the_gradient_to_blame():
    """dW1 alone is given, with the mistake in dZ1 and one more in dW1 itself."""
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((3, 7)), (rng.random((1, 7)) < 0.5).astype(float)
    J = nn.binary_cross_entropy(nn.DNN([3, 5, 1], hidden="tanh", seed=1)(X), Y)
    chain = J.chain(lang="en")
    dZ1 = chain["W2"].T @ (chain["A2"] - Y) * (1 - chain["A1"])
    report = tg.compare(chain, {"dW1": dZ1 @ X.T})
    assert report["dW1"].remedies == ("dZ[1] = dA[1] ⊙ (1 − (A[1])²)", "dW[1] = (1/m) dZ[1] Xᵀ")
    assert (
        report["dW1"]
        .explanation("en")
        .endswith("It should be dZ[1] = dA[1] ⊙ (1 − (A[1])²). It should be dW[1] = (1/m) dZ[1] Xᵀ.")
    )
    assert report.first_wrong == "dW1"
    assert "Mend dZ[1] first" in str(report)
