"""To and from files and other frameworks: safetensors, torch's state dicts, ONNX."""

from .saving import load, save

__all__ = ["load", "save"]
