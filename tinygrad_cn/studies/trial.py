"""One trial: its hyperparameters, what came of them, or why nothing did."""

from __future__ import annotations

import inspect
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from ..train import History, fit
from ..train.interrupts import Interrupts
from .measure import Curves, Metrics, measured
from .plan import Params

Build = Callable[..., Any]
Fit = Mapping[str, Any]
NEEDED = {"X", "Y", "loss"}  # of a training
KNOWN = list(inspect.signature(fit).parameters)[1:]  # all but the net


@dataclass(frozen=True)
class Trial:
    """A finished trial.

    Attributes
    ----------
    number : int
        Its place in the plan, from 0.
    params : dict
        The hyperparameters.
    metrics : dict of str to float
        The numbers it came to.
    curves : dict of str to list of float
        Costs and accuracies by epoch.
    seconds : float
        How long it took.
    error : str, optional
        The traceback, if it failed.
    """

    number: int
    params: Params
    metrics: Metrics = field(default_factory=dict)
    curves: Curves = field(default_factory=dict)
    seconds: float = 0.0
    error: str | None = None

    @property
    def complaint(self) -> str:
        """The last line of the traceback; empty if it did not fail."""
        return (self.error or "").rstrip().rpartition("\n")[2]


class AtOnce(Interrupts):
    """Lets Ctrl-C through at once, and remembers it: `fit` inside would take it for its own and return."""

    def _note(self, signum: int, frame: FrameType | None) -> None:
        self.pending = True
        raise KeyboardInterrupt


def run(number: int, params: Params, build: Build, training: Fit | None, name: str) -> Trial:
    """Do one trial; an error becomes a part of it.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C, also if `build` has caught it.
    """
    start = time.perf_counter()
    try:
        with AtOnce() as interrupts:
            outcome = build(**params)
            if training is not None:
                outcome = _trained(outcome, training)
            interrupts.check()
        metrics, curves = measured(outcome, name)
    except Exception as error:
        return Trial(number, params, {}, _curves_before(error), time.perf_counter() - start, _traceback(error))
    return Trial(number, params, metrics, curves, time.perf_counter() - start)


def _trained(made: Any, training: Fit) -> History:
    """The net that `build` made, trained by the optimiser it made or by the one of the training."""
    net, *optimizer = made if isinstance(made, tuple) else (made,)
    return fit(net, **{"progress": False, **training, **({"optimizer": optimizer[0]} if optimizer else {})})


def _curves_before(error: Exception) -> Curves:
    """Of a training that diverged, the epochs before."""
    history = getattr(error, "history", None)
    return measured(history, "")[1] if isinstance(history, History) and len(history) else {}


def _traceback(error: Exception) -> str:
    """The traceback from `build` on, without this file."""
    below = error.__traceback__.tb_next if error.__traceback__ else None
    return "".join(traceback.format_exception(type(error), error, below or error.__traceback__))
