"""Einstein summation: the gradient of an einsum is an einsum.

For `ij,jk->ik` the gradient of the first input is `ik,jk->ij`: g takes the place of the input, whose
labels become the output. Two things need more than that: a label that appears nowhere else was summed
out, so its gradient is constant along it; a label that repeats inside one input took a diagonal, so
its gradient goes back onto that diagonal, by a factor of an identity matrix.
"""

from __future__ import annotations

from functools import lru_cache
from string import ascii_letters, ascii_lowercase, ascii_uppercase
from typing import Any

import numpy as np

from ..errors import OpError
from .op import Op, case, implements, register

# NumPy sorts the integers of a sublist, so the letters for them must sort the same way.
SUBLIST_LETTERS = ascii_uppercase + ascii_lowercase


@lru_cache(maxsize=1024)
def explicit(subscripts: str, ndims: tuple[int, ...]) -> tuple[tuple[str, ...], str]:
    """Spell out what `subscripts` leaves implicit for inputs of these numbers of axes.

    Returns
    -------
    tuple of str, str
        The labels of each input and of the output, one letter per axis.

    Examples
    --------
    >>> explicit("...ij,jk", (4, 2))
    (('abij', 'jk'), 'abik')
    """
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    hidden = [ndim - len(term) + 3 if "..." in term else 0 for term, ndim in zip(terms, ndims, strict=True)]
    most = max(hidden)
    batch = "".join([c for c in ascii_letters if c not in subscripts][:most])
    if not arrow:
        right = "..." + "".join(sorted(c for c in set(left) if c.isalpha() and left.count(c) == 1))
    inputs = tuple(term.replace("...", batch[most - n :]) for term, n in zip(terms, hidden, strict=True))
    return inputs, right.replace("...", batch)


def _einsum(*x: Any, subscripts: str, optimize: Any = False) -> Any:
    return np.einsum(subscripts, *x, optimize=optimize)


def _einsum_vjp(i: int, g: Any, y: Any, *x: Any, subscripts: str, optimize: Any = False) -> Any:
    inputs, output = explicit(subscripts, tuple(np.ndim(v) for v in x))
    mine, shape = inputs[i], np.shape(x[i])
    operands, labels = [g, *x[:i], *x[i + 1 :]], [output, *inputs[:i], *inputs[i + 1 :]]
    elsewhere = set("".join(labels))
    unused = (c for c in ascii_letters if c not in elsewhere.union(mine))
    target, absent = "", []
    for axis, (label, n) in enumerate(zip(mine, shape, strict=True)):
        if n == 1 or (label not in elsewhere and mine.count(label) == 1):
            absent.append(axis)
        elif label in target:
            twin = next(unused)
            operands.append(np.eye(n, dtype=g.dtype))
            labels.append(label + twin)
            target += twin
        else:
            target += label
    gx = np.einsum(f"{','.join(labels)}->{target}", *operands, optimize=len(operands) > 2)
    if absent:
        gx = np.expand_dims(gx, tuple(absent))
    return gx if gx.shape == shape else np.broadcast_to(gx, shape)


EINSUM = register(
    Op(
        "einsum", _einsum, _einsum_vjp, ("einsum(g, …)",), analytic=True,
        text="einsum(subscripts, x)",
        cases=(
            case((2, 3), (3, 4), subscripts="ij,jk->ik"),
            case((2, 3), subscripts="ij->ji"),
            case((2, 3), subscripts="ij->"),
            case((2, 3), subscripts="ij->j"),
            case((3, 3), subscripts="ii->i"),
            case((3, 3), subscripts="ii"),
            case((3, 3, 3), subscripts="iii->i"),
            case((3, 3, 2), (3, 2), subscripts="iij,ij->j"),
            case((3,), (3,), subscripts="i,i"),
            case((3,), (4,), subscripts="i,j"),
            case((2, 3), (3, 4), (4, 2), subscripts="ab,bc,ca->b"),
            case((5, 2, 3), (3, 4), subscripts="...ij,...jk"),
            case((5, 2, 3), (1, 3, 4), subscripts="...ij,...jk->...ik"),
            case((2, 3, 4), subscripts="i...j->j..."),
            case((2, 1), (3, 4), subscripts="ij,jk->ik"),
            case((2, 4), (1, 3), subscripts="ij,jk->ik"),
            case((1, 3), (2, 3), subscripts="ij,ij->ij"),
            case((2, 5), (3, 5), (4, 5), (5,), subscripts="ir,jr,kr,r->ijk"),
            case((), (2, 3), subscripts=",ij->ij"),
            case((0, 3), (3, 2), subscripts="ij,jk->ik"),
            case((2, 0), (0, 3), subscripts="ij,jk->ik"),
        ),
    )
)  # fmt: skip


@implements(np.einsum)
def einsum(*args: Any, optimize: Any = False) -> Any:
    """`np.einsum` in both spellings: a subscripts string first, or a sublist of integers after each input."""
    if isinstance(args[0], str):
        return EINSUM(*args[1:], subscripts=args[0], optimize=optimize)
    inputs, sublists = args[0 : len(args) - len(args) % 2 : 2], args[1::2]
    subscripts = ",".join(map(_letters, sublists))
    if len(args) % 2:
        subscripts += "->" + _letters(args[-1])
    return EINSUM(*inputs, subscripts=subscripts, optimize=optimize)


def _letters(sublist: Any) -> str:
    """`[0, 1]` is "AB", `[Ellipsis, 0]` is "...A"."""
    try:
        return "".join("..." if k is Ellipsis else SUBLIST_LETTERS[k] for k in sublist)
    except (TypeError, IndexError) as error:
        raise OpError(f"einsum: a sublist holds integers from 0 to 51 and Ellipsis; got {sublist!r}") from error
