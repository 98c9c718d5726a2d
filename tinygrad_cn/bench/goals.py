"""What was to be reached, as a table, and whether it is."""

from __future__ import annotations

from dataclasses import dataclass

from .results import Run, Timing
from .summary import Spread, speed


@dataclass(frozen=True)
class Goal:
    """`who` shall be at least `factor` times as fast as `against`; below 1 that means how far it may be behind."""

    workload: str
    who: str
    against: str
    factor: float


def _goals(who: str, table: dict[str, dict[str, float]]) -> tuple[Goal, ...]:
    return tuple(Goal(w, who, against, factor) for w, row in table.items() for against, factor in row.items())


AHEAD = {"torch": 1.0, "torch.compile": 1.0, "jax.jit": 1.0}
COMPILED = {
    "W1": {"hand": 2.3, **AHEAD},
    "W2": {"hand": 1.7, **AHEAD, "gemm": 1 / 1.25},
    "W3": {"hand": 2.2, **AHEAD},
    "W4": {"hand": 1.15, **AHEAD, "gemm": 1 / 1.3},
    "W5": {"hand": 2.0, **AHEAD},
    "W6": {"hand": 6.0, **dict.fromkeys(AHEAD, 2.0)},
    "W7": {"hand": 1.6, **AHEAD},
}
GOALS: tuple[Goal, ...] = (
    *_goals("compiled", COMPILED),
    *_goals("mkl", COMPILED),
    *_goals(
        "eager",
        {
            "W1": {"hand": 0.8, "torch": 1.0},
            **{w: {"hand": 1.0} for w in ("W2", "W4", "W6")},
            **{w: {"hand": 1.0, "torch": 1.0} for w in ("W3", "W5")},
            "W8": {"torch": 1.4},
        },
    ),
    *_goals("eager", {f"W{i}": {"autograd": 1.0, "mygrad": 1.0} for i in range(1, 9)}),
)


@dataclass(frozen=True)
class Verdict:
    """A goal and what was measured; `speed` is None if one of the two was not timed."""

    goal: Goal
    speed: Spread | None

    @property
    def reached(self) -> bool:
        """True if the median is as high as the goal."""
        return self.speed is not None and self.speed.median >= self.goal.factor

    @property
    def short(self) -> float:
        """What part of the goal is missing.

        Examples
        --------
        >>> Verdict(Goal("W1", "compiled", "hand", 2.0), Spread(1.4, 1.5, 1.6)).short
        0.25
        """
        return 0.0 if self.speed is None else max(0.0, 1 - self.speed.median / self.goal.factor)


def verdicts(run: Run) -> list[Verdict]:
    """Every goal for the workloads of a run, in their order, and the peers that took part in it."""
    return [
        Verdict(goal, _speed(goal, timing, run.clock))
        for timing in run.timings
        for goal in GOALS
        if goal.workload == timing.workload and {goal.who, goal.against} <= {entry.peer for entry in timing.entries}
    ]


def _speed(goal: Goal, timing: Timing, clock: str) -> Spread | None:
    who, against = timing.timed(goal.who), timing.timed(goal.against)
    return None if who is None or against is None else speed(who, against, clock)
