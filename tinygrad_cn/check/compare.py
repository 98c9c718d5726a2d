"""Compare hand-derived gradients with the recorded ones and name the first that is wrong.

For each quantity, from the cost back: is the shape right, then, are the values right to rounding?
If not, it is worked out again from the learner's own upstream values. A gradient that agrees with that
is right in itself and has only inherited an earlier mistake; the others are wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..chain import Chain
from ..errors import OpError
from ..language import language
from ..tensor import Tensor
from .call import Local
from .function import compare_function
from .named import compare_named
from .report import Report


def compare(
    J: Any,
    hand: Mapping[str, Any] | Callable[..., Any],
    *,
    convention: str = "course",
    forward: Callable[..., Any] | None = None,
    rtol: float | None = None,
    lang: str | None = None,
) -> Report:
    """Compare gradients derived by hand with the true ones.

    Parameters
    ----------
    J : Tensor or Chain
        The cost, or its chain. `backward()` need not have been called; no `.grad` is touched.
    hand : mapping or callable
        Gradients by course name: "dZ2", "dW[2]" and the like; arrays, lists or Tensors. Give as few or
        as many as you have; those you leave out are worked out from the ones you give. "dx" (n_x, m, T) is
        dx⟨t⟩ of all time steps, "da0" belongs to the state a recurrent net starts from.

        Or your own backward function. Its parameters are given by name: X, Y, m, parameters, cache,
        caches, AL, W1, A1, lambd, keep_prob and so on, all copies; one named after a gradient, such as dZ
        or da, is given the true one. It returns a dict of gradients, which must hold those of all parameters
        unless it starts from a gradient. It is called again on fresh nets of other sizes, so that nothing is
        right by luck.
    convention : {"course", "autograd"}
        What the hand gradients follow: dA and dZ per sample with 1/m in dW and db, or the true ∂J/∂·.
        With a Chain its own convention is used.
    forward : callable, optional
        With a backward function, your forward function `forward(X, parameters)`: the cache it returns, of
        whatever form, is handed to the backward function instead of one in the form of the notes.
    rtol : float, optional
        Largest error that counts as rounding, relative to the largest term. Default 4096 units in the
        last place of the coarser of the two dtypes.
    lang : {"zh", "en"}, optional
        Language of the report.

    Returns
    -------
    Report
        One row per gradient, from the cost back: `agree`, `wrong`, `inherited`, `shape`, `missing`, `frozen` or
        `unknown_name`.

    Raises
    ------
    OpError
        If `J` or `hand` is of neither kind, if a parameter of the function cannot be told, or its result is no dict.
    HandFunctionError
        If the function raises; the message holds its own traceback.

    Examples
    --------
    >>> import numpy as np, tinygrad_cn as tg
    >>> W1, b1 = tg.tensor([[0.5, -1.0]], True), tg.tensor([[0.1]], True)
    >>> X = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> A1 = np.tanh(W1 @ X + b1)
    >>> J = (A1 * A1).mean()
    >>> dA1 = 2 * A1.numpy()
    >>> dZ1 = dA1 * (1 - A1.numpy())                 # should be 1 − A1²
    >>> report = tg.compare(J, {"dA1": dA1, "dZ1": dZ1, "dW1": dZ1 @ X.T / 2})
    >>> report.ok, report.first_wrong, [row.verdict for row in report.rows]
    (False, 'dZ1', ['agree', 'wrong', 'inherited'])
    """
    if not isinstance(J, (Tensor, Chain)):
        raise OpError(f"J must be the cost, a Tensor, or its chain; got {type(J).__name__}")
    chain = J if isinstance(J, Chain) else J.chain(convention=convention, lang=lang)
    tongue = language(lang) if lang else chain.lang
    if isinstance(hand, Mapping):
        return compare_named(chain, hand, rtol, tongue)
    if callable(hand):
        return compare_function(chain, Local(hand), rtol, tongue, None if forward is None else Local(forward))
    raise OpError(
        f'hand must be a mapping such as {{"dW1": dW1}}, or your backward function; got {type(hand).__name__}'
    )
