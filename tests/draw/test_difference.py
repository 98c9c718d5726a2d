"""The picture of a report: marks, reasons on the wrong ones, what was not given, long nets folded."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.draw.nets import bare_ops, plain, residual
from tests.draw.test_views import boxes, check_apart, check_fit, shown
from tinygrad_cn.check import Report, compare
from tinygrad_cn.draw.difference import difference
from tinygrad_cn.draw.style import PALETTE
from tinygrad_cn.tensor import Tensor


def by_hand(J: Tensor, wrong: dict[str, float], lang: str = "en", leave_out: str = "") -> Report:
    """The chain's own gradients, some of them times a number, those after them as they follow."""
    chain = J.chain(lang=lang)
    depth = len(chain.layers)
    hand: dict[str, np.ndarray] = {}
    dA = np.asarray(chain[f"dA{depth}"])
    for layer in range(depth, 0, -1):
        W, A = np.asarray(chain[f"W{layer}"]), np.asarray(chain[f"A{layer - 1}"])
        dZ = np.asarray(chain[f"dZ{layer}"]) * (dA / np.asarray(chain[f"dA{layer}"])) * wrong.get(f"dZ{layer}", 1.0)
        hand |= {f"dZ{layer}": dZ, f"dW{layer}": dZ @ A.T / chain.m, f"db{layer}": dZ.sum(1, keepdims=True) / chain.m}
        dA = W.T @ dZ
        hand |= {f"dA{layer - 1}": dA} if layer > 1 else {}
    hand = {name: value * wrong.get(name, 1.0) if name[1] in "Wb" else value for name, value in hand.items()}
    return compare(
        chain, {name: value for name, value in hand.items() if not (leave_out and name.startswith(leave_out))}
    )


def blocks(source: str) -> dict[str, tuple[int, str]]:
    """Title of each node: the width of its border and its colour."""
    found = re.findall(r'label=<<TABLE BORDER="(\d)"[^>]*? COLOR="(#\w+)".*?<B>(.*?)</B>', source)
    return {title.split("  ")[0]: (int(border), colour) for border, colour, title in found}


def line(role: str) -> str:
    return PALETTE[role][0].line


def test_marks_and_borders() -> None:
    report = by_hand(plain(2, 4, 1), {"dZ1": -1.0})
    drawn = blocks(difference(report).source)
    assert drawn["✓ dZ[2]"] == (1, line("ok"))
    assert drawn["✗ dZ[1]"] == (3, line("wrong"))
    assert drawn["△ dW[1]"] == (1, line("inherited"))
    assert drawn["dA[2]"] == (1, line("cache"))  # not given
    assert "dX" not in drawn  # not needed


def test_the_reason_and_where_to_begin_are_written() -> None:
    words = "\n".join(shown_of(by_hand(plain(2, 4, 1), {"db2": 6.0}, lang="zh")))
    assert "手写梯度与自动求导对比：共 7 个，✓ 6 一致，✗ 1 有误，△ 0 受牵连" in words
    assert words.count("先改 db[2]") == 1
    assert "漏了 1/m" in words
    assert "应为 db[2] = (1/m) Σ dZ[2]。" in words


def shown_of(report: Report) -> list[str]:
    return re.findall(r"<FONT[^>]*>(?:<B>)?(.*?)(?:</B>)?</FONT>", difference(report).source)


def test_gradients_flow_from_right_to_left_and_to_their_parameters() -> None:
    report = by_hand(plain(2, 4, 1), {})
    source = difference(report).source
    names = {title: name for name, title in re.findall(r"\t(d\d+) \[label=.*?<B>(?:✓ )?(\S+?)  ", source)}
    edges = set(re.findall(r"\t(d\d+) -> (d\d+)", source))
    path = ["dA[2]", "dZ[2]", "dA[1]", "dZ[1]"]
    for before, after in [
        *pairwise(path),
        ("dZ[2]", "dW[2]"),
        ("dZ[2]", "db[2]"),
        ("dZ[1]", "dW[1]"),
    ]:
        assert (names[before], names[after]) in edges
    assert len(edges) == 7
    places = boxes(source)
    lefts = [places[names[title]][0] for title in path]
    assert lefts == sorted(lefts, reverse=True)


def test_equal_verdicts_of_equal_layers_are_folded_around_the_mistake() -> None:
    report = by_hand(plain(6, *[5] * 24, 1), {"dZ12": -1.0})
    source = difference(report).source
    titles = re.findall(r"<B>(.*?)</B>", source)
    assert "✗ dZ[12]  (5, 6)" in titles
    assert [title for title in titles if title.startswith("✓ dZ[l]")] == ["✓ dZ[l]  (5, 6)  × 12"]
    assert [title for title in titles if title.startswith("△ dZ[l]")] == ["△ dZ[l]  (5, 6)  × 10"]
    check_fit(source)
    check_apart(source)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_text_fits_and_nothing_overlaps(lang: str) -> None:
    for report in (
        by_hand(plain(2, 4, 1), {"dZ1": 2.0, "dW2": -1.0}, lang),
        by_hand(plain(3, 5, 4, 1), {}, lang, "dZ"),
    ):
        source = difference(report).source
        check_fit(source)
        check_apart(source)


def test_penalties_skips_and_bare_ops_are_drawn() -> None:
    chain = residual().chain(lang="en")
    source = difference(compare(chain, {name: chain[name] for name in ("dW1", "dW2", "dW3")})).source
    assert {"✓ dW[1]", "✓ dW[2]", "✓ dW[3]", "dR₁", "dH[2]"} <= set(blocks(source))
    chain = bare_ops().chain(lang="en")
    source = difference(compare(chain, {"dv": chain["dv"]})).source
    assert blocks(source)["✓ dv"] == (1, line("ok"))
    assert blocks(source)["dw"] == (1, line("cache"))


def test_a_name_that_does_not_exist_and_a_wrong_shape_are_said() -> None:
    chain = plain(2, 4, 1).chain(lang="zh")
    report = compare(chain, {"db1": np.ravel(chain["db1"]), "dQ": np.ones(3)})
    words = shown_of(report)
    assert "? dQ: 没有这个量" in words
    assert "应为 (4, 1)，实为 (4,)" in words
    assert blocks(difference(report).source)["✗ db[1]"] == (3, line("wrong"))


def test_a_report_draws_itself(tmp_path: Path) -> None:
    report = by_hand(plain(2, 4, 1), {"dZ1": -1.0})
    file = report.draw(tmp_path / "difference.svg")
    picture = file.read_text(encoding="utf-8")
    assert "✗ dZ[1]  (4, 6)" in shown(picture)
    assert f'aria-label="{report.summary}"' in picture
