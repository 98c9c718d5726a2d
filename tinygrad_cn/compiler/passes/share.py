"""Common subexpressions: what is computed twice from the same values is computed once."""

from __future__ import annotations

from typing import Any

from ..program import Program, Rewriter, Value, signature

UNIQUE = frozenset(["draw", "empty"])


def share(program: Program) -> Program:
    """Make equal values one value; the first keeps its name, or takes that of the second."""
    made: dict[Any, Value] = {}

    def rule(rewriter: Rewriter, value: Value, args: tuple[Any, ...]) -> Value | None:
        if isinstance(value.op, str) and value.op in UNIQUE:
            return None
        key = (signature(value.op), signature(args), signature(value.options), value.dtype)
        if key not in made:
            made[key] = rewriter.make(value.op, args, value.shape, value.dtype, value.options, value.name)
        return made[key]

    return Rewriter(program).run(rule)
