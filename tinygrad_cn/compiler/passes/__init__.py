"""The passes over a recorded program, in the order they run. Each keeps its numbers, up to rounding."""

from collections.abc import Callable

from ..program import Program
from .algebra import algebra
from .apart import apart
from .batch import batch
from .bias import bias
from .dead import dead
from .flat import flat
from .layout import layout
from .parts import parts
from .products import products
from .share import share
from .sums import sums

PASSES: dict[str, Callable[[Program], Program]] = {
    "layout": layout,
    "parts": parts,
    "algebra": algebra,
    "sums": sums,
    "common subexpressions": share,
    "biases": bias,
    "sums of products": products,
    "common subexpressions again": share,
    "equal layers at once": batch,
    "flat parameters": flat,
    "arrays of their own": apart,
    "dead code": dead,
}
