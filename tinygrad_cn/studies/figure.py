"""Plots of a study with matplotlib, which is an extra."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from ..language import CATALOGUE, Lang, language, say
from ..train.figure import language_and_fonts
from .plan import printed
from .space import Distribution
from .trial import Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .result import Study

POINT, BEST, FAILED = "#0068A6", "#C24E00", "#B5122B"
WIDE, WIDE_CHOICE = 100, 10  # from this ratio on, quantities and listed numbers are on a logarithmic axis
FEW = 8  # so many values are named one by one, more by an axis or a bar of colours
DARK_ENOUGH = 0.88  # of viridis: its yellow is hard to see on white
PANELS = 4  # in a row


class Scale:
    """Where the values of a hyperparameter are on an axis: numbers at themselves, anything else at 0, 1, 2, …."""

    def __init__(self, source: list[Any] | Distribution, values: Sequence[Any]) -> None:
        self.drawn = isinstance(source, Distribution)
        listed = values if isinstance(source, Distribution) else source
        self.numbers = all(isinstance(value, Real) and not isinstance(value, bool) for value in listed)
        self.texts = [] if self.numbers else list(dict.fromkeys(_text(value) for value in listed))
        self.ticks = sorted(set(listed)) if self.numbers and not self.drawn else []
        self.log = source.log if isinstance(source, Distribution) else self.numbers and wide(listed, WIDE_CHOICE)

    def __call__(self, value: Any) -> float:
        """The place of a value."""
        return float(value) if self.numbers else float(self.texts.index(_text(value)))

    def mark(self, axes: Axes) -> None:
        """Give the horizontal axis its scale, or its texts."""
        if self.log:
            axes.set_xscale("log")
        if self.texts:
            axes.set_xticks(range(len(self.texts)), self.texts)
            axes.margins(x=0.2)
        elif 0 < len(self.ticks) <= FEW:
            axes.set_xticks(self.ticks, [_text(value) for value in self.ticks])
            axes.set_xticks([], minor=True)


def wide(values: Sequence[Any], ratio: float = WIDE) -> bool:
    """Whether positive numbers differ by this ratio.

    Examples
    --------
    >>> wide([0.001, 0.01, 0.1]), wide([4, 8, 16])
    (True, False)
    """
    return bool(min(values) > 0 and max(values) >= ratio * min(values))


def panels(study: Study, lang: str | None) -> tuple[Axes, ...]:
    """Draw what `Study.plot` promises."""
    pyplot = _pyplot("Study.plot")
    best, words = study.best, language(lang)
    shown, fonts = language_and_fonts(words)
    names = [name for name, source in study.space.items() if _varies(source)] or list(study.space)
    rows = math.ceil(len(names) / PANELS)
    columns = math.ceil(len(names) / rows)
    figure = pyplot.figure(figsize=(3.4 * columns + 0.8, 3.4 * rows), layout="constrained")
    places = [figure.add_subplot(rows, columns, i) for i, _ in enumerate(names, 1)]
    for axes, name in zip(places, names, strict=True):
        _panel(axes, study, name, best)
        axes.set_xlabel(name)
        axes.set_ylabel(_label(study.metric, shown), fontfamily=fonts)
    if study.failed:
        places[0].legend(prop={"family": fonts}, frameon=False, labels=[say("study.failed", shown)])
    return tuple(places)


def _panel(axes: Axes, study: Study, name: str, best: Trial) -> None:
    """The judged quantity against one hyperparameter."""
    scale = Scale(study.space[name], [trial.params[name] for trial in study.trials])
    failed = [scale(trial.params[name]) for trial in study.failed]
    if failed:
        axes.plot(failed, [0.0] * len(failed), "x", color=FAILED, transform=axes.get_xaxis_transform(), clip_on=False)
    ranked = study.ranked
    scores = [trial.metrics[study.metric] for trial in ranked]
    axes.plot([scale(t.params[name]) for t in ranked], scores, "o", color=POINT, alpha=0.7)
    axes.plot([scale(best.params[name])], scores[:1], "o", color=BEST, markersize=9)
    scale.mark(axes)
    if wide(scores):
        axes.set_yscale("log")
    axes.grid(alpha=0.25)


def curves(study: Study, quantity: str, by: str | None, lang: str | None) -> Axes:
    """Draw what `Study.plot_curves` promises."""
    pyplot = _pyplot("Study.plot_curves")
    from matplotlib.ticker import MaxNLocator

    by = next(iter(study.space)) if by is None else by
    drawn = [trial for trial in study.trials if trial.curves.get(quantity)]
    _check(study, drawn, quantity, by)
    shown, fonts = language_and_fonts(language(lang))
    axes: Axes = pyplot.subplots(figsize=(6.4, 4.2), layout="constrained")[1]
    scale = Scale(study.space[by], [trial.params[by] for trial in drawn])
    colours = Colours(scale, drawn, by)
    best = study.ranked[:1]
    for trial in drawn:
        width = 2.6 if trial in best else 1.0
        axes.plot(trial.curves[quantity], color=colours(trial), linewidth=width, alpha=0.9)
    colours.explain(axes)
    values = [x for trial in drawn for x in trial.curves[quantity] if np.isfinite(x)]
    if values and wide(values):
        axes.set_yscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel(say("epoch", shown), fontfamily=fonts)
    axes.set_ylabel(_label(quantity, shown), fontfamily=fonts)
    axes.grid(alpha=0.25)
    return axes


class Colours:
    """A colour for each value of a hyperparameter, from dark to light, and a legend or a bar that explains them."""

    def __init__(self, scale: Scale, trials: Sequence[Trial], by: str) -> None:
        from matplotlib import colormaps
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import ListedColormap, LogNorm, Normalize

        self.scale, self.by = scale, by
        self.values = {scale(trial.params[by]): _text(trial.params[by]) for trial in trials}
        norm = (LogNorm if scale.log else Normalize)(min(self.values), max(self.values))
        self.map: Any = ScalarMappable(norm, ListedColormap(colormaps["viridis"](np.linspace(0, DARK_ENOUGH, 256))))

    def __call__(self, trial: Trial) -> Any:
        """The colour of a trial."""
        return self.map.to_rgba(self.scale(trial.params[self.by]))

    def explain(self, axes: Axes) -> None:
        """Say which colour is which value: beside the curves, which may be anywhere."""
        from matplotlib.lines import Line2D

        if self.scale.drawn or (self.scale.numbers and len(self.values) > FEW):
            axes.figure.colorbar(self.map, ax=axes, label=self.by)
            return
        lines = [Line2D([], [], color=self.map.to_rgba(at), label=self.values[at]) for at in sorted(self.values)]
        axes.figure.legend(handles=lines, title=self.by, frameon=False, loc="outside right center")


# ---- helpers ----------------------------------------------------------------------------------------


def _pyplot(caller: str) -> Any:
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError(f"{caller} needs matplotlib: pip install 'tinygrad-cn[plot]'") from error
    return pyplot


def _varies(source: list[Any] | Distribution) -> bool:
    return isinstance(source, Distribution) or len(source) > 1


def _check(study: Study, drawn: list[Trial], quantity: str, by: str) -> None:
    if by not in study.space:
        raise ValueError(f"by must be one of {', '.join(study.space)}; got {by!r}")
    if not drawn:
        known = sorted({name for trial in study.trials for name in trial.curves})
        raise ValueError(f"no trial has a curve of {quantity!r}; they have {', '.join(known) or 'none'}")


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(printed(value))


def _label(quantity: str, lang: Lang) -> str:
    """A quantity's name in the catalogue, or as it is."""
    key = f"study.{quantity}"
    return say(key, lang) if key in CATALOGUE else quantity
