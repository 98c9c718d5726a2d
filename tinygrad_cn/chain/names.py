"""Names of quantities: W1 as a key, W[1] as written, and what a learner may type for either."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..autograd import Node
from ..errors import OpError

INDEXED = re.compile(r"([A-Za-z]+?)(\d+)")
NUMBERED = frozenset("uJRcp")  # intermediates, terms of the cost, constants, loose parameters
SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
TILDE = "\u0303"  # of what dropout has left: Atilde1 is written Ã[1]
GREEK = {"gamma": "γ", "beta": "β", "mu": "μ", "sigma": "σ", "alpha": "α"}  # of a norm, and the weights of an attention
TIMED = re.compile(r"(d?)((?:\d+\.)?(?:reverse\.)?)([^\W\d]+\u0303?)[<⟨]?(\d+)[>⟩]?")  # da3, da<3>, dGf⟨3⟩
SPELLED = {"yhat": "ŷ", "cc": "c̃", "cct": "c̃", "ctilde": "c̃"}
SPELLED |= {f"{spelled}{gate}": f"Γ{gate}" for spelled in ("G", "Gamma") for gate in "fiour"}
BRACKETED = re.compile(r"([A-Za-z]+)(′*)\^?\[(\d+)\]")


def written(name: str) -> str:
    """`W1` is written W[1], for layer 1; `u1` of the numbered intermediates is written u₁.

    Examples
    --------
    >>> written("dW12"), written("u3"), written("w"), written("dgamma1"), written("norm1.gamma")
    ('dW[12]', 'u₃', 'w', 'dγ[1]', 'norm1.γ')
    >>> written("D1′"), written("dW2′")
    ('D′[1]', 'dW′[2]')
    """
    plain = name.rstrip("′")
    match, primes = INDEXED.fullmatch(plain), name[len(plain) :]
    if match is None:
        module, dot, last = name.rpartition(".")
        return f"{module}.{_greek(last)}" if dot else name
    letter, number = match.groups()
    if letter.removeprefix("d") in NUMBERED:
        return letter + primes + number.translate(SUBSCRIPT)
    return f"{_greek(letter)}{primes}[{number}]"


def _greek(letter: str) -> str:
    stem = letter.removesuffix("tilde")
    if stem != letter:
        return _greek(stem) + TILDE
    for spelled, sign in GREEK.items():
        if letter.removeprefix("d") == spelled:
            return letter.replace(spelled, sign)
    return letter


def canonical(name: str, known: Iterable[str]) -> str | None:
    """The known name that a learner's spelling means: `dW[2]`, `dW_2`, `grads["dW2"]`, `dX`; None if there is none.

    Examples
    --------
    >>> canonical("dW[2]", ["dW2"]), canonical("dγ[1]", ["dgamma1"]), canonical("dQ1", ["dW1"])
    ('dW2', 'dgamma1', None)
    >>> canonical("da3", ["da⟨3⟩"]), canonical("dGf<2>", ["dΓf⟨2⟩"])
    ('da⟨3⟩', 'dΓf⟨2⟩')
    """
    table = set(known)
    spelling = unicodedata.normalize("NFD", name.strip()).replace(TILDE, "tilde")
    for spelled, sign in GREEK.items():
        spelling = spelling.replace(sign, spelled)
    plain = BRACKETED.sub(r"\1\3\2", spelling).replace("_", "")
    inside = re.search(r"""["']([^"']+)["']""", plain)
    plain = inside[1] if inside else plain
    for guess in (name, plain, _timed(plain), {"X": "A0", "dX": "dA0", "AL": "A", "dAL": "dA"}.get(plain, plain)):
        if guess in table:
            return guess
    return None


def _timed(plain: str) -> str:
    """`da3`, `da<3>` and `da⟨3⟩` are da⟨3⟩; `dGf3` is dΓf⟨3⟩."""
    match = TIMED.fullmatch(plain)
    if match is None:
        return plain
    d, whose, letters, t = match.groups()
    return f"{d}{whose}{SPELLED.get(letters, letters)}⟨{t}⟩"


def given_names(names: Mapping[str, Any] | None) -> dict[int, str]:
    """Which value, by identity, each name of `{"W1": W1, ...}` or `locals()` stands for.

    Of two names for one value, one of the form W1, Z2 wins, then the first.

    Raises
    ------
    OpError
        If `names` is not a mapping.
    """
    if names is None:
        return {}
    if not isinstance(names, Mapping):
        raise OpError(f'names must be a mapping such as {{"W1": W1}} or locals(); got {type(names).__name__}')
    found: dict[int, str] = {}
    for name, value in names.items():
        if not isinstance(value, (Node, np.ndarray)) or name.startswith("_"):
            continue
        if id(value) not in found or (INDEXED.fullmatch(name) and not INDEXED.fullmatch(found[id(value)])):
            found[id(value)] = name
    return found
