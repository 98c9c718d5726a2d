"""Check a class's folder: one row a file, in parallel, and no file can stop the others."""

from __future__ import annotations

import csv
import io
import json
import multiprocessing
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from .check import Outcome, check_file
from .find import Options

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would take for a formula


def check_folder(
    folder: str | Path, options: Options | None = None, jobs: int | None = None
) -> Iterator[dict[str, Any]]:
    """Check every Python file below a folder; rows as in `Outcome.row`, by path.

    Parameters
    ----------
    folder : path
        Names that begin with "." or "_" are left out.
    options : Options, optional
        For every file.
    jobs : int, optional
        How many files at a time; as many as there are processors by default.

    Raises
    ------
    FileNotFoundError
        If there is no Python file in it.
    """
    files = homework_files(Path(folder))
    if not files:
        raise FileNotFoundError(f"no Python file in {folder}")
    work = partial(_row, options=options or Options())
    jobs = min(jobs or os.cpu_count() or 1, len(files))
    if jobs == 1:
        yield from map(work, files)
        return
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(work, files)


def homework_files(folder: Path) -> list[Path]:
    """The Python files below a folder, in order."""
    below = ((file, file.relative_to(folder).parts) for file in folder.rglob("*.py"))
    return sorted(file for file, parts in below if file.is_file() and not any(p.startswith((".", "_")) for p in parts))


def _row(file: Path, options: Options) -> dict[str, Any]:
    try:
        return check_file(file, options).row()
    except Exception as error:  # a fault of ours must not cost the others their rows
        return Outcome(str(file), "error", None, f"{type(error).__name__}: {error}", "internal").row()


def as_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as CSV with a line of heads; text a spreadsheet would run as a formula is quoted with an apostrophe."""
    out = io.StringIO()
    rows = list(rows)
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: _safe(v) for k, v in row.items()} for row in rows)
    return out.getvalue()


def as_json(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as one JSON list."""
    return json.dumps(list(rows), ensure_ascii=False, indent=1)


def _safe(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
