"""The page as a file: whole, self-contained, the same on every run, safe with any name."""

import base64
import hashlib
import re
import timeit
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from tests.draw.html.chains import KINDS, cost_of, dense, images, named, neuron, residual
from tinygrad_cn import nn
from tinygrad_cn.draw.html.page import page
from tinygrad_cn.errors import PictureError, RenderError

VOID = frozenset("meta link".split())


class Reader(HTMLParser):
    """Elements with their attributes, and the text of the style and the script; unbalanced tags are an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, str] = {}
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag == "wbr":
            return
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text[self.open[-1] if self.open else ""] = self.text.get(self.open[-1] if self.open else "", "") + data

    def find(self, tag: str, **attributes: str) -> list[dict[str, str | None]]:
        return [a for t, a in self.elements if t == tag and all(a.get(k) == v for k, v in attributes.items())]


def read(text: str) -> Reader:
    return Reader(text.replace("<wbr>", "<wbr/>"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_chain_has_a_balanced_page_with_a_step_for_each_quantity(kind: str) -> None:
    chain = KINDS[kind]()
    reader = read(page(chain))
    steps = reader.find("article")
    assert len(steps) >= len({q.name for q in chain.quantities.values() if q.formula}) - (
        10 * 6 if kind == "deep" else 0
    )
    cards = {a["id"] for a in reader.find("template")}
    for step in steps:
        used = [*(step["data-uses"] or "").split(), step["data-result"]]
        assert {f"card-{n}" for n in used} <= cards
    targets = {int(a["data-step"] or 0) for t, a in reader.elements if "data-step" in a}
    assert targets <= set(range(1, len(steps) + 1))


def test_every_quantity_of_the_picture_can_be_clicked() -> None:
    areas = read(page(dense((2, 4, 1)))).find("rect")
    assert len(areas) == 1 + 4 + 4 + 1 + 1 + 4 + 4 + 1  # X, parameters, Z and A, Y, J, dZ and dA, dW and db, dA2
    assert all(float(a["width"] or 0) > 40 and float(a["height"] or 0) > 15 for a in areas)
    first, turn = (next(a for a in areas if a["data-step"] == str(n)) for n in (1, 6))
    assert float(first["x"] or 0) < float(turn["x"] or 0)  # forward on the left, backward on the right


def test_parts_of_the_picture_appear_when_they_are_computed() -> None:
    reader = read(page(dense((2, 4, 1))))
    nodes = [a["data-from"] for a in reader.find("g", **{"class": "node"})]
    assert sorted(map(int, filter(None, nodes))) == [1, 1, 1, 2, 3, 3, 4, 5, 5, 6, 7, 8, 11, 12]


def test_edges_that_skip_rows_appear_with_what_they_carry() -> None:
    reader = read(page(residual()))
    lanes = [a for a in reader.find("g") if str(a.get("class", "")).startswith("edge gradient")]
    turning = int(str(reader.find("button", id="turn")[0]["data-step"]))
    assert all(int(a["data-from"] or 0) >= turning for a in lanes)


def test_the_page_takes_nothing_from_outside() -> None:
    text = page(dense())
    assert set(re.findall(r"https?://[^\"' ]*", text)) == {"http://www.w3.org/2000/svg"}
    reader = read(text)
    assert not [a for _, a in reader.elements if a.keys() & {"src", "srcset", "xlink:href", "style"}]
    assert {a["href"] for _, a in reader.elements if "href" in a and not str(a["href"]).startswith("#")} == {"data:,"}


def test_the_policy_lets_in_this_style_and_script_only() -> None:
    reader = read(page(dense()))
    policy = str(reader.find("meta", **{"http-equiv": "Content-Security-Policy"})[0]["content"])
    assert policy.startswith("default-src 'none';")
    for tag in ("style", "script"):
        assert len(reader.find(tag)) == 1
        digest = base64.b64encode(hashlib.sha256(reader.text[tag].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_no_handlers_are_written_into_elements() -> None:
    assert not [a for _, a in read(page(named())).elements if any(key.startswith("on") for key in a)]


def test_names_are_escaped_everywhere() -> None:
    text = page(named())
    assert "<b onclick" not in text
    assert "R&amp;D" in text
    assert re.search(r"R&(?!amp;)", text) is None


@pytest.mark.parametrize(("lang", "tag", "word"), [("zh", "zh-CN", "下一步"), ("en", "en", "Next")])
def test_the_page_speaks_the_language_of_the_chain(lang: str, tag: str, word: str) -> None:
    text = page(dense(lang=lang))
    assert f'<html lang="{tag}">' in text
    assert word in text
    if lang == "en":
        assert re.findall(r"[㐀-鿿]+", re.sub(r"(?s)<style>.*?</style>", "", text)) == []


def test_each_parameter_gradient_shows_its_numeric_check() -> None:
    text = page(dense((2, 4, 1)))
    assert text.count("entries by central difference: largest difference") == 4
    assert "Checked 4 of 8 entries" in text
    assert text.count('<p class="check ok">') == 4


def test_a_gradient_that_disagrees_is_marked_and_a_cause_named() -> None:
    chain = dense((2, 4, 1))
    chain.root.backward()  # type: ignore[attr-defined]
    text = page(chain)
    assert text.count('<p class="check wrong">') == 4
    assert "Was backward() called more than once" in text


@pytest.mark.parametrize(("lang", "word"), [("zh", "未计算"), ("en", "not computed")])
def test_before_backward_gradients_are_not_computed(lang: str, word: str) -> None:
    text = page(dense((2, 4, 1), lang=lang, backward=False))
    assert text.count(f'<p class="missing">{word}</p>') == 9
    assert "J.backward()" in text
    assert 'class="check' not in text


def test_folded_layers_say_that_their_values_are_left_out() -> None:
    text = page(dense((3, *[4] * 12, 1), lang="zh"))
    assert "11 层相同" in text
    assert "个时间步合成一步" not in text


def test_folded_time_steps_are_not_called_layers() -> None:
    J = nn.cross_entropy(nn.RNN(3, 4, output="last", seed=1)(np.ones((3, 5, 10))), np.zeros(5, int))
    J.backward()
    text = page(J.chain(lang="zh"))
    assert "10 个时间步合成一步" in text
    assert "层相同" not in text


def test_the_same_chain_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.html", "b.html"):
        dense(hidden="relu").html(tmp_path / name)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


@pytest.mark.parametrize("sizes", [[12288, 20, 7, 5, 1], [64, *[32] * 199, 1]], ids=["12288-20-7-5-1", "200 layers"])
def test_deep_nets_make_small_pages_in_time(sizes: list[int], tmp_path: Path) -> None:
    J = cost_of(sizes, m=50, hidden="relu")
    J.backward()
    seconds = timeit.repeat(lambda: J.chain().html(tmp_path / "page.html"), number=1, repeat=3)
    assert min(seconds) < 2  # other work on the machine only ever adds
    assert (tmp_path / "page.html").stat().st_size < 2e6


def test_a_wrong_suffix_a_directory_and_no_directory(tmp_path: Path) -> None:
    chain = neuron()
    with pytest.raises(PictureError, match=r"path must end in one of \.html, \.htm; got '.*chain\.svg'"):
        chain.html(tmp_path / "chain.svg")
    with pytest.raises(FileNotFoundError, match=r"directory '.*nowhere' of '.*' does not exist"):
        chain.html(tmp_path / "nowhere" / "page.html")
    (tmp_path / "page.html").mkdir()
    with pytest.raises(PictureError, match="is a directory"):
        chain.html(tmp_path / "page.html")


def test_a_renderer_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "page.html").write_text("old")
    monkeypatch.setenv("TINYGRAD_CN_DOT", "/nowhere/dot")
    with pytest.raises(RenderError):
        neuron().html(tmp_path / "page.html")
    assert [f.name for f in tmp_path.iterdir()] == ["page.html"]
    assert (tmp_path / "page.html").read_text() == "old"


def test_a_convolution_shows_one_entry_and_says_why_once() -> None:
    text = page(images())
    (first,) = re.findall(r'<article class="step role-z".*?</article>', text, re.DOTALL)[:1]
    assert first.count("<dt>Why</dt>") == 1
    assert "<dt>Entry</dt>" in first
    assert "Filter" in first
    assert "every column" not in first
