"""The chain written out as a NumPy program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .functions import Decomposed
from .program import Program

if TYPE_CHECKING:
    from ..chain import Chain

__all__ = ["numpy_program"]


def numpy_program(chain: Chain, update: bool = False, functions: bool = False) -> str:
    """The program of a chain; see `Chain.numpy`."""
    return (Decomposed(chain) if functions else Program(chain)).text(update)
