"""How the cost of a step grows with depth, width and batch: `python -m benchmarks.growth [depth width batch]`.

Each point is a workload of its own size, measured as `tinygrad-cn bench` does it: same numbers, same losses, in turns.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace

from tinygrad_cn.bench import Options, Run, measure
from tinygrad_cn.bench.peers import PEERS
from tinygrad_cn.bench.summary import spread
from tinygrad_cn.bench.table import duration
from tinygrad_cn.bench.workload import WORKLOADS, Workload

Progress = Callable[[str], None]
OPTIONS = Options(rounds=3, seconds=0.05)


@dataclass(frozen=True)
class Axis:
    """What grows. `sized` makes a workload of a size; its name is the size, which is how runs are read again."""

    sizes: tuple[int, ...]
    sized: Callable[[int], Workload]
    peers: tuple[str, ...]


def _wide(n: int) -> Workload:
    return replace(WORKLOADS["W3"], name=str(n), dims=(n, n, n, 10), optimizer="sgd", lr=1e-3)


NETS = ("hand", "eager", "compiled", "torch", "jax.jit")
AXES: dict[str, Axis] = {
    "depth": Axis(
        tuple(10**k for k in range(1, 7)),
        lambda n: replace(WORKLOADS["W8"], name=str(n), steps=n),
        ("hand", "eager", "torch"),
    ),
    "width": Axis(tuple(4**k for k in range(1, 6)), _wide, NETS),
    "batch": Axis(tuple(4**k for k in range(7)), lambda m: replace(WORKLOADS["W3"], name=str(m), m=m), NETS),
}


def grow(name: str, progress: Progress | None = None, sizes: tuple[int, ...] | None = None) -> Run:
    """Measure along an axis; the timings are named by their size."""
    axis = AXES[name]
    workloads = [axis.sized(n) for n in sizes or axis.sizes]
    told = progress and (lambda words: progress(f"{name} {words}"))
    return measure(workloads, [PEERS[peer] for peer in axis.peers], OPTIONS, told)


def curves(run: Run) -> dict[str, list[tuple[int, float]]]:
    """Of each peer, its (size, median seconds of a step)."""
    found: dict[str, list[tuple[int, float]]] = {}
    for timing in run.timings:
        for entry in timing.entries:
            if entry.status == "timed":
                point = int(timing.workload), spread(getattr(entry, run.clock)).median
                found.setdefault(entry.peer, []).append(point)
    return found


def main() -> None:
    """Print every curve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("axes", nargs="*", choices=[[], *AXES], help=f"{', '.join(AXES)} (all)")
    for name in parser.parse_args().axes or AXES:
        for peer, points in curves(grow(name)).items():
            print(f"{name:6} {peer:10}", "  ".join(f"{n}: {duration(seconds)}" for n, seconds in points))


if __name__ == "__main__":
    main()
