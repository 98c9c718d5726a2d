"""Update steps: the notes' four agree, each mistake is named, and one mistake spoils one row."""

from dataclasses import replace

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn.check.rules import RIGHT, SLIPS, STEP, Moment
from tinygrad_cn.errors import GradientMismatchError, HandFunctionError, OpError


def sgd(parameters, grads, learning_rate):
    return {k: p - learning_rate * grads["d" + k] for k, p in parameters.items()}


def momentum(parameters, grads, v, beta, learning_rate):
    for l in (1, 2):  # noqa: E741
        for k in (f"W{l}", f"b{l}"):
            v["d" + k] = beta * v["d" + k] + (1 - beta) * grads["d" + k]
            parameters[k] = parameters[k] - learning_rate * v["d" + k]
    return parameters, v


def rmsprop(parameters, grads, s, beta, learning_rate=0.01, epsilon=1e-8):
    for k in parameters:
        s["d" + k] = beta * s["d" + k] + (1 - beta) * grads["d" + k] ** 2
        parameters[k] -= learning_rate * grads["d" + k] / (np.sqrt(s["d" + k]) + epsilon)


def adam(parameters, grads, v, s, t=2, learning_rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8):
    v_corrected, s_corrected = {}, {}
    for k in [f"d{name}" for name in parameters]:
        v[k] = beta1 * v[k] + (1 - beta1) * grads[k]
        v_corrected[k] = v[k] / (1 - np.power(beta1, t))
        s[k] = beta2 * s[k] + (1 - beta2) * np.power(grads[k], 2)
        s_corrected[k] = s[k] / (1 - np.power(beta2, t))
        parameters[k[1:]] = parameters[k[1:]] - learning_rate * v_corrected[k] / (np.sqrt(s_corrected[k]) + epsilon)
    return parameters, v, s, v_corrected, s_corrected


def paper(params, grads, m, v, t, lr, beta_1, beta_2, eps):
    """Kingma and Ba's names: m and v for v and s."""
    params, m, v, *_ = adam(params, grads, m, v, t, lr, beta_1, beta_2, eps)
    return params, m, v


@pytest.mark.parametrize(
    ("function", "rule", "rows"),
    [(sgd, "sgd", 4), (momentum, "momentum", 8), (rmsprop, "rmsprop", 8), (adam, "adam", 12), (paper, "adam", 12)],
)
def test_the_steps_of_the_notes_agree(function, rule, rows):
    report = tg.compare_update(function)
    assert report.ok, report
    assert (report.rule, len(report.rows), report.first_wrong) == (rule, rows, None)
    assert max(row.error for row in report.rows) < 1e-14


def with_slip(slip, rule):
    """The right function of a rule with one line replaced."""

    def update(parameters, grads, v, s, t, learning_rate, beta1, beta2, epsilon):
        for k in parameters:
            d = "d" + k
            q = Moment(parameters[k], grads[d], v[d], s[d], t, learning_rate, beta1, beta2, epsilon)
            right = {"v": beta1 * q.v + (1 - beta1) * q.g, "s": beta2 * q.s + (1 - beta2) * q.g**2}
            new = {x: slip.value(q) if x == slip.letter else right[x] for x in "vs"}
            q = replace(q, **new)
            v[d], s[d] = new["v"], new["s"]
            parameters[k] = slip.value(q) if slip.letter == "W" else q.W - q.lr * STEP[rule](q)
        return parameters

    return update


CASES = [(slip, rule) for slip in SLIPS for rule in slip.rules]


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
@pytest.mark.parametrize(("slip", "rule"), CASES, ids=[f"{rule}-{s.letter}-{s.code}" for s, rule in CASES])
def test_each_mistake_is_named_and_blamed_once(slip, rule):
    report = tg.compare_update(with_slip(slip, rule), rule, lang="en")
    wrong = {row.name[0].upper() for row in report.rows if row.verdict == "wrong"}
    assert wrong == ({"W", "B"} if slip.letter == "W" else {slip.letter.upper()})
    assert {row.cause for row in report.rows if row.verdict == "wrong"} == {slip.code}
    assert all(row.verdict == "inherited" for row in report.rows if slip.letter == "v" and row.name[0] in "Wb")


def test_no_two_mistakes_of_a_step_have_one_value_and_two_codes():
    for rule, letter in RIGHT:
        codes = [s.text for s in SLIPS if s.letter == letter and rule in s.rules]
        assert len(set(codes)) == len(codes)


def test_a_mistake_in_b_alone():
    def update(parameters, grads, learning_rate):
        new = sgd(parameters, grads, learning_rate)
        return new | {"b2": parameters["b2"] + learning_rate * grads["db2"]}

    report = tg.compare_update(update, lang="en")
    assert [(r.name, r.cause) for r in report.rows if r.verdict != "agree"] == [("b2", "sign")]
    assert "✗ b2 has a wrong sign. It equals W ← W + α …. It should be W ← W − α dW." in str(report)
    with pytest.raises(GradientMismatchError, match="b2 has a wrong sign"):
        report.raise_if_wrong()


def test_missing_shape_and_unknown():
    def update(parameters, grads, v, beta, learning_rate):
        parameters, v = momentum(parameters, grads, v, beta, learning_rate)
        return {"W1": parameters["W1"], "b1": parameters["b1"].ravel(), "W2": parameters["W2"] * 1.5}, v

    report = tg.compare_update(update, lang="zh")
    assert {r.name: r.verdict for r in report.rows if r.verdict != "agree"} == {
        "b1": "shape", "W2": "wrong", "b2": "missing",
    }  # fmt: skip
    assert report["W2"].cause == "unknown"
    assert "没有找到能解释 W2 的常见错误" in str(report)


def test_beta_of_a_function_that_takes_none_is_the_usual_one():
    def update(parameters, grads, v, learning_rate):
        return momentum(parameters, grads, v, 0.9, learning_rate)

    assert tg.compare_update(update).ok


def test_bad_functions_are_refused():
    with pytest.raises(OpError, match=r"parameter 'magic' stands for\. Known are parameters"):
        tg.compare_update(lambda parameters, grads, learning_rate, magic: parameters)
    with pytest.raises(OpError, match="it takes no learning_rate"):
        tg.compare_update(lambda parameters, grads: parameters)
    with pytest.raises(OpError, match="it returned float"):
        tg.compare_update(lambda parameters, grads, lr: 1.0)
    with pytest.raises(ValueError, match="rule must be one of sgd, momentum"):
        tg.compare_update(sgd, "newton")
    with pytest.raises(HandFunctionError, match="KeyError: 'W1'"):
        tg.compare_update(lambda parameters, grads, lr: grads["W1"])
