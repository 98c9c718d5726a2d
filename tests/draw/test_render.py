"""Engines, file types and errors: a file is written whole or not at all, and says what is missing."""

import shutil
import struct
import sys
import types
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import resvg_py

from tests.handmade import net
from tinygrad_cn import draw
from tinygrad_cn.draw import render
from tinygrad_cn.errors import PictureError, RenderError

CHAIN = net(2, 4, 1, lang="zh")
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def no_graphviz(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with neither graphviz-pure nor dot."""
    monkeypatch.delenv(render.OVERRIDE, raising=False)
    monkeypatch.setattr(render.shutil, "which", lambda *args, **kwargs: None)


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A renderer made of a shell script; the test writes it."""
    script = tmp_path / "engine.sh"
    monkeypatch.setenv(render.OVERRIDE, str(script))
    return script


@pytest.fixture
def fonts() -> None:
    """Skips where no font can draw Chinese letters into a PNG."""
    try:
        render._check_fonts(resvg_py.svg_to_bytes, "zh")
    except RenderError as error:
        pytest.skip(str(error))


def write_script(script: Path, body: str) -> None:
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)


def test_svg_is_rendered_by_the_wheel_without_system_graphviz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    file = draw.draw(CHAIN, tmp_path / "chain.svg")
    assert file == tmp_path / "chain.svg"
    root = ET.parse(file).getroot()
    assert "第 1 层 · relu" in ["".join(t.itertext()) for t in root.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.usefixtures("fonts")
def test_two_runs_write_the_same_bytes(tmp_path: Path) -> None:
    for suffix in ("svg", "dot", "png"):
        first, second = (draw.draw(CHAIN, tmp_path / f"{n}.{suffix}").read_bytes() for n in (1, 2))
        assert first == second


@pytest.mark.usefixtures("fonts")
def test_png_is_twice_the_size_and_keeps_literal_colours(tmp_path: Path) -> None:
    data = draw.draw(CHAIN, str(tmp_path / "chain.PNG")).read_bytes()
    assert data.startswith(PNG)
    width, height = struct.unpack(">II", data[16:24])
    root = ET.fromstring(draw.svg(CHAIN))
    points = float(root.get("width", "0").removesuffix("pt")), float(root.get("height", "0").removesuffix("pt"))
    assert (width, height) == (
        pytest.approx(points[0] * 96 / 72 * 2, abs=2),
        pytest.approx(points[1] * 96 / 72 * 2, abs=2),
    )
    assert len(set(data)) > 200  # letters and bands, not one colour


@pytest.mark.parametrize("name", ["chain.dot", "chain.gv"])
@pytest.mark.usefixtures("no_graphviz")
def test_dot_needs_no_renderer(tmp_path: Path, name: str) -> None:
    assert draw.draw(CHAIN, tmp_path / name).read_text(encoding="utf-8").startswith("digraph chain {")


@pytest.mark.usefixtures("no_graphviz")
def test_without_a_renderer_the_error_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"pip install graphviz-pure.*TINYGRAD_CN_DOT.*chain\.dot"):
        draw.draw(CHAIN, tmp_path / "chain.svg")
    with pytest.raises(RenderError, match="no renderer for pdf found: install Graphviz"):
        draw.draw(CHAIN, tmp_path / "chain.pdf")
    assert list(tmp_path.iterdir()) == []


def test_png_without_its_extra_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_graphviz: None) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(RenderError, match=r"pip install 'tinygrad-cn\[png\]'"):
        draw.draw(CHAIN, tmp_path / "chain.png")


def test_png_without_fonts_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = types.ModuleType("resvg_py")
    fake.svg_to_bytes = lambda **kwargs: b"the same for any text"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "resvg_py", fake)
    with pytest.raises(RenderError, match="no font on this machine has 'A'"):
        draw.draw(CHAIN, tmp_path / "chain.png")
    assert list(tmp_path.iterdir()) == []


def test_too_large_a_png_is_made_smaller_then_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="750pt" height="750pt">'  # 10⁶ pixels at zoom 1
    assert render._zoom(svg) == 2
    monkeypatch.setattr(render, "MAX_PIXELS", 1e6)
    assert render._zoom(svg) == pytest.approx(1)
    monkeypatch.setattr(render, "MAX_PIXELS", 1e5)
    with pytest.raises(RenderError, match=r"1000 × 1000 .* too large for a PNG"):
        render._zoom(svg)


def test_the_override_is_used(engine: Path, tmp_path: Path) -> None:
    pure = render.shutil.which("graphviz-pure", path=str(Path(sys.executable).parent))
    assert pure is not None
    write_script(engine, f'echo "$@" > {tmp_path}/arguments; exec {pure} "$@"')
    draw.draw(CHAIN, tmp_path / "chain.svg")
    assert (tmp_path / "arguments").read_text() == "-Tsvg\n"


def test_a_failing_renderer_leaves_the_old_file(engine: Path, tmp_path: Path) -> None:
    write_script(engine, "cat > /dev/null; echo half a picture; echo syntax error in line 3 >&2; exit 1")
    file = tmp_path / "chain.svg"
    file.write_text("old")
    with pytest.raises(RenderError, match=r"engine\.sh -Tsvg failed: syntax error in line 3"):
        draw.draw(CHAIN, file)
    assert file.read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["chain.svg", "engine.sh"]


def test_a_missing_override_is_named(engine: Path) -> None:
    with pytest.raises(RenderError, match=r"cannot run '.*engine\.sh' \(from TINYGRAD_CN_DOT\): No such file"):
        draw.svg(CHAIN)


def test_a_renderer_that_hangs_is_stopped(engine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_script(engine, "exec sleep 60")
    monkeypatch.setattr(render, "TIMEOUT", 0.2)
    with pytest.raises(RenderError, match=r"engine\.sh did not finish within 0\.2 s"):
        draw.svg(CHAIN)


def test_a_failed_move_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise PermissionError("no")

    monkeypatch.setattr(render.os, "replace", refuse)
    with pytest.raises(PermissionError):
        draw.draw(CHAIN, tmp_path / "chain.dot")
    assert list(tmp_path.iterdir()) == []


def test_unknown_suffix_view_and_directory_are_named(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"\.svg, \.png, \.pdf, \.dot, \.gv; got .*chain\.jpg"):
        draw.draw(CHAIN, tmp_path / "chain.jpg")
    with pytest.raises(PictureError, match=r"must end in one of .*; got .*chain'"):
        draw.draw(CHAIN, tmp_path / "chain")
    with pytest.raises(PictureError, match=r"view must be one of ladder.*; got 'spiral'"):
        draw.draw(CHAIN, tmp_path / "chain.svg", view="spiral")
    with pytest.raises(PictureError, match=r"view must be one of ladder.*; got 'spiral'"):
        draw.svg(CHAIN, view="spiral")
    with pytest.raises(FileNotFoundError, match=r"directory '.*nowhere' of '.*' does not exist"):
        draw.draw(CHAIN, tmp_path / "nowhere" / "chain.svg")
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(PictureError, match="is a directory"):
        draw.draw(CHAIN, tmp_path / "folder.svg")


def test_files_have_the_usual_permissions(tmp_path: Path) -> None:
    usual = tmp_path / "usual"
    usual.touch()
    assert draw.draw(CHAIN, tmp_path / "chain.dot").stat().st_mode == usual.stat().st_mode


@pytest.mark.skipif(shutil.which("dot") is None, reason="PDF needs the system's Graphviz")
def test_pdf_by_system_graphviz(tmp_path: Path) -> None:
    assert draw.draw(CHAIN, tmp_path / "chain.pdf").read_bytes().startswith(b"%PDF")
