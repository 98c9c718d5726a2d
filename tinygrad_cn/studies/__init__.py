"""Hyperparameter studies: `study` tries values from a space and returns a `Study` of the trials."""

from . import space
from .result import Study
from .run import study
from .trial import Trial

__all__ = ["Study", "Trial", "space", "study"]
