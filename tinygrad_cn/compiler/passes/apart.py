"""Apart: what is to outlive a change of the state, or to change on its own, gets an array of its own.

The gradient of ½ Σ W² is W, and a step may return what a parameter was before it; both would be the parameter itself.
"""

from __future__ import annotations

from typing import Any

from ..program import Program, Value, base, mapped


def apart(program: Program) -> Program:
    """Copy old state where it is returned or becomes other state, and what a gradient is a view of."""
    copies: dict[Value, Value] = {}

    def own(value: Value) -> Value:
        if value not in copies:
            copies[value] = Value("copy", (value,), (), value.shape, value.dtype)
        return copies[value]

    finals = {key: own(value) if _is_lent(value) else value for key, value in program.finals.items()}
    changed = {part for key in finals for part in (key, *(key[1] if key[0] == "flat" else ()))}
    result = mapped(program.result, lambda value: own(value) if _source(value) in changed else value)
    values = [x for value in program.values for x in (value, copies.get(value)) if x is not None]
    return Program(values, finals, result, program.ignored)


def _source(value: Value) -> Any:
    """The place of the state an array lies in before the step, or None."""
    source = base(value)
    return source.args[0] if source.op == "input" and value.dtype is not None else None


def _is_lent(value: Value) -> bool:
    """True for state from before, and for a view of a constant."""
    source, place = base(value), _source(value)
    return (place is not None and place[0] != "arg") or (source.op == "constant" and source is not value)
