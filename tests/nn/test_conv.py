"""The convolutional layer: shapes, names, errors, and PyTorch's numbers."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.nn import twins
from tests.ops.loops import convolution
from tinygrad_cn import nn, optim
from tinygrad_cn.errors import OpError, ShapeError

X = np.random.default_rng(0).normal(size=(4, 8, 9, 4))
OPTIONS = [
    {}, {"stride": 2}, {"pad": 2}, {"pad": "same"}, {"dilation": 2}, {"groups": 2}, {"groups": 4, "bias": False},
    {"stride": 3, "pad": 1, "dilation": 2, "groups": 2},
]  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS)
def test_agrees_with_torch(options):
    layer = nn.Conv2D(4, 8, 3, seed=1, **options)
    settings = {"padding" if name == "pad" else name: value for name, value in options.items() if value != "valid"}
    twin = twins.torch().nn.Conv2d(4, 8, 3, dtype=twins.torch().float64, **settings)
    values = {"weight": layer.W} if layer.b is None else {"weight": layer.W, "bias": layer.b}
    twins.put(twin, **values)
    twins.check(layer, twin, X)
    np.testing.assert_allclose(layer.W.grad, twin.weight.grad.numpy().transpose(2, 3, 1, 0), rtol=1e-10, atol=1e-10)
    twins.train(layer, twin, X, lr=0.01)


def test_value_is_that_of_loops():
    layer = nn.Conv2D(4, 6, 3, stride=2, pad=1, activation="relu", seed=1)
    layer.b.data[...] = np.arange(6.0)
    Z = convolution(X, layer.W.numpy(), layer.b.numpy(), stride=2, pad=(1, 1))
    np.testing.assert_allclose(layer(X).numpy(), np.maximum(0, Z), rtol=1e-12, atol=1e-12)


def test_same_padding_keeps_the_size_also_for_even_filters():
    for f in (1, 2, 3, 4, 5):
        assert nn.Conv2D(4, 2, f, pad="same", seed=1)(X).shape == (4, 8, 9, 2)
    assert nn.Conv2D(4, 2, 3, pad="same", dilation=2, seed=1)(X).shape == (4, 8, 9, 2)
    assert nn.Conv2D(4, 2, 3, pad="same", stride=2, seed=1)(X).shape == (4, 4, 5, 2)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
def test_even_filters_pad_more_after_than_before_as_torch_does():
    layer = nn.Conv2D(4, 2, 2, pad="same", seed=1)
    twin = twins.torch().nn.Conv2d(4, 2, 2, padding="same", dtype=twins.torch().float64)
    twins.put(twin, weight=layer.W, bias=layer.b)
    twins.check(layer, twin, X)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype(dtype):
    layer = nn.Conv2D(4, 2, 3, activation="sigmoid", dtype=dtype, seed=1)
    A = layer(X.astype(dtype))
    A.sum().backward()
    assert {A.dtype, layer.W.dtype, layer.b.dtype, layer.W.grad.dtype, layer.b.grad.dtype} == {np.dtype(dtype)}


def test_start_values_are_scaled_by_what_a_filter_looks_at():
    assert nn.Conv2D(16, 400, 5, seed=1).W.numpy().var() == pytest.approx(2 / 400, rel=0.02)
    assert nn.Conv2D(16, 400, 5, init="xavier", seed=1).W.numpy().var() == pytest.approx(1 / 400, rel=0.02)
    assert nn.Conv2D(16, 400, 5, groups=16, seed=1).W.numpy().var() == pytest.approx(2 / 25, rel=0.03)
    W = nn.Conv2D(8, 24, 5, init="xavier_uniform", seed=1).W.numpy()
    assert np.abs(W).max() == pytest.approx(np.sqrt(6 / (25 * 32)), rel=1e-3)


def lenet(seed=0):
    rng = np.random.default_rng(seed)
    return nn.Sequential(
        nn.Conv2D(1, 4, 3, seed=rng), nn.BatchNorm2D(4), nn.ReLU(), nn.MaxPool2D(), nn.Dropout(0.8, seed=rng),
        nn.Conv2D(4, 6, 3, pad="same", seed=rng), nn.ReLU(), nn.AvgPool2D(3, stride=2), nn.Flatten(),
        nn.Dense(24, 10, seed=rng), nn.BatchNorm(10), nn.Tanh(), nn.Dense(10, 3, seed=rng),
    )  # fmt: skip


IMAGES = np.random.default_rng(3).normal(size=(12, 12, 12, 1))
LABELS = np.arange(12) % 3


def test_layers_are_numbered_and_results_named_as_in_the_notes():
    net = lenet()
    assert list(net.state_dict()) == [
        "W1", "b1", "gamma1", "beta1", "running_mean1", "running_var1", "W2", "b2", "W3", "b3", "gamma3", "beta3",
        "running_mean3", "running_var3", "W4", "b4",
    ]  # fmt: skip
    assert [p.name for p in net.parameters()] == ["W1", "b1", "gamma1", "beta1", "W2", "b2", "W3", "b3", "gamma3",
                                                   "beta3", "W4", "b4"]  # fmt: skip
    A, names = IMAGES, []
    for layer in net.eval():
        A = layer(A)
        names.append(A.name)
    assert names == ["Z1", "N1", "A1", "P1", "P1", "Z2", "A2", "P2", None, "Z3", "N3", "A3", "Z4"]


def test_every_parameter_gets_the_numeric_gradient():
    net = lenet()
    names = list(net.state_dict())

    def cost():
        net[4].rng = np.random.default_rng(5)
        return nn.cross_entropy(net(IMAGES), LABELS)

    cost().backward()
    rng = np.random.default_rng(6)
    for parameter in net.parameters():
        direction = rng.normal(size=parameter.shape)
        costs = []
        for step in (1e-5, -1e-5):
            parameter.data[...] += step * direction
            costs.append(cost().item())
            parameter.data[...] -= step * direction
        slope = (costs[0] - costs[1]) / 2e-5
        assert np.sum(parameter.grad * direction) == pytest.approx(slope, abs=2e-8), parameter.name
    assert len(names) == 16


@pytest.mark.parametrize("batch_size", [None, 6])
def test_nets_on_images_are_trained(batch_size):
    net = lenet()
    net(IMAGES)
    history = tg.fit(
        net, IMAGES, LABELS, nn.cross_entropy, optim.Adam(net.parameters(), lr=0.01), epochs=40,
        batch_size=batch_size, validation=(IMAGES, LABELS), progress=False,
    )  # fmt: skip
    assert history.cost[-1] < 0.6 * history.cost[0]
    assert history.val_accuracy[-1] == 1


def test_a_compiled_step_gives_the_same_parameters_and_running_averages():
    states = []
    for compiled in (False, True):
        net = lenet()
        optimizer = optim.SGD(net.parameters(), lr=0.1)

        def step(X, Y, net=net, optimizer=optimizer):
            J = nn.cross_entropy(net(X), Y)
            optimizer.zero_grad()
            J.backward(keep="leaves")
            optimizer.step()

        run = tg.compile(step) if compiled else step
        for _ in range(4):
            run(IMAGES, LABELS)
        states.append(net.state_dict())
    for name, value in states[0].items():
        np.testing.assert_allclose(states[1][name], value, rtol=1e-9, atol=1e-12, err_msg=name)


def test_weight_decay_leaves_biases_gamma_and_beta_alone():
    net = lenet()
    (W1, W2, W3, W4) = (net[name].numpy() for name in ("W1", "W2", "W3", "W4"))
    assert nn.l2(net, 2.0, 1).item() == pytest.approx(sum(np.sum(W**2) for W in (W1, W2, W3, W4)))


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((64, 5, 5, 3), "Z[1] = W[1] * A + b[1] with W[1] (5, 5, 1, 6) takes images (m, n_H, n_W, 1); got "
                        "(64, 5, 5, 3), with 3 channels."),
        ((64, 1, 28, 28), "Z[1] = W[1] * A + b[1] with W[1] (5, 5, 1, 6) takes images (m, n_H, n_W, 1); got "
                          "(64, 1, 28, 28), with 28 channels. Channels are the last axis: "
                          "np.transpose(X, (0, 2, 3, 1))."),
        ((784, 64), "Z[1] = W[1] * A + b[1] with W[1] (5, 5, 1, 6) takes images (m, n_H, n_W, 1), four axes; got "
                    "(784, 64). Columns become images with X.T.reshape(m, n_H, n_W, n_C)."),
        ((64, 28, 28), "Z[1] = W[1] * A + b[1] with W[1] (5, 5, 1, 6) takes images (m, n_H, n_W, 1), four axes; got "
                       "(64, 28, 28)."),
        ((64, 4, 28, 1), "Z[1] = W[1] * A + b[1] with W[1] (5, 5, 1, 6): a window of 5 × 5 does not fit into 4 × 28"),
    ],
)  # fmt: skip
def test_shape_errors_speak_of_the_layer(shape, message):
    net = nn.Sequential(nn.Conv2D(1, 6, 5, seed=1))
    with pytest.raises(ShapeError) as error:
        net(np.ones(shape))
    assert str(error.value) == message


def test_a_dilated_filter_has_to_fit_with_its_gaps():
    layer = nn.Conv2D(1, 1, 3, dilation=3, pad=1, bias=False, seed=1)
    assert layer(np.ones((1, 5, 5, 1))).shape == (1, 1, 1, 1)
    with pytest.raises(ShapeError, match=r"Z = W \* A with .*a window of 7 × 7 does not fit into 4 × 4, 2 more with"):
        layer(np.ones((1, 4, 4, 1)))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_C": 0}, ValueError, "n_C must be a positive whole number; got 0"),
        ({"stride": 0}, ValueError, "stride must be a positive whole number; got 0"),
        ({"groups": 3}, ValueError, "groups must divide n_C_prev = 4 and n_C = 6; got 3"),
        ({"pad": "full"}, ValueError, 'pad must be "valid", "same" or a number of zeros; got \'full\''),
        ({"pad": -1}, ValueError, "pad must not be negative; got -1"),
        ({"pad": 1.5}, OpError, 'pad must be "valid", "same" or a number of zeros; got 1.5'),
        ({"init": "best"}, ValueError, "init must be one of zeros"),
    ],
)
def test_refused(arguments, error, message):
    with pytest.raises(error) as found:
        nn.Conv2D(**{"n_C_prev": 4, "n_C": 6, "f": 3, **arguments})
    assert str(found.value).startswith(message)


def test_repr_shows_what_is_not_default():
    assert repr(nn.Conv2D(3, 8, 5)) == "Conv2D(3, 8, 5)"
    layer = nn.Conv2D(4, 8, 3, stride=2, pad=1, groups=2, activation="relu", bias=False)
    assert repr(layer) == "Conv2D(4, 8, 3, stride=2, pad=(1, 1), groups=2, activation=ReLU(), bias=False)"


def test_second_order():
    x, w = tg.tensor(X[:1], requires_grad=True), nn.Conv2D(4, 2, 3, activation="tanh", seed=1)
    J = np.sum(w(x) ** 3)
    (first,) = tg.grad(J, [w.W], create_graph=True)
    (second,) = tg.grad(np.sum(first**2), [x])
    direction = np.random.default_rng(1).normal(size=x.shape)

    def squared(step):
        (g,) = tg.grad(np.sum(w(tg.tensor(X[:1] + step * direction)) ** 3), [w.W])
        return np.sum(g**2)

    assert np.sum(second * direction) == pytest.approx((squared(1e-5) - squared(-1e-5)) / 2e-5, rel=1e-6)
