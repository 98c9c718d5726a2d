"""Accuracy, however the classes are written."""

from functools import partial

import numpy as np
import pytest

from tinygrad_cn import nn
from tinygrad_cn.train.score import Accuracy

PROBABILITIES = np.array([[0.9, 0.4, 0.6, 0.5]])
SCORES = np.array([[2.0, 0.3, -0.2, 0.0]])
ROWS = np.array([[0.7, 0.2, 0.1], [0.2, 0.5, 0.3], [0.1, 0.3, 0.6]])
STEPS = np.stack([ROWS, ROWS[::-1]], axis=2)  # (3 classes, 3 samples, 2 steps)
STEP_LABELS = np.array([[[0, 2], [1, 1], [2, 0]]])
PADDED = (np.arange(3)[:, None, None] == STEP_LABELS[0]) * np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 0.0]])


@pytest.mark.parametrize(
    ("loss", "A", "Y", "expected"),
    [
        (nn.binary_cross_entropy, PROBABILITIES, np.array([[1.0, 1.0, 1.0, 0.0]]), 0.75),
        (nn.mse, PROBABILITIES, np.array([[1, 0, 0, 0]]), 0.75),
        (nn.binary_cross_entropy_with_logits, SCORES, np.array([[1.0, 1.0, 0.0, 0.0]]), 1.0),
        (partial(nn.binary_cross_entropy_with_logits), SCORES, np.array([[1.0, 1.0, 0.0, 0.0]]), 1.0),
        (nn.hinge, SCORES, np.array([[1.0, -1.0, -1.0, -1.0]]), 0.75),
        (nn.mse, SCORES, np.array([[1.0, 1.0, -1.0, -1.0]]), 1.0),
        (nn.cross_entropy, ROWS, np.eye(3), 1.0),
        (nn.cross_entropy, ROWS, np.array([0, 1, 0]), 2 / 3),
        (nn.cross_entropy, ROWS, np.array([[0, 1, 2]]), 1.0),
        (nn.cross_entropy, STEPS, STEP_LABELS, 1.0),
        (nn.cross_entropy, STEPS, np.where(STEP_LABELS == 1, 0, STEP_LABELS), 4 / 6),
        (nn.cross_entropy, STEPS, PADDED, 1.0),
        (nn.cross_entropy, STEPS[[1, 0, 2]], PADDED, 1 / 3),
        (nn.cross_entropy, STEPS, np.zeros((3, 3, 2)), None),
        (nn.binary_cross_entropy, STEPS[:1], np.round(STEPS[:1]), 1.0),
        (nn.mse, STEPS, STEPS, None),
        (nn.mse, SCORES, np.array([[0.5, 1.5, 2.0, 0.0]]), None),
        (nn.mse, ROWS, ROWS, None),
        (nn.mse, ROWS, np.vstack([ROWS, np.ones(3)]), None),  # a row more, for a loss of one's own to read
    ],
)
def test_accuracy(loss, A, Y, expected):
    assert Accuracy(loss, Y)(A, Y) == expected
