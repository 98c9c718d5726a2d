"""Early stopping: end a training that no longer gets better on the validation set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data.arguments import real, whole
from ..data.dataset import Array
from .history import Row

SIGN = {"val_cost": -1.0, "val_accuracy": 1.0}


@dataclass(frozen=True)
class EarlyStopping:
    """When to give up. After the training the net has the parameters of its best epoch.

    Attributes
    ----------
    patience : int
        Stop after this many epochs in a row without improvement.
    min_delta : float
        What counts as an improvement: more than this.
    monitor : {"val_cost", "val_accuracy"}
        What is watched.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> EarlyStopping(patience=5, monitor="val_accuracy")
    EarlyStopping(patience=5, min_delta=0.0, monitor='val_accuracy')
    """

    patience: int = 10
    min_delta: float = 0.0
    monitor: str = "val_cost"

    def __post_init__(self) -> None:
        whole("patience", self.patience, 1)
        real("min_delta", self.min_delta)
        if not isinstance(self.monitor, str) or self.monitor not in SIGN:
            raise ValueError(f"monitor must be one of {sorted(SIGN)}; got {self.monitor!r}")


class Watch:
    """Keeps the best epoch's parameters and counts the epochs since."""

    def __init__(self, rule: EarlyStopping) -> None:
        self.rule = rule
        self.best = -np.inf
        self.waited = 0
        self.parameters: dict[str, Array] = {}

    def exhausted(self, row: Row, parameters: dict[str, Array]) -> bool:
        """Look at one epoch; True if patience is at its end."""
        if self.rule.monitor not in row:
            raise ValueError(f"early stopping watches {self.rule.monitor}, but Y holds no classes to be right about")
        score = SIGN[self.rule.monitor] * row[self.rule.monitor]
        if score > self.best + self.rule.min_delta:
            self.best, self.waited = score, 0
            self.parameters = {name: value.copy() for name, value in parameters.items()}
        else:
            self.waited += 1
        return self.waited >= self.rule.patience

    def state_dict(self) -> dict[str, Any]:
        """Return everything a resumed training needs."""
        return {"best": self.best, "waited": self.waited, "parameters": self.parameters}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a saved state."""
        self.best, self.waited, self.parameters = state["best"], state["waited"], state["parameters"]
