"""Compare hand-derived gradients with the recorded ones and name the first that is wrong.

For each quantity, from the cost back: is the shape right, then, are the values right to rounding?
If not, it is worked out again from the learner's own upstream values. A gradient that agrees with that
is right in itself and has only inherited an earlier mistake; the others are wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..chain import Chain
from ..chain.model import backward_quantities
from ..chain.names import canonical
from ..errors import OpError
from ..language import language
from ..ops.op import Array
from .judge import Judge
from .report import Report
from .row import Row


def compare(
    J: Any,
    hand: Mapping[str, Any],
    *,
    convention: str = "course",
    rtol: float | None = None,
    lang: str | None = None,
) -> Report:
    """Compare gradients derived by hand with the true ones.

    Parameters
    ----------
    J : Tensor or Chain
        The cost, or its chain. `backward()` need not have been called; no `.grad` is touched.
    hand : mapping
        Gradients by course name: "dZ2", "dW[2]" and the like; arrays, lists or Tensors. Give as few or
        as many as you have; those you leave out are worked out from the ones you give.
    convention : {"course", "autograd"}
        What the hand gradients follow: dA and dZ per sample with 1/m in dW and db, or the true ∂J/∂·.
        With a Chain its own convention is used.
    rtol : float, optional
        Largest error that counts as rounding, relative to the largest term. Default 4096 units in the
        last place of the coarser of the two dtypes.
    lang : {"zh", "en"}, optional
        Language of the report.

    Returns
    -------
    Report
        One row per gradient, from the cost back: `agree`, `wrong`, `inherited`, `shape` or `unknown_name`.

    Raises
    ------
    OpError
        If `hand` is not a mapping of names to numbers.

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
    chain = J if isinstance(J, Chain) else J.chain(convention=convention, lang=lang)
    if not isinstance(hand, Mapping):
        raise OpError(f'hand must be a mapping such as {{"dW1": dW1}}; got {type(hand).__name__}')
    given, unknown = _match(chain, hand)
    rows = Judge(chain, given, rtol).rows()
    rows += [Row(name, name, "unknown_name", np.asarray(hand[name])) for name in unknown]
    return Report(chain, tuple(rows), language(lang) if lang else chain.lang)


def _match(chain: Chain, hand: Mapping[str, Any]) -> tuple[dict[str, Array], list[str]]:
    """The hand gradients by the chain's names, and the names it does not know."""
    names = [q.name for q in backward_quantities(chain.steps)]
    aliases = {a: own for a, own in chain.reader.aliases.items() if own in names}
    given: dict[str, Array] = {}
    unknown = []
    for name, value in hand.items():
        known = canonical(str(name), [*names, *aliases])
        if known is None:
            unknown.append(name)
        else:
            given[aliases.get(known, known)] = _as_array(name, value)
    return given, unknown


def _as_array(name: str, value: Any) -> Array:
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise OpError(f"hand[{name!r}] must hold real numbers; got {type(value).__name__} of dtype {array.dtype}")
    return array if array.dtype.kind == "f" else array.astype(float)
