"""Losses written by hand: recognised by their values, with the gradient of the notes."""

import re

import numpy as np
import pytest

import tinygrad_cn as tg

RNG = np.random.default_rng(5)
M = 6
X = RNG.standard_normal((2, M))
Y = (RNG.random((1, M)) < 0.5).astype(float)
R = RNG.standard_normal((3, M))


def affine(rows):
    W = tg.tensor(RNG.standard_normal((rows, 2)), requires_grad=True)
    return W @ X + tg.tensor(np.zeros((rows, 1)), requires_grad=True)


def sigmoid(Z):
    return 1 / (1 + np.exp(-Z))


def cross_entropy(A):
    return -(Y * np.log(A) + (1 - Y) * np.log(1 - A))


LOSSES = {  # cost of the last layer's output, rows, the formula of its gradient by convention
    "mean": (lambda Z: cross_entropy(sigmoid(Z)).mean(), 1, "A[1] − Y", "(1/m) (A[1] − Y)"),
    "sum": (lambda Z: cross_entropy(sigmoid(Z)).sum(), 1, None, None),
    "over_m": (lambda Z: ((Z - R) ** 2).sum() / M, 3, "2 (Z[1] − Y)", "(2/m) (Z[1] − Y)"),
    "over_2m": (lambda Z: ((Z - R) ** 2).sum() / (2 * M), 3, "Z[1] − Y", "(1/m) (Z[1] − Y)"),
    "squares": (lambda Z: np.sum((Z - R) * (Z - R)), 3, "2 (Z[1] − Y)", "2 (Z[1] − Y)"),
    "half_squares": (lambda Z: 0.5 * np.sum((Z - R) ** 2), 3, "Z[1] − Y", "Z[1] − Y"),
    "quarter_squares": (lambda Z: 0.25 * np.sum((Z - R) ** 2), 3, "(1/2) (Z[1] − Y)", "(1/2) (Z[1] − Y)"),
    "softplus": (lambda Z: np.mean(np.log(1 + np.exp(Z)) - Y * Z), 1, "σ(Z[1]) − Y", "(1/m) (σ(Z[1]) − Y)"),
}


@pytest.mark.parametrize("name", LOSSES)
def test_formula(name):
    cost, rows, course, true = LOSSES[name]
    J = cost(affine(rows))
    for convention, want in (("course", course), ("autograd", true)):
        if want is not None:
            assert J.chain(convention=convention).quantity("dZ1").formula.text == want


@pytest.mark.parametrize("convention", ["course", "autograd"])
@pytest.mark.parametrize("name", LOSSES)
def test_formula_is_true(name, convention):
    cost, rows, *_ = LOSSES[name]
    J = cost(affine(rows))
    J.backward()
    chain = J.chain(convention=convention)
    gradient = chain.quantity("dA1" if "dA1" in chain else "dZ1")
    text = re.sub(r"\[1\]", "1", gradient.formula.text).replace("−", "-")
    text = re.sub(r"([\d)]) \(", r"\1 * (", text)
    values = {q.name: q.value for q in chain.quantities.values()}
    got = eval(text, {"__builtins__": {}}, values | {"m": M, "σ": sigmoid})
    np.testing.assert_allclose(got, gradient.value, rtol=1e-9)


def test_a_clipped_loss_stays_a_loss_of_its_own():
    A = sigmoid(affine(1))
    chain = (-np.mean(Y * np.log(np.clip(A, 1e-9, 1)))).chain()
    assert chain.quantity("dA1").formula.text == "m ∂J/∂A[1]"


def test_another_function_of_the_same_shape_is_not_taken_for_one():
    chain = np.mean((affine(1) - Y) ** 4).chain()
    assert "∂J/∂Z[1]" in chain.quantity("dZ1").formula.text
