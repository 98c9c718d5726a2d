"""Losses: one op each, from predictions and targets to a scalar.

Samples are columns and m is their number; in a sequence (n, m, T) every sample has T columns. The
cross-entropies add up the outputs of a sample, over all its time steps, and take the mean over
samples, J = (1/m) Σ loss, as the notes do. mse, mae, huber and hinge take the
mean over all entries, as `np.mean` and other frameworks do; the two agree for a single output.
Formulas start with g / m, so the notes' per-sample gradient is what follows it. A is an activation,
Z is raw scores ("logits"), Y is the target, of the same shape; `nn.loss` checks that and turns
integer labels into columns.

At saturation the values stay finite: 0 · log 0 is 0, log 0 is the log of the smallest positive
number, and 1 / A stops just short of overflow (`saturation`). Everywhere else they are the textbook's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .activation import LOG_SOFTMAX, SIGMOID, SOFTMAX
from .op import Array, Op, away_from, case, interval, register
from .saturation import complement, smallest, smallest_subnormal

UNIT = interval(0.1, 0.9)
ROWS = (case((1, 5), (1, 5)), case((3, 4), (3, 4)), case((6,), (6,)), case((2, 3, 4), (2, 3, 4)))
CLASSES = (case((3, 5), (3, 5)), case((2, 1), (2, 1)), case((2, 3, 4), (2, 3, 4)))
LOGITS = interval(-3.0, 3.0)


def signs(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Targets of the hinge loss: −1 or +1."""
    return rng.choice([-1.0, 1.0], shape)


SAMPLE_AXES = {4: 0, 3: 1}  # by the number of axes


def sample_axis(A: Any) -> int:
    """The axis that counts samples: the first of images, the second of a sequence (n, m, T), else the last."""
    return SAMPLE_AXES.get(np.ndim(A), -1)


def samples(A: Any) -> int:
    """m, the number of samples."""
    shape: tuple[int, ...] = A.shape
    return shape[SAMPLE_AXES.get(len(shape), -1)] if shape else 1


def _log(p: Any) -> Any:
    """Log p for a probability, finite at 0."""
    return np.log(np.maximum(p, smallest_subnormal(p.dtype)))


def _over(g: Any, A: Any) -> Any:
    """A number g over probabilities A, finite at A = 0 whatever g is."""
    return g / np.maximum(A, smallest(A.dtype) * np.maximum(1.0, np.abs(g)))


# ---- binary cross-entropy ---------------------------------------------------------------------------


def _binary_cross_entropy(A: Array, Y: Array) -> Any:
    likelihood = Y * _log(A)
    likelihood += (1 - Y) * _log(1 - A)
    return -np.sum(likelihood) / samples(A)


def _binary_cross_entropy_a(g: Any, y: Any, A: Any, Y: Any) -> Any:
    g = g / samples(A)
    return (1 - Y) * (g / complement(A)) - Y * _over(g, A)


BINARY_CROSS_ENTROPY = register(
    Op(
        "binary_cross_entropy", _binary_cross_entropy,
        (_binary_cross_entropy_a, lambda g, y, A, Y: g / samples(A) * (_log(1 - A) - _log(A))),
        ("g / m · (−Y / A + (1 − Y) / (1 − A))", "g / m · (log(1 − A) − log(A))"),
        text="−1/m · Σ (Y ⊙ log(A) + (1 − Y) ⊙ log(1 − A))", domain=(UNIT, UNIT), cases=ROWS, analytic=False,
    )
)  # fmt: skip


def _binary_cross_entropy_with_logits(Z: Array, Y: Array) -> Any:
    """Σ log(1 + exp(−|Z|)) + max(Z, 0) − Y Z."""
    loss = np.log1p(np.exp(-np.abs(Z)))
    loss += np.maximum(Z, 0.0)
    loss -= Y * Z
    return loss.sum() / samples(Z)


BINARY_CROSS_ENTROPY_WITH_LOGITS = register(
    Op(
        "binary_cross_entropy_with_logits", _binary_cross_entropy_with_logits,
        (lambda g, y, Z, Y: (SIGMOID(Z) - Y) * (g / samples(Z)), lambda g, y, Z, Y: -g / samples(Z) * Z),
        ("g / m · (σ(Z) − Y)", "−g / m · Z"), text="1/m · Σ (log(1 + exp(Z)) − Y ⊙ Z)", domain=(LOGITS, UNIT),
        cases=ROWS,
    )
)  # fmt: skip

# ---- categorical cross-entropy ----------------------------------------------------------------------

CATEGORICAL_CROSS_ENTROPY = register(
    Op(
        "categorical_cross_entropy", lambda A, Y: -np.sum(Y * _log(A)) / samples(A),
        (lambda g, y, A, Y: -Y * _over(g / samples(A), A), lambda g, y, A, Y: -g / samples(A) * _log(A)),
        ("g / m · (−Y / A)", "g / m · (−log(A))"), text="−1/m · Σ Y ⊙ log(A)", domain=(UNIT, UNIT), cases=CLASSES,
    )
)  # fmt: skip


def _cross_entropy_z(g: Any, y: Any, Z: Any, Y: Any) -> Any:
    return g / samples(Z) * (SOFTMAX(Z) * np.sum(Y, axis=0, keepdims=True) - Y)


CROSS_ENTROPY = register(
    Op(
        "cross_entropy", lambda Z, Y: -np.sum(Y * LOG_SOFTMAX.forward(Z)) / samples(Z),
        (_cross_entropy_z, lambda g, y, Z, Y: -g / samples(Z) * LOG_SOFTMAX(Z)),
        ("g / m · (softmax(Z) − Y)", "g / m · (−log(softmax(Z)))"), text="−1/m · Σ Y ⊙ log(softmax(Z))",
        domain=(LOGITS, UNIT), cases=CLASSES,
        note="The formula of Z is for columns of Y that add up to 1; else softmax(Z) is multiplied by their sum.",
    )
)  # fmt: skip


# ---- means over all entries -------------------------------------------------------------------------


def _mse(A: Array, Y: Array) -> Any:
    error = A - Y
    error *= error
    return np.mean(error)


def _mse_vjp(g: Any, y: Any, A: Any, Y: Any) -> Any:
    return g * (2 / np.size(A)) * (A - Y)


MSE = register(
    Op(
        "mse", _mse, (_mse_vjp, lambda g, y, A, Y: _mse_vjp(g, y, Y, A)),
        ("g / m · 2 (A − Y) / n", "g / m · 2 (Y − A) / n"), text="1/m · Σ (A − Y)² / n", cases=ROWS, analytic=True,
        note="n is the number of outputs, the rows of A.",
    )
)  # fmt: skip


def _mae_vjp(g: Any, y: Any, A: Any, Y: Any) -> Any:
    return g / np.size(A) * np.sign(A - Y)


MAE = register(
    Op(
        "mae", lambda A, Y: np.mean(np.abs(A - Y)), (_mae_vjp, lambda g, y, A, Y: _mae_vjp(g, y, Y, A)),
        ("g / m · sign(A − Y) / n", "g / m · sign(Y − A) / n"), text="1/m · Σ |A − Y| / n",
        domain=(away_from(0.0, gap=0.3), interval(-0.25, 0.25)), cases=ROWS,
        note="n is the number of outputs, the rows of A. Where A = Y the gradient is taken as 0.",
    )
)  # fmt: skip


def _clipped(error: Any, delta: float) -> Any:
    return np.maximum(np.minimum(error, delta), -delta)


def _huber(A: Array, Y: Array, delta: float = 1.0) -> Any:
    """With c = the error cut to [−δ, δ], both pieces are c (error − c/2)."""
    error = A - Y
    cut = _clipped(error, delta)
    error -= 0.5 * cut
    error *= cut
    return np.mean(error)


def _huber_vjp(g: Any, y: Any, A: Any, Y: Any, delta: float = 1.0) -> Any:
    return g / np.size(A) * _clipped(A - Y, delta)


HUBER = register(
    Op(
        "huber", _huber,
        (_huber_vjp, lambda g, y, A, Y, delta=1.0: _huber_vjp(g, y, Y, A, delta)),
        ("g / m · max(−delta, min(delta, A − Y)) / n", "g / m · max(−delta, min(delta, Y − A)) / n"),
        text="1/m · Σ huber(A − Y) / n",
        cases=(*ROWS, case((3, 4), (3, 4), delta=0.5)),
        note="P. J. Huber, Ann. Math. Statist. 35 (1964): ½ error² up to delta, delta (|error| − ½ delta) beyond; "
        "n is the number of outputs, the rows of A.",
    )
)  # fmt: skip


def _hinge_slope(g: Any, Z: Any, Y: Any) -> Any:
    return -g / np.size(Z) * (Y * Z < 1)


HINGE = register(
    Op(
        "hinge", lambda Z, Y: np.mean(np.maximum(1 - Y * Z, 0)),
        (lambda g, y, Z, Y: _hinge_slope(g, Z, Y) * Y, lambda g, y, Z, Y: _hinge_slope(g, Z, Y) * Z),
        ("g / m · (−Y ⊙ 1{Y ⊙ Z < 1}) / n", "g / m · (−Z ⊙ 1{Y ⊙ Z < 1}) / n"),
        text="1/m · Σ max(0, 1 − Y ⊙ Z) / n", domain=(LOGITS, signs), cases=ROWS,
        note="n is the number of outputs, the rows of Z. At the margin Y Z = 1 the gradient is taken as 0.",
    )
)  # fmt: skip
