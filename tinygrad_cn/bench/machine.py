"""The machine and the versions a number belongs to."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

import numpy as np

from .. import __version__

PACKAGES = ("numba", "mkl", "torch", "jax", "autograd", "mygrad", "tinygrad", "scikit-learn")


def describe() -> dict[str, str]:
    """Processor, system, load of the last minute, versions of Python, NumPy, its BLAS and every peer.

    Examples
    --------
    >>> describe()["numpy"] == np.__version__
    True
    """
    found = {
        "cpu": _processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "load": f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "",
        "python": platform.python_version(),
        "tinygrad_cn": __version__,
        "numpy": np.__version__,
        "blas": _blas(),
    }
    return found | {name: version for name in PACKAGES if (version := _version(name))}


def _processor() -> str:
    """Its name; Linux keeps it in a file."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []
    named = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
    return named or platform.processor() or platform.machine()


def _blas() -> str:
    config = np.show_config(mode="dicts")
    blas = (config or {}).get("Build Dependencies", {}).get("blas", {})
    return f"{blas.get('name', '')} {blas.get('version', '')}".strip()


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
