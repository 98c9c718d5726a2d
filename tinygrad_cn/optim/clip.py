"""Gradient clipping, between `backward()` and `step()`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

import numpy as np

from ..errors import OpError
from ..ops.op import Array
from ..tensor import Tensor
from .base import positive


def clip_grad_norm(params: Iterable[Tensor], max_norm: float) -> float:
    """Scale all gradients by one factor so that their joint norm is at most `max_norm`.

    R. Pascanu et al., "On the difficulty of training recurrent neural networks", arXiv:1211.5063,
    algorithm 1.

    Parameters
    ----------
    params : iterable of Tensor
        Those without a gradient are skipped.
    max_norm : float
        Above 0.

    Returns
    -------
    float
        The norm before clipping. If it is NaN or Inf, nothing has been scaled.

    Raises
    ------
    ValueError
        If `max_norm` is not above 0.

    Examples
    --------
    >>> import tinygrad_cn as tg
    >>> w = tg.tensor([3.0, 4.0], requires_grad=True)
    >>> (w * w / 2).sum().backward()
    >>> clip_grad_norm([w], 1.0), w.grad
    (5.0, array([0.6, 0.8]))
    """
    max_norm = positive("max_norm", max_norm)
    gradients = _gradients(params)
    if not gradients:
        return 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        largest = reduce(np.maximum, [np.max(np.abs(g), initial=0.0) for g in gradients])
        unit = np.where((largest > 0) & (largest < np.inf), largest, 1.0)  # so that no square overflows
        norm = unit * np.sqrt(sum(np.sum(np.square(g / unit)) for g in gradients))
        factor = np.where(norm < np.inf, max_norm / np.maximum(norm, max_norm), 1.0)
    for g in gradients:
        g *= factor.astype(g.dtype)
    return norm.item()  # type: ignore[no-any-return]


def clip_grad_value(params: Iterable[Tensor], limit: float) -> None:
    """Cut every entry of every gradient to [−limit, limit].

    Parameters
    ----------
    params : iterable of Tensor
        Those without a gradient are skipped.
    limit : float
        Above 0.

    Raises
    ------
    ValueError
        If `limit` is not above 0.

    Examples
    --------
    >>> import tinygrad_cn as tg
    >>> w = tg.tensor([3.0, -0.5], requires_grad=True)
    >>> (w * w / 2).sum().backward()
    >>> clip_grad_value([w], 1.0)
    >>> w.grad
    array([ 1. , -0.5])
    """
    limit = positive("limit", limit)
    for g in _gradients(params):
        np.clip(g, -limit, limit, out=g)


def _gradients(params: Iterable[Tensor]) -> list[Array]:
    if isinstance(params, Tensor) or not isinstance(params, Iterable):
        raise OpError(f"params must be an iterable such as net.parameters(); got {type(params).__name__}")
    return [parameter._grad for parameter in params if parameter._grad is not None]
