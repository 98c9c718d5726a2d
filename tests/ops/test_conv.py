"""What the records of convolution and pooling cannot say: values against loops, memory, ties."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.ops.loops import convolution, pooling
from tinygrad_cn.autograd import _borrowed
from tinygrad_cn.ops.conv import CONV2D, CONV2D_FILTER, CONV2D_INPUT, images, output_size, rows
from tinygrad_cn.ops.pool import AVG_POOL2D, MAX_POOL2D, WINDOWS2D

RNG = np.random.default_rng(0)
CALLS = [
    ((2, 6, 7, 3), (3, 3, 3, 4), {}),
    ((2, 6, 7, 2), (1, 1, 2, 3), {}),
    ((1, 7, 6, 2), (3, 2, 2, 3), {"stride": 2}),
    ((2, 5, 5, 1), (2, 2, 1, 2), {"pad": (2, 1), "stride": 3}),
    ((1, 8, 7, 2), (3, 2, 2, 2), {"dilation": 2, "pad": (1, 1)}),
    ((2, 5, 6, 6), (2, 2, 2, 9), {"groups": 3}),
    ((1, 9, 8, 4), (2, 3, 1, 8), {"groups": 4, "dilation": 3, "stride": 2, "pad": (3, 2)}),
]


@pytest.mark.parametrize(("x_shape", "w_shape", "options"), CALLS)
def test_convolution_against_loops(x_shape, w_shape, options):
    x, w, b = RNG.normal(size=x_shape), RNG.normal(size=w_shape), RNG.normal(size=(1, 1, 1, w_shape[3]))
    np.testing.assert_allclose(CONV2D(x, w, b, **options), convolution(x, w, b, **options), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("x_shape", "w_shape", "options"), CALLS)
def test_the_gradients_are_adjoint_to_the_convolution(x_shape, w_shape, options):
    """⟨g, x * w⟩ = ⟨gradient in x, x⟩ = ⟨gradient in w, w⟩, the trilinear sum all three records come from."""
    x, w = RNG.normal(size=x_shape), RNG.normal(size=w_shape)
    z = convolution(x, w, np.zeros((1, 1, 1, w_shape[3])), **options)
    g = RNG.normal(size=z.shape)
    want = np.sum(g * z)
    assert np.sum(CONV2D_INPUT(g, w, size=x_shape[1:3], **options) * x) == pytest.approx(want, rel=1e-11)
    assert np.sum(CONV2D_FILTER(x, g, f=w_shape[:2], **options) * w) == pytest.approx(want, rel=1e-11)


@pytest.mark.parametrize(("f", "stride", "pad"), [(2, 2, (0, 0)), (3, 1, (1, 1)), (3, 2, (0, 0)), (2, 3, (0, 1))])
def test_pooling_against_loops(f, stride, pad):
    x = RNG.normal(size=(2, 6, 7, 3))
    for op, mode in ((MAX_POOL2D, "max"), (AVG_POOL2D, "mean")):
        np.testing.assert_allclose(op(x, f=f, stride=stride, pad=pad), pooling(x, f, stride, pad, mode), rtol=1e-14)


def test_the_layout_in_memory_changes_no_number():
    x, w = RNG.normal(size=(3, 5, 6, 2)), RNG.normal(size=(2, 2, 2, 4))
    turned = images(np.ascontiguousarray(rows(x)))
    assert not turned.flags.c_contiguous
    np.testing.assert_array_equal(CONV2D(turned, w, None), CONV2D(x, w, None))
    np.testing.assert_array_equal(CONV2D(np.asfortranarray(x), w, None), CONV2D(x, w, None))
    np.testing.assert_array_equal(MAX_POOL2D(turned, f=2, stride=2), MAX_POOL2D(x, f=2, stride=2))


def test_nobody_else_has_the_memory_of_a_result():
    x, w = RNG.normal(size=(3, 5, 6, 2)), RNG.normal(size=(2, 2, 2, 4))
    z = CONV2D(x, w, None)
    padding = {"pad": (1, 1)}
    owned = [
        z, CONV2D_INPUT(z, w, size=(5, 6)), CONV2D_INPUT(z, w, size=(3, 4), **padding), WINDOWS2D(x, f=2, stride=1),
        MAX_POOL2D(x, f=2, stride=2), AVG_POOL2D(x, f=2, stride=2),
    ]  # fmt: skip
    assert not any(_borrowed(y) for y in owned)
    assert _borrowed(x.T)
    assert _borrowed(MAX_POOL2D(x, f=1, stride=1))


def test_entries_that_tie_share_the_gradient():
    x = tg.tensor(np.array([1.0, 1.0, 0.0, 1.0, 2.0, 2.0, 0.0, 3.0]).reshape(1, 2, 4, 1), requires_grad=True)
    MAX_POOL2D(x, f=2, stride=2).sum().backward()
    assert x.grad.ravel().tolist() == [0, 0, 0, 0, 0.5, 0.5, 0, 1]


def test_a_border_never_is_the_largest_entry():
    x = -1 - RNG.random((1, 3, 3, 1))
    y = MAX_POOL2D(x, f=3, stride=1, pad=(1, 1))
    assert (y < 0).all()
    assert y[0, 1, 1, 0] == x.max()


@pytest.mark.parametrize(
    ("n", "f", "options", "want"),
    [(63, 7, {"stride": 2}, 29), (39, 3, {}, 37), (7, 3, {"stride": 2}, 3), (6, 3, {"pad": (1, 1)}, 6),
     (8, 3, {"stride": 2}, 3), (7, 3, {"dilation": 2}, 3), (5, 5, {}, 1)],
)  # fmt: skip
def test_size_of_the_output(n, f, options, want):
    assert output_size(n, f, **options) == want
