"""The chain: a recorded graph read as the layers and gradients of the notes."""

from .chain import Chain, LayerView, read
from .model import Quantity, Source, Step

__all__ = ["Chain", "LayerView", "Quantity", "Source", "Step", "read"]
