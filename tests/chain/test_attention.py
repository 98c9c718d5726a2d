"""Chains of attention and of residual nets: Q, K, V, S, α and C in one layer, sums with their skip, nothing lost."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.chain.running import run
from tinygrad_cn import nn
from tinygrad_cn.chain.source.variables import identifier
from tinygrad_cn.draw import VIEWS

N, M, T = 4, 5, 3
RNG = np.random.default_rng(5)
X, MEMORY = RNG.normal(size=(N, M, T)), RNG.normal(size=(3, M, 6))
LABELS = RNG.integers(0, 3, (M, T))
IDS = RNG.integers(0, 7, (M, T))
PARTS = ("Q", "K", "V", "S", "alpha", "C")


def tagger(*layers, data=X):
    return nn.cross_entropy(nn.Sequential(*layers, nn.Dense(N, 3, seed=9))(data), LABELS)


def words(**options):
    blocks = [nn.TransformerEncoderBlock(N, 2, 6, seed=k, **options) for k in (1, 2)]
    return tagger(nn.Embedding(7, N, seed=3), nn.PositionalEncoding(N), *blocks, data=IDS)


def decoder():
    block = nn.TransformerDecoderBlock(N, 2, 6, n_memory=3, seed=1)
    return nn.cross_entropy(nn.Dense(N, 3, seed=2)(block(X, MEMORY, memory_lengths=[6, 5, 4, 3, 2])), LABELS)


def without_projections():
    Q, K, V = (tg.tensor(RNG.normal(size=(N, M, T)), requires_grad=True, name=k) for k in "QKV")
    return nn.cross_entropy(nn.Dense(N, 3, seed=1)(nn.scaled_dot_product_attention(Q, K, V)), LABELS)


def residual_mlp():
    F = nn.Residual(nn.Dense(N, 6, "tanh", seed=1), nn.Dense(6, N, seed=2))
    P = nn.Residual(nn.Dense(N, 6, "relu", seed=3), projection=nn.Dense(N, 6, bias=False, seed=4))
    net = nn.Sequential(nn.Dense(2, N, "relu", seed=5), F, P, nn.Dense(6, 1, "sigmoid", seed=6))
    return nn.binary_cross_entropy(net(RNG.normal(size=(2, M))), RNG.integers(0, 2, (1, M)))


NETS = {
    "attention": lambda: tagger(nn.MultiHeadAttention(N, 2, seed=1)),
    "one head, causal, no bias": lambda: tagger(nn.MultiHeadAttention(N, 1, causal=True, bias=False, seed=1)),
    "dropout": lambda: tagger(nn.MultiHeadAttention(N, 2, keep_prob=0.7, seed=1)),
    "pre": lambda: words(norm="pre"),
    "post": lambda: words(norm="post", causal=True),
    "decoder": decoder,
    "without projections": without_projections,
    "residual": residual_mlp,
    "learned positions": lambda: tagger(nn.PositionEmbedding(T, N, seed=1), nn.MultiHeadAttention(N, 2, seed=2)),
}
each_net = pytest.mark.parametrize("build", NETS.values(), ids=NETS)


def assert_close(got, want, what):
    """To rounding; dbk is nothing but rounding, as softmax does not see what all scores of a query share."""
    np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-14, err_msg=what)


def built(build, **options):
    J = build()
    J.backward()
    return J, J.chain(lang="en", **options)


@each_net
def test_samples_are_scaled_and_parameters_are_not(build):
    J, chain = built(build)
    true = J.chain(convention="autograd", lang="en")
    assert (chain.convention, chain.m) == ("course", M)
    seen = set()
    for name, q in chain.quantities.items():
        if q.role == "gradient" and q.value is not None:
            samples = q.shape[0] if len(q.shape) == 4 else q.shape[1:2]
            factor = M if samples in (M, (M,)) else 1  # no weight has a side of M
            assert_close(q.value, true[name] * factor, name)
            seen.add(factor)
    assert seen == {1, M}


@each_net
@pytest.mark.parametrize("convention", ["course", "autograd"])
def test_the_program_gives_the_chains_numbers(build, convention):
    J, chain = built(build, convention=convention)
    keys = chain.quantities
    given = {
        identifier(k, keys): np.array(q.value) for k, q in keys.items() if q.role != "gradient" and q.formula is None
    }
    result = run(chain.numpy(), **given, **({"ids": IDS} if "ids" in chain.numpy() else {}))
    assert result["J"] == pytest.approx(J.item(), rel=1e-12)
    learned = [k for k, x in chain.reader.values.items() if getattr(x, "_op", 0) is None and x.requires_grad]
    assert learned
    for k in learned:
        assert_close(result["d" + identifier(k, keys)], keys[f"d{k}"].value, k)


@each_net
def test_own_gradients_are_right_and_every_view_is_drawn(build, tmp_path):
    _, chain = built(build)
    hand = {k: q.value for k, q in chain.quantities.items() if q.role == "gradient" and q.value is not None}
    report = tg.compare(chain, hand)
    assert report.ok, str(report)
    for view in ("ladder", "blocks", "ops", "health"):
        assert "digraph" in VIEWS[view](chain).source
    chain.html(tmp_path / "chain.html")
    assert chain.markdown().count("local derivative of") <= sum(p.kind == "op" for p in chain.pieces)
    assert "documentclass" in chain.latex(standalone=True)


# ---- what is read -----------------------------------------------------------------------------------


def test_an_attention_is_one_layer_with_its_parts_named():
    _, chain = built(NETS["attention"])
    assert [step.kind for step in chain.steps] == ["input", "attention", "dense", "input", "loss"]
    layer = chain.steps[1]
    assert [q.written for q in layer.forward] == ["Q[1]", "K[1]", "V[1]", "S[1]", "α[1]", "C[1]", "Z[1]"]
    formulas = {q.name: q.formula.text for q in (*layer.forward, *layer.backward, *layer.gradients)}
    assert formulas["Q1"] == "Wq[1] X + bq[1]"
    assert formulas["S1"] == "Q[1]ᵀ K[1] / √2"
    assert formulas["alpha1"] == "softmax(S[1])"
    assert formulas["C1"] == "V[1] α[1]ᵀ"
    assert formulas["dS1"] == "α[1] ⊙ (dα[1] − Σ(dα[1] ⊙ α[1]))"
    assert formulas["dQ1"] == "K[1] dS[1]ᵀ / √2"
    assert formulas["dK1"] == "Q[1] dS[1] / √2"
    assert formulas["dV1"] == "dC[1] α[1]"
    assert formulas["dalpha1"] == "dC[1]ᵀ V[1]"
    assert formulas["dWq1"] == "(1/m) Σ dQ[1] Xᵀ"
    assert formulas["dA0"] == "Wq[1]ᵀ dQ[1] + Wk[1]ᵀ dK[1] + Wv[1]ᵀ dV[1]"
    assert chain.quantity("S1").remark == "h = 2, d = 4/2 = 2"
    assert chain.quantity("Q1").symbols == "(n[1], m, T)"
    assert chain.quantity("dWq1").symbols == "(n[1], n[0])"
    assert_close(chain["dα[1]"], chain["dalpha1"], "spelled either way")
    assert_close(chain.layers[0].Q, chain["Q1"], "of the layer")
    assert_close(chain.layers[0].dWq, chain["dWq1"], "of the layer")
    assert chain.layers[0].W is None
    with pytest.raises(AttributeError, match="no 'Qq'"):
        _ = chain.layers[0].Qq


def test_the_formulas_say_what_is_computed():
    """Each formula of one sample and head, in NumPy."""
    _, chain = built(NETS["one head, causal, no bias"])
    Q, K, V, S, a, C = (chain[f"{k}1"] for k in PARTS)
    dQ, dK, dV, dS, da, dC = (chain[f"d{k}1"] for k in PARTS)
    assert chain.quantity("alpha1").formula.text == "softmax(S[1], M[1])"
    assert_close(chain["M1"], nn.causal_mask(T), "M1")
    for i in range(M):
        alpha, dalpha, ds = a[i, 0], da[i, 0], dS[i, 0]
        assert_close(S[i, 0], Q[:, i].T @ K[:, i] / np.sqrt(N), "S")
        assert_close(C[:, i], V[:, i] @ alpha.T, "C")
        assert_close(dV[:, i], dC[:, i] @ alpha, "dV")
        assert_close(dalpha, dC[:, i].T @ V[:, i], "dalpha")
        assert_close(ds, alpha * (dalpha - (dalpha * alpha).sum(axis=1, keepdims=True)), "dS")
        assert_close(dQ[:, i], K[:, i] @ ds.T / np.sqrt(N), "dQ")
        assert_close(dK[:, i], Q[:, i] @ ds / np.sqrt(N), "dK")
    assert_close(chain["dWq1"], np.einsum("imt,jmt->ij", dQ, X) / M, "dWq")


def test_a_block_is_norms_layers_and_sums():
    _, chain = built(NETS["pre"])
    found = [step.label or step.kind for step in chain.steps if step.kind != "input"]
    block = ["layer_norm", "attention", "residual", "layer_norm", "relu", "dense", "residual"]
    assert found == ["embedding", "add", *block, *block, "dense", "cross_entropy"]
    assert [layer.index for layer in chain.layers] == [1, 2, 3, 4, 5, 6, 7]
    assert chain.quantity("u1").formula.text == "E[1][:, ids]"
    sums = [step for step in chain.steps if step.kind == "residual"]
    assert [q.formula.text for step in sums for q in step.forward][3] == "H[4] + Z[6]"
    assert chain.quantity("dH1").formula.text.endswith(" + dH[3]")
    assert_close(chain["dWq4"], chain["d3.attention.Wq"], "by number and by name")


def test_a_decoder_has_two_attentions_and_knows_its_memory():
    _, chain = built(NETS["decoder"])
    first, second = (step for step in chain.steps if step.kind == "attention")
    assert [s.quantity.written for s in second.sources][-2:] == ["X[2]", "M[2]"]
    assert (first.layer, second.layer) == (1, 2)
    assert chain.quantity("K2").formula.text == "Wk[2] X[2] + bk[2]"
    assert chain.quantity("X2").shape == (3, M, 6)
    assert chain.quantity("M2").shape == (M, 1, 1, 6)


def test_dropout_of_weights_stays_inside_the_layer():
    _, chain = built(NETS["dropout"])
    layer = next(step for step in chain.steps if step.kind == "attention")
    assert [q.formula.text for q in layer.forward][4:6] == ["softmax(S[1])", "α[1] ⊙ Da[1] / 0.7"]
    assert chain.quantity("C1").formula.text == "V[1] α\u0303[1]ᵀ"


def test_a_sum_is_residual_only_if_one_way_comes_from_the_other():
    W1, W2, W3 = (tg.tensor(RNG.normal(size=(4, 4)), requires_grad=True) for _ in range(3))
    A1 = np.tanh(W1 @ RNG.normal(size=(4, 5)))
    skip = np.mean((A1 + np.tanh(W2 @ A1)) ** 2).chain(lang="en")
    assert [step.id for step in skip.steps if step.kind == "residual"] == ["H2"]
    B1 = np.tanh(W3 @ RNG.normal(size=(4, 5)))
    two = np.mean((A1 + B1) ** 2).chain(lang="en")
    assert not [step for step in two.steps if step.kind == "residual"]


# ---- what is drawn and told -------------------------------------------------------------------------


def test_the_ladder_has_the_skip_as_an_edge_of_its_own():
    _, chain = built(NETS["residual"])
    source = VIEWS["ladder"](chain).source
    assert "residual connection" in source
    assert "H[3] = A[1] + Z[3]" in source
    J = residual_mlp()
    J.backward()
    assert "残差连接" in VIEWS["ladder"](J.chain(lang="zh")).source


def test_the_program_is_written_with_named_axes():
    _, chain = built(NETS["attention"])
    text = chain.numpy()
    assert 'Q1 = np.einsum("ij,jmt->imt", Wq1, X) + bq1[:, :, None]' in text
    assert 'np.einsum("hdmq,hdmk->mhqk"' in text
    assert "/ np.sqrt(2)" in text
    assert "dS1 = alpha1 * (dalpha1 - np.sum(dalpha1 * alpha1, axis=-1, keepdims=True))" in text
    assert 'dWq1 = np.einsum("imt,jmt->ij", dQ1, X) / m' in text


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [("en", "Softmax along the keys"), ("zh", "softmax 沿键的方向")],
)
def test_the_derivation_gives_reasons(lang, sentence):
    J = NETS["attention"]()
    J.backward()
    text = J.chain(lang=lang).markdown()
    assert sentence in text
    assert r"dQ^{[1]} = \frac{K^{[1]} dS^{[1]\mathsf{T}}}{\sqrt{2}}" in text


# ---- frozen, shared, penalised ----------------------------------------------------------------------


def everything_agrees(J):
    J.backward()
    chain = J.chain(lang="en")
    hand = {k: q.value for k, q in chain.quantities.items() if q.role == "gradient"}
    assert all(value is not None for value in hand.values())
    assert tg.compare(chain, hand).ok
    return chain


def test_a_frozen_attention_has_no_gradients():
    net = nn.Sequential(nn.MultiHeadAttention(N, 2, seed=1), nn.Dense(N, 3, seed=2))
    net[:1].freeze()
    chain = everything_agrees(nn.cross_entropy(net(X), LABELS))
    layer = chain.steps[1]
    assert (layer.frozen, layer.backward, layer.gradients, layer.cache) == (True, (), (), ())


def test_a_frozen_projection_leaves_the_others_as_they_were():
    net = nn.Sequential(nn.MultiHeadAttention(N, 2, seed=1), nn.Dense(N, 3, seed=2)).freeze("Wq1", "bq1")
    chain = everything_agrees(nn.cross_entropy(net(X), LABELS))
    assert {"dS1", "dK1", "dWk1"} <= set(chain.quantities)
    assert {"dQ1", "dWq1", "dA0"}.isdisjoint(chain.quantities)


def test_one_block_twice_adds_up_its_gradients():
    block, head = nn.TransformerEncoderBlock(N, 2, seed=1), nn.Dense(N, 3, seed=2)
    chain = everything_agrees(nn.cross_entropy(head(block(block(X))), LABELS))
    assert chain.quantity("dattention.Wo").formula.text == "(1/m) Σ dZ[1] C[1]ᵀ + (1/m) Σ dZ[4] C[4]ᵀ"


def test_a_cost_of_the_weights_themselves():
    layer, head = nn.MultiHeadAttention(N, 2, seed=1), nn.Dense(N, 3, seed=2)
    found = layer.attend(X)
    chain = everything_agrees(nn.cross_entropy(head(found.output), LABELS) + 0.1 * np.mean(found.weights**2))
    assert chain.quantity("dalpha").formula.text.startswith("dCᵀ V + ")


# ---- names ------------------------------------------------------------------------------------------


def test_what_a_module_holds_has_the_notes_numbers_and_answers_to_its_own_name():
    net = nn.Sequential(*(nn.TransformerEncoderBlock(N, 2, seed=k) for k in (1, 2)), nn.Dense(N, 3, seed=3))
    J = nn.cross_entropy(net(X), LABELS)
    J.backward()
    chain = J.chain(lang="en")
    of_blocks = [name for name in net.state_dict() if "." in name]
    assert not any(name in chain.keys() for name in of_blocks)  # noqa: SIM118 (a name is in the chain all the same)
    for name in of_blocks:
        np.testing.assert_array_equal(chain[name], net.state_dict()[name])
        np.testing.assert_array_equal(chain[f"d{name}"], net[name].grad)
    numbered = {"1.norm1.gamma": "gamma0", "1.attention.Wq": "Wq1", "2.attention.bo": "bo4", "2.linear2.W": "W6"}
    assert {name: chain.quantity(name).name for name in numbered} == numbered
    assert chain.quantity("Q4").formula.text == "Wq[4] N[3] + bq[4]"
    assert "W_{q}^{[4]}" in chain.latex()
    assert not any(word in chain.latex() for word in ("attention.", "linear1", "norm1"))


def test_tensors_that_a_learner_has_named_keep_their_names():
    W = tg.tensor(RNG.normal(size=(3, 4)), requires_grad=True, name="fc.W")
    chain = np.mean((W @ RNG.normal(size=(4, 5))) ** 2).chain(lang="en")
    assert chain.quantity("Z1").formula.text == "fc.W X"
