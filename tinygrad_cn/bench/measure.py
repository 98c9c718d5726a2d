"""A run: every peer starts, has to have the right losses, and then takes turns with the others."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from .contender import Contender, PeerError, PeerLateError
from .machine import describe
from .peers import REFERENCE, Peer
from .results import Entry, Run, Timing
from .workload import Workload

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """How to measure.

    Attributes
    ----------
    threads : int
        Threads each peer may use.
    rounds : int
        Turns of each peer.
    seconds : float
        About how long a turn takes; a single step may take longer.
    patience : float
        Seconds a peer may take to answer, compiling included.
    """

    threads: int = 1
    rounds: int = 15
    seconds: float = 0.1
    patience: float = 120.0


def measure(
    workloads: Sequence[Workload], peers: Sequence[Peer], options: Options, progress: Progress | None = None
) -> Run:
    """Time the peers on the workloads, one workload after the other.

    Parameters
    ----------
    workloads : sequence of Workload
        In the order to be measured.
    peers : sequence of Peer
        Those that are not installed, cannot do a workload or fail have an entry that says so.
    options : Options
        Threads, rounds and time limits.
    progress : callable, optional
        Told in a few words what is done next.

    Returns
    -------
    Run
    """
    say = progress or (lambda words: None)
    run = Run(describe(), options.threads, options.rounds)
    for w in workloads:
        run.timings.append(Timing(w.name, _entries(w, peers, options, say)))
    run.machine["load after"] = describe()["load"]
    return run


def _entries(w: Workload, peers: Sequence[Peer], options: Options, say: Progress) -> list[Entry]:
    with ExitStack() as stack:
        entries, racing = [], []
        for peer in peers:
            say(f"{w.name}: {peer.name} starts")
            entry = Entry(peer.name)
            entries.append(entry)
            contender = _started(peer, w, options, entry)
            if contender is not None:
                stack.callback(contender.close)
                racing.append((entry, contender))
        _compare(w, entries)
        racing = [(entry, contender) for entry, contender in racing if entry.status == "timed"]
        for i in range(options.rounds):
            say(f"{w.name}: round {i + 1} of {options.rounds}")
            for entry, contender in racing:
                _take_turn(entry, contender)
        for entry, contender in racing:
            entry.peak = _ask(entry, contender, "memory")
    return entries


def _started(peer: Peer, w: Workload, options: Options, entry: Entry) -> Contender | None:
    """A process that has made its first steps; None, and why in the entry, if there is none."""
    if w.kind not in peer.kinds:
        entry.status = "unfit"
        return None
    if not peer.installed:
        entry.status = "missing"
        return None
    contender = Contender(peer, w, options.threads, options.patience)
    for request in ("load", "start"):
        vars(entry).update(_ask(entry, contender, request) or {})
    _ask(entry, contender, "warm", options.seconds)
    if entry.status != "timed":
        contender.close()
        return None
    if peer.bound:
        entry.losses = []
    return contender


def _take_turn(entry: Entry, contender: Contender) -> None:
    seconds = _ask(entry, contender, "turn")
    if seconds is not None:
        entry.wall.append(seconds[0])
        entry.cpu.append(seconds[1])


def _ask(entry: Entry, contender: Contender, request: str, *arguments: Any) -> Any:
    """The answer of a peer that is still in the race; None, and why in the entry, if it fails now or did before."""
    if entry.status != "timed":
        return None
    try:
        return contender.ask(request, *arguments)
    except PeerLateError as error:
        entry.status, entry.message = "late", str(error)
    except PeerError as error:
        entry.status, entry.message = "failed", str(error)
    return None


def _compare(w: Workload, entries: Sequence[Entry]) -> None:
    """Who has other losses than the program written by hand is not timed."""
    right = next((entry.losses for entry in entries if entry.peer == REFERENCE), [])
    for entry in entries:
        if entry.status == "timed" and entry.losses and not agree(entry.losses, right, w.tolerance):
            entry.status = "differs"
            entry.message = f"losses {_numbers(entry.losses)}, by hand {_numbers(right)}"


def agree(losses: Sequence[float], right: Sequence[float], tolerance: float) -> bool:
    """True if all losses agree to a relative tolerance.

    Examples
    --------
    >>> agree([1.0, 0.5], [1.0, 0.5000001], 1e-6), agree([1.0, float("nan")], [1.0, 0.5], 1e-6)
    (True, False)
    """
    return len(losses) == len(right) and all(
        math.isclose(a, b, rel_tol=tolerance) for a, b in zip(losses, right, strict=True)
    )


def _numbers(losses: Sequence[float]) -> str:
    return ", ".join(f"{x:.6g}" for x in losses)
