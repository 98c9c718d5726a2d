"""Dataset: a checked pair that unpacks, names its classes and splits without losing any."""

import numpy as np
import pytest

from tinygrad_cn import data
from tinygrad_cn.data.dataset import class_labels, count_samples, sample_axis
from tinygrad_cn.errors import ShapeError


def numbered(m=10):
    """m samples whose first feature is their number."""
    return data.Dataset(np.vstack([np.arange(m), np.zeros(m)]), np.arange(m).reshape(1, m) * 0.5, "numbered")


def test_split_keeps_every_sample_once_and_in_order():
    train, test = numbered().split(test=0.3, seed=4)
    assert (train.m, test.m) == (7, 3)
    assert sorted([*train.X[0], *test.X[0]]) == list(range(10))
    assert (np.diff(train.X[0]) > 0).all()
    np.testing.assert_array_equal(test.Y[0], test.X[0] * 0.5)


def test_split_is_stratified_to_within_one_sample():
    digits = data.digits()
    _, test = digits.split(test=0.2)
    share = np.bincount(test.labels) - 0.2 * np.bincount(digits.labels)
    assert test.m == 359
    assert np.abs(share).max() < 1


@pytest.mark.parametrize("seed", [0, 7])
def test_split_follows_its_seed(seed):
    first, second = (numbered(100).split(seed=seed)[1].X for _ in range(2))
    other = numbered(100).split(seed=seed + 1)[1].X
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_split_of_images_and_sequences_goes_along_their_samples():
    images = data.Dataset(np.zeros((10, 4, 4, 1)), np.zeros((1, 10)))
    sequences = data.Dataset(np.zeros((3, 10, 5)), np.zeros((2, 10, 5)))
    assert images.split()[1].X.shape == (2, 4, 4, 1)
    assert [A.shape for A in sequences.split()[0]] == [(3, 8, 5), (2, 8, 5)]


@pytest.mark.parametrize("test", [0, 1, 1.5, -0.2, True, "half"])
def test_split_refuses_what_is_no_fraction(test):
    with pytest.raises(ValueError, match=r"test must be a fraction between 0 and 1; got"):
        numbered().split(test=test)


def test_split_refuses_to_leave_a_part_empty():
    with pytest.raises(ValueError, match=r"test=0\.1 of 3 samples leaves a part empty"):
        numbered(3).split(test=0.1)


def test_samples_in_rows_are_refused_with_a_hint():
    with pytest.raises(ShapeError, match=r"X \(400, 2\) has m = 2, Y \(1, 400\) has m = 400. Samples are columns"):
        data.Dataset(np.zeros((400, 2)), np.zeros((1, 400)))


@pytest.mark.parametrize("Y", [np.zeros(32), np.zeros((2, 32))], ids=["labels", "one-hot"])
def test_ids_of_words_with_a_label_for_each_sequence_get_a_hint(Y):
    with pytest.raises(ShapeError, match=r"ids of sequences \(m, T\) as \(1, m, T\)"):
        count_samples(np.zeros((32, 9), int), Y)


@pytest.mark.parametrize(
    ("Y", "labels"),
    [
        (np.array([[0.0, 1.0, 1.0]]), [0, 1, 1]),
        (np.array([[-1.0, 1.0, -1.0]]), [0, 1, 0]),
        (np.array([2, 0, 1]), [2, 0, 1]),
        (np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]]), [0, 2]),
    ],
)
def test_labels_are_read_from_every_kind_of_target(Y, labels):
    assert class_labels(Y).tolist() == labels


@pytest.mark.parametrize(
    "Y", [np.array([[0.2, 1.0]]), np.array([[1.0, 1.0], [1.0, 0.0]]), np.array([0.5, 1.0]), np.zeros((2, 3, 4))]
)
def test_real_targets_have_no_labels(Y):
    assert class_labels(Y) is None


def test_labels_of_a_regression_are_an_error():
    with pytest.raises(ValueError, match="numbered has no class labels"):
        _ = numbered().labels


def test_images_of_plain_columns_are_an_error():
    with pytest.raises(ShapeError, match=r"flower has no images: X is \(2, 400\)"):
        _ = data.flower().images


def test_an_image_shape_must_fit_the_rows():
    with pytest.raises(ShapeError, match=r"image_shape \(3, 3, 1\) needs X of as many rows; got X \(8, 5\)"):
        data.Dataset(np.zeros((8, 5)), np.zeros((1, 5)), image_shape=(3, 3, 1))


def test_a_dataset_is_frozen():
    with pytest.raises(AttributeError):
        numbered().X = np.zeros((2, 10))


@pytest.mark.parametrize("shape", [(), (1, 2, 3, 4, 5)])
def test_a_shape_without_a_place_for_samples_is_refused(shape):
    with pytest.raises(ShapeError, match=r"X must be labels \(m,\), columns"):
        sample_axis(np.zeros(shape))


@pytest.mark.parametrize(
    ("labels", "classes", "message"),
    [
        ([0, 3], 3, r"labels must lie in 0\.\.2; got 0\.\.3"),
        ([-1, 0], None, r"labels must lie in 0\.\.0; got -1\.\.0"),
        ([0.5, 1.0], None, "labels must be whole numbers; got dtype float64"),
        ([[0, 1]], None, r"labels must be a vector \(m,\); got shape \(1, 2\)"),
    ],
)
def test_one_hot_refuses_what_is_no_class(labels, classes, message):
    with pytest.raises(ValueError, match=message):
        data.one_hot(labels, classes)


def test_one_hot_keeps_rows_for_absent_classes():
    assert data.one_hot([1], classes=3, dtype=np.float32).tolist() == [[0.0], [1.0], [0.0]]
