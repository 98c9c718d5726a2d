"""Medians, quartiles and ratios."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .results import Entry


@dataclass(frozen=True)
class Spread:
    """The median and the quartiles around it."""

    low: float
    median: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Median and quartiles.

    Examples
    --------
    >>> spread([3.0, 1.0, 2.0, 4.0, 5.0])
    Spread(low=2.0, median=3.0, high=4.0)
    """
    low, median, high = np.quantile(values, (0.25, 0.5, 0.75))
    return Spread(float(low), float(median), float(high))


def speed(of: Entry, against: Entry, clock: str) -> Spread:
    """How many times as fast `of` is as `against`: round by round, as what disturbs a round disturbs both.

    Examples
    --------
    >>> a, b = Entry("a", cpu=[1.0, 2.0, 1.0]), Entry("b", cpu=[2.0, 4.0, 3.0])
    >>> speed(a, b, "cpu").median
    2.0
    """
    return spread([y / x for x, y in zip(getattr(of, clock), getattr(against, clock), strict=True)])
