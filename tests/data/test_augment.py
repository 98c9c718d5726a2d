"""Changes of each batch: drawn from the generator alone, within their bounds, in the layout that came."""

import numpy as np
import pytest

from tinygrad_cn import data
from tinygrad_cn.errors import OpError, ShapeError

DOT = np.zeros((2000, 7, 7, 1))
DOT[:, 3, 3] = 1


def rng():
    return np.random.default_rng(0)


def test_shift_moves_by_every_number_of_pixels_up_to_its_bound():
    moved = data.Shift(2)(DOT, rng())
    _, down, right, _ = np.nonzero(moved)
    assert len(down) == 2000
    for places in (down, right):
        assert np.bincount(places, minlength=7) == pytest.approx([0, 400, 400, 400, 400, 400, 0], abs=80)


def test_rotate_turns_by_every_angle_up_to_its_bound():
    bar = np.zeros((2000, 21, 21, 1))
    bar[:, 10, 11:] = 1
    turned = data.Rotate(30)(bar, rng())
    y, x = np.mgrid[10:-11:-1, -10:11]
    rows, columns = ((turned[..., 0] * place).sum(axis=(1, 2)) for place in (y, x))
    angles = np.rad2deg(np.arctan2(rows, columns))
    assert np.abs(angles).max() == pytest.approx(30, abs=0.5)
    assert angles.mean() == pytest.approx(0, abs=1.5)
    assert angles.std() == pytest.approx(30 / np.sqrt(3), rel=0.05)


def test_noise_has_its_size():
    assert data.Noise(0.2)(DOT, rng()).std(where=DOT == 0) == pytest.approx(0.2, rel=0.02)


def test_changes_come_one_after_the_other_from_one_generator():
    images, draw = data.digits().images[:5], rng()
    want = data.Noise(0.1)(data.Shift(1)(data.Rotate(10)(images, draw), draw), draw)
    augment = data.Augment(data.Rotate(10), data.Shift(1), data.Noise(0.1), image_shape=(8, 8, 1))
    np.testing.assert_array_equal(augment(images, rng()), want)
    columns = augment(images.reshape(5, 64).T, rng())
    np.testing.assert_array_equal(columns, want.reshape(5, 64).T)
    assert data.Augment()(images, rng()) is images


def test_the_notes_generator_draws_too_and_dtypes_stay():
    augment = data.Augment(data.Rotate(10), data.Shift(1), data.Noise(0.1), lambda images, rng: images / 2)
    assert augment(DOT.astype(np.float32), np.random.RandomState(0)).dtype == np.float32


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: data.Shift(-1), ValueError, "pixels must be a whole number ≥ 0; got -1"),
        (lambda: data.Rotate(-5), ValueError, "degrees must be a finite number ≥ 0; got -5"),
        (lambda: data.Noise(np.inf), ValueError, "scale must be a finite number ≥ 0; got inf"),
        (
            lambda: data.Augment(data.Shift),
            OpError,
            "change 0 must be a function of images and a generator",
        ),
        (lambda: data.Augment(data.Shift(1))(np.ones((64, 3)), rng()), ShapeError, r"takes images .*; got \(64, 3\)"),
        (
            lambda: data.Augment(data.Shift(1), image_shape=(8, 8, 1))(np.ones((2, 3)), rng()),
            ShapeError,
            r"Augment\(Shift\(pixels=1\), image_shape=\(8, 8, 1\)\) takes .*; got \(2, 3\)",
        ),
    ],
)
def test_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
