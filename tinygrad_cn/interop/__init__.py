"""To and from files and other frameworks: safetensors, torch's state dicts, ONNX."""

from .onnx import to_onnx
from .saving import load, save
from .weights import from_torch, to_torch

__all__ = ["from_torch", "load", "save", "to_onnx", "to_torch"]
