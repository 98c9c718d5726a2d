"""Names of a layer's quantities, as in the notes: W1, b1, Z1, A1, and with a prefix: fc1.W, fc1.Z."""

from __future__ import annotations

from functools import cache


@cache
def renamed(name: str | None, old: str, new: str) -> str | None:
    """The name with its letter exchanged; None if that is none of the letters `old`.

    Examples
    --------
    >>> renamed("W1", "W", "Z"), renamed("fc1.A", "ZA", "P"), renamed("x", "Z", "A")
    ('Z1', 'fc1.P', None)
    """
    prefix, dot, last = (name or "").rpartition(".")
    letter, number = last[:1], last[1:]
    if not letter or letter not in old or (number and not number.isdigit()):
        return None
    return f"{prefix}{dot}{new}{number}"


def written(name: str) -> str:
    """As formulas write it.

    Examples
    --------
    >>> written("W1"), written("fc1.W"), written("2.W1")
    ('W[1]', 'fc1.W', '2.W[1]')
    """
    stem = name.rstrip("0123456789")
    number = name[len(stem) :]
    return f"{stem}[{number}]" if stem and number else name


def is_weight(name: str | None) -> bool:
    """Whether L2 regularisation and weight decay apply: not to biases (b…, beta) nor to gamma.

    Examples
    --------
    >>> [is_weight(name) for name in ("W1", "b1", "fc1.b", "gamma2", None)]
    [True, False, False, False, True]
    """
    last = (name or "").rpartition(".")[2]
    return not last.startswith(("b", "gamma"))
