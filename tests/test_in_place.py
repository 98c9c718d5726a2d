"""Changes to `x.data` between forward and backward are noticed; those of a training loop are not in the way."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import autograd
from tinygrad_cn.errors import GraphError, OpError


def leaf(value: Any, name: str | None = None) -> tg.Tensor:
    return tg.tensor(np.asarray(value, dtype=float), requires_grad=True, name=name)


def grad_of(t: tg.Tensor) -> Any:
    assert t.grad is not None
    return t.grad


def assign(x: tg.Tensor) -> None:
    x.data = x.numpy() * 2


def add_in_place(x: tg.Tensor) -> None:
    x.data += 1


def set_entry(x: tg.Tensor) -> None:
    x.data[0] = 5.0


CHANGES = [assign, add_in_place, set_entry]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("read_before", [False, True])
@pytest.mark.parametrize("which", ["w", "x"])
def test_a_change_between_forward_and_backward_is_refused(
    change: Callable[[tg.Tensor], None], read_before: bool, which: str
) -> None:
    """Also of the input that needs no gradient itself: the other's gradient is made of it."""
    both = {"w": leaf([1.0, 2.0], "w"), "x": tg.tensor([3.0, 4.0], name="x")}
    if read_before:
        assert all(t.data.size == 2 for t in both.values())
    J = (both["w"] * both["x"]).sum()
    change(both[which])
    with pytest.raises(GraphError) as caught:
        J.backward()
    assert str(caught.value).startswith(
        f"{which} (2,) was changed in place after multiply(w (2,), x (2,)) had used it, so its gradient would be wrong."
    )


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_output_is_refused(change: Callable[[tg.Tensor], None]) -> None:
    x = leaf([1.0, 2.0])
    y = np.exp(x).named("y")
    change(y)
    with pytest.raises(GraphError, match=r"y \(2,\), made by exp\(a tensor \(2,\)\), was changed in place"):
        y.backward(np.ones(2))


def test_a_kept_reference_to_data_is_watched() -> None:
    x = leaf([1.0, 2.0])
    array = x.data
    J = (x * x).sum()
    array[1] = 7.0
    with pytest.raises(GraphError, match="changed in place"):
        J.backward()


def test_an_array_given_to_data_is_watched() -> None:
    x, mine = leaf([1.0, 2.0]), np.array([3.0, 4.0])
    x.data = mine
    J = (x * x).sum()
    mine[0] = 0.0
    with pytest.raises(GraphError, match="changed in place"):
        J.backward()


def test_a_change_through_a_detached_tensor_is_refused() -> None:
    x = leaf([1.0, 2.0])
    J = (x * x).sum()
    x.detach().data[0] = 7.0
    with pytest.raises(GraphError, match="changed in place"):
        J.backward()


def test_a_change_through_a_view_is_refused() -> None:
    x = leaf([1.0, 2.0], "x")
    J = (x * x).sum()
    x[:1].reshape(1, 1).data[0] = 7.0
    with pytest.raises(GraphError, match=r"x \(2,\) was changed in place"):
        J.backward()


def test_a_large_array_is_watched_too() -> None:
    x = leaf(np.zeros(100_000))
    J = (x * x).sum()
    x.data[77_777] = 1e-3
    with pytest.raises(GraphError, match="changed in place"):
        J.backward()


def test_training_loops_that_update_data_between_steps_are_fine() -> None:
    w, b = leaf(np.ones((2, 3)), "W"), leaf(np.zeros((2, 1)), "b")
    X = tg.tensor(np.arange(12.0).reshape(3, 4) / 10)
    costs = []
    for step in range(30):
        J = np.mean(np.square(w @ X + b - 1.0))
        J.backward(keep="all" if step % 2 else "leaves")
        for t in (w, b):
            if step % 3 == 0:
                t.data -= 0.1 * grad_of(t)
            elif step % 3 == 1:
                t.data = t.data - 0.1 * grad_of(t)
            else:
                t.data[...] = t.data - 0.1 * grad_of(t)
            t.grad = None
        costs.append(J.item())
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] < 0.2 * costs[0]


@pytest.mark.parametrize("change", CHANGES)
def test_a_step_looks_at_a_handed_out_array_twice(
    change: Callable[[tg.Tensor], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it is used, and when its gradient is: an array of a step is read as often as by arithmetic."""
    w = leaf(np.ones(2))
    w.data *= 2
    looks: list[Any] = []
    plain = autograd.checksum
    monkeypatch.setattr(autograd, "checksum", lambda a: (looks.append(a), plain(a))[1])
    (w * 3.0).sum().backward()
    change(w)
    assert len(looks) == 2


def test_a_change_before_the_forward_pass_is_fine() -> None:
    x = leaf([1.0, 2.0])
    x.data[0] = 10.0
    (x * x).sum().backward()
    np.testing.assert_array_equal(grad_of(x), [20.0, 4.0])


def test_numpy_view_is_read_only() -> None:
    x = leaf([1.0, 2.0])
    with pytest.raises(ValueError, match="read-only"):
        x.numpy()[0] = 3.0


def test_item_assignment_says_what_to_do_instead() -> None:
    x = leaf([1.0, 2.0])
    with pytest.raises(OpError, match=r"use np.where or np.concatenate"):
        x[0] = 3.0
