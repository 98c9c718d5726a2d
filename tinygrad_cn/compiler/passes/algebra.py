"""Algebra: constants are computed once, and what changes nothing is left out.

1 · x, x / 1, x + 0, −(−x), a sum over axes of length one, a view of a view, broadcasting that the next call does by
itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..program import LOOK, Program, Rewriter, Value, children

SMALL, LARGE = 4096, 1 << 20  # entries of a constant worth computing beforehand, and of one worth looking at
Rule = Callable[[Rewriter, Value, tuple[Any, ...]], Any]


def algebra(program: Program) -> Program:
    """Simplify value by value, in order, so that one simplification makes room for the next."""

    def rule(rewriter: Rewriter, value: Value, args: tuple[Any, ...]) -> Any:
        if value.elementwise:
            args = _narrowed(value, args)
        for simplify in (_folded, _neutral, RULES.get(value.op)):
            made = simplify(rewriter, value, args) if simplify else None
            if made is not None:
                return made
        return rewriter.make(value.op, args, value.shape, value.dtype, value.options, value.name)

    return Rewriter(program).run(rule)


def _narrowed(value: Value, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Arguments before they were broadcast, if together they still give the shape."""
    args = tuple(args)
    for i, x in enumerate(args):
        if isinstance(x, Value) and x.op == "broadcast":
            narrow = (*args[:i], x.args[0], *args[i + 1 :])
            if np.broadcast_shapes(*(a.shape if isinstance(a, Value) else () for a in narrow)) == value.shape:
                args = narrow
    return args


def number(x: Any) -> Any:
    """The number an argument is, or every entry of it, if there is one."""
    if isinstance(x, Value):
        return _everywhere(x.args[0]) if x.op == "constant" else None
    return x if isinstance(x, int | float | np.number) else None


def _everywhere(a: Any) -> Any:
    """The number every entry is, or None."""
    return a.flat[0].item() if a.size and a.size <= LARGE and (a == a.flat[0]).all() else None


def _folded(rewriter: Rewriter, value: Value, args: tuple[Any, ...]) -> Value | None:
    """A constant made of constants."""
    known = [x.op == "constant" for x in children(args)]
    if not known or not all(known) or value.size > SMALL:
        return None
    entries = [x.args[0] if isinstance(x, Value) else x for x in args]
    if value.elementwise:
        with np.errstate(all="ignore"):
            result = value.op(*entries)
    elif value.op in LOOK:
        result = LOOK[value.op](*entries)
    elif value.op == "cast":
        result = entries[0].astype(entries[1])
    else:
        return None
    return rewriter.make("constant", (np.asarray(result, value.dtype),), value.shape, value.dtype)


def _neutral(rewriter: Rewriter, value: Value, args: tuple[Any, ...]) -> Value | None:
    """The other argument of 1 · x, x / 1, x + 0, x − 0."""
    if value.op not in NEUTRAL:
        return None
    neutral, sides = NEUTRAL[value.op]
    for i in sides:
        other = args[1 - i]
        same = isinstance(other, Value) and (other.shape, other.dtype) == (value.shape, value.dtype)
        if same and number(args[i]) == neutral:
            return other  # type: ignore[no-any-return]
    return None


NEUTRAL: dict[Any, tuple[int, tuple[int, ...]]] = {
    np.multiply: (1, (0, 1)),
    np.divide: (1, (1,)),
    np.add: (0, (0, 1)),
    np.subtract: (0, (1,)),
}


def _negative(rewriter: Rewriter, value: Value, args: tuple[Any, ...]) -> Any:
    return args[0].args[0] if args[0].op is np.negative else None


def _reduce(rewriter: Rewriter, value: Value, args: tuple[Any, ...]) -> Value | None:
    options = dict(value.options)
    along = [args[0].shape[axis] for axis in options["axis"]]
    if args[0].dtype != value.dtype or "initial" in options or any(n != 1 for n in along):
        return None
    return _reshape(rewriter, value, (args[0], value.shape))


def _reshape(rewriter: Rewriter, value: Value, args: tuple[Any, ...]) -> Value:
    x = args[0]
    while x.op == "reshape":
        x = x.args[0]
    if x.shape == value.shape:
        return x  # type: ignore[no-any-return]
    return rewriter.make("reshape", (x, value.shape), value.shape, value.dtype)


def _transpose(rewriter: Rewriter, value: Value, args: tuple[Any, ...]) -> Any:
    x, axes = args
    if x.op == "transpose":
        x, axes = x.args[0], tuple(x.args[1][a] for a in axes)
    if axes == tuple(range(len(axes))):
        return x
    return rewriter.make("transpose", (x, axes), value.shape, value.dtype)


def _cast(rewriter: Rewriter, value: Value, args: tuple[Any, ...]) -> Any:
    return args[0] if isinstance(args[0], Value) and args[0].dtype == value.dtype else None


RULES: dict[Any, Rule] = {
    np.negative: _negative,
    **{(f, "reduce"): _reduce for f in (np.add, np.multiply, np.maximum, np.minimum)},
    "reshape": _reshape,
    "transpose": _transpose,
    "cast": _cast,
}
