"""to_onnx: what a file says of itself, names, arguments, and that the net is left as it was."""

import sys

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.interop.onnx_runs import COLUMNS, IMAGES, SEQUENCE, assert_same, constants, onnx, shapes
from tinygrad_cn import interop, nn
from tinygrad_cn.errors import ExportError
from tinygrad_cn.nn.recurrent import unroller


def nodes(path):
    return [(node.op_type, *node.input, *node.output) for node in onnx.load(path).graph.node]


def test_what_the_file_says_of_itself(path):
    net = nn.DNN([3, 4, 2], hidden="tanh", output="softmax", seed=1)
    interop.to_onnx(net, path, COLUMNS)
    model = onnx.load(path)
    assert (model.producer_name, model.producer_version) == ("tinygrad_cn", tg.__version__)
    assert model.doc_string == "DNN(Dense(3, 4), Tanh(), Dense(4, 2), Softmax(axis=0))"
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 18)]
    assert nodes(path) == [
        ("Gemm", "W1", "X", "b1", "Z1"),
        ("Tanh", "Z1", "A1"),
        ("Gemm", "W2", "A1", "b2", "Z2"),
        ("Softmax", "Z2", "A2"),
        ("Identity", "A2", "Y"),
    ]
    assert shapes(path) == [[3, "m"], [2, "m"]]
    np.testing.assert_array_equal(constants(path)["W1"], net.W1.numpy().astype(np.float32))


def test_recurrent_layers_on_top_of_each_other_are_turned_once(path):
    """Between them sequences stay in the layout of ONNX; nothing is in the file that no output needs."""
    interop.to_onnx(nn.LSTM(3, 4, num_layers=2, seed=1), path, SEQUENCE)
    assert nodes(path) == [
        ("Transpose", "X", "transpose"),
        ("LSTM", "transpose", "1.W", "1.R", "1.B", "lstm", "lstm_2", "lstm_3"),
        ("Squeeze", "lstm", "constant", "squeeze"),
        ("LSTM", "squeeze", "2.W", "2.R", "2.B", "lstm_4", "lstm_5", "lstm_6"),
        ("Squeeze", "lstm_4", "constant", "squeeze_2"),
        ("Transpose", "squeeze_2", "A"),
        ("Identity", "A", "Y"),
    ]


def test_names_are_given_once(path):
    """The transpose of a vector is the vector; its name must not be taken from the sum that made it."""

    def net(X):
        total = np.sum(X * tg.tensor(1.0), axis=0).named("s")
        return total.T.named("t") * (total + total.reshape(1, -1)[0].named("s"))

    interop.to_onnx(net, path, COLUMNS)
    assert_same(path, net, COLUMNS)


def test_weights_are_kept_as_onnx_takes_them(path):
    interop.to_onnx(nn.Sequential(nn.Conv2D(4, 6, 3, seed=1)), path, IMAGES)
    assert {name: array.shape for name, array in constants(path).items()} == {"W1.T": (6, 4, 3, 3), "b1.flat": (6,)}


def test_training_is_not_disturbed(path):
    net = nn.Sequential(nn.BatchNorm(3), nn.Dropout(0.5, seed=1), nn.Dense(3, 2, seed=1))
    net[2].freeze()
    before, state = net.state_dict(), net[1].rng.bit_generator.state
    with tg.no_grad():
        interop.to_onnx(net, path, COLUMNS)
    assert all(np.array_equal(net.state_dict()[name], value) for name, value in before.items())
    assert net[1].rng.bit_generator.state == state
    assert [module.training for module in net.modules()] == [True] * 4
    assert [parameter.requires_grad for parameter in net.parameters()] == [True, True, False, False]


def test_layers_unroll_again_after_an_export_that_failed(path):
    layer = nn.LSTM(3, 4, seed=1)
    with pytest.raises(ExportError):
        interop.to_onnx(
            lambda X: np.linalg.inv(layer(X)[:, :, 0]), path, np.random.default_rng(0).normal(size=(3, 4, 2))
        )
    assert unroller.get() is None
    assert [step.name for step in layer.unroll(SEQUENCE).steps] == ["a⟨1⟩", "a⟨2⟩", "a⟨3⟩", "a⟨4⟩"]


@pytest.mark.parametrize(
    ("sample", "options", "complaint"),
    [
        (COLUMNS, {"dtype": np.float16}, "dtype must be np.float32 or np.float64; got float16"),
        (COLUMNS, {"steps": 1}, "steps must be True, False, or the largest number of them, above 1; got 1"),
        (COLUMNS, {"steps": 2.5}, "above 1; got 2.5"),
        (np.zeros((3, 0)), {}, r"sample must hold numbers, at least one sample; got float64 \(3, 0\)"),
        ("X", {}, "sample must hold numbers"),
    ],
)
def test_arguments_that_cannot_be(sample, options, complaint, path):
    with pytest.raises(ValueError, match=complaint):
        interop.to_onnx(nn.Dense(3, 4), path, sample, **options)


def test_a_failed_export_leaves_the_old_file(path):
    path.write_bytes(b"old")
    with pytest.raises(ExportError):
        interop.to_onnx(lambda X: np.linalg.inv(X @ X.T), path, COLUMNS)
    assert path.read_bytes() == b"old"


def test_without_the_package_the_error_says_what_to_install(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tinygrad_cn.interop.onnx.build", None)
    with pytest.raises(ImportError, match=r"pip install 'tinygrad-cn\[onnx\]'"):
        interop.to_onnx(nn.Dense(3, 4), path, COLUMNS)
