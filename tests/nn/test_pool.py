"""Pooling layers and flatten: values, gradients, names, errors, and PyTorch's numbers."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.nn import twins
from tests.ops.loops import pooling
from tinygrad_cn import data, nn
from tinygrad_cn.errors import ShapeError

X = np.random.default_rng(0).normal(size=(3, 7, 8, 2))
CALLS = [{"f": 2}, {"f": 3, "stride": 2}, {"f": 3, "stride": 1, "pad": 1}, {"f": 2, "stride": 3}]


@pytest.mark.parametrize("options", CALLS)
@pytest.mark.parametrize(
    ("layer", "twin", "mode"), [("MaxPool2D", "MaxPool2d", "max"), ("AvgPool2D", "AvgPool2d", "mean")]
)
def test_values_and_gradients(layer, twin, mode, options):
    pool = getattr(nn, layer)(**options)
    p = options.get("pad", 0)
    want = pooling(X, pool.f, pool.stride, (p, p), mode)
    np.testing.assert_allclose(pool(X), want, rtol=1e-13, atol=1e-14)
    assert pool.output_shape(X.shape) == want.shape
    twins.check(pool, getattr(twins.torch().nn, twin)(options["f"], options.get("stride"), p), X)


@pytest.mark.parametrize(
    ("layer", "twin"), [("GlobalMaxPool2D", "AdaptiveMaxPool2d"), ("GlobalAvgPool2D", "AdaptiveAvgPool2d")]
)
def test_global_pooling(layer, twin):
    pool = getattr(nn, layer)()
    want = X.max(axis=(1, 2)) if layer == "GlobalMaxPool2D" else X.mean(axis=(1, 2))
    assert pool(X).shape == pool.output_shape(X.shape) == (3, 1, 1, 2)
    np.testing.assert_allclose(nn.Flatten()(pool(X)), want.T, rtol=1e-14)
    twins.check(pool, getattr(twins.torch().nn, twin)(1), X)


def test_same_padding_keeps_the_size():
    assert nn.MaxPool2D(3, stride=1, pad="same")(X).shape == X.shape
    assert nn.AvgPool2D(2, stride=2, pad="same")(X).shape == (3, 4, 4, 2)


def test_results_are_named_after_what_they_are_made_of():
    assert [nn.MaxPool2D()(tg.tensor(X, name=name)).name for name in ("A1", "Z2", "N3", "X")] == [
        "P1",
        "P2",
        "P3",
        None,
    ]
    assert nn.GlobalAvgPool2D()(tg.tensor(X, name="A4")).name == "P4"


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (nn.MaxPool2D(), (8, 64), "MaxPool2D(2) takes images (m, n_H, n_W, n_C), four axes; got (8, 64). Columns "
                                  "become images with X.T.reshape(m, n_H, n_W, n_C)."),
        (nn.AvgPool2D(3, 2), (8, 2, 9, 1), "AvgPool2D(3, stride=2): a window of 3 × 3 does not fit into 2 × 9"),
        (nn.GlobalAvgPool2D(), (8, 2, 9), "GlobalAvgPool2D() takes images (m, n_H, n_W, n_C), four axes; got "
                                          "(8, 2, 9)."),
        (nn.Flatten(), (8, 2, 9), "Flatten() takes images (m, n_H, n_W, n_C), four axes; got (8, 2, 9)."),
    ],
)  # fmt: skip
def test_shape_errors(layer, shape, message):
    with pytest.raises(ShapeError) as error:
        layer(np.ones(shape))
    assert str(error.value) == message


def test_refused():
    with pytest.raises(ValueError, match="f must be a positive whole number; got 0"):
        nn.MaxPool2D(0)
    with pytest.raises(ValueError, match="pad must be less than f = 2, or a window could hold nothing; got 2"):
        nn.MaxPool2D(2, pad=2)


# ---- flatten ----------------------------------------------------------------------------------------


def test_flatten_is_the_notes_reshape_and_undoes_images():
    np.testing.assert_array_equal(nn.Flatten()(X), X.reshape(3, -1).T)
    digits = data.digits()
    np.testing.assert_array_equal(nn.Flatten()(digits.images), digits.X)


def test_flatten_passes_gradients_back_to_the_images():
    x = tg.tensor(X, requires_grad=True)
    y = nn.Flatten()(x)
    g = np.random.default_rng(1).normal(size=y.shape)
    y.backward(g)
    np.testing.assert_array_equal(x.grad, g.T.reshape(X.shape))


def test_flatten_leaves_columns_alone_and_takes_no_images_too():
    columns = np.ones((3, 4))
    assert nn.Flatten()(columns) is columns
    assert nn.Flatten()(np.ones((0, 2, 3, 4))).shape == (24, 0)
