"""Record a training step once, replay it as a short list of NumPy calls."""

from .compiled import Compiled, compile
from .report import Report
from .state import own_code

__all__ = ["Compiled", "Report", "compile", "own_code"]
