"""Where hyperparameters come from: a list is a choice, a distribution is drawn from.

Source: J. Bergstra and Y. Bengio, "Random search for hyper-parameter optimization", JMLR 13, 2012; for learning
rates on a logarithmic scale, A. Ng, "Improving deep neural networks", week 3.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data.arguments import LARGEST, flag, is_real, whole
from ..errors import OpError

Number = int | float
Draw = Callable[[np.random.Generator, Any, Any], Number]
WIDEST = 2**62  # whole numbers that a generator can draw
OWN_COLUMNS = ("trial", "seconds", "error")  # of a study's table, so no hyperparameter can have these names


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return min(max(math.exp(rng.uniform(math.log(low), math.log(high))), low), high)


DRAWS: dict[str, Draw] = {
    "uniform": lambda rng, low, high: float(rng.uniform(low, high)),
    "log_uniform": _log_uniform,
    "integer": lambda rng, low, high: int(rng.integers(low, high + 1)),
    "log_integer": lambda rng, low, high: min(int(_log_uniform(rng, low, high + 1)), high),
}


@dataclass(frozen=True)
class Distribution:
    """Numbers between two bounds; made by `uniform`, `log_uniform` and `integer`.

    Attributes
    ----------
    kind : str
        A key of `DRAWS`.
    low, high : float
        The bounds.
    """

    kind: str
    low: Number
    high: Number

    @property
    def log(self) -> bool:
        """Whether a plot should have a logarithmic axis."""
        return self.kind.startswith("log")

    def draw(self, rng: np.random.Generator) -> Number:
        """Return the next number."""
        return DRAWS[self.kind](rng, self.low, self.high)

    def __repr__(self) -> str:
        return f"{self.kind}({self.low!r}, {self.high!r})"


Choices = Mapping[str, list[Any] | Distribution]


def uniform(low: float, high: float) -> Distribution:
    """Numbers from `low` to `high`, all equally likely.

    Raises
    ------
    ValueError
        Unless low < high, both finite.

    Examples
    --------
    >>> round(uniform(0, 0.5).draw(np.random.default_rng(0)), 4)
    0.3185
    """
    return _between("uniform", low, high)


def log_uniform(low: float, high: float) -> Distribution:
    """Numbers from `low` to `high` whose logarithms are equally likely: as many from 0.001 to 0.01 as to 0.1.

    Raises
    ------
    ValueError
        Unless 0 < low < high, both finite.

    Examples
    --------
    >>> round(log_uniform(1e-4, 1).draw(np.random.default_rng(0)), 4)
    0.0353
    """
    if is_real(low) and not low > 0:
        raise ValueError(f"log_uniform: low must be above 0; got {low!r}")
    return _between("log_uniform", low, high)


def integer(low: int, high: int, log: bool = False) -> Distribution:
    """Whole numbers from `low` to `high`, both included.

    Parameters
    ----------
    low, high : int
        The bounds.
    log : bool
        Small ones as likely as large ones in proportion: as many from 1 to 10 as from 10 to 100; low must be 1 or more.

    Raises
    ------
    ValueError
        Unless low < high, both whole.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> [integer(1, 100, log=True).draw(rng) for _ in range(6)]
    [18, 3, 1, 1, 42, 67]
    """
    flag("integer: log", log)
    bounds = whole("integer: low", low, 1 if log else -WIDEST, WIDEST), whole("integer: high", high, -WIDEST, WIDEST)
    return _between("log_integer" if log else "integer", *bounds)


def _between(kind: str, low: Number, high: Number) -> Distribution:
    if not (is_real(low) and is_real(high) and -LARGEST <= low < high <= LARGEST):
        raise ValueError(f"{kind}: low must be below high, both finite; got {low!r} and {high!r}")
    return Distribution(kind, _plain(low), _plain(high))


def checked(space: Any) -> dict[str, list[Any] | Distribution]:
    """The space with each sequence as a list of plain values.

    Raises
    ------
    OpError
        If it is no dict of lists and distributions.
    ValueError
        If it is empty, a list is empty, or a name is a column of the table.

    Examples
    --------
    >>> checked({"lr": np.geomspace(0.01, 1, 3), "hidden": (4, 8)})
    {'lr': [0.01, 0.1, 1.0], 'hidden': [4, 8]}
    """
    if not isinstance(space, Mapping):
        raise OpError(f"space must be a dict of lists and distributions; got {space!r}")
    if not space:
        raise ValueError("space is empty; write such as {'lr': [0.01, 0.1]}")
    taken = [name for name in space if name in OWN_COLUMNS]
    if taken:
        raise ValueError(f"space: {', '.join(taken)} cannot be a hyperparameter's name; the table has such a column")
    return {name: _choice(name, values) for name, values in space.items()}


def _choice(name: Any, values: Any) -> list[Any] | Distribution:
    if not isinstance(name, str):
        raise OpError(f"space: a hyperparameter's name must be text; got {name!r}")
    if isinstance(values, Distribution):
        return values
    if not isinstance(values, (list, tuple, range, np.ndarray)):
        raise OpError(
            f"space[{name!r}] must be a list of values, or a distribution such as space.log_uniform(1e-4, 1); "
            f"got {values!r}"
        )
    listed = values.tolist() if isinstance(values, np.ndarray) else [_plain(value) for value in values]
    if not listed:
        raise ValueError(f"space[{name!r}] is an empty list")
    return listed


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
