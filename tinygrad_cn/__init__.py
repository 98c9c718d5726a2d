"""A NumPy autograd framework whose gradients you can read, see and check."""

from . import data
from .autograd import detect_anomaly, no_grad
from .functional import grad, op
from .tensor import Tensor, tensor

__all__ = ["Tensor", "data", "detect_anomaly", "grad", "no_grad", "op", "tensor"]
