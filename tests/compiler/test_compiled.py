"""What stays true of a step when it is compiled: state, settings, errors, interruptions."""

import signal
import threading

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn, optim
from tinygrad_cn.compiler.replay import UNCERTAIN
from tinygrad_cn.errors import CompileError, CompileWarning, ShapeError

from .twins import BINARY, X, assert_same_numbers, side, small, twins


def adam():
    return small(optim.Adam)


def follow(plain, compiled, change, steps=3):
    """After the same change on both sides, both go on alike."""
    for one in (plain, compiled):
        change(one)
    assert_same_numbers(plain, compiled, X, BINARY, steps)


CHANGES = {
    "learning rate": lambda s: setattr(s.optimizer, "lr", 0.003),
    "parameter assigned": lambda s: setattr(s.net.W1, "data", np.full((5, 3), 0.3)),
    "parameter changed in place": lambda s: s.net.b1.data.fill(0.1),
    "state of the net": lambda s: s.net.load_state_dict({k: v / 2 for k, v in s.net.state_dict().items()}),
    "state of the optimiser": lambda s: s.optimizer.load_state_dict(s.optimizer.state_dict()),
    "count of steps": lambda s: [slot.update(t=1) for slot in s.optimizer.slots],
    "no gradients": lambda s: s.optimizer.zero_grad(),
    "option of the optimiser": lambda s: setattr(s.optimizer, "beta1", 0.5),
    "evaluation mode": lambda s: s.net.eval(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_is_changed_between_steps_takes_effect(change):
    plain, compiled = twins(adam)
    assert_same_numbers(plain, compiled, X, BINARY, 4)
    follow(plain, compiled, change)


def test_a_frozen_parameter_stays():
    plain, compiled = twins(small)
    assert_same_numbers(plain, compiled, X, BINARY, 4)
    for one in (plain, compiled):
        one.net.W1.requires_grad = False
        one.net.W1.grad = None
    before = compiled.net.W1.numpy().copy()
    for _ in range(4):
        assert compiled.step(X, BINARY) == pytest.approx(plain.step(X, BINARY), rel=1e-12)
    np.testing.assert_array_equal(compiled.net.W1.numpy(), before)


def test_schedules_are_followed():
    plain, compiled = twins(small)
    for k in range(6):
        plain.optimizer.lr = compiled.optimizer.lr = 1 / (1 + k)
        assert compiled.step(X, BINARY) == pytest.approx(plain.step(X, BINARY), rel=1e-12)


@pytest.mark.parametrize("where", ["before", "after", "never"])
def test_gradients_are_cleared_or_added_up_as_in_the_plain_step(where):
    def make():
        net = nn.DNN([3, 5, 1], hidden="tanh", seed=0)
        opt = optim.Momentum(net.parameters(), lr=0.01)

        def step(X, Y):
            if where == "before":
                opt.zero_grad()
            J = nn.binary_cross_entropy(net(X), Y)
            J.backward()
            opt.step()
            if where == "after":
                opt.zero_grad()
            return J

        return net, step

    (net, plain), (twin, step) = make(), make()
    step = tg.compile(step)
    for k in range(6):
        assert step(X * k, BINARY).item() == pytest.approx(plain(X * k, BINARY).item(), rel=1e-12)
    for p, q in zip(net.parameters(), twin.parameters(), strict=True):
        if where == "after":
            assert q.grad is None
        else:
            np.testing.assert_allclose(q.grad, p.grad, rtol=1e-9)


def test_other_shapes_are_recorded_again_and_said_once():
    plain, compiled = twins(small)
    assert_same_numbers(plain, compiled, X, BINARY, 3)
    with pytest.warns(CompileWarning, match=r"step is recorded again for arguments .*\(3, 5\)"):
        assert_same_numbers(plain, compiled, X[:, :5], BINARY[:, :5], 3)
    assert_same_numbers(plain, compiled, X[:, :4], BINARY[:, :4], 3)  # a second warning would be an error
    assert_same_numbers(plain, compiled, X, BINARY, 3)


def test_floats_are_read_anew_and_integers_recorded():
    w = tg.tensor([1.0, 2.0], requires_grad=True, name="w")
    opt = optim.SGD([w], lr=0.0)

    @tg.compile
    def step(scale, power):
        opt.zero_grad()
        J = np.sum(w**power) * scale
        J.backward()
        opt.step()
        return J.item(), scale + 1

    assert [step(float(k), 2) for k in range(5)] == [(5.0 * k, k + 1) for k in range(5)]
    with pytest.warns(CompileWarning, match="recorded again"):
        assert step(1.0, 3)[0] == 9.0


@pytest.mark.parametrize("shape", [(4, 3), (4, 2, 3)])
def test_dot_takes_an_array_from_outside_on_either_side(shape):
    A, B = np.arange(12.0).reshape(3, 4), np.arange(float(np.prod(shape))).reshape(shape)
    step = tg.compile(lambda A: [np.dot(B, A), A.T.dot(np.swapaxes(B, -1, -2))])
    for _ in range(2):
        left, right = step(A)
        np.testing.assert_array_equal(left, np.dot(B, A))
        np.testing.assert_array_equal(right, A.T.dot(np.swapaxes(B, -1, -2)))


def test_results_are_copies_in_the_shape_they_were_returned():
    net = nn.DNN([3, 5, 1], seed=0)
    opt = optim.SGD(net.parameters(), lr=0.1)

    @tg.compile
    def step(X, Y):
        A = net(X)
        J = nn.binary_cross_entropy(A, Y)
        opt.zero_grad()
        J.backward()
        opt.step()
        return {"J": J, "A": [A.numpy(), "text", None]}

    results = [step(X, BINARY) for _ in range(4)]
    assert results[3]["J"].item() < results[2]["J"].item()
    assert not results[3]["J"].requires_grad
    assert not np.allclose(results[3]["A"][0], results[2]["A"][0])
    assert results[3]["A"][1:] == ["text", None]


# ---- refusals ---------------------------------------------------------------------------------------


def looking(look):
    net = nn.DNN([3, 5, 1], seed=0)
    opt = optim.SGD(net.parameters(), lr=0.1)

    def step(X, Y):
        J = nn.binary_cross_entropy(net(X), Y)
        opt.zero_grad()
        J.backward()
        opt.step()
        look(J, net)
        return J.item()

    return net, step


LOOKS = {
    "float": lambda J, net: float(J),
    "bool": lambda J, net: bool(J < 1),
    "formatting": lambda J, net: f"{J.item():.3f}",
    "asarray": lambda J, net: np.asarray(J.numpy()),
    "index": lambda J, net: [1, 2][J.numpy()],
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_looking_at_a_value_is_refused_and_changes_nothing(look):
    net, step = looking(look)
    before = net.state_dict()
    with pytest.raises(CompileError, match=r"inside a compiled step: .* Return the value"):
        tg.compile(step)(X, BINARY)
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_fallback_runs_plainly_and_says_so_once():
    _, step = looking(lambda J, net: float(J))
    _, plain = looking(lambda J, net: float(J))
    step = tg.compile(step, fallback=True)
    with pytest.warns(CompileWarning, match="step is not compiled: float") as caught:
        costs = [step(X, BINARY) for _ in range(3)]
    assert len(caught) == 1
    assert costs == [plain(X, BINARY) for _ in range(3)]
    with pytest.raises(CompileError, match="not compiled"):
        print(step.source)


def test_random_numbers_of_an_unknown_generator_are_not_baked_in():
    net = nn.DNN([3, 5, 1], seed=0)
    rng, same = np.random.default_rng(1), np.random.default_rng(1)

    @tg.compile
    def step(X):
        J = np.sum(net(X + rng.standard_normal(X.shape)))
        J.backward()
        return J.item()

    with pytest.warns(CompileWarning, match="used other constants"):
        costs = [step(X) for _ in range(6)]
    assert costs == [np.sum(net(X + same.standard_normal(X.shape)).numpy()) for _ in range(6)]


def test_an_array_from_outside_that_is_written_is_refused():
    net, total = nn.DNN([3, 5, 1], seed=0), np.zeros((1, 11))

    def step(X):
        np.add(total, net(X).numpy(), out=total)

    with pytest.raises(CompileError, match=r"writes into an array \(1, 11\)"):
        tg.compile(step)(X)


def test_global_arrays_that_are_exchanged_are_noticed():
    net = nn.DNN([3, 5, 1], seed=0)
    batch = X

    def step():
        return np.sum(net(batch)).item()

    compiled = tg.compile(step)
    for _ in range(4):
        assert compiled() == pytest.approx(step())
    batch = 2 * X
    for _ in range(4):
        assert compiled() == pytest.approx(step())


def test_errors_of_the_step_come_through_and_leave_parameters_alone():
    plain, compiled = twins(small)
    assert_same_numbers(plain, compiled, X, BINARY, 3)
    before = compiled.net.state_dict()
    with pytest.raises(ShapeError, match="Y is"), pytest.warns(CompileWarning):
        compiled.step(X, BINARY[:, :3])
    for name, value in compiled.net.state_dict().items():
        np.testing.assert_array_equal(value, before[name])
    assert_same_numbers(plain, compiled, X, BINARY, 3)


def test_an_error_before_the_update_leaves_parameters_alone_and_one_within_says_so():
    _, compiled = twins(adam)
    for _ in range(3):
        compiled.step(X, BINARY)
    before = compiled.net.state_dict()
    with np.errstate(all="raise"), pytest.raises(FloatingPointError) as caught:
        compiled.step(X * np.inf, BINARY)
    assert not getattr(caught.value, "__notes__", [])
    for name, value in compiled.net.state_dict().items():
        np.testing.assert_array_equal(value, before[name])

    def fails(*arrays):
        raise MemoryError

    compiled.step._program()._function.__globals__["sqrt"] = fails  # √S, when v and S are new
    with pytest.raises(MemoryError) as failed:
        compiled.step(X, BINARY)
    assert failed.value.__notes__ == [UNCERTAIN]


def test_a_step_cannot_be_entered_twice():
    inside, leave = threading.Event(), threading.Event()

    def step(x):
        inside.set()
        leave.wait(5)
        return x.sum()

    compiled = tg.compile(step)
    thread = threading.Thread(target=compiled, args=(X,))
    thread.start()
    inside.wait(5)
    with pytest.raises(CompileError, match="step was called while it is running"):
        compiled(X)
    leave.set()
    thread.join()
    assert compiled(X) == pytest.approx(X.sum())


def test_ctrl_c_waits_for_the_end_of_the_step():
    w = tg.tensor(np.ones(3), requires_grad=True, name="w")
    opt = optim.SGD([w], lr=0.5)
    pressed = []

    def press(x):
        if pressed:
            signal.raise_signal(signal.SIGINT)
        return x

    watched = tg.op("watched", lambda x: np.piecewise(x, [x > -9], [press]), vjp=lambda g, y, x: g)

    @tg.compile
    def step():
        opt.zero_grad()
        J = np.sum(watched(w))
        J.backward()
        opt.step()
        return J.item()

    for _ in range(3):
        step()
    before = w.numpy().copy()
    pressed.append(True)
    with pytest.raises(KeyboardInterrupt):
        step()
    np.testing.assert_allclose(w.numpy(), before - 0.5)


def test_report_and_source_before_the_first_replay():
    step = tg.compile(small().step)
    with pytest.raises(CompileError, match="has not been called"):
        print(step.source)
    step(X, BINARY)
    first = step.source
    step(X, BINARY)
    assert step.source == first
    report = step.report()
    assert report.calls < 60
    assert report.flops == 2 * 11 * (15 + 5 + 15 + 5 + 5 + 1 + 5 + 1)  # Z1, Z2, dW1, dW2, db1, db2, dA1, J
    assert "common subexpressions" in str(report)


def test_the_source_speaks_the_language_of_the_course():
    step = tg.compile(small().step)
    for _ in range(2):
        step(X, BINARY)
    source = step.source
    for line in ("dot(W1, X, Z1)", "add(Z1, b1, Z1)", "tanh(Z1, A1)", "dot(W2, A1, Z2)", "dot(dZ2, A1_T, dW2)"):
        assert f"    {line}\n" in source
    assert "dA0" not in source


def test_side_by_side_steps_share_a_net():
    net = nn.DNN([3, 5, 1], seed=0)
    one = side(net, nn.binary_cross_entropy, optim.SGD(net.parameters(), lr=0.1))
    two = side(net, nn.mse, optim.SGD(net.parameters(), lr=0.1))
    a, b = tg.compile(one.step), tg.compile(two.step)
    twin = nn.DNN([3, 5, 1], seed=0)
    c = side(twin, nn.binary_cross_entropy, optim.SGD(twin.parameters(), lr=0.1)).step
    d = side(twin, nn.mse, optim.SGD(twin.parameters(), lr=0.1)).step
    for _ in range(5):
        assert (a(X, BINARY), b(X, BINARY)) == pytest.approx((c(X, BINARY), d(X, BINARY)), rel=1e-10)


def test_only_functions_are_compiled():
    with pytest.raises(TypeError, match="step must be a function of arrays that trains once; got 3"):
        tg.compile(3)
