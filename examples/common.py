"""What the examples share: their command line, two languages, a table, and pictures that need matplotlib."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinygrad_cn.language import language
from tinygrad_cn.text import align

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Words = Callable[[str, str], str]  # of a Chinese and an English text, the one to show


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


def save_figure(draw: Callable[[], Figure], path: Path, w: Words) -> list[Path]:
    """Save what `draw` draws with matplotlib; without matplotlib, say so and save nothing."""
    try:
        from matplotlib import pyplot
    except ImportError:
        print(w(f"没有安装 matplotlib，跳过 {path.name}。", f"matplotlib is not installed: {path.name} is left out."))
        return []
    figure = draw()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
    return [path]


def list_files(files: list[Path], w: Words) -> None:
    """Print where the files are."""
    print(w("\n文件：", "\nFiles:"), *files, sep="\n  ")
