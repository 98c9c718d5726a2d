"""Nets and dicts of arrays in safetensors files: `save` and `load`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import overload

import numpy as np
from numpy.typing import ArrayLike

from .. import __version__, files
from ..errors import OpError, StateError
from ..files import Array, PathLike
from ..nn import Module
from ..nn.loading import Loaded
from ..train import checkpoint


def save(net: Module | Mapping[str, ArrayLike], path: PathLike) -> None:
    """Write the parameters of a net, or a dict of arrays, to a safetensors file.

    Parameters
    ----------
    net : Module or mapping of str to array_like
        Of a net all that `net.state_dict()` holds: parameters, and buffers such as the running means of batch norm.
        The file also says which version wrote it and, for a reader's eyes, of which layers the net is made.
    path : path
        Any name; `.safetensors` is the custom. A file that is there is replaced whole or, if something fails, not
        at all.

    Raises
    ------
    OpError
        If `net` is neither, or an array does not hold real numbers.
    OSError
        If the file cannot be written.

    See Also
    --------
    tinygrad_cn.fit : Its checkpoints hold the whole state of a training: optimiser, random generators, history.

    Examples
    --------
    >>> import os, tempfile, tinygrad_cn as tg
    >>> from tinygrad_cn import nn
    >>> path = os.path.join(tempfile.mkdtemp(), "net.safetensors")
    >>> tg.save(nn.DNN([2, 4, 1], seed=1), path)
    >>> net = nn.DNN([2, 4, 1])
    >>> tg.load(net, path).ok
    True
    >>> {name: array.shape for name, array in tg.load(path).items()}
    {'W1': (4, 2), 'W2': (1, 4), 'b1': (4, 1), 'b2': (1, 1)}
    """
    about = {"writer": f"tinygrad_cn {__version__}"}
    if isinstance(net, Module):
        files.write(path, net.state_dict(), {**about, "layers": repr(net)})
    elif isinstance(net, Mapping):
        files.write(path, net, about)
    else:
        raise OpError(f"save: net must be an nn.Module or a dict of arrays; got {type(net).__name__}")


@overload
def load(net: PathLike) -> dict[str, Array]: ...
@overload
def load(net: Module, path: PathLike, strict: bool = True) -> Loaded: ...
def load(net: Module | PathLike, path: PathLike | None = None, strict: bool = True) -> dict[str, Array] | Loaded:
    """Read a safetensors file: `load(net, path)` into a net, `load(path)` as a dict of arrays.

    Parameters
    ----------
    net : Module
        Names, shapes and dtypes are all checked before anything in it is changed. float32 values go into a float64
        net exactly; the other way round digits would be lost, so that is refused.
    path : path
        Written by `save`, by `fit` as a checkpoint, of which the net is taken, or by another program.
    strict : bool
        False: load what fits by name and shape, see `Module.load_state_dict`.

    Returns
    -------
    Loaded or dict of str to ndarray
        Of a net, the names that matched and those that did not.

    Raises
    ------
    StateError
        If the file is damaged, of another kind, or of another net. Nothing has been changed then.
    OSError
        If there is no such file, or it cannot be read.

    Examples
    --------
    >>> import os, tempfile, tinygrad_cn as tg
    >>> from tinygrad_cn import nn
    >>> path = os.path.join(tempfile.mkdtemp(), "net.safetensors")
    >>> tg.save({"W1": [[1.0, 2.0]], "b1": [[3.0]]}, path)
    >>> net = nn.DNN([2, 1])
    >>> tg.load(net, path).ok
    True
    >>> net.W1
    Tensor([[1., 2.]], name='W1', requires_grad=True)
    >>> tg.load(path)["b1"]
    array([[3.]])
    """
    if not isinstance(net, Module):
        if path is not None:
            raise OpError(f"load: net must be an nn.Module; got {type(net).__name__}")
        return _read(net)[0]
    if path is None:
        raise OpError("load: path is missing; write load(net, path), or load(path) for a dict of arrays")
    arrays, origin = _read(path)
    try:
        return put_into(net, arrays, strict)
    except StateError as error:
        raise StateError(f"{os.fspath(path)}{origin}: {error}") from error


def put_into(net: Module, arrays: Mapping[str, Array], strict: bool = True) -> Loaded:
    """Load arrays into a net, unless one would lose digits.

    Raises
    ------
    StateError
        If an array has more digits than the parameter of its name, or does not fit; nothing has been changed then.
    """
    own = {name: array.dtype for name, array in net.state_dict().items()}
    lossy = [
        f"{name} is {own[name]}, its values are {array.dtype}"
        for name, array in arrays.items()
        if name in own and array.dtype.kind in "fiub" and not np.can_cast(array.dtype, own[name], "safe")
    ]
    if lossy:
        raise StateError(
            f"nothing was loaded, since digits would be lost: {'; '.join(lossy)}. Give the net their dtype, or round "
            f"them with .astype and use net.load_state_dict"
        )
    return net.load_state_dict(arrays, strict)


def _read(path: PathLike) -> tuple[dict[str, Array], str]:
    """The arrays in a file, and what it says of the net they come from."""
    arrays, texts = files.read(path)
    if checkpoint.TREE in texts:
        return checkpoint.unpacked(arrays, texts)["net"], ", a checkpoint"
    return arrays, f", saved from {texts['layers']}" if "layers" in texts else ""
