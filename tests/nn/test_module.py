"""Modules: how parameters are found and named, saved and loaded, switched and frozen."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn
from tinygrad_cn.errors import GraphError, OpError, StateError


class Block(nn.Module):
    def __init__(self):
        self.fc = nn.Dense(3, 3, "relu", seed=0)
        self.scale = nn.Parameter(np.ones((1, 1)))

    def forward(self, X):
        return self.scale * self.fc(X)


class Net(nn.Module):
    def __init__(self):
        self.blocks = [Block(), Block()]
        self.heads = {"left": nn.Dense(3, 1, seed=1), "right": nn.Dense(3, 2, bias=False, seed=2)}
        self.body = nn.Sequential(nn.Dense(3, 3, seed=3), nn.Tanh())

    def forward(self, X):
        for block in self.blocks:
            X = block(X)
        return self.heads["left"](self.body(X))


NAMES = [
    "blocks.0.fc.W", "blocks.0.fc.b", "blocks.0.scale", "blocks.1.fc.W", "blocks.1.fc.b", "blocks.1.scale",
    "heads.left.W", "heads.left.b", "heads.right.W", "body.W1", "body.b1",
]  # fmt: skip


def test_parameters_are_found_in_attributes_lists_and_dicts():
    net = Net()
    assert [name for name, _ in net.named_parameters()] == NAMES
    assert [p.name for p in net.parameters()] == NAMES
    assert net["blocks.1.fc.W"] is net.blocks[1].fc.W
    assert sum(isinstance(module, nn.Dense) for module in net.modules()) == 5


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(KeyError, match=r"no parameter 'W9'; there are W1, b1"):
        nn.Sequential(nn.Dense(1, 1))["W9"]


def test_a_shared_parameter_counts_once():
    net = Net()
    net.blocks[1].fc.W = net.blocks[0].fc.W
    assert len(net.parameters()) == len(NAMES) - 1


def test_gradients_reach_every_parameter_in_use():
    net = Net()
    net(np.ones((3, 4))).sum().backward()
    unused = {"heads.right.W"}
    assert {name for name, p in net.named_parameters() if p.grad is None} == unused


def test_a_parameter_is_not_replaced_by_accident():
    layer = nn.Dense(2, 1, seed=0)
    with pytest.raises(OpError, match=r"W is a Parameter and stays one; .*\.W\.data\[\.\.\.\] = value"):
        layer.W = np.zeros((1, 2))
    layer.W = nn.Parameter(np.zeros((1, 2)))
    assert layer(np.ones((2, 1))).item() == 0


def test_parameter_needs_floats_and_survives_copy_and_pickle():
    with pytest.raises(OpError, match="floating"):
        nn.Parameter([1, 2])
    p = nn.Parameter(np.ones(2, np.float32), name="w")
    for twin in (copy.deepcopy(p), pickle.loads(pickle.dumps(p))):
        assert type(twin) is nn.Parameter
        assert (twin.name, twin.dtype, twin.requires_grad) == ("w", np.float32, True)
        twin.data[0] = 5
        assert p.numpy()[0] == 1


def test_copies_of_a_net_learn_on_their_own():
    net = Net()
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        np.testing.assert_array_equal(twin["body.W1"].numpy(), net["body.W1"].numpy())
        twin["body.W1"].data[...] = 0
        assert net["body.W1"].numpy().any()
        assert [p.name for p in twin.parameters()] == NAMES


def test_state_dict_holds_copies():
    net = Net()
    state = net.state_dict()
    assert list(state) == NAMES
    state["body.W1"][...] = 7
    assert (net["body.W1"].numpy() != 7).all()


def test_load_state_dict_brings_back_the_same_function():
    net, other, X = nn.DNN([3, 4, 2], seed=1), nn.DNN([3, 4, 2], seed=2), np.ones((3, 5))
    assert not np.array_equal(net(X).numpy(), other(X).numpy())
    other.load_state_dict(net.state_dict())
    np.testing.assert_array_equal(net(X).numpy(), other(X).numpy())


def test_load_state_dict_keeps_the_dtype_and_is_seen_by_a_stale_graph():
    net = nn.DNN([3, 2], seed=1, dtype=np.float32)
    J = net(np.ones((3, 1), np.float32)).sum()
    net.load_state_dict({"W1": np.full((2, 3), 0.1), "b1": [[1], [2]]})
    assert net.W1.dtype == np.float32
    assert net.b1.numpy().tolist() == [[1], [2]]
    with pytest.raises(GraphError, match="W1"):
        J.backward()


def test_load_state_dict_lists_all_problems_and_changes_nothing():
    net = nn.DNN([2, 4, 1], seed=1)
    before = net.state_dict()
    with pytest.raises(StateError) as error:
        net.load_state_dict({"W1": np.ones((2, 4)), "b1": np.ones((4, 1)), "W2": np.ones((1, 4)) * 1j, "q": 0.0})
    assert str(error.value) == (
        "load_state_dict: nothing was loaded: W1 is (4, 2), the value is (2, 4); W2 is float64, the value is "
        "complex128; b2 (1, 1) is missing; q () is unexpected"
    )
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_load_state_dict_not_strict_takes_what_fits_and_says_what_did_not():
    net = nn.DNN([2, 3, 1], seed=1)
    before = net.state_dict()
    loaded = net.load_state_dict({"b1": [[3.0]] * 3, "W1": np.ones((3, 3)), "b2": [[1j]], "q": 0.0}, strict=False)
    assert not loaded.ok
    assert loaded.matched == ("b1",)
    assert loaded.missing == {"W2": (1, 3)}
    assert loaded.unexpected == {"q": ()}
    assert loaded.misfits == {"W1": ("(3, 2)", "(3, 3)"), "b2": ("float64", "complex128")}
    assert net.b1.tolist() == [[3.0]] * 3
    for name in ("W1", "W2", "b2"):
        np.testing.assert_array_equal(net[name].numpy(), before[name])


def test_the_report_on_a_state_speaks_both_languages(monkeypatch):
    loaded = nn.DNN([2, 3, 1]).load_state_dict({"b1": [[3.0]] * 3, "W1": np.ones((3, 3)), "q": 0.0}, strict=False)
    assert loaded.table("en").splitlines() == [
        "Loaded: 1 of 4",
        "✓ matched                       b1",
        "○ missing, kept as it was       W2, b2",
        "? unexpected, ignored           q",
        "✗ does not fit, kept as it was  W1 is (3, 2), the value is (3, 3)",
    ]
    monkeypatch.setenv("TINYGRAD_CN_LANG", "zh")
    assert str(loaded).splitlines()[1:3] == ["✓ 匹配                b1", "○ 缺少，保持原值      W2、b2"]


def test_train_and_eval_reach_every_module():
    net = Net()
    assert net.training
    assert net.eval() is net
    assert not any(module.training for module in net.modules())
    net.train()
    assert all(module.training for module in net.modules())
    assert [p.name for p in net.parameters()] == NAMES


def learns(net):
    return [p.name for p in net.parameters() if p.requires_grad]


def test_frozen_parameters_get_no_gradient():
    net = nn.DNN([2, 3, 1], seed=1)
    net(np.ones((2, 4))).sum().backward()
    net[0].freeze()
    nn.mse(net(np.ones((2, 4))), np.zeros((1, 4))).backward()
    assert net.W1.grad is None
    assert net.W2.grad is not None
    net[0].unfreeze()
    nn.mse(net(np.ones((2, 4))), np.zeros((1, 4))).backward()
    assert net.W1.grad.any()


def test_parameters_are_frozen_by_name():
    net = Net()
    assert net.freeze("blocks.*", "heads.left.?") is net
    assert learns(net) == ["heads.right.W", "body.W1", "body.b1"]
    assert (net.blocks[0].frozen, net.heads["right"].frozen, net.frozen) == (True, False, False)
    net.unfreeze("*.b")
    assert learns(net) == ["blocks.0.fc.b", "blocks.1.fc.b", "heads.left.b", "heads.right.W", "body.W1", "body.b1"]
    assert net.freeze().frozen
    assert list(net.state_dict()) == NAMES


def test_a_pattern_that_fits_nothing_freezes_nothing():
    net = nn.DNN([2, 3, 1])
    with pytest.raises(ValueError, match=r"freeze: no parameter fits 'W9'; there are W1, b1, W2, b2"):
        net.freeze("W1", "W9")
    assert learns(net) == ["W1", "b1", "W2", "b2"]
    assert not nn.Tanh().freeze().frozen


def test_forward_must_be_defined():
    class Empty(nn.Module):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty must define forward\(\)"):
        Empty()(1)


def test_repr_shows_the_parts():
    assert repr(Block()) == "Block(fc=Dense(3, 3, activation=ReLU()))"
    net = nn.Sequential(nn.Dense(2, 1, bias=False), nn.LeakyReLU(0.2), tg.tanh)
    assert repr(net) == "Sequential(Dense(2, 1, bias=False), LeakyReLU(slope=0.2), Activation(tanh))"
