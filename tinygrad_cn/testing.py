"""Assertions for tests of hand-derived gradients; made for pytest, of use in any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .chain import Chain
from .check import Report, compare
from .tensor import Tensor

FIXED = ("X", "Y", "x", "y", "A0")  # data, which is not learnt


def assert_gradients_agree(
    J: Tensor | Chain | Callable[..., Tensor],
    hand: Mapping[str, Any] | Callable[..., Any],
    *,
    convention: str = "course",
    rtol: float | None = None,
    lang: str | None = None,
    **inputs: Any,
) -> Report:
    """Fail unless hand-derived gradients agree with the true ones.

    Parameters
    ----------
    J : Tensor, Chain or callable
        The cost, or its chain, or a function that computes the cost from `inputs`.
    hand, convention, rtol, lang
        See `compare`: a mapping of gradients, or the backward function itself.
    **inputs
        With a function J, what it is called with: arrays by parameter name. All but X and Y are leaves
        whose gradients are checked, under these names.

    Returns
    -------
    Report
        Of gradients that agree.

    Raises
    ------
    GradientMismatchError
        An AssertionError with the whole report as its text: which gradient is wrong first, and why.
    TypeError
        If there are inputs and J is not a function.

    Examples
    --------
    >>> import numpy as np
    >>> X, Y = np.array([[1.0, 2.0, -1.0]]), np.array([[0.0, 1.0, 1.0]])
    >>> W1, b1 = np.array([[0.5]]), np.array([[0.1]])
    >>> def cost(W1, b1):
    ...     return (((W1 @ X + b1) - Y) ** 2).mean()
    >>> dZ1 = 2 * (W1 @ X + b1 - Y)
    >>> report = assert_gradients_agree(cost, {"dZ1": dZ1, "dW1": dZ1 @ X.T / 3}, W1=W1, b1=b1)
    >>> assert_gradients_agree(cost, {"dW1": dZ1 @ X.T}, W1=W1, b1=b1)  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
        ...
    tinygrad_cn.errors.GradientMismatchError: ...
    """
    __tracebackhide__ = True  # pytest then ends at the line of the test
    if isinstance(J, (Tensor, Chain)):
        if inputs:
            raise TypeError(f"assert_gradients_agree: inputs need a function J; got {', '.join(inputs)} beside a cost")
        cost: Tensor | Chain = J
    else:
        leaves = {name: _leaf(name, value) for name, value in inputs.items()}
        cost = J(**leaves).chain(names=leaves, convention=convention, lang=lang)
    report = compare(cost, hand, convention=convention, rtol=rtol, lang=lang)
    report.raise_if_wrong()
    return report


def _leaf(name: str, value: Any) -> Tensor:
    array = np.asarray(value)
    return Tensor(array, array.dtype.kind == "f" and name not in FIXED, name)
