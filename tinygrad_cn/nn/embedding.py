"""Embedding: a column of numbers for every word, learned like any other weight."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from ..errors import OpError, ShapeError
from ..ops.op import arrayed
from ..seeds import Seed, generator
from ..tensor import Tensor
from .dense import units
from .init import Init, draw, normal
from .loss import value
from .module import Module, Parameter

STANDARD = normal(1.0)


class Embedding(Module):
    """Looks up the columns of E: e = E o for the one-hot column o of a word, without the product.

    Parameters
    ----------
    vocabulary : int
        Number of words (or letters); ids are 0 … vocabulary − 1.
    n_e : int
        Numbers per word.
    init : str or callable
        Start value of E; standard normal by default.
    seed : int, np.random.Generator or np.random.RandomState, optional
        Where it is drawn from.
    dtype : dtype
        np.float64 or np.float32.

    Attributes
    ----------
    E : Parameter
        (n_e, vocabulary): the embedding matrix.

    Raises
    ------
    ValueError
        If a number is below 1.

    Notes
    -----
    A. Ng, "Sequence models", week 2, embedding matrix.

    Examples
    --------
    >>> import numpy as np
    >>> words = Embedding(100, 8, seed=1)
    >>> words(np.array([[3, 1, 4], [1, 5, 9]])).shape
    (8, 2, 3)
    """

    def __init__(
        self,
        vocabulary: int,
        n_e: int,
        init: str | Init = STANDARD,
        seed: Seed = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        shape = (units("n_e", n_e), units("vocabulary", vocabulary))
        self.E = Parameter(draw(init, generator(seed), shape, dtype))

    def forward(self, ids: ArrayLike) -> Any:
        """The columns of the words.

        Parameters
        ----------
        ids : array_like of int
            (T,) or (m, T), or (1, m, T), the layout in which `tg.fit` knows the samples.

        Returns
        -------
        Tensor
            (n_e, T) or (n_e, m, T).

        Raises
        ------
        OpError
            If ids are not whole numbers.
        ShapeError
            If they have another shape.
        ValueError
            If an id is not in the vocabulary.
        """
        where = ids.numpy() if isinstance(ids, Tensor) else arrayed(ids)
        where = where[0] if where.ndim == 3 and len(where) == 1 else where
        if where.dtype.kind not in "iu":
            raise OpError(f"Embedding: ids must be whole numbers; got {where.dtype}")
        if where.ndim not in (1, 2):
            raise ShapeError(f"Embedding: ids must be (T,), (m, T) or (1, m, T); got {np.shape(ids)}")
        n = self.E.shape[1]
        seen = value(where)
        if seen.size and not (seen.min() >= 0 and seen.max() < n):
            raise ValueError(f"Embedding: ids must be 0 … {n - 1}; got {seen.min()} … {seen.max()}")
        return self.E[:, where]

    def __repr__(self) -> str:
        n_e, vocabulary = self.E.shape
        return f"Embedding({vocabulary}, {n_e})"
