"""Checkpoints: the state of a training in one safetensors file, replaced as a whole or not at all.

A state is a tree of dicts and lists with arrays and plain values as leaves. Arrays are stored under their path, such
as `net.W1`; the rest is one JSON text that refers to them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import files
from ..errors import StateError
from ..files import PathLike
from ..ops.op import Array

Tree = Any  # a dict, list, array, number, text, bool or None
TREE, ARRAY = "checkpoint", "array"


def save(path: PathLike, state: Tree) -> None:
    """Write `state` to `path`; if that fails, the file that was there is untouched.

    Raises
    ------
    OSError
        If the file cannot be written.
    TypeError
        If a leaf is neither an array of numbers nor a plain value.

    Examples
    --------
    >>> import tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "run.safetensors")
    >>> save(path, {"net": {"b1": np.zeros(2)}, "epoch": 3})
    >>> load(path)
    {'net': {'b1': array([0., 0.])}, 'epoch': 3}
    """
    arrays: dict[str, Array] = {}
    text = json.dumps(_pack(state, "", arrays))
    files.write(path, arrays, {TREE: text})


def load(path: PathLike) -> Tree:
    """Read back what `save` wrote.

    Raises
    ------
    OSError
        If there is no such file, or it cannot be read.
    StateError
        If it is not a checkpoint, or damaged.
    """
    arrays, texts = files.read(path)
    if TREE not in texts:
        raise StateError(f"{os.fspath(path)} is not a checkpoint of fit: it holds {', '.join(arrays) or 'no arrays'}")
    return unpacked(arrays, texts)


def unpacked(arrays: Mapping[str, Array], texts: Mapping[str, str]) -> Tree:
    """The state in the arrays and texts of a file."""
    return _unpack(json.loads(texts[TREE]), arrays)


def _pack(value: Tree, path: str, arrays: dict[str, Array]) -> Tree:
    """The tree with arrays moved to `arrays` and their path left in place."""
    if isinstance(value, np.ndarray):
        arrays[path] = value
        return {ARRAY: path}
    if isinstance(value, Mapping):
        return {str(key): _pack(v, f"{path}.{key}".lstrip("."), arrays) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_pack(v, f"{path}.{i}", arrays) for i, v in enumerate(value)]
    return value.item() if isinstance(value, np.generic) else value


def _unpack(value: Tree, arrays: Mapping[str, Array]) -> Tree:
    if isinstance(value, list):
        return [_unpack(v, arrays) for v in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {ARRAY}:
        return arrays[value[ARRAY]]
    return {key: _unpack(v, arrays) for key, v in value.items()}
