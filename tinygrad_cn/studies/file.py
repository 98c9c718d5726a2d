"""The results file: a line that says what is studied, then a line for each finished trial.

JSON Lines: each line is flushed down to the disk before the next trial counts, so a killed study loses only the trials
it was at. What was cut off in the middle of the last line is taken away when the study goes on.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..data.arguments import whole
from ..errors import StateError
from ..files import PathLike, place
from .plan import Params, printed_params
from .trial import Trial

FORMAT = 1


class Results:
    """Finished trials by number, and the file they are kept in if there is one.

    Parameters
    ----------
    path : path or None
        Where they are kept; a file that is there is gone on with.
    about : dict
        What is studied, as JSON: another study's file is refused.
    plan : list of dict
        The hyperparameters of each trial.

    Raises
    ------
    StateError
        If the file is damaged, of another kind, or of another study; it is left as it is.
    OSError
        If it cannot be read or written.
    """

    def __init__(self, path: PathLike | None, about: dict[str, Any], plan: list[Params]) -> None:
        self.path: Path | None = None
        self.finished: dict[int, Trial] = {}
        if path is None:
            return
        place("out", path)
        self.path = Path(path)
        header = {"study": FORMAT, **about}
        if self.path.exists() and (content := self.path.read_bytes()):
            self._read(content, header, plan)
        else:
            self._append(header)

    def add(self, trial: Trial) -> None:
        """Keep a trial: here first, so that Ctrl-C while it is written leaves no less here than in the file."""
        self.finished[trial.number] = trial
        self._append({**asdict(trial), "params": printed_params(trial.params)})

    def _append(self, entry: dict[str, Any]) -> None:
        """One line, in one piece and down to the disk."""
        if self.path is None:
            return
        line = json.dumps(entry, ensure_ascii=False).encode() + b"\n"
        with self.path.open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def _read(self, content: bytes, header: dict[str, Any], plan: list[Params]) -> None:
        """Take over the trials of an earlier run, and cut off half a line at the end."""
        whole = content[: content.rfind(b"\n") + 1]
        first, *lines = [self._line(i, line) for i, line in enumerate(whole.splitlines(), 1)] or [{}]
        if first.get("study") != FORMAT:
            raise StateError(f"out: {self.path} is not a file of study's results; it is left as it is")
        for key in header:
            if _text(first.get(key)) != _text(header[key]):
                raise StateError(
                    f"out: {self.path} holds another study: its {key} is {_text(first.get(key))}, that of this one "
                    f"{_text(header[key])}. Choose another file, or remove this one"
                )
        for number, entry in enumerate(lines, 2):
            self._take(number, entry, plan)
        if len(whole) < len(content):
            os.truncate(str(self.path), len(whole))

    def _line(self, number: int, line: bytes) -> dict[str, Any]:
        try:
            entry = json.loads(line)
        except ValueError as error:
            raise StateError(f"out: {self.path} is damaged in line {number}: {error}") from None
        if not isinstance(entry, dict):
            raise StateError(f"out: {self.path} is not a file of study's results; it is left as it is")
        return entry

    def _take(self, line: int, entry: dict[str, Any], plan: list[Params]) -> None:
        """A trial of the file; those beyond this plan stay there for a longer one."""
        try:
            trial = Trial(**entry)
            number = whole("number", trial.number, 0)
        except (TypeError, ValueError) as error:
            raise StateError(f"out: {self.path} is damaged in line {line}: {error}") from None
        if number < len(plan):
            self.finished[number] = Trial(**{**entry, "params": plan[number]})


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
