"""The page of figures: written from what was measured, in both languages, the same each time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import growth, imports, page, passes, plots
from tinygrad_cn.bench.results import Entry, Run, Timing
from tinygrad_cn.bench.workload import WORKLOADS
from tinygrad_cn.compiler.passes import PASSES

from .test_table import given


def grown(*sizes: int) -> Run:
    timings = [
        Timing(str(n), [Entry("hand", cpu=[1e-6 * n] * 3), Entry("eager", cpu=[4e-6 * n] * 3), Entry("torch", "late")])
        for n in sizes
    ]
    return replace(given(), timings=timings)


GAINS = {"W1": {"layout": passes.Gain(1.004, 0), "sums": passes.Gain(1.5, -3)}}
MEASURED = page.Measured(given(), {"depth": grown(10, 100), "batch": grown(1, 4)}, [0.050, 0.060, 0.100], GAINS)


def test_curves_leave_out_what_was_not_timed() -> None:
    assert growth.curves(grown(10, 100)) == {
        "hand": [(10, pytest.approx(1e-5)), (100, pytest.approx(1e-4))],
        "eager": [(10, pytest.approx(4e-5)), (100, pytest.approx(4e-4))],
    }


def test_sizes_become_workloads() -> None:
    wide, deep = growth.AXES["width"].sized(64), growth.AXES["depth"].sized(1000)
    assert (wide.name, wide.dims) == ("64", (64, 64, 64, 10))
    assert (deep.name, deep.steps, deep.kind) == ("1000", 1000, "chain")


@pytest.mark.slow
def test_growth_in_small() -> None:
    assert [n for n, _ in growth.curves(growth.grow("depth", sizes=(10, 20)))["eager"]] == [10, 20]


def test_what_was_measured_survives_json() -> None:
    assert page.Measured.from_json(MEASURED.to_json()) == MEASURED


def test_the_page_in_both_languages() -> None:
    english, chinese = page.page(MEASURED, "en"), page.page(MEASURED, "zh")
    assert english.startswith("# Measured speeds\n")
    assert "takes 60 ms of CPU time beyond `import numpy` (quartiles 55 – 80 ms, fresh processes)" in english
    assert "at most 80 ms: ✓" in english
    assert "| NumPy by hand | 44.0 µs |" in english
    assert chinese.startswith("# 实测速度\n")
    assert "多用 CPU 时间 60 ms（四分位 55 – 80 ms" in chinese
    assert "| sums | 1.50 (-3) |" in english
    assert "| 求和 | 1.50 (-3) |" in chinese
    assert english.count("\n## ") == chinese.count("\n## ") == 5


def test_a_pass_that_is_left_out_comes_back() -> None:
    before = list(PASSES)
    with passes.without("sums"):
        assert list(PASSES) == [name for name in before if name != "sums"]
    assert list(PASSES) == before


def test_what_the_passes_gain_in_small() -> None:
    found = passes.gains(replace(WORKLOADS["W5"], dims=(8,) * 9), rounds=1, seconds=0.0)
    assert set(found) == set(PASSES) - {"arrays of their own", "dead code"}
    assert found["equal layers at once"].calls > 0
    assert all(gain.time > 0 for gain in found.values())


def test_a_missed_import_goal_says_by_how_much() -> None:
    assert "at most 80 ms: ✗ +50%" in page.page(replace(MEASURED, imports=[0.12]), "en")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_curves_as_svg_are_the_same_each_time(lang: page.Lang) -> None:
    pytest.importorskip("matplotlib")
    first, again = (plots.svg(MEASURED.growth, lang).decode() for _ in range(2))
    assert first == again
    assert first.count("#2B8CCB".lower()) >= 2
    assert {"en": "samples m", "zh": "样本数 m"}[lang] in first


def test_writing_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(page, "DATA", tmp_path / "measured.json")
    monkeypatch.setattr(page, "PAGES", {"en": tmp_path / "page.md", "zh": tmp_path / "page.zh.md"})
    page.write(MEASURED)
    assert {file.name for file in tmp_path.iterdir()} == {"page.md", "page.zh.md", "growth_en.svg", "growth_zh.svg"}


def test_the_import_is_timed_in_fresh_processes() -> None:
    found = imports.measure(times=2)
    assert len(found) == 2
    assert all(seconds > 0 for seconds in found)
