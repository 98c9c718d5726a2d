"""How gradients fare on their way back through time: the size of da⟨t⟩, step by step, and what to do about it.

Sources: R. Pascanu, T. Mikolov and Y. Bengio, "On the difficulty of training recurrent neural networks", ICML 2013,
sections 2 and 3 (vanishing, exploding, clipping); S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural
Computation 9, 1997; Ng, Deep Learning Specialization, course 5, week 1, "Vanishing gradients with RNNs".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isnan

from .health import FAR, Finding, ratio, size_of
from .model import Quantity, Step, backward_quantities
from .recurrent import TIME, Cell

STATES = ("a", "c")  # what a cell hands to its next step
CELLS = frozenset(["RNN", "GRU", "LSTM", "cell"])
GATED = frozenset(["GRU", "LSTM"])


@dataclass(frozen=True)
class TimeHealth:
    """One state of one recurrent cell, over time.

    Attributes
    ----------
    cell : str
        "RNN", "GRU", "LSTM" or "cell".
    place : str
        What its names have in front: "", "2.", "2.reverse.".
    state : str
        "a", or "c" of an LSTM.
    steps : tuple of int
        t, in the order in which the cell reads the sequence: T … 1 for the direction that runs backwards.
    relative : tuple of float or None
        ‖da⟨t⟩‖ / ‖da⟨last⟩‖ for each of them, last being the step read last; None where not computed, NaN if
        the last one is zero.
    """

    cell: str
    place: str
    state: str
    steps: tuple[int, ...]
    relative: tuple[float | None, ...]

    def written(self, t: object) -> str:
        """The gradient at time t, as the chain writes it: d2.a⟨3⟩."""
        return f"d{self.place}{self.state}⟨{t}⟩"


def time_health(steps: Sequence[Step]) -> list[TimeHealth]:
    """The sizes of the gradients of each recurrent cell's states, first layer to last.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_cn import nn
    >>> net = nn.Sequential(nn.RNN(2, 3, output="last", seed=1), nn.Dense(3, 2, seed=2))
    >>> J = nn.cross_entropy(net(np.ones((2, 5, 4))), np.zeros(5, int))
    >>> J.backward()
    >>> (row,) = time_health(J.chain().steps)
    >>> row.written(1), row.steps, row.relative[-1], row.relative[0] < 1
    ('da⟨1⟩', (1, 2, 3, 4), 1.0, True)
    """
    gradients = {q.name: q for q in backward_quantities(steps)}
    return [
        TimeHealth(cell.kind, cell.prefix, state, tuple(found), tuple(_relative(list(found.values()), gradients)))
        for cell, states in _cells(steps).items()
        for state, found in sorted(states.items())
        if len(found) > 1
    ]


def time_findings(rows: Sequence[TimeHealth]) -> list[Finding]:
    """What is wrong over time and what may help; one good finding if nothing is, none before `backward()`."""
    sizes = [(size, i, k) for i, row in enumerate(rows) for k, size in enumerate(row.relative[:-1])]
    known = sorted((size, i, k) for size, i, k in sizes if size is not None and not isnan(size))
    if not known:
        return []
    (least, i, k), (most, j, n) = known[0], known[-1]
    gated = ".gated" if rows[i].cell in GATED else ""
    found = [_finding(f"vanishing{gated}", rows[i], k, least)] if least * FAR < 1 else []
    found += [_finding("exploding", rows[j], n, most)] if most > FAR else []
    return found or [_finding("good", rows[i], k, least, "ok")]


def _finding(key: str, row: TimeHealth, k: int, size: float, role: str = "wrong") -> Finding:
    """What is said of the k-th step of a row, with the factor per step from the last one back to it."""
    values = {"state": row.written(row.steps[k]), "last": row.written(row.steps[-1]), "ratio": size}
    return Finding(f"time.{key}", values | {"factor": size ** (1 / (len(row.steps) - 1 - k))}, role)


def _cells(steps: Sequence[Step]) -> dict[Cell, dict[str, dict[int, Quantity]]]:
    """The states of each cell by letter and time, in the order they are computed."""
    found: dict[Cell, dict[str, dict[int, Quantity]]] = {}
    for step in steps:
        moment = step.moment
        if moment is None or moment.cell.kind not in CELLS:
            continue
        for q in step.forward:
            match = TIME.fullmatch(q.written)
            if match and match[2] in STATES:
                found.setdefault(moment.cell, {}).setdefault(match[2], {})[moment.t] = q
    return found


def _relative(states: Sequence[Quantity], gradients: dict[str, Quantity]) -> Iterator[float | None]:
    sizes = [size_of(gradients.get(f"d{q.name}")) for q in states]
    yield from (ratio(size, sizes[-1]) for size in sizes)
