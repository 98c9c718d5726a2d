"""The SVG pass: raised and lowered text, roles as CSS variables, words for screen readers."""

import re
import xml.etree.ElementTree as ET

import pytest

from tests.handmade import net, residual
from tinygrad_cn import draw
from tinygrad_cn.draw.style import FONT_STACK, PALETTE
from tinygrad_cn.draw.svg import dress, scripts

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("Z[1] = W[1] X", [("Z", 0), ("[1]", 1), (" = W", 0), ("[1]", 1), (" X", 0)]),
        ("A[l−1]ᵀ", [("A", 0), ("[l−1]T", 1)]),
        ("(A[1])²", [("(A", 0), ("[1]", 1), (")", 0), ("2", 1)]),
        ("x⁻¹", [("x", 0), ("−1", 1)]),
        ("u₁₂ aᵢ", [("u", 0), ("12", -1), (" a", 0), ("i", -1)]),
        ("σ[2]", [("σ", 0), ("[2]", 1)]),
        ("[0.5, 1] 1[2] 值[3]", [("[0.5, 1] 1[2] 值[3]", 0)]),
        ("", []),
    ],
)
def test_scripts_are_raised_only_after_a_letter_or_parenthesis(text: str, runs: list[tuple[str, int]]) -> None:
    assert scripts(text) == runs


def test_raised_text_comes_back_to_the_line() -> None:
    picture = '<svg xmlns="http://www.w3.org/2000/svg"><text font-size="10">A[1] + b₂ c</text></svg>'
    text = ET.fromstring(dress(picture, "t", "en")).find(f"{SVG}text")
    assert text is not None
    assert "".join(text.itertext()) == "A[1] + b2 c"
    shifts = [float(run.get("dy", "0")) for run in text]
    assert shifts == [0, -3.8, 3.8, 1.8, -1.8]


@pytest.fixture(scope="module")
def picture() -> ET.Element:
    return ET.fromstring(draw.svg(net(2, 4, 1, lang="zh")))


def test_it_says_what_it_shows(picture: ET.Element) -> None:
    words = "计算链：X → 第 1 层 · relu → 第 2 层 · sigmoid → 代价 J · 二元交叉熵"
    assert picture.get("role") == "img"
    assert picture.get("aria-label") == words
    assert picture.get("lang") == "zh-CN"
    assert [title.text for title in picture.iter(f"{SVG}title")] == [words]  # no DOT names as tooltips


def test_every_colour_is_a_variable_with_a_dark_value(picture: ET.Element) -> None:
    css = "".join(style.text or "" for style in picture.iter(f"{SVG}style"))
    known = {light.lower(): dark.lower() for pair in PALETTE.values() for light, dark in zip(*pair, strict=True)}
    drawn = {e.get(a, "none") for e in picture.iter() for a in ("fill", "stroke")} - {"none"}
    assert drawn <= known.keys()
    dark = css.split("@media (prefers-color-scheme:dark)")[1]
    for light in drawn:
        variable = re.search(rf'\[fill="{light}"\]\{{fill:var\((--tg-[a-z]+-(?:fill|line|ink)),{light}\)\}}', css)
        assert variable is not None
        assert f"{variable[1]}:{known[light]};" in dark


def test_nodes_and_edges_carry_their_role_and_an_id(picture: ET.Element) -> None:
    ids = [g.get("id") for g in picture.iter(f"{SVG}g")]
    assert {"X-f", "1-p", "1-f", "1-c", "1-b", "1-g", "J-p", "J-f", "J-b"} <= set(ids)
    assert len(ids) == len(set(ids))
    classes = {g.get("class") for g in picture.iter(f"{SVG}g")}
    assert {"edge A", "edge cache", "edge data", "edge gradient", "edge parameter"} <= classes


def test_gradient_edges_are_dashed(picture: ET.Element) -> None:
    for g in picture.iter(f"{SVG}g"):
        if g.get("class") == "edge gradient":
            path = g.find(f"{SVG}path")
            assert path is not None
            assert path.get("stroke-dasharray")


def test_the_same_picture_byte_for_byte() -> None:
    assert draw.svg(residual(lang="zh")) == draw.svg(residual(lang="zh"))


def test_a_raster_shows_signs_that_chinese_fonts_lack_in_a_latin_one() -> None:
    picture = '<svg xmlns="http://www.w3.org/2000/svg"><text>ŷ</text><text>a</text></svg>'
    styles = [text.get("style") for text in ET.fromstring(dress(picture, "t", "zh", raster=True)).iter(f"{SVG}text")]
    assert styles == [f"font-family:{FONT_STACK}", None]
    assert "style=" not in dress(picture, "t", "zh")
