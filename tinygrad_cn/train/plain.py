"""Whether `fit` compiles the training step when it is not told: where the difference is in speed alone."""

from __future__ import annotations

import importlib
import math
from typing import Any

FEWEST = 200  # steps: recording and rewriting a step takes as long as some dozens of them
FEWEST_FOR_LOOPS = 2000  # Numba takes some tenths of a second for each loop


def upper() -> Any:
    """The compiler, a floor above: loaded when first needed."""
    return importlib.import_module("tinygrad_cn.compiler")


def why_plain(compile: bool | None, net: Any, loss: Any, steps: int, keeps_checkpoints: bool) -> str:
    """Why the training runs the plain step, or ""."""
    if compile is not None:
        return "" if compile else "compile=False"
    if steps < FEWEST:
        return f"{steps} steps are too few to gain by it"
    if keeps_checkpoints:
        return "a training that is resumed would differ in rounding; compile=True compiles it all the same"
    own: str = upper().own_code(net, loss)
    return own and f"{own}, and a compiled step would call it only while it is recorded; compile=True compiles it"


def count_steps(epochs: int, m: int, batch_size: int | None) -> int:
    """Number of updates."""
    return epochs * (1 if batch_size is None else math.ceil(m / batch_size))
