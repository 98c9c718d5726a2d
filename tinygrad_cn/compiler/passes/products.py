"""Sums of products: Σ AₜBₜ is one product, [A₁ … A_T] [B₁; …; B_T].

The gradient of a weight that is used in every time step of a sequence is such a sum. The parts of a pack are computed
in their places (`memory`), so that putting them together costs one copy at most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..program import Program, Rewriter, Value, children

FEWEST = 4  # terms: below, the copies cost what is saved


def products(program: Program) -> Program:
    """Make one product of sums of at least four."""
    uses = Counter(x for value in program.values for x in children(value.args))
    uses.update(children([*program.finals.values(), program.result]))
    inside = {
        x for value in program.values if value.op is np.add for x in children(value.args)
        if x.op is np.add and uses[x] == 1 and x.shape == value.shape
    }  # fmt: skip

    def rule(rewriter: Rewriter, value: Value, args: tuple[Any, ...]) -> Value | None:
        if value.op is not np.add or value in inside:
            return None
        terms = _terms(value, inside)
        chosen = [x for x in terms if _is_product(x, value) and uses[x] == 1]
        if len(chosen) < FEWEST or len({x.args[0].shape for x in chosen}) > 1:
            return None
        left, right = ([rewriter.new[x.args[i]] for x in chosen] for i in (0, 1))
        pair = _side_by_side(rewriter, left), _stacked(rewriter, right)
        total = rewriter.make(np.matmul, pair, value.shape, value.dtype)
        for x in terms:
            if x not in chosen:
                total = rewriter.make(np.add, (total, rewriter.new[x]), value.shape, value.dtype)
        return total

    return Rewriter(program).run(rule)


def _terms(total: Value, inside: set[Value]) -> list[Value]:
    """What is added up, left to right."""
    terms, todo = [], [total]
    while todo:
        x = todo.pop()
        if x is total or x in inside:
            todo.extend(reversed(x.args))
        else:
            terms.append(x)
    return terms


def _is_product(x: Any, total: Value) -> bool:
    return (
        isinstance(x, Value) and x.op is np.matmul and (x.shape, x.dtype) == (total.shape, total.dtype)
        and all(isinstance(y, Value) and len(y.shape) == 2 and y.dtype == x.dtype for y in x.args)
    )  # fmt: skip


def _side_by_side(rewriter: Rewriter, blocks: Sequence[Value]) -> Value:
    """[A₁ … A_T], one matrix."""
    if all(x.op == "transpose" for x in blocks):
        return _transposed(rewriter, _stacked(rewriter, [x.args[0] for x in blocks]))
    n, k = blocks[0].shape
    cube = rewriter.cube(blocks)
    turned = rewriter.make("transpose", (cube, (1, 0, 2)), (n, len(blocks), k), cube.dtype)
    return rewriter.make("reshape", (turned, (n, len(blocks) * k)), (n, len(blocks) * k), cube.dtype)


def _stacked(rewriter: Rewriter, blocks: Sequence[Value]) -> Value:
    """[B₁; …; B_T], one matrix."""
    first = blocks[0]
    if all(x.op == "constant" for x in blocks):
        joined = np.concatenate([x.args[0] for x in blocks])
        return rewriter.make("constant", (joined,), joined.shape, first.dtype, (), first.name)
    if all(x.op == "transpose" for x in blocks):
        return _transposed(rewriter, _side_by_side(rewriter, [x.args[0] for x in blocks]))
    shape = (len(blocks) * first.shape[0], first.shape[1])
    return rewriter.make("reshape", (rewriter.cube(blocks), shape), shape, first.dtype)


def _transposed(rewriter: Rewriter, x: Value) -> Value:
    return rewriter.make("transpose", (x, (1, 0)), x.shape[::-1], x.dtype)
