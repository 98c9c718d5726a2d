"""How the notes write activations, losses and ops: NumPy lines that run, and that programs are printed from.

Each row is plain NumPy code. Given arrays it computes, given symbols it is noted and printed. A
textbook line may fail where the op behind it does not, for instance log A at A = 0; the program takes
it only if it gives the recorded numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from ...ops.index import SCATTER, along
from ...ops.op import NUMPY, Op
from ...ops.special import NORMAL_CDF
from .attention import ATTENTION_OPS, ATTENTION_VJPS
from .helpers import HELPERS
from .images import IMAGE_OPS, IMAGE_VJPS
from .symbols import Spelled, Symbol, plain

Row = Callable[..., Any]


ROOT_2PI = Spelled.of((2 * np.pi) ** 0.5, "(2 * np.pi) ** 0.5")

# ---- activations: A = g(Z), and dZ from dA -----------------------------------------------------------


def _softmax(Z: Any, axis: int = 0) -> Any:
    E = np.exp(Z - np.max(Z, axis=axis, keepdims=True))
    return E / np.sum(E, axis=axis, keepdims=True)


def _log_softmax(Z: Any, axis: int = 0) -> Any:
    S = Z - np.max(Z, axis=axis, keepdims=True)
    return S - np.log(np.sum(np.exp(S), axis=axis, keepdims=True))


def _elu(Z: Any, alpha: float = 1.0) -> Any:
    return np.where(Z > 0, Z, alpha * np.expm1(np.minimum(Z, 0)))


def _elu_back(dA: Any, A: Any, Z: Any, alpha: float = 1.0) -> Any:
    return np.where(Z > 0, dA, dA * (alpha * np.exp(np.minimum(Z, 0))))


ACTIVATIONS: dict[str, tuple[Row, Row]] = {
    "sigmoid": (lambda Z: 1 / (1 + np.exp(-Z)), lambda dA, A, Z: dA * A * (1 - A)),
    "tanh": (lambda Z: np.tanh(Z), lambda dA, A, Z: dA * (1 - A**2)),
    "relu": (lambda Z: np.maximum(0, Z), lambda dA, A, Z: dA * (Z > 0)),
    "leaky_relu": (
        lambda Z, slope=0.01: np.where(Z > 0, Z, slope * Z),
        lambda dA, A, Z, slope=0.01: np.where(Z > 0, dA, slope * dA),
    ),
    "elu": (_elu, _elu_back),
    "gelu": (
        lambda Z: Z * NORMAL_CDF(Z),
        lambda dA, A, Z: dA * (NORMAL_CDF(Z) + Z * np.exp(-(Z**2) / 2) / ROOT_2PI),
    ),
    "silu": (lambda Z: Z / (1 + np.exp(-Z)), lambda dA, A, Z: dA * (A + (1 - A) / (1 + np.exp(-Z)))),
    "softplus": (lambda Z: np.logaddexp(0, Z), lambda dA, A, Z: dA / (1 + np.exp(-Z))),
    "softmax": (_softmax, lambda dA, A, Z, axis=0: A * (dA - np.sum(dA * A, axis=axis, keepdims=True))),
    "log_softmax": (_log_softmax, lambda dA, A, Z, axis=0: dA - np.exp(A) * np.sum(dA, axis=axis, keepdims=True)),
}

# ---- losses: J from A (or Z), Y and m, and the derivative of one sample's loss ------------------------


def _rows(A: Any) -> Any:
    """The number of outputs a mean over entries also averages over."""
    if np.ndim(A) == 4:
        return A.shape[1] * A.shape[2] * A.shape[3]
    if np.ndim(A) == 3:
        return A.shape[0] * A.shape[2]
    return A.shape[0] if np.ndim(A) > 1 and A.shape[0] != 1 else 1


def _huber(A: Any, Y: Any, m: Any, delta: float = 1.0) -> Any:
    size = np.abs(A - Y)
    return np.mean(np.where(size <= delta, size**2 / 2, delta * (size - delta / 2)))


LOSSES: dict[str, tuple[Row, Row]] = {
    "binary_cross_entropy": (
        lambda A, Y, m: -np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A)) / m,
        lambda A, Y: -Y / A + (1 - Y) / (1 - A),
    ),
    "binary_cross_entropy_with_logits": (
        lambda A, Y, m: np.sum(np.logaddexp(0, A) - Y * A) / m,
        lambda A, Y: 1 / (1 + np.exp(-A)) - Y,
    ),
    "categorical_cross_entropy": (lambda A, Y, m: -np.sum(Y * np.log(A)) / m, lambda A, Y: -Y / A),
    "cross_entropy": (lambda A, Y, m: -np.sum(Y * _log_softmax(A)) / m, lambda A, Y: np.exp(_log_softmax(A)) - Y),
    "mse": (lambda A, Y, m: np.mean((A - Y) ** 2), lambda A, Y: 2 * (A - Y) / _rows(A)),
    "mae": (lambda A, Y, m: np.mean(np.abs(A - Y)), lambda A, Y: np.sign(A - Y) / _rows(A)),
    "huber": (_huber, lambda A, Y, delta=1.0: np.clip(A - Y, -delta, delta) / _rows(A)),
    "hinge": (
        lambda A, Y, m: np.mean(np.maximum(0, 1 - Y * A)),
        lambda A, Y: -Y * (Y * A < 1) / _rows(A),
    ),
}

# ---- other ops: the ones whose record is not a NumPy call of the same name ----------------------------


def _logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    top = np.max(x, axis=axis, keepdims=True)
    y = top + np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True))
    return y if keepdims else np.squeeze(y, axis=axis)


def _first_safe(x: Any, textbook: Row, safe: Row) -> Any:
    """The line of the notes, or where it overflows another one."""
    y = x.tracer.safely(lambda: textbook(x))
    return safe(x) if y is None else y


OPS: dict[str, Row] = {
    "affine": lambda w, a, b: w @ a + b,
    "reshape": lambda x, shape: x.reshape(shape),
    "transpose": lambda x, axes=None: x.transpose(axes),
    "swapaxes": lambda x, axis1, axis2: x.swapaxes(axis1, axis2),
    "astype": lambda x, dtype: x.astype(dtype),
    "getitem": lambda x, index: x[index],
    "broadcast_to": lambda x, shape: np.broadcast_to(x, shape),
    "clip": lambda x, low, high: np.clip(x, low, high),
    "pad": lambda x, pad_width, constant_values=0: np.pad(x, pad_width, constant_values=constant_values),
    "einsum": lambda *x, subscripts, optimize=False: np.einsum(subscripts, *x),
    "concatenate": lambda *x, axis=0: np.concatenate(x, axis=axis),
    "stack": lambda *x, axis=0: np.stack(x, axis=axis),
    "logsumexp": _logsumexp,
    **IMAGE_OPS,
    **ATTENTION_OPS,
    "multi_dot": lambda *x: np.linalg.multi_dot(list(x)),
    **{name: forward for name, (forward, _) in ACTIVATIONS.items()},
    "sigmoid": lambda x: _first_safe(x, ACTIVATIONS["sigmoid"][0], lambda x: np.exp(-np.logaddexp(0, -x))),
    "silu": lambda x: _first_safe(x, ACTIVATIONS["silu"][0], lambda x: x * np.exp(-np.logaddexp(0, -x))),
}


def _unsort(order: Row, i: int, g: Any, y: Any, x: Any, axis: Any = -1, **options: Any) -> Any:
    """Send gradients back to where the entries came from."""
    back = np.argsort(order(x, axis=axis, **options), axis=-1 if axis is None else axis)
    return np.take_along_axis(g, back, axis=axis).reshape(x.shape)


def _power(i: int, g: Any, y: Any, a: Any, b: Any) -> Any:
    """b a^(b−1), for an exponent that is a number."""
    return g * b * a ** (b - 1) if i == 0 and isinstance(b, int | float) and b else NotImplemented


def _repeat(i: int, g: Any, y: Any, x: Any, repeats: Any, axis: int | None = None) -> Any:
    """The copies of each entry lie side by side: add them up."""
    shape, k = ((x.size,), 0) if axis is None else (x.shape, axis % x.ndim)
    if np.ndim(repeats) == 0:
        return np.sum(g.reshape((*shape[: k + 1], repeats, *shape[k + 1 :])), axis=k + 1).reshape(x.shape)
    source = np.repeat(np.arange(int(shape[k])), repeats)
    return SCATTER(g, index=along(k, source), shape=shape).reshape(x.shape)


VJPS: dict[str, Row] = {
    "repeat": _repeat,
    "sort": partial(_unsort, np.argsort),
    "partition": partial(_unsort, np.argpartition),
    "power": _power,
    **IMAGE_VJPS,
    **ATTENTION_VJPS,
}


def vjp(op: Op, i: int, g: Any, y: Any, inputs: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """The gradient of one input: by a row above, else by the op's own record."""
    row = VJPS.get(op.name)
    part = NotImplemented if row is None else row(i, g, y, *inputs, **options)
    return op.gradient(i, g, y, inputs, options) if part is NotImplemented else part


# ---- looking up --------------------------------------------------------------------------------------

NAMESAKES: dict[str, Any] = {op.name: f for f, op in reversed(NUMPY.items()) if isinstance(op, Op)}


def spell(op: Op) -> Row | None:
    """Code that says in NumPy calls what an op does, or None if its own forward function says it."""
    if op.name in OPS:
        return OPS[op.name]
    if op.name in HELPERS:
        return partial(_helper, op)
    namesake = NAMESAKES.get(op.name)
    if namesake is None or isinstance(namesake, np.ufunc | tuple) or NUMPY[namesake] is not op:
        return None
    return namesake  # type: ignore[no-any-return]


def _helper(op: Op, *inputs: Any, **options: Any) -> Any:
    tracer = next(x.tracer for x in inputs if isinstance(x, Symbol))
    return tracer.helper(op.name, op.forward(*plain(inputs), **plain(options)), inputs, options)
