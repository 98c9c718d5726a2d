"""The cost in NumPy calls, for the frameworks that speak NumPy; what is not NumPy, they supply."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..problem import Problem
from .layouts import Rows

Net = Callable[[Any, Sequence[Any]], Any]  # (inputs, parameters) → the last Z


@dataclass(frozen=True)
class Dialect:
    """What a framework calls things.

    Attributes
    ----------
    np : module
        With NumPy's names: tanh, maximum, exp, logaddexp, mean, sum, concatenate, zeros.
    cross_entropy : callable
        (Z, Y) → the mean over the samples, from logits (m, classes).
    convolve : callable
        (X (m, n_H, n_W, n_C), W (f, f, n_C_prev, n_C)) → images, valid padding.
    pool : callable
        Max pooling, 2 by 2.
    loop : callable
        (step, state, X (T, m, n_x)) → the state after step(state, X[t]) for every t.
    """

    np: Any
    cross_entropy: Callable[[Any, Any], Any]
    convolve: Callable[[Any, Any], Any]
    pool: Callable[[Any], Any]
    loop: Callable[[Callable[[Any, Any], Any], Any, Any], Any]


def plain_loop(step: Callable[[Any, Any], Any], state: Any, X: Any) -> Any:
    """A loop in Python."""
    for x in X:
        state = step(state, x)
    return state


def cost(problem: Problem, data: Rows, dialect: Dialect) -> Callable[[Sequence[Any], Any, Any], Any]:
    """A function (parameters in the order of `Rows.arrays`, X, Y) → the cost."""
    w, np = problem.workload, dialect.np

    def g(Z: Any) -> Any:
        return np.tanh(Z) if w.hidden == "tanh" else np.maximum(Z, 0)

    def dense(A: Any, params: Sequence[Any]) -> Any:
        for i in range(0, len(params), 2):
            Z = A @ params[i] + params[i + 1]
            A = g(Z)
        return Z

    def lenet(X: Any, params: Sequence[Any]) -> Any:
        n = 2 * len(data.filters)
        for i in range(0, n, 2):
            X = dialect.pool(g(dialect.convolve(X, params[i]) + params[i + 1]))
        return dense(X.reshape(w.m, -1), params[n:])

    def lstm(X: Any, params: Sequence[Any]) -> Any:
        W, b, *output = params
        n_a = w.dims[1]

        def step(state: Any, x: Any) -> Any:
            a, c = state
            z = np.concatenate((a, x), axis=1) @ W + b
            i, f, o = (1 / (1 + np.exp(-z[:, k * n_a : (k + 1) * n_a])) for k in (0, 1, 3))
            c = f * c + i * np.tanh(z[:, 2 * n_a : 3 * n_a])
            return o * np.tanh(c), c

        zeros = np.zeros((w.m, n_a), w.dtype)
        a, _ = dialect.loop(step, (zeros, zeros), X)
        return dense(a, output)

    losses: dict[str, Callable[[Any, Any], Any]] = {
        "bce": lambda Z, Y: np.mean(np.logaddexp(0, Z) - Y * Z),
        "ce": dialect.cross_entropy,
        "mse": lambda Z, Y: np.mean((Z - Y) ** 2),
    }
    nets: dict[str, Net] = {"dense": dense, "lenet": lenet, "lstm": lstm}
    net, loss = nets[w.kind], losses[w.loss]
    return lambda params, X, Y: loss(net(X, params), Y)
