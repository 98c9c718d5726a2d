"""Learning-rate schedules: functions from the epoch, counted from 0, to a learning rate.

Use one by `optimizer.lr = schedule(epoch)`, or give it to `tg.fit(..., schedule=schedule)`. Any
function of the epoch will do; these are the usual ones. Sources: A. Ng, "Improving deep neural
networks", week 2, learning rate decay; I. Loshchilov and F. Hutter, "SGDR", arXiv:1608.03983,
equation 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi

from .base import not_negative, positive


@dataclass(frozen=True)
class StepDecay:
    """lr · rate^⌊epoch / every⌋: a drop every few epochs.

    Parameters
    ----------
    lr : float
        At epoch 0.
    rate : float
        Factor of each drop.
    every : int
        Epochs between drops.

    Raises
    ------
    ValueError
        If an option is not above 0, or `lr` is negative.

    Examples
    --------
    >>> schedule = StepDecay(0.1, rate=0.5, every=10)
    >>> schedule(9), schedule(10)
    (0.1, 0.05)
    """

    lr: float
    rate: float = 0.5
    every: int = 10

    def __post_init__(self) -> None:
        not_negative("lr", self.lr)
        positive("rate", self.rate)
        positive("every", self.every)

    def __call__(self, epoch: int) -> float:
        """Learning rate of an epoch."""
        return self.lr * self.rate ** (epoch // self.every)


@dataclass(frozen=True)
class ExponentialDecay:
    """lr · rate^epoch.

    Parameters
    ----------
    lr : float
        At epoch 0.
    rate : float
        Factor per epoch.

    Raises
    ------
    ValueError
        If `rate` is not above 0, or `lr` is negative.

    Examples
    --------
    >>> round(ExponentialDecay(0.1, rate=0.95)(2), 6)
    0.09025
    """

    lr: float
    rate: float = 0.95

    def __post_init__(self) -> None:
        not_negative("lr", self.lr)
        positive("rate", self.rate)

    def __call__(self, epoch: int) -> float:
        """Learning rate of an epoch."""
        return self.lr * self.rate**epoch


@dataclass(frozen=True)
class InverseTimeDecay:
    """lr / (1 + rate · ⌊epoch / every⌋).

    Parameters
    ----------
    lr : float
        At epoch 0.
    rate : float
        Decay rate.
    every : int
        1: every epoch; more: fixed in between ("scheduled decay" in the notes).

    Raises
    ------
    ValueError
        If `lr` or `rate` is negative, or `every` not above 0.

    Examples
    --------
    >>> schedule = InverseTimeDecay(0.2, rate=1.0)
    >>> schedule(0), schedule(1), schedule(3)
    (0.2, 0.1, 0.05)
    """

    lr: float
    rate: float = 1.0
    every: int = 1

    def __post_init__(self) -> None:
        not_negative("lr", self.lr)
        not_negative("rate", self.rate)
        positive("every", self.every)

    def __call__(self, epoch: int) -> float:
        """Learning rate of an epoch."""
        return self.lr / (1 + self.rate * (epoch // self.every))


@dataclass(frozen=True)
class CosineDecay:
    """Half a cosine from lr at epoch 0 down to `lowest` at `epochs`, and `lowest` from there on.

    Parameters
    ----------
    lr : float
        At epoch 0.
    epochs : int
        Epochs until the lowest value.
    lowest : float
        The value it ends at.

    Raises
    ------
    ValueError
        If `epochs` is not above 0, or `lr` or `lowest` is negative.

    Examples
    --------
    >>> schedule = CosineDecay(0.1, epochs=100)
    >>> schedule(0), round(schedule(50), 6), schedule(100)
    (0.1, 0.05, 0.0)
    """

    lr: float
    epochs: int
    lowest: float = 0.0

    def __post_init__(self) -> None:
        not_negative("lr", self.lr)
        not_negative("lowest", self.lowest)
        positive("epochs", self.epochs)

    def __call__(self, epoch: int) -> float:
        """Learning rate of an epoch."""
        done = min(epoch / self.epochs, 1.0)
        return self.lowest + 0.5 * (self.lr - self.lowest) * (1 + cos(pi * done))
