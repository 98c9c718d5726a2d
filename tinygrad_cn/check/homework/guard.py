"""Limits that a learner's process sets itself before it runs the learner's file.

They stop accidents and common mischief: memory, endless files, new processes, writing outside its folder.
They are no sandbox: code that wants to (through ctypes, say) gets round an audit hook, and may read files.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

WRITTEN = 256 << 20  # bytes in one file
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
PATHS: dict[str, tuple[int, ...]] = {  # which arguments of an audit event are places that change
    "os.remove": (0,),
    "os.rename": (0, 1),
    "os.rmdir": (0,),
    "os.mkdir": (0,),
    "os.truncate": (0,),
    "os.chmod": (0,),
    "os.chown": (0,),
    "os.link": (1,),
    "os.symlink": (1,),
    "os.utime": (0,),
    "shutil.rmtree": (0,),
}
PROCESSES = frozenset(
    "os.fork os.forkpty os.posix_spawn os.spawn os.exec os.system os.startfile subprocess.Popen pty.spawn "
    "os.kill os.killpg".split()
)


def limit(memory: int, seconds: int) -> None:
    """Bound memory, processor time and file sizes, where the system can (not on Windows)."""
    try:
        import resource
    except ImportError:
        return
    wanted = (("RLIMIT_AS", memory), ("RLIMIT_CPU", seconds), ("RLIMIT_FSIZE", WRITTEN), ("RLIMIT_CORE", 0))
    for name, most in wanted:
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))


def guard(folder: Path) -> None:
    """Refuse, with a PermissionError, to start processes or to write outside `folder`. Cannot be undone."""
    inside = os.path.realpath(folder)

    def allowed(path: Any) -> bool:
        if isinstance(path, int):
            return True
        real = os.path.realpath(os.fsdecode(path))
        return real == os.devnull or real == inside or real.startswith(inside + os.sep)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in PROCESSES:
            raise PermissionError(f"{event}: homework may not start or end processes")
        if event == "open":
            path, mode, flags = arguments
            writes = set(mode) & set("wax+") if isinstance(mode, str) else (flags or 0) & WRITES
            changed = [path] if writes else []
        else:
            changed = [arguments[i] for i in PATHS.get(event, ())]
        for path in changed:
            if not allowed(path):
                raise PermissionError(f"{path}: homework may write only in its own temporary folder")

    sys.addaudithook(hook)
