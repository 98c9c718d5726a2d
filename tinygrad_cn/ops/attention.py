"""Scaled dot-product attention in three ops: scores, weights, context; all samples and heads in one batched product.

Queries, keys and values are sequences (n, m, T). The heads share the rows: with h heads each has n/h rows of its own.
For one sample and one head the queries are the columns of Q (d, T_q), the keys those of K (d, T_k), and

    S = Qᵀ K / √d,    α = softmax(S) along the keys,    C = V αᵀ.

So a row of S and of α is one query. Scores and weights are (m, h, T_q, T_k).

Source: A. Vaswani et al., "Attention is all you need", NeurIPS 2017, section 3.2, with columns for rows.

Examples
--------
>>> import numpy as np
>>> Q, K, V = np.zeros((2, 1, 1)), np.ones((2, 1, 4)), np.arange(8.0).reshape(2, 1, 4)
>>> weights = ATTENTION_WEIGHTS(ATTENTION_SCORES(Q, K, heads=1), np.array([True, True, False, True]))
>>> weights.round(3).tolist()
[[[[0.333, 0.333, 0.0, 0.333]]]]
>>> ATTENTION_CONTEXT(V, weights).round(3).ravel().tolist()
[1.333, 5.333]
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .op import REAL, Array, Op, case, interval, register

Shape = tuple[int, ...]


def _heads(x: Any, heads: int) -> Any:
    """(n, m, T) as one matrix (n/h, T) for each sample and head: (m, h, n/h, T)."""
    n, m, steps = np.shape(x)
    return np.transpose(np.reshape(x, (heads, n // heads, m, steps)), (2, 0, 1, 3))


def _together(x: Any) -> Any:
    """The other way round."""
    m, heads, rows, steps = np.shape(x)
    return np.reshape(np.transpose(x, (1, 2, 0, 3)), (heads * rows, m, steps))


def _turned(x: Any) -> Any:
    """Every matrix transposed."""
    return np.swapaxes(x, -1, -2)


def _root(q: Any, heads: int) -> float:
    """√d."""
    return float(np.sqrt(np.shape(q)[0] // heads))


# ---- scores -----------------------------------------------------------------------------------------


def _scores(q: Array, k: Array, *, heads: int) -> Array:
    s: Array = np.matmul(_turned(_heads(q, heads)), _heads(k, heads))
    s /= _root(q, heads)
    return s


def _scores_q(g: Any, y: Any, q: Any, k: Any, *, heads: int) -> Any:
    return _together(np.matmul(_heads(k, heads), _turned(g))) / _root(q, heads)


def _scores_k(g: Any, y: Any, q: Any, k: Any, *, heads: int) -> Any:
    return _together(np.matmul(_heads(q, heads), g)) / _root(q, heads)


def _scores_complaint(q: Shape, k: Shape) -> str:
    if len(q) != 3 or len(k) != 3 or q[:2] != k[:2]:
        return f"Q and K must be (n, m, T_q) and (n, m, T_k) with the same n and m; got {q} and {k}"
    return f"the {q[0]} rows of Q and K must be a multiple of the number of heads"


ATTENTION_SCORES = register(
    Op(
        "attention_scores", _scores, (_scores_q, _scores_k), ("k gᵀ / √d", "q g / √d"), text="qᵀ k / √d",
        analytic=True, complaint=_scores_complaint,
        cases=(
            case((4, 3, 2), (4, 3, 5), heads=2),
            case((3, 2, 4), (3, 2, 4), heads=1),
            case((2, 0, 3), (2, 0, 3), heads=2),
        ),
        note="For every sample and head; d is the number of rows of a head.",
    )
)  # fmt: skip

# ---- weights ----------------------------------------------------------------------------------------


def _weights(s: Array, mask: Array | None) -> Array:
    """Softmax over the keys that count: the largest has exp(0) = 1, and without any all weights are 0."""
    y: Array = +s if mask is None else np.where(mask, s, -np.inf)
    y -= np.max(y, axis=-1, keepdims=True, initial=np.finfo(s.dtype).min)
    np.exp(y, out=y)
    y /= np.maximum(np.sum(y, axis=-1, keepdims=True), 1)
    return y


def _weights_vjp(g: Any, y: Any, s: Any, mask: Any) -> Any:
    gy = g * y
    return gy - y * np.sum(gy, axis=-1, keepdims=True)


def _some(rng: np.random.Generator, shape: Shape) -> Array:
    """A mask that lets at least the first key through."""
    mask = np.array(rng.random(shape) < 0.7)
    mask[..., :1] = True
    return mask


ATTENTION_WEIGHTS = register(
    Op(
        "attention_weights", _weights, (_weights_vjp, None), ("g ⊙ y − y ⊙ Σ(g ⊙ y)", "0"),
        text="softmax(s, mask)", domain=(interval(-4.0, 4.0), _some),
        cases=(
            case((2, 2, 3, 4), (2, 1, 1, 4)), case((1, 2, 3, 3), (3, 3)), case((2, 1, 1, 3), (1,)),
            case((0, 2, 3, 4), (0, 1, 1, 4)),
        ),
        note="Along the last axis, the keys, for one query; where mask is False the weight is 0. None masks nothing.",
    )
)  # fmt: skip

# ---- context ----------------------------------------------------------------------------------------


def _context(v: Array, w: Array) -> Any:
    return _together(np.matmul(_heads(v, w.shape[1]), _turned(w)))


def _context_v(g: Any, y: Any, v: Any, w: Any) -> Any:
    heads = np.shape(w)[1]
    return _together(np.matmul(_heads(g, heads), w))


def _context_w(g: Any, y: Any, v: Any, w: Any) -> Any:
    heads = np.shape(w)[1]
    return np.matmul(_turned(_heads(g, heads)), _heads(v, heads))


def _context_complaint(v: Shape, w: Shape) -> str:
    if len(v) != 3 or len(w) != 4 or (v[1], v[2]) != (w[0], w[3]):
        return f"V must be (n, m, T_k) and the weights (m, heads, T_q, T_k); got {v} and {w}"
    return f"the {v[0]} rows of V must be a multiple of the {w[1]} heads"


ATTENTION_CONTEXT = register(
    Op(
        "attention_context", _context, (_context_v, _context_w), ("g w", "gᵀ v"), text="v wᵀ", analytic=True,
        domain=(REAL, interval(0.0, 1.0)), complaint=_context_complaint,
        cases=(case((4, 3, 5), (3, 2, 2, 5)), case((3, 2, 4), (2, 1, 4, 4)), case((2, 0, 3), (0, 2, 3, 3))),
        note="For every sample and head.",
    )
)  # fmt: skip
