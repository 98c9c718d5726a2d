"""The chain written out as a NumPy program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .functions import Decomposed, dense_stack
from .program import Program
from .stack import Stack

if TYPE_CHECKING:
    from ..chain import Chain

__all__ = ["numpy_program"]


def numpy_program(chain: Chain, update: bool = False, functions: bool = False) -> str:
    """The program of a chain; see `Chain.numpy`."""
    if not functions:
        return Program(chain).text(update)
    dense = dense_stack(chain)
    return (Stack(chain) if dense is None else Decomposed(chain, *dense)).text(update)
