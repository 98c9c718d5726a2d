"""Ctrl-C during a training: the step at hand is finished first, so the parameters are never half updated."""

from __future__ import annotations

import importlib
import signal
import threading
from types import FrameType, TracebackType
from typing import Any

# What `signal` is made of: a compiled step may take less time than turning numbers into enums and back does.
_signal: Any = importlib.import_module("_signal")
handler, set_handler = _signal.getsignal, _signal.signal
SIGINT = int(signal.SIGINT)


class Interrupts:
    """Context manager that notes the first Ctrl-C and lets the second one through at once.

    `check()` raises the KeyboardInterrupt that was noted. Outside the main thread, and where the program has its
    own handler, signals are left alone.
    """

    def __init__(self) -> None:
        self.pending = False
        self._installed = False

    def __enter__(self) -> Interrupts:
        main = threading.current_thread() is threading.main_thread()
        if main and handler(SIGINT) is signal.default_int_handler:
            set_handler(SIGINT, self._note)
            self._installed = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._installed:
            set_handler(SIGINT, signal.default_int_handler)

    def check(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was pressed."""
        if self.pending:
            raise KeyboardInterrupt

    def _note(self, signum: int, frame: FrameType | None) -> None:
        self.check()
        self.pending = True
