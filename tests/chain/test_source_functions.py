"""Programs cut into the notes' functions, and steps of gradient descent."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn
from tinygrad_cn.errors import OpError

from .nets import NETS, ONE, TWO, M, X, leaf, two_layers
from .running import assert_same, inputs, run


@pytest.mark.parametrize("functions", [False, True])
def test_update_is_a_step_of_gradient_descent(functions):
    net = nn.DNN([3, 4, 1], hidden="tanh", seed=2)
    J = nn.binary_cross_entropy(net(X), ONE)
    J.backward()
    chain = J.chain(lang="en")
    names = inputs(chain)
    result = run(chain.numpy(update=True, functions=functions), learning_rate=0.5, **names)
    after = result["parameters"] if functions else result
    for name in ("W1", "b1", "W2", "b2"):
        assert_same(after[name], names[name] - 0.5 * net[name].grad, name)


def test_training_by_program_lowers_the_cost_as_optim_does():
    net = nn.DNN([3, 4, 1], hidden="tanh", seed=2)
    text = nn.binary_cross_entropy(net(X), ONE).chain().numpy(update=True)
    names = {"X": X, "Y": ONE, "learning_rate": 0.3} | {k: v.copy() for k, v in net.state_dict().items()}
    for _ in range(5):
        names = run(text, **{k: names[k] for k in ("X", "Y", "W1", "b1", "W2", "b2", "learning_rate")})
        J = nn.binary_cross_entropy(net(X), ONE)
        assert names["J"] == pytest.approx(J.item(), rel=1e-12)
        for p in net.parameters():
            p.grad = None
        J.backward()
        for p in net.parameters():
            p.data -= 0.3 * p.grad


PLAIN = [name for name in NETS if name != "gelu_tanh"]


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("convention", ["course", "autograd"])
def test_functions_give_the_same_gradients(name, convention):
    J = NETS[name]()
    J.backward()
    chain = J.chain(convention=convention)
    text = chain.numpy(functions=True)
    result = run(text, **inputs(chain))
    assert_same(result["J"], J.numpy(), "J")
    for key in result["grads"]:
        if key in chain and key != "dA0":  # a last layer without activation has Z alone
            assert_same(result["grads"][key], chain[key], key)
    assert {f"d{q.name}" for s in chain.steps for q in s.parameters} <= set(result["grads"])
    assert max(map(len, text.splitlines())) <= 100


def test_functions_take_a_hand_written_loss():
    A, p = two_layers()
    J = -np.sum(TWO * np.log(A) + (1 - TWO) * np.log(1 - A)) / M
    J.backward()
    chain = J.chain(names=p)
    result = run(chain.numpy(functions=True), **inputs(chain))
    for name, value in p.items():
        assert_same(result["grads"][f"d{name}"], value.grad, name)


def test_functions_define_the_activations_used_and_no_other():
    net = nn.DNN([3, 4, 4, 4, 1], hidden=[nn.LeakyReLU(0.2), nn.LeakyReLU(0.1), "tanh"], seed=2)
    text = nn.binary_cross_entropy(net(X), ONE).chain().numpy(functions=True)
    defined = [line[4 : line.index("(")] for line in text.splitlines() if line.startswith("def ")]
    assert (
        defined
        == (
            "leaky_relu leaky_relu_backward leaky_relu_2 leaky_relu_2_backward tanh tanh_backward sigmoid "
            "sigmoid_backward "
            "linear_forward linear_activation_forward L_model_forward compute_cost linear_backward "
            "linear_activation_backward L_model_backward update_parameters"
        ).split()
    )
    assert 'LAYERS = ["leaky_relu", "leaky_relu_2", "tanh", "sigmoid"]' in text
    assert "0.2 * Z" in text
    assert "0.1 * Z" in text


def penalised():
    net = nn.DNN([3, 4, 1], seed=2)
    return nn.binary_cross_entropy(net(X), ONE) + nn.l2(net, 0.7, M)


def without_target():
    return (tg.tanh(leaf(3, 3) @ X + leaf(3, 1)) ** 2).mean()


@pytest.mark.parametrize(
    ("cost", "step"),
    [(penalised, r"R1 \(penalty\)"), (without_target, r"J \(own_loss\)")],
    ids=["penalty", "no Y"],
)
def test_functions_refuse_another_cost_by_name(cost, step):
    with pytest.raises(OpError, match=rf"expects layers and one loss of the last layer and Y; the step {step} does"):
        cost().chain().numpy(functions=True)
