"""Flatten: from images to columns."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..ops.op import arrayed
from .module import Module
from .window import Shape, require_images


class Flatten(Module):
    """Images (m, n_H, n_W, n_C) as columns (n_H · n_W · n_C, m), which `Dense` takes.

    The order is the notes' `X.reshape(m, -1).T`: row by row of the image, the channels of a pixel together.
    `Dataset.images` and `A.T.reshape(m, n_H, n_W, n_C)` undo it. Columns pass unchanged.

    Examples
    --------
    >>> import numpy as np
    >>> Flatten()(np.arange(8).reshape(2, 1, 2, 2))
    array([[0, 4],
           [1, 5],
           [2, 6],
           [3, 7]])
    """

    def forward(self, X: Any) -> Any:
        """From images to columns.

        Raises
        ------
        ShapeError
            If X is neither.
        """
        X = arrayed(X)
        if X.ndim == 2:
            return X
        require_images("Flatten()", X.shape)
        return np.transpose(np.reshape(X, self.output_shape(X.shape)[::-1]))

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the columns for images of this shape.

        Examples
        --------
        >>> Flatten().output_shape((64, 4, 4, 16))
        (256, 64)
        """
        return (math.prod(shape[1:]), shape[0]) if len(shape) == 4 else shape

    def __repr__(self) -> str:
        return "Flatten()"
