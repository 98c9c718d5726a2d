"""Values as text: entries that line up, few digits, what is large in one line."""

import numpy as np
import pytest

from tinygrad_cn.draw.values import number, value_lines
from tinygrad_cn.ops.op import Array

B = "\u2007"  # a blank as wide as a digit


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        (np.array(0.69314718), ["0.693"]),
        (np.array([1.0, -20.0]), [f"[{B * 2}1.0  −20.0]"]),
        (np.array([[-0.0, 1.0]]), ["[0.00  1.00]"]),
        (np.zeros((2, 1)), ["[0]", "[0]"]),
        (np.array([[1, 0], [0, 10]]), [f"[{B}1  {B}0]", f"[{B}0  10]"]),
        (np.array([[2e-7, -1e-9]]), [f"[{B}2.00e−07  −1.00e−09]"]),
        (np.array([[np.nan, 1.0]]), [f"[{B}nan  1.00]"]),
        (np.zeros((0, 3)), ["[ ]"]),
        (-np.arange(5.0), ["min −4  max 0  norm 5.48"]),
        (np.ones((2, 2, 2)), ["min 1  max 1  norm 2.83"]),
        (None, ["not computed"]),
    ],
)
def test_lines_of_a_value(value: Array | None, lines: list[str]) -> None:
    assert value_lines(value, "en") == lines


def test_words_of_the_language() -> None:
    assert value_lines(np.arange(5.0), "zh") == ["最小 0　最大 4　范数 5.48"]
    assert value_lines(None, "zh") == ["未计算"]


@pytest.mark.parametrize(
    ("x", "text"), [(1.3e-15, "1.3e−15"), (-0.25, "−0.25"), (84000.0, "8.4e4"), (float("inf"), "inf")]
)
def test_numbers_of_two_digits(x: float, text: str) -> None:
    assert number(x, 2) == text
