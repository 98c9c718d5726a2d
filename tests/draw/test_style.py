"""The palette is readable and tells roles apart; text widths are upper bounds of real fonts."""

import pytest

from tinygrad_cn.draw.style import PAINTS, PALETTE, Paint, text_width

CASES = [
    pytest.param(paint, id=f"{role}-{theme}")
    for role, both in PAINTS.items()
    for theme, paint in zip(("light", "dark"), both, strict=True)
]


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2, definition)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("paint", CASES)
def test_ink_is_readable_on_its_fill(paint: Paint) -> None:
    assert contrast(paint.ink, paint.fill) >= 4.5  # WCAG 2.2, 1.4.3


@pytest.mark.parametrize("theme", [0, 1])
def test_caption_is_readable_on_the_page(theme: int) -> None:
    page = PALETTE["page"][theme].fill
    for role in ("page", "cache", "wrong", "A", "gradient", "op"):  # caption lines and edge labels
        assert contrast(PALETTE[role][theme].ink, page) >= 4.5


def test_no_light_colour_stands_for_two_roles() -> None:
    colours = [c for light, _ in PAINTS.values() for c in light]
    assert len(colours) == len(set(colours))


# Widths at 1000 points in Liberation Sans, which has Arial's metrics, and Noto Sans CJK SC.
@pytest.mark.parametrize(
    ("text", "regular", "bold"),
    [
        ("Layer 1 · tanh", 6115, 6447),
        ("(4, 2) @ (2, 6) + (4, 1)", 9712, 9672),
        ("sigmoid", 3445, 3833),
        ("第二层反向", 5000, 5000),
    ],
)
def test_width_bounds_the_real_width_from_above(text: str, regular: int, bold: int) -> None:
    assert regular <= text_width(text, 1000) <= regular * 1.15
    assert bold <= text_width(text, 1000, bold=True) <= bold * 1.25


def test_width_counts_utf8_bytes_as_graphviz_pure_does() -> None:
    for sign in "⊙→−ᵀ²Σσ∂′…层，":
        assert text_width(sign, 1) >= 0.278 * len(sign.encode())
