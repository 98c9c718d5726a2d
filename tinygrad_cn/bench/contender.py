"""The parent's end: a process for a peer, with its number of threads, and questions with a time limit."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .peers import Peer
from .worker import serve
from .workload import Workload

THREADS = (
    "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "BLIS_NUM_THREADS",
    "NUMBA_NUM_THREADS", "TORCHINDUCTOR_COMPILE_THREADS",
)  # fmt: skip
TUNING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")  # everybody is measured as it is installed
CACHES = {"TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1", "CCACHE": "0"}  # torch's and tinygrad's: they compile each time
GRACE = 5.0  # seconds to leave


class PeerError(Exception):
    """A peer that raised or died; the message says how."""


class PeerLateError(PeerError):
    """A peer that has not answered in time."""


class Contender:
    """A peer in its process.

    Parameters
    ----------
    peer, workload
        Who trains, and what.
    threads : int
        Threads and, on Linux, processors it may use.
    patience : float
        Seconds an answer may take.
    """

    def __init__(self, peer: Peer, workload: Workload, threads: int, patience: float) -> None:
        self.patience = patience
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, peer, workload), daemon=True)
        with surroundings(threads):
            self._process.start()
        theirs.close()

    def ask(self, name: str, *arguments: Any) -> Any:
        """The answer of a method of `Worker`.

        Raises
        ------
        PeerLateError
            If there is none in time; the process is ended.
        PeerError
            If it raised, or the process died.
        """
        try:
            self._pipe.send((name, *arguments))
            if not self._pipe.poll(self.patience):
                self._process.terminate()
                raise PeerLateError(f"no answer in {self.patience:g} s")
            good, answer = self._pipe.recv()
        except (EOFError, OSError):
            self._process.join(1.0)
            raise PeerError(f"its process ended with status {self._process.exitcode}") from None
        if not good:
            raise PeerError(answer)
        return answer

    def close(self) -> None:
        """End the process: it leaves by itself when nobody asks any more; one that is busy is stopped."""
        self._pipe.close()
        self._process.join(GRACE)
        self._process.terminate()
        self._process.join()


@contextmanager
def surroundings(threads: int) -> Iterator[None]:
    """Environment and processors for the processes that are started meanwhile."""
    before, processors = dict(os.environ), _processors()
    os.environ.update({**dict.fromkeys(THREADS, str(threads)), **CACHES})
    os.environ["XLA_FLAGS"] = f"{before.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen={str(threads > 1).lower()}"
    for name in TUNING:
        os.environ.pop(name, None)
    _restrict(processors[:threads])
    try:
        yield
    finally:
        _restrict(processors)
        os.environ.clear()
        os.environ.update(before)


def _processors() -> list[int]:
    """Numbers of the processors this process may use; none where the system does not say."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def _restrict(processors: list[int]) -> None:
    if processors:
        os.sched_setaffinity(0, processors)
