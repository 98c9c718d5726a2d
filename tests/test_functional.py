"""tg.grad to any order, and agreement with independent referees on random programs."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.referee import DIFFERENCE, EXACT, assert_close, check_first_order, gradient
from tinygrad_cn.errors import GraphError, ShapeError
from tinygrad_cn.ops.op import case


def leaf(value: Any) -> tg.Tensor:
    return tg.tensor(np.asarray(value, dtype=float), requires_grad=True)


def test_grad_of_one_tensor_or_a_list() -> None:
    x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    J = (x * y).sum()
    np.testing.assert_array_equal(tg.grad(J, x), [3.0, 4.0])
    got = tg.grad(J, [y, x])
    assert [type(g) for g in got] == [np.ndarray, np.ndarray]
    np.testing.assert_array_equal(got, [[1.0, 2.0], [3.0, 4.0]])


def test_grad_touches_no_grad_attribute() -> None:
    x = leaf([1.0, 2.0])
    z = x * x
    tg.grad(z.sum(), x)
    assert x.grad is None
    assert z.grad is None


def test_grad_with_respect_to_an_intermediate() -> None:
    x = leaf(3.0)
    z = x * x
    J = z * z * x
    assert tg.grad(J, z) == 2 * 9 * 3
    assert tg.grad(J, J) == 1.0


def test_grad_of_what_is_not_used_is_zero() -> None:
    x, unused = leaf([1.0, 2.0]), leaf(np.ones((2, 3)))
    np.testing.assert_array_equal(tg.grad(x.sum(), unused), np.zeros((2, 3)))
    zero = tg.grad(x.sum(), unused, create_graph=True)
    assert isinstance(zero, tg.Tensor)
    np.testing.assert_array_equal(tg.grad(tg.tensor(1.0), unused), np.zeros((2, 3)))


@pytest.mark.parametrize("form", [np.array, tg.tensor, list], ids=["array", "Tensor", "list"])
@pytest.mark.parametrize("create_graph", [False, True])
def test_grad_takes_a_gradient_for_the_output(form: Callable[..., Any], create_graph: bool) -> None:
    x = leaf([1.0, 2.0])
    got = tg.grad(x * x, x, grad=form([10.0, 100.0]), create_graph=create_graph)
    np.testing.assert_array_equal(np.asarray(got), [20.0, 400.0])


@pytest.mark.parametrize("form", [np.ones, lambda n: tg.tensor(np.ones(n))], ids=["array", "Tensor"])
@pytest.mark.parametrize("create_graph", [False, True])
def test_grad_refuses_a_gradient_of_another_shape(form: Callable[..., Any], create_graph: bool) -> None:
    x = leaf([1.0, 2.0])
    with pytest.raises(ShapeError, match=r"grad must have the shape of y \(2,\); got \(3,\)"):
        tg.grad((x * x).named("y"), x, grad=form(3), create_graph=create_graph)


def test_grad_does_not_hand_out_the_callers_arrays() -> None:
    x, seed = leaf([1.0, 2.0]), tg.tensor([1.0, 1.0])
    y = x * 1.0
    tg.grad(y, y, grad=seed)[0] = 7.0
    np.testing.assert_array_equal(seed.numpy(), [1.0, 1.0])


def test_grad_refuses_what_has_no_gradient() -> None:
    x = leaf(1.0)
    with pytest.raises(GraphError, match=r"grad: x\[1\] must be a Tensor with requires_grad=True; got X \(2,\)"):
        tg.grad(x * 2.0, [x, tg.tensor([1.0, 2.0], name="X")])
    with pytest.raises(GraphError, match=r"grad: y must be a Tensor; got 3\.0"):
        tg.grad(3.0, x)


# ---- higher orders ----------------------------------------------------------------------------------


def test_derivatives_of_a_power_to_fifth_order() -> None:
    x = leaf(2.0)
    y, want = x**5, [5 * 16, 20 * 8, 60 * 4, 120 * 2, 120]
    for expected in want:
        y = tg.grad(y, x, create_graph=True)
        assert y.item() == pytest.approx(expected, rel=1e-14)
    assert tg.grad(y, x) == 0.0


@pytest.mark.parametrize(
    ("f", "third"),
    [
        (np.sin, lambda x: -np.cos(x)),
        (np.exp, np.exp),
        (np.log, lambda x: 2 / x**3),
        (np.tanh, lambda x: (1 - np.tanh(x) ** 2) * (6 * np.tanh(x) ** 2 - 2)),
        (lambda x: 1 / x, lambda x: -6 / x**4),
        (np.sqrt, lambda x: 0.375 * x**-2.5),
    ],
)
def test_third_derivatives_of_functions_known_in_closed_form(f: Callable[..., Any], third: Callable[..., Any]) -> None:
    x = leaf([0.4, 1.1, 1.9])
    y = f(x)
    for _ in range(2):
        y = tg.grad(y.sum(), x, create_graph=True)
    assert_close(tg.grad(y.sum(), x), third(x.numpy()), EXACT)


def test_hessian_of_a_quadratic_form() -> None:
    rng = np.random.default_rng(0)
    A, x = rng.normal(size=(4, 4)), leaf(rng.normal(size=4))
    first = tg.grad(x @ A @ x, x, create_graph=True)
    hessian = np.array([tg.grad(first[i], x) for i in range(4)])
    assert_close(hessian, A + A.T, EXACT)


def test_a_gradient_penalty_trains_through_backward() -> None:
    """backward() through a gradient: J = |∂c/∂x|² with c = Σ (w x)³ has ∂J/∂w = Σ 54 w⁵ x⁴."""
    w, x = leaf([0.5, -1.5]), leaf([2.0, 3.0])
    (g,) = tg.grad(((w * x) ** 3).sum(), [x], create_graph=True)
    (g * g).sum().backward()
    assert w.grad is not None
    assert_close(w.grad, 54 * w.numpy() ** 5 * x.numpy() ** 4, EXACT)


def test_mixed_partials_agree() -> None:
    a, b = leaf(0.7), leaf(1.3)
    y = np.sin(a * b) * np.exp(a) / b
    da, db = tg.grad(y, [a, b], create_graph=True)
    assert tg.grad(da, b) == pytest.approx(float(tg.grad(db, a)), rel=1e-13)


def test_plain_and_recorded_gradients_that_meet_are_added() -> None:
    """A vjp may give a plain array, a constant; with create_graph the other paths give Tensors."""
    constant = tg.op("counted", lambda x: np.sum(x), vjp=lambda g, y, x: np.ones(np.shape(x)), cases=(case((3,)),))
    x = leaf([1.0, 2.0, 3.0])
    y = constant(x) + constant(x) + np.sum(x * x * x)
    first = tg.grad(y, x, create_graph=True)
    np.testing.assert_array_equal(first.numpy(), 2 + 3 * x.numpy() ** 2)
    np.testing.assert_array_equal(tg.grad(first, x, grad=np.ones(3)), 6 * x.numpy())


def test_create_graph_inside_no_grad_gives_values_without_history() -> None:
    x = leaf(2.0)
    y = x**3
    with tg.no_grad():
        first = tg.grad(y, x, create_graph=True)
    assert first.item() == 12.0
    assert not first.requires_grad


# ---- random programs --------------------------------------------------------------------------------

# name: (function of arrays or Tensors, the same in torch); all map (3, 3) matrices to (3, 3) matrices.
ONE: dict[str, tuple[Callable[..., Any], str]] = {
    "tanh": (np.tanh, "torch.tanh(a)"),
    "sin": (np.sin, "torch.sin(a)"),
    "exp": (lambda a: np.exp(np.tanh(a)), "torch.exp(torch.tanh(a))"),
    "transpose": (np.transpose, "a.T"),
    "square": (np.square, "a * a"),
    "negative": (np.negative, "-a"),
    "flip": (lambda a: np.flip(a, axis=0), "a.flip(0)"),
    "roll": (lambda a: np.roll(a, 1, axis=1), "a.roll(1, 1)"),
    "centre": (lambda a: a - np.mean(a, axis=1, keepdims=True), "a - a.mean(1, keepdim=True)"),
    "row": (lambda a: np.broadcast_to(np.sum(a, axis=0), (3, 3)), "a.sum(0).expand(3, 3)"),
    "pick": (lambda a: a[[2, 0, 2]], "a[[2, 0, 2]]"),
    "slice": (lambda a: np.concatenate([a[1:], a[:1]], axis=0), "torch.cat([a[1:], a[:1]], 0)"),
    "cumsum": (lambda a: np.cumsum(a, axis=0) / 3, "a.cumsum(0) / 3"),
    "tril": (np.tril, "a.tril()"),
    "reshape": (lambda a: np.reshape(np.reshape(a, (9,)), (3, 3)), "a.reshape(9).reshape(3, 3)"),
    "diag": (lambda a: a + np.diag(np.diagonal(a)), "a + torch.diag(torch.diagonal(a))"),
    "softplus": (lambda a: np.log1p(np.exp(np.tanh(a))), "torch.log1p(torch.exp(torch.tanh(a)))"),
    "solve": (lambda a: np.linalg.solve(np.tanh(a) + 4 * np.eye(3), a),
              "torch.linalg.solve(torch.tanh(a) + 4 * torch.eye(3, dtype=a.dtype), a)"),
}  # fmt: skip
TWO: dict[str, tuple[Callable[..., Any], str]] = {
    "add": (lambda a, b: a + b, "a + b"),
    "subtract": (lambda a, b: a - b, "a - b"),
    "multiply": (lambda a, b: a * b, "a * b"),
    "divide": (lambda a, b: a / (1.5 + b * b), "a / (1.5 + b * b)"),
    "matmul": (lambda a, b: a @ np.tanh(b), "a @ torch.tanh(b)"),
    "einsum": (lambda a, b: np.einsum("ij,kj->ki", a, np.tanh(b)), "torch.einsum('ij,kj->ki', a, torch.tanh(b))"),
    "column": (lambda a, b: a * b[:, :1], "a * b[:, :1]"),
    "power": (lambda a, b: (1.5 + np.tanh(a)) ** np.tanh(b), "(1.5 + torch.tanh(a)) ** torch.tanh(b)"),
}
Step = tuple[str, int, int]


def random_program(seed: int) -> list[Step]:
    """Twelve steps; each applies an op to results of earlier ones, so values are used again and again."""
    rng = np.random.default_rng(seed)
    names = [*ONE, *TWO, *TWO]
    return [(str(rng.choice(names)), *map(int, rng.integers(0, 2 + i, 2))) for i in range(12)]


def run(program: list[Step], x: Any, y: Any, library: int, names: dict[str, Any] | None = None) -> Any:
    """The sum of the means of all values; library 0 is NumPy (arrays or Tensors), 1 is torch."""
    values = [x, y]
    for name, i, j in program:
        table, operands = (ONE, (values[i],)) if name in ONE else (TWO, (values[i], values[j]))
        f = table[name][library]
        result = eval(f, names, dict(zip("ab", operands, strict=False))) if library else f(*operands)
        values.append(result / 2)
    return sum(value.mean() for value in values)


@pytest.mark.parametrize("seed", range(30))
def test_random_programs_agree_with_complex_step(seed: int) -> None:
    program, rng = random_program(seed), np.random.default_rng(1000 + seed)
    x, y = rng.uniform(-1, 1, (2, 3, 3))
    check_first_order(lambda a, b: run(program, a, b, 0), [x, y], analytic=True, name=str(program))


@pytest.mark.parametrize("seed", range(30))
def test_random_programs_have_the_second_derivatives_of_their_first(seed: int) -> None:
    """A Hessian-vector product against the difference of the (independently checked) first derivative."""
    program, rng = random_program(seed), np.random.default_rng(1000 + seed)
    x, y, v = rng.uniform(-1, 1, (3, 3, 3))
    leaf_x = leaf(x)
    first = tg.grad(run(program, leaf_x, y, 0), leaf_x, create_graph=True)
    got = tg.grad(np.sum(first * v), leaf_x)

    def slope(a: Any) -> Any:
        t = leaf(a)
        return np.sum(tg.grad(run(program, t, y, 0), t) * v)

    assert_close(got, gradient(slope, x), DIFFERENCE, str(program))


@pytest.mark.parametrize("seed", range(30))
def test_random_programs_agree_with_torch(seed: int) -> None:
    torch = pytest.importorskip("torch")
    program, rng = random_program(seed), np.random.default_rng(1000 + seed)
    x, y = rng.uniform(-1, 1, (2, 3, 3))
    mine = [leaf(x), leaf(y)]
    theirs = [torch.tensor(v, requires_grad=True) for v in (x, y)]
    J = run(program, *mine, 0)
    K = run(program, *theirs, 1, {"torch": torch})
    assert J.item() == pytest.approx(K.item(), rel=1e-12)
    J.backward()
    K.backward()
    for a, b in zip(mine, theirs, strict=True):
        assert_close(a.grad, b.grad.numpy(), EXACT, str(program))
