"""Text on the page has contrast AA, 4.5 : 1, in light and in dark (WCAG 2.2, success criterion 1.4.3)."""

import re

import pytest

from tinygrad_cn.draw.html.page import _file
from tinygrad_cn.draw.style import PALETTE

AA = 4.5
SIDES = {0: "#f6f7f9", 1: "#1a1f26"}  # background of the steps, as in page.css


def channels(colour: str) -> list[float]:
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def luminance(rgb: list[float]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(a: list[float], b: list[float]) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def mixed(over: str, share: float, under: str) -> list[float]:
    return [share * a + (1 - share) * b for a, b in zip(channels(over), channels(under), strict=True)]


def test_black_on_white_is_21() -> None:
    assert contrast(channels("#000000"), channels("#ffffff")) == pytest.approx(21)


def test_the_sides_are_those_of_the_style_sheet() -> None:
    assert set(re.findall(r"--side: (#\w+)", _file("page.css"))) == set(SIDES.values())


@pytest.mark.parametrize("theme", SIDES)
@pytest.mark.parametrize("role", PALETTE)
def test_ink_on_its_fill_on_the_page_and_on_the_steps(role: str, theme: int) -> None:
    ink = channels(PALETTE[role][theme].ink)
    for ground in (PALETTE[role][theme].fill, PALETTE["page"][theme].fill, SIDES[theme]):
        assert contrast(ink, channels(ground)) >= AA, ground


@pytest.mark.parametrize("theme", SIDES)
@pytest.mark.parametrize("role", PALETTE)
def test_numbers_on_the_darkest_shade(role: str, theme: int) -> None:
    paint = PALETTE[role][theme]
    share = max(int(p) for p in re.findall(r"var\(--line\) (\d+)%", _file("page.css"))) / 100
    for ground in (PALETTE["page"][theme].fill, SIDES[theme]):
        assert contrast(channels(paint.ink), mixed(paint.line, share, ground)) >= AA


@pytest.mark.parametrize("theme", SIDES)
def test_quiet_text_and_the_main_button(theme: int) -> None:
    quiet, page = channels(PALETTE["data"][theme].line), channels(PALETTE["page"][theme].fill)
    assert contrast(quiet, channels(SIDES[theme])) >= AA
    assert contrast(quiet, page) >= AA
    assert contrast(page, channels(PALETTE["A"][theme].line)) >= AA
    assert contrast(page, channels(PALETTE["A"][theme].ink)) >= AA
