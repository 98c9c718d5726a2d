"""How the program writes attention and layers over every step of a sequence: as sums over named axes, by einsum.

The letters: m samples, t steps, i and j rows before and after a product, h heads, d rows of a head, q queries, k keys.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...ops.attention import ATTENTION_WEIGHTS
from .symbols import Spelled

Row = Callable[..., Any]

# ---- every step of a sequence ------------------------------------------------------------------------


def _sequence_affine(w: Any, x: Any, b: Any) -> Any:
    return np.einsum("ij,jmt->imt", w, x) + b[:, :, None]


def _sequence_affine_vjp(i: int, g: Any, y: Any, w: Any, x: Any, b: Any) -> Any:
    if i == 0:
        return np.einsum("imt,jmt->ij", g, x)
    return np.einsum("ij,imt->jmt", w, g) if i == 1 else np.sum(g, axis=(1, 2))[:, None]


# ---- attention --------------------------------------------------------------------------------------


def _heads(x: Any, heads: int) -> Any:
    """The rows (h, d), samples and steps of Q, K, V or C."""
    n, m, steps = x.shape
    return x.reshape(heads, int(n) // heads, m, steps)


def _root(x: Any, heads: int) -> Any:
    d = int(x.shape[0]) // heads
    return Spelled.of(d**0.5, f"np.sqrt({d})")


def _scores(q: Any, k: Any, heads: int) -> Any:
    return np.einsum("hdmq,hdmk->mhqk", _heads(q, heads), _heads(k, heads)) / _root(q, heads)


def _scores_vjp(i: int, g: Any, y: Any, q: Any, k: Any, heads: int) -> Any:
    terms = ("mhqk,hdmk->hdmq", _heads(k, heads)) if i == 0 else ("mhqk,hdmq->hdmk", _heads(q, heads))
    return np.einsum(terms[0], g, terms[1]).reshape((q, k)[i].shape) / _root(q, heads)


def _weights(s: Any, mask: Any) -> Any:
    """The line of the notes, unless a query sees no key at all."""
    textbook = s.tracer.safely(lambda: _softmax(s, mask))
    return ATTENTION_WEIGHTS.forward(s, mask) if textbook is None else textbook


def _softmax(s: Any, mask: Any) -> Any:
    seen = s if mask is None else np.where(mask, s, -np.inf)
    e = np.exp(seen - np.max(seen, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def _weights_vjp(i: int, g: Any, y: Any, s: Any, mask: Any) -> Any:
    return y * (g - np.sum(g * y, axis=-1, keepdims=True))


def _context(v: Any, w: Any) -> Any:
    n, m, _ = v.shape
    return np.einsum("hdmk,mhqk->hdmq", _heads(v, int(w.shape[1])), w).reshape(n, m, w.shape[2])


def _context_vjp(i: int, g: Any, y: Any, v: Any, w: Any) -> Any:
    heads = int(w.shape[1])
    if i == 0:
        return np.einsum("hdmq,mhqk->hdmk", _heads(g, heads), w).reshape(v.shape)
    return np.einsum("hdmq,hdmk->mhqk", _heads(g, heads), _heads(v, heads))


ATTENTION_OPS: dict[str, Row] = {
    "sequence_affine": _sequence_affine,
    "attention_scores": _scores,
    "attention_weights": _weights,
    "attention_context": _context,
}
ATTENTION_VJPS: dict[str, Row] = {
    "sequence_affine": _sequence_affine_vjp,
    "attention_scores": _scores_vjp,
    "attention_weights": _weights_vjp,
    "attention_context": _context_vjp,
}
