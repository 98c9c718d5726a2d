"""What a backward function through time can be given: sequences as arrays (n, m, T), starts, and the exercises' caches.

The forms are those of A. Ng, "Sequence models", week 1, building a recurrent neural network step by step: caches is
(list of caches, x), and a cache is (a_next, a_prev, xt, parameters), or for an LSTM (a_next, c_next, a_prev, c_prev,
ft, it, cct, ot, xt, parameters).
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ..chain import Chain
from ..chain.moments import is_parameter
from .values import array_of

STEP = re.compile(r"([^\W\d_.]+\u0303?)⟨(\d+)⟩")
LETTERS = {"c̃": "cct", "Γf": "ft", "Γi": "it", "Γo": "ot", "Γu": "ut", "Γr": "rt", "ŷ": "yhat", "y": "Y"}
CACHES = {
    "RNN": ("a", "a_prev", "x"),
    "GRU": ("a", "a_prev", "ut", "rt", "cct", "x"),
    "LSTM": ("a", "c", "a_prev", "c_prev", "ft", "it", "cct", "ot", "x"),
}


def parameters_of(chain: Chain) -> dict[str, Any]:
    """Every parameter whose name is one of Python's."""
    named = chain.reader.values.items()
    return {name: array_of(x) for name, x in named if is_parameter(x) and name.isidentifier()}


def in_time(chain: Chain) -> dict[str, Any]:
    """The sequences of a recurrent net by letter, a0 and c0, and its caches; {} for any other net."""
    steps = _steps(chain)
    order = range(1, max((t for found in steps.values() for t in found), default=0) + 1)
    whole = {name: [found[t] for t in order] for name, found in steps.items() if order and found.keys() >= {*order}}
    values: dict[str, Any] = {name: np.stack(arrays, axis=-1) for name, arrays in whole.items()}
    values |= {f"{name}0": found[0] for name, found in steps.items() if 0 in found}
    if "x" in values:
        values["X"] = values["x"]
    kind = next((m.cell.kind for m in chain.reader.moments.values() if m.cell.kind in CACHES), "")
    parameters = parameters_of(chain)
    if kind and "x" in values:
        caches = [(*(_at(steps, name, t) for name in CACHES[kind]), parameters) for t in order]
        values |= {"caches": (caches, values["x"]), "cache": caches[-1]}
    return values


def _at(steps: dict[str, dict[int, Any]], name: str, t: int) -> Any:
    letter, _, before = name.partition("_")
    return steps.get(letter, {}).get(t - 1 if before else t)


def _steps(chain: Chain) -> dict[str, dict[int, Any]]:
    """Values by letter and time, of the cell without a prefix."""
    found: dict[str, dict[int, Any]] = {}
    for name, x in chain.reader.values.items():
        match = STEP.fullmatch(name)
        if match:
            found.setdefault(LETTERS.get(match[1], match[1]), {})[int(match[2])] = array_of(x)
    return found
