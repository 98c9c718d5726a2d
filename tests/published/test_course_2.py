"""Numbers printed in the programming exercises of course 2 of the notes come out to the digits printed.

A. Ng, K. Katanforoosh, Y. Bensouda Mourri, "Improving deep neural networks", weeks 1 to 3.
"""

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.published.exercise import leaves, normal, printed, train
from tinygrad_cn import data, nn, optim

# ---- week 1: initialization, regularization --------------------------------------------------


def test_large_random_start_values():
    net = nn.DNN([3, 2, 1], init=nn.init.normal(10), seed=np.random.RandomState(3))
    printed(net.W1.numpy(), [[17.88628473, 4.36509851, 0.96497468], [-18.63492703, -2.77388203, -3.54758979]])
    printed(net.W2.numpy(), [-0.82741481, -6.27000677])


def test_he_start_values():
    net = nn.DNN([2, 4, 1], init="he", seed=np.random.RandomState(3))
    printed(
        net.W1.numpy(),
        [[1.78862847, 0.43650985], [0.09649747, -1.8634927], [-0.2773882, -0.35475898], [-0.08274148, -0.62700068]],
    )
    printed(net.W2.numpy(), [-0.03098412, -0.33744411, -0.92904268, 0.62552248])


def on_circles(init, steps):
    X, Y = data.circles(300, noise=0.05, factor=0.8, seed=np.random.RandomState(1))
    net = nn.DNN([2, 10, 5, 1], init=init, seed=np.random.RandomState(3))
    return train(net, X, Y, optim.SGD(net.parameters(), lr=0.01), steps)


HE = [
    0.8830537463419761, 0.6879825919728063, 0.6751286264523371, 0.6526117768893807, 0.6082958970572938,
    0.5304944491717495, 0.4138645817071794, 0.3117803464844441, 0.23696215330322562, 0.18597287209206836,
    0.15015556280371806, 0.12325079292273546, 0.09917746546525934, 0.0845705595402428, 0.07357895962677366,
]  # fmt: skip


def test_zero_start_values_never_learn():
    assert on_circles("zeros", 1001) == pytest.approx([0.6931471805599453] * 2, rel=1e-15)


@pytest.mark.parametrize("thousands", [3, pytest.param(15, marks=pytest.mark.slow)])
def test_he_start_values_learn(thousands):
    np.testing.assert_allclose(on_circles("he", 1000 * thousands), HE[:thousands], rtol=1e-9)


REGULARIZED = [(2, 3), (2, 1), (3, 2), (3, 1), (1, 3), (1, 1)]


def three_layers(parameters):
    net = nn.DNN([3, 2, 3, 1])
    net.load_state_dict(dict(zip(net.state_dict(), parameters, strict=True)))
    return net


def test_cost_with_regularization():
    net = three_layers(normal(1, *REGULARIZED))
    A3 = np.array([[0.40682402, 0.01629284, 0.16722898, 0.10118111, 0.40682402]])
    Y = np.array([[1, 1, 0, 1, 0]])
    J = nn.binary_cross_entropy(A3, Y) + nn.l2(net, lambd=0.1, m=5)
    printed(J.item(), 1.78648594516, digits=11)


def test_backward_with_regularization():
    X, *parameters = normal(1, (3, 5), *REGULARIZED)
    net, Y = three_layers(parameters), np.array([[1, 1, 0, 1, 0]])
    A3 = net(X)
    printed(A3.numpy(), [0.40682402, 0.01629284, 0.16722898, 0.10118111, 0.40682402])
    (nn.binary_cross_entropy(A3, Y) + nn.l2(net, lambd=0.7, m=5)).backward()
    printed(net.W1.grad, [[-0.25604646, 0.12298827, -0.28297129], [-0.17706303, 0.34536094, -0.4410571]])
    printed(net.W2.grad, [[0.79276486, 0.85133918], [-0.0957219, -0.01720463], [-0.13100772, -0.03750433]])
    printed(net.W3.grad, [-1.77691347, -0.11832879, -0.09397446])


# ---- week 2: optimization methods ------------------------------------------------------------

SHAPES = [(2, 3), (2, 1), (3, 3), (3, 1)]
STEPS = {
    "SGD": [
        [[1.63535156, -0.62320365, -0.53718766], [-1.07799357, 0.85639907, -2.29470142]],
        [1.74604067, -0.75184921],
        [
            [0.32171798, -0.25467393, 1.46902454],
            [-2.05617317, -0.31554548, -0.3756023],
            [1.1404819, -1.09976462, -0.1612551],
        ],
        [-0.88020257, 0.02561572, 0.57539477],
    ],
    "Momentum": [
        [[1.62544598, -0.61290114, -0.52907334], [-1.07347112, 0.86450677, -2.30085497]],
        [1.74493465, -0.76027113],
        [
            [0.31930698, -0.24990073, 1.4627996],
            [-2.05974396, -0.32173003, -0.38320915],
            [1.13444069, -1.0998786, -0.1713109],
        ],
        [-0.87809283, 0.04055394, 0.58207317],
    ],
    "Adam": [
        [[1.63178673, -0.61919778, -0.53561312], [-1.08040999, 0.85796626, -2.29409733]],
        [1.75225313, -0.75376553],
        [
            [0.32648046, -0.25681174, 1.46954931],
            [-2.05269934, -0.31497584, -0.37661299],
            [1.14121081, -1.09244991, -0.16498684],
        ],
        [-0.88529979, 0.03477238, 0.57537385],
    ],
}


def optimizer_after_one_step(name):
    values = normal(1, *SHAPES, *SHAPES)
    parameters = leaves(*values[:4])
    optimizer = getattr(optim, name)(parameters, lr=0.01)
    if name == "Adam":  # the exercise calls its step t = 2, with nothing remembered of a first
        for slot in optimizer.slots:
            slot["t"] = 1
    for parameter, g in zip(parameters, values[4:], strict=True):
        parameter.grad = g
    optimizer.step()
    return optimizer


@pytest.mark.parametrize("name", STEPS)
def test_one_step(name):
    for parameter, published in zip(optimizer_after_one_step(name).params, STEPS[name], strict=True):
        printed(parameter.numpy(), published)


def test_velocity_of_momentum_and_adam():
    published = [[-0.11006192, 0.11447237, 0.09015907], [0.05024943, 0.09008559, -0.06837279]]
    for name in ("Momentum", "Adam"):
        printed(optimizer_after_one_step(name).slots[0]["v"], published)


def test_squares_of_adam():
    published = [[0.00121136, 0.00131039, 0.00081287], [0.0002525, 0.00081154, 0.00046748]]
    printed(optimizer_after_one_step("Adam").slots[0]["S"], published)


def exercise_batches(X, Y, seed, size=64):
    order = np.random.RandomState(seed).permutation(X.shape[1])
    return [(X[:, order[k : k + size]], Y[:, order[k : k + size]]) for k in range(0, X.shape[1], size)]


MOONS = {
    "SGD": [0.690736, 0.685273, 0.647072, 0.619525, 0.576584, 0.607243, 0.529403, 0.460768, 0.465586, 0.464518],
    "Momentum": [0.690741, 0.685341, 0.647145, 0.619594, 0.576665, 0.607324, 0.529476, 0.460936, 0.465780, 0.464740],
    "Adam": [0.690552],
}


@pytest.mark.parametrize(
    ("name", "thousands"),
    [
        ("SGD", 2),
        ("Momentum", 2),
        ("Adam", 1),
        *(pytest.param(n, 10, marks=pytest.mark.slow) for n in ("SGD", "Momentum")),
    ],
)
def test_mini_batches_on_moons(name, thousands):
    X, Y = data.moons(300, noise=0.2, seed=np.random.RandomState(3))
    net = nn.DNN([2, 5, 2, 1], init="he", seed=np.random.RandomState(3))
    optimizer = getattr(optim, name)(net.parameters(), lr=0.0007)
    costs = []
    for epoch in range(1000 * (thousands - 1) + 1):
        for x, y in exercise_batches(X, Y, seed=11 + epoch):
            (cost,) = train(net, x, y, optimizer, 1)
        if epoch % 1000 == 0:
            costs.append(cost)
    printed(costs, MOONS[name][:thousands], digits=6)


def test_learning_rate_decay():
    printed([optim.InverseTimeDecay(0.2, rate=1)(epoch) for epoch in (1, 2, 3, 4)], [0.1, 0.067, 0.05, 0.04], digits=3)
    assert optim.InverseTimeDecay(0.5, rate=1)(2) == 0.16666666666666666
    scheduled = optim.InverseTimeDecay(0.5, rate=0.3, every=100)
    assert [scheduled(10), scheduled(100)] == [0.5, 0.3846153846153846]


# ---- week 3 ----------------------------------------------------------------------------------


def test_cross_entropy_from_logits():
    scores = tg.sigmoid(np.array([0.2, 0.4, 0.7, 0.9]))
    costs = [nn.binary_cross_entropy_with_logits([[z]], [[y]]) for z, y in zip(scores, [0, 0, 1, 1], strict=True)]
    printed(costs, [1.00538719, 1.03664088, 0.41385433, 0.39956614], digits=6)
