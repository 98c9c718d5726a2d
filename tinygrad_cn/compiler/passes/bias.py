"""Bias: W x + b as one product, [W b] [x; 1], where x is put together in the step anyway.

That is so in the steps of recurrent layers, which multiply [a; x]. Elsewhere it does not pay: BLAS reads parts of
small matrices more slowly than whole ones, and that costs more than the sum.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from ..program import OUTSIDE, Path, Program, Rewriter, Value, children

FEWEST = 4  # sums with the same W and b: below, putting these together costs what is saved
Pair = tuple[Value, Value]


def bias(program: Program) -> Program:
    """Add a column to W and a row of ones to x, of which both are parts from then on."""
    uses = Counter(x for value in program.values for x in children(value.args))
    pairs = Counter(_pair(value) for value in program.values if _pair(value) and uses[value.args[0]] == 1)
    wide: dict[Pair, Value] = {}

    def rule(rewriter: Rewriter, value: Value, args: tuple[Any, ...]) -> Value | None:
        pair = _pair(value)
        if pair is None or pairs[pair] < FEWEST:
            return None
        W, b = pair
        x = value.args[0].args[1]
        n, k = W.shape
        if pair not in wide:
            columns = [(W, (slice(None), slice(0, k))), (b, (slice(None), slice(k, k + 1)))]
            wide[pair] = _together(rewriter, columns, (n, k + 1), W.name)
            if W.op == "pack":  # else it is a parameter, which its update has to know as such
                rewriter.new[W] = rewriter.make("index", (wide[pair], columns[0][1]), W.shape, W.dtype, (), W.name)
        ones = rewriter.make("constant", (np.ones((1, x.shape[1]), x.dtype),), (1, x.shape[1]), x.dtype)
        rewriter.new[ones] = ones
        rows = [(x, (slice(0, k),)), (ones, (slice(k, k + 1),))]
        tall = _together(rewriter, rows, (k + 1, x.shape[1]), x.name)
        rewriter.new[x] = rewriter.make("index", (tall, rows[0][1]), x.shape, x.dtype, (), x.name)
        return rewriter.make(np.matmul, (wide[pair], tall), value.shape, value.dtype, (), value.name)

    return Rewriter(program).run(rule)


def _pair(value: Value) -> Pair | None:
    """W and b of W x + b, if x is a pack and b a column that comes from outside."""
    if value.op is not np.add or not all(isinstance(x, Value) and len(x.shape) == 2 for x in value.args):
        return None
    product, b = value.args
    if product.op is not np.matmul or product.args[1].op != "pack" or b.shape != (value.shape[0], 1):
        return None
    W = product.args[0]
    known = all(y.op in OUTSIDE for x in (W, b) for y in (x.args[0] if x.op == "pack" else [x]))
    return (W, b) if known and value.dtype == W.dtype == b.dtype == product.args[1].dtype else None


def _together(rewriter: Rewriter, parts: list[tuple[Value, Any]], shape: tuple[int, ...], name: str) -> Value:
    """A pack of values at the given indices; the parts of packs become parts of it."""
    rows: list[tuple[Value, Path]] = []
    for x, index in parts:
        inner = zip(*x.args, strict=True) if x.op == "pack" else [(x, ())]
        rows += [(rewriter.new[part], (("index", index), *path)) for part, path in inner]
    values, paths = zip(*rows, strict=True)
    return rewriter.make("pack", (list(values), paths), shape, values[0].dtype, (), name)
