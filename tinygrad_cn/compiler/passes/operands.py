"""Operands: a matrix that is a part of another one is copied before many products are made with it.

BLAS reads a matrix whose rows do not follow each other in memory several times slower if the product is small.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from ..program import Program, Rewriter, Value

FEWEST = 4  # products with the same part: below, the copy costs what is saved


def operands(program: Program) -> Program:
    """Copy parts of rows that are factors of several products; the copies are shared."""
    uses = Counter(_part(x) for value in program.values if value.op is np.matmul for x in value.args)
    copies: dict[Value, Value] = {}

    def rule(rewriter: Rewriter, value: Value, args: tuple[Any, ...]) -> Value | None:
        if value.op is not np.matmul:
            return None
        factors = []
        for old, x in zip(value.args, args, strict=True):
            part = _part(old)
            if part is None or uses[part] < FEWEST:
                factors.append(x)
                continue
            if part not in copies:
                copies[part] = rewriter.make("copy", (rewriter.new[part],), part.shape, part.dtype)
            x = copies[part] if old is part else rewriter.make("transpose", (copies[part], (1, 0)), x.shape, x.dtype)
            factors.append(x)
        return rewriter.make(value.op, factors, value.shape, value.dtype, value.options, value.name)

    return Rewriter(program).run(rule)


def _part(x: Any) -> Value | None:
    """The view of some columns, if the factor is one or the transpose of one."""
    if isinstance(x, Value) and x.op == "transpose" and x.args[1] == (1, 0):
        x = x.args[0]
    if not isinstance(x, Value) or x.op != "index" or len(x.shape) != 2:
        return None
    source: Value = x.args[0]
    return x if len(source.shape) == 2 and x.shape[1] < source.shape[1] else None
