"""The graph of ops: what a node says, frames of layers, long graphs in columns, and where it ends."""

import re
import time

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.draw.nets import after_backward, chain_of_ops, plain, recurrence, residual
from tests.draw.test_views import boxes, check_apart, check_fit, shown
from tinygrad_cn import nn
from tinygrad_cn.autograd import Node, ancestors
from tinygrad_cn.draw import VIEWS, svg
from tinygrad_cn.draw.glyphs import Glyph, glyphs
from tinygrad_cn.errors import PictureError
from tinygrad_cn.tensor import Tensor


def nodes_of(J: Tensor) -> list[Node]:
    return [node for node in ancestors(J) if node._op is not None]


def titles(J: Tensor, lang: str = "en") -> list[str]:
    chain = J.chain(lang=lang)
    return [g.block.bands[0].lines[0].text for g in glyphs(chain, nodes_of(J), False) if g.inputs]


def test_a_node_says_the_op_and_its_numbers() -> None:
    x = tg.tensor(np.arange(1.0, 5.0), True)
    J = np.sum(np.maximum(x**3, 0.5) * 2 - 1 / x + np.sin(x[1:3]).mean() / 4)
    assert titles(J) == ["x³", "maximum(x, 0.5)", "x ⊙ 2", "1 / x", "−", "x[1:3]", "sin", "mean", "x / 4", "+", "Σ"]


def test_options_are_named() -> None:
    x = tg.tensor(np.ones((2, 3)), True)
    assert titles(np.sum(np.sum(x, axis=0, keepdims=True))) == ["Σ  axis=0  keepdims=True", "Σ"]


def test_losses_and_activations_have_the_names_of_the_language() -> None:
    assert titles(plain(2, 4, 1), "zh") == ["W A + b", "tanh", "W A + b", "σ", "二元交叉熵"]
    assert titles(plain(2, 4, 1), "en")[-1] == "binary cross-entropy"


def test_each_layer_is_framed_and_frames_do_not_overlap() -> None:
    source = VIEWS["ops"](residual().chain(lang="en")).source
    frames = re.findall(r"subgraph cluster_(\d) \{(.*?)\n\t\}", source, re.DOTALL)
    assert [layer for layer, _ in frames] == ["1", "2", "3"]
    places = boxes(source)
    spans = []
    for _, body in frames:
        inside = [places[name] for name in re.findall(r"^\t\t(v\d+) \[label=", body, re.MULTILINE)]
        assert len(inside) >= 5  # W, b, @, +, tanh
        spans.append((max(y + h / 2 for _, y, _, h in inside), min(y - h / 2 for _, y, _, h in inside)))
    assert spans[0][1] > spans[1][0]
    assert spans[1][1] > spans[2][0]


def test_values_and_gradients_stand_in_the_node() -> None:
    J = residual()
    chain = J.chain(lang="en")
    lines = shown(svg(chain, "ops", values=True))
    assert lines.count("dW[1]") == 1
    assert f"{J.item():.3g}" in lines


def edges_of(source: str) -> set[tuple[str, str]]:
    """(tail, head); a reference v7_v3 at op v7 counts as an edge from v3."""
    found = re.findall(r"^\t+(v\d+(?:_v\d+)?)(?::\w)? -> (v\d+)(?::\w)? \[(?!style=invis)", source, re.MULTILINE)
    return {(tail.split("_")[-1], head) for tail, head in found}


@pytest.mark.parametrize("J", [recurrence(30), chain_of_ops(400)], ids=["recurrence", "chain"])
def test_long_graphs_are_set_in_columns_with_every_edge(J: Tensor) -> None:
    chain = J.chain(lang="zh")
    source = VIEWS["ops"](chain).source
    assert "layout=nop" in source
    known = list(glyphs(chain, nodes_of(J), False))
    assert edges_of(source) == {(name, g.name) for g in known for name in g.inputs}
    check_fit(source)
    check_apart(source)


def test_columns_are_read_downwards() -> None:
    J = chain_of_ops(400)
    known: list[Glyph] = [g for g in glyphs(J.chain(), nodes_of(J), False) if g.inputs]
    places = boxes(VIEWS["ops"](J.chain()).source)
    columns = sorted({round(places[g.name][0]) for g in known})
    assert len(columns) > 3
    order = sorted(known, key=lambda g: (places[g.name][0], -places[g.name][1]))
    assert order == known


def test_five_thousand_ops_are_drawn_and_more_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    J = after_backward(recurrence(1249) * 1.0)  # 4 · 1249 + Σ + ·, 4998 ops
    chain = J.chain()
    start = time.perf_counter()
    picture = svg(chain, "ops")
    with capsys.disabled():
        print(f"\n{len(nodes_of(J))} ops: {time.perf_counter() - start:.2f} s", end="")
    assert picture.count('data-dot="v') > 10_000  # nodes, references, edges
    with pytest.raises(PictureError, match=r'holds 5000 ops; this graph has 5002. view="ladder" and .* fold equal'):
        svg((recurrence(1250) * 1.0).chain(), "ops")


def test_filters_of_a_convolution_stand_in_the_frame_of_their_layer() -> None:
    net = nn.Sequential(nn.Conv2D(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Dense(8, 1), nn.Sigmoid())
    J = nn.binary_cross_entropy(net(np.ones((3, 4, 4, 1))), np.ones((1, 3)))
    frame = re.search(r"subgraph cluster_1 \{(.*?)\n\t\}", VIEWS["ops"](J.chain(lang="en")).source, re.DOTALL)
    assert frame is not None
    assert {"W[1]  (3, 3, 1, 2)", "b[1]  (1, 1, 1, 2)", "Z[1]  (3, 2, 2, 2)"} <= set(
        re.findall(r">([^<>]+)</FONT>", frame[1])
    )
