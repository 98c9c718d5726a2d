"""The ladder: its text, its grid, its edges."""

import re
import subprocess
from dataclasses import replace
from itertools import pairwise

import pytest

from tests.draw.snapshots import FOLDER, PICTURES, dot
from tests.handmade import HandChain, inputs, net, quantity, residual
from tinygrad_cn.chain.fold import Row, fold
from tinygrad_cn.chain.model import Quantity, Source, Step
from tinygrad_cn.draw import VIEWS, ladder, parts
from tinygrad_cn.draw.dot import wrap
from tinygrad_cn.draw.render import _engine
from tinygrad_cn.draw.style import text_width
from tinygrad_cn.errors import PictureError

Box = tuple[float, float, float, float]  # centre x, centre y, width, height in inches


@pytest.mark.parametrize("name", PICTURES)
def test_snapshot(name: str) -> None:
    assert dot(name) == (FOLDER / f"{name}.dot").read_text(encoding="utf-8")


def texts(chain: HandChain) -> list[str]:
    """All lines of text in the order of the DOT, HTML entities undone."""
    found = re.findall(r'<FONT[^>]*>(?:<B>)?(.*?)(?:</B>)?</FONT>|c\d+ \[label="([^"]*)"', ladder(chain).source)
    return [(a or b).replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&") for a, b in found]


def layout(chain: HandChain) -> dict[str, Box]:
    """Where the renderer puts each node."""
    done = subprocess.run(
        [_engine(), "-Tplain"], input=ladder(chain).source, capture_output=True, text=True, check=True
    )
    joined = done.stdout.replace("\\\n", "")
    nodes = re.findall(r"^node (\S+) (\S+) (\S+) (\S+) (\S+) ", joined, re.MULTILINE)
    return {name: (float(x), float(y), float(w), float(h)) for name, x, y, w, h in nodes}


CHAINS = {
    "2-4-1": net(2, 4, 1),
    "2-4-1 in Chinese": net(2, 4, 1, lang="zh"),
    "12288-20-7-5-1": net(12288, 20, 7, 5, 1, lang="zh"),
    "25 layers": net(12288, *[20] * 24, 1, lang="zh"),
    "200 layers": net(64, *[32] * 199, 1),
    "residual": residual(lang="zh"),
}


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
def test_rows_and_columns_are_straight_and_in_order(chain: HandChain) -> None:
    nodes = layout(chain)
    columns = {place: [box for name, box in nodes.items() if re.fullmatch(place + r"\d+", name)] for place in "pfcbg"}
    for place, boxes in columns.items():
        assert len({round(x, 2) for x, *_ in boxes}) == 1, place
    centres = [boxes[0][0] for boxes in columns.values()]
    assert centres == sorted(centres)
    for i in range(len(columns["f"])):
        row = [nodes[f"{place}{i}"] for place in "pfcbg" if f"{place}{i}" in nodes]
        assert len({round(y, 2) for _, y, *_ in row}) == 1
    heights = [nodes[f"f{i}"][1] for i in range(len(columns["f"]))]
    assert heights == sorted(heights, reverse=True)  # forward runs down


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
def test_nothing_overlaps(chain: HandChain) -> None:
    boxes = list(layout(chain).items())
    for i, (a, (ax, ay, aw, ah)) in enumerate(boxes):
        for b, (bx, by, bw, bh) in boxes[i + 1 :]:
            apart = abs(ax - bx) >= (aw + bw) / 2 - 0.01 or abs(ay - by) >= (ah + bh) / 2 - 0.01
            assert apart, (a, b)


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
def test_every_line_fits_its_cell(chain: HandChain) -> None:
    source = ladder(chain).source
    cells = re.findall(r'FIXEDSIZE="TRUE" WIDTH="(\d+)" HEIGHT="\d+">(.*?)</TABLE>', source)
    lines = [
        (int(w), *line) for w, rows in cells for line in re.findall(r'POINT-SIZE="(\d+)"[^>]*>(<B>)?([^<]+)', rows)
    ]
    assert len(lines) > 30
    for width, size, bold, text in lines:
        assert text_width(text.replace("&gt;", ">"), int(size), bool(bold)) <= width, text


def test_cells_add_up_to_the_node_that_is_drawn() -> None:
    """The renderer keeps the sizes computed here: it never had to make a cell wider."""
    source = ladder(net(12288, 20, 7, 5, 1, lang="zh")).source
    nodes = layout(net(12288, 20, 7, 5, 1, lang="zh"))
    for name in ("p1", "f1", "b1", "g1", "f2"):
        label = re.search(rf"\t{name} \[label=(.*)\]", source)
        assert label is not None
        bands = re.findall(r'PORT="b\d" ALIGN="LEFT" WIDTH="(\d+)" HEIGHT="(\d+)"', label[1])
        border = 2
        assert nodes[name][2] * 72 == pytest.approx(int(bands[0][0]) + border, abs=0.1)
        assert nodes[name][3] * 72 == pytest.approx(sum(int(h) for _, h in bands) + border, abs=0.1)


def test_text_of_a_layer_in_chinese() -> None:
    shown = texts(net(2, 4, 1, lang="zh"))
    for line in (
        "第 1 层 · relu",
        "第 1 层反向",
        "W[1]",
        "(n[1], n[0]) = (4, 2)",
        "Z[1] = W[1] X + b[1]",
        "(4, 2) @ (2, 400) → (4, 400)",
        "(n[1], m) = (4, 400)",
        "dW[1] = (1/m) dZ[1] Xᵀ",
        "输入不更新，可省略",
        "缓存  X, W[1], Z[1]",
        "代价 J · 二元交叉熵",
        "代价的梯度",
    ):
        assert line in shown


def test_folded_layers_show_first_last_and_count() -> None:
    shown = texts(net(64, *[32] * 199, 1))
    for line in (
        "Layers 2–199 × 198 · relu",
        "Backward × 198 (199 → 2)",
        "W[2] … W[199]",
        "cache  A[l−1], W[l], Z[l] × 198",
        "Layer 200 · sigmoid",
    ):
        assert line in shown
    assert 'label="  A[199]  "' in ladder(net(64, *[32] * 199, 1)).source
    assert 'BORDER="3"' in ladder(net(64, *[32] * 199, 1)).source


def test_the_caption_says_convention_note_and_what_is_missing() -> None:
    chain = net(2, 1, convention="autograd", note="J is a sum.", computed=False)
    head = texts(chain)[:4]
    assert head == [
        "Autograd convention: every d is the true ∂J/∂·.",
        "J is a sum.",
        "Gradients are not computed yet: call J.backward() first.",
        "solid: forward    dashed: gradients    dotted: cache",
    ]
    assert "not computed" not in " ".join(texts(net(2, 1)))


def test_optional_gradients_are_grey() -> None:
    source = ladder(net(2, 4, 1)).source
    assert re.search(r'COLOR="#6A625D">dX = W\[1\]ᵀ dZ\[1\]<', source)
    assert re.search(r'COLOR="#7A3100">dA\[1\] = W\[2\]ᵀ dZ\[2\]<', source)


def test_a_skip_connection_passes_the_row_between_in_a_lane_of_its_own() -> None:
    nodes = layout(residual())
    x, y, *_ = nodes["f0_2"]
    right = nodes["f2"][0] + nodes["f2"][2] / 2
    left = nodes["c2"][0] - nodes["c2"][2] / 2
    assert right < x < left
    assert y == pytest.approx(nodes["f2"][1], abs=0.01)
    source = ladder(residual()).source
    assert re.search(r'f1:b2:e -> f0_2:n \[label="  A\[1\]  " .*arrowhead=none class=A', source)
    assert re.search(r'b1:b2:w -> b0_2:n \[label="  dA\[1\]  " .*dir=back .*style=dashed', source)


def test_lanes_of_overlapping_skips_are_apart() -> None:
    """Every op takes the op before it and the very first: all skips overlap."""
    n = 6
    q = [quantity(f"u[{i}]", "op", (3,), formula="…") for i in range(n)]
    du = [quantity(f"du[{i}]", "gradient", (3,), formula="…") for i in range(n)]
    steps = [inputs(3)]
    for i in range(n):
        sources = [Source(f"u{j}", q[j], du[j]) for j in {i - 1, 0} if 0 <= j < i] or [
            Source("X", steps[0].forward[0], None)
        ]
        back = tuple(s.gradient for s in sources if s.gradient)
        steps.append(Step(f"u{i}", "op", 0, "add", forward=(q[i],), backward=back or (du[0],), sources=tuple(sources)))
    nodes = layout(HandChain(tuple(steps)))
    lanes = {n: [x for name, (x, *_) in nodes.items() if re.fullmatch(rf"f{n}_\d", name)] for n in range(4)}
    assert all(max(points) - min(points) < 0.15 for points in lanes.values())  # each keeps its column
    assert min(min(right) - max(left) for left, right in pairwise(lanes.values())) > 0.2
    assert 'fillcolor="#6B7480"' in re.findall(r"\tf3_3 .*", ladder(HandChain(tuple(steps))).source)[0]
    assert "style=invis" in re.findall(r"\tf0_3 .*", ladder(HandChain(tuple(steps))).source)[0]  # has ended above


def test_parameters_and_data_of_an_op_stand_beside_it() -> None:
    """gamma ⊙ X with no layer at all: gamma at the left, its gradient at the end of the way back."""
    gamma = quantity("gamma", "parameter", (4, 1))
    dgamma = quantity("dgamma", "gradient", (4, 1), formula="Σ du ⊙ X")
    x = inputs(4).forward[0]
    leaf = Step("gamma", "input", 0, "", forward=(gamma,), gradients=(dgamma,))
    scale = Step(
        "u", "op", 0, "multiply", forward=(quantity("u", "op", (4, 400), formula="gamma ⊙ X"),),
        sources=(Source("gamma", gamma, dgamma), Source("X", x, None)),
    )  # fmt: skip
    chain = HandChain((inputs(4), leaf, scale))
    shown = texts(chain)
    assert [row.step.id for row in fold(chain.steps)] == ["X", "u"]
    assert {"gamma", "u = gamma ⊙ X", "element-wise product backward", "dgamma = Σ du ⊙ X"} <= set(shown)
    nodes = layout(chain)
    assert sorted(nodes) == ["b1", "f0", "f1", "p1"]
    assert nodes["p1"][0] < nodes["f1"][0] < nodes["b1"][0]


def test_names_with_markup_are_shown_as_they_are() -> None:
    name = 'a<b>&"\\'
    odd = quantity(name, "op", (2,), formula="…")
    chain = HandChain((inputs(2), Step(name, "op", 0, name, forward=(odd,), cache=(name,))))
    assert f"{name} = …" in texts(chain)
    assert sorted(layout(chain)) == ["c1", "f0", "f1"]


@pytest.mark.parametrize(
    ("q", "text"),
    [
        (quantity("Z[1]", "Z", (4, 9), "(n[1], m)", shapes="(4, 2) @ (2, 9) → (4, 9)"), "(4, 2) @ (2, 9) → (4, 9)"),
        (quantity("A[1]", "A", (4, 9), "(n[1], m)", shapes="(4, 9)"), "(n[1], m) = (4, 9)"),
        (quantity("u", "op", (4, 9), "(4, 9)"), "(4, 9)"),
        (quantity("u", "op", (4, 9)), "(4, 9)"),
        (quantity("J", "loss", (), "()", shapes="()"), ""),
    ],
)
def test_shapes_in_symbols_and_numbers(q: Quantity, text: str) -> None:
    assert parts.shape_text(q) == text


def test_long_formulas_break_outside_brackets() -> None:
    text = "J = −(1/m) Σ [Y log A[2] + (1 − Y) log(1 − A[2])]"
    assert wrap(text, 12, 260) == ["J = −(1/m) Σ [Y log A[2]", "    + (1 − Y) log(1 − A[2])]"]
    assert wrap(text, 12, 400) == [text]
    assert wrap("no_operator_to_break_at" * 9, 12, 100) == ["no_operator_to_break_at" * 9]


def test_long_chains_are_described_in_a_few_words() -> None:
    rows = [Row(replace(s, id=str(i)), (s,)) for i, s in enumerate(net(2, *[3, 4] * 20, 1).steps)]
    words = parts.description(rows, "en")
    assert words.startswith("Chain: X → Layer 1 · relu → ")
    assert words.endswith(" → … → Layer 41 · sigmoid → Cost J · binary cross-entropy")
    assert words.count("→") == 11


def test_too_many_rows_are_refused() -> None:
    u = quantity("u", "op", (3,), formula="…")
    steps = (inputs(3), *(Step(f"u{i}", "op", 0, "sin", forward=(u,)) for i in range(2000)))
    with pytest.raises(PictureError, match="holds 2000 rows; this chain has 2001"):
        VIEWS["ladder"](HandChain(steps))
