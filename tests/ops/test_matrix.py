"""The NumPy names for products and diagonals, in every spelling, against NumPy and numeric gradients."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.referee import EXACT, assert_close, check_first_order, check_second_order
from tinygrad_cn.errors import OpError, ShapeError
from tinygrad_cn.ops import einsum

Shape = tuple[int, ...]
F = Callable[..., Any]

PAIRS: list[tuple[str, F, Shape, Shape]] = [
    *((f"dot {a} {b}", np.dot, a, b) for a, b in [
        ((), ()), ((), (3,)), ((2, 3), ()), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)),
        ((2, 4, 3), (3,)), ((3,), (2, 3, 4)), ((2, 4, 3), (3, 5)), ((2, 3), (5, 3, 4)), ((2, 2, 3), (4, 3, 2)),
        ((0, 3), (3, 2)),
    ]),
    *((f"inner {a} {b}", np.inner, a, b) for a, b in [
        ((), (2, 3)), ((3,), ()), ((3,), (3,)), ((2, 3), (3,)), ((2, 3), (4, 3)), ((2, 2, 3), (4, 3)),
    ]),
    *((f"vdot {a} {b}", np.vdot, a, b) for a, b in [((3,), (3,)), ((2, 3), (2, 3)), ((), ()), ((2, 3), (6,))]),
    *((f"vecdot {a} {b}", np.vecdot, a, b) for a, b in [((3,), (3,)), ((2, 3), (2, 3)), ((2, 3), (3,))]),
    ("vecdot axis=0", lambda a, b: np.vecdot(a, b, axis=0), (3, 2), (3, 2)),
    *((f"{name} {a} {b}", lambda a, b, name=name: getattr(np, name)(a, b), a, b) for name, a, b in [
        ("matvec", (2, 3), (3,)), ("matvec", (5, 2, 3), (5, 3)), ("matvec", (2, 3), (5, 3)),
        ("vecmat", (2,), (2, 3)), ("vecmat", (5, 2), (2, 3)),
    ] if hasattr(np, name)),
    *((f"outer {a} {b}", np.outer, a, b) for a, b in [((3,), (4,)), ((2, 2), (3,)), ((), (3,))]),
    *((f"kron {a} {b}", np.kron, a, b) for a, b in [
        ((), ()), ((), (3,)), ((2, 3), ()), ((3,), (2,)), ((2, 3), (3,)), ((2,), (3, 2)), ((2, 3), (3, 2)),
        ((2, 1, 2), (2, 3)), ((0, 2), (2, 2)),
    ]),
    ("cross", np.cross, (2, 3), (3,)),
    ("tensordot positional axes", lambda a, b: np.tensordot(a, b, 1), (2, 3), (3, 4)),
    ("tensordot lists", lambda a, b: np.tensordot(a, b, axes=[[1, 0], [0, 1]]), (2, 3), (3, 2)),
    ("multi_dot vectors", lambda a, b: np.linalg.multi_dot([a, b]), (3,), (3,)),
    ("multi_dot row", lambda a, b: np.linalg.multi_dot([a, b, np.ones((4, 2))]), (3,), (3, 4)),
    ("multi_dot column", lambda a, b: np.linalg.multi_dot([np.ones((2, 4)), a, b]), (4, 3), (3,)),
]  # fmt: skip

SINGLES: list[tuple[str, F, Shape]] = [
    ("diag of a vector", np.diag, (3,)),
    ("diag above", lambda x: np.diag(x, 2), (3,)),
    ("diag below", lambda x: np.diag(x, k=-1), (3,)),
    ("diag of a matrix", np.diag, (3, 4)),
    ("diag of a matrix, below", lambda x: np.diag(x, -1), (3, 4)),
    ("diagflat", lambda x: np.diagflat(x, 1), (2, 2)),
    ("trace", lambda x: np.trace(x, offset=1), (3, 4)),
    ("trace of a stack", lambda x: np.trace(x, 0, 1, 2), (2, 3, 3)),
    ("linalg.trace", lambda x: np.linalg.trace(x, offset=-1), (2, 3, 3)),
    ("linalg.diagonal", lambda x: np.linalg.diagonal(x, offset=1), (2, 3, 3)),
    ("tril", lambda x: np.tril(x, -1), (2, 3, 4)),
    ("triu of a vector", np.triu, (3,)),
    ("matrix_transpose", np.matrix_transpose, (2, 3, 4)),
    ("matrix_power 1", lambda x: np.linalg.matrix_power(x, 1), (3, 3)),
    ("matrix_power 2", lambda x: np.linalg.matrix_power(x, 2), (3, 3)),
    ("matrix_power 7", lambda x: np.linalg.matrix_power(x, 7), (2, 3, 3)),
    ("matrix_power -3", lambda x: np.linalg.matrix_power(x + 2 * np.eye(2), -3), (2, 2)),
]


@pytest.mark.parametrize(("f", "a", "b"), [pytest.param(*row[1:], id=row[0]) for row in PAIRS])
def test_products_of_two(f: F, a: Shape, b: Shape) -> None:
    rng = np.random.default_rng(0)
    inputs = [np.asarray(rng.uniform(-1, 1, a)), np.asarray(rng.uniform(-1, 1, b))]
    # np.vdot and np.vecdot conjugate their first argument, so complex step cannot referee them.
    analytic = f not in (np.vdot, np.vecdot) and f.__name__ != "<lambda>"
    check_first_order(f, inputs, analytic=analytic)
    check_second_order(f, inputs, analytic=analytic)


@pytest.mark.parametrize(("f", "shape"), [pytest.param(*row[1:], id=row[0]) for row in SINGLES])
def test_of_one_array(f: F, shape: Shape) -> None:
    x = np.random.default_rng(0).uniform(-1, 1, shape)
    check_first_order(f, [x], analytic=True)
    check_second_order(f, [x], analytic=True)


def test_np_dot_of_matrices_records_matmul() -> None:
    W, X = tg.tensor(np.ones((2, 3)), requires_grad=True), np.ones((3, 4))
    assert np.dot(W, X)._op is (W @ X)._op


def test_matrix_power_zero_is_the_identity_and_has_gradient_zero() -> None:
    x = tg.tensor(np.full((2, 2), np.inf), requires_grad=True)
    y = np.linalg.matrix_power(x, 0)
    np.testing.assert_array_equal(y.numpy(), np.eye(2))
    np.testing.assert_array_equal(tg.grad(y, x, grad=np.ones((2, 2))), np.zeros((2, 2)))


def test_affine_promotes_the_bias_dtype_as_numpy_does() -> None:
    affine = tg.ops.matrix.AFFINE
    W, A = (tg.tensor(np.ones((2, 2), np.float32), requires_grad=True) for _ in range(2))
    b = tg.tensor(np.full((2, 1), 1e-12), requires_grad=True)
    z = affine(W, A, b)
    assert z.dtype == np.float64
    assert z.numpy()[0, 0] - 2.0 == pytest.approx(1e-12, rel=1e-3)


# ---- einsum -----------------------------------------------------------------------------------------

SUBLISTS = [
    ([(2, 3), (3, 4)], [[0, 1], [1, 2]], [0, 2]),
    ([(2, 3), (3, 4)], [[0, 1], [1, 2]], None),
    ([(2, 3), (3, 4)], [[30, 1], [1, 2]], None),
    ([(5, 2, 3), (3, 4)], [[Ellipsis, 0, 1], [1, 2]], [Ellipsis, 0, 2]),
    ([(3, 3)], [[0, 0]], [0]),
    ([(3, 3)], [[0, 0]], None),
    ([(2, 3), (3, 4), (4, 2)], [[0, 1], [1, 2], [2, 0]], [1]),
]


@pytest.mark.parametrize(("shapes", "labels", "output"), SUBLISTS)
def test_einsum_with_sublists(shapes: list[Shape], labels: list[Any], output: Any) -> None:
    rng = np.random.default_rng(0)

    def f(*x: Any) -> Any:
        pairs = [part for pair in zip(x, labels, strict=True) for part in pair]
        return np.einsum(*pairs, *([] if output is None else [output]))

    check_first_order(f, [rng.normal(size=s) for s in shapes], analytic=True)


def test_einsum_through_the_best_path_gives_the_same_gradients() -> None:
    rng = np.random.default_rng(0)
    a, b, c = (tg.tensor(rng.normal(size=s), requires_grad=True) for s in [(2, 3), (3, 4), (4, 2)])
    plain = tg.grad(np.einsum("ij,jk,kl->il", a, b, c), [a, b, c], grad=np.ones((2, 2)))
    best = tg.grad(np.einsum("ij,jk,kl->il", a, b, c, optimize="optimal"), [a, b, c], grad=np.ones((2, 2)))
    for x, y in zip(plain, best, strict=True):
        assert_close(x, y, EXACT)


def test_einsum_of_a_tensor_and_plain_arrays() -> None:
    x = tg.tensor(np.arange(3.0), requires_grad=True)
    y = np.einsum("i,ij->j", x, np.ones((3, 2)))
    y.backward(np.array([1.0, 10.0]))
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad, [11.0, 11.0, 11.0])


def test_random_einsums() -> None:
    """Random subscripts over four labels, with repeats and summed labels, against complex step."""
    rng = np.random.default_rng(0)
    sizes = dict(zip("ijkl", (2, 3, 1, 4), strict=True))
    for _ in range(60):
        terms = ["".join(rng.choice(list("ijkl"), rng.integers(0, 4))) for _ in range(rng.integers(1, 4))]
        used = sorted(set("".join(terms)))
        output = "".join(rng.permutation(used)[: rng.integers(0, len(used) + 1)])
        subscripts = f"{','.join(terms)}->{output}"
        inputs = [np.asarray(rng.normal(size=[sizes[c] for c in term])) for term in terms]
        check_first_order(lambda *x, s=subscripts: np.einsum(s, *x), inputs, analytic=True, name=subscripts)


def test_explicit_spells_out_ellipsis_and_output() -> None:
    assert einsum.explicit("...ij, jk", (4, 2)) == (("abij", "jk"), "abik")
    assert einsum.explicit("...a,...", (3, 2)) == (("bca", "bc"), "bca")
    assert einsum.explicit("i...->...", (1,)) == (("i",), "")


def test_einsum_errors_are_numpys_with_the_shapes() -> None:
    x = tg.tensor(np.ones((2, 3)), requires_grad=True, name="X")
    with pytest.raises(ShapeError, match=r"einsum\(X \(2, 3\)\): .*too many subscripts"):
        np.einsum("ijk->i", x)
    with pytest.raises(OpError, match=r"a sublist holds integers from 0 to 51 and Ellipsis; got \[0, 'b'\]"):
        np.einsum(x, [0, "b"])


# ---- errors -----------------------------------------------------------------------------------------


def test_a_matmul_that_does_not_fit_names_both_sides() -> None:
    W = tg.tensor(np.ones((4, 3)), requires_grad=True, name="W1")
    A = tg.tensor(np.ones((2, 400)), name="A0")
    with pytest.raises(ShapeError) as caught:
        W @ A
    assert str(caught.value) == "matmul(W1 (4, 3), A0 (2, 400)): inner dimensions 3 and 2 differ"


def test_diag_of_three_axes_is_refused() -> None:
    with pytest.raises(OpError, match=r"diag: v must have one or two axes; got shape \(2, 2, 2\)"):
        np.diag(tg.tensor(np.ones((2, 2, 2)), requires_grad=True))


def test_a_large_matmul_has_the_gradient_of_the_notes() -> None:
    """dW = dZ Aᵀ and dA = Wᵀ dZ, for a net of the size the notes use."""
    rng = np.random.default_rng(0)
    W, A, dZ = rng.normal(size=(20, 300)), rng.normal(size=(300, 50)), rng.normal(size=(20, 50))
    w, a = tg.tensor(W, requires_grad=True), tg.tensor(A, requires_grad=True)
    (w @ a).backward(dZ)
    assert_close(w.grad, dZ @ A.T, EXACT)
    assert_close(a.grad, W.T @ dZ, EXACT)
