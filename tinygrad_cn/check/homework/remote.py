"""The checker's side of a learner's process: start it, ask it, bound its time, end it and all it started."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import HandFunctionError, HomeworkError
from ..call import Answer
from ..signature import Signature
from .wire import decode, encode, plain

ANSWER = 64 << 20  # bytes in one answer
PACKAGE = Path(__file__).parents[3]
PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "SYSTEMROOT", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "PYTHONPATH")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Runner:
    """A learner's file in a process of its own; use it in a `with` statement.

    Parameters
    ----------
    path : Path
        The file.
    seconds : float
        How long it may work, import and all calls together.
    memory : int
        Bytes of address space it may have.

    Attributes
    ----------
    functions : dict of str to Remote
        Its functions, ready to be called.
    data : dict
        What it gives to the names of `find.DATA`.

    Raises
    ------
    HomeworkError
        If the file cannot be imported, takes too long, or ends its process.
    """

    def __init__(self, path: Path, seconds: float, memory: int) -> None:
        self.seconds = self.left = seconds
        self.memory = memory
        self._line = b""
        self._exchanging: threading.Thread | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="homework_", ignore_cleanup_errors=True)
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.runner"],
            cwd=self._folder.name,
            env=environment(self._folder.name),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            start = {"file": str(path.resolve()), "memory": memory, "seconds": int(seconds) + 5}
            about = self.ask(start)
            if "error" in about:
                raise HomeworkError("import", f"cannot be imported:\n{plain(str(about['error']))}")
            self.functions = {k: Remote(self, signature(v)) for k, v in about["functions"].items()}
            self.data = {k: decode(v) for k, v in about["data"].items()}
        except (KeyError, TypeError, AttributeError):
            self.close()
            raise HomeworkError("crash", "its process sent an answer that cannot be read") from None
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Send a question and wait for the answer, as long as there is time left."""
        begun = time.monotonic()
        exchange = threading.Thread(target=self._exchange, args=(json.dumps(question).encode(),), daemon=True)
        self._exchanging = exchange
        exchange.start()
        exchange.join(max(self.left, 0.0))
        self.left -= time.monotonic() - begun
        if exchange.is_alive():
            self.close()
            raise HomeworkError("time", f"took longer than {self.seconds:g} s and was stopped")
        if not self._line.endswith(b"\n"):
            raise HomeworkError("crash", self._end())
        try:
            found = json.loads(self._line)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise HomeworkError("crash", "its process sent an answer that cannot be read")
        return found

    def _exchange(self, question: bytes) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._line = b""
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(question + b"\n")
            self._process.stdin.flush()
            self._line = self._process.stdout.readline(ANSWER)

    def _end(self) -> str:
        """How the process ended."""
        if len(self._line) >= ANSWER:
            return f"returned more than {ANSWER >> 20} MB"
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        code = self._process.returncode
        if code is not None and code < 0:
            return f"its process was ended by {signal.Signals(-code).name}"
        doubt = f"; {self.memory >> 20} MB of memory may be too little" if code == 1 else ""
        return f"ended its own process (exit status {code}){doubt}"

    def close(self) -> None:
        """End the process and every process it started in its group, and remove its folder."""
        if os.name == "posix":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()
        self._process.wait()
        if self._exchanging is not None:
            self._exchanging.join(1.0)
        if self._exchanging is None or not self._exchanging.is_alive():  # else something still holds the pipe
            self._close_pipes()
        self._folder.cleanup()

    def _close_pipes(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError, ValueError):
                if stream is not None:
                    stream.close()


class Remote:
    """A function of a learner's process; see `call.Hand`."""

    def __init__(self, runner: Runner, signature: Signature) -> None:
        self.runner, self.signature = runner, signature

    def call(self, arguments: Mapping[str, Any]) -> Answer:
        """See `Hand.call`. The copy is made by sending."""
        name = self.signature.name
        found = self.runner.ask({"call": name, "arguments": encode(arguments)})
        if "error" in found:
            raise HandFunctionError(name, plain(str(found["error"])))
        return Answer(decode(found.get("result")), tuple(plain(str(c)) for c in found.get("changed", ())))


def signature(fields: Mapping[str, Any]) -> Signature:
    """A signature from what was sent of it."""
    unpacked = {str(k): tuple(map(str, v)) for k, v in fields["unpacked"].items()}
    required, optional, returned, outside = (
        tuple(map(str, fields[k])) for k in ("required", "optional", "returned", "outside")
    )
    return Signature(plain(str(fields["name"])), required, optional, unpacked, returned, outside, int(fields["layers"]))


def environment(folder: str) -> dict[str, str]:
    """Little of the caller's environment; home and temporary files in the folder, one thread."""
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    places = dict.fromkeys(("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "MPLCONFIGDIR"), folder)
    path = os.pathsep.join(filter(None, [str(PACKAGE), passed.get("PYTHONPATH")]))
    quiet = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1", "MPLBACKEND": "Agg"}
    return passed | places | quiet | dict.fromkeys(THREADS, "1")
