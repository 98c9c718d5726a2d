"""The curves of `benchmarks.growth` as one SVG, readable on light and on dark pages."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Mapping

from benchmarks.growth import curves
from tinygrad_cn.bench import Run
from tinygrad_cn.language import Lang, say
from tinygrad_cn.train.figure import CHINESE_FONTS

INK = "#7D8792"
COLOURS = {"hand": "#8A8F96", "eager": "#2B8CCB", "compiled": "#0E9E73", "torch": "#D9682B", "jax.jit": "#B0589A"}
MARKERS = {"hand": "o", "eager": "s", "compiled": "D", "torch": "^", "jax.jit": "v"}
WORDS = {
    "depth": {"zh": "深度：n 次简单运算，前向加反向", "en": "depth: n cheap ops, forward and backward"},
    "width": {"zh": "宽度：n-n-n-10，m = 64，SGD", "en": "width: n-n-n-10, m = 64, SGD"},
    "batch": {"zh": "批量：784-128-64-10，m 个样本，Adam", "en": "batch: 784-128-64-10, m samples, Adam"},
    "depth.x": {"zh": "运算次数 n", "en": "ops n"},
    "width.x": {"zh": "每层单元数 n", "en": "units per layer n"},
    "batch.x": {"zh": "样本数 m", "en": "samples m"},
    "y": {"zh": "每步用时（秒）", "en": "seconds of a step"},
}
SETTINGS = {
    "svg.fonttype": "none", "svg.hashsalt": "benchmarks", "font.family": ["Arial", *CHINESE_FONTS, "sans-serif"],
    "font.size": 9, "axes.edgecolor": INK, "axes.labelcolor": INK, "axes.titlecolor": INK, "xtick.color": INK,
    "ytick.color": INK, "text.color": INK,
}  # fmt: skip


def svg(growth: Mapping[str, Run], lang: Lang) -> bytes:
    """One panel an axis, logarithmic both ways."""
    from matplotlib import pyplot

    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # of fonts the reader has, not this machine
    with pyplot.rc_context(SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure, _ = pyplot.subplots(1, len(growth), figsize=(4.2 * len(growth), 3.6), layout="constrained")
        for axes, (name, run) in zip(figure.axes, growth.items(), strict=True):
            for peer, points in curves(run).items():
                label = say(f"bench.{peer}", lang)
                axes.loglog(*zip(*points, strict=True), color=COLOURS[peer], marker=MARKERS[peer], ms=4, label=label)
            axes.set_title(WORDS[name][lang], fontsize=9)
            axes.set_xlabel(WORDS[f"{name}.x"][lang])
            axes.grid(color=INK, alpha=0.25)
        figure.axes[0].set_ylabel(WORDS["y"][lang])
        figure.axes[-1].legend(frameon=False)
        drawn = io.BytesIO()
        figure.savefig(drawn, format="svg", transparent=True, metadata={"Date": None})
        pyplot.close(figure)
    return drawn.getvalue()
