"""Checkpoints: the state of a training in one .npz file, without pickle, replaced as a whole or not at all.

A state is a tree of dicts and lists with arrays and plain values as leaves. Arrays are stored under their path, such
as `net.W1`; the rest is one JSON text that refers to them.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..data.dataset import Array
from ..errors import StateError

Tree = Any  # a dict, list, array, number, text, bool or None
TREE, ARRAY = "tree.json", "array"


def save(path: str | os.PathLike[str], state: Tree) -> None:
    """Write `state` to `path`; if that fails, the file that was there is untouched.

    Raises
    ------
    OSError
        If the file cannot be written.
    TypeError
        If a leaf is neither an array nor a plain value.
    """
    target = Path(path)
    arrays: dict[str, Array] = {}
    text = json.dumps(_pack(state, "", arrays))
    temporary = target.with_name(f"{target.name}.tmp")  # one name, so that a killed training leaves one file at most
    try:
        with temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **{TREE: np.array(text), **arrays})
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def load(path: str | os.PathLike[str]) -> Tree:
    """Read back what `save` wrote.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    StateError
        If it is not a checkpoint, or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            return _unpack(json.loads(str(archive[TREE])), archive)
    except (zipfile.BadZipFile, EOFError, KeyError, TypeError, ValueError) as error:
        raise StateError(f"{os.fspath(path)} is not a checkpoint of fit, or it is damaged: {error}") from error


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


def _unpack(value: Tree, archive: Mapping[str, Array]) -> Tree:
    if isinstance(value, list):
        return [_unpack(v, archive) for v in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {ARRAY}:
        return archive[value[ARRAY]]
    return {key: _unpack(v, archive) for key, v in value.items()}
