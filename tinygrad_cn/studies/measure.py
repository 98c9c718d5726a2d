"""What a trial came to: numbers to compare, and curves to draw."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np

from ..errors import OpError
from ..train import History

Metrics = dict[str, float]
Curves = dict[str, list[float]]
QUANTITIES = ("cost", "accuracy", "val_cost", "val_accuracy")


def measured(outcome: Any, name: str) -> tuple[Metrics, Curves]:
    """Numbers and curves in what `build` returned; a bare number gets the name given.

    Of a History the numbers are those of its best epoch, which is what early stopping keeps.

    Raises
    ------
    OpError
        If it is none of these.

    Examples
    --------
    >>> measured({"accuracy": 0.9, "cost": [0.7, 0.5]}, "cost")
    ({'accuracy': 0.9}, {'cost': [0.7, 0.5]})
    >>> measured(0.25, "cost")
    ({'cost': 0.25}, {})
    """
    if isinstance(outcome, Mapping):
        return _gathered(outcome)
    metrics, curves = _of_value(name, outcome)
    if metrics or curves:
        return metrics, curves
    raise OpError(f"build must return a number, a dict of numbers and curves, or a History; got {outcome!r}")


def _gathered(outcome: Mapping[Any, Any]) -> tuple[Metrics, Curves]:
    """A dict's numbers, curves and histories together."""
    metrics: Metrics = {}
    curves: Curves = {}
    for name, value in outcome.items():
        numbers, lists = _of_value(str(name), value)
        if not (numbers or lists):
            raise OpError(f"build returned {name}={value!r}; expected a number, a list of numbers or a History")
        metrics |= numbers
        curves |= lists
    return metrics, curves


def _of_value(name: str, value: Any) -> tuple[Metrics, Curves]:
    if isinstance(value, History):
        return _of_history(value)
    array = np.asarray(value) if isinstance(value, (Real, list, tuple, np.ndarray, np.generic)) else np.empty(0, object)
    if array.dtype.kind not in "fiub" or array.ndim > 1:
        return {}, {}
    return ({}, {name: [float(x) for x in array]}) if array.ndim else ({name: float(array)}, {})


def _of_history(history: History) -> tuple[Metrics, Curves]:
    columns = history.to_dict()
    curves = {name: columns[name] for name in QUANTITIES if name in columns}
    best = history.best
    return {**{name: best[name] for name in curves}, "epoch": best["epochs"]}, curves
