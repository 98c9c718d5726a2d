"""A learner's backward function: what it is given, how its result is read, what fresh nets reveal."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn
from tinygrad_cn.errors import HandFunctionError, OpError

from . import learners


def cost(sizes, hidden="tanh", output="sigmoid", m=7, seed=0, loss=nn.binary_cross_entropy, lambd=0.0):
    """The cost of a net on random data."""
    rng = np.random.default_rng(seed)
    net = nn.DNN(list(sizes), hidden=hidden, output=output, init="xavier", seed=seed)
    for name, p in net.state_dict().items():
        if name[0] == "b":
            net[name].data[:] = rng.standard_normal(p.shape) / 2
    X, Y = rng.standard_normal((sizes[0], m)), (rng.random((sizes[-1], m)) < 0.5).astype(float)
    if output == "softmax":
        Y = np.eye(sizes[-1])[:, rng.integers(0, sizes[-1], m)]
    J = loss(net(X), Y)
    return J + nn.l2(net, lambd, m) if lambd else J


def dropout_cost(keep_prob=0.8, m=9):
    """Three layers, relu and dropout, written with bare tensors."""
    rng = np.random.default_rng(3)
    sizes = [4, 6, 5, 1]
    A = rng.standard_normal((4, m))
    for k in range(1, 4):
        W = tg.tensor(rng.standard_normal((sizes[k], sizes[k - 1])), True)
        b = tg.tensor(rng.standard_normal((sizes[k], 1)), True)
        Z = W @ A + b
        A = nn.relu(Z) if k < 3 else nn.sigmoid(Z)
        if k < 3:
            D = (rng.random(A.shape) < keep_prob).astype(float)
            A = A * D / keep_prob
    return nn.binary_cross_entropy(A, (rng.random((1, m)) < 0.5).astype(float))


RIGHT = {
    "planar": (learners.planar, lambda: cost((2, 4, 1))),
    "single neuron": (learners.propagate, lambda: cost((3, 1))),
    "deep": (learners.deep, lambda: cost((5, 4, 3, 1), hidden="relu")),
    "L2": (learners.with_regularization, lambda: cost((3, 5, 4, 1), hidden="relu", lambd=0.7)),
    "dropout": (learners.with_dropout, dropout_cost),
    "tuple": (learners.by_tuple, lambda: cost((2, 4, 1))),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_functions_agree_here_and_on_three_fresh_nets(name):
    function, J = RIGHT[name]
    report = tg.compare(J(), function, lang="en")
    assert report.ok, report
    (remark,) = report.remarks
    assert remark.startswith("It also agrees on fresh nets of other sizes: n = [")
    assert remark.count("m = ") == 3


def test_fresh_nets_have_different_primes():
    report = tg.compare(
        cost((4, 4, 4, 4), hidden="relu"), lambda X, Y, caches, AL: learners.deep(AL, Y, caches), lang="en"
    )
    assert report.ok
    for net in report.remarks[-1].split(": ", 1)[-1].split(";"):
        numbers = [int(n) for n in net.translate(str.maketrans("[],.=nm", "       ")).split()]
        assert len(set(numbers)) == len(numbers)
        assert all(all(n % k for k in range(2, n)) for n in numbers)


def test_m_written_as_a_number_is_caught():
    def backward(A1, A2, W2, X, Y):
        dZ2 = A2 - Y
        dZ1 = W2.T @ dZ2 * (1 - A1**2)
        return {
            "dW2": dZ2 @ A1.T / 7, "db2": dZ2.sum(axis=1, keepdims=True) / 7,
            "dW1": dZ1 @ X.T / 7, "db1": dZ1.sum(axis=1, keepdims=True) / 7,
        }  # fmt: skip

    report = tg.compare(cost((2, 4, 1), m=7), backward, lang="en")
    assert not report.ok
    assert report.first_wrong == "dW2"
    assert report["dW2"].hand.shape != (1, 4)  # the fresh net is shown
    assert "agrees on the given net by luck" in report.remarks[0]


def test_a_value_from_outside_is_named():
    m = 7

    def backward(A1, A2, W2, X, Y):
        dZ2 = A2 - Y
        dZ1 = W2.T @ dZ2 * (1 - A1**2)
        return {
            "dW2": dZ2 @ A1.T / m, "db2": dZ2.sum(axis=1, keepdims=True) / m,
            "dW1": dZ1 @ X.T / m, "db1": dZ1.sum(axis=1, keepdims=True) / m,
        }  # fmt: skip

    report = tg.compare(cost((2, 4, 1), m=7), backward, lang="en")
    assert not report.ok
    assert "The function reads m from outside" in report.remarks[0]


def test_where_two_sizes_are_equal_fresh_nets_tell_which_factor_it_is():
    """m = n[1] = 4: without other nets a factor of 4 reads as m."""

    def backward(A1, A2, W2, X, Y, m):
        grads = learners.planar({"W2": W2}, {"A1": A1, "A2": A2}, X, Y)
        return grads | {"db1": 4 * grads["db1"]}

    J = cost((2, 4, 1), m=4)
    alone = tg.compare(J, backward(**_values(J), m=4))
    assert alone["db1"].cause == "missing_1_over_m"
    row = tg.compare(J, backward)["db1"]
    assert (row.verdict, row.cause, row.causes[0].factor) == ("wrong", "constant_factor", "4")


def _values(J):
    chain = J.chain()
    return {name: chain[name] for name in ("A1", "A2", "W2", "X", "Y")}


def test_a_wrong_function_is_explained():
    def backward(parameters, cache, X, Y):
        grads = learners.planar(parameters, cache, X, Y)
        return grads | {"dW1": grads["dW1"] * X.shape[1]}

    report = tg.compare(cost((2, 4, 1)), backward)
    assert [(r.name, r.verdict, r.cause) for r in report.rows if r.verdict != "agree"] == [
        ("dW1", "wrong", "missing_1_over_m")
    ]


def test_what_is_not_returned_is_missing():
    report = tg.compare(cost((2, 4, 1)), lambda A2, Y, A1, m: {"dW2": (A2 - Y) @ A1.T / m}, lang="en")
    assert {r.name: r.verdict for r in report.rows} == {
        "dW2": "agree", "db2": "missing", "dW1": "missing", "db1": "missing",
    }  # fmt: skip
    assert report.first_wrong == "db2"
    assert "not given" in str(report)
    assert '"verdict": "missing"' in report.json()


def test_changes_in_place_are_told_and_reach_nothing_else():
    def backward(parameters, cache, X, Y):
        grads = learners.planar(parameters, cache, X, Y)
        cache["A2"] -= Y
        parameters["W1"][0, 0] = 100.0
        return grads

    J = cost((2, 4, 1))
    before = J.chain()["A2"].copy()
    report = tg.compare(J, backward, lang="en")
    assert report.ok
    assert "changes parameters['W1'], cache['A2'] in place" in report.remarks[0]
    np.testing.assert_array_equal(J.chain()["A2"], before)
    J.backward()


def test_an_unknown_parameter_is_refused_with_what_there_is():
    def backward(X, Y, magic):
        return {}

    with pytest.raises(OpError, match=r"parameter 'magic' stands for.*: .*A1.*caches.*keep_prob"):
        tg.compare(cost((2, 4, 1)), backward)


def test_defaults_are_kept():
    def backward(parameters, cache, X, Y, m=None, print_cost=False):
        assert m is None
        return learners.planar(parameters, cache, X, Y)

    assert tg.compare(cost((2, 4, 1)), backward).ok


def test_lambda_is_that_of_the_cost_even_over_a_default():
    def backward(X, Y, cache, lambd=0.1):
        (Z1, A1, W1, b1, Z2, A2, W2, b2, Z3, A3, W3, b3) = cache
        return learners.with_regularization(X, Y, (Z1, A1, W1, b1, Z2, A2, W2, b2, Z3, A3, W3, b3), lambd)

    assert tg.compare(cost((3, 5, 4, 1), hidden="relu", lambd=0.7), backward).ok


def test_an_error_inside_keeps_its_traceback():
    def backward(X, Y, A2):
        return {"dW2": (A2 - Y) @ X}  # X is not transposed

    with pytest.raises(HandFunctionError) as caught:
        tg.compare(cost((2, 4, 1)), backward)
    text = str(caught.value)
    assert text.startswith("backward(...) raised\nTraceback")
    assert 'return {"dW2": (A2 - Y) @ X}' in text
    assert "check/call.py" not in text


def test_a_result_without_names_is_refused():
    with pytest.raises(OpError, match=r"expected a dict of gradients.*it returned a tuple of 2"):
        tg.compare(cost((2, 4, 1)), lambda X, Y: (X * 1.0, Y * 1.0))


def test_an_error_on_other_sizes_only_is_a_remark():
    def backward(parameters, cache, X, Y):
        return learners.planar(parameters, cache, X, Y.reshape(1, 7))

    report = tg.compare(cost((2, 4, 1), m=7), backward, lang="en")
    assert report.ok
    assert "Not checked on other sizes" in report.remarks[0]
    assert "cannot reshape array" in report.remarks[0]


def test_a_function_that_takes_nothing_is_checked_on_the_given_net_only():
    J = cost((2, 4, 1))
    hand = learners.planar(
        {"W2": J.chain()["W2"]}, {k: J.chain()[k] for k in ("A1", "A2")}, J.chain()["X"], J.chain()["Y"]
    )
    report = tg.compare(J, lambda: hand, lang="en")
    assert report.ok
    assert "checked on the given net only" in report.remarks[0]


def test_a_hand_written_loss_and_softmax_are_rebuilt():
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((3, 8)), (rng.random((1, 8)) < 0.5).astype(float)
    W, b = tg.tensor(rng.standard_normal((1, 3)), True), tg.tensor([[0.3]], True)
    A = 1 / (1 + np.exp(-(W @ X + b)))
    J = -1 / 8 * np.sum(np.multiply(Y, np.log(A)) + np.multiply(1 - Y, np.log(1 - A)))

    def backward(X, A1, Y, m):
        return {"dW1": (A1 - Y) @ X.T / m, "db1": np.sum(A1 - Y, axis=1, keepdims=True) / m}

    assert "also agrees on fresh nets" in tg.compare(J, backward, lang="en").remarks[0]
    J = cost((3, 4), output="softmax", loss=nn.categorical_cross_entropy)
    assert "also agrees on fresh nets" in tg.compare(J, backward, lang="en").remarks[0]


def test_the_output_of_a_loss_on_logits_is_supplied():
    def backward(X, A1, AL, Y, W2, m):
        dZ2 = AL - Y
        dZ1 = W2.T @ dZ2 * (1 - A1**2)
        return {
            "dW2": dZ2 @ A1.T / m, "db2": dZ2.sum(axis=1, keepdims=True) / m,
            "dW1": dZ1 @ X.T / m, "db1": dZ1.sum(axis=1, keepdims=True) / m,
        }  # fmt: skip

    X, Y = np.random.default_rng(1).standard_normal((2, 7)), np.eye(3)[:, [0, 2, 1, 1, 0, 2, 0]]
    net = nn.DNN([2, 5, 3], hidden="tanh", output=None, seed=2)
    for loss in (nn.binary_cross_entropy_with_logits, nn.cross_entropy):
        assert tg.compare(loss(net(X), Y), backward).ok


def test_dA_of_the_courses_first_version_is_read_as_meant():
    def older(AL, Y, caches):
        grads = learners.deep(AL, Y, caches)
        shifted = {f"dA{int(k[2:]) + 1}": v for k, v in grads.items() if k.startswith("dA")}
        return {k: v for k, v in grads.items() if not k.startswith("dA")} | shifted

    report = tg.compare(cost((5, 4, 3, 1), hidden="relu"), older, lang="en")
    assert report.ok, report
    assert {"dA0", "dA1", "dA2"} <= {row.name for row in report.rows}
    assert report.remarks[0].startswith("dA[l] is read as dA of the layer before")


def test_the_cache_may_have_any_form_with_the_learners_own_forward_function():
    def forward(X, parameters):
        A1 = np.tanh(parameters["W1"] @ X + parameters["b1"])
        A2 = 1 / (1 + np.exp(-(parameters["W2"] @ A1 + parameters["b2"])))
        return A2, {"first": [A1], "last": {"out": A2}}

    def backward(X, Y, parameters, cache):
        return learners.planar(parameters, {"A1": cache["first"][0], "A2": cache["last"]["out"]}, X, Y)

    def flat(X, parameters):
        A2, cache = forward(X, parameters)
        return X, cache["first"][0], A2

    def from_flat(Y, parameters, cache):
        data, hidden, out = cache
        return learners.planar(parameters, {"A1": hidden, "A2": out}, data, Y)

    J = cost((2, 4, 1))
    assert tg.compare(J, backward, forward=forward).ok
    assert tg.compare(J, from_flat, forward=flat).ok
    with pytest.raises(HandFunctionError, match="KeyError: 'first'"):
        tg.compare(J, backward)
