"""What a trial came to: numbers to compare, and curves to draw."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np

from ..errors import OpError
from ..tensor import Tensor
from ..train import History
from ..train.history import QUANTITIES

Metrics = dict[str, float]
Curves = dict[str, list[float]]


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
    if isinstance(outcome, History):
        return _of_history(outcome)
    if isinstance(outcome, Mapping):
        return _of_dict(outcome)
    if isinstance(number := _plain(outcome), Real):
        return {name: float(number)}, {}
    raise OpError(
        f"build must return a number, a dict of numbers and curves, or a History; got {outcome!r}. To have a net "
        f"trained, give fit="
    )


def _of_dict(outcome: Mapping[Any, Any]) -> tuple[Metrics, Curves]:
    """A dict's numbers, curves and histories together."""
    metrics: Metrics = {}
    curves: Curves = {}
    for name, value in outcome.items():
        plain = _plain(value)
        if isinstance(plain, Real):
            metrics[str(name)] = float(plain)
        elif isinstance(plain, (list, tuple)) and all(isinstance(x, Real) for x in plain):
            curves[str(name)] = [float(x) for x in plain]
        elif isinstance(plain, History):
            numbers, lists = _of_history(plain)
            metrics |= numbers
            curves |= lists
        else:
            raise OpError(f"build returned {name}={value!r}; expected a number, a list of numbers or a History")
    return metrics, curves


def _plain(value: Any) -> Any:
    """Tensors and arrays as numbers and lists."""
    value = value.numpy() if isinstance(value, Tensor) else value
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


def _of_history(history: History) -> tuple[Metrics, Curves]:
    columns = history.to_dict()
    curves = {name: columns[name] for name in QUANTITIES if name in columns}
    best = history.best
    return {**{name: best[name] for name in curves}, "epoch": best["epochs"]}, curves
