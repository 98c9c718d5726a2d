"""The passes over a recorded program, in the order they run. Each keeps its numbers, up to rounding."""

from collections.abc import Callable

from ..program import Program
from .algebra import algebra
from .dead import dead
from .flat import flat
from .layout import layout
from .share import share
from .sums import sums

PASSES: dict[str, Callable[[Program], Program]] = {
    "layout": layout,
    "algebra": algebra,
    "sums": sums,
    "common subexpressions": share,
    "flat parameters": flat,
    "dead code": dead,
}
