"""Datasets, augmentation and mini-batches in the notes' layout: samples in columns."""

from .augment import Augment, Noise, Rotate, Shift
from .batches import minibatches
from .copies import noisy, rotated, shifted
from .dataset import Dataset, one_hot
from .digits import digits
from .logic import parity, xor
from .planar import blobs, circles, flower, moons, spirals
from .scale import Scaler, standardize

__all__ = [
    "Augment",
    "Dataset",
    "Noise",
    "Rotate",
    "Scaler",
    "Shift",
    "blobs",
    "circles",
    "digits",
    "flower",
    "minibatches",
    "moons",
    "noisy",
    "one_hot",
    "parity",
    "rotated",
    "shifted",
    "spirals",
    "standardize",
    "xor",
]
