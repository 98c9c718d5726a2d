"""What a recorded step takes for granted from outside: a change of it is noticed, and nothing else is."""

import types

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.compiler.twins import BINARY, X, side, small
from tinygrad_cn import nn, optim
from tinygrad_cn.errors import CompileError

config = types.ModuleType("config")
data = 0  # `data` is also an attribute that steps mention


class Scaled(nn.Module):
    """A layer of the learner's, which uses what lies outside."""

    def __init__(self, options):
        self.options = options

    def forward(self, A):
        return A * config.factor * self.options["scale"]


def world():
    """A net, and a step that uses all sorts of things from outside."""
    config.factor = 1.0
    s = types.SimpleNamespace(options={"scale": 1.0, "unused": 0}, rows=[np.ones((1, 11)), 2.0])
    s.mask, s.constant = np.ones((1, 11)), tg.tensor(np.ones((1, 11)))
    s.object = types.SimpleNamespace(weight=0.5, table=np.ones((1, 11)), steps=0)
    s.net = nn.Sequential(nn.Dense(3, 4, seed=0), nn.Dropout(0.8, seed=1), nn.Dense(4, 1, seed=2), Scaled(s.options))
    s.optimizer = optim.SGD(s.net.parameters(), lr=0.1)

    def step(X, Y, mask=s.mask, rows=s.rows, thing=s.object, constant=s.constant):
        Z = s_net(X) * (2 - mask) * (2 * constant) + thing.weight * thing.table * (rows[0] * rows[1])
        J = nn.binary_cross_entropy_with_logits(Z, Y)
        s_optimizer.zero_grad()
        J.backward()
        s_optimizer.step()
        return J.item()

    s_net, s_optimizer = s.net, s.optimizer
    s.step = step
    return s


CHANGES = {
    "entry of a dict": lambda s: s.options.update(scale=2.0),
    "array changed in place": lambda s: s.mask.fill(0.5),
    "entry of a list": lambda s: s.rows.__setitem__(1, 3.0),
    "array in a list": lambda s: s.rows.__setitem__(0, np.full((1, 11), 0.1)),
    "attribute of an object": lambda s: setattr(s.object, "weight", 0.1),
    "array of an object": lambda s: setattr(s.object, "table", np.full((1, 11), 0.3)),
    "variable of a module": lambda s: setattr(config, "factor", 0.3),
    "Tensor that does not learn, assigned": lambda s: setattr(s.constant, "data", np.full((1, 11), 0.7)),
    "Tensor that does not learn, in place": lambda s: s.constant.data.fill(0.7),
    "generator of a layer": lambda s: setattr(s.net[1], "rng", np.random.default_rng(9)),
    "layer added": lambda s: s.net.append(nn.Tanh()),
    "parameter taken out of the optimiser": lambda s: (s.optimizer.groups[0].params.pop(), s.optimizer.slots.pop()),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_is_changed_outside_takes_effect(change):
    costs = []
    for wrap in (lambda f: f, lambda f: tg.compile(f, fast=False)):
        s = world()
        step = wrap(s.step)
        costs.append([step(X, BINARY) for _ in range(4)])
        change(s)
        costs[-1] += [step(X, BINARY) for _ in range(4)]
    assert "def replay(" in step.source
    assert costs[1] == pytest.approx(costs[0], rel=1e-12)


def test_what_a_step_does_not_mention_may_change_all_the_time():
    global data
    s = world()
    step = tg.compile(s.step, fast=False)
    for _ in range(3):
        step(X, BINARY)
    replay = step._latest
    for data in range(10):
        s.options["unused"] = s.object.steps = data
        step(X, BINARY)
    assert step._latest is replay


def test_what_changes_from_step_to_step_is_named():
    s = world()
    step = tg.compile(s.step, fast=False)

    def train():
        for s.object.weight in np.arange(10.0).repeat(3).tolist():
            step(X, BINARY)

    with pytest.raises(CompileError, match="weight changes from step to step; pass it as an argument"):
        train()


def test_a_hook_is_no_part_of_a_replay():
    one = small()
    step = tg.compile(one.step)
    for _ in range(3):
        step(X, BINARY)
    remove = one.net.W1.register_hook(lambda g: 0 * g)
    with pytest.raises(CompileError, match=r"W1 \(5, 3\) has a hook, which a replay would not call"):
        step(X, BINARY)
    remove()
    assert step(X, BINARY) > 0


def test_one_array_for_two_parameters_is_refused():
    one = small()
    step = tg.compile(one.step)
    for _ in range(3):
        step(X, BINARY)
    one.net.W2.data = one.net.b1.data.reshape(1, 5)
    with pytest.raises(CompileError, match=r"two arrays of the state share memory"):
        step(X, BINARY)


def test_an_average_of_parameters_is_kept_in_the_step():
    averages = []
    for wrap in (lambda f: f, lambda f: tg.compile(f, fast=False)):
        one = small()
        slow = tg.tensor(np.zeros((5, 3)), name="slow")

        def step(X, Y, one=one, slow=slow):
            cost = one.step(X, Y)
            slow.data[...] = 0.9 * slow.data + 0.1 * one.net.W1.data
            return cost

        step = wrap(step)
        for _ in range(6):
            step(X, BINARY)
        averages.append(slow.numpy())
    np.testing.assert_allclose(averages[1], averages[0], rtol=1e-12)


def test_a_parameter_outside_the_cost_stays_and_does_not_count():
    steps = []
    for wrap in (lambda f: f, lambda f: tg.compile(f, fast=False)):
        first, unused, last = (tg.tensor(np.ones(3) * k, requires_grad=True) for k in (1, 2, 3))
        optimizer = optim.Adam([unused, first, last], lr=0.1)

        def step(x, first=first, last=last, optimizer=optimizer):
            optimizer.zero_grad()
            J = (first * last * x).sum()
            J.backward()
            optimizer.step()
            optimizer.step()
            return J.item()

        step = wrap(step)
        steps.append([step(np.arange(3.0)) for _ in range(6)])  # in which first and last are moved twice
        assert [slot["t"] for slot in optimizer.slots] == [0, 12, 12]
        np.testing.assert_array_equal(unused.numpy(), np.full(3, 2.0))
    assert "def replay(" in step.source
    assert steps[1] == pytest.approx(steps[0], rel=1e-12)


def test_functions_in_calls_keep_the_variables_they_took_along():
    def step(x):
        total = np.add.accumulate(x)  # another object in each step
        for c in (1.0, 10.0):
            total = total + np.piecewise(x, [x > 0], [lambda v: v * c, lambda v: v + c])  # noqa: B023
        return total

    compiled = tg.compile(step, fast=False)
    for k in range(5):
        np.testing.assert_array_equal(compiled(X * k), step(X * k))
    assert "def replay(" in compiled.source


def test_arrays_from_outside_may_be_returned():
    table = np.arange(3.0)
    step = tg.compile(lambda x: {"table": table, "number": table[1], "sum": x.sum()}, fast=False)
    for k in range(4):
        result = step(X * k)
        np.testing.assert_array_equal(result["table"], [0.0, 1.0, 2.0])
        assert (result["number"], result["sum"]) == (1.0, pytest.approx((X * k).sum()))
        assert result["table"] is not table


@pytest.mark.parametrize("layer", [nn.RNN, nn.LSTM, nn.GRU])
def test_a_program_that_fits_is_known_at_once(layer):
    net = nn.Sequential(layer(3, 4, num_layers=2, bidirectional=True, output="last", seed=1), nn.Dense(8, 4, seed=2))
    one = side(net, nn.cross_entropy, optim.Adam(net.parameters(), lr=0.05))
    step = tg.compile(one.step, fast=False)
    sequence, labels = np.random.default_rng(0).standard_normal((3, 7, 6)), np.arange(7) % 4
    for _ in range(4):
        step(sequence, labels)
    assert step._usual[1]((sequence, labels))
