"""The numeric check beside each gradient: it agrees, it catches, it knows where it cannot tell."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.draw.html.chains import analytic, dense, residual
from tinygrad_cn import nn
from tinygrad_cn.chain import Chain
from tinygrad_cn.draw.html import checks
from tinygrad_cn.draw.html.checks import Checked, checker


def check(chain: Chain, name: str) -> Checked:
    found = checker(chain, 4)(chain.quantity(name))
    assert found is not None
    return found


def test_the_complex_step_where_every_op_is_analytic() -> None:
    found = check(analytic(), "dW1")
    assert (found.method, found.looked, found.total, found.ok) == ("complex step", 4, 6, True)
    assert found.error < 1e-15


@pytest.mark.parametrize("hidden", ["tanh", "relu"])
@pytest.mark.parametrize("name", ["dW1", "db1", "dW2", "db2"])
def test_the_central_difference_elsewhere(hidden: str, name: str) -> None:
    found = check(dense(hidden=hidden, m=40), name)
    assert (found.method, found.ok) == ("central difference", True)
    assert found.error < 1e-9


def test_gradients_through_skips_and_penalties() -> None:
    chain = residual()
    assert all(check(chain, name).ok for name in ("dW1", "dW2"))


@pytest.mark.parametrize("make", [analytic, dense])
def test_a_wrong_gradient_is_caught(make: object) -> None:
    chain = make()  # type: ignore[operator]
    chain.reader.values["W1"]._grad *= 1 + 1e-4
    assert not check(chain, "dW1").ok


def test_a_gradient_that_accumulated_twice_is_caught() -> None:
    chain = dense()
    chain.root.backward()  # type: ignore[attr-defined]
    assert not check(chain, "dW1").ok


def test_a_scaled_backward_is_scaled_in_the_check_too() -> None:
    W1 = tg.tensor([[0.5, -1.0]], requires_grad=True)
    J = np.mean(np.tanh(W1 @ np.ones((2, 3))))
    J.backward(grad=3.0)
    assert check(J.chain(), "dW1").ok


def test_float32_is_checked_to_its_own_precision() -> None:
    W1 = tg.tensor(np.float32([[0.5, -1.0]]), requires_grad=True)
    J = np.mean(np.tanh(W1 @ np.ones((2, 3), dtype=np.float32)))
    J.backward()
    found = check(J.chain(), "dW1")
    assert found.ok
    assert found.error < 1e-6


def test_an_entry_at_a_kink_is_counted_apart() -> None:
    W1, b1 = (tg.tensor(np.zeros(s), requires_grad=True) for s in ((1, 2), (1, 1)))
    J = np.mean(nn.ReLU()(W1 @ np.ones((2, 3)) + b1))
    J.backward()
    found = check(J.chain(), "dW1")
    assert (found.kinks, found.looked, found.ok) == (2, 2, True)


def test_nothing_to_check_before_backward_or_in_a_graph_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    before = dense(backward=False)
    assert checker(before, 4)(before.quantity("dW1")) is None
    monkeypatch.setattr(checks, "NUMBERS", 10)
    chain = dense()
    assert checker(chain, 4)(chain.quantity("dW1")) is None


def test_many_parameters_share_the_entries() -> None:
    chain = dense()
    found = checker(chain, 150)(chain.quantity("dW1"))
    assert found is not None
    assert found.looked == 1
