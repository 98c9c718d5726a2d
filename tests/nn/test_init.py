"""Start values: their spread, their stream of random numbers, and what is refused."""

import numpy as np
import pytest

from tinygrad_cn import nn
from tinygrad_cn.errors import OpError, ShapeError


@pytest.mark.parametrize(
    ("name", "variance"),
    [("zeros", 0), ("normal", 1e-4), ("xavier", 1 / 400), ("he", 2 / 400), ("xavier_uniform", 2 / 700)],
)
def test_variance(name, variance):
    W = nn.Dense(400, 300, init=name, seed=1).W.numpy()
    assert W.var() == pytest.approx(variance, rel=0.02)
    assert abs(W.mean()) < 5e-4


def test_uniform_stays_within_its_limit():
    W = nn.Dense(400, 200, init="xavier_uniform", seed=1).W.numpy()
    assert 0.099 < np.abs(W).max() <= 0.1


def test_a_function_draws_too():
    layer = nn.Dense(3, 2, init=lambda rng, shape: np.full(shape, rng.uniform()), seed=5)
    assert layer.W.numpy() == pytest.approx(np.full((2, 3), np.random.default_rng(5).uniform()))


def test_he_and_xavier_are_the_notes_formulas():
    state = np.random.RandomState(3)
    drawn = np.random.RandomState(3).randn(4, 5)
    np.testing.assert_array_equal(nn.init.he(state, (4, 5)), drawn * np.sqrt(2 / 5))
    np.testing.assert_array_equal(nn.init.xavier(np.random.RandomState(3), (4, 5)), drawn / np.sqrt(5))


def test_the_same_seed_gives_the_same_net_and_none_another():
    first, same, other = (nn.Dense(3, 3, seed=s).W.numpy() for s in (1, 1, None))
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


def test_refused():
    with pytest.raises(ShapeError, match=r"init must return an array of shape \(2, 3\); got \(3, 2\)"):
        nn.Dense(3, 2, init=lambda rng, shape: np.zeros(shape[::-1]))
    with pytest.raises(OpError, match=r"init must be a name or a function \(rng, shape\); got 0.01"):
        nn.Dense(3, 2, init=0.01)
    with pytest.raises(OpError, match=r"seed must be an int, .* got 1\.5"):
        nn.Dense(3, 2, seed=1.5)
