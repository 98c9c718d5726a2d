"""The numeric check the page shows beside each gradient of a parameter: a few entries, worked out without backward().

The graph is replayed with one entry moved: into the complex plane where every op is analytic, else
either way on the real line (see `check/numeric.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...autograd import Node, ancestors
from ...chain import Chain
from ...chain.model import Quantity
from ...check.numeric import CENTRAL_RTOL, ULPS, ByComplexStep, ByDifference, Entry, choose
from ...check.replay import is_analytic, replay
from ...ops.op import Array
from ...tensor import Tensor

ENTRIES = 4  # of each parameter
BUDGET = 200  # entries in all, so that a page of a deep net is built in seconds
NUMBERS = 3e7  # a graph that holds more is too slow to replay often


@dataclass(frozen=True)
class Checked:
    """What a check found.

    Attributes
    ----------
    method : str
        "complex step" or "central difference".
    looked, total : int
        Entries looked at, entries there are.
    kinks : int
        Entries with a kink within the step, where there is no derivative to compare with.
    error : float
        Largest difference among the others.
    ok : bool
        Whether it is within rounding.
    """

    method: str
    looked: int
    total: int
    kinks: int
    error: float
    ok: bool


def checker(chain: Chain, parameters: int) -> Callable[[Quantity], Checked | None]:
    """A function that checks the gradient of a parameter; None where there is nothing to check with."""
    root: Any = chain.root
    entries = max(1, min(ENTRIES, BUDGET // max(parameters, 1)))
    seed = chain.reader.opened.gradient(root)
    nodes = ancestors(root) if root._data.size == 1 and seed is not None else []
    too_large = sum(node._data.size for node in nodes) > NUMBERS
    analytic = is_analytic(root)

    def check(q: Quantity) -> Checked | None:
        leaf = chain.reader.values[q.name.removeprefix("d")]
        if seed is None or not nodes or too_large or leaf._grad is None:
            return None
        return _check(root, seed, leaf, entries, analytic)

    return check


def _check(root: Any, seed: Array, leaf: Any, entries: int, analytic: bool) -> Checked:
    referee = ByComplexStep(root, seed) if analytic else ByDifference(_replayed(root, leaf), [leaf], seed)
    where: Sequence[tuple[int, ...]] = choose(leaf._data.shape, entries, np.random.default_rng(0))
    found = [referee.entry(leaf, index, float(leaf._grad[index])) for index in where]
    smooth: list[Entry] = [entry for entry in found if not entry.kink]
    error = max((entry.error for entry in smooth), default=0.0)
    ulps = ULPS * float(np.finfo(leaf._data.dtype).eps)
    relative = ulps if analytic else max(ulps, CENTRAL_RTOL)
    noise = 0.0 if analytic else 1e-10 * abs(float(root._data.reshape(())))  # cancellation in J(+h) − J(−h)
    scale = max(float(np.max(np.abs(leaf._grad), initial=0.0)), *(abs(e.numeric) for e in found), 0.0)
    return Checked(
        referee.name, len(found), leaf._data.size, len(found) - len(smooth), error, error <= relative * scale + noise
    )


def _replayed(root: Any, leaf: Node) -> Callable[[Tensor], Tensor]:
    return lambda moved: Tensor(replay(root, {leaf: moved._data}))
