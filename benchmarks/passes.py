"""What each pass of the compiler gains: `python -m benchmarks.passes [W1 W7]`.

Each workload is compiled with all passes, and once more with each of them left out that can be. All train in
turns, in one process with one thread, without Numba and MKL. A figure is how many times as long the step takes without
the pass, by CPU time, median of rounds; in brackets, how many calls more it makes.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from json import dumps, loads

import tinygrad_cn as tg
from tinygrad_cn.bench.contender import surroundings
from tinygrad_cn.bench.peers.ours import training_step
from tinygrad_cn.bench.problem import problem
from tinygrad_cn.bench.summary import spread
from tinygrad_cn.bench.workload import WORKLOADS, Workload
from tinygrad_cn.compiler.passes import PASSES
from tinygrad_cn.language import Lang, language, say
from tinygrad_cn.text import align

Step = Callable[[], float]
Gains = dict[str, dict[str, "Gain"]]
ROUNDS, SECONDS = 11, 0.05
NEEDED = {"arrays of their own", "dead code"}  # for the numbers, and for the plan of memory
OPTIONAL = [name for name in PASSES if name not in NEEDED]
NETS = [name for name, w in WORKLOADS.items() if w.kind != "chain"]


@dataclass(frozen=True)
class Gain:
    """How many times as long a step takes, and how many calls more it makes, without a pass."""

    time: float
    calls: int


def measure(progress: Callable[[str], None] | None = None, names: Sequence[str] = (), rounds: int = ROUNDS) -> Gains:
    """What the passes gain on workloads: those of the given names, or all nets."""
    found = {}
    for name in names or NETS:
        if progress:
            progress(f"passes {name}")
        found[name] = _alone(name, rounds)
    return found


def _alone(name: str, rounds: int) -> dict[str, Gain]:
    """What `gains` finds in a process of its own, with one thread."""
    program = f"from benchmarks import passes; print(passes.as_json({name!r}, {rounds}))"
    with surroundings(threads=1):
        ran = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True)
    return {found: Gain(**x) for found, x in loads(ran.stdout).items()}


def as_json(name: str, rounds: int) -> str:
    """What `gains` finds, as a parent process reads it."""
    return dumps({found: asdict(gain) for found, gain in gains(WORKLOADS[name], rounds).items()})


def gains(w: Workload, rounds: int = ROUNDS, seconds: float = SECONDS) -> dict[str, Gain]:
    """What each pass gains on a workload."""
    built = {name: _built(w, name) for name in ("", *OPTIONAL)}
    steps = {name: step for name, (step, _) in built.items()}
    repeats = max(1, int(seconds / _clock(steps[""], 2)))
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            times[name].append(_clock(step, repeats))
    ratios = {name: [t / u for t, u in zip(times[name], times[""], strict=True)] for name in OPTIONAL}
    return {name: Gain(spread(ratios[name]).median, built[name][1] - built[""][1]) for name in OPTIONAL}


def _built(w: Workload, left_out: str) -> tuple[Step, int]:
    """A step compiled without a pass, and the number of its calls."""
    given = problem(w)
    step = tg.compile(training_step(given), fast=False, mkl=False)
    with without(left_out):
        for _ in range(5):
            step(given.X, given.Y)
    return lambda: float(step(given.X, given.Y)), step.report().calls


@contextmanager
def without(name: str) -> Iterator[None]:
    """Leave a pass out of what is compiled meanwhile."""
    everything = dict(PASSES)
    PASSES.pop(name, None)
    try:
        yield
    finally:
        PASSES.clear()
        PASSES.update(everything)


def _clock(step: Step, repeats: int) -> float:
    start = time.process_time()
    for _ in range(repeats):
        step()
    return (time.process_time() - start) / repeats


def rows(found: Gains, lang: Lang) -> list[tuple[str, ...]]:
    """A table: passes down, workloads across."""
    names = list(next(iter(found.values()), ()))
    return [
        ("", *found),
        *((say(f"step.{name}", lang), *(_cell(found[w][name]) for w in found)) for name in names),
    ]


def _cell(gain: Gain) -> str:
    return f"{gain.time:.2f}" + f" ({gain.calls:+d})" * (gain.calls != 0)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workloads", nargs="*", choices=[[], *NETS], metavar="W1", help="workloads (all but W8)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="turns of each (%(default)s)")
    options = parser.parse_args()
    print("\n".join(align(rows(measure(None, options.workloads, options.rounds), language(None)))))


if __name__ == "__main__":
    main()
