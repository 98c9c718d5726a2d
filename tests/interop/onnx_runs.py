"""Files of to_onnx and what onnxruntime makes of them, beside the outputs of the nets they are from."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.referee import assert_close

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

SINGLE, DOUBLE = 3e-6, 1e-13
RNG = np.random.default_rng(0)
COLUMNS, SEQUENCE, IMAGES = (RNG.normal(size=shape) for shape in ((3, 5), (3, 2, 4), (2, 9, 8, 4)))
FOUR_ROWS = RNG.normal(size=(4, 2, 5))
IDS = np.array([[1, 2, 0], [3, 4, 1]])
AXES = {"f2": (1, None), "f3": (1, 2), "f4": (0, None), "i1": (0, None), "i2": (0, 1), "i3": (1, 2)}  # of m, of T


def session(path):
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def run(path, *inputs):
    """What onnxruntime makes of the file; it takes float32 or float64 as the file says."""
    opened = session(path)
    kinds = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64}
    given = {p.name: np.asarray(x, kinds[p.type]) for p, x in zip(opened.get_inputs(), inputs, strict=True)}
    return opened.run(None, given)


def outputs(net, *inputs):
    with tg.no_grad():
        y = net(*inputs)
    return [np.asarray(part) for part in (y if isinstance(y, tuple) else (y,))]


def assert_same(path, net, *inputs, tolerance=SINGLE):
    for got, want in zip(run(path, *inputs), outputs(net, *inputs), strict=True):
        assert_close(got, want, tolerance)


def resized(x, m, T):
    """As many samples, of as many time steps, with other values of the same kind."""
    for axis, n in zip(AXES[f"{x.dtype.kind}{x.ndim}"], (m, T), strict=True):
        x = x if axis is None else np.take(x, RNG.integers(0, x.shape[axis], n), axis)
    return x * RNG.normal(size=x.shape) if x.dtype.kind == "f" else x


def moved(net):
    """The net with other biases than the zeros it starts with."""
    for parameter in net.parameters():
        parameter.data[...] += 0.1 * RNG.normal(size=parameter.shape)
    return net


def shapes(path):
    """Of the inputs, then of the outputs, as the file says."""
    opened = session(path)
    return [part.shape for part in (*opened.get_inputs(), *opened.get_outputs())]


def kinds(path):
    """The operators of a file, in order."""
    return [node.op_type for node in onnx.load(path).graph.node]


def constants(path):
    """The constants of a file by name."""
    return {t.name: onnx.numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer}
