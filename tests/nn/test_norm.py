"""Batch norm and layer norm: values, running averages, training and evaluation, and PyTorch's numbers."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.nn import twins
from tinygrad_cn import nn, optim
from tinygrad_cn.errors import ShapeError, StateError

RNG = np.random.default_rng(0)
COLUMNS = 3 + 2 * RNG.normal(size=(4, 10))
IMAGES = 3 + 2 * RNG.normal(size=(5, 3, 4, 6))
KINDS = [(nn.BatchNorm, COLUMNS, 4, 1), (nn.BatchNorm2D, IMAGES, 6, (0, 1, 2)), (nn.LayerNorm, COLUMNS, 4, 0)]
BATCH = [pytest.param(*kind, id=kind[0].__name__) for kind in KINDS[:2]]
each_kind = pytest.mark.parametrize(("kind", "X", "n", "axis"), [pytest.param(*k, id=k[0].__name__) for k in KINDS])
each_batch_norm = pytest.mark.parametrize(("kind", "X", "n", "axis"), BATCH)


def shifted(layer):
    """Other values for γ and β than those a layer starts with."""
    layer.gamma.data[...] = np.random.default_rng(1).normal(size=layer.gamma.shape)
    layer.beta.data[...] = np.random.default_rng(2).normal(size=layer.beta.shape)
    return layer


def twin(kind, n):
    torch = twins.torch()
    name = {nn.BatchNorm: "BatchNorm1d", nn.BatchNorm2D: "BatchNorm2d", nn.LayerNorm: "LayerNorm"}[kind]
    return getattr(torch.nn, name)(n, dtype=torch.float64)


@each_kind
def test_value_is_the_notes_formula(kind, X, n, axis):
    layer = shifted(kind(n, eps=1e-3))
    mu, var = X.mean(axis=axis, keepdims=True), X.var(axis=axis, keepdims=True)
    want = layer.gamma.numpy() * (X - mu) / np.sqrt(var + 1e-3) + layer.beta.numpy()
    np.testing.assert_allclose(layer(X).numpy(), want, rtol=1e-12, atol=1e-12)


@each_kind
def test_agrees_with_torch(kind, X, n, axis):
    layer, other = shifted(kind(n)), twin(kind, n)
    twins.put(other, weight=layer.gamma, bias=layer.beta)
    twins.check(layer, other, X)
    np.testing.assert_allclose(layer.gamma.grad.ravel(), other.weight.grad.numpy(), rtol=1e-10)
    np.testing.assert_allclose(layer.beta.grad.ravel(), other.bias.grad.numpy(), rtol=1e-10)
    twins.train(layer, other, X)
    if kind is not nn.LayerNorm:
        np.testing.assert_allclose(layer.running_mean.ravel(), other.running_mean.numpy(), rtol=1e-12)
        np.testing.assert_allclose(layer.running_var.ravel(), other.running_var.numpy(), rtol=1e-12)
        twins.check(layer.eval(), other.eval(), X)


@each_batch_norm
def test_running_averages_follow_the_batches(kind, X, n, axis):
    layer = kind(n, momentum=0.8)
    assert layer.running_mean.shape == layer.running_var.shape == layer.gamma.shape
    layer(X)
    np.testing.assert_allclose(layer.running_mean, 0.2 * X.mean(axis=axis, keepdims=True), rtol=1e-12)
    np.testing.assert_allclose(layer.running_var, 0.8 + 0.2 * X.var(axis=axis, keepdims=True, ddof=1), rtol=1e-12)
    for _ in range(100):
        layer(X)
    np.testing.assert_allclose(layer.running_mean, X.mean(axis=axis, keepdims=True), rtol=1e-9)


@each_batch_norm
def test_evaluation_uses_the_running_averages_and_changes_nothing(kind, X, n, axis):
    layer = shifted(kind(n))
    layer(X)
    before = layer.state_dict()
    x = tg.tensor(X[..., :1] if kind is nn.BatchNorm else X[:1], requires_grad=True)
    y = layer.eval()(x)
    scale = layer.gamma.numpy() / np.sqrt(layer.running_var + layer.eps)
    np.testing.assert_allclose(y.numpy(), (x.numpy() - layer.running_mean) * scale + layer.beta.numpy(), rtol=1e-12)
    y.sum().backward()
    np.testing.assert_allclose(x.grad, scale * np.ones(x.shape), rtol=1e-12)
    for name, value in layer.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


@each_batch_norm
def test_frozen_in_training_it_does_as_evaluation_does(kind, X, n, axis):
    layer = shifted(kind(n))
    layer(X)
    before, want = layer.state_dict(), layer.eval()(X).numpy()
    layer.train().freeze()
    np.testing.assert_array_equal(layer(X), want)
    for name, value in layer.state_dict().items():
        np.testing.assert_array_equal(value, before[name])
    layer.unfreeze("gamma")
    layer(X)
    assert not np.array_equal(layer.running_mean, before["running_mean"])


def test_scale_and_shift_of_the_input_do_not_matter_in_training():
    layer = nn.BatchNorm2D(6, eps=0)
    np.testing.assert_allclose(layer(1000 * IMAGES + 5).numpy(), layer(IMAGES).numpy(), rtol=1e-9, atol=1e-10)


def test_layer_norm_of_a_sequence_is_that_of_its_steps():
    layer = shifted(nn.LayerNorm(4))
    X = RNG.normal(size=(4, 3, 5))
    Y = layer(X)
    for t in range(5):
        np.testing.assert_allclose(Y.numpy()[:, :, t], layer(X[:, :, t]).numpy(), rtol=1e-12)
    Y.backward(X)
    assert layer.gamma.grad.shape == (4, 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@each_kind
def test_dtype(kind, X, n, axis, dtype):
    layer = kind(n, dtype=dtype)
    y = layer(X.astype(dtype))
    y.sum().backward()
    layer.eval()
    assert {y.dtype, layer.gamma.grad.dtype, layer(X.astype(dtype)).dtype} == {np.dtype(dtype)}
    assert {value.dtype for value in layer.state_dict().values()} == {np.dtype(dtype)}


# ---- in a net ---------------------------------------------------------------------------------------


def test_state_holds_the_running_averages_and_loading_is_all_or_nothing():
    net = nn.Sequential(nn.Dense(4, 3, seed=1), nn.BatchNorm(3))
    net(COLUMNS)
    state = net.state_dict()
    assert list(state) == ["W1", "b1", "gamma1", "beta1", "running_mean1", "running_var1"]
    other = nn.Sequential(nn.Dense(4, 3, seed=2), nn.BatchNorm(3))
    with pytest.raises(
        StateError, match=r"running_var1 is \(3, 1\), the value is \(3,\); running_mean1 \(3, 1\) is missing"
    ):
        other.load_state_dict({k: v for k, v in state.items() if "running" not in k} | {"running_var1": np.ones(3)})
    assert not other[1].running_mean.any()
    other.load_state_dict(state)
    np.testing.assert_array_equal(other.eval()(COLUMNS).numpy(), net.eval()(COLUMNS).numpy())
    state["running_mean1"][...] = 7
    assert (net[1].running_mean != 7).all()


def test_norm_before_the_first_layer_and_twice_in_one():
    net = nn.Sequential(nn.BatchNorm(4), nn.Dense(4, 3), nn.LayerNorm(3), nn.Tanh(), nn.LayerNorm(3), nn.Dense(3, 1))
    names = [name for name, _ in net.named_parameters()]
    assert names == ["gamma0", "beta0", "W1", "b1", "gamma1", "beta1", "gamma2", "beta2", "W3", "b3"]


def test_a_resumed_training_is_the_one_that_was_never_stopped(tmp_path):
    Y = np.arange(10) % 3

    def train(epochs, **options):
        net = nn.Sequential(
            nn.Dense(4, 6, seed=1), nn.BatchNorm(6), nn.ReLU(), nn.Dropout(0.7, seed=2), nn.Dense(6, 3, seed=3)
        )
        optimizer = optim.Adam(net.parameters(), lr=0.05)
        tg.fit(net, COLUMNS, Y, nn.cross_entropy, optimizer, epochs, batch_size=4, progress=False, **options)
        return net.state_dict()

    file = tmp_path / "state.safetensors"
    whole = train(6)
    train(3, checkpoint=file)
    resumed = train(6, checkpoint=file, resume=True)
    assert list(resumed) == list(whole)
    for name in whole:
        np.testing.assert_array_equal(resumed[name], whole[name])


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (nn.BatchNorm(4), (10, 4), "BatchNorm(4) takes columns (4, m); got (10, 4)."),
        (nn.BatchNorm(4), (10, 5, 5, 4), "BatchNorm(4) takes columns (4, m); got (10, 5, 5, 4). Images go through "
                                         "BatchNorm2D."),
        (nn.BatchNorm2D(4), (10, 4, 5, 5), "BatchNorm2D(4) takes images (m, n_H, n_W, 4); got (10, 4, 5, 5), with 5 "
                                           "channels. Channels are the last axis: np.transpose(X, (0, 2, 3, 1))."),
        (nn.BatchNorm(4), (4, 1), "BatchNorm(4) in training needs more than one value per unit; got (4, 1)"),
        (nn.LayerNorm(4), (10, 4), "LayerNorm(4) takes columns (4, m) or a sequence (4, m, T); got (10, 4)"),
    ],
)  # fmt: skip
def test_shape_errors(layer, shape, message):
    with pytest.raises(ShapeError) as error:
        layer(np.ones(shape))
    assert str(error.value) == message


def test_refused():
    with pytest.raises(ValueError, match="n must be a positive whole number; got 0"):
        nn.BatchNorm(0)
    with pytest.raises(ValueError, match=r"momentum must lie in \[0, 1\); got 1"):
        nn.BatchNorm(3, momentum=1)
