"""Numeric derivatives that know nothing of the engine, and the checks every op record has to pass.

Complex step (Squire and Trapp, "Using complex variables to estimate derivatives of real functions",
SIAM Review 40 (1998)) has no cancellation, so it is exact to rounding. Where an op is not analytic the
referee is the central difference of fourth order: with the step h = eps^¼ its truncation, h⁴, is eps
and its rounding error, eps / h, is eps^¾.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

import tinygrad_cn as tg
from tinygrad_cn.ops.op import Case, Op

EPS = float(np.finfo(np.float64).eps)
EPS32 = float(np.finfo(np.float32).eps)
COMPLEX_STEP = 1e-20
STEP = EPS**0.25
STENCIL = ((-2, 1 / 12), (-1, -8 / 12), (1, 8 / 12), (2, -1 / 12))
# A few hundred rounding errors of the dtype and the referee at hand.
EXACT, DIFFERENCE, SINGLE = 1e3 * EPS, 1e3 * EPS**0.75, 300 * EPS32


def assert_close(got: Any, want: Any, tolerance: float, what: str = "") -> None:
    """The largest error, relative to the largest entry (or 1), is within tolerance; NaN never is."""
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape, f"{what}: shape {got.shape}, expected {want.shape}"
    if want.size:
        error = np.max(np.abs(got - want)) / max(1.0, np.max(np.abs(want)))
        assert error <= tolerance, f"{what}: off by {error:.1e}, allowed {tolerance:.1e}\ngot\n{got}\nexpected\n{want}"


def derivative_along(f: Callable[[Any], Any], x: Any, direction: Any, analytic: bool = False) -> Any:
    """d/dt f(x + t · direction) at t = 0."""
    if analytic:
        return np.imag(f(x + 1j * COMPLEX_STEP * direction)) / COMPLEX_STEP
    return sum(weight * np.asarray(f(x + k * STEP * direction)) for k, weight in STENCIL) / STEP


def gradient(f: Callable[[Any], Any], x: Any, analytic: bool = False) -> Any:
    """The gradient of a scalar function, entry by entry."""
    basis = np.eye(x.size).reshape(x.size, *x.shape)
    return np.array([derivative_along(f, x, e, analytic) for e in basis], dtype=float).reshape(x.shape)


def unit(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """A random array of norm 1 (and an empty one where there is nothing to draw)."""
    r = rng.normal(size=shape)
    return r / np.linalg.norm(r) if r.size else r


def tensors(inputs: Sequence[Any]) -> list[tg.Tensor]:
    return [tg.tensor(x, requires_grad=x.dtype.kind == "f", name=f"x{i}") for i, x in enumerate(inputs)]


def floating(inputs: Sequence[Any]) -> list[int]:
    """The inputs that can have a gradient."""
    return [i for i, x in enumerate(inputs) if x.dtype.kind == "f"]


def replaced(inputs: Sequence[Any], i: int, x: Any) -> list[Any]:
    return [*inputs[:i], x, *inputs[i + 1 :]]


# ---- the checks -------------------------------------------------------------------------------------


def of_record(op: Op, case: Case, seed: int = 0) -> dict[str, Any]:
    """What the checks need to know of one call of an op."""
    inputs = op.sample(np.random.default_rng(seed), case)
    flows = [i for i in floating(inputs) if op.vjp is not None or op.vjps[i] is not None]
    return {
        "f": partial(op, **case.options),
        "inputs": inputs,
        "flows": flows,
        "analytic": op.analytic,
        "name": op.name,
    }


def check_first_order(
    f: Callable[..., Any],
    inputs: Sequence[Any],
    *,
    flows: Sequence[int] | None = None,
    analytic: bool = False,
    name: str = "f",
) -> None:
    """Value and gradients of f on Tensors against f on arrays, and that nothing was written to."""
    rng = np.random.default_rng(0)
    flows = floating(inputs) if flows is None else flows
    before = [x.copy() for x in inputs]
    leaves = tensors(inputs)
    y, value = f(*leaves), np.asarray(f(*inputs))
    assert y.dtype == value.dtype
    assert_close(y.numpy(), value, EXACT, f"value of {name}")
    r = unit(rng, value.shape)
    y.backward(r)
    for i, (x, leaf) in enumerate(zip(inputs, leaves, strict=True)):
        if i not in flows:
            assert leaf.grad is None
            continue
        assert isinstance(leaf.grad, np.ndarray)
        assert leaf.grad.dtype == x.dtype
        want = gradient(lambda v, i=i: np.sum(r * f(*replaced(inputs, i, v))), x, analytic)
        assert_close(leaf.grad, want, EXACT if analytic else DIFFERENCE, f"gradient of {name} in input {i}")
    for x, leaf in zip(before, leaves, strict=True):
        np.testing.assert_array_equal(leaf.numpy(), x)
    np.testing.assert_array_equal(y.grad, r)
    assert_close(y.numpy(), value, EXACT, f"value of {name} after backward")


def check_second_order(
    f: Callable[..., Any],
    inputs: Sequence[Any],
    *,
    flows: Sequence[int] | None = None,
    analytic: bool = False,
    name: str = "f",
) -> None:
    """Derivatives of s = Σ ⟨vᵢ, gradientᵢ(r)⟩: with respect to r that is the derivative of f along v."""
    rng = np.random.default_rng(1)
    flows = floating(inputs) if flows is None else flows
    r = unit(rng, np.shape(f(*inputs)))
    v = [unit(rng, inputs[i].shape) for i in flows]

    def pairing(values: Sequence[Any]) -> float:
        leaves = tensors(values)
        first = tg.grad(f(*leaves), [leaves[i] for i in flows], grad=r)
        return sum(float(np.sum(a * b)) for a, b in zip(v, first, strict=True))

    leaves, cotangent = tensors(inputs), tg.tensor(r, requires_grad=True)
    wanted = [leaves[i] for i in flows]
    first = tg.grad(f(*leaves), wanted, grad=cotangent, create_graph=True)
    s = sum(np.sum(a * b) for a, b in zip(v, first, strict=True))
    *second, along_v = tg.grad(s, [*wanted, cotangent])
    for i, got in zip(flows, second, strict=True):
        direction = unit(rng, inputs[i].shape)
        want = derivative_along(lambda x, i=i: pairing(replaced(inputs, i, x)), inputs[i], direction)
        assert_close(np.sum(got * direction), want, DIFFERENCE, f"second derivative of {name} in input {i}")
    want_along = sum(
        derivative_along(lambda x, i=i: f(*replaced(inputs, i, x)), inputs[i], d, analytic)
        for i, d in zip(flows, v, strict=True)
    )
    assert_close(along_v, want_along, EXACT if analytic else DIFFERENCE, f"derivative of {name} along v")
