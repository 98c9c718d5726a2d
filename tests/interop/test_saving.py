"""save and load: every value comes back, everything else is refused and nothing has changed then."""

import os

import numpy as np
import pytest
import safetensors
import safetensors.numpy

import tinygrad_cn as tg
from tinygrad_cn import nn
from tinygrad_cn.errors import OpError, StateError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.safetensors"


def convolutional(seed, dtype=np.float64):
    return nn.Sequential(
        nn.Conv2D(1, 4, 3, seed=seed, dtype=dtype), nn.BatchNorm2D(4, dtype=dtype), nn.ReLU(), nn.Flatten(),
        nn.Dense(16, 3, seed=seed, dtype=dtype),
    )  # fmt: skip


NETS = {
    "dnn": lambda seed, dtype: nn.DNN([2, 4, 1], seed=seed, dtype=dtype),
    "convolutional": convolutional,
    "recurrent": lambda seed, dtype: nn.LSTM(3, 5, num_layers=2, bidirectional=True, seed=seed, dtype=dtype),
    "embedding": lambda seed, dtype: nn.Sequential(
        nn.Embedding(7, 3, seed=seed, dtype=dtype), nn.LayerNorm(3, dtype=dtype)
    ),
    "empty": lambda seed, dtype: nn.Sequential(nn.Tanh()),
}  # fmt: skip


def equal(a, b):
    return a.keys() == b.keys() and all(a[k].dtype == b[k].dtype and np.array_equal(a[k], b[k]) for k in a)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("make", NETS.values(), ids=NETS)
def test_a_net_comes_back_bit_by_bit(path, make, dtype):
    net, other = make(1, dtype), make(2, dtype)
    tg.save(net, path)
    tg.load(other, path)
    assert equal(other.state_dict(), net.state_dict())
    assert equal(tg.load(path), net.state_dict())


def test_running_statistics_are_part_of_a_net(path, rng):
    net, other = convolutional(1), convolutional(2)
    images = rng.normal(3.0, 2.0, size=(8, 4, 4, 1))
    net(images)
    tg.save(net, path)
    tg.load(other, path)
    np.testing.assert_array_equal(other.eval()(images), net.eval()(images))
    assert np.all(other[1].running_var != 1)


def test_a_dict_of_arrays_comes_back(path):
    arrays = {"X": np.arange(6).reshape(2, 3), "mean": np.float32(2.5), "weights": tg.tensor([1.0], requires_grad=True)}
    tg.save(arrays, path)
    back = tg.load(path)
    assert {name: (a.dtype.name, a.tolist()) for name, a in back.items()} == {
        "X": ("int64", [[0, 1, 2], [3, 4, 5]]), "mean": ("float32", 2.5), "weights": ("float64", [1.0]),
    }  # fmt: skip


def test_the_file_says_what_it_is(path):
    tg.save(nn.DNN([2, 4, 1], hidden="tanh"), path)
    with safetensors.safe_open(path, "numpy") as file:
        texts = file.metadata()
    assert texts["writer"] == f"tinygrad_cn {tg.__version__}"
    assert texts["layers"] == "DNN(Dense(2, 4), Tanh(), Dense(4, 1), Sigmoid())"


def test_a_loaded_net_trains_on(path):
    """The parameters are written into, so the optimiser still has the right ones."""
    net = nn.DNN([2, 1], seed=1)
    tg.save(net, path)
    other = nn.DNN([2, 1], seed=2)
    parameters = other.parameters()
    tg.load(other, path)
    assert all(a is b for a, b in zip(parameters, other.parameters(), strict=True))


# ---- refusals -------------------------------------------------------------------------------------------

THREE = nn.DNN([3, 4, 1], seed=1).state_dict()


@pytest.mark.parametrize(
    ("arrays", "complaint"),
    [
        (THREE, r"W1 is \(4, 2\), the value is \(4, 3\)"),
        ({"0.weight": np.zeros((4, 2))}, r"W1 \(4, 2\) is missing; .*0\.weight \(4, 2\) is unexpected"),
        ({}, r"W1 \(4, 2\) is missing"),
        ({**nn.DNN([2, 4, 1]).state_dict(), "W3": np.zeros(1)}, r"W3 \(1,\) is unexpected"),
    ],
)
def test_a_file_of_another_net_changes_nothing(path, arrays, complaint):
    safetensors.numpy.save_file(arrays, path)
    net = nn.DNN([2, 4, 1], seed=1)
    before = net.state_dict()
    with pytest.raises(StateError, match=rf"net\.safetensors: .*nothing was loaded: .*{complaint}"):
        tg.load(net, path)
    assert equal(net.state_dict(), before)


def test_the_error_says_which_net_the_file_is_of(path):
    tg.save(nn.DNN([3, 1]), path)
    with pytest.raises(StateError, match=r"net\.safetensors, saved from DNN\(Dense\(3, 1\), Sigmoid\(\)\): "):
        tg.load(nn.DNN([2, 1]), path)


def test_digits_are_not_lost_silently(path):
    double, single = nn.DNN([2, 1], seed=1), nn.DNN([2, 1], seed=2, dtype=np.float32)
    tg.save(double, path)
    before = single.state_dict()
    with pytest.raises(StateError, match="digits would be lost: W1 is float32, its values are float64; b1 is float32"):
        tg.load(single, path)
    assert equal(single.state_dict(), before)
    tg.save(single, path)
    tg.load(double, path)
    np.testing.assert_array_equal(double.W1.numpy(), single.W1.numpy())


def test_every_damaged_file_is_refused_and_the_net_is_what_it_was(path):
    tg.save(nn.DNN([2, 1], seed=1), path)
    content = bytearray(path.read_bytes())
    net = nn.DNN([2, 1], seed=2)
    before = net.state_dict()
    damaged = [content[:n] for n in range(0, len(content), 7)] + [content + b"\0"]
    values = range(len(content) - 24, len(content))  # two weights and a bias
    damaged += [content[:i] + bytes([content[i] ^ 1]) + content[i + 1 :] for i in values]
    for part in damaged:
        path.write_bytes(part)
        with pytest.raises(StateError):
            tg.load(net, path)
        assert equal(net.state_dict(), before)


def test_a_part_of_a_net_can_be_loaded(path):
    tg.save({"W1": np.ones((4, 2))}, path)
    net = nn.DNN([2, 4, 1], seed=1)
    before = net.state_dict()
    tg.load(net, path, strict=False)
    after = net.state_dict()
    np.testing.assert_array_equal(after["W1"], 1)
    assert all(np.array_equal(after[name], before[name]) for name in ("b1", "W2", "b2"))


def test_the_net_of_a_checkpoint_can_be_loaded(path, rng):
    X, Y = rng.normal(size=(2, 10)), np.ones((1, 10))
    net, other = nn.DNN([2, 4, 1], seed=1), nn.DNN([2, 4, 1], seed=2)
    tg.fit(net, X, Y, nn.binary_cross_entropy, 0.1, epochs=2, checkpoint=path, progress=False)
    tg.load(other, path)
    assert equal(other.state_dict(), net.state_dict())
    with pytest.raises(StateError, match=r"net\.safetensors, a checkpoint: "):
        tg.load(nn.DNN([3, 4, 1]), path)


def test_a_failed_save_leaves_the_old_file(path, monkeypatch):
    net = nn.DNN([2, 1], seed=1)
    tg.save(net, path)

    def full(_):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        tg.save(nn.DNN([2, 1], seed=2), path)
    monkeypatch.undo()
    assert equal(tg.load(path), net.state_dict())
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda net, path: tg.save(path, net), "save: net must be an nn.Module or a dict of arrays; got PosixPath"),
        (lambda net, path: tg.save([1.0], path), "save: net must be an nn.Module or a dict of arrays; got list"),
        (lambda net, path: tg.load(net), "load: path is missing"),
        (lambda net, path: tg.load(path, net), "load: net must be an nn.Module; got PosixPath"),
    ],
)
def test_arguments_that_cannot_be(path, call, complaint):
    with pytest.raises(OpError, match=complaint):
        call(nn.DNN([2, 1]), path)
    assert not path.exists()
