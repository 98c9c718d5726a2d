"""Pooling layers: each window of an image becomes its largest entry or its mean, channel by channel.

A. Ng, "Convolutional Neural Networks", week 1, pooling layers.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..ops.op import Op, arrayed
from ..ops.pool import AVG_POOL2D, MAX_POOL2D
from ..tensor import Tensor
from .dense import units
from .module import Module
from .names import renamed
from .window import Padding, Shape, described, padding, places, require_fit, require_images


class Pool2D(Module):
    """What `MaxPool2D` and `AvgPool2D` share.

    Parameters
    ----------
    f : int
        Height and width of a window.
    stride : int, optional
        Step of the windows; f by default, so that they do not overlap.
    pad : "valid", "same" or int
        Border around the images, less than f on each side.

    Raises
    ------
    ValueError
        If a number is below 1, or the border as wide as a window.
    """

    op: ClassVar[Op]

    def __init__(self, f: int = 2, stride: int | None = None, pad: Padding = "valid") -> None:
        self.f = units("f", f)
        self.stride = self.f if stride is None else units("stride", stride)
        self.pad = padding(pad, self.f)
        if max(self.pad) >= self.f:
            raise ValueError(f"pad must be less than f = {self.f}, or a window could hold nothing; got {pad}")

    def forward(self, X: Any) -> Any:
        """From images (m, n_H_prev, n_W_prev, n_C) to (m, n_H, n_W, n_C); what is made of A1 is named P1.

        Raises
        ------
        ShapeError
            If X is no such images, or smaller than a window.
        """
        X = arrayed(X)
        require_images(repr(self), X.shape)
        require_fit(repr(self), X.shape, self.f, self.pad)
        options = {"pad": self.pad} if any(self.pad) else {}
        P = self.op(X, f=self.f, stride=self.stride, **options)
        return _named(P, X)

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the result for images of this shape: floor((n + 2p − f) / s) + 1.

        Examples
        --------
        >>> MaxPool2D(3, stride=2).output_shape((64, 28, 28, 6))
        (64, 13, 13, 6)
        """
        return shape[0], *places(shape, self.f, self.stride, self.pad), shape[3]

    def __repr__(self) -> str:
        stride = None if self.stride == self.f else self.stride
        pad = self.pad if any(self.pad) else None
        return f"{type(self).__name__}({described(self.f, stride=stride, pad=pad)})"


class MaxPool2D(Pool2D):
    """The largest entry of each window; entries that tie for it share the gradient. Parameters: see `Pool2D`.

    Examples
    --------
    >>> import numpy as np
    >>> MaxPool2D()(np.arange(16.0).reshape(1, 4, 4, 1))[0, :, :, 0]
    array([[ 5.,  7.],
           [13., 15.]])
    """

    op = MAX_POOL2D


class AvgPool2D(Pool2D):
    """The mean of each window; a border counts as zeros. Parameters: see `Pool2D`.

    Examples
    --------
    >>> import numpy as np
    >>> AvgPool2D()(np.arange(16.0).reshape(1, 4, 4, 1))[0, :, :, 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]])
    """

    op = AVG_POOL2D


class GlobalPool2D(Module):
    """What `GlobalMaxPool2D` and `GlobalAvgPool2D` share: one window as large as the image."""

    function: ClassVar[Any]

    def forward(self, X: Any) -> Any:
        """From images (m, n_H, n_W, n_C) to (m, 1, 1, n_C).

        Raises
        ------
        ShapeError
            If X is no such images.
        """
        X = arrayed(X)
        require_images(repr(self), X.shape)
        return _named(type(self).function(X, axis=(1, 2), keepdims=True), X)

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the result for images of this shape.

        Examples
        --------
        >>> GlobalAvgPool2D().output_shape((64, 7, 7, 32))
        (64, 1, 1, 32)
        """
        return shape[0], 1, 1, shape[3]

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class GlobalMaxPool2D(GlobalPool2D):
    """The largest entry of each channel of an image.

    Examples
    --------
    >>> import numpy as np
    >>> GlobalMaxPool2D()(np.arange(8.0).reshape(1, 2, 2, 2))
    array([[[[6., 7.]]]])
    """

    function = staticmethod(np.max)


class GlobalAvgPool2D(GlobalPool2D):
    """The mean of each channel of an image; with `Flatten` a column (n_C, m), which `Dense` takes.

    Examples
    --------
    >>> import numpy as np
    >>> GlobalAvgPool2D()(np.arange(8.0).reshape(1, 2, 2, 2))
    array([[[[3., 4.]]]])
    """

    function = staticmethod(np.mean)


def _named(P: Any, A: Any) -> Any:
    if isinstance(P, Tensor) and isinstance(A, Tensor):
        P.name = renamed(A.name, "AZN", "P")
    return P
