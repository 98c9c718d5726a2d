"""The dense layer: Z = W A + b, and A = g(Z) if it is given an activation."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ShapeError
from ..ops.matrix import AFFINE, MATMUL, TENSORDOT
from ..ops.op import arrayed
from ..ops.recurrent import SEQUENCE_AFFINE
from ..seeds import Seed, generator
from .activation import Spec, resolve
from .init import Init, draw
from .module import Module, Parameter
from .names import renamed, written


class Dense(Module):
    """A fully connected layer, Z = W A + b.

    Parameters
    ----------
    n_in, n_out : int
        Numbers of units before and after.
    activation : str, Module or callable, optional
        Applied to Z: "relu", `nn.LeakyReLU(0.2)`, a function; default none.
    bias : bool
        False leaves b out.
    init : str or callable
        Start value of W: a name of `nn.init.INITS` or a function (rng, shape) → array. b starts at 0.
    seed : int, np.random.Generator or np.random.RandomState, optional
        Where the start value is drawn from.
    dtype : dtype
        np.float64 or np.float32.

    Attributes
    ----------
    W : Parameter
        Shape (n_out, n_in).
    b : Parameter or None
        Shape (n_out, 1).

    Raises
    ------
    ValueError
        If `n_in` or `n_out` is below 1, or a name is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> layer = Dense(2, 4, activation="tanh", seed=1)
    >>> layer(np.ones((2, 400))).shape
    (4, 400)
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        activation: Spec = None,
        bias: bool = True,
        init: str | Init = "he",
        seed: Seed = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        shape = (units("n_out", n_out), units("n_in", n_in))
        self.W = Parameter(draw(init, generator(seed), shape, dtype))
        self.b = Parameter(np.zeros((shape[0], 1), dtype)) if bias else None
        self.activation = resolve(activation)

    def forward(self, X: Any) -> Any:
        """From A of the layer before, (n_in, m), to A or Z of this one, (n_out, m).

        A sequence (n_in, m, T) goes through step by step, with the same W and b, to (n_out, m, T).

        Raises
        ------
        ShapeError
            If X does not have n_in rows.
        """
        X = arrayed(X)
        shape, W, activation = X.shape, self.W, self.activation
        if len(shape) not in (2, 3) or shape[0] != W.shape[1]:
            raise ShapeError(self._misfit(shape))
        Z = mapped(W, X, self.b)
        Z.name = renamed(W.name, "W", "Z")
        return Z if activation is None else activation(Z)

    def _misfit(self, shape: tuple[int, ...]) -> str:
        """The shape error in the learner's words."""
        name, (n_out, n_in) = self.W.name or "W", self.W.shape
        W, Z, b = (written(renamed(name, "W", letter) or letter) for letter in "WZb")
        A = _before(name)
        call = f"{Z} = {W} @ {A}" + (f" + {b}" if self.b is not None else "")
        if len(shape) not in (2, 3):
            return f"{call}: {A} is {shape}. Expected two axes, ({n_in}, m): one row per input, one column per sample."
        text = (
            f"{call}: {W} is {(n_out, n_in)}, {A} is {shape}: inner dimensions {n_in} and {shape[0]} differ. "
            f"Expected {W} of shape {(n_out, shape[0])}"
        )
        return f"{text}, or {A} transposed: samples are columns." if shape[1:] == (n_in,) else f"{text}."

    def __repr__(self) -> str:
        n_out, n_in = self.W.shape
        about = [str(n_in), str(n_out)]
        if self.activation is not None:
            about.append(f"activation={self.activation!r}")
        if self.b is None:
            about.append("bias=False")
        return f"Dense({', '.join(about)})"


def mapped(W: Any, X: Any, b: Any) -> Any:
    """W X + b, or W X without b, of columns (n, m) or of every step of a sequence (n, m, T).

    Examples
    --------
    >>> import numpy as np
    >>> mapped(np.ones((1, 2)), np.ones((2, 1, 3)), np.ones((1, 1)))
    array([[[3., 3., 3.]]])
    """
    if X.ndim == 3:
        return TENSORDOT(W, X, axes=1) if b is None else SEQUENCE_AFFINE(W, X, b)
    return MATMUL(W, X) if b is None else AFFINE(W, X, b)


def units(name: str, n: Any) -> int:
    """A number of units as an int.

    Raises
    ------
    ValueError
        If it is not a positive whole number.

    Examples
    --------
    >>> units("n_in", 12288)
    12288
    """
    if not isinstance(n, Integral) or isinstance(n, bool) or n < 1:
        raise ValueError(f"{name} must be a positive whole number; got {n!r}")
    return int(n)


def _before(name: str) -> str:
    """The activation a layer takes: A[0] for W1, fc.A for none."""
    stem = name.rstrip("0123456789")
    number = name[len(stem) :]
    return f"{stem[:-1]}A[{int(number) - 1}]" if number else "A"
