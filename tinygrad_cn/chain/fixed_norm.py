"""Batch norm with a fixed mean and variance, as in evaluation or when it is frozen: one piece, and its formulas.

N = γ ⊙ (x − μ) / σ + β, where μ and σ = √(variance + ε) are constants: running averages of the training, so that
nothing flows back through them (S. Ioffe and C. Szegedy, "Batch normalization", ICML 2015, algorithm 2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ..autograd import Node, data_of, is_frozen, needs_gradient
from .piece import Piece

Naming = Callable[[Any], str]


def fixed_norm(node: Node, uses: Mapping[Node, int]) -> Piece | None:
    """(x − μ) ⊙ (γ / σ) + β, or with the division by σ first; operands (x, γ, β, μ, σ)."""
    for product, beta in _both_ways(node, "add"):
        once = isinstance(product, Node) and uses.get(product) == 1
        for a, b in _both_ways(product, "multiply") if once and _is_parameter(beta) else ():
            centred, sigma, gamma = _taken_apart(a, b)
            x, mu = centred._inputs if _name(centred) == "subtract" else (None, None)
            if isinstance(x, Node) and _is_parameter(gamma) and _is_constant(mu) and _is_constant(sigma):
                return Piece("fixed_norm", "batch_norm_fixed", node, (x, gamma, beta, mu, sigma))
    return None


def _taken_apart(a: Any, b: Any) -> tuple[Any, Any, Any]:
    """x − μ, σ and γ of a product of (x − μ) and γ / σ, or of (x − μ) / σ and γ; None for what is not there."""
    if _name(b) == "divide":
        gamma, sigma = b._inputs
        return a, sigma, gamma
    if _name(a) == "divide":
        centred, sigma = a._inputs
        return centred, sigma, b
    return None, None, None


def _both_ways(node: Any, op: str) -> Iterator[tuple[Any, Any]]:
    if _name(node) == op:
        yield from (node._inputs, node._inputs[::-1])


def _name(node: Any) -> str:
    return node._op.name if isinstance(node, Node) and node._op is not None else ""


def _is_parameter(x: Any) -> bool:
    return isinstance(x, Node) and x._op is None and (x.requires_grad or is_frozen(x))


def _is_constant(x: Any) -> bool:
    return x is not None and not needs_gradient(x) and not _name(x) and np.ndim(data_of(x)) > 0


# ---- formulas ---------------------------------------------------------------------------------------


def fixed_norm_forward(piece: Piece, name: Naming) -> str:
    """γ ⊙ n + β."""
    return f"{name(piece.operands[1])} ⊙ n + {name(piece.operands[2])}"


def fixed_norm_remark(piece: Piece, name: Naming) -> str:
    """What n is."""
    x, _, _, mu, sigma = map(name, piece.operands)
    return f"n = ({x} − {mu}) / {sigma}"


def fixed_norm_back(piece: Piece, i: int, name: Naming, g: str) -> str:
    """What it hands back to x, γ or β."""
    _, gamma, _, _, sigma = map(name, piece.operands)
    return (f"{g} ⊙ {gamma} / {sigma}", f"Σ {g} ⊙ n", f"Σ {g}")[i]
