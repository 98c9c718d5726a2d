"""Whether `fit` compiles the training step when it is not told: where the difference is in speed alone."""

from __future__ import annotations

import importlib
import math
from typing import Any

from ..language import language, say

FEWEST = 200  # steps: recording and rewriting a step takes as long as some dozens of them
FEWEST_FOR_LOOPS = 2000  # Numba takes some tenths of a second for each loop


def upper() -> Any:
    """The compiler, a floor above: loaded when first needed."""
    return importlib.import_module("tinygrad_cn.compiler")


def why_plain(compile: bool | None, net: Any, loss: Any, steps: int, keeps_checkpoints: bool) -> str:
    """Why the training runs the plain step, in the reader's language, or ""."""
    if compile is not None:
        return "" if compile else "compile=False"
    if steps < FEWEST:
        return say("plain.few", language(), steps=steps)
    if keeps_checkpoints:
        return say("plain.resumed", language())
    kind, name = upper().own_code(net, loss)
    return say(f"plain.{kind}", language(), name=name) if kind else ""


def count_steps(epochs: int, m: int, batch_size: int | None) -> int:
    """Number of updates."""
    return epochs * (1 if batch_size is None else math.ceil(m / batch_size))
