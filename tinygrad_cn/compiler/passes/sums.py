"""Sums along one axis of a matrix as products with ones: BLAS adds several times faster than `np.add.reduce`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..program import Program, Rewriter, Value

LONGEST = 4096  # terms: beyond, np.add.reduce, which adds in pairs, is noticeably more exact


def sums(program: Program) -> Program:
    """Write Σ over rows or columns as a product with a vector of ones; a bias gradient is one."""

    def rule(rewriter: Rewriter, value: Value, args: tuple[Any, ...]) -> Value | None:
        options = dict(value.options)
        if value.op != (np.add, "reduce") or set(options) - {"axis", "keepdims"} or len(options["axis"]) != 1:
            return None
        (x,), (axis,) = args, options["axis"]
        if len(x.shape) != 2 or x.dtype.kind != "f" or x.shape[axis] > LONGEST or not x.size:
            return None
        shape = (x.shape[1], 1) if axis == 1 else (1, x.shape[0])
        ones = rewriter.make("constant", (np.ones(shape, x.dtype),), shape, x.dtype, (), "ones")
        pair, whole = ((x, ones), (x.shape[0], 1)) if axis == 1 else ((ones, x), (1, x.shape[1]))
        total = rewriter.make(np.matmul, pair, whole, x.dtype, (), value.name)
        return total if whole == value.shape else rewriter.make("reshape", (total, value.shape), value.shape, x.dtype)

    return Rewriter(program).run(rule)
