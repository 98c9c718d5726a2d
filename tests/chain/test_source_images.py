"""Programs of image nets: run alone, they give the chain's numbers, for every option of every layer."""

import ast

import numpy as np
import pytest

from tinygrad_cn import nn
from tinygrad_cn.chain.source.helpers import documented
from tinygrad_cn.chain.source.image_helpers import IMAGES
from tinygrad_cn.text import columns

from .running import assert_same, assert_snapshot, check, inputs, run

M = 5
RNG = np.random.default_rng(7)
X = RNG.normal(size=(M, 7, 6, 4))
LABELS = RNG.integers(0, 3, M)


def classified(*layers, images=X):
    """The cost of a net that ends in three classes."""
    body = nn.Sequential(*layers, nn.Flatten())
    return nn.cross_entropy(nn.Sequential(*body, nn.Dense(body(images).shape[0], 3, seed=9))(images), LABELS)


CONVOLUTIONS = {
    "valid": {},
    "same": {"pad": "same"},
    "same, even": {"f": 2, "pad": "same"},
    "border of two": {"pad": 2},
    "stride": {"stride": 2},
    "stride that leaves a rest": {"stride": 3, "f": 2},
    "stride and border": {"stride": 2, "pad": 1},
    "dilation": {"dilation": 2, "pad": 1},
    "dilation, same": {"dilation": 2, "pad": "same"},
    "groups": {"groups": 2},
    "depthwise": {"groups": 4, "pad": "same"},
    "everything": {"groups": 2, "stride": 2, "pad": 2, "dilation": 2, "f": 2},
    "no bias": {"bias": False},
    "1 × 1": {"f": 1},
}
POOLS = {
    "max": nn.MaxPool2D(2),
    "max, overlapping": nn.MaxPool2D(3, stride=2),
    "max, border": nn.MaxPool2D(3, stride=1, pad="same"),
    "average": nn.AvgPool2D(2),
    "average, overlapping": nn.AvgPool2D(3, stride=2),
    "average, border": nn.AvgPool2D(3, stride=2, pad=1),
    "global max": nn.GlobalMaxPool2D(),
    "global average": nn.GlobalAvgPool2D(),
}


@pytest.mark.parametrize("options", CONVOLUTIONS.values(), ids=CONVOLUTIONS)
@pytest.mark.parametrize("convention", ["course", "autograd"])
def test_convolutions(options, convention):
    """Two of them: the gradient of the images of the second is a line of the program."""
    options = {"f": 3, "seed": 1, "init": "xavier"} | options
    first = nn.Conv2D(4, 4, **options, activation="tanh")
    text = check(
        classified(first, nn.Conv2D(4, 4, 2, pad=1, seed=2), nn.Conv2D(4, 4, **options)), convention=convention
    )
    assert ("by_group(conv_dA, " in text) == ("groups" in options)


@pytest.mark.parametrize("pool", POOLS.values(), ids=POOLS)
def test_pooling(pool):
    check(classified(nn.Conv2D(4, 3, 2, seed=1), pool))


def test_ties_of_a_largest_entry_share_the_gradient():
    flat = np.round(X[..., :1])
    text = check(classified(nn.Conv2D(1, 2, 1, init=lambda rng, shape: np.ones(shape)), nn.MaxPool2D(2), images=flat))
    assert "max_pool_dA(dP1, Z1, P1, f=2, stride=2)" in text


def test_norms():
    text = check(
        classified(
            nn.Conv2D(4, 3, 2, bias=False, seed=1), nn.BatchNorm2D(3), nn.ReLU(),
            nn.Conv2D(3, 2, 3, seed=2), nn.Sigmoid(),
            nn.BatchNorm2D(2, eps=1e-3), nn.Tanh(), nn.Flatten(),
            nn.Dense(24, 6, bias=False, seed=3), nn.BatchNorm(6), nn.LayerNorm(6), nn.Tanh(),
        )
    )  # fmt: skip
    for line in (
        "mu1 = np.mean(Z1, axis=(0, 1, 2), keepdims=True)  # (1, 1, 1, 3)",
        "n1 = (Z1 - mu1) / sigma1  # (5, 6, 5, 3)",
        "N1 = gamma1 * n1 + beta1  # (5, 6, 5, 3)",
        "dgamma1 = np.sum(dN1 * n1, axis=(0, 1, 2), keepdims=True) / m  # (1, 1, 1, 3)",
        "dn1 = dN1 * gamma1  # (5, 6, 5, 3)",
    ):
        assert line in text.splitlines()


def test_a_norm_of_the_data_and_a_norm_in_evaluation():
    check(classified(nn.BatchNorm2D(4), nn.Conv2D(4, 2, 3, seed=1)))
    layers = nn.Conv2D(4, 3, 3, seed=1), nn.BatchNorm2D(3)
    classified(*layers)
    layers[1].eval()
    mean, var = layers[1].running_mean, layers[1].running_var
    check(classified(*layers), names={"mean": mean, "var": var})


def test_frozen_norms_and_filters_have_no_gradient_lines():
    layers = nn.Conv2D(4, 3, 3, seed=1), nn.BatchNorm2D(3), nn.ReLU(), nn.Conv2D(3, 2, 3, seed=2)
    for p in (layers[1].gamma, layers[3].W):
        p.requires_grad = False
    J = classified(*layers)
    J.backward()
    chain = J.chain()
    result = run(chain.numpy(), **inputs(chain))
    assert {"dbeta1", "dW1", "db2"} <= set(result)
    assert not {"dgamma1", "dW2"} & set(result)
    assert_same(result["dW1"], chain["dW1"], "dW1")


def test_dropout_of_images_and_of_columns():
    check(classified(nn.Conv2D(4, 3, 3, activation="tanh", seed=1), nn.Dropout(0.8, seed=2), nn.MaxPool2D(2)))


def test_an_embedding_looks_up_columns():
    ids = RNG.integers(0, 6, 8)
    words = nn.Embedding(6, 4, seed=1)
    J = nn.mse(nn.Dense(4, 2, "tanh", seed=2)(words(ids)), RNG.normal(size=(2, 8)))
    check(J, names={"ids": ids, "E": words.E}, ids=ids)


def test_filters_shared_by_two_convolutions_and_an_image_used_twice():
    conv = nn.Conv2D(4, 4, 3, pad="same", bias=False, seed=1)
    A = np.tanh(conv(X))
    check(nn.mse(conv(A) + A, X))


def test_float32_stays_float32():
    layers = nn.Conv2D(4, 3, 3, seed=1, dtype=np.float32), nn.MaxPool2D(2), nn.AvgPool2D(2)
    body = nn.Sequential(*layers, nn.Flatten(), nn.Dense(3, 3, seed=2, dtype=np.float32))
    J = nn.cross_entropy(body(X.astype(np.float32)), LABELS)
    check(J, rtol=1e-4)
    chain = J.chain()
    result = run(chain.numpy(), **inputs(chain))
    assert {result[name].dtype for name in ("Z1", "P1", "dW1", "db1", "dZ1")} == {np.dtype(np.float32)}


def test_the_functions_of_a_program_are_those_it_calls():
    text = check(classified(nn.Conv2D(4, 3, 3, seed=1), nn.AvgPool2D(2)))
    defined = [line[4 : line.index("(")] for line in text.splitlines() if line.startswith("def ")]
    assert defined == ["zero_pad", "crop", "places", "conv", "conv_dW", "avg_pool", "avg_pool_dA"]


def test_m_and_the_size_of_the_images_are_read_from_the_data():
    net = nn.Sequential(
        nn.Conv2D(2, 3, 3, pad="same", bias=False, seed=1), nn.BatchNorm2D(3), nn.ReLU(), nn.MaxPool2D(2),
        nn.AvgPool2D(2, 1), nn.Conv2D(3, 2, 2, pad=1, seed=2), nn.GlobalAvgPool2D(), nn.Flatten(),
        nn.Dense(2, 3, seed=3),
    )  # fmt: skip
    one_hot = np.eye(3)[:, LABELS]
    text = nn.cross_entropy(net(X[..., :2]), one_hot).chain().numpy()
    other, Y = RNG.normal(size=(2, 8, 9, 2)), one_hot[:, :2]
    J = nn.cross_entropy(net(other), Y)
    J.backward()
    chain = J.chain()
    result = run(text, **inputs(chain))
    for p in net.parameters():
        assert_same(result[f"d{p.name}"], p.grad, p.name)


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_functions_are_documented_in_both_languages_and_short(name, lang):
    text = documented(name, IMAGES[name], lang)
    (function,) = ast.parse(text).body
    assert function.name == name
    assert ast.get_docstring(function)[-1] in {"en": ".", "zh": "。"}[lang]
    assert max(map(columns, text.splitlines())) <= 100
    assert len(text.splitlines()) <= 9


# ---- in functions -----------------------------------------------------------------------------------


def lenet():
    return classified(
        nn.Conv2D(4, 4, 3, pad="same", groups=2, bias=False, seed=1), nn.BatchNorm2D(4), nn.LeakyReLU(0.2),
        nn.MaxPool2D(2), nn.Dropout(0.8, seed=4), nn.Conv2D(4, 3, 2, activation="tanh", seed=2), nn.AvgPool2D(2, 1),
        nn.Flatten(), nn.Dense(3, 5, bias=False, seed=3), nn.BatchNorm(5), nn.LayerNorm(5), nn.LeakyReLU(0.1),
    )  # fmt: skip


STACKS = {
    "lenet": lenet,
    "strides": lambda: classified(nn.Conv2D(4, 2, 3, stride=2, pad=1, dilation=2, seed=1), nn.Sigmoid()),
    **{name: lambda pool=pool: classified(nn.Conv2D(4, 3, 2, seed=1), pool) for name, pool in POOLS.items()},
    "images to images": lambda: nn.mse(nn.Conv2D(4, 4, 3, pad="same", activation="sigmoid", seed=1)(X), X**2),
    "by hand": lambda: ((nn.Conv2D(4, 4, 3, pad="same", seed=1)(X) - X**2) ** 2).mean(),
}


@pytest.mark.parametrize("net", STACKS.values(), ids=STACKS)
@pytest.mark.parametrize("convention", ["course", "autograd"])
def test_functions_give_the_same_gradients(net, convention):
    J = net()
    J.backward()
    chain = J.chain(convention=convention, lang="en")
    text = chain.numpy(functions=True, update=True)
    given = inputs(chain)
    result = run(text, learning_rate=0.5, **given)
    assert_same(result["J"], J.numpy(), "J")
    parameters = {q.name for q in chain.quantities.values() if q.role == "parameter" or q.name[:4] in ("gamm", "beta")}
    assert result["grads"].keys() == {f"d{name}" for name in parameters}
    for name in parameters:
        assert_same(result["grads"][f"d{name}"], chain[f"d{name}"], name, rtol=1e-9)
        assert_same(result["parameters"][name], given[name] - 0.5 * chain[f"d{name}"], name, rtol=1e-9)
    assert max(map(len, text.splitlines())) <= 100


def test_the_table_of_layers_and_the_functions_it_calls():
    text = lenet().chain(lang="en").numpy(functions=True)
    assert (
        """\
LAYERS = [
    ("grouped_conv", ["W1"], {"pad": (1, 1), "groups": 2}),
    ("norm", ["gamma1", "beta1"], {"axis": (0, 1, 2), "eps": 1e-05}),
    ("leaky_relu", [], {}),
    ("max_pool", [], {"f": 2, "stride": 2}),
    ("dropout", ["D1"], {"keep_prob": 0.8}),
    ("conv", ["W2", "b2"], {}),
    ("tanh", [], {}),
    ("avg_pool", [], {"f": 2, "stride": 1}),
    ("flatten", [], {}),
    ("dense", ["W3"], {}),
"""
        in text
    )
    assert '("leaky_relu_2", [], {}),' in text
    defined = {line[4 : line.index("(")] for line in text.splitlines() if line.startswith("def ")}
    assert {"by_group", "sum_like", "grouped_conv_backward", "leaky_relu_2_forward", "avg_pool_dA"} <= defined
    assert not {"normal_cdf", "global_avg_pool_forward"} & defined
    assert "model_forward(X, parameters | constants)" in text


def test_functions_in_chinese():
    text = lenet().chain(lang="zh").numpy(functions=True)
    assert '"""dA_prev，以及对样本和位置求和的 dW、db。"""' in text
    assert "# 各层：函数、参数、选项" in text


# ---- the text ---------------------------------------------------------------------------------------

TEXTS = {
    "images.txt": ("en", {"update": True}),
    "images_functions_zh.txt": ("zh", {"update": True, "functions": True}),
}


@pytest.mark.parametrize("name", TEXTS)
def test_text(name):
    """To accept a change of text, delete the file and run again."""
    lang, options = TEXTS[name]
    J = lenet()
    J.backward()
    chain = J.chain(lang=lang)
    text = chain.numpy(**options)
    assert_snapshot(text, name)
