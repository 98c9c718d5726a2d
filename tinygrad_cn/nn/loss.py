"""Losses: they check shapes and ranges, then call one op, whose formula and gradients are in `ops.loss`.

A is the activation of the last layer, Z its raw scores ("logits"); both are (n, m), outputs in rows
and samples in columns, and Y has the same shape. The categorical losses also take integer labels
(m,) or (1, m). Cross-entropies add up the outputs of a sample and take the mean over the m samples;
mse, mae, huber and hinge are means over all n × m entries.

Sequences are (n, m, T), their labels (m, T) or (1, m, T). As the notes do, L = Σ L⟨t⟩ over the time
steps of a sample, cross-entropies add up the steps and take the mean over samples, so a longer
sequence has a larger cost; the other losses are means over all n × m × T entries. The losses of
entries also take images (m, n_H, n_W, n_C).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..autograd import Node
from ..errors import OpError, ShapeError
from ..ops import loss as ops
from ..ops.op import Array, arrayed
from ..ops.special import floating
from ..tensor import Tensor


def binary_cross_entropy(A: Any, Y: Any) -> Any:
    """J = −(1/m) Σ [Y log A + (1 − Y) log(1 − A)].

    Parameters
    ----------
    A : Tensor or array_like
        Probabilities, (n, m), in [0, 1].
    Y : Tensor or array_like
        Targets of the same shape, in [0, 1].

    Returns
    -------
    Tensor
        A scalar; a number if both are arrays.

    Raises
    ------
    ShapeError
        If the shapes differ.
    ValueError
        If an entry is outside [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> round(float(binary_cross_entropy(np.array([[0.8, 0.9, 0.4]]), np.array([[1, 1, 0]]))), 6)
    0.279777
    """
    A, Y = _pair("binary_cross_entropy", "A", A, Y)
    _probabilities("binary_cross_entropy", "A", A)
    _targets("binary_cross_entropy", Y)
    return ops.BINARY_CROSS_ENTROPY(A, Y)


def binary_cross_entropy_with_logits(Z: Any, Y: Any) -> Any:
    """Binary cross-entropy of A = σ(Z), from Z: exact also where σ(Z) rounds to 0 or 1.

    Parameters
    ----------
    Z : Tensor or array_like
        Raw scores, (n, m).
    Y : Tensor or array_like
        Targets of the same shape, in [0, 1].

    Returns
    -------
    Tensor
        A scalar; a number if both are arrays.

    Raises
    ------
    ShapeError
        If the shapes differ.
    ValueError
        If an entry of Y is outside [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> float(binary_cross_entropy_with_logits(np.array([[-1000.0, 0.0]]), np.array([[1, 1]])))
    500.34657359027995
    """
    Z, Y = _pair("binary_cross_entropy_with_logits", "Z", Z, Y)
    _targets("binary_cross_entropy_with_logits", Y)
    return ops.BINARY_CROSS_ENTROPY_WITH_LOGITS(Z, Y)


def categorical_cross_entropy(A: Any, Y: Any, mask: ArrayLike | None = None) -> Any:
    """J = −(1/m) Σ Y log A, for A = softmax(Z).

    Parameters
    ----------
    A : Tensor or array_like
        Probabilities, (classes, m), in [0, 1]; or (classes, m, T).
    Y : Tensor or array_like
        One-hot (or soft) targets of the same shape, or integer labels, (m,) or (1, m); (m, T) or (1, m, T).
    mask : array_like of bool, (m,) or (m, T), optional
        False where a sample or a time step does not count: padding, whatever its label. A one-hot column of
        zeros says the same.

    Returns
    -------
    Tensor
        A scalar; a number if both are arrays.

    Raises
    ------
    ShapeError
        If the shapes do not fit.
    ValueError
        If an entry is outside [0, 1] or a label outside 0 … classes − 1.

    Examples
    --------
    >>> import numpy as np
    >>> A = np.array([[0.25, 0.5], [0.75, 0.5]])
    >>> round(float(categorical_cross_entropy(A, np.array([1, 0]))), 6)
    0.490415
    """
    A, Y = _pair("categorical_cross_entropy", "A", A, _columns("categorical_cross_entropy", "A", A, Y, mask))
    _probabilities("categorical_cross_entropy", "A", A)
    _targets("categorical_cross_entropy", Y)
    return ops.CATEGORICAL_CROSS_ENTROPY(A, Y)


def cross_entropy(Z: Any, Y: Any, mask: ArrayLike | None = None) -> Any:
    """Categorical cross-entropy of A = softmax(Z), from Z: exact also where softmax(Z) rounds to 0.

    Parameters
    ----------
    Z : Tensor or array_like
        Raw scores, (classes, m), or (classes, m, T).
    Y : Tensor or array_like
        One-hot (or soft) targets of the same shape, or integer labels, (m,) or (1, m); (m, T) or (1, m, T).
    mask : array_like of bool, (m,) or (m, T), optional
        False where a sample or a time step does not count: padding, whatever its label. A one-hot column of
        zeros says the same.

    Returns
    -------
    Tensor
        A scalar; a number if both are arrays.

    Raises
    ------
    ShapeError
        If the shapes do not fit.
    ValueError
        If an entry of Y is outside [0, 1] or a label outside 0 … classes − 1.

    Examples
    --------
    >>> import numpy as np
    >>> float(cross_entropy(np.array([[1000.0, 0.0], [0.0, 0.0]]), [1, 0]))
    500.34657359027995

    Two sequences of three steps, the second padded after one: (3 + 1) log 2 / 2.

    >>> mask = np.array([[True, True, True], [True, False, False]])
    >>> round(float(cross_entropy(np.zeros((2, 2, 3)), np.zeros((2, 3), int), mask)), 6)
    1.386294
    """
    Z, Y = _pair("cross_entropy", "Z", Z, _columns("cross_entropy", "Z", Z, Y, mask))
    _targets("cross_entropy", Y)
    return ops.CROSS_ENTROPY(Z, Y)


def mse(A: Any, Y: Any) -> Any:
    """Mean squared error over all entries, `np.mean((A - Y)**2)`.

    Parameters
    ----------
    A, Y : Tensor or array_like
        Predictions and targets of the same shape, (n, m).

    Returns
    -------
    Tensor
        A scalar; a number if both are arrays.

    Raises
    ------
    ShapeError
        If the shapes differ.

    Examples
    --------
    >>> float(mse([[1.0, 2.0]], [[1.0, 5.0]]))
    4.5
    """
    return ops.MSE(*_pair("mse", "A", A, Y))


def mae(A: Any, Y: Any) -> Any:
    """Mean absolute error over all entries; where A = Y the gradient is 0.

    Parameters
    ----------
    A, Y : Tensor or array_like
        Predictions and targets of the same shape, (n, m).

    Returns
    -------
    Tensor
        A scalar; a number if both are arrays.

    Raises
    ------
    ShapeError
        If the shapes differ.

    Examples
    --------
    >>> float(mae([[1.0, 2.0]], [[1.0, 5.0]]))
    1.5
    """
    return ops.MAE(*_pair("mae", "A", A, Y))


def huber(A: Any, Y: Any, delta: float = 1.0) -> Any:
    """Mean over all entries of ½ error² up to `delta`, of delta (|error| − ½ delta) beyond.

    Parameters
    ----------
    A, Y : Tensor or array_like
        Predictions and targets of the same shape, (n, m).
    delta : float
        Where the parabola goes over into a line; positive.

    Returns
    -------
    Tensor
        A scalar; a number if both are arrays.

    Raises
    ------
    ShapeError
        If the shapes differ.
    ValueError
        If `delta` is not positive.

    Examples
    --------
    >>> float(huber([[1.0, 2.0]], [[1.5, 5.0]]))
    1.3125
    """
    if not delta > 0:
        raise ValueError(f"huber: delta must be positive; got {delta}")
    return ops.HUBER(*_pair("huber", "A", A, Y), delta=float(delta))


def hinge(Z: Any, Y: Any) -> Any:
    """Mean over all entries of max(0, 1 − Y Z).

    Parameters
    ----------
    Z : Tensor or array_like
        Raw scores, (n, m).
    Y : Tensor or array_like
        Targets −1 or +1, of the same shape.

    Returns
    -------
    Tensor
        A scalar; a number if both are arrays.

    Raises
    ------
    ShapeError
        If the shapes differ.
    ValueError
        If a target is neither −1 nor +1.

    Examples
    --------
    >>> float(hinge([[0.5, 2.0]], [[1, -1]]))
    1.75
    """
    Z, Y = _pair("hinge", "Z", Z, Y)
    if not np.all(np.abs(value(Y)) == 1):
        raise ValueError("hinge: Y must be −1 or +1; for labels 0 and 1 write 2 * Y - 1")
    return ops.HINGE(Z, Y)


# ---- checks -----------------------------------------------------------------------------------------


def value(x: Any) -> Array:
    """The array of a Tensor or array, for looking at; while a step is recorded, what it is at that moment."""
    if isinstance(x, np.ndarray):
        return x
    array = x.numpy() if isinstance(x, Tensor) else arrayed(x)
    seen: Array = getattr(array, "seen", array)
    return seen


def _pair(loss: str, name: str, A: Any, Y: Any) -> tuple[Any, Any]:
    """Predictions and targets of one shape and one dtype, or a ShapeError."""
    A = A if isinstance(A, Node) else floating(A)
    Y = arrayed(Y)
    if Y.dtype != A.dtype:
        Y = Y.astype(A.dtype)
    shape = A.shape
    if shape != Y.shape:
        raise ShapeError(
            f"{loss}: {name} is {shape} and Y is {Y.shape}; both must be (n, m), outputs in rows and samples in "
            f"columns{_advice(shape, Y.shape)}"
        )
    if len(shape) > 4:
        raise ShapeError(
            f"{loss}: {name} is {shape}; expected (n, m), outputs in rows and samples in columns, (n, m, T), or "
            f"images (m, n_H, n_W, n_C)"
        )
    if 0 in shape:
        raise ShapeError(f"{loss}: {name} is {shape}, which has no samples to average over")
    return A, Y


def _advice(a: tuple[int, ...], y: tuple[int, ...]) -> str:
    if y == a[::-1]:
        return ": transpose Y with Y.T"
    if np.prod(a) == np.prod(y):
        return f": write Y.reshape{a}"
    return ""


def _outside(values: Array, low: float, high: float) -> bool:
    return bool(values.min() < low or values.max() > high)


def _probabilities(loss: str, name: str, A: Any) -> None:
    if _outside(value(A), 0, 1):
        raise ValueError(
            f"{loss}: {name} must be probabilities in [0, 1], got entries from {value(A).min():.4g} to "
            f"{value(A).max():.4g}; for raw scores use {FROM_SCORES[loss]}"
        )


FROM_SCORES = {
    "binary_cross_entropy": "binary_cross_entropy_with_logits(Z, Y)",
    "categorical_cross_entropy": "cross_entropy(Z, Y)",
}


def _targets(loss: str, Y: Any) -> None:
    if _outside(value(Y), 0, 1):
        raise ValueError(f"{loss}: Y must be in [0, 1], got entries from {value(Y).min():.4g} to {value(Y).max():.4g}")


def _columns(loss: str, name: str, A: Any, Y: Any, mask: ArrayLike | None) -> Any:
    """Targets as columns, 0 where masked: integer labels become one-hot, anything else stays as it is."""
    shape = np.shape(A)
    if len(shape) not in (2, 3):
        raise ShapeError(f"{loss}: {name} is {shape}; expected (classes, m), one column per sample, or (classes, m, T)")
    classes, *places = shape
    counts = None if mask is None else np.asarray(mask, bool)
    if counts is not None and counts.shape != shape[1:]:
        raise ShapeError(f"{loss}: mask is {counts.shape}; expected {shape[1:]}, the shape of {name} without classes")
    if np.shape(Y) not in (shape, shape[1:], (1, *places)):
        raise ShapeError(
            f"{loss}: {name} is {shape} and Y is {np.shape(Y)}; expected Y one-hot, {shape}, or integer labels, "
            f"{shape[1:]}{_advice(shape, np.shape(Y))}"
        )
    if np.shape(Y) != shape:
        _labels(loss, value(Y).reshape(places), classes, counts)
        labels = (Y._data if isinstance(Y, Node) else arrayed(Y)).reshape(places)
        Y = np.arange(classes).reshape(-1, *(1 for _ in places)) == labels
    return Y if counts is None else Y * counts


def _labels(loss: str, labels: Array, classes: int, counts: Array | None) -> None:
    """Refuse labels that are not class numbers, where they count."""
    if labels.dtype.kind not in "iub":
        raise OpError(f"{loss}: labels must be integers, got {labels.dtype}; write Y.astype(int)")
    wrong = (labels < 0) | (labels >= classes)
    wrong = wrong if counts is None else wrong & counts
    if wrong.any():
        first = tuple(np.argwhere(wrong)[0])
        where = ", time step ".join(map(str, first))
        raise ValueError(f"{loss}: labels must be 0 … {classes - 1}; got {labels[first]} at sample {where}")
