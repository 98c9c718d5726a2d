"""L1 and L2 regularisation as the notes write them: terms to be added to the cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from ..errors import OpError
from ..tensor import Tensor
from .module import Module
from .names import is_weight


def l1(parameters: Module | Iterable[Tensor], lambd: float, m: int) -> Tensor:
    """(λ/m) Σ|W|, to be added to the cost; biases and frozen weights are left out. It drives weights to zero.

    With `l2` added too it is the elastic net: `J + nn.l1(net, 0.1, m) + nn.l2(net, 0.7, m)`.

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
        A scalar; its gradient with respect to W is (λ/m) sign(W), 0 where W is 0.

    Raises
    ------
    ValueError
        If `m` is not positive.
    OpError
        If there is no weight.

    Notes
    -----
    A. Ng, "Improving deep neural networks", week 1, regularization; H. Zou and T. Hastie, "Regularization and
    variable selection via the elastic net", J. R. Statist. Soc. B 67 (2005), section 2.

    Examples
    --------
    >>> import tinygrad_cn as tg
    >>> W = tg.tensor([[3.0, -4.0]], requires_grad=True, name="W1")
    >>> J = l1([W], lambd=0.2, m=10)
    >>> J.backward()
    >>> J.item(), W.grad
    (0.14, array([[ 0.02, -0.02]]))
    """
    return _penalty("l1", np.abs, parameters, m) * (lambd / m)


def l2(parameters: Module | Iterable[Tensor], lambd: float, m: int) -> Tensor:
    """(λ/2m) Σ‖W‖², to be added to the cost; biases and frozen weights are left out.

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
    return _penalty("l2", np.square, parameters, m) * (lambd / (2 * m))


def _penalty(name: str, of: Callable[[Tensor], Tensor], parameters: Module | Iterable[Tensor], m: int) -> Tensor:
    """The sum of a function of all weights that learn."""
    if m <= 0:
        raise ValueError(f"{name}: m must be positive; got {m}")
    found = parameters.parameters() if isinstance(parameters, Module) else list(parameters)
    terms: list[Tensor] = [np.sum(of(p)) for p in found if is_weight(p.name) and p.requires_grad]
    if not terms:
        raise OpError(f"{name}: no weights that learn among the parameters")
    return sum(terms[1:], terms[0])
