"""Why a gradient of an attention or of a residual net is wrong: mistakes written as people write them."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn

N, M, T = 4, 5, 3
RNG = np.random.default_rng(3)


def chain_of(net, X):
    J = nn.cross_entropy(net(X), RNG.integers(0, 3, (M, T)))
    J.backward()
    return J.chain(lang="en")


CHAIN = chain_of(nn.Sequential(nn.MultiHeadAttention(N, 1, seed=1), nn.Dense(N, 3, seed=2)), RNG.normal(size=(N, M, T)))
Q, K, V, A = (CHAIN[k] for k in ("Q1", "K1", "V1", "alpha1"))
GC, GA, GS = (CHAIN[k] for k in ("dC1", "dalpha1", "dS1"))
GS1, A1, ROOT = GS[:, 0], A[:, 0], np.sqrt(N)

MISTAKES = [
    ("constant_factor", "dQ1", np.einsum("nmk,mqk->nmq", K, GS1), "it is 2 times the right value"),
    ("missing_sum_over_time", "dWq1", CHAIN["dQ1"][..., -1] @ CHAIN["A0"][..., -1].T / M, "(1/m) dQ[1]⟨3⟩ X⟨3⟩ᵀ alone"),
    ("missing_sum_over_samples", "dWo1", CHAIN["dZ1"][:, 0] @ CHAIN["C1"][:, 0].T / M, "of sample 1 alone"),
    ("wrong_layer_cache", "dWk1", np.einsum("imt,jmt->ij", CHAIN["dQ1"], CHAIN["A0"]) / M, "(1/m) Σₜ dQ[1]⟨t⟩ X⟨t⟩ᵀ"),
    ("missing_sum_over_time", "dbo1", CHAIN["dZ1"].sum(axis=1) / M, "np.sum(dZ[1], axis=1)"),
    ("missing_sum_over_samples", "dbo1", CHAIN["dZ1"].sum(axis=2) / M, "np.sum(dZ[1], axis=2)"),
    ("mean_instead_of_sum", "dbo1", CHAIN["dZ1"].mean(axis=2).sum(axis=1)[:, None] / M, "Σ np.mean(dZ[1], axis=2)"),
    ("wrong_axis", "dbv1", np.sum(CHAIN["dV1"]) / M, "np.sum(dV[1])"),
    ("transposed", "dC1", np.einsum("ij,jmt->imt", CHAIN["Wo1"], CHAIN["dZ1"]), "It equals Wo[1] dZ[1]."),
    ("sign", "dS1", A * (GA + (GA * A).sum(axis=3, keepdims=True)), "α[1] ⊙ (dα[1] + Σ(dα[1] ⊙ α[1]))"),
    ("transposed", "dQ1", np.einsum("nmk,mkq->nmq", K, GS1) / ROOT, "It equals K[1] dS[1] / √4."),
    ("wrong_layer_cache", "dQ1", np.einsum("nmk,mqk->nmq", Q, GS1) / ROOT, "It equals Q[1] dS[1]ᵀ / √4."),
    ("wrong_layer_cache", "dQ1", CHAIN["dK1"], "It equals Q[1] dS[1] / √4."),
    ("transposed", "dK1", np.einsum("nmq,mkq->nmk", Q, GS1) / ROOT, "It equals Q[1] dS[1]ᵀ / √4."),
    ("transposed", "dV1", np.einsum("nmq,mkq->nmk", GC, A1), "It equals dC[1] α[1]ᵀ."),
    ("missing_activation_derivative", "dS1", GA, "It equals dα[1]."),
    ("wrong_activation_derivative", "dS1", GA * A * (1 - A), "It equals dα[1] ⊙ α[1] ⊙ (1 − α[1])."),
    ("wrong_activation_derivative", "dS1", GA * A, "It equals dα[1] ⊙ α[1]."),
    ("softmax_axis", "dS1", A * (GA - (GA * A).sum(axis=2, keepdims=True)), "axis=2"),
    ("missing_1_over_m", "dWq1", M * CHAIN["dWq1"], "lacks the 1/m"),
    ("transposed", "dWo1", CHAIN["dWo1"].T, "has a transpose wrong"),
    ("sign", "dbv1", -CHAIN["dbv1"], "wrong sign"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "name", "value", "told"), MISTAKES, ids=[f"{m[0]} {m[1]}" for m in MISTAKES])
def test_the_cause_is_named(code, name, value, told):
    report = tg.compare(CHAIN, {name: value}, lang="en")
    row = report[name]
    assert (row.verdict, [cause.code for cause in row.causes]) == (
        "shape" if value.shape != CHAIN[name].shape else "wrong", [code],
    )  # fmt: skip
    assert told in row.explanation("en")
    assert row.explanation("zh")


def test_what_follows_from_a_mistake_is_inherited():
    dS = GA * A
    dQ = np.einsum("nmk,mqk->nmq", K, dS[:, 0]) / ROOT
    dWq = np.einsum("imt,jmt->ij", dQ, CHAIN["A0"]) / M
    hand = {"dV1": CHAIN["dV1"], "dalpha1": GA, "dS1": dS, "dQ1": dQ, "dWq1": dWq, "dWv1": CHAIN["dWv1"]}
    report = tg.compare(CHAIN, hand)
    verdicts = {row.name: row.verdict for row in report.rows}
    assert verdicts == {
        "dV1": "agree", "dalpha1": "agree", "dS1": "wrong", "dQ1": "inherited", "dWq1": "inherited", "dWv1": "agree",
    }  # fmt: skip


def test_a_layer_norm_of_a_sequence():
    net = nn.Sequential(nn.MultiHeadAttention(N, 2, seed=1), nn.LayerNorm(N), nn.Dense(N, 3, seed=2))
    chain = chain_of(net, RNG.normal(size=(N, M, T)))
    assert tg.compare(chain, {k: chain[k] for k in ("dN1", "dgamma1", "dbeta1", "dZ1", "dWo1")}).ok
    Z, dN = chain["Z1"], chain["dN1"]
    summed = (dN * (Z - Z.mean(axis=0))).sum(axis=(1, 2))[:, None] / M
    row = tg.compare(chain, {"dgamma1": summed}, lang="en")["dgamma1"]
    assert [cause.code for cause in row.causes] == ["norm_factor"]


def test_the_skip_forgotten():
    net = nn.Sequential(
        nn.Dense(N, N, "tanh", seed=1), nn.Residual(nn.Dense(N, N, "relu", seed=2)), nn.Dense(N, 3, seed=3)
    )
    chain = chain_of(net, RNG.normal(size=(N, M, T)))
    W = net["2.W"].numpy()
    alone = np.einsum("ij,imt->jmt", W, chain["d2.Z"])
    row = tg.compare(chain, {"d2.Z": chain["d2.Z"], "dA1": alone}, lang="en")["dA1"]
    assert [cause.code for cause in row.causes] == ["missing_term"]
    assert row.explanation("en").startswith("dA[1] lacks a term.")


def test_the_mask_forgotten():
    chain = chain_of(
        nn.Sequential(nn.MultiHeadAttention(N, 1, causal=True, seed=1), nn.Dense(N, 3, seed=2)),
        RNG.normal(size=(N, M, T)),
    )
    S, g = chain["S1"], chain["dalpha1"]
    alpha = np.exp(S) / np.exp(S).sum(axis=-1, keepdims=True)
    row = tg.compare(chain, {"dS1": alpha * (g - (g * alpha).sum(axis=-1, keepdims=True))}, lang="en")["dS1"]
    assert [cause.code for cause in row.causes] == ["wrong_activation_derivative"]
    assert "It equals dα[1] through the softmax without the mask." in row.explanation("en")


def test_a_factor_of_the_root_is_named():
    """With three rows a head √3 is no factor that something else could be."""
    chain = chain_of(
        nn.Sequential(nn.MultiHeadAttention(3, 1, seed=1), nn.Dense(3, 3, seed=2)), RNG.normal(size=(3, M, T))
    )
    row = tg.compare(chain, {"dQ1": np.sqrt(3) * chain["dQ1"]}, lang="en")["dQ1"]
    assert [(cause.code, cause.factor) for cause in row.causes] == [("constant_factor", "√3")]


@pytest.mark.parametrize(("factor", "code"), [(-1, "sign"), (2, "constant_factor")])
def test_a_skip_with_the_wrong_factor_is_told_from_what_follows(factor, code):
    """dA[1], where the mistake was made, is not handed over."""
    W1, W2, W3 = (tg.tensor(RNG.normal(size=s), True) for s in ((N, 3), (N, N), (2, N)))
    X = RNG.normal(size=(3, M))
    A1 = np.tanh(W1 @ X)
    J = nn.cross_entropy(W3 @ (np.tanh(W2 @ A1) + A1), np.arange(M) % 2)
    J.backward()
    chain = J.chain(lang="en")
    dA1 = chain["W2"].T @ chain["dZ2"] + factor * chain["dH2"]
    dZ1 = dA1 * (1 - chain["A1"] ** 2)
    report = tg.compare(chain, {"dH2": chain["dH2"], "dZ2": chain["dZ2"], "dZ1": dZ1, "dW1": dZ1 @ X.T / M})
    assert [(c.code, c.where) for c in report["dZ1"].causes] == [(code, "dA[1]")]
    assert report["dW1"].verdict == "inherited"
