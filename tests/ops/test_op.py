"""The record itself: `tg.op` for one's own ops, and what it refuses."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.referee import EXACT, assert_close, check_first_order, check_second_order, of_record
from tinygrad_cn.errors import OpError, ShapeError
from tinygrad_cn.ops.op import REGISTRY, Op, away_from, case, distinct, interval, register


def swish(**record: Any) -> Op:
    return tg.op(
        "swish",
        lambda x: x / (1 + np.exp(-x)),
        vjp=lambda g, y, x: g * _swish_slope(x),
        formula=("g ⊙ (s + x ⊙ s ⊙ (1 − s))",),
        **record,
    )


def _swish_slope(x: Any) -> Any:
    s = 1 / (1 + np.exp(-x))
    return s + x * s * (1 - s)


# ---- an op of one's own -----------------------------------------------------------------------------


def test_an_own_op_has_its_gradient_at_first_and_second_order() -> None:
    op = swish(analytic=True)
    for c in op.cases:
        check_first_order(**of_record(op, c))
        check_second_order(**of_record(op, c))


def test_an_own_op_runs_on_plain_arrays() -> None:
    got = swish()(np.array([0.0, 1.0]))
    assert type(got) is np.ndarray
    assert_close(got, [0.0, 1 / (1 + np.exp(-1))], EXACT)


def test_an_own_op_broadcasts() -> None:
    op = tg.op("scaled", lambda a, b: a * b, vjp=(lambda g, y, a, b: g * b, lambda g, y, a, b: g * a))
    a, b = tg.tensor(np.ones((2, 3)), requires_grad=True), tg.tensor(np.full((2, 1), 2.0), requires_grad=True)
    op(a, b).sum().backward()
    np.testing.assert_array_equal(a.grad, np.full((2, 3), 2.0))
    np.testing.assert_array_equal(b.grad, np.full((2, 1), 3.0))


def test_an_own_op_with_options() -> None:
    op = tg.op("leaky", lambda x, slope=0.1: np.where(x > 0, x, slope * x),
               vjp=lambda g, y, x, slope=0.1: np.where(x > 0, g, slope * g), domain=away_from(0.0))  # fmt: skip
    x = tg.tensor([-1.0, 2.0], requires_grad=True)
    op(x, slope=0.3).sum().backward()
    np.testing.assert_array_equal(x.grad, [0.3, 1.0])


def test_an_own_op_is_not_put_into_the_registry() -> None:
    assert swish().name not in REGISTRY


def test_an_own_op_shows_its_name_formula_and_domain() -> None:
    op = swish(domain=(0.0, 1.0))
    assert repr(op) == "<op swish: swish(x)>"
    assert op.__doc__ == "swish: y = swish(x)\n  gradient of x: g ⊙ (s + x ⊙ s ⊙ (1 − s))"
    assert op.formula[0].latex.split() == r"g \odot (s + x \odot s \odot (1 - s))".split()
    (x,) = op.sample(np.random.default_rng(0), case((1000,)))
    assert 0 <= x.min() < 0.1
    assert 0.9 < x.max() < 1


def test_an_op_without_gradient_for_one_input() -> None:
    op = tg.op("masked", lambda x, m: x * m, vjp=(lambda g, y, x, m: g * m, None))
    x, m = tg.tensor([1.0, 2.0], requires_grad=True), tg.tensor([0.0, 1.0], requires_grad=True)
    op(x, m).sum().backward()
    np.testing.assert_array_equal(x.grad, [0.0, 1.0])
    assert m.grad is None


# ---- refusals ---------------------------------------------------------------------------------------

Forward = Callable[..., Any]
REFUSED: list[tuple[str, Forward, Any, Any, str]] = [
    ("too many vjps", lambda x: x, (lambda g, y, x: g,) * 2, (),
     r"op 'f': forward takes 1 input\(s\), vjp has 2 entries; expected 1"),
    ("too few vjps", lambda a, b: a + b, (lambda g, y, a, b: g,), (),
     r"op 'f': forward takes 2 input\(s\), vjp has 1 entries; expected 2"),
    ("ufunc with another number of inputs", np.add, (lambda g, y, a: g,), (),
     r"op 'f': forward takes 2 input\(s\), vjp has 1 entries"),
    ("no vjp", lambda x: x, (), (), r"op 'f': vjp is empty; give one vjp\(g, y, \*inputs\) per input"),
    ("a vjp of g alone", lambda x: x, (lambda g: g,), (),
     r"op 'f': vjp\[0\] takes 1 positional arguments; expected 3: \(g, y, x\)"),
    ("a vjp without y", lambda a, b: a * b, (lambda g, y, a, b: g * b, lambda g, a, b: g * a), (),
     r"op 'f': vjp\[1\] takes 3 positional arguments; expected 4: \(g, y, a, b\)"),
    ("a vjp that is a number", lambda x: x, (1.0,), (), r"op 'f': vjp\[0\] must be callable or None; got float"),
    ("two formulas", lambda x: x, (lambda g, y, x: g,), ("g", "g"),
     r"op 'f': formula has 2 entries; expected one per input, 1"),
]  # fmt: skip


@pytest.mark.parametrize(("forward", "vjp", "formula", "message"), [pytest.param(*r[1:], id=r[0]) for r in REFUSED])
def test_a_record_that_does_not_fit_is_refused(forward: Forward, vjp: Any, formula: Any, message: str) -> None:
    with pytest.raises(OpError, match=message):
        tg.op("f", forward, vjp=vjp, formula=formula)


def test_a_forward_that_is_not_a_function_is_refused() -> None:
    with pytest.raises(OpError, match="op 'f': forward must be callable; got float"):
        tg.op("f", 2.0, vjp=lambda g, y, x: g)


def test_a_vjp_of_the_wrong_shape_is_refused_when_the_op_is_made() -> None:
    with pytest.raises(ShapeError) as caught:
        tg.op("total", lambda x: np.sum(x), vjp=lambda g, y, x: g, cases=(case((3, 4)),))
    assert str(caught.value) == (
        "op 'total': vjp[0] returned shape () for x of shape (3, 4); a gradient has the shape of its input"
    )


def test_a_vjp_that_forgot_to_transpose_is_refused_when_the_op_is_made() -> None:
    with pytest.raises(ShapeError, match=r"op 'turned': vjp\[0\] returned shape \(4, 3\) for x of shape \(3, 4\)"):
        tg.op("turned", np.transpose, vjp=lambda g, y, x: g, cases=(case((3, 4)),), inputs=("x",))


def test_a_vjp_of_the_wrong_shape_is_refused_in_backward() -> None:
    op = tg.op("total", lambda x: np.sum(x), vjp=lambda g, y, x: g, cases=(case(()),))
    x = tg.tensor(np.ones(3), requires_grad=True, name="x")
    with pytest.raises(ShapeError) as caught:
        op(x).backward()
    assert str(caught.value) == (
        "op 'total': the vjp of x returned shape () for x (3,); a gradient has the shape of its input"
    )


@pytest.mark.parametrize("returns_nothing", [lambda g, y, x: None, lambda g, y, x: print(end="")])
def test_a_vjp_without_return_is_refused(returns_nothing: Forward) -> None:
    with pytest.raises(OpError, match=r"op 'f': vjp\[0\] returned None; is its return missing\?"):
        tg.op("f", lambda x: x, vjp=returns_nothing)
    op = Op("f", lambda x: x, (returns_nothing,))
    with pytest.raises(OpError, match=r"op 'f': vjp\[0\] returned None"):
        op(tg.tensor([1.0], requires_grad=True)).backward()


def test_a_forward_that_does_not_take_the_samples_says_how_to_give_others() -> None:
    product = (lambda g, y, a, b: g @ b.T, lambda g, y, a, b: a.T @ g)
    with pytest.raises(
        OpError, match=r"forward, called with arrays of shape \(3, 4\), \(3, 4\), failed: .*give shapes"
    ):
        tg.op("product", lambda a, b: a @ b, vjp=product)
    tg.op("product", lambda a, b: a @ b, vjp=product, cases=[tg.ops.op.case((2, 3), (3, 4))])


def test_a_forward_that_returns_no_numbers_is_refused() -> None:
    with pytest.raises(OpError, match="must return an array of real numbers; got dtype object"):
        tg.op("f", lambda x: None, vjp=lambda g, y, x: g)


def test_a_second_op_of_the_same_name_is_refused_by_the_registry() -> None:
    with pytest.raises(OpError, match="op 'tanh' is already registered"):
        register(REGISTRY["tanh"])


# ---- where to sample --------------------------------------------------------------------------------


def test_domains_keep_their_promises() -> None:
    rng = np.random.default_rng(0)
    x = interval(-1.0, 3.0)(rng, (1000,))
    assert -1 <= x.min() < -0.9
    assert 2.9 < x.max() < 3
    assert np.abs(away_from(0.5)(rng, (1000,)) - 0.5).min() >= 0.1
    assert np.diff(np.sort(distinct(rng, (200,)))).min() >= 0.1
    assert distinct(rng, ()).shape == ()
