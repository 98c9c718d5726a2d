"""Recorded graphs through `J.chain()` into pictures: layers, skips, hand-written costs, bare ops."""

import time
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn
from tinygrad_cn.tensor import Tensor

SVG = "{http://www.w3.org/2000/svg}"


def lines(svg: str) -> list[str]:
    return ["".join(text.itertext()) for text in ET.fromstring(svg).iter(f"{SVG}text")]


def cost_of(sizes: list[int], m: int = 7) -> Tensor:
    rng = np.random.default_rng(0)
    network = nn.DNN(sizes, hidden="relu", output="sigmoid", seed=1)
    targets = (rng.random((sizes[-1], m)) > 0.5).astype(float)
    return nn.binary_cross_entropy(network(rng.standard_normal((sizes[0], m))), targets)


def test_a_trained_net_in_both_languages(tmp_path: Path) -> None:
    cost = cost_of([3, 4, 1])
    cost.backward()
    for lang, words in {"zh": "第 2 层反向", "en": "Layer 2 backward"}.items():
        chain = cost.chain(lang=lang)
        chain.draw(tmp_path / "chain.svg")
        shown = lines((tmp_path / "chain.svg").read_text(encoding="utf-8"))
        assert words in shown
        assert "(4, 3) @ (3, 7) + (4, 1) → (4, 7)" in shown
        assert chain._repr_svg_() == (tmp_path / "chain.svg").read_text(encoding="utf-8")


def test_before_backward_the_picture_says_so() -> None:
    chain = cost_of([3, 4, 1]).chain(lang="en")
    assert "Gradients are not computed yet: call J.backward() first." in lines(chain._repr_svg_())


@pytest.mark.parametrize("sizes", [[12288, 20, 7, 5, 1], [64, *[32] * 199, 1]], ids=["12288-20-7-5-1", "200 layers"])
def test_deep_nets_are_drawn_in_time(sizes: list[int], tmp_path: Path) -> None:
    cost = cost_of(sizes)
    cost.backward()
    start = time.perf_counter()
    cost.chain().draw(tmp_path / "chain.svg")
    assert time.perf_counter() - start < 2


def test_no_step_is_dropped_where_layers_ops_and_two_costs_mix() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((3, 5))
    W1, W2, gamma = (tg.tensor(rng.standard_normal(s), requires_grad=True) for s in [(4, 3), (1, 4), (4, 1)])
    A1 = np.tanh(W1 @ X)
    skip = (A1 - A1.mean(axis=1, keepdims=True)) * gamma + A1
    J = np.mean((W2 @ skip) ** 2) + 0.1 * np.sum(np.abs(W1))
    J.backward()
    chain = J.chain(names={"W1": W1, "W2": W2, "gamma": gamma}, lang="en")
    svg = chain._repr_svg_()
    ids = [g.get("id") or "" for g in ET.fromstring(svg).iter(f"{SVG}g")]
    for step in chain.steps:
        if step.kind != "input":
            assert f"{step.id}-f" in ids
    for name in ("W[1]", "W[2]", "gamma"):
        assert name in lines(svg)
    assert any(line.startswith("dgamma = ") for line in lines(svg))


def test_ops_without_any_layer() -> None:
    w = tg.tensor(np.ones(5), requires_grad=True, name="w")
    y = np.sum(np.sin(w) * np.arange(5.0))
    y.backward()
    shown = lines(y.chain(lang="zh")._repr_svg_())
    assert "w" in shown
    assert any(line.startswith("dw = ") for line in shown)
