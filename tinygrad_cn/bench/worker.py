"""The process of one peer: it builds its step, and trains when it is asked to."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from .memory import now, peak
from .peers import Peer, Step
from .problem import Problem, problem
from .workload import Workload

STEPS = 5  # whose losses are compared


class Worker:
    """What can be asked for, in this order: `load`, `start`, `warm`, `turn` again and again, `memory`."""

    build: Callable[[Problem], Step]
    step: Step

    def __init__(self, peer: Peer, workload: Workload) -> None:
        self.peer, self.workload = peer, workload
        self.repeat = 1

    def load(self) -> dict[str, Any]:
        """Import what the peer needs: the seconds it took and the memory in use after it."""
        begin = time.perf_counter()
        self.build = self.peer.load()
        return {"imports": time.perf_counter() - begin, "base": now()}

    def start(self) -> dict[str, Any]:
        """Build the step and make the first ones: their losses, and the seconds until they were there."""
        given = problem(self.workload)
        begin = time.perf_counter()
        self.step = self.build(given)
        losses = [self.step() for _ in range(STEPS)]
        return {"losses": losses, "start": time.perf_counter() - begin}

    def warm(self, seconds: float) -> None:
        """Train untimed for half of a turn or longer, to learn how many steps fit into one."""
        begin, steps = time.perf_counter(), 0
        while (passed := time.perf_counter() - begin) < seconds / 2 or not steps:
            self.step()
            steps += 1
        self.repeat = max(1, round(seconds * steps / passed))

    def turn(self) -> tuple[float, float]:
        """Seconds of a step by the clock and of the processors, the mean over a turn."""
        step, begin, cpu = self.step, time.perf_counter(), time.process_time()
        for _ in range(self.repeat):
            step()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - begin
        return wall / self.repeat, cpu / self.repeat

    def memory(self) -> float | None:
        """MB, the most at any time."""
        return peak()


def serve(pipe: Connection, peer: Peer, workload: Workload) -> None:
    """Answer requests (name of a method, arguments…) with (True, result) or (False, error) until the pipe is closed."""
    _quiet()
    worker = Worker(peer, workload)
    while True:
        try:
            name, *arguments = pipe.recv()
        except EOFError:
            return
        try:
            answer = True, getattr(worker, name)(*arguments)
        except Exception as error:
            answer = False, f"{type(error).__name__}: {error}"
        pipe.send(answer)


def _quiet() -> None:
    """What frameworks print is not for the one who reads the table."""
    null = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os.dup2(null, 1)
    os.dup2(null, 2)
