"""Images moved and turned, against NumPy's own and numbers worked out by hand."""

import numpy as np
import pytest

from tinygrad_cn.data.pixels import move, rotate

RNG = np.random.default_rng(0)
IMAGES = RNG.random((3, 6, 5, 2))


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_quarter_turns_are_those_of_numpy(turns):
    square = IMAGES[:, :5]
    np.testing.assert_allclose(rotate(square, 90 * turns), np.rot90(square, turns, axes=(1, 2)), atol=1e-12)


def test_each_image_has_its_own_angle():
    square = IMAGES[:, :5]
    turned = rotate(square, [0, 90, -90])
    np.testing.assert_allclose(turned[0], square[0], atol=1e-12)
    np.testing.assert_allclose(turned[1], np.rot90(square[1]), atol=1e-12)
    np.testing.assert_allclose(turned[2], np.rot90(square[2], -1), atol=1e-12)


def test_between_pixels_it_is_bilinear():
    """As scipy.ndimage.rotate(image, 30, reshape=False, order=1, mode="grid-constant") has it."""
    image = np.arange(1.0, 10.0).reshape(1, 3, 3, 1)
    want = [
        [1.0358983848622454, 2.901923788646684, 3.1076951545867376],
        [2.6339745962155616, 5.0, 7.366025403784439],
        [3.2320508075688776, 7.098076211353316, 5.303847577293366],
    ]
    np.testing.assert_allclose(rotate(image, 30)[0, :, :, 0], want, rtol=1e-12)


def test_what_enters_is_zero_and_the_dtype_stays():
    ones = np.ones((1, 8, 8, 1), np.float32)
    turned = rotate(ones, 45)
    assert turned.dtype == np.float32
    assert turned[0, 0, 0, 0] == 0
    assert turned[0, 3:5, 3:5, 0] == pytest.approx(1)


def test_move_is_a_slice_with_zeros_where_nothing_was():
    moved = move(IMAGES, down=[1, 0, -2], right=[-1, 2, 0])
    np.testing.assert_array_equal(moved[0, 1:, :-1], IMAGES[0, :-1, 1:])
    np.testing.assert_array_equal(moved[1, :, 2:], IMAGES[1, :, :-2])
    np.testing.assert_array_equal(moved[2, :-2], IMAGES[2, 2:])
    assert not moved[0, 0].any()
    assert not moved[1, :, :2].any()
    assert not move(IMAGES, down=100, right=0).any()
