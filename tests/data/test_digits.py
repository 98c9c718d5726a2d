"""The shipped digits are the published ones, and say so."""

from hashlib import sha256
from importlib.resources import files

import numpy as np
import pytest

from tinygrad_cn import data

COUNTS = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]  # optdigits.names, class distribution of the test part
PIXELS = "8f26b2bd9d135c256808f68f14fdabddde6d9c7f869ae419704b051f0f14b3b3"
LABELS = "8ba4f891220f5e4c9c819638d1602d74b83618f167043c6da52a2a247841ddf0"


def test_every_pixel_and_label_is_the_published_one():
    digits = data.digits()
    pixels = (digits.X.T * 16).astype(np.uint8)
    assert sha256(pixels.tobytes()).hexdigest() == PIXELS
    assert sha256(digits.labels.astype(np.uint8).tobytes()).hexdigest() == LABELS
    assert np.bincount(digits.labels).tolist() == COUNTS


def test_layout_and_scale():
    X, Y = data.digits()
    assert X.shape == (64, 1797)
    assert Y.shape == (10, 1797)
    assert (X.min(), X.max()) == (0.0, 1.0)
    assert (Y.sum(axis=0) == 1).all()


def test_images_are_the_columns_read_row_by_row():
    digits = data.digits()
    assert digits.images.shape == (1797, 8, 8, 1)
    np.testing.assert_array_equal(digits.images[7, 2, :, 0], digits.X[16:24, 7])
    train, _ = digits.split()
    assert train.images.shape == (1438, 8, 8, 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_reaches_both_arrays(dtype):
    X, Y = data.digits(dtype=dtype)
    assert (X.dtype, Y.dtype) == (dtype, dtype)


def test_source_and_licence_lie_beside_the_file():
    text = files("tinygrad_cn.data").joinpath("digits.txt").read_text(encoding="utf-8")
    for word in ("E. Alpaydin, C. Kaynak", "UCI", "1998", "CC BY 4.0"):
        assert word in text
        assert word in (data.digits.__doc__ or "")
