"""Why a gradient of an image net is wrong: mistakes in convolution, pooling and norms, written as people write them."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn
from tinygrad_cn.check.world import World

M = 6
RNG = np.random.default_rng(5)
X = RNG.normal(size=(M, 11, 11, 2))
LABELS = np.arange(M) % 3


def net():
    return nn.Sequential(
        nn.Conv2D(2, 4, 3, stride=2, pad=1, activation="tanh", seed=1), nn.MaxPool2D(3, stride=1),
        nn.Conv2D(4, 4, 2, pad="same", init="xavier", seed=2), nn.BatchNorm2D(4), nn.Sigmoid(), nn.AvgPool2D(2),
        nn.Conv2D(4, 3, 2, activation="tanh", seed=3), nn.Flatten(), nn.Dense(3, 5, seed=4), nn.BatchNorm(5), nn.Tanh(),
        nn.Dense(5, 3, seed=5),
    )  # fmt: skip


@pytest.fixture(scope="module")
def J():
    body = net()
    body.state_dict()  # named
    with tg.no_grad():
        for p in body.parameters():
            if "gamma" in p.name:
                p.data[...] = RNG.uniform(0.5, 2.0, p.shape)
    J = nn.cross_entropy(body(X), LABELS)
    J.backward()
    return J


@pytest.fixture(scope="module")
def chain(J):
    return J.chain(lang="en")


# ---- backward passes as the notes write them, with a place for a mistake --------------------------------


def conv_backward(dZ, A_prev, W, stride, before, after, plus=True, at=None, turn=False, crop=True):
    """Loops over samples, places and filters; `plus` is +=, `at` where a window starts."""
    at = at or (lambda h: h * stride)
    m, H, V, C = dZ.shape
    f = W.shape[0]
    A = np.pad(A_prev, ((0, 0), (before, after), (before, after), (0, 0)))
    dA, dW, db = np.zeros_like(A), np.zeros_like(W), np.zeros((1, 1, 1, C))
    K = W[::-1, ::-1] if turn else W
    for i in range(m):
        for h in range(H):
            for w in range(V):
                for c in range(C):
                    part = np.s_[i, at(h) : at(h) + f, at(w) : at(w) + f]
                    if plus:
                        dA[part] += K[..., c] * dZ[i, h, w, c]
                        dW[..., c] += A[part] * dZ[i, h, w, c]
                        db[..., c] += dZ[i, h, w, c]
                    else:
                        dA[part] = (K * dZ[i, h, w]).sum(axis=3)
                        dW[..., c] = A[part] * dZ[i, h, w, c]
                        db[..., c] = dZ[i, h, w, c]
    return (dA[:, before : A.shape[1] - after, before : A.shape[2] - after] if crop else dA), dW / m, db / m


def first(c, **mistake):
    return conv_backward(c["dZ1"], X, c["W1"], 2, 1, 1, **mistake)


def second(c, **mistake):
    return conv_backward(c["dZ2"], c["P1"], c["W2"], 1, 0, 1, **mistake)


def windows(c, x, dP, f, stride, share, plus=True):
    dA = np.zeros_like(x)
    for h in range(dP.shape[1]):
        for w in range(dP.shape[2]):
            part = np.s_[:, h * stride : h * stride + f, w * stride : w * stride + f]
            back = share(x[part]) * dP[:, h : h + 1, w : w + 1]
            dA[part] = dA[part] + back if plus else back
    return dA


def mask(window):
    return window == window.max(axis=(1, 2), keepdims=True)


def bn(c, formula):
    """`formula(dN, gamma, n, sigma, mean)` of the batch norm of images."""
    Z, axes = c["Z2"], (0, 1, 2)
    sigma = np.sqrt(Z.var(axis=axes, keepdims=True) + 1e-5)
    n = (Z - Z.mean(axis=axes, keepdims=True)) / sigma
    return formula(c["dN2"], c["gamma2"], n, sigma, lambda v: v.mean(axis=axes, keepdims=True))


def normed(c):
    return bn(c, lambda dN, gamma, n, sigma, mean: n)


def right_of_norm(dN, gamma, n, sigma, mean):
    dn = dN * gamma
    return (dn - mean(dn) - n * mean(dn * n)) / sigma


def valid(c):
    """A valid convolution of dZ3 with the turned filters, in place of the full one."""
    dZ, W = c["dZ2"], c["W2"][::-1, ::-1]
    H, V = dZ.shape[1] - 1, dZ.shape[2] - 1
    return sum(dZ[:, i : i + H, j : j + V] @ W[i, j].T for i in range(2) for j in range(2))


MISTAKES = [
    ("missing_sum_over_places", "db1", lambda c: c["dZ1"].sum(axis=0, keepdims=True) / M),
    ("missing_sum_over_places", "db1", lambda c: c["dZ1"].sum(axis=0) / M),
    ("missing_sum_over_samples", "db2", lambda c: c["dZ2"].sum(axis=(1, 2), keepdims=True) / M),
    ("missing_sum_over_samples", "dW1", lambda c: conv_backward(c["dZ1"][-1:], X[-1:], c["W1"], 2, 1, 1)[1] / M),
    ("wrong_axes", "db2", lambda c: np.sum(c["dZ2"]) / M),
    ("wrong_axes", "db2", lambda c: c["dZ2"].sum(axis=(0, 1), keepdims=True) / M),
    ("mean_instead_of_sum", "db1", lambda c: c["dZ1"].mean(axis=(0, 1, 2), keepdims=True)),
    ("lost_keepdims", "db1", lambda c: c["dZ1"].sum(axis=(0, 1, 2)) / M),
    ("missing_1_over_m", "dW2", lambda c: second(c)[1] * M),
    ("missing_activation_derivative", "dW1", lambda c: conv_backward(c["dA1"], X, c["W1"], 2, 1, 1)[1]),
    ("missing_activation_derivative", "db1", lambda c: conv_backward(c["dA1"], X, c["W1"], 2, 1, 1)[2]),
    ("flip", "dP1", lambda c: second(c, turn=True)[0]),
    ("flip", "dW2", lambda c: second(c)[1][::-1, ::-1]),
    ("valid_for_full", "dP1", valid),
    ("padding", "dA0", lambda c: first(c, crop=False)[0]),
    ("padding", "dA0", lambda c: first(c, crop=False)[0][:, :11, :11]),
    ("padding", "dP1", lambda c: second(c, crop=False)[0]),
    ("wrong_window", "dA0", lambda c: first(c, at=lambda h: h)[0]),
    ("wrong_window", "dW1", lambda c: first(c, at=lambda h: h)[1]),
    ("overwritten", "dP1", lambda c: second(c, plus=False)[0]),
    ("overwritten", "dW1", lambda c: first(c, plus=False)[1]),
    ("overwritten", "db1", lambda c: first(c, plus=False)[2]),
    ("transposed", "dP1", lambda c: conv_backward(c["dZ2"], c["P1"], c["W2"].swapaxes(2, 3), 1, 0, 1)[0]),
    ("wrong_layer_cache", "dW2", lambda c: conv_backward(c["dZ2"], c["Z2"], c["W2"], 1, 0, 1)[1]),
    ("updated_weights", "dP1", lambda c: conv_backward(c["dZ2"], c["P1"], c["W2"] - 0.1 * c["dW2"], 1, 0, 1)[0]),
    ("wrong_pooling", "dA1", lambda c: windows(c, c["A1"], c["dP1"], 3, 1, lambda x: np.full_like(x, 1 / 9))),
    ("wrong_pooling", "dA2", lambda c: windows(c, c["A2"], c["dP2"], 2, 2, mask)),
    ("missing_1_over_window", "dA2", lambda c: windows(c, c["A2"], c["dP2"], 2, 2, np.ones_like)),
    ("missing_1_over_window", "dA2", lambda c: windows(c, c["A2"], c["dP2"], 2, 2, lambda x: np.full_like(x, 1 / 2))),
    ("overwritten", "dA1", lambda c: windows(c, c["A1"], c["dP1"], 3, 1, mask, plus=False)),
    ("wrong_window", "dA2", lambda c: windows(c, c["A2"], c["dP2"], 2, 1, lambda x: np.full_like(x, 1 / 4))),
    ("constant_statistics", "dZ2", lambda c: bn(c, lambda dN, gamma, n, sigma, mean: dN * gamma / sigma)),
    ("constant_statistics", "dZ2", lambda c: bn(
        c, lambda dN, gamma, n, sigma, mean: (dN - mean(dN)) * gamma / sigma)),
    ("norm_factor", "dZ2", lambda c: bn(c, lambda dN, gamma, n, sigma, mean: right_of_norm(dN, 1, n, sigma, mean))),
    ("norm_factor", "dZ2", lambda c: bn(c, lambda dN, gamma, n, sigma, mean: right_of_norm(dN, gamma, n, 1, mean))),
    ("norm_factor", "dZ2", lambda c: bn(
        c, lambda dN, gamma, n, sigma, mean: right_of_norm(dN, gamma, n, sigma, lambda v: mean(v) * n.size / 4))),
    ("wrong_layer_cache", "dgamma2", lambda c: (c["dN2"] * c["Z2"]).sum(axis=(0, 1, 2), keepdims=True) / M),
    ("missing_sum_over_places", "dgamma2", lambda c: (c["dN2"] * normed(c)).sum(axis=0, keepdims=True) / M),
    ("wrong_axes", "dgamma2", lambda c: (c["dN2"] * normed(c)).sum(axis=(1, 2, 3), keepdims=True) / M),
    ("norm_factor", "dbeta2", lambda c: (c["dN2"] * c["gamma2"]).sum(axis=(0, 1, 2), keepdims=True) / M),
    ("norm_factor", "dZ2", lambda c: c["dN2"]),
    ("missing_sum_over_places", "dbeta2", lambda c: c["dN2"].sum(axis=0, keepdims=True) / M),
    ("missing_1_over_m", "dgamma2", lambda c: M * c["dgamma2"]),
    ("constant_statistics", "dZ4", lambda c: (
        c["dN4"] * c["gamma4"] / np.sqrt(c["Z4"].var(axis=1, keepdims=True) + 1e-5))),
    ("flatten_order", "dA3", lambda c: c["dF3"].reshape(c["A3"].shape)),
]  # fmt: skip
CODES = {row[0] for row in MISTAKES} | {"tied_maximum"}


@pytest.mark.parametrize(("code", "name", "make"), MISTAKES, ids=[f"{row[1]} {row[0]}" for row in MISTAKES])
def test_each_mistake_is_named(J, chain, code, name, make):
    """One gradient is wrong, the others are right and handed over too."""
    hand = {key: chain[key].copy() for key in chain if key.startswith("d")}
    row = tg.compare(J, {**hand, name: make(chain)}, lang="en")[name]
    assert (row.verdict, row.cause) == ("shape" if row.hand.shape != chain[name].shape else "wrong", code)
    assert [c.where for c in row.causes] == [chain.quantities[name].written]


def test_the_loops_of_this_file_are_right_without_a_mistake(J, chain):
    hand = dict(zip(("dA0", "dW1", "db1"), first(chain), strict=True))
    hand |= dict(zip(("dP1", "dW2", "db2"), second(chain), strict=True))
    hand["dA1"] = windows(chain, chain["A1"], chain["dP1"], 3, 1, mask)
    hand["dA2"] = windows(chain, chain["A2"], chain["dP2"], 2, 2, lambda x: np.full_like(x, 1 / 4))
    hand["dZ2"] = bn(chain, right_of_norm)
    assert tg.compare(J, hand).ok


def test_what_is_said_in_both_languages(J, chain):
    for name, make, zh, en in (
        ("dP1", lambda c: second(c, turn=True)[0], "滤波器旋转 180° 的地方不对",
         "the filter turned by 180° where it should not be"),
        ("dZ2", lambda c: bn(c, lambda dN, gamma, n, sigma, mean: dN * gamma / sigma), "把 μ 或 σ 当成了常数",
         "takes μ or σ for a constant"),
    ):  # fmt: skip
        row = tg.compare(J, {name: make(chain)})[name]
        assert zh in row.explanation("zh")
        assert en in row.explanation("en")
    assert "It should be dZ[2] = (dn − mean(dn) − n ⊙ mean(dn ⊙ n)) / √(σ² + ε), dn = dN[2] ⊙ γ[2]." in row.explanation(
        "en"
    )


def test_a_mistake_in_a_dz_that_was_not_handed_over_is_blamed_on_it(J, chain):
    wrong = bn(chain, lambda dN, gamma, n, sigma, mean: dN * gamma / sigma)
    _, dW2, db2 = conv_backward(wrong, chain["P1"], chain["W2"], 1, 0, 1)
    report = tg.compare(J, {"dN2": chain["dN2"], "dW2": dW2, "db2": db2})
    assert [(c.code, c.where) for c in report["dW2"].causes] == [("constant_statistics", "dZ[2]")]
    assert report["db2"].verdict in ("agree", "inherited")


def test_ties_that_are_not_shared_are_told_from_mistakes():
    images = np.round(X)
    body = nn.Sequential(nn.Conv2D(2, 2, 1, init=lambda rng, shape: np.ones(shape)), nn.MaxPool2D(2), nn.Flatten())
    net = nn.Sequential(*body, nn.Dense(body(images).shape[0], 3, seed=1))
    J = nn.cross_entropy(net(images), LABELS)
    J.backward()
    chain = J.chain()
    whole = windows(chain, chain["Z1"], chain["dP1"], 2, 2, mask)
    row = tg.compare(J, {"dZ1": whole, "dP1": chain["dP1"]})["dZ1"]
    assert row.cause == "tied_maximum"
    assert "another share is no real mistake" in row.explanation("en")


@pytest.mark.parametrize("pool", [nn.GlobalAvgPool2D(), nn.GlobalMaxPool2D()])
def test_global_pooling(pool):
    net = nn.Sequential(nn.Conv2D(2, 3, 3, seed=1), pool, nn.Flatten(), nn.Dense(3, 3, seed=2))
    J = nn.cross_entropy(net(X), LABELS)
    J.backward()
    chain = J.chain()
    even = np.broadcast_to(chain["dP1"], chain["Z1"].shape)
    code = "missing_1_over_window" if isinstance(pool, nn.GlobalAvgPool2D) else "wrong_pooling"
    assert tg.compare(J, {"dP1": chain["dP1"], "dZ1": even})["dZ1"].cause == code
    other = mask(chain["Z1"]) * chain["dP1"] if code == "missing_1_over_window" else even / 81
    assert tg.compare(J, {"dP1": chain["dP1"], "dZ1": other})["dZ1"].cause == "wrong_pooling"


def small():
    body = nn.Sequential(
        nn.Conv2D(2, 3, 3, seed=1), nn.BatchNorm2D(3), nn.ReLU(), nn.Dropout(0.8, seed=2), nn.Flatten()
    )
    net = nn.Sequential(*body, nn.Dense(243, 3, seed=2), nn.Softmax())
    J = nn.categorical_cross_entropy(net(X), np.eye(3)[LABELS].T)
    J.backward()
    return J


def backward(X, Y, A2, Z1, N1, D1, F1, W1, W2, gamma1, keep_prob):
    m = X.shape[0]
    dZ2 = A2 - Y
    dW2, db2 = dZ2 @ F1.T / m, dZ2.sum(axis=1, keepdims=True) / m
    dA1 = (W2.T @ dZ2).T.reshape(D1.shape) * D1 / keep_prob
    dN1 = dA1 * (N1 > 0)
    sigma = np.sqrt(Z1.var(axis=(0, 1, 2), keepdims=True) + 1e-5)
    dZ1 = dN1 * gamma1 / sigma
    dW1 = conv_backward(dZ1, X, W1, 1, 0, 0)[1]
    return {"dZ2": dZ2, "dW2": dW2, "db2": db2, "dN1": dN1, "dZ1": dZ1, "dW1": dW1}


def test_a_backward_function_is_given_what_it_asks_for():
    report = tg.compare(small(), backward, lang="en")
    assert [(row.name, row.verdict) for row in report.rows if row.hand is not None] == [
        ("dZ2", "agree"), ("dW2", "agree"), ("db2", "agree"), ("dN1", "agree"), ("dZ1", "wrong"), ("dW1", "inherited"),
    ]  # fmt: skip
    assert report["dZ1"].cause == "constant_statistics"


def test_the_a_of_a_layer_stands_behind_its_norm():
    given = {}

    def f(A1, N1, X, caches):
        given.setdefault("first", {"A1": A1, "N1": N1, "caches": caches})  # fresh nets come later
        return {"dN1": np.where(A1 > 0, 1.0, 0.0)}

    assert tg.compare(small(), f)["dN1"].verdict == "wrong"
    given = given["first"]
    dropped = given["A1"] != 0
    np.testing.assert_allclose(given["A1"][dropped], given["N1"][dropped] / 0.8)
    assert [np.shape(A_prev) for (A_prev, _, _), _ in given["caches"]] == [(M, 11, 11, 2), (243, M)]


def test_what_follows_from_a_gradient_with_its_border_is_no_mistake(J, chain):
    bordered = second(chain, crop=False)[0]
    dA1 = windows(chain, chain["A1"], bordered, 3, 1, mask)
    report = tg.compare(J, {"dP1": bordered, "dA1": dA1})
    assert [(row.name, row.verdict, row.cause) for row in report.rows] == [
        ("dP1", "shape", "padding"), ("dA1", "inherited", None),
    ]  # fmt: skip


def test_several_largest_that_are_written_over():
    """ReLU leaves many zeros: the largest entry of a window is often not the only one."""
    images = np.maximum(X, 0)
    net = nn.Sequential(
        nn.Conv2D(2, 2, 1, activation="relu", seed=1), nn.MaxPool2D(3, stride=1), nn.Flatten(), nn.Dense(162, 3, seed=2)
    )
    J = nn.cross_entropy(net(images), LABELS)
    J.backward()
    chain = J.chain()
    shared = lambda x: mask(x) / mask(x).sum(axis=(1, 2), keepdims=True)  # noqa: E731
    for share in (mask, shared):
        wrong = windows(chain, chain["A1"], chain["dP1"], 3, 1, share, plus=False)
        assert tg.compare(J, {"dP1": chain["dP1"], "dA1": wrong})["dA1"].cause == "overwritten"


def test_dw_taken_for_w(J, chain):
    wrong = conv_backward(chain["dZ2"], chain["P1"], chain["dW2"], 1, 0, 1)[0]
    row = tg.compare(J, {"dZ2": chain["dZ2"], "dW2": chain["dW2"], "dP1": wrong}, lang="en")["dP1"]
    assert (row.cause, row.causes[0].equals) == ("wrong_layer_cache", "dW[2]ᵀ * dZ[2]")


def test_the_terms_of_a_convolution_are_as_large_as_their_absolute_values(J, chain):
    """Rounding is relative to them: where they cancel the sum says too little, and right gradients are accused."""
    piece = next(p for p in chain.pieces if p.kind == "conv" and p.out is chain.reader.values["Z1"])
    size = World(chain, 2.0**-52).size(piece, piece.roles[0], chain["dZ1"])
    terms = conv_backward(np.abs(chain["dZ1"]), np.abs(X), chain["W1"], 2, 1, 1)[1]
    np.testing.assert_allclose(size, terms, rtol=1e-12)
