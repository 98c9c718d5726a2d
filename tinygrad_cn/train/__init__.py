"""Training: `fit` and the `History` it returns."""

from .history import History
from .loop import fit
from .stopping import EarlyStopping

__all__ = ["EarlyStopping", "History", "fit"]
