"""The chain: a recorded graph read as the layers and gradients of the notes."""

from .chain import Chain, LayerView, read
from .health import LayerHealth, layer_health
from .health_time import TimeHealth, time_health
from .model import Quantity, Source, Step

__all__ = [
    "Chain",
    "LayerHealth",
    "LayerView",
    "Quantity",
    "Source",
    "Step",
    "TimeHealth",
    "layer_health",
    "read",
    "time_health",
]
