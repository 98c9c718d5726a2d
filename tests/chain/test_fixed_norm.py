"""Batch norm in evaluation, frozen or by hand is one layer, with its mean and deviation as constants."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn
from tinygrad_cn.draw import VIEWS

RNG = np.random.default_rng(7)
X, Y = RNG.normal(size=(3, 6)), RNG.normal(size=(1, 6))


def net(*around):
    """A dense layer, what stands around it, and another one."""
    made = nn.Sequential(nn.Dense(3, 4, seed=1), *around, nn.ReLU(), nn.Dense(4, 1, seed=2))
    made(X)  # running averages that are neither 0 nor 1
    return made


def read(model):
    J = nn.mse(model(X), Y)
    J.backward()
    return J.chain(lang="en")


def by_hand():
    leaf = [tg.tensor(RNG.normal(size=s), requires_grad=True) for s in ((4, 3), (4, 1), (4, 1), (1, 4))]
    W1, gamma, beta, W2 = leaf
    mean, std = RNG.normal(size=(4, 1)), RNG.uniform(1, 2, size=(4, 1))
    J = nn.mse(W2 @ tg.relu(beta + gamma * ((W1 @ X - mean) / std)), Y)
    J.backward()
    return J.chain(lang="en")


CHAINS = {
    "evaluation": lambda: read(net(nn.BatchNorm(4)).eval()),
    "by hand": by_hand,
}


@pytest.mark.parametrize("form", CHAINS)
def test_it_is_one_step_with_constants(form):
    chain = CHAINS[form]()
    assert [step.id for step in chain.steps] == ["X", "1", "mu1", "sigma1", "N1", "A1", "2", "Y", "J"]
    text = {name: q.formula.text for name, q in chain.quantities.items() if q.formula is not None}
    assert {name: text[name] for name in ("N1", "dZ1", "dgamma1", "dbeta1")} == {
        "N1": "γ[1] ⊙ n + β[1]",
        "dZ1": "dN[1] ⊙ γ[1] / σ[1]",
        "dgamma1": "(1/m) Σ dN[1] ⊙ n",
        "dbeta1": "(1/m) Σ dN[1]",
    }
    assert chain.quantity("N1").remark == "n = (Z[1] − μ[1]) / σ[1]"
    assert chain.quantity("σ[1]").symbols == "(n[1], 1)"
    n = (chain["Z1"] - chain["mu1"]) / chain["sigma1"]
    np.testing.assert_allclose(chain["N1"], chain["gamma1"] * n + chain["beta1"])
    np.testing.assert_allclose(chain["dZ1"], chain["dN1"] * chain["gamma1"] / chain["sigma1"])
    np.testing.assert_allclose(chain["dgamma1"], np.sum(chain["dN1"] * n, axis=1, keepdims=True) / 6)


def test_the_constants_are_the_running_averages():
    model = net(nn.BatchNorm(4, eps=0.25)).eval()
    chain = read(model)
    np.testing.assert_array_equal(chain["mu1"], model[1].running_mean)
    np.testing.assert_allclose(chain["sigma1"] ** 2, model[1].running_var + 0.25, rtol=1e-15)


def test_frozen_in_training_its_parameters_have_no_gradient():
    model = net(nn.BatchNorm(4))
    model[1].freeze()
    chain = read(model)
    (norm,) = [step for step in chain.steps if step.kind == "fixed_norm"]
    assert norm.frozen
    assert norm.gradients == ()
    assert [q.written for q in norm.backward] == ["dZ[1]"]


def test_images_have_one_pair_for_each_channel():
    images = nn.Sequential(nn.Conv2D(1, 2, 3, seed=1), nn.BatchNorm2D(2), nn.Flatten(), nn.Dense(8, 1, seed=2)).eval()
    chain = nn.mse(images(RNG.normal(size=(5, 4, 4, 1))), np.ones((1, 5))).chain()
    assert chain.quantity("mu1").symbols == "(1, 1, 1, n_C[1])"


@pytest.mark.parametrize(
    ("lang", "training", "evaluation"),
    [
        ("zh", "批归一化", "批归一化（滑动平均）"),
        ("en", "batch norm", "batch norm (running averages)"),
    ],
)
def test_pictures_say_which_it_is(lang, training, evaluation):
    for model, title in ((net(nn.BatchNorm(4)), training), (net(nn.BatchNorm(4)).eval(), evaluation)):
        source = VIEWS["ladder"](nn.mse(model(X), Y).chain(lang=lang)).source
        assert f"<B>{title}</B>" in source
    assert "n = (Z[1] − μ[1]) / σ[1]" in source


def test_the_reason_is_that_nothing_flows_through_the_constants():
    text = read(net(nn.BatchNorm(4)).eval()).markdown()
    assert "$\\mu^{[1]}$ and $\\sigma^{[1]}$ are constants, so $Z^{[1]}$ reaches $N^{[1]}$ in one way only" in text
    assert "With $\\mu$ and $\\sigma$ as constants" not in text


def test_the_program_gives_the_same_numbers():
    chain = read(net(nn.BatchNorm(4)).eval())
    text = chain.numpy()
    assert "dZ1 = dN1 * gamma1 / sigma1" in text
    names = ("mu1", "sigma1", "W1", "b1", "gamma1", "beta1", "W2", "b2")
    scope = {"X": X, "Y": Y} | {name: chain[name] for name in names}
    exec(text, scope)
    for name in ("dW1", "dgamma1", "dbeta1", "dW2"):
        np.testing.assert_allclose(scope[name], chain[name], rtol=1e-12)
