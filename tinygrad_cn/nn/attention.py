"""Attention: every step of a sequence looks at all steps of another, or of itself, and takes what fits.

Sequences are (n, m, T), as for the recurrent layers. Scores and weights are (m, heads, T_q, T_k): a row says how
one step, the query, shares its attention among the steps it looks at, the keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from ..errors import OpError, ShapeError
from ..ops.attention import ATTENTION_CONTEXT, ATTENTION_SCORES, ATTENTION_WEIGHTS
from ..ops.op import Array, arrayed
from ..seeds import Seed, generator
from .dense import mapped, units
from .dropout import Dropout
from .init import Init, draw
from .module import Module, Parameter
from .recurrent import padding_mask


@dataclass(frozen=True)
class Attended:
    """What attention made of a sequence.

    Attributes
    ----------
    output : Tensor
        (n, m, T).
    weights : Tensor
        α, (m, heads, T_q, T_k): row t says where query t looked; it sums to 1.
    """

    output: Any
    weights: Any


class MultiHeadAttention(Module):
    """Attention with several heads, of a sequence to itself or to another one.

    With Q = Wq X + bq, K = Wk M + bk, V = Wv M + bv, each head has n/heads rows of them, and for it and for each
    sample S = Qᵀ K / √d, α = softmax(S) along the keys and C = V αᵀ. The heads' C lie one below the other, and the
    output is Wo C + bo. M is X itself (self-attention), or another sequence, the memory (cross-attention).

    Parameters
    ----------
    n : int
        Number of rows of X, and of the output.
    heads : int
        Number of heads; it divides n.
    n_memory : int, optional
        Number of rows of the memory; n by default.
    causal : bool
        A step sees itself and the steps before it only.
    keep_prob : float
        Dropout of the weights α in training, in (0, 1]; 1 is none. torch's `dropout` is 1 − keep_prob.
    bias : bool
        False leaves bq, bk, bv and bo out.
    init : str or callable
        Start value of the weights, see `nn.init`; biases start at 0.
    seed : int, np.random.Generator or np.random.RandomState, optional
        Where the weights, and then the masks of dropout, are drawn from.
    dtype : dtype
        np.float64 or np.float32.

    Attributes
    ----------
    Wq, Wk, Wv, Wo : Parameter
        (n, n), (n, n_memory), (n, n_memory), (n, n).
    bq, bk, bv, bo : Parameter or None
        (n, 1).

    Raises
    ------
    ValueError
        If a number is below 1 or out of range, or `heads` does not divide `n`.

    Notes
    -----
    A. Vaswani et al., "Attention is all you need", NeurIPS 2017, section 3.2. The same function as
    torch.nn.MultiheadAttention, whose in_proj_weight is Wq, Wk and Wv one below the other. bk changes nothing, as
    softmax does not see what all scores of a query have in common; its gradient is 0 to rounding.

    Examples
    --------
    >>> import numpy as np
    >>> layer = MultiHeadAttention(8, heads=2, causal=True, seed=1)
    >>> X = np.random.default_rng(0).normal(size=(8, 10, 5))
    >>> layer(X).shape
    (8, 10, 5)
    >>> layer.attend(X).weights.numpy()[0, 0].round(1)[:2]
    array([[1. , 0. , 0. , 0. , 0. ],
           [0.6, 0.4, 0. , 0. , 0. ]])
    """

    Wq: Parameter
    Wk: Parameter
    Wv: Parameter
    Wo: Parameter
    bq: Parameter | None
    bk: Parameter | None
    bv: Parameter | None
    bo: Parameter | None

    def __init__(
        self,
        n: int,
        heads: int,
        n_memory: int | None = None,
        causal: bool = False,
        keep_prob: float = 1.0,
        bias: bool = True,
        init: str | Init = "xavier_uniform",
        seed: Seed = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        n, self.heads = units("n", n), units("heads", heads)
        if n % self.heads:
            raise ValueError(f"heads must divide n = {n}; got {heads}")
        n_memory = n if n_memory is None else units("n_memory", n_memory)
        rng = generator(seed)
        for letter, n_in in zip("qkvo", (n, n_memory, n_memory, n), strict=True):
            setattr(self, f"W{letter}", Parameter(draw(init, rng, (n, n_in), dtype)))
            setattr(self, f"b{letter}", Parameter(np.zeros((n, 1), dtype)) if bias else None)
        self.causal = causal
        self.dropout = Dropout(keep_prob, rng)

    def forward(
        self, X: Any, memory: Any = None, lengths: ArrayLike | None = None, mask: ArrayLike | None = None
    ) -> Any:
        """The output (n, m, T); arguments as for `attend`."""
        return self.attend(X, memory, lengths, mask).output

    def attend(
        self, X: Any, memory: Any = None, lengths: ArrayLike | None = None, mask: ArrayLike | None = None
    ) -> Attended:
        """Attend, and keep the weights to look at.

        Parameters
        ----------
        X : Tensor or array_like
            (n, m, T): the steps that ask.
        memory : Tensor or array_like, optional
            (n_memory, m, T_k): the steps that are looked at; X by default.
        lengths : array_like of int, (m,), optional
            Number of steps looked at of each sample that are not padding; the others get weight 0. A sample of
            length 0 has C = 0. Outputs at padded steps of X are computed, and are of no use: give the
            loss its mask, see `nn.padding_mask`.
        mask : array_like of bool, optional
            True where a query may look; any shape that broadcasts to (m, heads, T, T_k). (torch's
            attn_mask of nn.MultiheadAttention is True where it may not.)

        Returns
        -------
        Attended

        Raises
        ------
        ShapeError
            If a sequence, `lengths` or `mask` does not fit.
        OpError
            If `mask` is not boolean.
        ValueError
            If a length is not in 0 … T_k.
        """
        X = self._sequence("X", X, self.Wq)
        seen = X if memory is None and self.Wk.shape[1] == self.Wq.shape[1] else self._memory(memory, X)
        Q = self._called("Q", mapped(self.Wq, X, self.bq))
        K = self._called("K", mapped(self.Wk, seen, self.bk))
        V = self._called("V", mapped(self.Wv, seen, self.bv))
        T_q, m, T_k = X.shape[2], X.shape[1], seen.shape[2]
        parts = [None if mask is None else _fitting(mask, (m, self.heads, T_q, T_k))]
        parts += [causal_mask(T_q, T_k)] * self.causal
        parts += [] if lengths is None else [padding_mask(lengths, T_k, m)[:, None, None]]
        S = self._called("S", ATTENTION_SCORES(Q, K, heads=self.heads))
        weights = self._called("alpha", ATTENTION_WEIGHTS(S, _all_of(parts)))
        C = self._called("C", ATTENTION_CONTEXT(V, self.dropout(weights)))
        return Attended(self._called("Z", mapped(self.Wo, C, self.bo)), weights)

    def _called(self, letter: str, x: Any) -> Any:
        """Named with the number that its weights have in a Sequential; inside other modules the chain numbers them."""
        number = (self.Wq.name or "Wq").removeprefix("Wq")
        return x.named(letter + number) if not number or number.isdigit() else x

    def _sequence(self, name: str, X: Any, W: Parameter) -> Any:
        X = arrayed(X)
        if X.ndim != 3 or X.shape[0] != W.shape[1]:
            raise ShapeError(f"{self!r}: {name} must be a sequence ({W.shape[1]}, m, T); got {X.shape}")
        return X

    def _memory(self, memory: Any, X: Any) -> Any:
        if memory is None:
            raise OpError(f"{self!r} looks at a memory of {self.Wk.shape[1]} rows: call it as layer(X, memory)")
        memory = self._sequence("memory", memory, self.Wk)
        if memory.shape[1] != X.shape[1]:
            raise ShapeError(
                f"{self!r}: X and memory must have as many samples; got {X.shape[1]} and {memory.shape[1]}"
            )
        return memory

    def __repr__(self) -> str:
        n, n_memory = self.Wk.shape
        about = [str(n), str(self.heads)] + [f"n_memory={n_memory}"] * (n_memory != n)
        about += ["causal=True"] * self.causal + ["bias=False"] * (self.bq is None)
        return f"MultiHeadAttention({', '.join(about)})"


def attention_weights(Q: Any, K: Any, heads: int = 1, mask: Any = None) -> Any:
    """α = softmax(Qᵀ K / √d) along the keys, for every sample and head.

    Parameters
    ----------
    Q, K : Tensor or array_like
        Queries (n, m, T_q) and keys (n, m, T_k); a head has d = n/heads of the rows.
    heads : int
        Number of heads.
    mask : array_like of bool, optional
        True where a query may look; broadcasts to (m, heads, T_q, T_k). A query that may look nowhere has
        weight 0 everywhere.

    Returns
    -------
    Tensor
        (m, heads, T_q, T_k); its rows sum to 1.

    Raises
    ------
    ShapeError
        If Q, K or the mask does not fit.
    OpError
        If `mask` is not boolean.

    Examples
    --------
    >>> import numpy as np
    >>> Q, K = np.ones((2, 1, 1)), np.array([[[1.0, 3.0]], [[1.0, 3.0]]])
    >>> attention_weights(Q, K).round(3)
    array([[[[0.056, 0.944]]]])
    """
    Q, K = arrayed(Q), arrayed(K)
    if Q.ndim != 3 or K.ndim != 3 or Q.shape[:2] != K.shape[:2] or Q.shape[0] % heads:
        raise ShapeError(
            f"attention_weights: Q and K must be (n, m, T_q) and (n, m, T_k), with n a multiple of heads = {heads}; "
            f"got {Q.shape} and {K.shape}"
        )
    mask = None if mask is None else _fitting(mask, (Q.shape[1], heads, Q.shape[2], K.shape[2]))
    return ATTENTION_WEIGHTS(ATTENTION_SCORES(Q, K, heads=heads), mask)


def scaled_dot_product_attention(Q: Any, K: Any, V: Any, heads: int = 1, mask: Any = None) -> Any:
    """C = V softmax(Qᵀ K / √d)ᵀ, for every sample and head.

    Parameters
    ----------
    Q, K, V : Tensor or array_like
        Queries (n, m, T_q), keys (n, m, T_k) and values (n_v, m, T_k).
    heads, mask
        As for `attention_weights`.

    Returns
    -------
    Tensor
        (n_v, m, T_q): at each query the mean of the values, weighted by α.

    Raises
    ------
    ShapeError
        If Q, K, V or the mask does not fit.
    OpError
        If `mask` is not boolean.

    Notes
    -----
    A. Vaswani et al., "Attention is all you need", NeurIPS 2017, equation 1, with columns for rows.

    Examples
    --------
    >>> import numpy as np
    >>> Q, K, V = np.zeros((2, 1, 1)), np.ones((2, 1, 4)), np.arange(4.0).reshape(1, 1, 4)
    >>> scaled_dot_product_attention(Q, K, V), scaled_dot_product_attention(Q, K, V, mask=causal_mask(1, 4))
    (array([[[1.5]]]), array([[[0.]]]))
    """
    V = arrayed(V)
    if V.ndim != 3 or V.shape[1:] != np.shape(K)[1:] or V.shape[0] % heads:
        raise ShapeError(
            f"scaled_dot_product_attention: V must be (n_v, {', '.join(map(str, np.shape(K)[1:]))}) as K is "
            f"{np.shape(K)}, with n_v a multiple of heads = {heads}; got {V.shape}"
        )
    return ATTENTION_CONTEXT(V, attention_weights(Q, K, heads, mask))


def causal_mask(T_q: int, T_k: int | None = None) -> Array:
    """Which steps each step may look at if it must not see what comes later: itself and those before.

    Parameters
    ----------
    T_q : int
        Number of queries.
    T_k : int, optional
        Number of keys; T_q by default.

    Returns
    -------
    ndarray of bool, (T_q, T_k)

    Examples
    --------
    >>> causal_mask(3).astype(int)
    array([[1, 0, 0],
           [1, 1, 0],
           [1, 1, 1]])
    """
    mask: Array = np.tri(units("T_q", T_q), T_q if T_k is None else units("T_k", T_k), dtype=bool)
    return mask


# ---- helpers ----------------------------------------------------------------------------------------


def _fitting(mask: ArrayLike, shape: tuple[int, ...]) -> Array:
    """A mask of scores of this shape."""
    found = np.asarray(mask)
    if found.dtype != bool:
        raise OpError(f"mask must be boolean, True where a query may look; got {found.dtype}")
    sizes = (1,) * (len(shape) - found.ndim) + found.shape
    if len(sizes) != len(shape) or any(n not in (1, size) for n, size in zip(sizes, shape, strict=True)):
        raise ShapeError(f"mask must broadcast to (m, heads, T_q, T_k) = {shape}; got {found.shape}")
    return found


def _all_of(masks: list[Array | None]) -> Array | None:
    """Where all of the masks are True; None if there is none."""
    found = None
    for mask in masks:
        found = mask if found is None or mask is None else found & mask
    return found
