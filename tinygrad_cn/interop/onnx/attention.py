"""Rows of the ops of attention: a head is an axis of its own, and both products are einsums over it.

Letters: h heads, d rows of a head, m samples, q queries, k keys.
"""

from __future__ import annotations

import math

import numpy as np

from .row import Row
from .site import Site


def _heads(site: Site, i: int, heads: int) -> str:
    """The i-th input (n, m, T) as (h, d, m, T)."""
    n = site.size(i, 0)
    return site.graph.reshape(site[i], [heads, n // heads, site.dim(i, 1), site.dim(i, 2)])


def _scores(site: Site) -> str:
    g, heads = site.graph, site.option("heads")
    product = g.add("Einsum", _heads(site, 0, heads), _heads(site, 1, heads), equation="hdmq,hdmk->mhqk")
    return g.add("Div", product, g.number(math.sqrt(site.size(0, 0) // heads)))


def _weights(site: Site) -> str:
    """Softmax over the keys that count; without any, the largest is no number and the sum 0: all weights are 0."""
    g = site.graph
    if not site.has(1):
        return g.add("Softmax", site[0], axis=-1)
    keys = g.ints(-1)
    counting = g.add("Where", site.as_type(1, np.dtype(bool)), site[0], g.number(-math.inf))
    largest = g.add("Max", g.add("ReduceMax", counting, keys), g.number(float(np.finfo(g.dtype).min)))
    e = g.add("Exp", g.add("Sub", counting, largest))
    return g.add("Div", e, g.add("Max", g.add("ReduceSum", e, keys), g.number(1)))


def _context(site: Site) -> str:
    g, heads = site.graph, site.size(1, 1)
    product = g.add("Einsum", _heads(site, 0, heads), site[1], equation="hdmk,mhqk->hdmq")
    return g.reshape(product, [site.size(0, 0), site.dim(0, 1), site.dim(1, 2)])


ATTENTION: dict[str, Row | str] = {
    "attention_scores": _scores, "attention_weights": _weights, "attention_context": _context,
}  # fmt: skip
