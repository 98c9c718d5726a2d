"""JAX: the whole step in one `jax.jit`, parameters and optimiser state donated, the sequence in `lax.scan`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ..problem import Problem
from ..workload import BETA, BETA2, EPSILON
from .layouts import rows
from .numpylike import Dialect, cost


def build(problem: Problem) -> Callable[[], float]:
    """A training step; it is compiled when it is first called."""
    w = problem.workload
    jax.config.update("jax_enable_x64", w.dtype == "float64")
    data = rows(problem)
    both = jax.value_and_grad(cost(problem, data, DIALECT))
    update = UPDATES[w.optimizer]

    def train(params: Any, memory: Any, t: Any, X: Any, Y: Any) -> Any:
        J, grads = both(params, X, Y)
        changed = [update(p, g, slot, w.lr, t) for p, g, slot in zip(params, grads, memory, strict=True)]
        return J, [p for p, _ in changed], [slot for _, slot in changed], t + 1

    compiled = jax.jit(train, donate_argnums=(0, 1, 2))
    X, Y = jnp.asarray(data.X), jnp.asarray(data.Y)
    params = [jnp.asarray(p) for p in data.arrays()]
    state = params, [(jnp.zeros_like(p), jnp.zeros_like(p)) for p in params], jnp.ones((), w.dtype)

    def step() -> float:
        nonlocal state
        J, *state = compiled(*state, X, Y)
        return float(J)

    return step


def _cross_entropy(Z: Any, Y: Any) -> Any:
    return -jnp.mean(jnp.sum(jax.nn.log_softmax(Z) * Y, axis=1))


def _convolve(X: Any, W: Any) -> Any:
    return lax.conv_general_dilated(X, W, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def _pool(X: Any) -> Any:
    return lax.reduce_window(X, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def _scan(step: Callable[[Any, Any], Any], state: Any, X: Any) -> Any:
    return lax.scan(lambda state, x: (step(state, x), None), state, X)[0]


DIALECT = Dialect(jnp, _cross_entropy, _convolve, _pool, _scan)

# ---- updates: a new parameter and a new memory --------------------------------------------------------


def _sgd(p: Any, g: Any, memory: Any, lr: float, t: Any) -> Any:
    return p - lr * g, memory


def _momentum(p: Any, g: Any, memory: Any, lr: float, t: Any) -> Any:
    v = BETA * memory[0] + g
    return p - lr * v, (v, memory[1])


def _adam(p: Any, g: Any, memory: Any, lr: float, t: Any) -> Any:
    v, s = BETA * memory[0] + (1 - BETA) * g, BETA2 * memory[1] + (1 - BETA2) * g**2
    return p - lr * (v / (1 - BETA**t)) / (jnp.sqrt(s / (1 - BETA2**t)) + EPSILON), (v, s)


UPDATES: dict[str, Callable[..., Any]] = {"sgd": _sgd, "momentum": _momentum, "adam": _adam}
