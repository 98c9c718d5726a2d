"""Truth tables: every corner once, the right answer at each."""

import numpy as np
import pytest

from tinygrad_cn import data


@pytest.mark.parametrize("n", [1, 3, 8])
def test_parity_lists_every_corner_once(n):
    X, Y = data.parity(n)
    numbers = X.T @ 2.0 ** np.arange(n)[::-1]
    assert numbers.tolist() == list(range(2**n))
    assert Y[0].tolist() == [number.bit_count() % 2 for number in range(2**n)]


def test_xor_repeats_its_corners():
    X, Y = data.xor(8)
    assert X[:, :4].tolist() == [[0, 0, 1, 1], [0, 1, 0, 1]]
    np.testing.assert_array_equal(X[:, 4:], X[:, :4])
    assert Y.tolist() == [[0, 1, 1, 0] * 2]


def test_noise_moves_the_points_of_xor_and_not_its_answers():
    noisy = data.xor(4000, noise=0.1, seed=2)
    off = noisy.X - data.xor(4000).X
    assert off.std() == pytest.approx(0.1, rel=0.05)
    np.testing.assert_array_equal(noisy.Y, data.xor(4000).Y)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: data.xor(6), "m must be a multiple of 4, the number of corners; got 6"),
        (lambda: data.parity(0), "n must be a whole number from 1 to 20; got 0"),
        (lambda: data.parity(21), "n must be a whole number from 1 to 20; got 21"),
        (lambda: data.parity(True), "n must be a whole number from 1 to 20; got True"),
    ],
)
def test_arguments_out_of_range_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
