"""Datasets and mini-batches in the notes' layout: samples in columns."""

from .augment import shifted
from .batches import minibatches
from .dataset import Dataset, one_hot
from .digits import digits
from .logic import parity, xor
from .planar import blobs, circles, flower, moons, spirals
from .scale import Scaler, standardize

__all__ = [
    "Dataset",
    "Scaler",
    "blobs",
    "circles",
    "digits",
    "flower",
    "minibatches",
    "moons",
    "one_hot",
    "parity",
    "shifted",
    "spirals",
    "standardize",
    "xor",
]
