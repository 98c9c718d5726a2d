"""Record a training step once, replay it as a short list of NumPy calls."""

from .compiled import Compiled, compile
from .replay import Report

__all__ = ["Compiled", "Report", "compile"]
