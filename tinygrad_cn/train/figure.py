"""The curves of a history, drawn with matplotlib, which is an extra."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..language import Lang, language, say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .history import History

TRAINING, VALIDATION = "#0068A6", "#C24E00"
CHINESE_FONTS = (
    "Noto Sans CJK SC", "Source Han Sans SC", "Noto Sans SC", "Microsoft YaHei", "PingFang SC", "Hiragino Sans GB",
    "Heiti SC", "SimHei", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Noto Sans CJK JP", "Arial Unicode MS",
)  # fmt: skip


def curves(history: History, lang: str | None = None) -> tuple[Axes, ...]:
    """Draw what `History.plot` promises."""
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError("History.plot needs matplotlib: pip install 'tinygrad-cn[plot]'") from error
    if not history.epochs:
        raise ValueError("History.plot: no epoch was completed, so there is no curve to draw")
    words, fonts = language_and_fonts(language(lang))
    quantities = ["cost", *["accuracy"] * bool(history.accuracy or history.val_accuracy)]
    _, grid = pyplot.subplots(
        1, len(quantities), figsize=(5 * len(quantities), 3.6), squeeze=False, layout="constrained"
    )
    for axes, quantity in zip(grid[0], quantities, strict=True):
        _curve(axes, history, quantity, words, fonts)
    return tuple(grid[0])


def _curve(axes: Axes, history: History, quantity: str, words: Lang, fonts: list[str]) -> None:
    """Training and validation curve of one quantity."""
    for key, prefix, colour in (("training", "", TRAINING), ("validation", "val_", VALIDATION)):
        values = getattr(history, prefix + quantity)
        if values:
            axes.plot(history.epochs, values, color=colour, label=say(key, words))
    axes.set_xlabel(say("epoch", words), fontfamily=fonts)
    axes.set_ylabel(say(quantity, words), fontfamily=fonts)
    axes.grid(alpha=0.25)
    axes.legend(prop={"family": fonts}, frameon=False)


def language_and_fonts(wanted: Lang) -> tuple[Lang, list[str]]:
    """Font families that have every glyph, and the language they allow."""
    from matplotlib import font_manager

    latin = "DejaVu Sans"  # comes with matplotlib
    if wanted == "en":
        return "en", [latin]
    installed = set(font_manager.get_font_names())
    chinese = next((name for name in CHINESE_FONTS if name in installed), None)
    return ("zh", [latin, chinese]) if chinese else ("en", [latin])
