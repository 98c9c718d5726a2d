"""The network: which units and weights are drawn, where they stand, and what the caption admits."""

import re

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.draw.nets import after_backward, plain, residual, two_losses
from tests.draw.test_views import boxes
from tests.handmade import net
from tinygrad_cn import nn
from tinygrad_cn.draw import VIEWS


def weights(source: str) -> dict[tuple[str, str], tuple[str, float]]:
    """(from, to): the dash and the width of each line."""
    found = re.findall(r"\t(\S+) -> (\S+) \[.*?penwidth=([\d.]+)(.*?)\]", source)
    return {(a, b): ("dashed" if "dashed" in rest else "solid", float(w)) for a, b, w, rest in found}


def labels(source: str) -> list[str]:
    return re.findall(r'\[label="?([^"\s<]+)"? .*shape=circle', source)


def test_units_are_named_as_in_the_notes() -> None:
    source = VIEWS["network"](net(2, 4, 1)).source
    assert labels(source) == ["x₁", "x₂", "a[1]₁", "a[1]₂", "a[1]₃", "a[1]₄", "ŷ"]


def test_a_line_shows_the_sign_and_size_of_its_weight() -> None:
    W1 = tg.tensor([[2.0, -1.0], [0.0, 0.5]], True)
    J = after_backward(nn.mse(tg.tensor([[1.0, -1.0]], True) @ np.tanh(W1 @ np.ones((2, 3))), np.ones((1, 3))))
    drawn = weights(VIEWS["network"](J.chain()).source)
    assert drawn["g0_1", "g1_1"] == ("solid", 4.0)  # the largest
    assert drawn["g0_2", "g1_1"] == ("dashed", 2.3)  # half as large: 0.6 + 3.4 / 2
    assert drawn["g0_1", "g1_2"] == ("solid", 0.6)
    assert len(drawn) == 6


def test_a_single_neuron_written_with_a_transpose() -> None:
    w = tg.tensor([[1.0], [-2.0]], True)
    J = after_backward(nn.binary_cross_entropy(tg.sigmoid(w.T @ np.ones((2, 3))), np.ones((1, 3))))
    drawn = weights(VIEWS["network"](J.chain(names={"w": w})).source)
    assert drawn == {("g0_1", "g1_1"): ("solid", 2.3), ("g0_2", "g1_1"): ("dashed", 4.0)}


def test_more_than_six_units_are_elided_with_their_number() -> None:
    source = VIEWS["network"](net(12288, 6, 1)).source
    assert [name for name in labels(source) if name[0] == "x"] == ["x₁", "x₂", "x₃", "x₁₂₂₈₇", "x₁₂₂₈₈"]
    assert ">⋮<" in source
    assert ">12283<" in source
    assert sum(name.startswith("a[1]") for name in labels(source)) == 6


def test_columns_go_from_left_to_right_and_units_down() -> None:
    places = boxes(VIEWS["network"](net(3, 4, 2)).source)
    columns = [[box for name, box in places.items() if re.fullmatch(rf"g{i}_\d+", name)] for i in range(3)]
    assert [len({x for x, *_ in column}) for column in columns] == [1, 1, 1]
    lefts = [column[0][0] for column in columns]
    assert lefts == sorted(lefts)
    for column in columns:
        heights = [y for _, y, *_ in column]
        assert heights == sorted(heights, reverse=True)


def test_equal_layers_are_one_thick_column() -> None:
    source = VIEWS["network"](plain(64, *[32] * 24, 1, hidden="relu").chain(lang="en")).source
    assert "Layers 2–24 × 23 · relu" in source
    assert len(re.findall(r'label="a\[l\].*penwidth=3', source)) == 5


def test_the_result_of_an_op_is_a_column_without_lines_into_it() -> None:
    source = VIEWS["network"](residual().chain(lang="en")).source
    assert "Steps that are no W A + b, without lines: residual connection, penalty" in source
    assert {f"h[2]{i}" for i in "₁₂₃₄"} <= set(labels(source))
    into = [b for _, b in weights(source)]
    assert not any(name.startswith("g3_") for name in into)  # X, layer 1, layer 2, H[2], layer 3
    assert "Ŷ = A[3]" in source
    assert "Ŷ = A[2]" not in source


def test_layers_side_by_side_share_a_column() -> None:
    source = VIEWS["network"](two_losses().chain(lang="en")).source
    places = boxes(source)
    assert places["g2_1"][0] == places["g3_1"][0]
    assert places["g2_1"][1] > places["g3_1"][1]
    assert {a.split("_")[0] for a, b in weights(source) if b.startswith(("g2", "g3"))} == {"g1"}


@pytest.mark.parametrize(("lang", "words"), [("zh", "输入 X"), ("en", "Input X")])
def test_titles_in_both_languages(lang: str, words: str) -> None:
    source = VIEWS["network"](net(2, 4, 1, lang=lang)).source
    assert words in source
    assert "n[1] = 4" in source
