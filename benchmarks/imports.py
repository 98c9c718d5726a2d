"""What `import tinygrad_cn` costs beyond NumPy: `python -m benchmarks.imports`."""

from __future__ import annotations

import subprocess
import sys

from tinygrad_cn.bench.summary import Spread, spread

GOAL = 0.080  # seconds
PROGRAM = """
import time
import numpy
before = time.process_time()
import tinygrad_cn
print(time.process_time() - before)
"""


def measure(times: int = 15) -> list[float]:
    """CPU seconds of the import after NumPy's, each in a fresh process; the first, which fills caches, is left out."""
    command = [sys.executable, "-c", PROGRAM]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(times + 1)]
    return [float(seconds) for seconds in runs[1:]]


def main() -> None:
    """Print median and quartiles."""
    found: Spread = spread(measure())
    print(f"{1e3 * found.median:.0f} ms ({1e3 * found.low:.0f} – {1e3 * found.high:.0f}), goal {1e3 * GOAL:.0f} ms")


if __name__ == "__main__":
    main()
