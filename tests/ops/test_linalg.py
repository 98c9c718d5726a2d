"""Linear algebra in NumPy's names: values, gradients, second derivatives, and the hard points."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.referee import DIFFERENCE, EXACT, assert_close, check_first_order, check_second_order, gradient
from tinygrad_cn.errors import OpError
from tinygrad_cn.ops.linalg import conditioned, positive_definite

F = Callable[..., Any]
Shape = tuple[int, ...]


def joined(results: Any) -> Any:
    """All entries of several results in one vector, so that one check sees them all."""
    return np.concatenate([np.ravel(part) for part in results])


ORDERS = [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf]
MATRIX = [
    ("solve", lambda x: np.linalg.solve(x, np.arange(6.0).reshape(3, 2)), (3, 3)),
    ("inv of a stack", np.linalg.inv, (2, 3, 3)),
    ("det of a stack", np.linalg.det, (2, 3, 3)),
    ("logabsdet", lambda x: np.linalg.slogdet(x)[1], (2, 3, 3)),
    ("pinv rcond", lambda x: np.linalg.pinv(x, 1e-10), (4, 2)),
    ("svd U", lambda x: np.linalg.svd(x, full_matrices=False)[0], (4, 3)),
    ("svd S", lambda x: np.linalg.svd(x, full_matrices=False).S, (3, 4)),
    ("svd Vh", lambda x: np.linalg.svd(x, full_matrices=False).Vh, (3, 4)),
    ("svd, all of it", lambda x: joined(np.linalg.svd(x, full_matrices=False)), (2, 4, 3)),
    ("svd of a square", lambda x: joined(np.linalg.svd(x)), (3, 3)),
    ("svd, values", lambda x: np.linalg.svd(x, compute_uv=False), (4, 3)),
    ("svdvals", np.linalg.svdvals, (2, 3, 4)),
    *((f"matrix norm {p}", lambda x, p=p: np.linalg.norm(x, p), (3, 4)) for p in ORDERS),
    *((f"norm {p} of a stack", lambda x, p=p: np.linalg.norm(x, p, axis=(0, 2), keepdims=True), (3, 2, 4))
      for p in ORDERS),
    ("matrix_norm", lambda x: np.linalg.matrix_norm(x, ord="nuc", keepdims=True), (2, 3, 4)),
]  # fmt: skip
SYMMETRIC = [
    ("cholesky", np.linalg.cholesky, (3, 3)),
    ("cholesky upper", lambda x: np.linalg.cholesky(x, upper=True), (2, 3, 3)),
    ("eigh", lambda x: joined(np.linalg.eigh(x)), (3, 3)),
    ("eigh of a stack", lambda x: joined(np.linalg.eigh(x)), (2, 3, 3)),
    ("eigenvectors", lambda x: np.linalg.eigh(x).eigenvectors, (3, 3)),
    ("eigvalsh", np.linalg.eigvalsh, (2, 3, 3)),
]
VECTOR = [
    *((f"norm {p}", lambda x, p=p: np.linalg.norm(x, p), (5,)) for p in [None, 1, 2, 3, 2.5, 0.5, -1, np.inf, -np.inf]),
    *((f"norm {p} along", lambda x, p=p: np.linalg.norm(x, p, axis=1), (3, 4)) for p in [None, 1, 2, 3, np.inf]),
    ("norm of all entries", np.linalg.norm, (2, 3, 4)),
    ("vector_norm", lambda x: np.linalg.vector_norm(x, axis=(0, 2), keepdims=True, ord=3), (2, 3, 4)),
]  # fmt: skip


@pytest.mark.parametrize(("f", "shape"), [pytest.param(*row[1:], id=row[0]) for row in MATRIX])
def test_of_a_matrix(f: F, shape: Shape) -> None:
    x = conditioned(np.random.default_rng(3), shape)
    check_first_order(f, [x])
    check_second_order(f, [x])


@pytest.mark.parametrize(("f", "shape"), [pytest.param(*row[1:], id=row[0]) for row in SYMMETRIC])
def test_of_a_symmetric_matrix(f: F, shape: Shape) -> None:
    """NumPy reads one triangle and the Tensor op the symmetric part, so both are handed a symmetric matrix."""
    x = positive_definite(np.random.default_rng(3), shape)

    def of_symmetric_part(v: Any) -> Any:
        return f((v + np.matrix_transpose(v)) / 2)

    check_first_order(of_symmetric_part, [x])
    check_second_order(of_symmetric_part, [x])


@pytest.mark.parametrize(("f", "shape"), [pytest.param(*row[1:], id=row[0]) for row in VECTOR])
def test_norms_of_vectors(f: F, shape: Shape) -> None:
    rng = np.random.default_rng(3)
    x = rng.uniform(0.3, 2, shape) * rng.choice([-1, 1], shape)
    check_first_order(f, [x])
    check_second_order(f, [x])


# ---- determinants of singular matrices --------------------------------------------------------------

SINGULAR = {
    "rank 2 of 3": np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]]),
    "rank 1 of 3": np.outer([1.0, -2, 3], [2.0, 1, -1]),
    "zero": np.zeros((3, 3)),
    "zero, 2": np.zeros((2, 2)),
    "equal singular values": np.diag([1.0, -1.0, 1.0]),
}


@pytest.mark.parametrize("x", SINGULAR.values(), ids=SINGULAR)
def test_det_has_its_cofactors_as_gradient_even_where_it_is_zero(x: Any) -> None:
    check_first_order(np.linalg.det, [x], analytic=True)


@pytest.mark.parametrize("x", SINGULAR.values(), ids=SINGULAR)
def test_second_derivative_of_det_even_where_it_is_zero(x: Any) -> None:
    """det is of degree one in every entry, so a mixed difference of its values is its second derivative."""
    n = len(x)
    leaf = tg.tensor(x, requires_grad=True)
    first = tg.grad(np.linalg.det(leaf), leaf, create_graph=True)
    got = tg.grad(first[0, 0], leaf)
    e00 = np.zeros((n, n))
    e00[0, 0] = 1.0
    want = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            e = np.zeros((n, n))
            e[i, j] = 1.0
            corners = [np.linalg.det(x + s * e00 + t * e) * s * t for s in (-1, 1) for t in (-1, 1)]
            want[i, j] = 0.0 if (i, j) == (0, 0) else sum(corners) / 4
    assert_close(got, want, 1e-13)


def test_slogdet_result_has_numpys_attributes_and_a_constant_sign() -> None:
    x = tg.tensor([[0.0, 2.0], [3.0, 0.0]], requires_grad=True)
    result = np.linalg.slogdet(x)
    sign, logabsdet = result
    assert sign.item() == -1.0
    assert not sign.requires_grad
    assert logabsdet.item() == pytest.approx(np.log(6))
    assert result.logabsdet is logabsdet
    result.logabsdet.backward()
    assert x.grad is not None
    assert_close(x.grad, np.linalg.inv(x.numpy()).T, EXACT)


# ---- symmetric matrices -----------------------------------------------------------------------------


def test_the_gradient_of_an_eigenvalue_is_the_textbooks_and_symmetric() -> None:
    x = positive_definite(np.random.default_rng(0), (4, 4))
    leaf = tg.tensor(x, requires_grad=True)
    result = np.linalg.eigh(leaf)
    result.eigenvalues[0].backward()
    v = np.linalg.eigh(x).eigenvectors[:, 0]
    assert_close(leaf.grad, np.outer(v, v), EXACT)


@pytest.mark.parametrize("half", ["L", "U"])
def test_eigh_with_a_named_triangle_reads_that_one_alone(half: str) -> None:
    x = conditioned(np.random.default_rng(0), (3, 3))
    check_first_order(lambda v: joined(np.linalg.eigh(v, UPLO=half)), [x])


def test_eigh_refuses_a_triangle_that_is_none() -> None:
    with pytest.raises(OpError, match='UPLO must be "L" or "U"; got \'X\''):
        np.linalg.eigh(tg.tensor(np.eye(2), requires_grad=True), UPLO="X")


def test_equal_eigenvalues_give_the_right_gradient_to_what_does_not_depend_on_the_basis() -> None:
    """trace(x³) through the eigenvalues of the identity: 3 x²."""
    x = tg.tensor(np.eye(3), requires_grad=True)
    w, v = np.linalg.eigh(x)
    np.trace((v * w**3) @ v.T).backward()
    assert_close(x.grad, 3 * np.eye(3), EXACT)


def test_zero_singular_values_give_the_right_gradient_to_a_sum_of_squares() -> None:
    """Σ s² = Σ x²: gradient 2x, also for a matrix of rank one."""
    x = tg.tensor(np.outer([1.0, 2, 3], [1.0, -1, 2]), requires_grad=True)
    np.sum(np.linalg.svd(x, compute_uv=False) ** 2).backward()
    assert_close(x.grad, 2 * x.numpy(), EXACT)


def test_cholesky_of_a_matrix_that_is_not_positive_definite_is_refused_by_name() -> None:
    x = tg.tensor(-np.eye(2), requires_grad=True, name="C")
    with pytest.raises(np.linalg.LinAlgError, match=r"cholesky\(C \(2, 2\)\): Matrix is not positive definite"):
        np.linalg.cholesky(x)


def test_a_matrix_that_is_not_square_is_refused_with_its_shape() -> None:
    x = tg.tensor(np.ones((2, 3)), requires_grad=True, name="X")
    with pytest.raises(
        np.linalg.LinAlgError, match=r"inv\(X \(2, 3\)\): expected a square matrix .* got shape \(2, 3\)"
    ):
        np.linalg.inv(x)


def test_svd_refuses_vectors_that_have_no_gradient() -> None:
    with pytest.raises(OpError, match="pass full_matrices=False"):
        np.linalg.svd(tg.tensor(np.ones((2, 3)), requires_grad=True))


def test_cholesky_reparameterisation_agrees_with_the_numeric_gradient() -> None:
    rng = np.random.default_rng(0)
    x, z, target = positive_definite(rng, (3, 3)), rng.normal(size=(3, 5)), rng.normal(size=(3, 5))

    def cost(c: Any) -> Any:
        return np.sum(np.square(np.linalg.cholesky((c + np.matrix_transpose(c)) / 2) @ z - target))

    leaf = tg.tensor(x, requires_grad=True)
    cost(leaf).backward()
    assert_close(leaf.grad, gradient(cost, x), 10 * DIFFERENCE)


# ---- norms at their kinks ---------------------------------------------------------------------------


@pytest.mark.parametrize("ord", [None, 1, 1.5, 2, 3, np.inf])
def test_a_zero_vector_has_gradient_zero(ord: Any) -> None:
    x = tg.tensor(np.zeros(3), requires_grad=True)
    np.linalg.norm(x, ord).backward()
    np.testing.assert_array_equal(x.grad, np.zeros(3))


def test_a_zero_entry_of_a_vector_has_its_second_derivative() -> None:
    """∂²‖x‖/∂x₁² at (3, 0, 4) is (1 − x₁²/‖x‖²) / ‖x‖ = 1/5."""
    x = tg.tensor([3.0, 0.0, 4.0], requires_grad=True)
    first = tg.grad(np.linalg.norm(x), x, create_graph=True)
    assert tg.grad(first[1], x)[1] == pytest.approx(0.2)


def test_ties_share_the_gradient_of_the_largest_entry() -> None:
    x = tg.tensor([2.0, -2.0, 1.0], requires_grad=True)
    np.linalg.norm(x, np.inf).backward()
    np.testing.assert_array_equal(x.grad, [0.5, -0.5, 0.0])


@pytest.mark.parametrize(
    ("shape", "ord", "axis", "message"),
    [
        ((3,), "fro", None, "norm of a vector: ord must be a number; got 'fro'"),
        ((3, 3), 3, None, "norm of a matrix: ord must be one of"),
        ((2, 2, 2), 2, None, "norm with ord=2 is over one axis or two"),
    ],
)
def test_norms_that_do_not_exist_are_refused(shape: Shape, ord: Any, axis: Any, message: str) -> None:
    with pytest.raises(OpError, match=message):
        np.linalg.norm(tg.tensor(np.ones(shape), requires_grad=True), ord, axis)
