"""The hyperparameters of each trial: every combination of a grid, or draws from a space."""

from __future__ import annotations

import itertools
import math
import re
from typing import Any

import numpy as np

from .space import Choices, Distribution

Params = dict[str, Any]
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def grid(space: Choices) -> list[Params]:
    """Every combination; the last name changes fastest.

    Raises
    ------
    ValueError
        If a value is a distribution, which has no combinations.

    Examples
    --------
    >>> grid({"lr": [0.1, 1.0], "hidden": [4, 8]})[:3]
    [{'lr': 0.1, 'hidden': 4}, {'lr': 0.1, 'hidden': 8}, {'lr': 1.0, 'hidden': 4}]
    """
    lists = [_listed(name, values) for name, values in space.items()]
    return [dict(zip(space, values, strict=True)) for values in itertools.product(*lists)]


def draws(space: Choices, n: int, seed: int) -> list[Params]:
    """`n` different draws; a larger n goes on where a smaller one ended.

    Raises
    ------
    ValueError
        If the space has only lists, and fewer combinations than n.

    Examples
    --------
    >>> draws({"hidden": [4, 8, 16]}, n=2, seed=0)
    [{'hidden': 16}, {'hidden': 8}]
    """
    size = math.prod(math.inf if isinstance(values, Distribution) else len(values) for values in space.values())
    if n > size:
        raise ValueError(f"n is {n}, but the space has only {size} combinations; without n, all of them are tried")
    rng = np.random.default_rng(seed)
    places: list[Params] = []
    while len(places) < n:
        place = {name: _place(values, rng) for name, values in space.items()}
        if place not in places:
            places.append(place)
    return [{name: _value(space[name], at) for name, at in place.items()} for place in places]


def printed_params(params: Params) -> dict[str, Any]:
    """Hyperparameters as JSON has them."""
    return {name: printed(value) for name, value in params.items()}


def printed(value: Any) -> Any:
    """A hyperparameter as JSON has it: what is no plain value becomes its name.

    Examples
    --------
    >>> printed((64, 32)), printed(max), printed(0.1)
    ([64, 32], 'max', 0.1)
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [printed(entry) for entry in value]
    return getattr(value, "__qualname__", None) or ADDRESS.sub("", repr(value))


def _listed(name: str, values: list[Any] | Distribution) -> list[Any]:
    if isinstance(values, Distribution):
        raise ValueError(
            f"space[{name!r}] is {values!r}, from which a number of trials can be drawn: write n=20, or give a list to "
            f"try every value of"
        )
    return values


def _place(values: list[Any] | Distribution, rng: np.random.Generator) -> float:
    """A number that tells draws apart: the number drawn, or the index in a list."""
    return values.draw(rng) if isinstance(values, Distribution) else int(rng.integers(len(values)))


def _value(values: list[Any] | Distribution, at: Any) -> Any:
    return at if isinstance(values, Distribution) else values[at]
