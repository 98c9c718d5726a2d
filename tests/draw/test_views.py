"""What holds for every view of every net: text fits, nothing overlaps, nothing is dropped, the same on every run."""

import re
import subprocess
import time
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.draw.nets import NETS, bare_ops, plain, residual
from tinygrad_cn import nn
from tinygrad_cn.autograd import ancestors
from tinygrad_cn.chain import Chain
from tinygrad_cn.draw import VALUED, VIEWS, draw, svg
from tinygrad_cn.draw.render import _engine
from tinygrad_cn.draw.style import PAINTS, text_width
from tinygrad_cn.errors import PictureError
from tinygrad_cn.language import CATALOGUE
from tinygrad_cn.ops.op import REGISTRY

SVG = "{http://www.w3.org/2000/svg}"
LAYERED = ("network", "health")  # views that need layers
CASES = [
    pytest.param(view, net, id=f"{view}-{net}")
    for view in VIEWS
    for net in NETS
    if not (view in LAYERED and net == "bare ops")
]
VALUES = [pytest.param(view, net, id=f"{view}-{net}") for view in VALUED for net in ("2-4-1", "residual", "bare ops")]


@pytest.fixture(scope="module")
def chains() -> dict[tuple[str, str], Chain]:
    return {(net, lang): make().chain(lang=lang) for net, make in NETS.items() for lang in ("zh", "en")}


def shown(picture: str) -> list[str]:
    """Lines of text of an SVG."""
    return ["".join(text.itertext()).replace("\xa0", " ") for text in ET.fromstring(picture).iter(f"{SVG}text")]


def boxes(dot: str) -> dict[str, tuple[float, float, float, float]]:
    """Centre and size of every node, in points, as the renderer lays them out."""
    done = subprocess.run([_engine(), "-Tplain"], input=dot, capture_output=True, text=True, check=True)
    nodes = re.findall(r"^node (\S+) (\S+) (\S+) (\S+) (\S+) ", done.stdout.replace("\\\n", ""), re.MULTILINE)
    return {name: tuple(float(n) * 72 for n in numbers) for name, *numbers in nodes}  # type: ignore[misc]


def check_fit(dot: str) -> None:
    """Every line of text is narrower than the cell it stands in."""
    tables = re.findall(r'FIXEDSIZE="TRUE" WIDTH="(\d+)" HEIGHT="\d+">(.*?)</TABLE>', dot)
    cells = [(w, text) for w, rows in tables for text in re.findall(r"<FONT.*?</FONT>", rows)]
    cells += re.findall(r'<TD FIXEDSIZE="TRUE" WIDTH="(\d+)"[^>]*>(<FONT.*?</FONT>)', dot)
    assert cells
    for width, text in cells:
        (size,), bold = re.findall(r'POINT-SIZE="(\d+)"', text), "<B>" in text
        plain_text = re.sub(r"<[^>]*>", "", text).replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&")
        assert text_width(plain_text, int(size), bold) <= int(width), plain_text


def check_apart(dot: str) -> None:
    """No two nodes touch."""
    placed = sorted(boxes(dot).items(), key=lambda item: item[1][0] - item[1][2] / 2)
    for i, (a, (ax, ay, aw, ah)) in enumerate(placed):
        for b, (bx, by, bw, bh) in placed[i + 1 :]:
            if bx - bw / 2 > ax + aw / 2:
                break  # all later ones are further right
            assert abs(ax - bx) >= (aw + bw) / 2 - 1 or abs(ay - by) >= (ah + bh) / 2 - 1, (a, b)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(("view", "net"), CASES)
def test_text_fits_and_nothing_overlaps(chains: dict[tuple[str, str], Chain], view: str, net: str, lang: str) -> None:
    dot = VIEWS[view](chains[net, lang]).source
    check_fit(dot)
    check_apart(dot)


@pytest.mark.parametrize(("view", "net"), VALUES)
def test_with_values_too(chains: dict[tuple[str, str], Chain], view: str, net: str) -> None:
    dot = VIEWS[view](chains[net, "zh"], values=True).source
    check_fit(dot)
    check_apart(dot)


@pytest.mark.parametrize(("view", "net"), CASES)
def test_the_drawing_is_well_formed_and_in_the_palette(
    chains: dict[tuple[str, str], Chain], view: str, net: str, capsys: pytest.CaptureFixture[str]
) -> None:
    start = time.perf_counter()
    picture = svg(chains[net, "zh"], view)
    seconds = time.perf_counter() - start
    with capsys.disabled():
        if net in ("12288-20-7-5-1", "200 layers"):
            print(f"\n{view} of {net}: {seconds:.2f} s", end="")
    root = ET.fromstring(picture)
    known = {colour.lower() for light, _ in PAINTS.values() for colour in light}
    assert {e.get(a, "none") for e in root.iter() for a in ("fill", "stroke")} - {"none"} <= known
    assert root.get("lang") == "zh-CN"


@pytest.mark.parametrize("view", VIEWS)
def test_the_same_picture_byte_for_byte(view: str) -> None:
    first, second = (plain(3, 8, 2, output="softmax").chain(lang="zh") for _ in range(2))
    assert svg(first, view) == svg(second, view)


@pytest.mark.parametrize("net", NETS)
def test_blocks_drop_no_step(chains: dict[tuple[str, str], Chain], net: str) -> None:
    chain = chains[net, "en"]
    text = "\n".join(shown(svg(chain, "blocks")))
    ids = {g.get("id") for g in ET.fromstring(svg(chain, "blocks")).iter(f"{SVG}g")}
    folded = "×" in text
    for step in chain.steps:
        if step.kind != "input" and not (folded and step.kind == "dense"):
            assert f"{step.id}-f" in ids


@pytest.mark.parametrize("net", NETS)
def test_ops_have_one_node_each(chains: dict[tuple[str, str], Chain], net: str) -> None:
    chain = chains[net, "en"]
    recorded = [node for node in ancestors(chain.root) if node._op is not None]
    outside = {
        id(x) for node in recorded for x in node._inputs if np.ndim(getattr(x, "_data", x)) or hasattr(x, "_data")
    }
    names = re.findall(r"^\t+(v\d+) \[label=", VIEWS["ops"](chain).source, re.MULTILINE)
    assert len(names) == len(set(names)) == len(recorded) + len(outside - {id(node) for node in recorded})


def test_values_show_the_numbers_of_the_chain() -> None:
    J = residual()
    chain = J.chain(lang="en")
    W1 = chain["W1"]
    assert W1 is not None
    for view in VALUED:
        assert not any("norm" in line for line in shown(svg(chain, view)))
        lines = shown(svg(chain, view, values=True))
        row = "  ".join(f"{x:.2f}".replace("-", "−").rjust(5, "\u2007") for x in W1[0])
        assert f"[{row}]" in lines
        assert any(line.startswith("min ") and "norm" in line for line in lines)  # X is (4, 6)


@pytest.mark.parametrize("view", VALUED)
def test_values_before_backward_are_not_computed(view: str) -> None:
    chain = nn.binary_cross_entropy(nn.DNN([2, 4, 1], seed=1)(np.ones((2, 3))), np.ones((1, 3))).chain(lang="zh")
    lines = shown(svg(chain, view, values=True))
    assert lines.count("未计算") >= 6  # dA[2], dZ[2], dW[2], …
    assert "梯度未计算：先调用 J.backward()。" in lines


@pytest.mark.parametrize("view", LAYERED)
def test_views_of_layers_say_what_to_use_for_bare_ops(view: str) -> None:
    with pytest.raises(PictureError, match=rf'the view "{view}" .* none: use view="ops"'):
        svg(bare_ops().chain(), view)


@pytest.mark.parametrize("view", LAYERED)
def test_values_are_refused_where_numbers_stand_already(view: str) -> None:
    with pytest.raises(PictureError, match=f"values=True is for the views ladder, blocks, ops; '{view}' has numbers"):
        svg(plain(2, 4, 1).chain(), view, values=True)


def test_a_chain_draws_itself_in_every_view(tmp_path) -> None:  # type: ignore[no-untyped-def]
    chain = plain(2, 4, 1).chain(lang="en")
    for view in VIEWS:
        file = chain.draw(tmp_path / f"{view}.svg", view=view)
        assert file.read_text(encoding="utf-8") == svg(chain, view)
    draw(chain, tmp_path / "values.svg", view="blocks", values=True)
    assert (tmp_path / "values.svg").read_text(encoding="utf-8") != svg(chain, "blocks")


# ---- ops in words -----------------------------------------------------------------------------------

MATHEMATICS = frozenset(
    "arccos arccosh arcsin arcsinh arctan arctan2 arctanh cos cosh exp exp2 expm1 log log10 log1p log2 sin sinc sinh "
    "tan sigmoid tanh relu leaky_relu elu gelu softplus silu softmax log_softmax".split()
)


def test_every_op_has_a_name_in_both_languages_but_for_the_signs_of_mathematics():
    named = {key.removeprefix("op.") for key in CATALOGUE}
    assert set(REGISTRY) - named == MATHEMATICS & set(REGISTRY)


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh", {"逐元素加", "逐元素加反向", "逐元素乘", "逐元素乘反向", "sin", "sin 反向"}),
        ("en", {"element-wise sum", "element-wise product backward", "sin backward"}),
    ],
)
def test_ops_are_titled_in_the_readers_words(lang, words):
    w = tg.tensor(np.ones((2, 2)), requires_grad=True, name="w")
    J = np.sum(np.sin(w + np.full((2, 2), 2.0)) * w)
    source = VIEWS["ladder"](J.chain(lang=lang)).source
    for word in words:
        assert f"<B>{word}</B>" in source
    assert "<B>add" not in source
    assert "multiply" not in source
