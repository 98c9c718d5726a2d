"""The learner's process: imports the file, says what is in it, and calls its functions when asked.

Started as `python -m tinygrad_cn.check.homework.runner` by `remote.py`. Questions and answers are lines of
JSON on what were standard input and output; the learner's code finds these empty, so nothing it prints or
reads gets in between. No verdict is made here: the checker asks for numbers and judges them on its side.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import FunctionType, ModuleType
from typing import IO, Any

from ..call import call, own_traceback
from ..signature import signature_of
from .find import DATA
from .guard import guard, limit
from .wire import decode, encode

NAME = "homework"


def main() -> None:
    """Answer questions until there are no more."""
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    silence()
    start = json.loads(questions.readline())
    path = Path(start["file"])
    limit(start["memory"], start["seconds"])
    guard(Path.cwd())
    module = ModuleType(NAME)
    answer(answers, lambda: describe(load(path, module), path))
    for line in questions:
        question = json.loads(line)
        answer(answers, lambda question=question: ask(module, question))


def silence() -> None:
    """Nothing to read, and nobody who listens: prints cost neither memory nor time."""
    empty = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(empty, standard)
    sys.stdin, sys.stdout, sys.stderr = (open(i, m, encoding="utf-8") for i, m in enumerate("rww"))  # noqa: SIM115


def answer(answers: IO[bytes], work: Any) -> None:
    """Send what `work` returns, or the traceback of what it raises."""
    try:
        found = json.dumps(work())
    except BaseException as error:
        found = json.dumps({"error": own_traceback(error)})
    answers.write(found.encode() + b"\n")
    answers.flush()


def load(path: Path, module: ModuleType) -> ModuleType:
    """Run the file as the module `homework`, so that what stands under `if __name__ == "__main__"` is left out."""
    module.__file__ = str(path)
    sys.modules[NAME] = module
    sys.path.insert(0, str(path.parent))
    sys.argv[:] = [str(path)]
    exec(compile(path.read_bytes(), str(path), "exec"), vars(module))
    return module


def describe(module: ModuleType, path: Path) -> dict[str, Any]:
    """The functions of the file or of files beside it, and the data it names."""
    functions = [f for f in vars(module).values() if isinstance(f, FunctionType) and _is_near(f, path)]
    signatures = {f.__name__: vars(signature_of(f)) for f in functions}
    return {"functions": signatures, "data": {k: encode(vars(module)[k]) for k in DATA if k in vars(module)}}


def _is_near(f: FunctionType, path: Path) -> bool:
    return Path(f.__code__.co_filename).parent == path.parent


def ask(module: ModuleType, question: dict[str, Any]) -> dict[str, Any]:
    """Call one of its functions."""
    found = call(getattr(module, question["call"]), decode(question["arguments"]))
    return {"result": encode(found.result), "changed": found.changed}


if __name__ == "__main__":
    main()
