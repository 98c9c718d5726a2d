"""Formulas of norms, and what stands below the formulas of layers on images: sizes, and what n and dn are.

A norm is written in n, its input with mean 0 and variance 1: N = γ ⊙ n + β, and backward in dn = dN ⊙ γ
(S. Ioffe and C. Szegedy, "Batch normalization", ICML 2015, section 3).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd import Node
from .fixed_norm import fixed_norm_remark
from .layers import Piece

Naming = Callable[[Any], str]
SIZES = {"f": "f", "stride": "s", "pad": "p", "dilation": "d", "groups": "groups"}  # as the notes write them


def norm_forward(piece: Piece, name: Naming) -> str:
    """γ ⊙ n + β."""
    _, gamma, beta = map(name, piece.operands)
    return f"{gamma} ⊙ n + {beta}"


def norm_back(piece: Piece, i: int, name: Naming, g: str) -> str:
    """What a norm hands back to x, γ or β."""
    if i == 0:
        return "(dn − mean(dn) − n ⊙ mean(dn ⊙ n)) / √(σ² + ε)"
    text = f"{g} ⊙ n" if i == 1 else g
    x = piece.operands[i]
    return f"Σ {text}" if isinstance(x, Node) and x._data.shape != piece.out._data.shape else text


def pool_back(piece: Piece, name: Naming, g: str) -> str:
    """g to the largest entry of each window, or shared out evenly; `overlap` adds windows up where they overlap."""
    x, f = name(piece.operands[0]), (piece.out._options or {})["f"]
    return f"overlap({g} ⊙ 1{{{x} = {name(piece.out)}}})" if "max" in piece.label else f"overlap({g} / {f * f})"


GLOBAL = {"global_max_pool2d": "max({x})", "global_avg_pool2d": "mean({x})"}


def global_pool_forward(piece: Piece, name: Naming) -> str:
    """The largest entry or the mean of each channel."""
    return GLOBAL[piece.label].format(x=name(piece.operands[0]))


def global_pool_back(piece: Piece, name: Naming, g: str) -> str:
    """g to the largest entry, or shared out evenly; written as it is broadcast."""
    x = name(piece.operands[0])
    if piece.label == "global_max_pool2d":
        return f"{g} ⊙ 1{{{x} = {name(piece.out)}}}"
    return f"{g} / {int(np.prod(piece.operands[0]._data.shape[1:3]))}"


def forward_remark(piece: Piece, name: Naming) -> str:
    """n of a norm; size, stride and padding of what moves over images."""
    if piece.kind == "norm":
        return f"n = ({name(piece.operands[0])} − μ) / √(σ² + ε)"
    if piece.kind == "fixed_norm":
        return fixed_norm_remark(piece, name)
    if piece.kind == "dropout":
        return "".join(f"keep_prob = {name(x)}" for x in piece.operands[2:])
    if piece.kind in ("conv", "pool"):
        return ", ".join(f"{SIZES[k]} = {_written(v)}" for k, v in sizes(piece).items())
    return ""


def back_remark(piece: Piece, i: int, name: Naming) -> str:
    """What dn is, in the gradient of the input of a norm."""
    return f"dn = d{name(piece.out)} ⊙ {name(piece.operands[1])}" if piece.kind == "norm" and i == 0 else ""


def sizes(piece: Piece) -> dict[str, Any]:
    """f, stride and padding of a convolution or of pooling, and the rest where it is not 1; {} for global pooling."""
    options = dict(piece.out._options or {})
    if piece.kind == "conv":
        f = np.shape(getattr(piece.roles[0], "_data", piece.roles[0]))[:2]
        options["f"] = f[0] if f[0] == f[1] else f
    elif "f" not in options:
        return {}
    plain: dict[str, Any] = {"f": 1, "stride": 1, "pad": (0, 0)} | options
    before, after = plain["pad"]
    plain["pad"] = before if before == after else (before, after)
    return {k: plain[k] for k in SIZES if k in plain and (k in ("f", "stride", "pad") or plain[k] != 1)}


def _written(value: Any) -> str:
    return str(value) if np.ndim(value) == 0 else f"({', '.join(map(str, value))})"
