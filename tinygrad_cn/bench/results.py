"""What a run has found, as data: to be shown, kept as JSON and read again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Entry:
    """What came of one peer in one workload.

    Attributes
    ----------
    peer : str
        See `peers.PEERS`.
    status : {"timed", "missing", "unfit", "failed", "late", "differs"}
        Not installed; a workload it cannot do; an error; no answer in time; other losses.
    message : str
        What went wrong.
    losses : list of float
        Of the first five steps.
    imports : float
        Seconds to import what it needs.
    start : float
        Seconds until it had made five steps: the net is built, the step recorded or compiled.
    base, peak : float or None
        Memory of its process in MB: after the imports, and the most at any time.
    wall, cpu : list of float
        Seconds of a step by the clock and of all processors together, one entry a round.
    """

    peer: str
    status: str = "timed"
    message: str = ""
    losses: list[float] = field(default_factory=list)
    imports: float = 0.0
    start: float = 0.0
    base: float | None = None
    peak: float | None = None
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


@dataclass
class Timing:
    """One workload."""

    workload: str
    entries: list[Entry]

    def timed(self, peer: str) -> Entry | None:
        """The entry of a peer, if it was timed."""
        return next((e for e in self.entries if e.peer == peer and e.status == "timed"), None)


@dataclass
class Run:
    """All workloads of a run.

    Attributes
    ----------
    machine : dict of str
        Processor, system, versions, load.
    threads, rounds : int
        As asked for.
    timings : list of Timing
    """

    machine: dict[str, str]
    threads: int
    rounds: int
    timings: list[Timing] = field(default_factory=list)

    @property
    def clock(self) -> str:
        """What ratios are made of: "cpu" with one thread, else "wall".

        With one thread both are the same on an idle machine; on a busy one the time that others took is not in the
        CPU time. With several threads CPU time adds up what ran at once.
        """
        return "cpu" if self.threads == 1 else "wall"

    def to_json(self) -> str:
        """Everything, every round included."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Run:
        """Undo `to_json`.

        Examples
        --------
        >>> run = Run({"cpu": "abacus"}, 1, 2, [Timing("W1", [Entry("hand", wall=[1.0, 2.0])])])
        >>> Run.from_json(run.to_json()) == run
        True
        """
        return cls.from_dict(json.loads(text))

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Run:
        """From what `dataclasses.asdict` makes of it."""
        timings = [Timing(**t | {"entries": [Entry(**e) for e in t["entries"]]}) for t in found["timings"]]
        return cls(**{**found, "timings": timings})
