"""L2 regularisation as the notes write it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..errors import OpError
from ..tensor import Tensor
from .module import Module
from .names import is_weight


def l2(parameters: Module | Iterable[Tensor], lambd: float, m: int) -> Tensor:
    """(λ/2m) Σ‖W‖², to be added to the cost; biases are left out.

    Parameters
    ----------
    parameters : Module or iterable of Tensor
        A net, or its parameters. Those named b…, beta or gamma are left out.
    lambd : float
        λ.
    m : int
        Number of samples of the cost it is added to.

    Returns
    -------
    Tensor
        A scalar; its gradient with respect to W is (λ/m) W.

    Raises
    ------
    ValueError
        If `m` is not positive.
    OpError
        If there is no weight.

    Notes
    -----
    A. Ng, "Improving deep neural networks", week 1, regularization.

    Examples
    --------
    >>> import tinygrad_cn as tg
    >>> W = tg.tensor([[3.0, 4.0]], requires_grad=True, name="W1")
    >>> l2([W], lambd=0.8, m=10).item()
    1.0
    """
    if m <= 0:
        raise ValueError(f"l2: m must be positive; got {m}")
    found = parameters.parameters() if isinstance(parameters, Module) else list(parameters)
    squares: list[Tensor] = [np.sum(np.square(p)) for p in found if is_weight(p.name)]
    if not squares:
        raise OpError("l2: no weights among the parameters")
    total = sum(squares[1:], squares[0])
    return total * (lambd / (2 * m))
