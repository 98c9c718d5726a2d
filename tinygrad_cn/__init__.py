"""A NumPy autograd framework whose gradients you can read, see and check."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import data, nn, optim
from .autograd import detect_anomaly, no_grad
from .functional import grad, op
from .nn import elu, gelu, leaky_relu, log_softmax, relu, sigmoid, silu, softmax, softplus, tanh
from .tensor import Tensor, tensor
from .train import EarlyStopping, History, fit

if TYPE_CHECKING:
    from .check.compare import compare
    from .check.numeric import gradcheck
    from .check.update import compare_update
    from .compiler import compile
    from .interop import load, save
    from .studies import Study, space, study

__version__ = "0.1.0"

__all__ = [
    "EarlyStopping",
    "History",
    "Study",
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
    "load",
    "log_softmax",
    "nn",
    "no_grad",
    "op",
    "optim",
    "relu",
    "save",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "space",
    "study",
    "tanh",
    "tensor",
]

FIRST_USE = {
    "compare": "check", "compare_update": "check", "gradcheck": "check", "compile": "compiler", "load": "interop",
    "save": "interop", "Study": "studies", "space": "studies",
    "study": "studies",
}  # fmt: skip
FLOORS = ("chain", "check", "compiler", "draw", "interop", "sklearn", "studies")


def __getattr__(name: str) -> Any:
    """The floors above training are half of the package: they are loaded when first used."""
    if name in FLOORS:
        return import_module(f"{__name__}.{name}")
    if name in FIRST_USE:
        return getattr(import_module(f"{__name__}.{FIRST_USE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
