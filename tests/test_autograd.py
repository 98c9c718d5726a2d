"""The engine: accumulation, freeing, hooks, modes, broadcasting."""

import contextlib
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import autograd
from tinygrad_cn.errors import GraphError, OpError, ShapeError
from tinygrad_cn.ops.op import Op


def leaf(value: Any, name: str | None = None) -> tg.Tensor:
    return tg.tensor(np.asarray(value, dtype=float), requires_grad=True, name=name)


def grad_of(t: tg.Tensor) -> Any:
    assert t.grad is not None
    return t.grad


# ---- accumulation -----------------------------------------------------------------------------------


def test_repeated_backward_accumulates_on_leaves_and_only_there() -> None:
    x = leaf([1.0, 2.0])
    z = x * 3.0
    J = (z * z).sum()
    for times in (1, 2, 3):
        J.backward()
        np.testing.assert_array_equal(grad_of(x), times * np.array([18.0, 36.0]))
        np.testing.assert_array_equal(grad_of(z), [6.0, 12.0])
        assert grad_of(J) == 1.0


def test_two_costs_accumulate_on_a_shared_leaf() -> None:
    x = leaf(2.0)
    (x * 3.0).backward()
    (x * x).backward()
    assert grad_of(x) == 7.0


def test_a_leaf_used_many_times_gets_the_sum() -> None:
    x = leaf([1.0, -2.0])
    (x * x + x - x * 0.5 + x.T @ x).sum().backward()
    np.testing.assert_array_equal(grad_of(x), 2 * x.numpy() + 0.5 + 2 * 2 * x.numpy())


def test_grad_can_be_reset_and_set() -> None:
    x = leaf([1.0, 2.0])
    x.grad = [1, 1]
    (x * 2.0).sum().backward()
    np.testing.assert_array_equal(grad_of(x), [3.0, 3.0])
    x.grad = None
    assert x.grad is None
    with pytest.raises(ShapeError, match=r"grad of a tensor \(2,\) must have its shape; got \(3,\)"):
        x.grad = np.ones(3)


def test_what_no_gradient_reaches_stays_none() -> None:
    x, unused, data = leaf(1.0), leaf(1.0), tg.tensor(1.0)
    (x * data).backward()
    assert unused.grad is None
    assert data.grad is None


def test_a_diamond_is_walked_once_per_node() -> None:
    x = leaf(3.0)
    a = x * x
    b, c = a * 2.0, a * 5.0
    (b * c).backward()
    assert grad_of(a) == 2 * 10 * 9
    assert grad_of(x) == 40 * 27


def test_gradients_are_never_shared_between_tensors() -> None:
    a, b, c = leaf([1.0, 2.0]), leaf([3.0, 4.0]), leaf(np.ones((2, 2)))
    total = a + b
    (total + c.reshape(4)[:2] + c.T[0] + c.sum(axis=0)).sum().backward()
    grads = [grad_of(t) for t in (a, b, c, total)]
    for i, g in enumerate(grads):
        assert not any(np.shares_memory(g, h) for h in grads[:i])
        assert g.flags.owndata or g.base is None
        assert g.flags.writeable


VIEWS: list[Callable[[tg.Tensor], tg.Tensor]] = [
    lambda x: x.T,
    lambda x: x.reshape(4),
    lambda x: x.sum(axis=0),
    lambda x: x + 0.0,
    lambda x: np.flip(x, axis=0),
    lambda x: np.broadcast_to(x, (2, 2)),
]


@pytest.mark.parametrize("f", VIEWS)
def test_a_gradient_that_arrives_as_a_view_is_copied(f: Callable[[tg.Tensor], tg.Tensor]) -> None:
    x = leaf(np.ones((2, 2)))
    y = f(x)
    for _ in range(2):
        y.backward(np.ones(y.shape))
    assert not np.shares_memory(grad_of(x), grad_of(y))
    np.testing.assert_array_equal(grad_of(x), np.full((2, 2), 2.0))
    np.testing.assert_array_equal(grad_of(y), np.ones(y.shape))


@pytest.mark.parametrize("handed_back", [lambda g, y, x: y, lambda g, y, x: x, lambda g, y, x: g])
def test_a_vjp_that_hands_back_an_array_it_was_given_does_not_alias_it(handed_back: Callable[..., Any]) -> None:
    op = tg.op("handed", lambda x: x + 1.0, vjp=handed_back)
    x = leaf([1.0, 2.0])
    y = op(x)
    for _ in range(2):
        y.backward(np.ones(2))
    grad_of(x)[:] = 7.0
    np.testing.assert_array_equal(x.numpy(), [1.0, 2.0])
    np.testing.assert_array_equal(y.numpy(), [2.0, 3.0])
    np.testing.assert_array_equal(grad_of(y), [1.0, 1.0])


def test_an_array_that_a_vjp_keeps_is_not_added_to() -> None:
    kept = np.array([1.0, 2.0])
    f = Op("kept", lambda x: x * 1.0, (lambda g, y, x: kept,))
    x = tg.tensor([5.0, 6.0], requires_grad=True)
    (f(x) + f(x)).sum().backward()
    np.testing.assert_array_equal(kept, [1.0, 2.0])
    np.testing.assert_array_equal(grad_of(x), [2.0, 4.0])


# ---- the gradient at the output ---------------------------------------------------------------------


def test_backward_takes_a_gradient_for_the_output() -> None:
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    (x * x).backward([[1, 0], [0, -1]])
    np.testing.assert_array_equal(grad_of(x), [[2.0, 0.0], [0.0, -8.0]])


def test_the_callers_gradient_is_not_written_to() -> None:
    x, seed = leaf([1.0, 2.0]), np.ones(2)
    y = x + 0.0
    y.backward(seed)
    grad_of(x)[:] = 5.0
    grad_of(y)[:] = 5.0
    np.testing.assert_array_equal(seed, [1.0, 1.0])


def test_a_single_entry_needs_no_gradient_whatever_its_shape() -> None:
    x = leaf(np.full((1, 1), 3.0))
    (x * x).backward()
    np.testing.assert_array_equal(grad_of(x), [[6.0]])


def test_backward_refuses_what_it_cannot_do() -> None:
    x = leaf([1.0, 2.0], "x")
    with pytest.raises(ShapeError, match=r"a gradient is of a scalar .*; Y \(2,\) has 2 entries"):
        (x * 2.0).named("Y").backward()
    with pytest.raises(ShapeError, match=r"grad must have the shape of Y \(2,\); got \(3,\)"):
        (x * 2.0).named("Y").backward(np.ones(3))
    with pytest.raises(GraphError, match=r"backward\(\) on Z \(2,\): nothing was recorded"):
        tg.tensor([1.0, 2.0], name="Z").backward(np.ones(2))
    with pytest.raises(ValueError, match=r'keep must be "all" or "leaves"; got \'some\''):
        x.sum().backward(keep="some")


# ---- keep="leaves" ----------------------------------------------------------------------------------


def test_keep_leaves_gives_leaves_their_gradient_and_frees_the_rest() -> None:
    x = leaf([1.0, 2.0])
    z = x * 3.0
    J = (z * z).sum()
    J.backward(keep="leaves")
    np.testing.assert_array_equal(grad_of(x), [18.0, 36.0])
    assert z.grad is None
    assert J._inputs == ()
    assert not z.is_leaf


def test_a_second_backward_through_a_freed_graph_is_refused_and_changes_nothing() -> None:
    x, w = leaf(2.0), leaf(5.0)
    z = x * x
    (z * 2.0).backward(keep="leaves")
    with pytest.raises(GraphError, match=r'backward\(keep="leaves"\) has freed this graph; run the forward pass again'):
        (z * w).backward()
    assert grad_of(x) == 8.0
    assert w.grad is None


def test_a_leaf_stays_usable_after_keep_leaves() -> None:
    x = leaf(2.0)
    for times in (1, 2):
        (x * x).backward(keep="leaves")
        assert grad_of(x) == 4.0 * times


# ---- hooks ------------------------------------------------------------------------------------------


def test_a_hook_sees_the_complete_gradient_once() -> None:
    x = leaf(2.0)
    a = x * 3.0
    seen: list[Any] = []
    a.register_hook(lambda g: seen.append(float(g)))
    (a * a + a).backward()
    assert seen == [13.0]


def test_a_hook_on_an_intermediate_replaces_its_gradient_from_there_on() -> None:
    x = leaf([2.0, 3.0])
    a = x * 3.0
    a.register_hook(lambda g: g * 10)
    a.sum().backward()
    np.testing.assert_array_equal(grad_of(a), [10.0, 10.0])
    np.testing.assert_array_equal(grad_of(x), [30.0, 30.0])


def test_hooks_on_a_leaf_run_in_order_and_can_be_removed() -> None:
    x = leaf(1.0)
    remove = x.register_hook(lambda g: g + 1)
    x.register_hook(lambda g: g * 2)
    (x * 1.0).backward()
    assert grad_of(x) == 4.0
    remove()
    remove()
    x.grad = None
    (x * 1.0).backward()
    assert grad_of(x) == 2.0


def test_what_a_hook_returns_is_copied_and_keeps_the_dtype() -> None:
    x = tg.tensor(np.ones(2, np.float32), requires_grad=True)
    mine = np.full(2, 3.0)
    x.register_hook(lambda g: mine)
    (x * x).sum().backward()
    (x * x).sum().backward()
    assert grad_of(x).dtype == np.float32
    np.testing.assert_array_equal(grad_of(x), [6.0, 6.0])
    np.testing.assert_array_equal(mine, [3.0, 3.0])


def test_a_hook_that_returns_another_shape_is_refused() -> None:
    x = leaf([1.0, 2.0], "x")
    x.register_hook(lambda g: np.ones(3))
    with pytest.raises(ShapeError, match=r"a hook of x \(2,\) returned shape \(3,\)"):
        x.sum().backward()


def test_a_hook_needs_a_tensor_with_a_gradient() -> None:
    with pytest.raises(GraphError, match="does not require a gradient"):
        tg.tensor(1.0).register_hook(lambda g: g)
    with pytest.raises(OpError, match="hook must be a function of the gradient; got 5"):
        leaf(1.0).register_hook(5)  # type: ignore[arg-type]


def test_hooks_take_part_in_second_derivatives() -> None:
    x = leaf(3.0)
    a = x * x
    a.register_hook(lambda g: g * 2)
    first = tg.grad(a, x, create_graph=True)
    assert first.item() == 12.0
    assert tg.grad(first, x) == 4.0


# ---- modes ------------------------------------------------------------------------------------------


def test_no_grad_records_nothing_and_restores() -> None:
    x = leaf(1.0)
    with tg.no_grad():
        y = x * 2.0
        with tg.no_grad():
            pass
        assert not (x + 1.0).requires_grad
    assert not y.requires_grad
    assert y._inputs == ()
    assert (x * 2.0).requires_grad


def test_no_grad_restores_after_an_error() -> None:
    with contextlib.suppress(ZeroDivisionError), tg.no_grad():
        raise ZeroDivisionError
    assert (leaf(1.0) * 2.0).requires_grad


def test_no_grad_is_local_to_the_thread() -> None:
    x, recorded = leaf(1.0), []
    with tg.no_grad():
        worker = threading.Thread(target=lambda: recorded.append((x * 2.0).requires_grad))
        worker.start()
        worker.join()
    assert recorded == [True]


def test_no_grad_decorates_a_function() -> None:
    x = leaf(1.0)

    @tg.no_grad()
    def predict() -> tg.Tensor:
        return x * 2.0

    assert not predict().requires_grad
    assert not predict().requires_grad


def test_detach_cuts_the_gradient_and_shares_the_value() -> None:
    x = leaf([3.0])
    a = x * x
    cut = a.detach()
    (a * cut).backward()
    assert cut.numpy() is not None
    assert np.shares_memory(cut.numpy(), a.numpy())
    np.testing.assert_array_equal(grad_of(x), [9.0 * 6.0])


# ---- broadcasting -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "out"),
    [((), (2, 3)), ((3,), (2, 3)), ((2, 1), (2, 3)), ((1, 1), (2, 3)), ((1, 3), (4, 2, 3)), ((3,), (3,))],
)
def test_unbroadcast_sums_over_stretched_axes(shape: tuple[int, ...], out: tuple[int, ...]) -> None:
    g = np.arange(float(np.prod(out))).reshape(out)
    got = autograd.unbroadcast(g, shape)
    assert got.shape == shape
    assert np.sum(got) == np.sum(g)
    x = np.random.default_rng(0).normal(size=shape)
    assert np.sum(got * x) == pytest.approx(np.sum(g * np.broadcast_to(x, out)), rel=1e-12)


def test_unbroadcast_of_an_empty_axis_gives_zero() -> None:
    np.testing.assert_array_equal(autograd.unbroadcast(np.ones((0, 3)), (1, 3)), np.zeros((1, 3)))


def test_a_recorded_vjp_of_another_shape_is_refused_in_backward() -> None:
    op = tg.op("halved", lambda x: x * 2.0, vjp=lambda g, y, x: g if x.shape != (4,) else g[:2])
    x = leaf(np.ones(4), "x")
    with pytest.raises(ShapeError, match=r"op 'halved': the vjp of x returned shape \(2,\) for x \(4,\)"):
        op(x).sum().backward()
