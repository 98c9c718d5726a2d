"""Backward functions of whole image and attention nets: right on nets of any size, sizes written as numbers caught."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn

RNG = np.random.default_rng(1)
IMAGES, DIGITS = RNG.normal(size=(6, 6, 6, 2)), RNG.integers(0, 4, 6)
SEQUENCES, TAGS = RNG.normal(size=(4, 5, 3)), RNG.integers(0, 3, (5, 3))


def image_cost():
    conv = nn.Conv2D(2, 3, 3, seed=1)
    net = nn.Sequential(conv, nn.ReLU(), nn.AvgPool2D(2), nn.Flatten(), nn.Dense(12, 4, "softmax", seed=2))
    return nn.categorical_cross_entropy(net(IMAGES), DIGITS)


def image_backward(X, Y, Z1, A1, P1, W1, F1, W2, AL, m):
    dZ2 = AL - Y
    dP1 = (W2.T @ dZ2).T.reshape(P1.shape)
    dA1 = np.zeros_like(A1)
    for h in range(P1.shape[1]):
        for w in range(P1.shape[2]):
            dA1[:, 2 * h : 2 * h + 2, 2 * w : 2 * w + 2] += dP1[:, h : h + 1, w : w + 1] / 4
    dZ1, dW1, f = dA1 * (Z1 > 0), np.zeros_like(W1), W1.shape[0]
    for h in range(Z1.shape[1]):
        for w in range(Z1.shape[2]):
            dW1 += np.einsum("mijk,mc->ijkc", X[:, h : h + f, w : w + f], dZ1[:, h, w]) / m
    db1 = dZ1.sum(axis=(0, 1, 2), keepdims=True) / m
    return {"dW2": dZ2 @ F1.T / m, "db2": dZ2.sum(axis=1, keepdims=True) / m, "dW1": dW1, "db1": db1}


def attention_cost():
    net = nn.Sequential(nn.MultiHeadAttention(4, 1, seed=1), nn.Dense(4, 3, seed=2))
    return nn.cross_entropy(net(SEQUENCES), TAGS)


def attention_backward(X, Y, Q1, K1, V1, alpha1, C1, Z1, W2, AL, Wo1, m):
    found = {}

    def layer(name, dZ, A):
        found[f"dW{name}"] = np.einsum("imt,jmt->ij", dZ, A) / m
        found[f"db{name}"] = dZ.sum(axis=(1, 2))[:, None] / m

    dZ2 = AL - Y
    dZ1 = np.einsum("ij,imt->jmt", W2, dZ2)
    dC1 = np.einsum("ij,imt->jmt", Wo1, dZ1)
    alpha = alpha1[:, 0]
    dalpha = np.einsum("dmq,dmk->mqk", dC1, V1)
    dS = alpha * (dalpha - np.sum(dalpha * alpha, axis=-1, keepdims=True)) / np.sqrt(len(Q1))
    layer("2", dZ2, Z1)
    layer("o1", dZ1, C1)
    layer("q1", np.einsum("mqk,dmk->dmq", dS, K1), X)
    layer("k1", np.einsum("mqk,dmq->dmk", dS, Q1), X)
    layer("v1", np.einsum("dmq,mqk->dmk", dC1, alpha), X)
    return found


NETS = {"images": (image_cost, image_backward), "attention": (attention_cost, attention_backward)}


@pytest.mark.parametrize("name", NETS)
def test_right_functions_agree_here_and_on_three_fresh_nets(name):
    cost, backward = NETS[name]
    report = tg.compare(cost(), backward, lang="en")
    assert report.ok, report
    (remark,) = report.remarks
    assert remark.startswith("It also agrees on fresh nets of other sizes: X (")
    assert remark.count("m = ") == 3


def test_the_number_of_places_written_as_a_number_is_caught():
    def backward(X, Y, Z1, A1, P1, W1, F1, W2, AL, m):
        found = image_backward(X, Y, Z1, A1, P1, W1, F1, W2, AL, m)
        return found | {"db1": 16 * found["db1"] / (Z1.shape[1] * Z1.shape[2])}

    report = tg.compare(image_cost(), backward, lang="en")
    assert (report.ok, report.first_wrong) == (False, "db1")
    assert "agrees on the given net by luck" in report.remarks[0]


def test_the_root_of_the_rows_written_as_a_number_is_caught():
    def backward(X, Y, Q1, K1, V1, alpha1, C1, Z1, W2, AL, Wo1, m):
        found = attention_backward(X, Y, Q1, K1, V1, alpha1, C1, Z1, W2, AL, Wo1, m)
        return found | {name: found[name] * np.sqrt(len(Q1)) / 2 for name in ("dWq1", "dWk1", "dbq1", "dbk1")}

    report = tg.compare(attention_cost(), backward, lang="en")
    assert not report.ok
    assert "agrees on the given net by luck" in report.remarks[0]


def test_parameters_of_every_kind_of_layer_are_asked_for():
    report = tg.compare(attention_cost(), lambda AL, Y, m: {"db2": (AL - Y).sum(axis=(1, 2))[:, None] / m}, lang="en")
    missing = {row.name for row in report.rows if row.verdict == "missing"}
    assert missing == {"dW2", *(f"d{k}{p}1" for k in "Wb" for p in "qkvo")}
