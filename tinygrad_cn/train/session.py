"""One training: its steps, its epochs, its evaluation, and its state for a checkpoint."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from .. import nn
from ..autograd import label, no_grad
from ..data import Dataset, minibatches
from ..data.arguments import real
from ..data.dataset import Array, count_samples, sample_axis
from ..errors import DivergenceError, ShapeError, StateError
from ..optim import Optimizer
from ..seeds import Rng, Seed, generator
from ..tensor import Tensor
from .history import History, Row
from .interrupts import Interrupts
from .plain import upper
from .score import Accuracy
from .stopping import Watch

Loss = Callable[[Any, Any], Any]
Augment = Callable[[Array, Rng], Array]
Batches = Iterable[tuple[Array, Array]]
FORMAT = 1


@dataclass
class Session:
    """What `fit` was given, and how far it has come."""

    net: nn.Module
    loss: Loss
    optimizer: Optimizer
    train: Dataset
    held_out: Dataset | None
    batch_size: int | None
    l1: float
    l2: float
    augment: Augment | None
    accuracy: Accuracy
    seed: Rng | Callable[[int], Seed]
    schedule: Callable[[int], float] | None
    watch: Watch | None
    history: History = field(default_factory=History)
    learn: Callable[[Array, Array], tuple[float, Array]] = field(init=False)

    def __post_init__(self) -> None:
        self.learn = partial(_learn, self.net, self.loss, self.optimizer, self.l1, self.l2)

    def compile(self, quiet: bool, loops: bool) -> None:
        """Record the step and replay it, with Numba's loops if wanted; `quiet`: no warning if that fails."""
        fast = None if loops else False
        self.learn = upper().Compiled(self.learn, fallback=True, announce=False, fast=fast, quiet=quiet)

    @property
    def plain_because(self) -> str:
        """Why the step could not be compiled, or ""."""
        return getattr(self.learn, "refusal", "")

    def epoch(self, number: int, interrupts: Interrupts) -> Row:
        """Go once through the training set and look at the validation set."""
        start = time.perf_counter()
        if self.schedule is not None:
            lr: Any = self.schedule(number)
            self.optimizer.lr = real(f"schedule({number})", lr.item() if isinstance(lr, np.ndarray) else lr)
        steps = (self._step(X, Y, number, interrupts) for X, Y in self._batches(number))
        row = {"epochs": number, **_mean(steps), "lr": self.optimizer.lr}
        if self.held_out is not None:
            row |= {f"val_{name}": value for name, value in self._evaluate(self.held_out).items()}
        return {**row, "seconds": time.perf_counter() - start}

    def record(self, row: Row) -> None:
        """Put an epoch into the history and see whether it should be the last."""
        self.history.add(row)
        if self.watch is not None:
            self.history.stopped_early = self.watch.exhausted(row, self.net.state_dict())

    def _batches(self, number: int) -> Batches:
        rng = generator(self.seed(number) if callable(self.seed) else self.seed)
        batches: Batches = [(self.train.X, self.train.Y)]
        if self.batch_size is not None:
            batches = minibatches(self.train.X, self.train.Y, self.batch_size, rng)
        return batches if self.augment is None else self._augmented(self.augment, batches, rng)

    def _augmented(self, augment: Augment, batches: Batches, rng: Rng) -> Batches:
        for X, Y in batches:
            changed = np.asarray(augment(X, rng))
            try:
                count_samples(changed, Y)
            except ShapeError as error:
                raise ShapeError(
                    f"augment must return as many samples as it is given, here {X.shape}: {error}"
                ) from None
            yield changed, Y

    def _step(self, X: Array, Y: Array, number: int, interrupts: Interrupts) -> tuple[int, Row]:
        """One update; the cost and accuracy are those before it."""
        interrupts.check()
        try:
            cost, A = self.learn(X, Y)
        except NotFiniteError as error:
            raise DivergenceError(_advice(error.args[0], number, self.optimizer.lr), self.history) from None
        return _samples(Y), self._row(cost, A, Y)

    def _evaluate(self, dataset: Dataset) -> Row:
        """Cost without penalty, and accuracy, of the net as it predicts."""
        modes = [(module, module.training) for module in self.net.modules()]
        self.net.eval()
        try:
            with no_grad():
                return _mean(self._look(X, Y) for X, Y in _in_order(dataset, self.batch_size))
        finally:
            for module, mode in modes:
                module.training = mode

    def _look(self, X: Array, Y: Array) -> tuple[int, Row]:
        A = self.net(X)
        return _samples(Y), self._row(float(self.loss(A, Y)), A.numpy(), Y)

    def _row(self, cost: float, A: Array, Y: Array) -> Row:
        accuracy = self.accuracy(A, Y)
        return {"cost": cost} if accuracy is None else {"cost": cost, "accuracy": accuracy}

    # ---- state --------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return all that decides how the training goes on."""
        return {
            "format": FORMAT,
            "net": self.net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "rngs": [_rng_state(rng) for rng in self._rngs()],
            "history": self.history.to_dict(),
            "stopped_early": self.history.stopped_early,
            "watch": None if self.watch is None else self.watch.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a saved state.

        Raises
        ------
        StateError
            If it was saved by another kind of training; nothing has been changed then.
        """
        own = deepcopy(self.state_dict())
        if state.get("format") != FORMAT or _kinds(state["rngs"]) != _kinds(own["rngs"]):
            raise StateError("the checkpoint was saved by another version, or by a training with other random parts")
        try:
            self._take(state)
        except StateError:
            self._take(own)
            raise
        self.history = History(**state["history"], stopped_early=state["stopped_early"])
        if self.watch is not None and state["watch"] is not None:
            self.watch.load_state_dict(state["watch"])

    def _take(self, state: dict[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        for rng, saved in zip(self._rngs(), state["rngs"], strict=True):
            _set_rng_state(rng, saved)

    def _rngs(self) -> Iterator[Rng]:
        """Every generator whose next numbers matter: for the shuffle, and those held by modules."""
        if not callable(self.seed):
            yield self.seed
        for module in self.net.modules():
            yield from (value for value in vars(module).values() if isinstance(value, Rng))


# ---- helpers ----------------------------------------------------------------------------------------


def _learn(
    net: nn.Module, loss: Loss, optimizer: Optimizer, l1: float, l2: float, X: Array, Y: Array
) -> tuple[float, Array]:
    """Forward, backward and optimiser: the part that can be compiled."""
    A = net(X)
    J = loss(A, Y)
    if l1:
        J = J + nn.l1(net, l1, _samples(Y))
    if l2:
        J = J + nn.l2(net, l2, _samples(Y))
    if not isinstance(J, Tensor) or J.size != 1:
        raise ShapeError(f"loss must return the cost as a scalar Tensor; got {label(J)}")
    cost: Any = J.item()
    assure = getattr(cost, "assure", None)  # of the stand-in for a number while the step is recorded
    cost = finite(cost) if assure is None else assure(finite)
    optimizer.zero_grad()
    J.backward(keep="leaves")
    optimizer.step()
    return cost, A.numpy()


class NotFiniteError(ArithmeticError):
    """A cost that became NaN or Inf, before anything was changed by it."""


def finite(cost: float) -> float:
    """The cost, if it is a number."""
    if not math.isfinite(cost):
        raise NotFiniteError(cost)
    return cost


def _samples(Y: Array) -> int:
    return int(Y.shape[sample_axis(Y)])


def _mean(rows: Iterable[tuple[int, Row]]) -> Row:
    """Mean of each quantity, weighted by the number of samples; a single row comes back bit by bit."""
    parts = list(rows)
    if len(parts) == 1:
        return parts[0][1]
    total = sum(m for m, _ in parts)
    return {name: sum(m * row[name] for m, row in parts) / total for name in parts[0][1]}


def _in_order(dataset: Dataset, batch_size: int | None) -> Batches:
    """Pieces of a dataset, so that looking at it takes no more memory than a step."""
    if batch_size is None:
        return [(dataset.X, dataset.Y)]
    starts = range(0, dataset.m, batch_size)
    pieces = (dataset.take(np.arange(start, min(start + batch_size, dataset.m))) for start in starts)
    return ((piece.X, piece.Y) for piece in pieces)


def _advice(cost: float, number: int, lr: float) -> str:
    return (
        f"the cost became {cost} in epoch {number} at learning rate {lr:g}. Try a smaller one, such as {lr / 10:g}; "
        f"scale the inputs with data.standardize; or run one step within tg.detect_anomaly(), which names the op. "
        f"The epochs before are in the .history of this error"
    )


def _rng_state(rng: Rng) -> Any:
    return rng.bit_generator.state if isinstance(rng, np.random.Generator) else rng.get_state(legacy=False)


def _kinds(rngs: list[dict[str, Any]]) -> list[str]:
    """The algorithms of generators, by their states."""
    return [state["bit_generator"] for state in rngs]


def _set_rng_state(rng: Rng, state: Any) -> None:
    if isinstance(rng, np.random.Generator):
        rng.bit_generator.state = state
    else:
        rng.set_state(state)
