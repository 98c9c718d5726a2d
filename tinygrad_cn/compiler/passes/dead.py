"""Dead code: values that neither the result, the state nor a later draw depends on."""

from __future__ import annotations

from ..program import Program, Value, children


def dead(program: Program) -> Program:
    """Keep what something outside depends on; draws of random generators always stay, in their order."""
    needed: set[Value] = set()
    todo = program.roots()
    while todo:
        value = todo.pop()
        if value not in needed:
            needed.add(value)
            todo.extend(children(value.args))
    values = [value for value in program.values if value in needed]
    return Program(values, program.finals, program.result, program.ignored)
