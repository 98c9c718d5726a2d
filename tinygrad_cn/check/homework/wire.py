"""Values as JSON, for the pipe between the checker and a learner's process.

JSON rather than pickle: what comes back is only ever data, never code, whatever the learner's file does.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import HomeworkError

DEPTH = 20  # nested deeper than any cache


@dataclass(frozen=True)
class Opaque:
    """A value that was not sent: something else than numbers, text, lists, tuples and dicts."""

    kind: str


def encode(value: Any, depth: int = DEPTH) -> Any:
    """A value as what `json.dumps` takes."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if depth and isinstance(value, Mapping):
        items = [[encode(k, 0), encode(v, depth - 1)] for k, v in value.items() if isinstance(k, (str, int))]
        return {"dict": items}
    if depth and isinstance(value, (list, tuple)):
        return {type(value).__name__ if type(value) in (list, tuple) else "list": [encode(v, depth - 1) for v in value]}
    if isinstance(value, np.generic) or hasattr(value, "__array__"):
        array = np.asarray(value)
        if array.dtype.kind in "fiub":
            data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
            return {"array": [array.dtype.str, list(array.shape), data]}
    return {"other": type(value).__name__}


def decode(value: Any) -> Any:
    """The value again; an array is a new, writable one.

    Raises
    ------
    HomeworkError
        If it is not of the form that `encode` makes.

    Examples
    --------
    >>> decode(encode({"W1": np.eye(2), "caches": [(1.5, None)]}))
    {'W1': array([[1., 0.],
           [0., 1.]]), 'caches': [(1.5, None)]}
    """
    try:
        return _decode(value)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise HomeworkError("crash", f"the learner's process sent an answer that cannot be read: {error}") from None


def _decode(value: Any) -> Any:
    if isinstance(value, str):
        return plain(value)
    if not isinstance(value, dict):
        return value
    ((kind, inner),) = value.items()
    if kind == "array":
        return _array(*inner)
    if kind == "dict":
        return {_decode(k): _decode(v) for k, v in inner}
    if kind == "other":
        return Opaque(plain(str(inner)))
    return {"list": list, "tuple": tuple}[kind](map(_decode, inner))


def _array(dtype: str, shape: list[int], data: str) -> Any:
    kind = np.dtype(dtype)
    if kind.kind not in "fiub":
        raise ValueError(f"dtype {dtype}")
    return np.frombuffer(base64.b64decode(data), kind).reshape(shape).copy()


def plain(text: str) -> str:
    """Text without control characters, which a terminal might obey."""
    return "".join(c if c.isprintable() or c in "\n\t" else "?" for c in text)
