"""Feature maps in the network view: how many, how large, what moves over them, and what is left out."""

import re

import numpy as np
import pytest

from tests.draw.test_views import boxes, check_fit
from tinygrad_cn import nn
from tinygrad_cn.draw import VIEWS

X = np.random.default_rng(1).normal(size=(4, 16, 16, 1))
LABELS = np.arange(4) % 3


@pytest.fixture(scope="module")
def chain():
    net = nn.Sequential(
        nn.Conv2D(1, 8, 3, seed=1, bias=False), nn.BatchNorm2D(8), nn.ReLU(), nn.MaxPool2D(2), nn.Dropout(0.8, seed=1),
        nn.Conv2D(8, 3, 3, stride=2, pad=1, activation="tanh", seed=2), nn.GlobalAvgPool2D(), nn.Flatten(),
        nn.Dropout(0.5, seed=2), nn.Dense(3, 5, "relu", seed=3), nn.Dense(5, 3, seed=4),
    )  # fmt: skip
    J = nn.cross_entropy(net(X), LABELS)
    J.backward()
    return J.chain(lang="en")


@pytest.fixture(scope="module")
def source(chain):
    return VIEWS["network"](chain).source


def test_titles_say_what_the_maps_are_and_how_large(source):
    titles = re.findall(r"(g\d+)_title \[label=<(<TABLE.*?</TABLE></TD></TR></TABLE>)>", source)
    words = {name: re.findall(r">([^<>]+)<", text) for name, text in titles}
    assert [w[1:] for w in words.values()][:5] == [
        ["16 × 16 × 1"], ["A[1]", "14 × 14 × 8"], ["P[1]", "7 × 7 × 8"], ["A[2]", "4 × 4 × 3"], ["P[2]", "1 × 1 × 3"],
    ]  # fmt: skip
    assert words["g0"][0] == "Input X"
    assert words["g2"][0] == "max pooling"


def test_one_square_a_channel_and_no_more_than_five(source):
    squares = {i: len(re.findall(rf"\tg{i}_\d+ \[.*shape=box", source)) for i in range(5)}
    assert squares == {0: 1, 1: 5, 2: 5, 3: 3, 4: 3}


def test_squares_are_to_scale_and_windows_a_part_of_them(source):
    size = {name: width for name, (_, _, width, _) in boxes(source).items()}
    assert size["g0_1"] == pytest.approx(96, abs=0.1)
    assert size["g1_1"] == pytest.approx(96 * np.sqrt(14 / 16), abs=0.1)
    assert size["g2_1"] == pytest.approx(96 * np.sqrt(7 / 16), abs=0.1)
    assert size["g0_g1_window"] / size["g0_1"] == pytest.approx(3 / 16, rel=0.02)
    assert size["g1_g2_window"] / size["g1_1"] == pytest.approx(2 / 14, rel=0.02)
    assert size["g3_g4_window"] == size["g3_1"]  # global pooling sees it all


def test_a_window_and_its_entry_lie_on_their_maps_and_the_words_below_them(source):
    place = boxes(source)
    for before, after in ((0, 1), (1, 2), (2, 3), (3, 4)):
        for small, large in ((f"g{before}_g{after}_window", f"g{before}_1"), (f"g{after}_entry", f"g{after}_1")):
            (x, y, w, h), (X, Y, W, H) = place[small], place[large]
            assert abs(x - X) + w / 2 <= W / 2 + 0.1
            assert abs(y - Y) + h / 2 <= H / 2 + 0.1
    bottom = min(y - h / 2 for name, (_, y, _, h) in place.items() if re.fullmatch(r"g[01]_1", name))
    x, y, w, h = place["g1_moves"]
    assert y + h / 2 <= bottom + 1
    assert place["g0_1"][0] < x < place["g1_1"][0]


def test_size_stride_and_padding_are_written(source):
    assert re.findall(r"g3_moves.*?>(f = 3)</FONT>.*?>(s = 2)</FONT>.*?>(p = 1)<", source, re.DOTALL)
    assert "g4_moves" not in source


def test_a_border_that_is_wider_behind_stays_on_its_line():
    net = nn.Conv2D(1, 2, 2, pad="same", seed=1)
    source = VIEWS["network"](nn.mse(net(X), np.repeat(X, 2, axis=3)).chain()).source
    assert ">p = (0, 1)<" in source


def test_the_last_maps_fan_out_into_the_column_they_are_laid_flat_into(source):
    assert re.search(r"g4_1:ne -> g5_1:w", source)
    assert re.search(r"g4_1:se -> g5_3:w", source)
    assert len(re.findall(r":ne -> g\d+_1:w", source)) == 1


def test_the_caption_explains_squares_and_names_only_what_is_not_drawn(source):
    assert "squares: feature maps, height × width × channels" in source
    assert "without lines: dropout" in source
    assert "batch norm" not in source
    check_fit(source)


def test_a_net_of_convolutions_alone():
    net = nn.Sequential(
        nn.Conv2D(1, 2, 3, pad="same", activation="relu", seed=1), nn.Conv2D(2, 1, 3, pad="same", seed=2)
    )
    source = VIEWS["network"](nn.mse(net(X), X).chain(lang="zh")).source
    assert "实线：正权重" not in source
    assert "方块：特征图" in source
    assert len(re.findall(r"_window \[", source)) == 2


def test_deterministic(chain, source):
    assert VIEWS["network"](chain).source == source
