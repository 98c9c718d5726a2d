"""The overview of blocks: forward along the top to the right, backward below it to the left."""

import re

import pytest

from tests.draw.test_views import boxes
from tests.handmade import HandChain, net, residual
from tinygrad_cn.draw import VIEWS

CHAINS = {"2-4-1": net(2, 4, 1), "200 layers": net(64, *[32] * 199, 1, lang="zh"), "residual": residual(lang="zh")}


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
def test_places_are_rows_and_steps_are_columns(chain: HandChain) -> None:
    nodes = boxes(VIEWS["blocks"](chain).source)
    rows = {place: {n: box for n, box in nodes.items() if re.fullmatch(place + r"\d+", n)} for place in "pfcbg"}
    for place, row in rows.items():
        assert len({round(y) for _, y, *_ in row.values()}) == 1, place
    heights = [next(iter(row.values()))[1] for row in rows.values()]
    assert heights == sorted(heights, reverse=True)  # parameters on top, then forward, cache, backward, gradients
    forward = [nodes[f"f{i}"][0] for i in range(len(rows["f"]))]
    assert forward == sorted(forward)
    for i in range(len(forward)):
        assert len({round(nodes[f"{p}{i}"][0]) for p in "pfcbg" if f"{p}{i}" in nodes}) == 1


def test_forward_and_backward_of_a_step_are_equally_wide() -> None:
    nodes = boxes(VIEWS["blocks"](net(2, 4, 1)).source)
    for i in (1, 2, 3):
        assert nodes[f"f{i}"][2] == pytest.approx(nodes[f"b{i}"][2])


def test_gradients_flow_to_the_left() -> None:
    source = VIEWS["blocks"](net(2, 4, 1)).source
    assert re.search(r'b1 -> b2 \[label="  dA\[1\]  ".*dir=back.*style=dashed', source)
    assert re.search(r'f1 -> f2 \[label="  A\[1\]  "', source)


def test_a_skip_passes_below_forward_and_above_backward() -> None:
    nodes = boxes(VIEWS["blocks"](residual()).source)
    bottom, top = nodes["f2"][1] - nodes["f2"][3] / 2, nodes["b2"][1] + nodes["b2"][3] / 2
    assert bottom > nodes["f0_2"][1] > nodes["b0_2"][1] > top
