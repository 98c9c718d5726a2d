"""The documentation: its code prints what the pages show, both languages have the same code, links lead somewhere."""

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parent.parent / "docs"
OUTPUTS: dict[str, Any] = runpy.run_path(str(DOCS / "make_outputs.py"))
PAGES: list[Path] = OUTPUTS["PAGES"]
FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#+) ", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#]+)\)")


def name(page: Path) -> str:
    return str(page.relative_to(DOCS.parent))


def prose(page: Path) -> str:
    return FENCED.sub("", page.read_text(encoding="utf-8"))


def skeleton(page: Path) -> list[tuple[str, str]]:
    """Kinds of blocks in order, with the code of those that are no output."""
    found = FENCED.findall(page.read_text(encoding="utf-8"))
    return [(kind, "" if kind == "text" else code) for kind, code in found]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_code_prints_what_the_page_shows(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TINYGRAD_CN_LANG", OUTPUTS["language"](page))
    fresh = OUTPUTS["refreshed"](page)
    assert fresh == page.read_text(encoding="utf-8"), "look at the difference; if it is meant: docs/make_outputs.py"


def test_both_languages_have_the_same_pages_code_and_headings() -> None:
    pairs = [(DOCS.parent / "README.md", DOCS.parent / "README.zh-CN.md")]
    pairs += [(page, DOCS / "zh" / page.name) for page in sorted((DOCS / "en").iterdir())]
    assert [zh.name for _, zh in pairs[1:]] == sorted(page.name for page in (DOCS / "zh").iterdir())
    for en, zh in pairs:
        assert skeleton(zh) == skeleton(en)
        assert HEADING.findall(prose(zh)) == HEADING.findall(prose(en)), name(zh)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_to_files(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        assert "://" in link or (page.parent / link).exists(), link


def test_the_images_are_what_the_code_draws(tmp_path: Path) -> None:
    runpy.run_path(str(DOCS / "make_images.py"))["main"](tmp_path)
    drawn = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    kept = {file.name: file.read_bytes() for file in (DOCS / "images").glob("*.svg")}
    assert sorted(drawn) == sorted(kept)
    stale = [file for file in kept if drawn[file] != kept[file]]
    assert not stale, "look at the pictures; if they are meant: docs/make_images.py"
