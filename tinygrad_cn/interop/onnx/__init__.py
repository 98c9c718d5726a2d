"""Nets as ONNX files, which onnxruntime and many other programs run: `to_onnx`."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from ... import files
from ...errors import ExportError
from ...files import Array, PathLike
from .growth import read

__all__ = ["to_onnx"]


def to_onnx(
    net: Callable[..., Any],
    path: PathLike,
    sample: ArrayLike | tuple[ArrayLike, ...],
    *,
    samples: bool = True,
    steps: bool | int = True,
    dtype: DTypeLike = np.float32,
) -> None:
    """Write what a net computes in evaluation mode as an ONNX file (opset 18).

    The net is run on the sample, and every op that is recorded becomes ONNX nodes: so nets of any layers and
    functions can be exported whose ops are in the table of `tinygrad_cn.interop.onnx.build.ROWS`. `nn.RNN`, `nn.GRU`
    and `nn.LSTM` become the operators of these names.

    Parameters
    ----------
    net : Module or callable
        A function of one or more Tensors; it returns a Tensor or a tuple of them.
    path : path
        Replaced whole or not at all.
    sample : array_like, or tuple of array_like
        An input, or all of them, of the shapes the file is for: columns (n_x, m), images (m, n_H, n_W, n_C),
        sequences (n_x, m, T), ids (m, T), lengths (m,). The file keeps this layout.
    samples : bool
        True: m stays open, so that the file takes any number of samples. False: it is that of `sample`.
    steps : bool or int
        True: the number of time steps stays open as well. Inputs of as many steps in `sample` share T; others have
        theirs, T1, T2, …. A number N: it is open up to N, which positions need that are added to the steps
        (`nn.PositionalEncoding`, `nn.PositionEmbedding`), as the file holds no more than N of them. False: it is that
        of `sample`, which a loop over time steps written by hand needs. Sizes other than m and T are always fixed.
    dtype : dtype
        np.float32, or np.float64. onnxruntime has no float64 form of some operators, convolution among them.

    Raises
    ------
    ExportError
        If an op is not in the table, or the net does not take other numbers of samples or time steps, or the result
        depends on the sample in a way that is not recorded: by an `if`, a comparison, a `float()`.
    ValueError
        If an argument cannot be.
    ImportError
        If the package onnx is not installed.

    Notes
    -----
    The inputs are called X, or X1, X2, …, the outputs Y, or Y1, Y2, …; values in between have their course names.
    Dropout and batch norm act as in evaluation. The lengths of sequences may be an input of the net, for recurrent
    layers, attention and `nn.padding_mask`; where they are not, they become part of it. Recurrent layers in float64,
    and those of cells or activations that ONNX has no name for, are written as Scan: the step as a graph of its own,
    run along time.

    Examples
    --------
    >>> import os, tempfile
    >>> from tinygrad_cn import interop, nn
    >>> path = os.path.join(tempfile.mkdtemp(), "net.onnx")
    >>> net = nn.DNN([2, 4, 1], hidden="tanh", seed=1)
    >>> interop.to_onnx(net, path, np.zeros((2, 1)))
    >>> import onnxruntime
    >>> session = onnxruntime.InferenceSession(path)
    >>> session.run(["Y"], {"X": np.ones((2, 400), np.float32)})[0].shape
    (1, 400)

    A recurrent net takes sequences of any length:

    >>> interop.to_onnx(nn.LSTM(3, 5, output="last", seed=1), path, np.zeros((3, 1, 4)))
    >>> session = onnxruntime.InferenceSession(path)
    >>> session.get_inputs()[0].shape, session.run(["Y"], {"X": np.ones((3, 10, 50), np.float32)})[0].shape
    ([3, 'm', 'T'], (5, 10))
    """
    try:
        from .build import build
    except ImportError as error:
        raise ImportError("to_onnx needs the package onnx: pip install 'tinygrad-cn[onnx]'") from error
    chosen = np.dtype(dtype)
    if chosen not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise ValueError(f"to_onnx: dtype must be np.float32 or np.float64; got {chosen}")
    if not isinstance(steps, bool) and (not isinstance(steps, Integral) or steps < 2):
        raise ValueError(f"to_onnx: steps must be True, False, or the largest number of them, above 1; got {steps!r}")
    inputs = tuple(map(_checked, sample if isinstance(sample, tuple) else (sample,)))
    try:
        model = build(read(net, inputs, samples, steps), chosen, repr(net))
    except ExportError as error:
        raise ExportError(f"to_onnx: {error}") from error
    files.put(path, model.SerializeToString())


def _checked(sample: ArrayLike) -> Array:
    array = np.asarray(sample)
    if array.dtype.kind not in "fiu" or not array.size:
        raise ValueError(f"to_onnx: sample must hold numbers, at least one sample; got {array.dtype} {array.shape}")
    return array if array.dtype.kind == "f" else array.astype(np.int64)
