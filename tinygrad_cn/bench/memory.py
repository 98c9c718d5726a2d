"""Memory of this process in MB, as the system counts it; None where it does not tell."""

from __future__ import annotations

import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


def now() -> float | None:
    """In use at this moment."""
    return _status("VmRSS")


def peak() -> float | None:
    """The most since the process began."""
    found = _status("VmHWM")
    if found is not None or sys.platform == "win32":
        return found
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1e6 if sys.platform == "darwin" else 1e3)


def _status(name: str) -> float | None:
    """A line such as "VmHWM:   12345 kB" of Linux. getrusage would count what the parent had before the program ran."""
    if not STATUS.exists():
        return None
    lines = STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(f"{name}:")), None)
