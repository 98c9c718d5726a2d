"""Programs as text: snapshots, names, languages, no number of the data."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn

from . import nets
from .nets import NETS, ONE, OWN, RNG, TWO, X, leaf, two_layers
from .running import assert_same, assert_snapshot, check, inputs, run


def planar():
    rng = np.random.default_rng(1)
    net = nn.DNN([2, 4, 1], hidden="tanh", seed=1)
    return nn.binary_cross_entropy(net(rng.standard_normal((2, 400))), np.tile([[0.0, 1.0]], 200)).chain(lang="en")


def own_neuron():
    rng = np.random.default_rng(1)
    w, b = tg.tensor(np.zeros((3, 1)), True), tg.tensor(0.0, True)
    X, Y = rng.standard_normal((3, 50)), np.tile([[0.0, 1.0]], 25)
    a = 1 / (1 + np.exp(-(w.T @ X + b)))
    J = -(1 / 50) * np.sum(Y * np.log(a) + (1 - Y) * np.log(1 - a))
    return J.chain(names={"w": w, "b": b, "X": X, "Y": Y, "a": a}, lang="zh")


def classes():
    rng = np.random.default_rng(1)
    net = nn.DNN([4, 6, 5, 3], hidden=nn.LeakyReLU(0.2), output="softmax", seed=1)
    J = nn.categorical_cross_entropy(net(rng.standard_normal((4, 60))), np.arange(60) % 3) + nn.l2(net, 0.7, 60)
    return J.chain(lang="zh")


def residual():
    rng = np.random.default_rng(1)
    W1, W2 = (tg.tensor(rng.standard_normal((4, 4)), True) for _ in range(2))
    A1 = np.tanh(W1 @ rng.standard_normal((4, 30)))
    A2 = tg.relu(W2 @ A1 + A1)
    return nn.mse(A2, rng.standard_normal((4, 30))).chain(lang="en")


def long_loss():
    rng = np.random.default_rng(1)
    W = tg.tensor(rng.standard_normal((2, 3)), True)
    Z = W @ rng.standard_normal((3, 20))
    D = rng.random((2, 20))
    A = tg.gelu(Z) * D / 0.8
    smooth = np.sqrt(np.sum(A**2, axis=0) + 1e-8) + np.logaddexp(A[0], A[1]) * np.exp(-np.max(np.abs(A), axis=0))
    return np.sum(smooth / (1 + smooth**2)).chain(names={"D": D}, convention="autograd", lang="en")


TEXTS = {
    "planar.txt": (planar, {}),
    "planar_functions.txt": (planar, {"update": True, "functions": True}),
    "neuron_zh.txt": (own_neuron, {"update": True}),
    "classes_l2_zh.txt": (classes, {}),
    "residual.txt": (residual, {}),
    "long_loss_autograd.txt": (long_loss, {}),
}


@pytest.mark.parametrize("name", TEXTS)
def test_text(name):
    make, options = TEXTS[name]
    chain = make()
    text = chain.numpy(**options)
    assert_snapshot(text, name)
    chain.root.backward()
    result = run(text, learning_rate=0.1, **inputs(chain))
    gradients = result.get("grads", result)
    for key in {f"d{q.name}" for step in chain.steps for q in step.parameters}:
        assert_same(gradients[key], chain[key], key)


def test_m_is_read_from_the_data():
    """A program written for 400 samples is right for 7: no number of the data is in it."""
    text = planar().numpy()
    X, Y = RNG.standard_normal((2, 7)), (RNG.random((1, 7)) < 0.5).astype(float)
    net = nn.DNN([2, 4, 1], hidden="tanh", seed=5)
    J = nn.binary_cross_entropy(net(X), Y)
    J.backward()
    result = run(text, X=X, Y=Y, **{k: np.array(v) for k, v in net.state_dict().items()})
    for name in ("W1", "b1", "W2", "b2"):
        assert_same(result[f"d{name}"], net[name].grad, name)


@pytest.mark.parametrize(
    "loss", ["mean", "1/m sum", "half squares", "sum over axis 0, then mean", "logsumexp", "a shared intermediate"]
)
def test_hand_written_losses_carry_no_number_of_the_data_either(loss, monkeypatch):
    text = OWN[loss](two_layers()[0]).chain().numpy()
    for name, value in (("M", 4), ("X", X[:, :4]), ("TWO", TWO[:, :4])):
        monkeypatch.setattr(nets, name, value)
    A, p = two_layers()
    OWN[loss](A).backward()
    result = run(text, X=nets.X, Y=nets.TWO, **{k: v.numpy() for k, v in p.items()})
    for name, value in p.items():
        assert_same(result[f"d{name}"], value.grad, name)


def test_a_layer_of_one_unit_and_one_sample_is_a_layer():
    text = NETS["one sample"]().chain(lang="en").numpy()
    assert [line for line in text.splitlines() if line.startswith("# ") and "(" not in line][2:] == [
        "# Layer 1", "# Layer 2", "# Cost J", "# Layer 2 backward", "# Layer 1 backward",
    ]  # fmt: skip


def test_two_languages():
    chain = planar()
    assert "# Layer 2 backward" in chain.numpy()
    J = chain.root
    assert "# 第 2 层反向" in J.chain(lang="zh").numpy()
    assert "课程约定" in J.chain(lang="zh").numpy()
    assert '"""代价 J，一个数。"""' in J.chain(lang="zh").numpy(functions=True)


def test_a_cost_that_is_no_mean_is_written_as_true_gradients_and_says_so():
    text = OWN["a sum, not a mean"](two_layers()[0]).chain(lang="en").numpy()
    assert "# J is not a mean over the m samples" in text
    assert "dW1 = dZ1 @ X.T  # (4, 9) @ (9, 3) -> (4, 3)" in text


def test_names_become_python_names():
    W, b = tg.tensor(np.ones((2, 3)), True, name="fc.W"), tg.tensor(np.ones((2, 1)), True, name="class")
    J = ((W @ X + b) ** 2).mean()
    J.backward()
    text = J.chain().numpy()
    result = run(text, X=X, fc_W=W.numpy(), class_=b.numpy())
    assert_same(result["dfc_W"], W.grad, "fc.W")
    assert_same(result["dclass_"], b.grad, "class")


def test_a_thousand_layers_and_a_long_hand_written_loss_are_written_without_recursion():
    J = nn.binary_cross_entropy(nn.DNN([3] + [3] * 1000 + [1], hidden="tanh", seed=0)(X), ONE)
    assert J.chain().numpy().count("np.tanh(") == 1000
    loss = np.tanh(leaf(2, 3) @ X)
    for _ in range(1500):
        loss = loss * 1.001 + 0.001
    check(loss.mean())


def test_the_same_parts_are_computed_once():
    x = two_layers()[0]
    for _ in range(30):
        x = np.exp(-x) + x  # 2³⁰ terms if every part were written where it is used
    assert check(x.mean()).count("np.exp(") == 30 + 1  # the last is sigmoid's
