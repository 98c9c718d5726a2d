"""Activations as functions, for hand-written nets, and as modules; and the table of their names.

The functions take Tensors, which record, or arrays. Local gradients: `tinygrad_cn.ops.activation`.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from ..errors import OpError
from ..ops import activation as ops
from ..ops.elementwise import TANH
from ..tensor import Tensor
from .module import Module
from .names import renamed

Spec = str | Module | type[Module] | Callable[[Any], Any] | None

# ---- functions --------------------------------------------------------------------------------------


def sigmoid(x: Any) -> Any:
    """Sigmoid: σ(x) = 1 / (1 + exp(−x)).

    Examples
    --------
    >>> import numpy as np
    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    return ops.SIGMOID(x)


def tanh(x: Any) -> Any:
    """Hyperbolic tangent.

    Examples
    --------
    >>> float(tanh(0.0))
    0.0
    """
    return TANH(x)


def relu(x: Any) -> Any:
    """Rectifier: max(0, x); the gradient at 0 is 0.

    Examples
    --------
    >>> import numpy as np
    >>> relu(np.array([-2.0, 3.0]))
    array([0., 3.])
    """
    return ops.RELU(x)


def leaky_relu(x: Any, slope: float = 0.01) -> Any:
    """Leaky rectifier: x where x > 0, else slope · x.

    Examples
    --------
    >>> import numpy as np
    >>> leaky_relu(np.array([-2.0, 3.0]), slope=0.1)
    array([-0.2,  3. ])
    """
    return ops.LEAKY_RELU(x, slope=float(slope))


def elu(x: Any, alpha: float = 1.0) -> Any:
    """Exponential linear unit: x where x > 0, else alpha · (exp(x) − 1).

    D.-A. Clevert et al., "Fast and accurate deep network learning by exponential linear units",
    arXiv:1511.07289, equation 16.

    Examples
    --------
    >>> import numpy as np
    >>> elu(np.array([-np.inf, 3.0]))
    array([-1.,  3.])
    """
    return ops.ELU(x, alpha=float(alpha))


def gelu(x: Any, approximate: str = "none") -> Any:
    """Gaussian error linear unit: x Φ(x) with the exact normal distribution function, or its tanh approximation.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    approximate : {"none", "tanh"}
        "tanh": ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))), which differs by at most 5e-4.

    Raises
    ------
    ValueError
        For any other value of `approximate`.

    Examples
    --------
    >>> import numpy as np
    >>> np.round(gelu(np.array([-1.0, 1.0])), 6)
    array([-0.158655,  0.841345])
    """
    if approximate not in GELU_OPS:
        raise ValueError(f"gelu: approximate must be one of {', '.join(GELU_OPS)}; got {approximate!r}")
    return GELU_OPS[approximate](x)


GELU_OPS = {"none": ops.GELU, "tanh": ops.GELU_TANH}


def silu(x: Any) -> Any:
    """Sigmoid linear unit: x σ(x), also called swish.

    Examples
    --------
    >>> import numpy as np
    >>> silu(np.array([0.0, 100.0]))
    array([  0., 100.])
    """
    return ops.SILU(x)


def softplus(x: Any) -> Any:
    """Softplus: log(1 + exp(x)).

    Examples
    --------
    >>> import numpy as np
    >>> softplus(np.array([-1000.0, 1000.0]))
    array([   0., 1000.])
    """
    return ops.SOFTPLUS(x)


def softmax(x: Any, axis: int = 0) -> Any:
    """Softmax: exp(x) / Σ exp(x) over the classes, which are the rows: axis 0.

    Examples
    --------
    >>> import numpy as np
    >>> np.round(softmax(np.array([[1.2], [0.9], [0.75]])), 2).ravel()
    array([0.42, 0.31, 0.27])
    """
    return ops.SOFTMAX(x, axis=axis)


def log_softmax(x: Any, axis: int = 0) -> Any:
    """Logarithm of softmax(x), exact also where softmax(x) rounds to 0.

    Examples
    --------
    >>> import numpy as np
    >>> log_softmax(np.array([0.0, 1000.0]))
    array([-1000.,     0.])
    """
    return ops.LOG_SOFTMAX(x, axis=axis)


# ---- modules ----------------------------------------------------------------------------------------


class Activation(Module):
    """A function of one Tensor as a module; the activations below are the ready-made ones.

    Examples
    --------
    >>> import numpy as np
    >>> Activation(np.sin)
    Activation(sin)
    """

    def __init__(self, function: Callable[..., Any], **options: Any) -> None:
        self.function = function
        self.options = options

    def forward(self, x: Any) -> Any:
        """Apply the function; what is made of Z1, or of N1, is named A1."""
        y = self.function(x, **self.options)
        if isinstance(y, Tensor) and isinstance(x, Tensor) and y is not x:
            y.name = renamed(x.name, "ZN", "A")
        return y

    @property
    def name(self) -> str:
        """What tables call it: the name of the function."""
        return getattr(self.function, "__name__", type(self).__name__)

    def __repr__(self) -> str:
        about = [f"{option}={value!r}" for option, value in self.options.items()]
        if type(self) is Activation:
            about.insert(0, self.name)
        return f"{type(self).__name__}({', '.join(about)})"


class Sigmoid(Activation):
    """`sigmoid` as a module.

    Examples
    --------
    >>> Sigmoid()(0.0)
    np.float64(0.5)
    """

    def __init__(self) -> None:
        super().__init__(sigmoid)


class Tanh(Activation):
    """`tanh` as a module.

    Examples
    --------
    >>> import numpy as np
    >>> Tanh()(np.array([0.0, 1000.0]))
    array([0., 1.])
    """

    def __init__(self) -> None:
        super().__init__(tanh)


class ReLU(Activation):
    """`relu` as a module.

    Examples
    --------
    >>> import numpy as np
    >>> ReLU()(np.array([-2.0, 3.0]))
    array([0., 3.])
    """

    def __init__(self) -> None:
        super().__init__(relu)


class LeakyReLU(Activation):
    """`leaky_relu` as a module.

    Examples
    --------
    >>> LeakyReLU(0.2)
    LeakyReLU(slope=0.2)
    """

    def __init__(self, slope: float = 0.01) -> None:
        super().__init__(leaky_relu, slope=slope)


class ELU(Activation):
    """`elu` as a module.

    Examples
    --------
    >>> ELU(0.5)
    ELU(alpha=0.5)
    """

    def __init__(self, alpha: float = 1.0) -> None:
        super().__init__(elu, alpha=alpha)


class GELU(Activation):
    """`gelu` as a module, exact unless `approximate` is "tanh".

    Examples
    --------
    >>> GELU("tanh")
    GELU(approximate='tanh')
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__(gelu, approximate=approximate)


class SiLU(Activation):
    """`silu` as a module.

    Examples
    --------
    >>> import numpy as np
    >>> SiLU()(np.array([0.0, 100.0]))
    array([  0., 100.])
    """

    def __init__(self) -> None:
        super().__init__(silu)


class Softplus(Activation):
    """`softplus` as a module.

    Examples
    --------
    >>> import numpy as np
    >>> Softplus()(np.array([-1000.0, 1000.0]))
    array([   0., 1000.])
    """

    def __init__(self) -> None:
        super().__init__(softplus)


class Softmax(Activation):
    """`softmax` as a module; the classes are the rows unless `axis` says otherwise.

    Examples
    --------
    >>> import numpy as np
    >>> Softmax()(np.zeros((2, 1)))
    array([[0.5],
           [0.5]])
    """

    def __init__(self, axis: int = 0) -> None:
        super().__init__(softmax, axis=axis)


class LogSoftmax(Activation):
    """`log_softmax` as a module; the classes are the rows unless `axis` says otherwise.

    Examples
    --------
    >>> import numpy as np
    >>> LogSoftmax()(np.array([0.0, 1000.0]))
    array([-1000.,     0.])
    """

    def __init__(self, axis: int = 0) -> None:
        super().__init__(log_softmax, axis=axis)


# ---- by name ----------------------------------------------------------------------------------------

ACTIVATIONS: dict[str, type[Module] | None] = {
    "linear": None,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "elu": ELU,
    "gelu": GELU,
    "silu": SiLU,
    "softplus": Softplus,
    "softmax": Softmax,
    "log_softmax": LogSoftmax,
}


def resolve(activation: Spec) -> Module | None:
    """The module an activation stands for: a name, a Module (copied), its class, any function, or None.

    Raises
    ------
    ValueError
        If the name is unknown.
    OpError
        If it is none of these.

    Examples
    --------
    >>> resolve("relu"), resolve(LeakyReLU(0.2)), resolve("linear")
    (ReLU(), LeakyReLU(slope=0.2), None)
    """
    if isinstance(activation, str):
        if activation not in ACTIVATIONS:
            raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}; got {activation!r}")
        activation = ACTIVATIONS[activation]
    if activation is None:
        return None
    if isinstance(activation, Module):
        return deepcopy(activation)
    if isinstance(activation, type) and issubclass(activation, Module):
        return activation()
    if callable(activation):
        return Activation(activation)
    raise OpError(f"activation must be a name, a Module or a function; got {activation!r}")
