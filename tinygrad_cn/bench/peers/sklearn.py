"""scikit-learn's MLP, where it can do the same: one `partial_fit` on the whole batch is one step.

Its squared error is half of ours, so it learns at twice the rate and its loss is doubled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor

from ..problem import Problem
from ..workload import BETA, BETA2, EPSILON
from .layouts import Rows, rows

SOLVERS: dict[str, dict[str, Any]] = {
    "sgd": {"solver": "sgd", "momentum": 0.0},
    "momentum": {"solver": "sgd", "momentum": BETA, "nesterovs_momentum": False},
    "adam": {"solver": "adam", "beta_1": BETA, "beta_2": BETA2, "epsilon": EPSILON},
}


def build(problem: Problem) -> Callable[[], float]:
    """A training step."""
    w, data = problem.workload, rows(problem)
    squared = w.loss == "mse"
    factor = 2.0 if squared else 1.0
    y = {"mse": data.Y.ravel(), "bce": data.Y.ravel().astype(int), "ce": data.labels}[w.loss]
    mlp = (MLPRegressor if squared else MLPClassifier)(
        hidden_layer_sizes=w.dims[1:-1],
        activation=w.hidden,
        alpha=0.0,
        batch_size=w.m,
        shuffle=False,
        learning_rate_init=factor * w.lr,
        **SOLVERS[w.optimizer],
    )
    options = {} if squared else {"classes": np.arange(max(2, w.dims[-1]))}
    mlp.partial_fit(data.X, y, **options)  # makes the parameters, which then are set
    _start_over(mlp, data)

    def step() -> float:
        mlp.partial_fit(data.X, y)
        return factor * float(mlp.loss_)

    return step


def _start_over(mlp: Any, data: Rows) -> None:
    """The start values of the problem, and an optimiser that remembers nothing."""
    for (W, b), coefficients, intercepts in zip(data.dense, mlp.coefs_, mlp.intercepts_, strict=True):
        coefficients[...], intercepts[...] = W, b
    del mlp._optimizer
