"""Wrong sums of dZ (m, n_H, n_W, n_C) over samples, height and width: db of a convolution, dβ of a norm of images."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from ...chain.layers import Piece
from ...ops.op import Array
from ..cause import Code
from .model import Rule, Variant, View, gradient_of, upstream

Sum = tuple[Code, str, Callable[[Array], Array]]
Source = tuple[tuple[Code, ...], str, Rule]  # what using it would mean; name, value

# The right one is np.sum({}, axis=(0, 1, 2), keepdims=True).
AXES: tuple[tuple[Code, Any], ...] = (
    ("missing_sum_over_places", 0),
    ("missing_sum_over_samples", (1, 2)),
    ("wrong_axes", (0, 1)),
    ("wrong_axes", (0, 2)),
    ("wrong_axes", (1, 2, 3)),
    ("wrong_axes", (0, 1, 2, 3)),
    ("wrong_axes", 3),
    ("wrong_axes", 1),
)
SUMS: tuple[Sum, ...] = (
    *((c, f"np.sum({{}}, axis={axis}, keepdims=True)", partial(np.sum, axis=axis, keepdims=True)) for c, axis in AXES),
    *((c, f"np.sum({{}}, axis={axis})", partial(np.sum, axis=axis)) for c, axis in AXES),
    ("missing_sum_over_samples", "{}", lambda G: G),
    ("mean_instead_of_sum", "Σ np.mean({}, axis=(1, 2))", lambda G: G.mean(axis=(1, 2)).sum(axis=0)[None, None, None]),
    ("overwritten", "{}[-1, -1, -1]", lambda G: G[-1:, -1:, -1:]),
    ("overwritten", "np.sum({}[:, -1, -1], axis=0)", lambda G: np.sum(G[:, -1:, -1:], axis=0, keepdims=True)),
    ("overwritten", "np.sum({}[-1], axis=(0, 1))", lambda G: np.sum(G[-1:], axis=(1, 2), keepdims=True)),
)  # fmt: skip


def of_sum(piece: Piece, view: View) -> Iterator[Variant]:
    """Wrong sums, and the right sum of something else."""
    scale = view.world.scale(piece.out)
    over_m, d = "" if scale == 1.0 else "(1/m) ", view.d(piece.out)
    for codes, name, G in gradients_alike(piece, view):
        if codes:
            yield Variant(
                codes[0], f"{over_m}Σ {name}", _summed(partial(np.sum, axis=(0, 1, 2), keepdims=True), scale, G)
            )
    yield from wrong_sums(piece, d, upstream, view)


def wrong_sums(piece: Piece, name: str, G: Rule, view: View) -> Iterator[Variant]:
    """Sums of G (m, n_H, n_W, n_C), written `name`, over other axes than samples and places."""
    scale = view.world.scale(piece.out)
    over_m = "" if scale == 1.0 else "(1/m) "
    for code, text, rule in SUMS:
        yield Variant(code, over_m + text.format(name), _summed(rule, scale, G), shape=())
    if scale == 1.0:
        text = f"np.mean({name}, axis=(0, 1, 2), keepdims=True)"
        yield Variant("mean_instead_of_sum", text, lambda s, g: G(s, g).mean(axis=(0, 1, 2), keepdims=True))


def _summed(rule: Callable[[Array], Array], scale: float, G: Rule) -> Rule:
    return lambda s, g: np.asarray(rule(G(s, g)) / scale)


def gradients_alike(piece: Piece, view: View) -> list[Source]:
    """The gradient of the output of a piece; in its place dA of the same layer, or another one of the same shape."""
    act = view.activation_of(piece.out)
    found: list[Source] = [((), view.d(piece.out), upstream)]
    for y in view.gradients_since(piece.out):
        if y is not piece.out and view.shape(y) == view.shape(piece.out):
            code: Code = "missing_activation_derivative" if act is not None and y is act.out else "wrong_layer_cache"
            found.append(((code,), view.d(y), gradient_of(y)))
    return found
