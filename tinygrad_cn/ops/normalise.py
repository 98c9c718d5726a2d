"""Normalisation to mean 0 and variance 1 along some axes, then γ and β: what batch norm and layer norm share.

Sources: S. Ioffe and C. Szegedy, "Batch normalization: accelerating deep network training by reducing
internal covariate shift", ICML 2015, section 3; J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer
normalization", arXiv:1607.06450, section 3.

Examples
--------
>>> import numpy as np
>>> Z = np.array([[1.0, 3.0], [10.0, 30.0]])
>>> np.round(NORMALISE(Z, np.ones((2, 1)), np.zeros((2, 1)), axis=1, eps=1e-5), 4)
array([[-1.,  1.],
       [-1.,  1.]])
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .op import Array, Op, case, register

Axis = int | tuple[int, ...]


def _parts(x: Any, axis: Axis, eps: float) -> tuple[Any, Any]:
    """x normalised, and 1 / √(σ² + ε)."""
    from_mean = x - np.mean(x, axis=axis, keepdims=True)
    scale = 1 / np.sqrt(np.mean(from_mean * from_mean, axis=axis, keepdims=True) + eps)
    return from_mean * scale, scale


def _normalise(x: Array, gamma: Array, beta: Array, *, axis: Axis, eps: float) -> Any:
    y, _ = _parts(x, axis, eps)
    return gamma * y + beta


def _x_vjp(g: Any, y: Any, x: Any, gamma: Any, beta: Any, *, axis: Axis, eps: float) -> Any:
    normal, scale = _parts(x, axis, eps)
    h = g * gamma
    along = np.mean(h * normal, axis=axis, keepdims=True)
    return (h - np.mean(h, axis=axis, keepdims=True) - normal * along) * scale


def _gamma_vjp(g: Any, y: Any, x: Any, gamma: Any, beta: Any, *, axis: Axis, eps: float) -> Any:
    return g * _parts(x, axis, eps)[0]


NORMALISE: Op = register(
    Op(
        "normalise", _normalise, (_x_vjp, _gamma_vjp, lambda g, y, x, gamma, beta, *, axis, eps: g),
        ("(g ⊙ γ − mean(g ⊙ γ) − n ⊙ mean(g ⊙ γ ⊙ n)) / √(σ² + ε)", "g ⊙ n", "g"), text="γ ⊙ (x − μ) / √(σ² + ε) + β",
        inputs=("x", "γ", "β"), broadcasts=True, analytic=True,
        note="n is x normalised, μ and σ² are its mean and variance along the axis.",
        cases=(
            case((3, 4), (3, 1), (3, 1), axis=1, eps=1e-5),
            case((4, 3), (4, 1), (4, 1), axis=0, eps=1e-3),
            case((3, 2, 3, 2), (1, 1, 1, 2), (1, 1, 1, 2), axis=(0, 1, 2), eps=1e-5),
            case((4, 2, 3), (4, 1, 1), (4, 1, 1), axis=0, eps=1e-5),
        ),
    )
)  # fmt: skip
