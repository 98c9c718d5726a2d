"""NumPy by hand, as a careful student writes it from the notes: one file a net, no tricks."""

from __future__ import annotations

from collections.abc import Callable

from ...problem import Problem
from .chain import chain
from .dense import dense
from .lenet import lenet
from .lstm import lstm

NETS = {"dense": dense, "lenet": lenet, "lstm": lstm, "chain": chain}


def build(problem: Problem) -> Callable[[], float]:
    """A training step: a function that returns the cost before its update."""
    return NETS[problem.workload.kind](problem)
