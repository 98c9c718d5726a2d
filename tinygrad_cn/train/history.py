"""History: what each epoch cost, how well the net did, and how long it took."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..files import csv_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Row = dict[str, Any]
QUANTITIES = ("cost", "accuracy", "val_cost", "val_accuracy")
COLUMNS = ("epochs", *QUANTITIES, "lr", "seconds")


@dataclass(repr=False)
class History:
    """One entry an epoch in each list; a list stays empty if its quantity was not computed.

    Attributes
    ----------
    epochs : list of int
        Epoch numbers from 0, as the notes count them.
    cost : list of float
        Full batch: the cost before the update of that epoch, which is the notes' cost curve. Mini-batches: the mean
        over the epoch, weighted by batch size. With `l1` or `l2` it contains the penalty.
    accuracy : list of float
        Share of training samples classified right, from the same forward passes as the cost.
    val_cost, val_accuracy : list of float
        The same on the validation set after the epoch, without penalty.
    lr : list of float
        Learning rate.
    seconds : list of float
        Duration of the epoch, validation included.
    interrupted : bool
        Ctrl-C ended the training.
    stopped_early : bool
        Early stopping ended it.
    plain_because : str
        Why the step was not compiled; "" if it was.

    Examples
    --------
    >>> history = History()
    >>> history.add({"epochs": 0, "cost": 0.7, "lr": 0.1, "seconds": 0.01})
    >>> history.add({"epochs": 1, "cost": 0.5, "lr": 0.1, "seconds": 0.01})
    >>> history
    <History: 2 epochs, cost 0.5>
    >>> history.best["epochs"]
    1
    """

    epochs: list[int] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    val_cost: list[float] = field(default_factory=list)
    val_accuracy: list[float] = field(default_factory=list)
    lr: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    interrupted: bool = False
    stopped_early: bool = False
    plain_because: str = ""

    def add(self, row: Row) -> None:
        """Append one epoch: a value for each quantity that is computed."""
        for name, value in row.items():
            getattr(self, name).append(value)

    def __len__(self) -> int:
        return len(self.epochs)

    def __repr__(self) -> str:
        names = [name for name in QUANTITIES if getattr(self, name)]
        numbers = [f"{name} {getattr(self, name)[-1]:.6g}" for name in names]
        ends = [name.replace("_", " ") for name in ("interrupted", "stopped_early") if getattr(self, name)]
        return f"<History: {', '.join([f'{len(self)} epochs', *numbers, *ends])}>"

    @property
    def best(self) -> Row:
        """The epoch with the lowest validation cost, or the lowest cost if there is no validation.

        Raises
        ------
        ValueError
            If no epoch was completed.
        """
        if not self.epochs:
            raise ValueError("the history is empty: no epoch was completed")
        judged = self.val_cost or self.cost
        i = min(range(len(judged)), key=lambda i: (math.isnan(judged[i]), judged[i]))
        return {name: column[i] for name, column in self.to_dict().items()}

    def to_dict(self) -> dict[str, list[Any]]:
        """Return the lists by name, without the empty ones."""
        return {name: list(getattr(self, name)) for name in COLUMNS if getattr(self, name)}

    def to_csv(self, path: str | os.PathLike[str] | None = None) -> str:
        """Return a table with a line for each epoch, and write it to `path` if given.

        Examples
        --------
        >>> print(History(epochs=[0, 1], cost=[0.7, 0.5]).to_csv())
        epochs,cost
        0,0.7
        1,0.5
        <BLANKLINE>
        """
        columns = self.to_dict()
        return csv_table(list(columns), zip(*columns.values(), strict=True), path)

    def plot(self, lang: str | None = None) -> tuple[Axes, ...]:
        """Draw the cost, and the accuracy beside it if there is one, over the epochs.

        Parameters
        ----------
        lang : {"zh", "en"}, optional
            Language of the labels. Without a Chinese font on the machine they are English.

        Returns
        -------
        tuple of matplotlib.axes.Axes
            One for the cost, one for the accuracy; `plot()[0].figure` is the figure.

        Raises
        ------
        ImportError
            If matplotlib is missing; the message says how to install it.
        ValueError
            If no epoch was completed.
        """
        from .figure import curves

        return curves(self, lang)


def keep_history(error: Exception, history: History) -> None:
    """Let an error that ends a training carry the epochs before it."""
    if len(history) and not hasattr(error, "history"):
        error.history = history  # type: ignore[attr-defined]
        error.add_note(f"The {len(history)} epochs before are in the .history of this error.")
