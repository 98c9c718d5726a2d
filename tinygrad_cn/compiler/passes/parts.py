"""Parts: what has been put together is not taken apart again.

An entry of a pack, or what was written into a part of an array, is used where it is; two packs whose parts are zero in
turn are added without adding.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..program import Path, Program, Rewriter, Shape, Value
from .algebra import number

Region = tuple[int | range, ...]


def parts(program: Program) -> Program:
    """Look through packs and updates."""

    def rule(rewriter: Rewriter, value: Value, args: tuple[Any, ...]) -> Value | None:
        if value.op == "index":
            return _taken(rewriter, value, *args)
        return _sum(rewriter, value, args) if value.op is np.add else None

    return Rewriter(program).run(rule)


def _taken(rewriter: Rewriter, value: Value, x: Value, index: Any) -> Value | None:
    """The part at an index; if what was written is elsewhere, the entry from before."""
    wanted = _region(index, x.shape)
    if wanted is None or x.op not in ("pack", "update"):
        return None
    old, rows = (None, zip(*x.args, strict=True)) if x.op == "pack" else (x.args[0], [(x.args[2], x.args[1])])
    elsewhere = True
    for part, path in rows:
        place = _place(path, x.shape)
        if place == wanted:
            return part  # type: ignore[no-any-return]
        elsewhere = elsewhere and place is not None and _apart(place, wanted)
    if old is None or not elsewhere:
        return None
    return _taken(rewriter, value, old, index) or rewriter.make("index", (old, index), value.shape, value.dtype)


def _sum(rewriter: Rewriter, value: Value, args: tuple[Any, ...]) -> Value | None:
    """[a; 0] + [0; b] as [a; b]: the gates of a recurrent step get their gradients from several sides."""
    if not all(isinstance(x, Value) and x.op == "pack" for x in args) or args[0].args[1] != args[1].args[1]:
        return None
    pairs = list(zip(*(x.args[0] for x in args), strict=True))
    if not all(0 in map(number, pair) for pair in pairs):
        return None
    chosen = [b if number(a) == 0 else a for a, b in pairs]
    return rewriter.make("pack", (chosen, args[0].args[1]), value.shape, value.dtype)


def _place(path: Path, shape: Shape) -> Region | None:
    """Where a path of a single index leads."""
    return _region(path[0][1], shape) if len(path) == 1 and path[0][0] == "index" else None


def _region(index: Any, shape: Shape) -> Region | None:
    """A basic index, axis by axis; None if it adds axes."""
    entries = list(index) if isinstance(index, tuple) else [index]
    if any(x is None for x in entries):
        return None
    if Ellipsis in entries:
        i = entries.index(Ellipsis)
        entries[i : i + 1] = [slice(None)] * (len(shape) - len(entries) + 1)
    entries += [slice(None)] * (len(shape) - len(entries))
    return tuple(
        range(*x.indices(n)) if isinstance(x, slice) else int(x) % n for x, n in zip(entries, shape, strict=True)
    )


def _apart(a: Region, b: Region) -> bool:
    """True if two regions share no entry, as their extent along some axis tells."""
    return any(not _meet(_extent(x), _extent(y)) for x, y in zip(a, b, strict=True))


def _extent(x: int | range) -> Iterable[int]:
    return (x, x) if isinstance(x, int) else (min(x), max(x)) if len(x) else ()


def _meet(a: Any, b: Any) -> bool:
    return bool(a and b) and a[0] <= b[1] and b[0] <= a[1]
