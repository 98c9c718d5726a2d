"""Course names for what has none: dZ and dA, told from the products they stand in."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..nn.names import renamed
from .program import Program, Value


def christen(program: Program) -> None:
    """Name gradients inside a program: dW1 = dZ1 A0ᵀ gives dZ1 its name, dA1 = W2ᵀ dZ2 is named by W2."""
    for value in program.values:
        if value.op is np.add and value.name and isinstance(value.args[0], Value) and value.args[0].op is np.matmul:
            _name(value.args[0], value.name[1:], value.name[:1])
        if value.op is not np.matmul:
            continue
        left = value.args[0]
        if value.name.startswith("dW"):
            _name(left, renamed(value.name[1:], "W", "Z"))
        if isinstance(left, Value) and left.op == "transpose":
            number = (renamed(left.args[0].name, "W", "A") or "").removeprefix("A")
            if number.isdigit():
                _name(value, f"A{int(number) - 1}")


def _name(value: Any, name: str | None, prefix: str = "d") -> None:
    if name and isinstance(value, Value) and not value.name:
        value.name = prefix + name
