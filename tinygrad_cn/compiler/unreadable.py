"""What a step that is being recorded must not do: turn a value into a plain Python one and go on from there."""

from __future__ import annotations

from typing import Any, NoReturn

from ..errors import CompileError
from ..ops.op import Array

ADVICE = (
    "the recorded step would always go the way it went this time. Return the value and decide outside the step, "
    "or choose entry by entry with np.where"
)


def refuse(what: str) -> NoReturn:
    """Stop recording because Python asks for the value of something."""
    raise CompileError(f"{what} of a value inside a compiled step: {ADVICE}")


class Unreadable:
    """Everything that would turn a stand-in into a plain Python value."""

    def __bool__(self) -> bool:
        refuse("bool(), as in `if` or `while`,")

    def __float__(self) -> float:
        refuse("float()")

    def __int__(self) -> int:
        refuse("int()")

    def __index__(self) -> int:
        refuse("the use as an index")

    def __format__(self, spec: str) -> str:
        refuse("formatting")

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        refuse("np.asarray() or another function that needs the entries")

    def tolist(self) -> NoReturn:
        """Refused."""
        refuse("tolist()")
