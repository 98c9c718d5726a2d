"""A NumPy autograd framework whose gradients you can read, see and check."""

from . import data, nn, optim
from .autograd import detect_anomaly, no_grad
from .check import compare, compare_update, gradcheck
from .compiler import compile
from .functional import grad, op
from .nn import elu, gelu, leaky_relu, log_softmax, relu, sigmoid, silu, softmax, softplus, tanh
from .tensor import Tensor, tensor
from .train import EarlyStopping, History, fit

__version__ = "0.1.0"

__all__ = [
    "EarlyStopping",
    "History",
    "Tensor",
    "compare",
    "compare_update",
    "compile",
    "data",
    "detect_anomaly",
    "elu",
    "fit",
    "gelu",
    "grad",
    "gradcheck",
    "leaky_relu",
    "log_softmax",
    "nn",
    "no_grad",
    "op",
    "optim",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "tanh",
    "tensor",
]
