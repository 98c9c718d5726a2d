"""Every optimiser against its update rule written out, and what they share."""

import copy

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn, optim
from tinygrad_cn.errors import GraphError, OpError, StateError

STEPS = 20
RNG = np.random.default_rng(0)
START = RNG.normal(size=(4, 3))
GRADIENTS = RNG.normal(size=(STEPS, 4, 3))


def sgd(w, g, s, t):
    return w - 0.1 * g


def momentum_course(w, g, s, t):
    s["v"] = 0.9 * s.get("v", 0) + 0.1 * g
    return w - 0.1 * s["v"]


def momentum_torch(w, g, s, t):
    s["v"] = 0.9 * s.get("v", 0) + g
    return w - 0.1 * s["v"]


def nesterov_course(w, g, s, t):
    s["v"] = 0.9 * s.get("v", 0) + 0.1 * g
    return w - 0.1 * (0.9 * s["v"] + 0.1 * g)


def nesterov_torch(w, g, s, t):
    s["v"] = 0.9 * s.get("v", 0) + g
    return w - 0.1 * (0.9 * s["v"] + g)


def adagrad(w, g, s, t):
    s["S"] = s.get("S", 0) + g**2
    return w - 0.1 * g / (np.sqrt(s["S"]) + 1e-10)


def rmsprop(w, g, s, t):
    s["S"] = 0.8 * s.get("S", 0) + 0.2 * g**2
    return w - 0.1 * g / (np.sqrt(s["S"]) + 1e-8)


def adam(w, g, s, t):
    s["v"] = 0.9 * s.get("v", 0) + 0.1 * g
    s["S"] = 0.999 * s.get("S", 0) + 0.001 * g**2
    return w - 0.1 * (s["v"] / (1 - 0.9**t)) / (np.sqrt(s["S"] / (1 - 0.999**t)) + 1e-8)


RULES = {
    "sgd": (sgd, lambda p, **o: optim.SGD(p, lr=0.1, **o)),
    "momentum_course": (momentum_course, lambda p, **o: optim.Momentum(p, lr=0.1, beta=0.9, **o)),
    "momentum_torch": (momentum_torch, lambda p, **o: optim.Momentum(p, lr=0.1, beta=0.9, form="torch", **o)),
    "nesterov_course": (nesterov_course, lambda p, **o: optim.Nesterov(p, lr=0.1, beta=0.9, **o)),
    "nesterov_torch": (nesterov_torch, lambda p, **o: optim.Nesterov(p, lr=0.1, beta=0.9, form="torch", **o)),
    "adagrad": (adagrad, lambda p, **o: optim.Adagrad(p, lr=0.1, **o)),
    "rmsprop": (rmsprop, lambda p, **o: optim.RMSprop(p, lr=0.1, beta=0.8, **o)),
    "adam": (adam, lambda p, **o: optim.Adam(p, lr=0.1, **o)),
}
MAKERS = {name: make for name, (_, make) in RULES.items()} | {"adamw": lambda p, **o: optim.AdamW(p, lr=0.1, **o)}
each_rule = pytest.mark.parametrize("name", RULES)
each_optimizer = pytest.mark.parametrize("name", MAKERS)


def leaf(value, name="W1"):
    return tg.tensor(value, requires_grad=True, name=name)


def feed(opt, w, gradients):
    for g in gradients:
        w.grad = g
        opt.step()


@each_rule
def test_rule(name):
    rule, make = RULES[name]
    w, want, memory = leaf(START), START, {}
    opt = make([w])
    for t, g in enumerate(GRADIENTS, start=1):
        w.grad = g
        opt.step()
        want = rule(want, g, memory, t)
        np.testing.assert_allclose(w.numpy(), want, rtol=1e-12, atol=1e-14)
        np.testing.assert_array_equal(w.grad, g)


@each_rule
def test_weight_decay_is_the_l2_term_of_the_cost(name):
    rule, make = RULES[name]
    lambd, m = 0.7, 5
    w, b, want, memory = leaf(START), leaf(START[:, :1], "b1"), START, {}
    opt = make([w, b], weight_decay=lambd / m)
    for t, g in enumerate(GRADIENTS, start=1):
        w.grad = g
        opt.step()
        want = rule(want, g + lambd / m * want, memory, t)
    np.testing.assert_allclose(w.numpy(), want, rtol=1e-12)


@each_optimizer
def test_weight_decay_spares_biases_unless_asked(name):
    for decay_bias in (False, True):
        b = leaf(START[:, :1], "b1")
        opt = MAKERS[name]([b], weight_decay=0.5, decay_bias=decay_bias)
        feed(opt, b, np.zeros((1, 4, 1)))
        assert np.array_equal(b.numpy(), START[:, :1]) is not decay_bias


def test_adamw_shrinks_the_weights_outside_of_adam():
    w, want, memory = leaf(START), START, {}
    opt = optim.AdamW([w], lr=0.1, weight_decay=0.3)
    for t, g in enumerate(GRADIENTS, start=1):
        w.grad = g
        opt.step()
        want = adam(want * (1 - 0.1 * 0.3), g, memory, t)
    np.testing.assert_allclose(w.numpy(), want, rtol=1e-12)


@each_optimizer
def test_float32_stays_float32(name):
    w, double = leaf(START.astype(np.float32)), leaf(START)
    feed(MAKERS[name]([w], weight_decay=0.01), w, GRADIENTS)
    feed(MAKERS[name]([double], weight_decay=0.01), double, GRADIENTS)
    assert w.dtype == np.float32
    np.testing.assert_allclose(w.numpy(), double.numpy(), atol=2e-5)


@each_optimizer
def test_nothing_divides_by_zero(name):
    for dtype in (np.float64, np.float32):
        w, empty = leaf(np.ones((2, 2), dtype)), leaf(np.ones((0, 3), dtype))
        opt = MAKERS[name]([w, empty], weight_decay=0.0)
        for _ in range(3):
            w.grad, empty.grad = np.zeros((2, 2)), np.ones((0, 3))
            opt.step()
        assert w.numpy().tolist() == [[1, 1], [1, 1]]


@each_optimizer
def test_a_number_learns_too(name):
    w = leaf(2.0)
    opt = MAKERS[name]([w])
    for _ in range(5):
        opt.zero_grad()
        (w * w).backward()
        opt.step()
    assert w.shape == ()
    assert w.item() < 2


@each_optimizer
def test_no_gradient_no_change(name):
    used, unused = leaf(START), leaf(START)
    opt = MAKERS[name]([unused, used], weight_decay=0.1)
    feed(opt, used, GRADIENTS)
    np.testing.assert_array_equal(unused.numpy(), START)
    assert not np.array_equal(used.numpy(), START)


@each_optimizer
def test_state_goes_on_as_if_never_stopped(name):
    w = leaf(START)
    opt = MAKERS[name]([w])
    feed(opt, w, GRADIENTS[:7])
    saved, twin = copy.deepcopy(opt.state_dict()), leaf(w.numpy())
    feed(opt, w, GRADIENTS[7:])
    again = MAKERS[name]([twin])
    again.lr = 123.0
    again.load_state_dict(saved)
    feed(again, twin, GRADIENTS[7:])
    np.testing.assert_array_equal(twin.numpy(), w.numpy())


def test_state_of_another_net_is_refused():
    opt, other = optim.Adam([leaf(START)]), optim.Adam([leaf(START.T)])
    with pytest.raises(StateError, match=r"W1 \(4, 3\) needs .*'v': \(4, 3\).*; the state has .*'v': \(3, 4\)"):
        opt.load_state_dict(other.state_dict())
    with pytest.raises(StateError, match="the state is of 2 parameters; expected 1"):
        opt.load_state_dict(optim.Adam([leaf(START), leaf(START)]).state_dict())
    with pytest.raises(StateError, match="W1"):
        opt.load_state_dict(optim.RMSprop([leaf(START)]).state_dict())


def test_saved_state_is_a_copy():
    w = leaf(START)
    opt = optim.Momentum([w])
    saved = opt.state_dict()
    feed(opt, w, GRADIENTS)
    assert not saved["slots"][0]["v"].any()


def test_the_value_is_changed_in_place_and_a_stale_graph_is_refused():
    w = leaf(START)
    array = w._data
    J = (w * w).sum()
    J.backward()
    optim.SGD([w], lr=0.1).step()
    assert w._data is array
    with pytest.raises(GraphError, match="W1"):
        J.backward()


def test_zero_grad():
    net = nn.DNN([2, 1], seed=1)
    opt = optim.SGD(net.parameters())
    net(np.ones((2, 1))).sum().backward()
    opt.zero_grad()
    assert [p.grad for p in net.parameters()] == [None, None]


def test_groups_keep_their_ratio_when_the_learning_rate_moves():
    slow, fast = leaf(np.zeros(1)), leaf(np.zeros(1))
    opt = optim.SGD([{"params": [slow]}, {"params": [fast], "lr": 1.0}], lr=0.1)
    slow.grad = fast.grad = np.ones(1)
    opt.step()
    assert (slow.item(), fast.item()) == pytest.approx((-0.1, -1.0))
    opt.lr = 0.2
    opt.step()
    assert (slow.item(), fast.item()) == pytest.approx((-0.3, -3.0))


def test_it_is_shown_with_its_numbers():
    params = nn.DNN([2, 1]).parameters()
    optimizer = optim.Adam(params, lr=0.01)
    optimizer.lr = 0.5
    assert repr(optimizer) == "Adam(lr=0.5, beta1=0.9, beta2=0.999, eps=1e-08)"
    assert repr(optim.Momentum(params, lr=0.1, beta=0.9)) == "Momentum(lr=0.1, beta=0.9, gain=0.1)"


def test_names_may_come_with_the_parameters():
    net = nn.DNN([2, 3, 1], seed=1)
    opt = optim.SGD(net.named_parameters())
    assert opt.params == net.parameters()
    opt = optim.SGD([{"params": net[:2].named_parameters(), "lr": 0.001}, {"params": net[2:].parameters()}])
    assert [[p.name for p in group.params] for group in opt.groups] == [["W1", "b1"], ["W2", "b2"]]


@each_optimizer
def test_a_frozen_parameter_stays_as_it_is(name):
    net = nn.DNN([2, 3, 1], hidden="tanh", seed=1)
    opt = MAKERS[name](net.parameters(), weight_decay=0.1)

    def step():
        opt.zero_grad()
        nn.mse(net(np.ones((2, 4))), np.zeros((1, 4))).backward()
        opt.step()

    step()
    net.freeze("?1")
    kept = net.state_dict()
    step()
    assert [n for n, value in net.state_dict().items() if np.array_equal(value, kept[n])] == ["W1", "b1"]


def test_groups_have_their_own_weight_decay():
    decayed, free = leaf(np.ones(1)), leaf(np.ones(1))
    opt = optim.SGD([{"params": [decayed]}, {"params": [free], "weight_decay": 0}], lr=1.0, weight_decay=0.25)
    decayed.grad = free.grad = np.zeros(1)
    opt.step()
    assert (decayed.item(), free.item()) == (0.75, 1.0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda w: optim.SGD([]), ValueError, "SGD: params is empty"),
        (lambda w: optim.SGD(w), OpError, "params must be an iterable such as net.parameters"),
        (lambda w: optim.SGD([w, w]), ValueError, "a parameter occurs twice"),
        (lambda w: optim.SGD([w * 2]), OpError, r"params\[0\] must be a Parameter or a leaf Tensor"),
        (lambda w: optim.SGD([w.numpy()]), OpError, r"params\[0\] must be a Parameter"),
        (lambda w: optim.SGD([{"params": [w], "momentum": 1}]), ValueError, "got momentum"),
        (lambda w: optim.SGD([w], lr=-1), ValueError, "lr must be 0 or more; got -1"),
        (lambda w: optim.SGD([w], lr=float("nan")), ValueError, "lr must be 0 or more; got nan"),
        (lambda w: optim.SGD([w], weight_decay=-0.1), ValueError, "weight_decay must be 0 or more"),
        (lambda w: optim.Momentum([w], beta=1.0), ValueError, r"beta must be in \[0, 1\); got 1.0"),
        (lambda w: optim.Momentum([w], form="nag"), ValueError, "form must be"),
        (lambda w: optim.Adam([w], beta2=-0.1), ValueError, r"beta2 must be in \[0, 1\)"),
        (lambda w: optim.Adam([w], eps=0), ValueError, "eps must be above 0; got 0"),
    ],
)
def test_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(leaf(START))


@each_optimizer
def test_learns_a_net(name):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2, 200))
    Y = (X[:1] * X[1:] > 0).astype(float)
    net = nn.DNN([2, 8, 1], hidden="tanh", init="xavier", seed=1)
    opt = MAKERS[name](net.parameters())
    opt.lr = {"sgd": 2.0, "momentum_course": 2.0, "nesterov_course": 2.0}.get(name, 0.05)
    for _ in range(300):
        opt.zero_grad()
        J = nn.binary_cross_entropy(net(X), Y)
        J.backward()
        opt.step()
    assert J.item() < 0.35
