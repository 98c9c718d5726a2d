"""NumPy functions on Tensors: the value is NumPy's own, the gradients those of NumPy's function."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.referee import check_first_order, check_second_order, tensors
from tinygrad_cn.errors import OpError
from tinygrad_cn.ops import numpy_api, numpy_stats
from tinygrad_cn.ops.op import NUMPY, PLAIN, REGISTRY, Case, Op, distinct

Shape = tuple[int, ...]


def flat(parts: Any) -> Any:
    """Several results as one vector."""
    return np.concatenate([np.ravel(p) for p in parts])


# The NumPy function a row is about, a call of it, and the shapes to call it on.
CALLS: list[tuple[Any, Callable[..., Any], tuple[Shape, ...]]] = [
    # methods of ufuncs
    ((np.add, "reduce"), lambda x: np.add.reduce(x), ((3, 4),)),
    ((np.add, "reduce"), lambda x: np.add.reduce(x, axis=None), ((3, 4),)),
    ((np.multiply, "reduce"), lambda x: np.multiply.reduce(x, axis=1, keepdims=True), ((3, 4),)),
    ((np.maximum, "reduce"), lambda x: np.maximum.reduce(x), ((3, 4),)),
    ((np.minimum, "reduce"), lambda x: np.minimum.reduce(x, axis=(0, 1)), ((3, 4),)),
    ((np.logaddexp, "reduce"), lambda x: np.logaddexp.reduce(x), ((3, 4),)),
    ((np.add, "accumulate"), lambda x: np.add.accumulate(x), ((3, 4),)),
    ((np.multiply, "accumulate"), lambda x: np.multiply.accumulate(x, axis=1), ((3, 4),)),
    *[
        ((f, "outer"), f.outer, ((3,), (2, 2)))
        for f in (np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum, np.arctan2, np.hypot)
    ],
    ((np.power, "outer"), lambda x, y: np.power.outer(np.exp(x), y), ((3,), (2,))),
    # entry by entry
    (np.real, np.real, ((3,),)),
    (np.real_if_close, np.real_if_close, ((3,),)),
    (np.conjugate, np.conj, ((3,),)),
    (np.copy, np.copy, ((3,),)),
    (np.round, np.round, ((3, 4),)),
    (np.round, lambda x: np.round(x * 50, -1), ((3, 4),)),
    (np.around, lambda x: np.around(x, 1), ((3, 4),)),
    (np.fix, np.fix, ((3, 4),)),
    (np.modf, lambda x: flat(np.modf(x)), ((3, 4),)),
    (np.divmod, lambda x, y: flat(np.divmod(x, 1.7 + 0 * y)), ((3, 4), (4,))),
    (np.clip, lambda x: np.clip(x, -0.5, 0.55), ((3, 4),)),
    (np.clip, lambda x, lo, hi: np.clip(x, lo, 0.3 + np.abs(hi)), ((3, 4), (4,), (3, 1))),
    (np.clip, lambda x: np.clip(x, min=0.15), ((3, 4),)),
    (np.clip, lambda x: np.clip(x, None, 0.15), ((3, 4),)),
    (np.nan_to_num, lambda x: np.nan_to_num(np.where([True, False, False], np.nan, x), nan=2.5), ((3,),)),
    (np.nan_to_num, lambda x: np.nan_to_num(np.where([True, False, False], -np.inf, x), neginf=1.0), ((3,),)),
    (np.select, lambda x, y: np.select([[True, False, False], [True, True, False]], [x, y], 1.5), ((3,), (2, 3))),
    (np.linspace, lambda x, y: np.linspace(x, y, 5), ((), ())),
    (np.linspace, lambda x, y: np.linspace(x, y, 4, endpoint=False, axis=-1), ((2, 3), (3,))),
    # shape
    (np.ravel, np.ravel, ((2, 3),)),
    *[(np.rollaxis, lambda x, a=a, s=s: np.rollaxis(x, a, s), ((2, 3, 4),)) for a in (0, 2, -2) for s in (0, 2, 3, -1)],
    (np.flipud, np.flipud, ((3, 2),)),
    (np.fliplr, np.fliplr, ((3, 2),)),
    (np.broadcast_arrays, lambda x, y: flat(np.broadcast_arrays(x, y)), ((3, 1), (2,))),
    *[
        (f, f, (shape,))
        for f in (np.atleast_1d, np.atleast_2d, np.atleast_3d)
        for shape in ((), (3,), (2, 3), (2, 3, 4), (2, 1, 3, 2))
    ],
    (np.atleast_2d, lambda x, y: flat(np.atleast_2d(x, y)), ((3,), ())),
    *[(np.pad, lambda x, w=w: np.pad(x, w), ((2, 3),)) for w in (0, 2, (1,), (2, 1), ((2, 1),), ((1, 2), (0, 3)))],
    (np.pad, lambda x: np.pad(x, 1, constant_values=2.0), ((2, 3),)),
    *[
        (np.pad, lambda x, mode=mode: np.pad(x, ((4, 1), (0, 2)), mode=mode), ((2, 3),))
        for mode in ("edge", "reflect", "symmetric", "wrap")
    ],
    # join
    (np.vstack, lambda x, y: np.vstack([x, y]), ((3,), (2, 3))),
    (np.vstack, np.vstack, ((2, 3),)),
    (np.hstack, lambda x, y: np.hstack([x, y]), ((3,), (2,))),
    (np.hstack, lambda x, y: np.hstack((x, y)), ((2, 3), (2, 1))),
    (np.hstack, lambda x: np.hstack([x, 1.5]), ((),)),
    (np.dstack, lambda x, y: np.dstack([x, y]), ((2, 3), (2, 3))),
    (np.column_stack, lambda x, y: np.column_stack([x, y]), ((3,), (3, 2))),
    (np.append, lambda x, y: np.append(x, y), ((2, 2), (3,))),
    (np.append, lambda x: np.append(x, [[1.0, 2.0]], axis=0), ((2, 2),)),
    # split
    (np.split, lambda x: flat(np.split(x, 3)), ((6, 2),)),
    (np.split, lambda x: flat(np.split(x, [1, 4, 4, 9], axis=-1)[::-1]), ((2, 6),)),
    (np.array_split, lambda x: flat(np.array_split(x, 4)[::-1]), ((6, 2),)),
    (np.vsplit, lambda x: flat(np.vsplit(x, [1])[::-1]), ((3, 2),)),
    (np.hsplit, lambda x: flat(np.hsplit(x, [2])[::-1]), ((3,),)),
    (np.hsplit, lambda x: flat(np.hsplit(x, 2)[::-1]), ((3, 2),)),
    (np.dsplit, lambda x: flat(np.dsplit(x, 2)[::-1]), ((1, 3, 2),)),
    (np.delete, lambda x: np.delete(x, [0, -1], axis=1), ((2, 4),)),
    (np.delete, lambda x: np.delete(x, 2), ((2, 4),)),
    # differences and integrals
    (np.diff, np.diff, ((2, 4),)),
    (np.diff, lambda x: np.diff(x, 2, axis=0), ((4, 2),)),
    (np.diff, lambda x, y: np.diff(x, prepend=0.5, append=y), ((2, 4), (2, 2))),
    (np.ediff1d, lambda x: np.ediff1d(x, to_end=[1.0, 2.0], to_begin=3.0), ((2, 3),)),
    (np.gradient, np.gradient, ((5,),)),
    (np.gradient, lambda x: flat(np.gradient(x, 0.5)), ((3, 4),)),
    (np.gradient, lambda x: flat(np.gradient(x, 2.0, [0.0, 1.0, 4.0, 4.5], edge_order=2)), ((3, 4),)),
    (np.gradient, lambda x: flat(np.gradient(x, axis=(2, 0))), ((3, 2, 4),)),
    (np.gradient, lambda x, h: np.gradient(x, h + 2), ((5,), ())),
    (np.trapezoid, lambda y: np.trapezoid(y, dx=0.5), ((2, 4),)),
    (np.trapezoid, lambda y, x: np.trapezoid(y, x, axis=0), ((4, 2), (4,))),
    (np.trapezoid, lambda y, x: np.trapezoid(y, x, axis=0), ((4, 2), (4, 2))),
    # polynomials
    (np.polyval, np.polyval, ((4,), (2, 3))),
    (np.vander, np.vander, ((4,),)),
    (np.vander, lambda x: np.vander(x, 3, increasing=True), ((4,),)),
    # statistics
    (np.ptp, np.ptp, ((3, 4),)),
    (np.ptp, lambda x: np.ptp(x, axis=1, keepdims=True), ((3, 4),)),
    (np.nansum, lambda x: np.nansum(np.where([True, False], np.nan, x), axis=1), ((3, 2),)),
    (np.nanmean, lambda x: np.nanmean(np.where([True, False, False], np.nan, x), axis=1, keepdims=True), ((2, 3),)),
    (np.average, np.average, ((3, 4),)),
    (np.average, lambda x, w: np.average(x, weights=np.abs(w)), ((3, 4), (3, 4))),
    (np.average, lambda x, w: flat(np.average(x, 1, np.abs(w), returned=True)), ((3, 4), (4,))),
    (np.average, lambda x: np.average(x, axis=0, weights=[1.0, 2.0, 3.0], keepdims=True), ((3, 4),)),
    (np.quantile, lambda x: np.quantile(x, [[0.0, 0.3], [0.5, 1.0]], axis=1), ((3, 4),)),
    (np.quantile, lambda x: np.quantile(x, [0.2, 0.9], axis=0, keepdims=True), ((5, 2),)),
    (np.quantile, lambda x, q: np.quantile(x, 0.4 + q / 10, axis=0), ((5, 2), (3,))),
    (np.percentile, lambda x: np.percentile(x, 40), ((3, 4),)),
    (np.median, lambda x: np.median(x, keepdims=True), ((3, 4),)),
    (np.median, lambda x: np.median(x, axis=-1), ((2, 5),)),
    (np.cov, np.cov, ((3, 5),)),
    (np.cov, lambda x, y: np.cov(x, y, rowvar=False, bias=True), ((5, 2), (5,))),
    (np.cov, lambda x: np.cov(x, ddof=2), ((5,),)),
    (np.corrcoef, np.corrcoef, ((3, 5),)),
]


def name(function: Any) -> str:
    return f"{function[0].__name__}.{function[1]}" if isinstance(function, tuple) else str(function.__name__)


each_call = pytest.mark.parametrize(
    ("f", "shapes"), [pytest.param(f, shapes, id=f"{name(of)}-{i}") for i, (of, f, shapes) in enumerate(CALLS)]
)


def samples(shapes: Sequence[Shape]) -> list[Any]:
    rng = np.random.default_rng(0)
    return [distinct(rng, shape) for shape in shapes]


@each_call
def test_value_and_gradient(f: Callable[..., Any], shapes: Sequence[Shape]) -> None:
    check_first_order(f, samples(shapes))


@each_call
def test_second_order(f: Callable[..., Any], shapes: Sequence[Shape]) -> None:
    check_second_order(f, samples(shapes))


@each_call
def test_float32_is_widened_only_where_numpy_does(f: Callable[..., Any], shapes: Sequence[Shape]) -> None:
    single = [np.asarray(x, np.float32) for x in samples(shapes)]
    assert f(*tensors(single)).dtype in (np.float32, np.asarray(f(*single)).dtype)


def test_every_function_here_has_a_row() -> None:
    modules = (numpy_api.__name__, numpy_stats.__name__)
    written = {k for k, f in NUMPY.items() if getattr(getattr(f, "func", f), "__module__", "") in modules}
    assert len(written) > 60
    assert written == {of for of, _, _ in CALLS}


# ---- records that stand for a NumPy function --------------------------------------------------------

FUNCTIONS = [
    (f, op)
    for f, op in NUMPY.items()
    if isinstance(op, Op) and not isinstance(f, (np.ufunc, tuple)) and f.__module__ == "numpy"
]


@pytest.mark.parametrize(
    ("function", "op", "case"),
    [pytest.param(f, op, c, id=f"{f.__name__}-{i}") for f, op in FUNCTIONS for i, c in enumerate(op.cases)],
)
def test_forward_is_the_numpy_function(function: Callable[..., Any], op: Op, case: Case) -> None:
    inputs = op.sample(np.random.default_rng(0), case)
    want = function(inputs, **case.options) if op.sequence else function(*inputs, **case.options)
    np.testing.assert_allclose(op.forward(*inputs, **case.options), want, rtol=1e-13, atol=1e-15)


# ---- no gradient ------------------------------------------------------------------------------------

X = np.array([[0.5, -1.0, np.nan], [2.0, 0.0, 1.0]])


@pytest.mark.parametrize(
    "call",
    [
        np.isnan, np.isfinite, np.signbit, np.nanargmax, np.argsort, np.nonzero, np.count_nonzero, np.shape, np.ndim,
        np.size, np.zeros_like, np.ones_like, np.array_repr, np.unique, np.result_type, np.isrealobj, np.any,
        lambda x: np.greater(x, 0.0), lambda x: np.logical_and(x, x > 0), lambda x: np.full_like(x, 2.0),
        lambda x: np.array_equal(x, x, equal_nan=True), lambda x: np.allclose(x, x), lambda x: np.argmax(x, axis=1),
        lambda x: np.searchsorted([0.0, 1.0], x), lambda x: np.isin(x, [0.0, 1.0]),
        lambda x: np.linalg.matrix_rank(x[:, :2]), lambda x: np.triu_indices_from(x[:, 1:]),
        lambda x: np.logical_or.reduce(x, axis=0), lambda x: np.lexsort([x[0], x[1]]),
    ],
)  # fmt: skip
def test_a_function_without_gradient_gives_plain_numpy(call: Callable[[Any], Any]) -> None:
    got, want = call(tg.tensor(X, requires_grad=True)), call(X)
    assert type(got) is type(want)
    np.testing.assert_equal(got, want)


# ---- refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda x: np.split(x, 4), ValueError, "equal division"),
        (lambda x: np.pad(x, 1, mode="mean"), OpError, "constant, edge, reflect, symmetric or wrap; got mode='mean'"),
        (lambda x: np.pad(x, 1, "reflect", reflect_type="odd"), OpError, "got mode='reflect', reflect_type='odd'"),
        (lambda x: np.gradient(x, edge_order=2), ValueError, "axis 1 has 2 entries; edge_order=2 needs 3"),
        (lambda x: np.gradient(x, 1.0, 2.0, 3.0), OpError, "3 spacings for 2 axes"),
        (lambda x, bad=3: np.gradient(x, edge_order=bad), OpError, "1 or 2; got 3"),
        (lambda x: np.diff(x, -1), OpError, "0 or more; got -1"),
        (lambda x: np.select([x > 0], [x, x]), ValueError, "1 conditions for 2 choices"),
        (lambda x: np.sum(x, where=True), OpError, r"takes the options \['axis', 'keepdims'\]; got \['where'\]"),
        (lambda x: np.fft.fft(x), OpError, "np.fft.fft does not record gradients"),
        (lambda x: np.add(x, 1.0, out=np.empty((3, 2))), OpError, "out="),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said(call: Callable[[Any], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call(tg.tensor(np.ones((3, 2)), requires_grad=True))


def test_no_function_is_both_recorded_and_without_gradient() -> None:
    recorded = {f for f, h in NUMPY.items() if h is not PLAIN}
    assert {np.sum, np.matmul, np.where} <= recorded
    assert all(op in REGISTRY.values() for op in NUMPY.values() if isinstance(op, Op))
