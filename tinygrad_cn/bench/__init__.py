"""Benchmarks: the same training step by this package, by hand in NumPy, and by other frameworks.

Every contender runs in a process of its own. All start from the same numbers; whose losses of five steps are not
those of the hand-written program is not timed. Then they take turns, so that a busy machine disturbs all alike.
"""

from .measure import Options, measure
from .results import Entry, Run

__all__ = ["Entry", "Options", "Run", "measure"]
