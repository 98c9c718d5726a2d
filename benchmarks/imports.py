"""What `import tinygrad_cn` costs beyond NumPy: `python -m benchmarks.imports`."""

from __future__ import annotations

import os
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
    env = os.environ | {"OPENBLAS_NUM_THREADS": "1"}  # threads that wait for work use the CPU as well
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    runs = [_run(env) for _ in range(times + 1)]
    return runs[1:]


def _run(env: dict[str, str]) -> float:
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env=env)
    return float(ran.stdout)


def main() -> None:
    """Print median and quartiles."""
    found: Spread = spread(measure())
    print(f"{1e3 * found.median:.0f} ms ({1e3 * found.low:.0f} – {1e3 * found.high:.0f}), goal {1e3 * GOAL:.0f} ms")


if __name__ == "__main__":
    main()
