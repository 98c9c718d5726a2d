"""The health strip: numbers and colours of its cells, its sentences, and long nets over several lines."""

import re

import numpy as np
import pytest

from tests.draw.nets import plain
from tests.draw.test_views import boxes, shown
from tinygrad_cn import nn
from tinygrad_cn.draw import VIEWS, svg
from tinygrad_cn.draw.health import _level
from tinygrad_cn.draw.style import PAINTS
from tinygrad_cn.draw.values import number


def cells(source: str) -> list[list[tuple[str, str]]]:
    """(fill, text) of every cell, row by row."""
    return [
        [
            (fill, re.sub("<[^>]*>", "", text))
            for fill, text in re.findall(r'<TD FIXEDSIZE="TRUE"[^>]*?(?:BGCOLOR="(#\w+)")?>(.*?)</TD>', row)
        ]
        for row in re.findall(r"<TR>(.*?)</TR>", source)
    ]


def test_a_cell_holds_the_ratio_of_norms() -> None:
    chain = plain(3, 5, 4, 1).chain(lang="en")
    norms = [float(np.linalg.norm(np.asarray(chain[f"dZ{i}"]))) for i in (1, 2, 3)]
    row = next(row for row in cells(VIEWS["health"](chain).source) if row and row[0][1] == "‖dZ[l]‖ / ‖dZ[3]‖")
    assert [text for _, text in row[1:]] == [number(n / norms[-1], 2) for n in norms]


@pytest.mark.parametrize(
    ("ratio", "role"),
    [
        (1e-20, "small3"), (1e-6, "small3"), (1e-4, "small2"), (1e-2, "small1"), (0.11, "level"), (1.0, "level"),
        (9.0, "level"), (100.0, "large1"), (1e4, "large2"), (1e6, "large3"), (0.0, "small3"), (None, "level"),
        (float("nan"), "level"),
    ],
)  # fmt: skip
def test_a_colour_is_two_orders_of_magnitude(ratio: float | None, role: str) -> None:
    assert _level(ratio, 1.0) == role


def test_vanishing_gradients_are_dark_and_named() -> None:
    chain = plain(20, *[20] * 23, 1, hidden="sigmoid").chain(lang="zh")
    source = VIEWS["health"](chain).source
    row = next(row for row in cells(source) if row and row[0][1] == "‖dZ[l]‖ / ‖dZ[24]‖")
    assert row[1][0] == PAINTS["small3"][0].fill
    assert row[24] == (PAINTS["level"][0].fill, "1")
    assert "梯度消失：‖dZ[1]‖ / ‖dZ[24]‖ = " in source
    assert "换成 ReLU 或 tanh" in source


def test_rows_that_do_not_apply_are_left_out() -> None:
    words = shown(svg(plain(3, 4, 1, hidden="tanh").chain(lang="en"), "health"))
    assert "saturated activations" in words
    assert "dead ReLU units" not in words
    words = shown(svg(plain(3, 4, 1, hidden="relu").chain(lang="en"), "health"))
    assert "dead ReLU units" in words
    assert "saturated activations" not in words


def test_before_backward_it_says_so() -> None:
    J = nn.binary_cross_entropy(nn.DNN([2, 4, 1], seed=1)(np.ones((2, 3))), np.ones((1, 3)))
    source = VIEWS["health"](J.chain(lang="zh")).source
    assert "梯度未计算：先调用 J.backward()。" in source
    row = next(row for row in cells(source) if row and row[0][1] == "‖dZ[l]‖ / ‖dZ[2]‖")
    assert [text for _, text in row[1:]] == ["–", "–"]


def test_long_nets_go_over_several_lines() -> None:
    places = boxes(VIEWS["health"](plain(8, *[4] * 59, 1).chain(lang="en")).source)
    strips = [places[f"strip{i}"] for i in range(3)]  # 25 + 25 + 10 layers
    lefts = [round(x - w / 2) for x, _, w, _ in strips]
    assert len(set(lefts)) == 1
    assert strips[0][1] > strips[1][1] > strips[2][1] > places["scale"][1]
    assert strips[2][2] < strips[1][2] == strips[0][2]


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [("zh", "只有第 1 层有 dZ，没有别的层可比"), ("en", "Only layer 1 has a dZ: there is none to compare it with.")],
)
def test_a_single_layer_is_not_called_healthy(lang: str, sentence: str) -> None:
    source = VIEWS["health"](plain(3, 1).chain(lang=lang)).source
    assert sentence in source
    assert "健康" not in source
    assert "Healthy" not in source


def over_time(net: nn.Module, steps: int, lang: str = "en") -> str:
    """The strip of a net that reads a sequence."""
    rng = np.random.default_rng(0)
    Z = net(rng.standard_normal((3, 5, steps)))
    J = nn.cross_entropy(Z, np.zeros(Z.shape[1:], int))
    J.backward()
    return str(VIEWS["health"](J.chain(lang=lang)).source)


def test_time_steps_are_compared_with_the_last_one() -> None:
    net = nn.Sequential(nn.LSTM(3, 4, output="last", seed=1), nn.Dense(4, 2, seed=2))
    rows = {row[0][1]: row[1:] for row in cells(over_time(net, 4)) if row}
    assert [text for _, text in rows["LSTM · time step t"]] == ["1", "2", "3", "4"]
    assert [text for _, text in rows["‖da⟨t⟩‖ / ‖da⟨4⟩‖"]][-1] == "1"
    assert [text for _, text in rows["‖dc⟨t⟩‖ / ‖dc⟨4⟩‖"]][-1] == "1"
    assert float(rows["‖da⟨t⟩‖ / ‖da⟨4⟩‖"][0][1]) < 0.1


def test_the_direction_that_reads_backwards_is_compared_with_its_own_last_step() -> None:
    net = nn.Sequential(nn.RNN(3, 4, bidirectional=True, output="last", seed=1), nn.Dense(8, 2, seed=2))
    rows = {row[0][1]: row[1:] for row in cells(over_time(net, 4)) if row}
    assert {"RNN · time step t", "RNN ← · time step t"} <= set(rows)
    assert [text for _, text in rows["RNN · time step t"]] == ["1", "2", "3", "4"]
    backwards = [float(text) for _, text in rows["‖dreverse.a⟨t⟩‖ / ‖dreverse.a⟨1⟩‖"]]
    assert backwards[0] == 1.0
    assert backwards[-1] < 0.5


@pytest.mark.parametrize(("lang", "sentence"), [("zh", "换成 LSTM 或 GRU"), ("en", "Try an LSTM or GRU")])
def test_vanishing_over_time_has_its_advice(lang: str, sentence: str) -> None:
    net = nn.Sequential(nn.RNN(3, 4, output="last", init=nn.init.normal(0.1), seed=1), nn.Dense(4, 2, seed=2))
    source = over_time(net, 30, lang)
    assert sentence in source
    assert "da⟨1⟩" in source
    places = boxes(source)
    assert places["time0_0"][1] > places["time0_1"][1] > places["scale"][1]  # 25 steps, 5 below them
