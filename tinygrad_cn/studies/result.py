"""Study: the trials that were done, the best of them, a table, and plots."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import files
from ..files import PathLike
from ..language import language, say
from ..text import align
from .plan import printed_params
from .space import OWN_COLUMNS, Choices
from .trial import Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Row = dict[str, Any]
LIKELY = ("val_cost", "cost")  # what is minimised if nothing else is said


@dataclass(frozen=True, repr=False)
class Study:
    """What `study` returns; `print` shows it as a table, in 中文 or English.

    Attributes
    ----------
    trials : tuple of Trial
        Those that are finished, in the order of the plan; failed ones are among them.
    space : dict
        Where the hyperparameters came from.
    metric : str
        The quantity trials are judged by.
    maximize : bool
        Whether a larger one is better.
    planned : int
        How many trials there are to be.
    interrupted : bool
        Ctrl-C ended the study.

    Examples
    --------
    >>> trials = Trial(0, {"lr": 0.1}, {"cost": 0.5}, seconds=2.0), Trial(1, {"lr": 1.0}, {"cost": 0.25}, seconds=2.0)
    >>> study = Study(trials, {"lr": [0.1, 1.0]}, "cost")
    >>> study
    <Study: 2 of 2 trials, best cost 0.25>
    >>> study.best.params
    {'lr': 1.0}
    >>> print(study.table("en"))
    trial  lr   cost  seconds
    1      1    0.25  2
    0      0.1  0.5   2
    """

    trials: tuple[Trial, ...]
    space: Choices
    metric: str
    maximize: bool = False
    planned: int = 0
    interrupted: bool = False

    @property
    def ranked(self) -> list[Trial]:
        """Trials whose judged quantity is a number, best first."""
        judged = [trial for trial in self.trials if math.isfinite(trial.metrics.get(self.metric, math.nan))]
        return sorted(judged, key=lambda trial: trial.metrics[self.metric], reverse=self.maximize)

    @property
    def failed(self) -> list[Trial]:
        """Trials that raised an error, which is in their `error`."""
        return [trial for trial in self.trials if trial.error is not None]

    @property
    def best(self) -> Trial:
        """The best trial.

        Raises
        ------
        ValueError
            If there is none: all failed, or none has the quantity they are judged by.
        """
        if ranked := self.ranked:
            return ranked[0]
        if self.failed and len(self.failed) == len(self.trials):
            raise ValueError(f"all {len(self.trials)} trials failed; the first with:\n{self.failed[0].error}")
        known = sorted({name for trial in self.trials for name in trial.metrics})
        raise ValueError(f"no trial has a finite {self.metric}; they have {', '.join(known) or 'nothing'}")

    @property
    def rows(self) -> list[Row]:
        """A flat dict for each trial: its number, hyperparameters, quantities, seconds and error, if any."""
        return [_row(trial) for trial in self.trials]

    def table(self, lang: str | None = None, top: int | None = None) -> str:
        """The trials as text, the best first and the failed last.

        Parameters
        ----------
        lang : {"zh", "en"}, optional
            Default: see `tinygrad_cn.language`.
        top : int, optional
            Show only so many.
        """
        words = language(lang)
        ranked = self.ranked
        others = [trial for trial in self.trials if trial not in ranked]
        shown = [*ranked, *sorted(others, key=lambda trial: trial.error is not None)][:top]
        columns = _columns([_row(trial) for trial in shown])
        heads = tuple(say(f"study.{name}", words) if name in OWN_COLUMNS else name for name in columns)
        cells = [tuple(_cell(trial, name) for name in columns) for trial in shown]
        return "\n".join(align([heads, *cells]))

    def to_csv(self, path: PathLike | None = None) -> str:
        """Return a table with a line for each trial, and write it to `path` if given.

        Examples
        --------
        >>> print(Study((Trial(0, {"lr": 0.1}, {"cost": 0.5}),), {"lr": [0.1]}, "cost").to_csv())
        trial,lr,cost,seconds
        0,0.1,0.5,0.0
        <BLANKLINE>
        """
        columns = _columns(self.rows)
        return files.csv_table(columns, ([row.get(name, "") for name in columns] for row in self.rows), path)

    def plot(self, lang: str | None = None) -> tuple[Axes, ...]:
        """Draw the judged quantity against each hyperparameter that varies; failed trials are crosses at the bottom.

        Parameters
        ----------
        lang : {"zh", "en"}, optional
            Language of the labels. Without a Chinese font on the machine they are English.

        Returns
        -------
        tuple of matplotlib.axes.Axes
            `plot()[0].figure` is the figure.

        Raises
        ------
        ImportError
            If matplotlib is missing; the message says how to install it.
        ValueError
            If no trial has the quantity.
        """
        from .figure import panels

        return panels(self, lang)

    def plot_curves(self, quantity: str = "cost", by: str | None = None, lang: str | None = None) -> Axes:
        """Draw a curve of every trial into one panel, coloured by a hyperparameter; the best is thicker.

        Parameters
        ----------
        quantity : str
            "cost", "val_accuracy", or what else the trials have a curve of.
        by : str, optional
            The hyperparameter to colour by; the first by default.
        lang : {"zh", "en"}, optional
            Language of the labels. Without a Chinese font on the machine they are English.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        ImportError
            If matplotlib is missing; the message says how to install it.
        ValueError
            If no trial has such a curve, or there is no such hyperparameter.
        """
        from .figure import curves

        return curves(self, quantity, by, lang)

    def __str__(self) -> str:
        return self.table()

    def __repr__(self) -> str:
        ranked = self.ranked
        parts = [
            f"{len(self.trials)} of {max(self.planned, len(self.trials))} trials",
            *[f"best {self.metric} {trial.metrics[self.metric]:.6g}" for trial in ranked[:1]],
            *[f"{len(self.failed)} failed"] * bool(self.failed),
            *["interrupted"] * self.interrupted,
        ]
        return f"<Study: {', '.join(parts)}>"


# ---- helpers ----------------------------------------------------------------------------------------


def _row(trial: Trial) -> Row:
    params = printed_params(trial.params)
    numbers = {"trial": trial.number, **params, **trial.metrics, **params, "seconds": trial.seconds}
    return numbers if trial.error is None else {**numbers, "error": trial.error}


def _columns(rows: Sequence[Row]) -> list[str]:
    """Every name, in the order in which they come up; seconds and error at the end."""
    names = dict.fromkeys(name for row in rows for name in row)
    last = [name for name in ("seconds", "error") if name in names]
    return [*(name for name in names if name not in last), *last]


def _cell(trial: Trial, name: str) -> str:
    value = f"✗ {trial.complaint}" if name == "error" and trial.error else _row(trial).get(name, "")
    return f"{value:.4g}" if isinstance(value, float) else str(value)
