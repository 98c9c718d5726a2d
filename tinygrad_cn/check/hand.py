"""Read what a learner hands over: gradients by name, from a mapping or from what a function returned."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from ..chain import Chain
from ..chain.model import backward_quantities
from ..chain.names import canonical
from ..errors import OpError
from ..ops.op import Array
from .signature import Signature


def match(chain: Chain, hand: Mapping[str, Any], others: Collection[str] = ()) -> tuple[dict[str, Array], list[str]]:
    """The hand gradients by the chain's names, or by `others`, and the names that are neither."""
    given: dict[str, Array] = {}
    unknown = []
    for name, value in hand.items():
        known = known_name(chain, str(name), others)
        if known is None:
            unknown.append(name)
        else:
            given[known] = as_array(name, value)
    return given, unknown


def known_name(chain: Chain, name: str, others: Collection[str] = ()) -> str | None:
    """The chain's gradient, or one of others, that a name means; None if there is none."""
    names = [*(q.name for q in backward_quantities(chain.steps)), *others]
    aliases = {a: own for a, own in chain.reader.aliases.items() if own in names}
    known = canonical(name, [*names, *aliases])
    return None if known is None else aliases.get(known, known)


def as_array(name: str, value: Any) -> Array:
    """Numbers as an array of floats.

    Raises
    ------
    OpError
        If it holds anything but real numbers.
    """
    try:
        array = np.asarray(value)
    except ValueError as ragged:
        raise OpError(f"hand[{name!r}] must be an array: {ragged}") from None
    if array.dtype.kind not in "fiub":
        raise OpError(f"hand[{name!r}] must hold real numbers; got {type(value).__name__} of dtype {array.dtype}")
    return array if array.dtype.kind == "f" else array.astype(float)


def required(chain: Chain) -> list[str]:
    """The gradients an update needs: dW and db of every layer, from the cost back."""
    wanted = {g.name for step in chain.steps for g in step.gradients}
    return [q.name for q in backward_quantities(chain.steps) if q.name in wanted]


def returned_gradients(signature: Signature, result: Any) -> dict[str, Any]:
    """The gradients in what a backward function returned.

    A mapping, alone or as the only one of a tuple (`return grads, cost`), or a tuple whose names stand
    in the function's last line (`return dW1, db1`). What is not called d… is no gradient.

    Raises
    ------
    OpError
        If the names cannot be told.
    """
    parts = result if isinstance(result, (tuple, list)) else (result,)
    mappings = [part for part in parts if isinstance(part, Mapping)]
    if len(mappings) == 1:
        found = mappings[0]
    elif not mappings and len(parts) > 1 and len(signature.returned) == len(parts):
        found = dict(zip(signature.returned, parts, strict=True))
    else:
        kind = f"a tuple of {len(parts)}" if isinstance(result, tuple) else type(result).__name__
        raise OpError(
            f'{signature.name}: expected a dict of gradients such as {{"dW1": dW1, "db1": db1}}; it returned {kind}, '
            f"whose names cannot be told"
        )
    return {str(name): value for name, value in found.items() if _is_gradient(str(name), value)}


def _is_gradient(name: str, value: Any) -> bool:
    return name.lstrip("\"'").startswith(("d", "grad")) and value is not None
