"""Numbers printed in the first programming exercise of course 4 of the notes come out to the digits printed.

A. Ng, K. Katanforoosh, Y. Bensouda Mourri, "Convolutional neural networks", week 1, "Convolution model: step by
step", in its older and its newer edition.
"""

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.published.exercise import leaves, normal, printed
from tinygrad_cn import nn


def conv(W, b, **options):
    layer = nn.Conv2D(W.shape[2], W.shape[3], W.shape[0], **options)
    layer.load_state_dict({"W": W, "b": b})
    return layer


def test_conv_single_step():
    patch, W, b = normal(1, (4, 4, 3), (4, 4, 3), (1, 1, 1))
    printed(conv(W[..., None], b[None])(patch[None]).item(), -6.99908945068, digits=11)


def test_conv_forward():
    A_prev, W, b = normal(1, (10, 4, 4, 3), (2, 2, 3, 8), (1, 1, 1, 8))
    Z = conv(W, b, pad=2, stride=2)(A_prev).numpy()
    printed(Z.mean(), 0.0489952035289, digits=13)
    printed(
        Z[3, 2, 1],
        [-0.61490741, -6.7439236, -2.55153897, 1.75698377, 3.56208902, 0.53036437, 5.18531798, 8.75898442],
    )


def test_conv_forward_of_the_newer_edition():
    A_prev, W, b = normal(1, (10, 5, 7, 4), (3, 3, 4, 8), (1, 1, 1, 8))
    Z = conv(W, b, pad=1, stride=2)(A_prev).numpy()
    printed(Z.mean(), 0.6923608807576933, digits=15)
    printed(
        Z[3, 2, 1],
        [-1.28912231, 2.27650251, 6.61941931, 0.95527176, 8.25132576, 2.31329639, 13.00689405, 2.34576051],
    )


def test_conv_backward():
    A_prev, W, b = normal(1, (10, 4, 4, 3), (2, 2, 3, 8), (1, 1, 1, 8))
    (A_prev,) = leaves(A_prev)
    layer = conv(W, b, pad=2, stride=2)
    Z = layer(A_prev)
    Z.backward(Z.numpy())
    printed(A_prev.grad.mean(), 1.45243777754, digits=11)
    printed(layer.W.grad.mean(), 1.72699145831, digits=11)
    printed(layer.b.grad.mean(), 7.83923256462, digits=11)


@pytest.mark.parametrize(
    ("pool", "published"),
    [
        (nn.MaxPool2D, [[1.74481176, 0.86540763, 1.13376944], [1.13162939, 1.51981682, 2.18557541]]),
        (nn.AvgPool2D, [[0.02105773, -0.20328806, -0.40389855], [-0.22154621, 0.51716526, 0.48155844]]),
    ],
)
def test_pool_forward(pool, published):
    (A_prev,) = normal(1, (2, 4, 4, 3))
    printed(pool(3, stride=2)(A_prev), published)


@pytest.mark.parametrize(
    ("pool", "published"),
    [
        (nn.MaxPool2D, [[0, 0], [5.05844394, -1.68282702], [0, 0]]),
        (nn.AvgPool2D, [[0.08485462, 0.2787552], [1.26461098, -0.25749373], [1.17975636, -0.53624893]]),
    ],
)
def test_pool_backward(pool, published):
    A_prev, dA = normal(1, (5, 5, 3, 2), (5, 4, 2, 2))
    printed(dA.mean(), 0.145713902729, digits=12)
    A_prev = tg.tensor(A_prev, requires_grad=True)
    pool(2, stride=1)(A_prev).backward(dA)
    printed(A_prev.grad[1, 1], published)


def test_zeros_around_an_image():
    x = np.random.RandomState(1).standard_normal((4, 3, 3, 2))
    identity = np.zeros((1, 1, 2, 2))
    identity[0, 0] = np.eye(2)
    padded = conv(identity, np.zeros((1, 1, 1, 2)), pad=2)(x).numpy()
    assert padded.shape == (4, 7, 7, 2)
    printed(x[1, 1], [[0.90085595, -0.68372786], [-0.12289023, -0.93576943], [-0.26788808, 0.53035547]])
    assert not padded[1, 1].any()
