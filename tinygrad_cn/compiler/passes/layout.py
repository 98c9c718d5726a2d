"""Layout: entries are computed in the order in which they lie in memory.

The images of a convolution are views of rows (`ops.conv`). What is computed of them entry by entry is computed of the
rows, so that results lie as they do and no call jumps through memory.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from ...ops.op import Array
from ..program import LOOK, VIEWS, Program, Rewriter, Value

Axes = tuple[int, ...]
FEWEST = 4  # time steps worth putting one after the other


def layout(program: Program) -> Program:
    """f(xᵀ, y) as f(x, yᵀ)ᵀ, sums of xᵀ as sums of x; windows and time steps of an argument are those of its copy."""
    steps = Counter(value.args[0] for value in program.values if _is_step(value))
    in_turn: dict[Value, Value] = {}

    def rule(rewriter: Rewriter, value: Value, args: tuple[Any, ...]) -> Value | None:
        if value.elementwise:
            return _entrywise(rewriter, value, args)
        if isinstance(value.op, tuple):
            return _reduction(rewriter, value, args)
        if value.op == "transpose":
            return _turned(rewriter, *args)
        if _is_step(value) and steps[value.args[0]] >= FEWEST:
            return _step(rewriter, value, args[0], in_turn)
        return _window(rewriter, value, args) if value.op == "window" else None

    return Rewriter(program).run(rule)


def _turned(rewriter: Rewriter, x: Value, axes: Axes) -> Value:
    """A transposed view; of a transposed view, what it looks at."""
    if x.op == "transpose":
        x, axes = x.args[0], tuple(x.args[1][a] for a in axes)
    if axes == tuple(range(len(axes))):
        return x
    return rewriter.make("transpose", (x, axes), tuple(x.shape[a] for a in axes), x.dtype)


def _entrywise(rewriter: Rewriter, value: Value, args: tuple[Any, ...]) -> Value | None:
    n = len(value.shape)
    turned = [x for x in args if isinstance(x, Value) and x.shape == value.shape and _is_turned(x)]
    if n < 3 or not turned:
        return None
    axes: Axes = turned[0].args[1]
    back = tuple(np.argsort(axes).tolist())

    def inside(x: Any) -> Any:
        if not isinstance(x, Value) or not x.shape:
            return x
        if len(x.shape) < n:
            shape = (1,) * (n - len(x.shape)) + x.shape
            x = rewriter.make("reshape", (x, shape), shape, x.dtype)
        return _turned(rewriter, x, back)

    shape = tuple(value.shape[a] for a in back)
    made = rewriter.make(value.op, tuple(map(inside, args)), shape, value.dtype, value.options)
    return rewriter.make("transpose", (made, axes), value.shape, value.dtype)


def _is_turned(x: Value) -> bool:
    """True for a transposed view of what lies in its own order."""
    if x.op != "transpose":
        return False
    source = x.args[0]
    seen = _seen(source)
    steps = [step for step, n in zip(seen.strides, seen.shape, strict=True) if n > 1]
    return steps == sorted(steps, reverse=True)


def _seen(x: Value) -> Array:
    """An array that lies in memory as a view does; its entries mean nothing."""
    return LOOK[x.op](_seen(x.args[0]), x.args[1]) if x.op in VIEWS else np.empty(x.shape, x.dtype)


def _reduction(rewriter: Rewriter, value: Value, args: tuple[Any, ...]) -> Value | None:
    (x,), options = args, dict(value.options)
    if x.op != "transpose" or len(x.shape) < 3:
        return None
    axes: Axes = x.args[1]
    kept = [a for i, a in enumerate(axes) if i not in options["axis"]]
    if kept != sorted(kept):
        return None
    inner = tuple(sorted(axes[i] for i in options["axis"]))
    flat = tuple((key, inner if key == "axis" else option) for key, option in value.options if key != "keepdims")
    shape = tuple(x.args[0].shape[a] for a in kept)
    total = rewriter.make(value.op, (x.args[0],), shape, value.dtype, flat)
    return total if shape == value.shape else rewriter.make("reshape", (total, value.shape), value.shape, value.dtype)


def _is_step(value: Value) -> bool:
    """True for one position along the last axis of an argument: its entries are far apart."""
    if value.op != "index" or value.args[0].op != "input" or value.args[0].args[0][0] != "arg":
        return False
    source, index = value.args
    whole = (slice(None),) * (len(source.shape) - 1)
    return isinstance(index, tuple) and len(index) > 1 and index[:-1] == whole and isinstance(index[-1], int)


def _step(rewriter: Rewriter, value: Value, x: Value, in_turn: dict[Value, Value]) -> Value:
    if x not in in_turn:
        last = len(x.shape) - 1
        turned = _turned(rewriter, x, (last, *range(last)))
        in_turn[x] = rewriter.make("copy", (turned,), turned.shape, x.dtype, (), x.name)
    return rewriter.make("index", (in_turn[x], value.args[1][-1]), value.shape, value.dtype)


def _window(rewriter: Rewriter, value: Value, args: tuple[Any, ...]) -> Value | None:
    """The views of an argument would be made anew in every step; copied, it lies in the same place in all of them."""
    x = args[0]
    source = x.args[0] if x.op == "transpose" else x
    if source.op != "input" or source.args[0][0] != "arg":
        return None
    fixed = rewriter.make("copy", (source,), source.shape, source.dtype, (), source.name)
    view = _turned(rewriter, fixed, x.args[1]) if x is not source else fixed
    return rewriter.make("window", (view, *args[1:]), value.shape, value.dtype)
