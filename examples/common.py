"""What the examples share: their command line, two languages, a table, and pictures that need matplotlib."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import tinygrad_cn as tg
from tinygrad_cn import nn
from tinygrad_cn.language import language
from tinygrad_cn.text import align
from tinygrad_cn.train.figure import language_and_fonts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Words = Callable[[str, str], str]  # of a Chinese and an English text, the one to show
COLOURS = ("#0068A6", "#C24E00", "#00795A", "#9B4583", "#8A6D00", "#5B6470")  # of lines in one picture


def run(main: Callable[..., Any], description: str | None) -> None:
    """Call an example's `main` with what the command line says."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("tinygrad_cn_examples"), metavar="DIR", help="where files go")
    parser.add_argument("--lang", choices=("zh", "en"), help="language; default TINYGRAD_CN_LANG, then the locale")
    parsed = parser.parse_args()
    main(parsed.out, parsed.lang)


def words(lang: str | None) -> Words:
    """`w("中文", "English")` gives the text in the chosen language."""
    chinese = language(lang) == "zh"
    return lambda zh, en: zh if chinese else en


def table(*rows: tuple[Any, ...]) -> str:
    """Rows with aligned columns, the first one the heading."""
    return "\n".join(align([tuple(map(str, row)) for row in rows]))


def right(net: nn.Module, X: Any, Y: Any) -> float:
    """Share of samples whose class the net tells: by a threshold of 0.5, or by the largest of several outputs."""
    with tg.no_grad():
        A = net(X).numpy()
    return float(np.mean((A > 0.5) == Y if len(Y) == 1 else A.argmax(axis=0) == Y.argmax(axis=0)))


def save_figure(draw: Callable[[], Figure], path: Path, w: Words) -> list[Path]:
    """Save what `draw` draws with matplotlib; without matplotlib, say so and save nothing."""
    try:
        from matplotlib import pyplot
    except ImportError:
        print(w(f"没有安装 matplotlib，跳过 {path.name}。", f"matplotlib is not installed: {path.name} is left out."))
        return []
    _, fonts = language_and_fonts(w("zh", "en"))
    with pyplot.rc_context({"font.family": fonts}):
        figure = draw()
        figure.savefig(path, dpi=120)
    pyplot.close(figure)
    return [path]


def picture_words(w: Words) -> Words:
    """`w` for matplotlib: English where the machine has no Chinese font."""
    return words(language_and_fonts(w("zh", "en"))[0])


def panels(rows: int, columns: int) -> tuple[Figure, Sequence[Axes]]:
    """A figure of squares without ticks, row by row."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3 * columns, 3.2 * rows), layout="constrained")
    bare = {"xticks": [], "yticks": [], "frame_on": False}
    return figure, figure.subplots(rows, columns, squeeze=False, subplot_kw=bare).ravel()


def draw_regions(axes: Axes, net: nn.Module, X: Any, Y: Any) -> None:
    """Points in the plane, and behind them the regions where the net says 0 and 1."""
    side = np.linspace(X.min() - 0.5, X.max() + 0.5, 181)
    grid = np.stack(np.meshgrid(side, side)).reshape(2, -1)
    with tg.no_grad():
        says_1 = net(grid).numpy().reshape(181, 181) > 0.5
    axes.contourf(side, side, says_1, levels=[-0.5, 0.5, 1.5], colors=["#FDE9DC", "#E1EFFA"])
    axes.scatter(*X, c=np.where(Y[0] == 1, *COLOURS[:2]), s=6)


def list_files(files: list[Path], w: Words) -> None:
    """Print where the files are."""
    print(w("\n文件：", "\nFiles:"), *files, sep="\n  ")
