"""The long chain y ← y · c, y ← y + d: its sum, and the gradient written out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...problem import Problem
from ...workload import SCALE, SHIFT


def chain(problem: Problem) -> Callable[[], float]:
    """Forward and backward; returns the sums of y and of its gradient in one number."""
    X, pairs = problem.X, problem.workload.steps // 2

    def step() -> float:
        y = X
        for _ in range(pairs):
            y = y * SCALE
            y = y + SHIFT
        dy = np.ones_like(y)
        for _ in range(pairs):
            dy = dy * SCALE
        return float(np.sum(y) + np.sum(dy))

    return step
