"""Files that are written whole or not at all, and files of named arrays that tell when they are damaged.

Arrays are kept as safetensors: a short table of names, dtypes and shapes, then the bytes. Nothing in such a file is
ever run, as a pickle is, and most frameworks read it. A digest of everything in it goes along as one of its texts.

Source: Hugging Face, "Safetensors", section "Format".
"""

from __future__ import annotations

import csv
import glob
import hashlib
import io
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import ArrayLike, NDArray
from safetensors import SafetensorError
from safetensors import numpy as safetensors

from .errors import OpError, StateError

Array = NDArray[Any]
PathLike = str | os.PathLike[str]
DIGEST, TEXTS = "tinygrad_cn.sha256", "__metadata__"
FOREIGN = {
    b"\x80": "a pickle",
    b"PK": "a zip archive, as .npz and torch's .pt files are",
    b"\x93NUMPY": "an .npy file",
    b"\x89HDF": "an HDF5 file",
}


def place(name: str, path: PathLike) -> Path:
    """Return where a file can be written, where links lead to; `name` is the argument that errors speak of.

    Raises
    ------
    OpError
        If it is no path.
    OSError
        If its folder is missing, it is a folder itself, or writing is not allowed.

    Examples
    --------
    >>> place("checkpoint", "no/such/folder/run.safetensors")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    FileNotFoundError: checkpoint: the folder ...no/such/folder does not exist
    """
    if _is_device(Path(_checked(name, path))):
        return Path(path)
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{name}: the folder {target.parent} does not exist")
    if target.is_dir():
        raise IsADirectoryError(f"{name} must be a file; {target} is a directory")
    if not all(os.access(spot, os.W_OK) for spot in (target.parent, target) if spot.exists()):
        raise PermissionError(f"{name}: no permission to write {target}")
    return target


def put(path: PathLike, content: bytes) -> None:
    """Write a file whole or not at all: beside its place and down to the disk first, then there in one move.

    A link stays one: the file it leads to is replaced. A device or a pipe, such as /dev/stdout, is written to.

    Raises
    ------
    OpError
        If it is no path.
    OSError
        If it cannot be written; the file that was there is untouched.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.txt"
    >>> put(path, b"the whole of it")
    >>> path.read_bytes()
    b'the whole of it'
    """
    target = place("path", path)
    if _is_device(target):
        target.write_bytes(content)
        return
    temporary = target.with_name(_temporary(target.name, uuid4().hex))
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def sweep(target: Path) -> None:
    """Remove what processes that were killed while they wrote `target` have left beside it; nobody must be writing.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.txt"
    >>> left = path.with_name(f".a.txt.{uuid4().hex}")
    >>> left.touch()
    >>> sweep(path)
    >>> left.exists()
    False
    """
    for left in target.parent.glob(_temporary(glob.escape(target.name), "[0-9a-f]" * 32)):
        left.unlink(missing_ok=True)


def write(path: PathLike, arrays: Mapping[str, ArrayLike], texts: Mapping[str, str] | None = None) -> None:
    """Put arrays and texts into a safetensors file.

    Parameters
    ----------
    path : path
        Replaced whole or not at all, see `put`.
    arrays : mapping of str to array_like
        Whole numbers, booleans or floating point, at most 64 bits an entry; any shape.
    texts : mapping of str to str, optional
        What a reader should know of them.

    Raises
    ------
    OpError
        If a name is not text, or an array not one of numbers.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.safetensors"
    >>> write(path, {"W1": [[0.5, -0.5]]}, {"about": "a neuron"})
    >>> read(path)
    ({'W1': array([[ 0.5, -0.5]])}, {'about': 'a neuron'})
    """
    plain, about = {name: _plain(name, array) for name, array in arrays.items()}, dict(texts or {})
    put(path, safetensors.save(plain, {**about, DIGEST: _digest(plain, about)}))


def read(path: PathLike) -> tuple[dict[str, Array], dict[str, str]]:
    """Read the arrays and texts of a safetensors file, by whomever it was written.

    Returns
    -------
    dict of str to ndarray, dict of str to str
        Arrays can be written to. They are in the order of their names, which is all the format keeps: W2 before W10.

    Raises
    ------
    OpError
        If it is no path.
    OSError
        If there is no such file, or it cannot be read.
    StateError
        If it is damaged, or of another kind.
    """
    content = Path(_checked("path", path)).read_bytes()
    try:
        arrays = safetensors.load(content)
    except (SafetensorError, UnicodeDecodeError) as error:
        raise StateError(f"{os.fspath(path)} {_complaint(content)}: {error}") from error
    except KeyError as error:
        raise StateError(f"{os.fspath(path)} holds arrays of dtype {error}, which NumPy does not have") from error
    table = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    texts: dict[str, str] = table.get(TEXTS) or {}
    digest = texts.pop(DIGEST, None)
    if digest is not None and digest != _digest(arrays, texts):
        raise StateError(f"{os.fspath(path)} is damaged: its content is not what was written")
    return {name: arrays[name] for name in sorted(arrays, key=_numbered)}, texts


def csv_table(header: Sequence[str], rows: Iterable[Sequence[Any]], path: PathLike | None = None) -> str:
    """A table as comma-separated text, written to `path` whole or not at all if one is given.

    Examples
    --------
    >>> print(csv_table(["a", "b"], [[1, 2]]))
    a,b
    1,2
    <BLANKLINE>
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    if path is not None:
        put(path, text.getvalue().encode())
    return text.getvalue()


# ---- helpers ----------------------------------------------------------------------------------------


def _checked(name: str, path: PathLike) -> PathLike:
    if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
        raise OpError(f"{name} must be the path of a file; got {path!r}")
    return path


def _temporary(name: str, unique: str) -> str:
    """The name under which a file is written before it takes its place."""
    return f".{name}.{unique}"


def _is_device(path: Path) -> bool:
    """Whether this is a device or a pipe, which has no old content to keep, and no place for another file."""
    return path.exists() and not path.is_file() and not path.is_dir()


def _plain(name: str, value: ArrayLike) -> Array:
    """The array as the file holds it: row by row, the low byte of a number first."""
    if not isinstance(name, str) or name == TEXTS:
        raise OpError(f"an array's name must be text, and not {TEXTS!r}; got {name!r}")
    array = np.asarray(value)
    if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
        raise OpError(f"{name} cannot be saved: it must hold real numbers of at most 64 bits; got dtype {array.dtype}")
    return array.astype(array.dtype.newbyteorder("<"), order="C", copy=False)


def _numbered(name: str) -> list[str | int]:
    """A key to sort by that takes numbers in a name as numbers; texts and numbers take turns in it."""
    return [int(part) if i % 2 else part for i, part in enumerate(re.split(r"([0-9]+)", name))]


def _digest(arrays: Mapping[str, Array], texts: Mapping[str, str]) -> str:
    """SHA-256 of names, dtypes, shapes, values and texts, in the order of names."""
    digest = hashlib.sha256()
    for part in _parts(arrays, texts):
        digest.update(part)
    return digest.hexdigest()


def _parts(arrays: Mapping[str, Array], texts: Mapping[str, str]) -> Iterator[Any]:
    yield json.dumps(sorted(texts.items())).encode()
    for name in sorted(arrays):
        array = arrays[name]
        yield json.dumps([name, array.dtype.str, array.shape]).encode()
        yield array.tobytes()


def _complaint(content: bytes) -> str:
    """What is wrong with a file: no table fills 4 GiB, so what begins with one leaves these bytes empty."""
    if content and content[4:8] == bytes(4):
        return "is damaged"
    kind = next((kind for start, kind in FOREIGN.items() if content.startswith(start)), "")
    return f"is not a safetensors file but {kind}" if kind else "is not a safetensors file, or only the start of one"
