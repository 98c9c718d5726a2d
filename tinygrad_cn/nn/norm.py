"""Normalisation layers: batch norm for columns and for images, layer norm."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from ..autograd import Node
from ..errors import ShapeError
from ..ops.normalise import NORMALISE, Axis
from ..ops.op import Array, arrayed
from ..tensor import Tensor
from .dense import units
from .module import Module, Parameter
from .names import renamed
from .window import require_images


class BatchNorm(Module):
    """Batch norm of columns: each unit gets mean 0 and variance 1 over the samples, then γ and β.

    In training the mean and variance are those of the batch; running averages of them are kept, which
    evaluation uses: y = γ (x − mean) / √(variance + ε) + β. With γ and β frozen, training does as evaluation
    does, and the averages stay.

    Parameters
    ----------
    n : int
        Number of units, the rows of X.
    momentum : float
        Weight of the old running average in the new one, in [0, 1). It is the notes' β; PyTorch calls
        1 − momentum its momentum.
    eps : float
        ε.
    dtype : dtype
        np.float64 or np.float32.

    Attributes
    ----------
    gamma, beta : Parameter
        Shape (n, 1); start at 1 and 0.
    running_mean, running_var : ndarray
        The same shape; start at 0 and 1. They are saved with the parameters. As in PyTorch, the variance that
        enters the average is divided by m − 1, which makes it an unbiased estimate.

    Raises
    ------
    ValueError
        If `n` is below 1 or `momentum` out of range.

    Notes
    -----
    S. Ioffe and C. Szegedy, "Batch normalization", ICML 2015, algorithms 1 and 2; A. Ng, "Improving deep
    neural networks", week 3, batch normalization.

    Examples
    --------
    >>> import numpy as np
    >>> layer = BatchNorm(1, eps=0.0)
    >>> layer(np.array([[1.0, 3.0]])).numpy()
    array([[-1.,  1.]])
    >>> layer.running_mean
    array([[0.2]])
    """

    buffers = ("running_mean", "running_var")
    joins = True
    axis: ClassVar[Axis] = 1

    def __init__(self, n: int, momentum: float = 0.9, eps: float = 1e-5, dtype: DTypeLike = np.float64) -> None:
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum must lie in [0, 1); got {momentum}")
        shape = self._shape(units("n", n))
        self.momentum, self.eps = float(momentum), float(eps)
        self.gamma, self.beta = Parameter(np.ones(shape, dtype)), Parameter(np.zeros(shape, dtype))
        self.running_mean, self.running_var = np.zeros(shape, dtype), np.ones(shape, dtype)

    def forward(self, X: Any) -> Any:
        """Normalise X; the shape stays.

        Raises
        ------
        ShapeError
            If X has another shape, or in training only a single value per unit.
        """
        X = arrayed(X)
        self._check(X.shape)
        if not self.training or self.frozen:
            y = (X - self.running_mean) * (self.gamma / np.sqrt(self.running_var + self.eps)) + self.beta
            return _named(y, X)
        self._remember(X._data if isinstance(X, Node) else X)
        return _named(NORMALISE(X, self.gamma, self.beta, axis=self.axis, eps=self.eps), X)

    def _shape(self, n: int) -> tuple[int, ...]:
        return n, 1

    def _check(self, shape: tuple[int, ...]) -> None:
        n = self.gamma.shape[0]
        if len(shape) != 2 or shape[0] != n:
            hint = " Images go through BatchNorm2D." if len(shape) == 4 else ""
            raise ShapeError(f"{self!r} takes columns ({n}, m); got {shape}.{hint}")

    def _remember(self, x: Array) -> None:
        """Let the running averages follow the mean and variance of a batch."""
        if x.size <= self.gamma.size:
            raise ShapeError(f"{self!r} in training needs more than one value per unit; got {x.shape}")
        kept = self.momentum
        mean = np.mean(x, axis=self.axis, keepdims=True)
        var = np.var(x, axis=self.axis, keepdims=True, ddof=1)
        self.running_mean[...] = kept * self.running_mean + (1 - kept) * mean
        self.running_var[...] = kept * self.running_var + (1 - kept) * var

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.gamma.size})"


class BatchNorm2D(BatchNorm):
    """Batch norm of images (m, n_H, n_W, n_C): each channel over all samples and pixels. See `BatchNorm`.

    γ, β and the running averages are (1, 1, 1, n_C).

    Examples
    --------
    >>> import numpy as np
    >>> A = BatchNorm2D(2)(np.random.default_rng(0).normal(5, 3, size=(10, 4, 4, 2))).numpy()
    >>> bool(np.all(np.abs(A.mean(axis=(0, 1, 2))) < 1e-12))
    True
    """

    axis = (0, 1, 2)

    def _shape(self, n: int) -> tuple[int, ...]:
        return 1, 1, 1, n

    def _check(self, shape: tuple[int, ...]) -> None:
        require_images(repr(self), shape, self.gamma.shape[3])


class LayerNorm(Module):
    """Layer norm: each sample gets mean 0 and variance 1 over its units, then γ and β; training and evaluation alike.

    Parameters
    ----------
    n : int
        Number of units, the rows of X.
    eps : float
        ε.
    dtype : dtype
        np.float64 or np.float32.

    Attributes
    ----------
    gamma, beta : Parameter
        Shape (n, 1); start at 1 and 0.

    Raises
    ------
    ValueError
        If `n` is below 1.

    Notes
    -----
    J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", arXiv:1607.06450, equation 4.

    Examples
    --------
    >>> import numpy as np
    >>> LayerNorm(2, eps=0.0)(np.array([[1.0, 10.0], [3.0, 30.0]])).numpy()
    array([[-1., -1.],
           [ 1.,  1.]])
    """

    joins = True

    def __init__(self, n: int, eps: float = 1e-5, dtype: DTypeLike = np.float64) -> None:
        shape = (units("n", n), 1)
        self.eps = float(eps)
        self.gamma, self.beta = Parameter(np.ones(shape, dtype)), Parameter(np.zeros(shape, dtype))

    def forward(self, X: Any) -> Any:
        """Normalise the columns of X, (n, m), or the steps of a sequence (n, m, T).

        Raises
        ------
        ShapeError
            If X does not have n rows.
        """
        X = arrayed(X)
        n = self.gamma.shape[0]
        if X.ndim not in (2, 3) or X.shape[0] != n:
            raise ShapeError(f"{self!r} takes columns ({n}, m) or a sequence ({n}, m, T); got {X.shape}")
        gamma: Any = self.gamma
        beta: Any = self.beta
        if X.ndim == 3:
            gamma, beta = np.reshape(gamma, (n, 1, 1)), np.reshape(beta, (n, 1, 1))
        return _named(NORMALISE(X, gamma, beta, axis=0, eps=self.eps), X)

    def __repr__(self) -> str:
        return f"LayerNorm({self.gamma.size})"


def _named(y: Any, x: Any) -> Any:
    if isinstance(x, Tensor):
        y.name = renamed(x.name, "ZAP", "N")
    return y
