"""Activations: one row per op, elementwise except softmax and log_softmax, which work along an axis.

Formulas are in g (the gradient at the output), y (the output) and x. None overflows, and none makes
a NaN or Inf from a finite input; for sigmoid and softmax see also `saturation`. tanh is in
`elementwise`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .op import ELEMENTWISE, Op, arrayed, away_from, case, interval, register
from .saturation import complement, raised
from .special import NORMAL_CDF, floating, normal_density

WIDE = interval(-4.0, 4.0)
AXES = (case((3, 4)), case((3, 4), axis=1), case((5,)), case((2, 3, 4), axis=-1), case((1, 4)), case((3, 0)))

# ---- sigmoid and its kin ----------------------------------------------------------------------------


@np.errstate(over="ignore")  # on a function it costs half of what it does in a with statement
def _exp(x: Any) -> Any:
    """Exp, ∞ without a warning where it overflows."""
    return np.exp(x)


def _sigmoid(x: Any) -> Any:
    """1 / (1 + exp(−x)); where exp overflows, 1/∞ = 0 is the right value."""
    y = _exp(-floating(x))
    y += 1
    return np.reciprocal(y)


SIGMOID = register(
    Op("sigmoid", _sigmoid, (lambda g, y, x: g * raised(y) * complement(y),), ("g ⊙ y ⊙ (1 − y)",), text="σ(x)",
       domain=WIDE, broadcasts=True, analytic=True)
)  # fmt: skip


def _softplus(x: Any) -> Any:
    """log(1 + exp(x)) = max(x, 0) + log(1 + exp(−|x|))."""
    x = floating(x)
    y = np.abs(x, out=np.empty_like(x))
    np.negative(y, out=y)
    np.exp(y, out=y)
    np.log1p(y, out=y)
    y += np.maximum(x, 0)
    return y


SOFTPLUS = register(
    Op("softplus", _softplus, (lambda g, y, x: g * SIGMOID(x),), ("g ⊙ σ(x)",), text="log(1 + exp(x))", domain=WIDE,
       broadcasts=True)
)  # fmt: skip


def _silu(x: Any) -> Any:
    y = _sigmoid(x)
    y *= x
    return y


def _silu_vjp(g: Any, y: Any, x: Any) -> Any:
    s = SIGMOID(x)
    return g * (s + y * (1 - s))


SILU = register(
    Op("silu", _silu, (_silu_vjp,), ("g ⊙ (σ(x) + y ⊙ (1 − σ(x)))",), text="x ⊙ σ(x)", domain=WIDE, broadcasts=True,
       analytic=True)
)  # fmt: skip

# ---- rectifiers -------------------------------------------------------------------------------------

RELU = register(
    Op("relu", lambda x: np.maximum(x, 0.0), (lambda g, y, x: g * (x > 0),), ("g ⊙ 1{x > 0}",), text="max(0, x)",
       domain=away_from(0.0), broadcasts=True, note="At 0 the gradient is taken as 0.")
)  # fmt: skip


def _leaky_relu(x: Any, slope: float = 0.01) -> Any:
    y = np.minimum(x, 0.0) * slope
    y += np.maximum(x, 0.0)
    return y


LEAKY_RELU = register(
    Op(
        "leaky_relu", _leaky_relu, (lambda g, y, x, slope=0.01: g * (x > 0) + g * slope * (x <= 0),),
        ("g ⊙ (1{x > 0} + slope · 1{x ≤ 0})",), text="max(x, 0) + slope · min(x, 0)", domain=away_from(0.0),
        broadcasts=True, cases=(*ELEMENTWISE[1], case((3, 4), slope=0.2)),
        note="At 0 the gradient is taken as the slope of the negative side.",
    )
)  # fmt: skip


def _elu(x: Any, alpha: float = 1.0) -> Any:
    y = np.expm1(np.minimum(x, 0.0)) * alpha
    y += np.maximum(x, 0.0)
    return y


def _elu_vjp(g: Any, y: Any, x: Any, alpha: float = 1.0) -> Any:
    """On the negative side y + alpha is alpha exp(x) too, but loses its digits as y nears −alpha."""
    return g * (x > 0) + g * alpha * np.exp(np.minimum(x, 0.0)) * (x <= 0)


ELU = register(
    Op(
        "elu", _elu, (_elu_vjp,), ("g ⊙ (1{x > 0} + alpha · exp(x) · 1{x ≤ 0})",),
        text="max(x, 0) + alpha · (exp(min(x, 0)) − 1)", domain=away_from(0.0), broadcasts=True,
        cases=(*ELEMENTWISE[1], case((3, 4), alpha=0.5)), note="At 0 the gradient is taken as alpha.",
    )
)  # fmt: skip

# ---- GELU: D. Hendrycks and K. Gimpel, "Gaussian error linear units", arXiv:1606.08415, section 2 ----

TANH_SCALE = float(np.sqrt(2 / np.pi))
TANH_CUBIC = 0.044715
TANH_FLAT = 30.0  # tanh is 1 to the last digit long before: a cut here keeps x³ from overflowing


def _gelu(x: Any) -> Any:
    return x * NORMAL_CDF.forward(x)


GELU = register(
    Op("gelu", _gelu, (lambda g, y, x: g * (NORMAL_CDF(x) + x * normal_density(x)),), ("g ⊙ (Φ(x) + x ⊙ φ(x))",),
       text="x ⊙ Φ(x)", domain=WIDE, broadcasts=True)
)  # fmt: skip


def _tanh_step(x: Any) -> tuple[Any, Any]:
    """tanh(√(2/π)(x + 0.044715 x³)), and the derivative of what is inside tanh."""
    x = np.maximum(np.minimum(x, TANH_FLAT), -TANH_FLAT)
    square = x * x
    return np.tanh(TANH_SCALE * x * (1 + TANH_CUBIC * square)), TANH_SCALE * (1 + 3 * TANH_CUBIC * square)


def _gelu_tanh(x: Any) -> Any:
    return 0.5 * x * (1 + _tanh_step(x)[0])


def _gelu_tanh_vjp(g: Any, y: Any, x: Any) -> Any:
    t, inner = _tanh_step(x)
    return g * 0.5 * (1 + t + x * (1 - t * t) * inner)


GELU_TANH = register(
    Op(
        "gelu_tanh", _gelu_tanh, (_gelu_tanh_vjp,),
        ("g ⊙ ½ (1 + tanh(u) + x ⊙ (1 − tanh(u)²) ⊙ u′)",), text="½ x ⊙ (1 + tanh(u))", domain=WIDE, broadcasts=True,
        analytic=True, note="u = √(2/π) (x + 0.044715 x³)",
    )
)  # fmt: skip

# ---- softmax ----------------------------------------------------------------------------------------


def _shifted(x: Any, axis: int) -> Any:
    """Subtract max x: softmax does not change, and its largest exponent is 0."""
    x = floating(x)
    return arrayed(x - np.max(x, axis=axis, keepdims=True, initial=-np.inf))


def _softmax(x: Any, axis: int = 0) -> Any:
    y = _shifted(x, axis)
    np.exp(y, out=y)
    y /= np.sum(y, axis=axis, keepdims=True)
    return y


def _softmax_vjp(g: Any, y: Any, x: Any, axis: int = 0) -> Any:
    gy = g * raised(y)
    return gy - y * np.sum(gy, axis=axis, keepdims=True)


SOFTMAX = register(
    Op("softmax", _softmax, (_softmax_vjp,), ("g ⊙ y − y ⊙ Σ(g ⊙ y)",), text="exp(x) / Σ exp(x)",
       cases=AXES, analytic=True, note="Σ runs along the axis, over the classes of one sample.")
)  # fmt: skip


def _log_softmax(x: Any, axis: int = 0) -> Any:
    y = _shifted(x, axis)
    y -= np.log(np.sum(np.exp(y), axis=axis, keepdims=True))
    return y


LOG_SOFTMAX = register(
    Op(
        "log_softmax", _log_softmax,
        (lambda g, y, x, axis=0: g - np.exp(y) * np.sum(g, axis=axis, keepdims=True),), ("g − exp(y) ⊙ Σ g",),
        text="x − log Σ exp(x)", cases=AXES, analytic=True,
        note="Σ runs along the axis, over the classes of one sample.",
    )
)  # fmt: skip
