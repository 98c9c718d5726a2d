"""Calls that happen in every step, in their order: draws of random generators, and checks of numbers."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .recorder import Recorder


class Assurance:
    """A function that has to be called in every step, in its place."""

    def __init__(self, check: Callable[[Any], Any]) -> None:
        self.check = check


@cache
def assurance(check: Callable[[Any], Any]) -> Assurance:
    """One for each function, since the same call has to be known as the same."""
    return Assurance(check)


class Draws:
    """A stand-in for a random generator: draws from it, and notes the call so that a replay draws again."""

    def __init__(self, recorder: Recorder, generator: Any) -> None:
        self._recorder, self._generator = recorder, generator

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: self._recorder.draw(self._generator, name, args, kwargs)
