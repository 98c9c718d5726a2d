"""Tensors to start from."""

from typing import Any

import numpy as np

import tinygrad_cn as tg


def leaf(value: Any, name: str | None = None, dtype: Any = float) -> tg.Tensor:
    return tg.tensor(np.asarray(value, dtype=dtype), requires_grad=True, name=name)
