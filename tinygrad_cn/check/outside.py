"""Gradients of what comes from outside: the states a⟨0⟩ and c⟨0⟩ that a net starts from, and its inputs x⟨t⟩.

Nothing is recorded for them, as no update needs them, and the chain does not show them. Backward functions of the
notes return them all the same (A. Ng, "Sequence models", week 1: rnn_backward returns dx and da0), so they are
worked out when a learner gives them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..autograd import data_of, is_frozen, needs_gradient
from ..chain import Chain
from ..chain.dimension import symbols
from ..chain.formula import contribution, gradient_of, total
from ..chain.model import Quantity
from ..chain.names import canonical
from ..chain.piece import INSIDE, Piece
from ..ops.op import Array

OF_ALL_STEPS = re.compile(r"d([A-Za-z_]+)")
ALONE = re.compile(r"d([WbZA])(_prev)?")  # of a net with one layer, as in the exercises' functions of one layer


def outside_gradients(chain: Chain, names: Iterable[str]) -> dict[str, Quantity]:
    """The gradients of data among some names, by the chain's way of writing them: "da⟨0⟩" for "da0".

    Parameters
    ----------
    chain : Chain
        Which does not have them.
    names : iterable of str
        As a learner spells them; those of anything else are left out.
    """
    reader = chain.reader
    data = {
        f"d{key}": x for key, x in reader.values.items() if f"d{key}" not in chain.quantities and _is_data(chain, x)
    }
    aliases = {f"d{standard}": f"d{own}" for standard, own in reader.aliases.items() if f"d{own}" in data}
    known = (canonical(name, [*data, *aliases]) for name in names)
    keys = [aliases.get(name, name) for name in known if name is not None]
    return {key: _quantity(chain, key, data[key]) for key in keys}


def step_by_step(chain: Chain, hand: Mapping[str, Any]) -> dict[str, Any]:
    """The same with dx (n_x, m, T) taken apart to dx⟨1⟩, …, dx⟨T⟩ where the chain has x step by step."""
    found: dict[str, Any] = {}
    for name, value in hand.items():
        letter = OF_ALL_STEPS.fullmatch(name)
        steps = np.shape(value)[2] if letter and np.ndim(value) == 3 else 0
        keys = [f"{letter[1]}⟨{t}⟩" for t in range(1, steps + 1)] if letter else []
        keys = keys if all(key in chain for key in keys) else [key.lower() for key in keys]
        if keys and name not in chain.quantities and all(key in chain for key in keys):
            found |= {f"d{key}": np.asarray(value)[:, :, t] for t, key in enumerate(keys)}
        else:
            found[name] = value
    return found


def numbered(chain: Chain, name: str) -> str:
    """`dW` of a net with one layer is dW1, and `dA_prev` dA0; any other name is as it was."""
    match = ALONE.fullmatch(name)
    if match is None or len(chain.layers) != 1 or name in chain:
        return name
    return f"d{match[1]}{0 if match[2] else chain.layers[0].index}"


def _is_data(chain: Chain, x: Any) -> bool:
    """Whether x is numbers from outside that layers take."""
    if needs_gradient(x) or is_frozen(x) or np.asarray(data_of(x)).dtype.kind != "f":
        return False
    uses = chain.reader.consumers.get(id(x), [])
    return bool(uses) and all(piece.kind in INSIDE - {"dropout"} and needs_gradient(piece.out) for piece, _ in uses)


def _quantity(chain: Chain, key: str, x: Any) -> Quantity:
    reader = chain.reader
    uses: list[tuple[Piece, int]] = reader.consumers[id(x)]
    formula = total([contribution(piece, i, reader.name, "") for piece, i in uses])

    def unknown() -> Array | None:
        return None

    return Quantity(
        key, gradient_of(reader.name(x)), "gradient", np.shape(data_of(x)), symbols(reader, x), formula, "", unknown
    )
