"""Positional encodings."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn
from tinygrad_cn.errors import ShapeError


def test_waves_are_the_published_ones():
    P = nn.sinusoidal_positions(6, 50)
    for t in (0, 1, 7, 49):
        for i in range(3):
            angle = t / 10000 ** (2 * i / 6)
            assert P[2 * i, t] == pytest.approx(np.sin(angle), abs=1e-12)
            assert P[2 * i + 1, t] == pytest.approx(np.cos(angle), abs=1e-12)
    assert nn.sinusoidal_positions(5, 3).shape == (5, 3)


def test_a_shift_is_a_rotation_at_every_place():
    """The reason for pairs of sine and cosine: P(t + k) is one matrix times P(t), whatever t is."""
    P = nn.sinusoidal_positions(8, 40)
    shift = P[:, 3:] @ np.linalg.pinv(P[:, :-3])
    np.testing.assert_allclose(shift @ P[:, :-3], P[:, 3:], atol=1e-10)


def test_they_are_added_to_every_sample(rng):
    X = rng.normal(size=(4, 3, 5))
    np.testing.assert_array_equal(nn.PositionalEncoding(4)(X).numpy(), X + nn.sinusoidal_positions(4, 5)[:, None])
    layer = nn.PositionEmbedding(8, 4, seed=1)
    np.testing.assert_array_equal(layer(X).numpy(), X + layer.P.numpy()[:, None, :5])
    assert nn.PositionalEncoding(4)(X.astype(np.float32)).dtype == np.float32
    assert [*nn.PositionalEncoding(4).state_dict()] == []
    assert {name: value.shape for name, value in layer.state_dict().items()} == {"P": (4, 8)}


def test_the_gradient_of_a_position_is_summed_over_samples(rng):
    layer = nn.PositionEmbedding(6, 4, seed=1)
    g = rng.normal(size=(4, 3, 5))
    np.sum(layer(rng.normal(size=(4, 3, 5))) * g).backward()
    np.testing.assert_allclose(layer.P.grad[:, :5], g.sum(axis=1), rtol=1e-12)
    assert not layer.P.grad[:, 5].any()
    assert tg.gradcheck(lambda *_: np.sum(layer(g) ** 3), layer.parameters()).ok


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (nn.PositionalEncoding(3), r"PositionalEncoding\(3\): X must be a sequence \(3, m, T\); got \(4, 2, 5\)"),
        (nn.PositionEmbedding(4, 4), r"PositionEmbedding\(4, 4\): X may have up to 4 steps; got 5"),
    ],
)
def test_errors_say_what_does_not_fit(layer, message):
    with pytest.raises(ShapeError, match=message):
        layer(np.ones((4, 2, 5)))
