"""Transformer blocks: attention and a small dense net, each around a residual connection, each with a layer norm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from ..seeds import Seed, generator
from .activation import Spec
from .attention import MultiHeadAttention
from .dense import Dense, units
from .dropout import Dropout
from .init import Init
from .module import Module
from .norm import LayerNorm

NORMS = ("pre", "post")


class TransformerBlock(Module):
    """What the encoder and the decoder block share: residual connections with a norm, and the dense net."""

    def __init__(
        self,
        n: int,
        n_hidden: int | None,
        activation: Spec,
        norm: str,
        keep_prob: float,
        init: str | Init,
        rng: Any,
        dtype: DTypeLike,
    ) -> None:
        if norm not in NORMS:
            raise ValueError(f"norm must be one of {', '.join(NORMS)}; got {norm!r}")
        n_hidden = 4 * n if n_hidden is None else units("n_hidden", n_hidden)
        self.norm = norm
        self.linear1 = Dense(n, n_hidden, activation, init=init, seed=rng, dtype=dtype)
        self.linear2 = Dense(n_hidden, n, init=init, seed=rng, dtype=dtype)
        self.dropout = Dropout(keep_prob, rng)

    def _around(self, X: Any, norm: LayerNorm, change: Callable[[Any], Any]) -> Any:
        """X + F(norm(X)), or norm(X + F(X))."""
        if self.norm == "pre":
            return X + self.dropout(change(norm(X)))
        return norm(X + self.dropout(change(X)))

    def _dense(self, X: Any) -> Any:
        return self.linear2(self.dropout(self.linear1(X)))


class TransformerEncoderBlock(TransformerBlock):
    """Self-attention, then a dense net of one hidden layer at every step; both only change what they are given.

    With norm="pre": X ← X + attention(norm1(X)), X ← X + dense(norm2(X)). With norm="post", as published:
    X ← norm1(X + attention(X)), X ← norm2(X + dense(X)). Several blocks in a `Sequential` make an encoder;
    with `causal=True` they make a decoder without memory, as language models are.

    Parameters
    ----------
    n : int
        Number of rows of X, and of the output.
    heads : int
        Number of heads; it divides n.
    n_hidden : int, optional
        Units of the hidden layer; 4 n by default.
    activation : str, Module or callable
        Of the hidden layer.
    norm : {"pre", "post"}
        Where the layer norms stand. Deep nets of "pre" blocks train without a warm-up of the learning rate.
    causal : bool
        A step sees itself and the steps before it only.
    keep_prob : float
        Dropout in training, in (0, 1], of α, of the hidden layer and of both changes; 1 is none.
    init : str or callable
        Start value of all weights, see `nn.init`.
    seed : int, np.random.Generator or np.random.RandomState, optional
        Where they are drawn from.
    dtype : dtype
        np.float64 or np.float32.

    Attributes
    ----------
    attention : MultiHeadAttention
    linear1, linear2 : Dense
    norm1, norm2 : LayerNorm

    Raises
    ------
    ValueError
        If a number is below 1 or out of range, `heads` does not divide `n`, or a name is unknown.

    Notes
    -----
    A. Vaswani et al., "Attention is all you need", NeurIPS 2017, section 3; R. Xiong et al., "On layer normalization
    in the Transformer architecture", ICML 2020. torch calls it TransformerEncoderLayer; here a layer is what has one
    W, and a block is several. torch's norm_first=True is norm="pre".

    Examples
    --------
    >>> import numpy as np
    >>> block = TransformerEncoderBlock(8, heads=2, n_hidden=16, seed=1)
    >>> block(np.ones((8, 10, 5))).shape
    (8, 10, 5)
    >>> [*block.state_dict()][::4]
    ['norm1.gamma', 'attention.Wk', 'attention.Wo', 'linear1.W']
    """

    def __init__(
        self,
        n: int,
        heads: int,
        n_hidden: int | None = None,
        activation: Spec = "relu",
        norm: str = "pre",
        causal: bool = False,
        keep_prob: float = 1.0,
        init: str | Init = "xavier_uniform",
        seed: Seed = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        rng = generator(seed)
        self.norm1 = LayerNorm(n, dtype=dtype)
        self.attention = MultiHeadAttention(n, heads, None, causal, keep_prob, init=init, seed=rng, dtype=dtype)
        self.norm2 = LayerNorm(n, dtype=dtype)
        super().__init__(n, n_hidden, activation, norm, keep_prob, init, rng, dtype)

    def forward(self, X: Any, lengths: ArrayLike | None = None, mask: ArrayLike | None = None) -> Any:
        """From (n, m, T) to (n, m, T); `lengths` and `mask` as for `MultiHeadAttention.attend`."""
        X = self._around(X, self.norm1, lambda x: self.attention(x, None, lengths, mask))
        return self._around(X, self.norm2, self._dense)


class TransformerDecoderBlock(TransformerBlock):
    """Causal self-attention, attention to a memory, then a dense net at every step; each only changes what it is given.

    The memory is what an encoder made of another sequence.

    Parameters
    ----------
    n : int
        Number of rows of X, and of the output.
    heads : int
        Number of heads of both attentions; it divides n.
    n_hidden : int, optional
        Units of the hidden layer; 4 n by default.
    n_memory : int, optional
        Number of rows of the memory; n by default.
    activation, norm, keep_prob, init, seed, dtype
        As for `TransformerEncoderBlock`.

    Attributes
    ----------
    attention, cross_attention : MultiHeadAttention
    linear1, linear2 : Dense
    norm1, norm2, norm3 : LayerNorm

    Raises
    ------
    ValueError
        If a number is below 1 or out of range, `heads` does not divide `n`, or a name is unknown.

    Notes
    -----
    A. Vaswani et al., "Attention is all you need", NeurIPS 2017, section 3.1. torch calls it
    TransformerDecoderLayer, and its self-attention is causal only if it is given a mask.

    Examples
    --------
    >>> import numpy as np
    >>> block = TransformerDecoderBlock(8, heads=2, seed=1)
    >>> block(np.ones((8, 10, 5)), np.ones((8, 10, 7))).shape
    (8, 10, 5)
    """

    def __init__(
        self,
        n: int,
        heads: int,
        n_hidden: int | None = None,
        n_memory: int | None = None,
        activation: Spec = "relu",
        norm: str = "pre",
        keep_prob: float = 1.0,
        init: str | Init = "xavier_uniform",
        seed: Seed = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        rng = generator(seed)
        self.norm1 = LayerNorm(n, dtype=dtype)
        self.attention = MultiHeadAttention(n, heads, None, True, keep_prob, init=init, seed=rng, dtype=dtype)
        self.norm2 = LayerNorm(n, dtype=dtype)
        self.cross_attention = MultiHeadAttention(
            n, heads, n_memory, False, keep_prob, init=init, seed=rng, dtype=dtype
        )
        self.norm3 = LayerNorm(n, dtype=dtype)
        super().__init__(n, n_hidden, activation, norm, keep_prob, init, rng, dtype)

    def forward(
        self, X: Any, memory: Any, lengths: ArrayLike | None = None, memory_lengths: ArrayLike | None = None
    ) -> Any:
        """One block.

        Parameters
        ----------
        X : Tensor or array_like
            (n, m, T).
        memory : Tensor or array_like
            (n_memory, m, T_k).
        lengths, memory_lengths : array_like of int, (m,), optional
            Number of steps of X and of the memory that are not padding.

        Returns
        -------
        Tensor
            (n, m, T).

        Raises
        ------
        ShapeError
            If a sequence or lengths do not fit.
        """
        X = self._around(X, self.norm1, lambda x: self.attention(x, None, lengths))
        X = self._around(X, self.norm2, lambda x: self.cross_attention(x, memory, memory_lengths))
        return self._around(X, self.norm3, self._dense)
