"""Programs written from chains: run alone, they give the chain's numbers."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn
from tinygrad_cn.errors import OpError, ShapeError

from .nets import LABELS, NETS, ONE, ONE_HOT, OWN, RNG, TWO, M, X, leaf, two_layers
from .running import check, inputs, run

# ---- nets that run ----------------------------------------------------------------------------------

each_net = pytest.mark.parametrize("net", NETS.values(), ids=NETS)


@each_net
@pytest.mark.parametrize("convention", ["course", "autograd"])
def test_the_program_of_a_net_gives_its_numbers(net, convention):
    check(net(), convention=convention)


@pytest.mark.parametrize("loss", OWN.values(), ids=OWN)
@pytest.mark.parametrize("convention", ["course", "autograd"])
def test_hand_written_losses(loss, convention):
    check(loss(two_layers()[0]), convention=convention)


def test_a_cost_of_shape_1_1():
    A = tg.sigmoid(leaf(1, 3) @ X + leaf(1, 1))
    check((-1 / M) * (np.dot(ONE, np.log(A).T) + np.dot(1 - ONE, np.log(1 - A).T)))
    W = leaf(1, 3)
    check(np.dot(W @ X - ONE, (W @ X - ONE).T) + 0.1 * np.dot(W, W.T))


def test_single_neuron():
    w, b = leaf(3, 1), leaf(1, 1)
    z = w.T @ X + b
    a = 1 / (1 + np.exp(-z))
    J = -(ONE * np.log(a) + (1 - ONE) * np.log(1 - a)).sum() / M
    text = check(J, names=locals())
    assert "dw = X @ dz.T / m  # (3, 9) @ (9, 1) -> (3, 1)\n" in text


def test_penalties_add_to_the_gradients_of_the_weights():
    net = nn.DNN([3, 4, 1], hidden="tanh", seed=2)
    J = nn.binary_cross_entropy(net(X), ONE) + nn.l2(net, lambd=0.7, m=M)
    text = check(J)
    assert "dW1 = dZ1 @ X.T / m + 0.0777777777777778 * W1" in text
    assert "dZ2 = A2 - Y" in text


def test_a_penalty_with_its_own_constants():
    A, p = two_layers()
    importance = RNG.random((4, 3))
    J = ((A - TWO) ** 2).sum() / M + 0.1 * (importance * np.abs(p["W1"])).sum()
    text = check(J)
    assert "R1 = 0.1 * np.sum(c1 * np.abs(W1))" in text


def test_dropout_mask_is_a_constant_the_learner_has():
    W1, W2 = leaf(4, 3), leaf(2, 4)
    D1 = (RNG.random((4, M)) < 0.8).astype(float)
    A1 = np.tanh(W1 @ X)
    J = ((W2 @ (A1 * D1 / 0.8) - TWO) ** 2).sum() / M
    text = check(J, names={"D1": D1})
    assert "Atilde1 = A1 * D1 / 0.8" in text


def test_skip_connection_adds_gradients():
    W1, W2, W3 = leaf(4, 3), leaf(4, 4), leaf(4, 4)
    A1 = np.tanh(W1 @ X)
    A2 = np.tanh(W2 @ A1)
    Z3 = W3 @ A2
    A3 = tg.relu(Z3 + A1)
    J = nn.mse(A3[:2], TWO)
    text = check(J, names=locals())
    assert "dA1 = W2.T @ dZ2 + dH3" in text


def test_shared_weights_sum_their_gradients():
    W1, W2, b = leaf(4, 3), leaf(4, 4), leaf(4, 1)
    A = W1 @ X
    for _ in range(3):
        A = np.tanh(W2 @ A + b)
    text = check((A**2).mean())
    assert "dW2 = dZ2 @ Z1.T / m + dZ3 @ A2.T / m + dZ4 @ A3.T / m" in text


def test_two_losses():
    A, _ = two_layers()
    check(nn.binary_cross_entropy(A, TWO) + nn.mse(A, TWO))
    check(nn.binary_cross_entropy(two_layers()[0], TWO) + 0.3 * nn.mae(two_layers()[0], ONE_HOT[:2]))


def test_float32():
    A, _ = two_layers(np.float32)
    J = nn.binary_cross_entropy(A, TWO)
    check(J, rtol=1e-4)
    chain = J.chain()
    assert run(chain.numpy(), **inputs(chain))["dW1"].dtype == np.float32


def test_ops_that_belong_to_no_layer():
    W, gamma, beta = leaf(4, 3), leaf(4, 1), leaf(4, 1)
    Z = W @ X
    normal = (Z - Z.mean(axis=1, keepdims=True)) / np.sqrt(Z.var(axis=1, keepdims=True) + 1e-5)
    text = check((np.tanh(gamma * normal + beta) ** 2).mean())
    assert "dp1 = np.sum(du7 * u6, axis=1, keepdims=True) / m" in text
    assert "dZ1 = du1 + du2 + " in text


def test_a_graph_without_layers():
    x, y = tg.tensor([1.0, 2.0, 3.0], True, name="x"), tg.tensor(0.5, True, name="lambda")
    text = check((np.exp(x) * x[np.array([0, 2, 0])] * y).sum())
    assert "def scatter(g, index, shape):" in text
    assert "lambda_ " in text


def test_picking_by_label_uses_the_learners_array():
    net = nn.DNN([3, 5, 4], output="softmax", seed=1)
    J = -np.log(net(X)[LABELS, np.arange(M)]).mean()
    text = check(J, names={"labels": LABELS}, labels=LABELS)
    assert "A2[labels, np.arange(m)]" in text


def test_an_op_of_the_learners_own():
    cube = tg.op("cube", lambda x: x**3 + np.sin(x), vjp=lambda g, y, x: g * (3 * x**2 + np.cos(x)))
    W = leaf(2, 3)
    text = check(cube(W @ X).mean())
    assert "u1" not in text
    assert "np.cos(Z1)" in text


@pytest.mark.parametrize("activation", [tg.sigmoid, lambda Z: tg.softmax(Z)])
def test_saturated_outputs_still_give_the_recorded_numbers(activation):
    W = tg.tensor(RNG.standard_normal((4, 3)) * 1e4, requires_grad=True)
    A = activation(W @ X)
    loss = nn.binary_cross_entropy if activation is tg.sigmoid else nn.categorical_cross_entropy
    check(loss(A, ONE_HOT))


def test_relu_written_as_maximum_where_it_ties():
    W, b = leaf(4, 3), tg.tensor(np.zeros((4, 1)), requires_grad=True)
    still = np.where(np.arange(M) < 4, X, 0.0)
    check((np.maximum(W @ still + b, 0) ** 1.0).mean())


# ---- what cannot be written -------------------------------------------------------------------------


def test_several_numbers_are_no_cost():
    with pytest.raises(ShapeError, match=r"expected the chain of a single cost; J has shape \(2, 9\)"):
        two_layers()[0].chain().numpy()


def test_an_op_that_decides_by_value_is_named():
    step = tg.op("leap", lambda x: x * 2.0, vjp=lambda g, y, x: g * 2 if (x > 0).all() else g * 2.0, cases=())
    with pytest.raises(OpError, match=r"the op 'leap' cannot be written as NumPy calls: .*all"):
        step(leaf(2, 3) @ X).mean().chain().numpy()


def test_an_array_without_a_name_asks_for_one():
    index = RNG.permutation(M)
    J = np.mean(np.tanh(leaf(2, 3) @ X)[:, np.repeat(index, 9)])
    with pytest.raises(OpError, match=r"an array of shape \(81,\) has no name .* pass it in names="):
        J.chain().numpy()
