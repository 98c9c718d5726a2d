"""Linear algebra: solve, inv, det, cholesky, eigh, svd, pinv, for one matrix or a stack of them.

Sources: M. Giles, "An extended collection of matrix derivative results for forward and reverse mode
algorithmic differentiation" (2008), named Giles below; J. Townsend, "Differentiating the singular
value decomposition" (2016); G. Golub and V. Pereyra, "The differentiation of pseudo-inverses and
nonlinear least squares problems", SIAM J. Numer. Anal. 10 (1973), eq. 4.12.

An op makes one array. A factorisation with several results packs them into one, and the NumPy name
returns slices of it.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

from ..errors import OpError
from .matrix import transposed
from .op import Array, Op, case, implements, register

Shape = tuple[int, ...]


class EighResult(NamedTuple):
    """Eigenvalues in ascending order, and eigenvectors as columns."""

    eigenvalues: Any
    eigenvectors: Any


class SlogdetResult(NamedTuple):
    """Sign of the determinant, and log of its absolute value."""

    sign: Any
    logabsdet: Any


class SVDResult(NamedTuple):
    """Left singular vectors (columns of U), singular values, right singular vectors (rows of Vh)."""

    U: Any
    S: Any
    Vh: Any


# ---- where to sample --------------------------------------------------------------------------------


def conditioned(rng: np.random.Generator, shape: Shape) -> Array:
    """Matrices with the singular values 1, 1.5, 2 and so on: far from singular, no two equal."""
    u, s, vt = np.linalg.svd(rng.normal(size=shape), full_matrices=False)
    x: Array = np.matmul(u * (1 + 0.5 * np.arange(s.shape[-1])), vt)
    return x


def positive_definite(rng: np.random.Generator, shape: Shape) -> Array:
    """Symmetric matrices with the eigenvalues 1, 1.5, 2 and so on."""
    v = np.linalg.qr(rng.normal(size=shape)).Q
    x: Array = symmetric(np.matmul(v * (1 + 0.5 * np.arange(shape[-1])), transposed(v)))
    return x


# ---- helpers ----------------------------------------------------------------------------------------


def symmetric(x: Any) -> Any:
    """The symmetric part, exactly x where x is symmetric."""
    return (x + transposed(x)) * 0.5


def _inverse_gaps(x: Any) -> Any:
    """1 / (xⱼ − xᵢ), and 0 at ties: what is well defined there does not depend on it."""
    gaps = x[..., None, :] - x[..., :, None]
    tie = gaps == 0
    return ~tie / (gaps + tie)


def _inverse(x: Any) -> Any:
    """1 / x, and 0 at 0."""
    zero = x == 0
    return ~zero / (x + zero)


def _square(*shapes: Shape) -> str:
    x = shapes[0]
    return "" if len(x) > 1 and x[-1] == x[-2] else f"expected a square matrix or a stack of them; got shape {x}"


# ---- solve and inverse ------------------------------------------------------------------------------


def _solve_columns(a: Any, b: Any, vector: bool) -> Any:
    """Solve with b as a matrix of columns, or as one vector for each matrix of a."""
    return np.linalg.solve(a, np.expand_dims(b, -1))[..., 0] if vector else np.linalg.solve(a, b)


def _solve_a(g: Any, y: Any, a: Any, b: Any) -> Any:
    gb = _solve_b(g, y, a, b)
    if np.ndim(b) == 1:
        return -np.expand_dims(gb, -1) * np.expand_dims(y, -2)
    return -np.matmul(gb, transposed(y))


def _solve_b(g: Any, y: Any, a: Any, b: Any) -> Any:
    return _solve_columns(transposed(a), g, vector=np.ndim(b) == 1)


SOLVE = register(
    Op(
        "solve", lambda a, b: np.linalg.solve(a, b), (_solve_a, _solve_b), ("−(a⁻ᵀ g) yᵀ", "a⁻ᵀ g"), text="a⁻¹ b",
        domain=(conditioned, lambda rng, shape: rng.normal(size=shape)), broadcasts=True, analytic=True,
        cases=(
            case((3, 3), (3, 2)), case((3, 3), (3,)), case((4, 3, 3), (4, 3, 2)), case((4, 3, 3), (3, 2)),
            case((3, 3), (4, 3, 2)), case((4, 3, 3), (3,)), case((3, 3), (3, 0)),
        ),
        complaint=_square,
    ),
    np.linalg.solve,
)  # fmt: skip


def _inv_vjp(g: Any, y: Any, x: Any) -> Any:
    yt = transposed(y)
    return -np.matmul(np.matmul(yt, g), yt)


INV = register(
    Op(
        "inv", lambda x: np.linalg.inv(x), (_inv_vjp,), ("−yᵀ g yᵀ",), text="x⁻¹", domain=conditioned, analytic=True,
        cases=(case((3, 3)), case((4, 2, 2)), case((1, 1)), case((0, 2, 2))), complaint=_square,
    ),
    np.linalg.inv,
)  # fmt: skip


def _pinv(x: Any, rcond: float | None = None, hermitian: bool = False) -> Any:
    return np.linalg.pinv(x, rcond, hermitian)


def _pinv_vjp(g: Any, y: Any, x: Any, rcond: float | None = None, hermitian: bool = False) -> Any:
    yt, gt = transposed(y), transposed(g)
    rows = gt - np.matmul(x, np.matmul(y, gt))
    columns = gt - np.matmul(np.matmul(gt, y), x)
    turned = np.matmul(np.matmul(yt, g), yt)
    return np.matmul(np.matmul(rows, y), yt) + np.matmul(np.matmul(yt, y), columns) - turned


PINV = register(
    Op(
        "pinv", _pinv, (_pinv_vjp,), ("−yᵀ g yᵀ + (I − x y) gᵀ y yᵀ + yᵀ y gᵀ (I − y x)",), text="x⁺", latex="x^{+}",
        domain=conditioned, cases=(case((3, 3)), case((4, 2)), case((2, 4)), case((3, 4, 2)), case((0, 3))),
        note="Where the rank changes the pseudo-inverse jumps; the gradient is that at constant rank.",
    ),
    np.linalg.pinv,
)  # fmt: skip


# ---- determinants -----------------------------------------------------------------------------------


def _products_without(s: Any) -> Any:
    """Πₖ sₖ over all k other than i, without dividing."""
    return np.prod(np.where(np.eye(s.shape[-1], dtype=bool), 1.0, s[..., None, :]), axis=-1)


def _products_without_two(s: Any) -> Any:
    """Πₖ sₖ over all k other than i and j; 0 where i = j."""
    eye = np.eye(s.shape[-1], dtype=bool)
    left_out = eye[:, None, :] | eye[None, :, :]
    return np.where(eye, 0.0, np.prod(np.where(left_out, 1.0, s[..., None, None, :]), axis=-1))


def _orientation(u: Any, vt: Any) -> Any:
    """det(u) det(vt), which is 1 or −1, shaped to multiply matrices."""
    return (np.linalg.slogdet(u).sign * np.linalg.slogdet(vt).sign)[..., None, None]


def _cofactor(x: Any) -> Any:
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    return _orientation(u, vt) * np.matmul(u * _products_without(s)[..., None, :], vt)


def _cofactor_vjp(g: Any, y: Any, x: Any) -> Any:
    """In the basis of singular vectors x is diagonal and the derivative of each minor is a product."""
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    inner = np.matmul(np.matmul(transposed(u), g), transposed(vt))
    products = _products_without_two(s)
    diagonal = np.matmul(products, np.diagonal(inner, 0, -2, -1)[..., None])
    turned = np.eye(s.shape[-1], dtype=s.dtype) * diagonal - products * transposed(inner)
    return _orientation(u, vt) * np.matmul(np.matmul(u, turned), vt)


COFACTOR = register(
    Op(
        "cofactor", _cofactor, (_cofactor_vjp,), ("(⟨g, y⟩ y − y gᵀ y) / det(x)",), text="det(x) x⁻ᵀ",
        domain=conditioned, cases=(case((3, 3)), case((2, 2)), case((4, 3, 3)), case((1, 1))), complaint=_square,
        note="The formula of the local gradient is for invertible x; what is computed holds for singular x too.",
    )
)  # fmt: skip
DET = register(
    Op(
        "det", lambda x: np.linalg.det(x), (lambda g, y, x: g[..., None, None] * COFACTOR(x),), ("g · cofactor(x)",),
        text="det(x)", domain=conditioned, analytic=True, complaint=_square,
        cases=(case((3, 3)), case((2, 2)), case((4, 3, 3)), case((1, 1)), case((0, 2, 2))),
        note="The cofactor matrix is y x⁻ᵀ where x is invertible, and is right for singular x too.",
    ),
    np.linalg.det,
)  # fmt: skip


def _slogdet(x: Any) -> Any:
    return np.stack(np.linalg.slogdet(x), axis=-1)


SLOGDET = register(
    Op(
        "slogdet", _slogdet, (lambda g, y, x: g[..., 1, None, None] * transposed(np.linalg.inv(x)),),
        ("g[logabsdet] · x⁻ᵀ",), text="(sign, log|det x|)", domain=conditioned, complaint=_square,
        cases=(case((3, 3)), case((4, 3, 3)), case((1, 1))), note="The sign is piecewise constant.",
    )
)  # fmt: skip


@implements(np.linalg.slogdet)
def slogdet(x: Any) -> SlogdetResult:
    """Sign and logarithm of the determinant; the sign is a constant for gradients."""
    packed = SLOGDET(x)
    return SlogdetResult(packed[..., 0].detach(), packed[..., 1])


# ---- symmetric matrices -----------------------------------------------------------------------------


def _cholesky_vjp(g: Any, y: Any, x: Any) -> Any:
    """I. Murray, "Differentiation of the Cholesky decomposition" (2016), eq. 8; Giles, section 2.5.3."""
    half = np.tril(np.matmul(transposed(y), g)) * (1 - 0.5 * np.eye(y.shape[-1], dtype=y.dtype))
    yt = transposed(y)
    return symmetric(transposed(np.linalg.solve(yt, transposed(np.linalg.solve(yt, half)))))


CHOLESKY = register(
    Op(
        "cholesky", lambda x: np.linalg.cholesky(symmetric(x)), (_cholesky_vjp,),
        ("½ (s + sᵀ), s = y⁻ᵀ Φ(yᵀ g) y⁻¹, Φ(a) = tril(a) − a ⊙ I / 2",), text="y yᵀ = x",
        domain=positive_definite, cases=(case((3, 3)), case((4, 2, 2)), case((1, 1))), complaint=_square,
        note="Reads the symmetric part of x, so its gradient is symmetric.",
    )
)  # fmt: skip


@implements(np.linalg.cholesky)
def cholesky(x: Any, *, upper: bool = False) -> Any:
    """The lower triangular factor, or its transpose with `upper`."""
    return transposed(CHOLESKY(x)) if upper else CHOLESKY(x)


def _eigh(x: Any, UPLO: Literal["L", "U"] = "L") -> Any:
    w, v = np.linalg.eigh(symmetric(x), UPLO)
    return np.concatenate([w[..., None, :], v], axis=-2)


def _eigh_vjp(g: Any, y: Any, x: Any, UPLO: Literal["L", "U"] = "L") -> Any:
    """Giles, section 3.1, for orthonormal eigenvectors."""
    w, v = y[..., 0, :], y[..., 1:, :]
    turn = np.matmul(transposed(v), g[..., 1:, :]) * _inverse_gaps(w)
    return symmetric(np.matmul(np.matmul(v, turn) + v * g[..., :1, :], transposed(v)))


EIGH = register(
    Op(
        "eigh", _eigh, (_eigh_vjp,), ("v (diag(gw) + f ⊙ (vᵀ gv)) vᵀ, f = 1 / (wⱼ − wᵢ)",),
        text="(w, v): x = v diag(w) vᵀ", domain=positive_definite, complaint=_square,
        cases=(case((3, 3)), case((4, 2, 2)), case((1, 1))),
        note="Reads the symmetric part of x. The vectors of equal eigenvalues are not unique and have no gradient; "
        "functions of them that do not depend on the choice are right.",
    )
)  # fmt: skip


@implements(np.linalg.eigh)
def eigh(x: Any, UPLO: str | None = None) -> EighResult:
    """Eigenvalues and eigenvectors of a symmetric matrix.

    Parameters
    ----------
    x : Tensor (..., n, n)
        A symmetric matrix; of another one the symmetric part is read.
    UPLO : {"L", "U"}, optional
        Read the lower or upper triangle alone, as NumPy does.
    """
    packed = EIGH(x) if UPLO is None else EIGH(_mirrored(x, UPLO), UPLO=UPLO)
    return EighResult(packed[..., 0, :], packed[..., 1:, :])


@implements(np.linalg.eigvalsh)
def eigvalsh(x: Any, UPLO: str | None = None) -> Any:
    """Eigenvalues of a symmetric matrix, ascending."""
    return eigh(x, UPLO).eigenvalues


def _mirrored(x: Any, UPLO: str) -> Any:
    """The symmetric matrix whose lower (L) or upper (U) triangle is that of x."""
    if UPLO.upper() not in ("L", "U"):
        raise OpError(f'eigh: UPLO must be "L" or "U"; got {UPLO!r}')
    half, rest = (np.tril(x), np.tril(x, -1)) if UPLO.upper() == "L" else (np.triu(x), np.triu(x, 1))
    return half + transposed(rest)


# ---- singular values --------------------------------------------------------------------------------


def _svd(x: Any) -> Any:
    """U (m, k), S (k,) and V (n, k) on top of each other: (m + 1 + n, k)."""
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    return np.concatenate([u, s[..., None, :], transposed(vt)], axis=-2)


def _svd_parts(packed: Any, m: int) -> tuple[Any, Any, Any]:
    return packed[..., :m, :], packed[..., m : m + 1, :], packed[..., m + 1 :, :]


def _svd_vjp(g: Any, y: Any, x: Any) -> Any:
    """Townsend, eq. 25 and 26; S is a row, so `u * s` is U diag(S)."""
    m = np.shape(x)[-2]
    (u, s, v), (gu, gs, gv) = _svd_parts(y, m), _svd_parts(g, m)
    gaps, inverse = _inverse_gaps(s[..., 0, :] ** 2), _inverse(s)
    ut_gu, vt_gv = np.matmul(transposed(u), gu), np.matmul(transposed(v), gv)
    left = gaps * (ut_gu - transposed(ut_gu)) * s
    right = transposed(s) * gaps * (vt_gv - transposed(vt_gv))
    outside_u = (gu - np.matmul(u, ut_gu)) * inverse
    outside_v = (gv - np.matmul(v, vt_gv)) * inverse
    core = np.matmul(np.matmul(u, left + right) + u * gs + outside_u, transposed(v))
    return core + np.matmul(u, transposed(outside_v))


SVD = register(
    Op(
        "svd", _svd, (_svd_vjp,),
        ("u (f ⊙ (uᵀgu − guᵀu) s + s f ⊙ (vᵀgv − gvᵀv) + diag(gs)) vᵀ + (I − u uᵀ) gu s⁻¹ vᵀ + u s⁻¹ gvᵀ (I − v vᵀ)",),
        text="(u, s, v): x = u diag(s) vᵀ", domain=conditioned,
        cases=(case((3, 3)), case((4, 2)), case((2, 4)), case((3, 4, 2)), case((1, 1))),
        note="f = 1 / (sⱼ² − sᵢ²). The vectors of equal or zero singular values are not unique and have no gradient; "
        "functions of them that do not depend on the choice are right.",
    )
)  # fmt: skip


@implements(np.linalg.svd)
def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """Singular value decomposition in its reduced form, or the singular values alone.

    Raises
    ------
    OpError
        For a matrix that is not square with full_matrices=True: the extra vectors have no gradient.
    """
    m, n = x.shape[-2:]
    if compute_uv and full_matrices and m != n:
        raise OpError(
            f"svd on a Tensor of shape {x.shape}: full_matrices=True has vectors without a gradient; "
            f"pass full_matrices=False"
        )
    u, s, v = _svd_parts(SVD(x), m)
    return SVDResult(u, s[..., 0, :], transposed(v)) if compute_uv else s[..., 0, :]


@implements(np.linalg.svdvals)
def svdvals(x: Any) -> Any:
    """Singular values, descending."""
    return svd(x, compute_uv=False)
