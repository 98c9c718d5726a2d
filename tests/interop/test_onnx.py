"""to_onnx: onnxruntime gives the outputs of every layer, of every op of the tables, and of nets written by hand."""

import sys

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.referee import assert_close
from tinygrad_cn import interop, nn
from tinygrad_cn.errors import ExportError
from tinygrad_cn.nn.activation import ACTIVATIONS
from tinygrad_cn.ops.op import REGISTRY

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
ROWS = pytest.importorskip("tinygrad_cn.interop.onnx.build").ROWS

SINGLE, DOUBLE = 3e-6, 1e-13
RNG = np.random.default_rng(0)
COLUMNS, SEQUENCE, IMAGES = (RNG.normal(size=shape) for shape in ((3, 5), (3, 2, 4), (2, 9, 8, 4)))
FOUR_ROWS = RNG.normal(size=(4, 2, 5))
IDS = np.array([[1, 2, 0], [3, 4, 1]])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.onnx"


def run(path, *inputs):
    """What onnxruntime makes of the file; it takes float32 or float64 as the file says."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    kinds = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64}
    given = {p.name: np.asarray(x, kinds[p.type]) for p, x in zip(session.get_inputs(), inputs, strict=True)}
    return session.run(None, given)


def outputs(net, *inputs):
    with tg.no_grad():
        y = net(*inputs)
    return [np.asarray(part) for part in (y if isinstance(y, tuple) else (y,))]


def assert_same(path, net, *inputs, tolerance=SINGLE):
    for got, want in zip(run(path, *inputs), outputs(net, *inputs), strict=True):
        assert_close(got, want, tolerance)


# ---- layers ---------------------------------------------------------------------------------------------


class To(nn.Module):
    """A decoder block whose memory is its own sequence backwards."""

    def __init__(self, block):
        self.block = block

    def forward(self, X):
        return self.block(X, np.flip(X, axis=2))


LAYERS = {
    "Dense": (nn.Dense(3, 4, seed=1), COLUMNS),
    "Dense without bias": (nn.Dense(3, 4, bias=False, seed=1), COLUMNS),
    "Dense, sequence": (nn.Dense(3, 4, seed=1), SEQUENCE),
    "Dense without bias, sequence": (nn.Dense(3, 4, bias=False, seed=1), SEQUENCE),
    **{name: (nn.Sequential(nn.Dense(3, 4, name, seed=1)), COLUMNS) for name in ACTIVATIONS},
    "LeakyReLU(0.3)": (nn.LeakyReLU(0.3), COLUMNS),
    "ELU(0.3)": (nn.ELU(0.3), COLUMNS),
    "GELU tanh": (nn.GELU("tanh"), COLUMNS),
    "Softmax(1)": (nn.Softmax(axis=1), COLUMNS),
    "Conv2D": (nn.Conv2D(4, 6, 3, seed=1), IMAGES),
    "Conv2D with all options": (
        nn.Conv2D(4, 6, 3, stride=2, pad="same", dilation=2, groups=2, activation="relu", bias=False, seed=1), IMAGES
    ),
    "Conv2D, even filters": (nn.Conv2D(4, 6, 2, pad="same", seed=1), IMAGES),
    "MaxPool2D": (nn.MaxPool2D(3, stride=2, pad=1), IMAGES),
    "AvgPool2D": (nn.AvgPool2D(2, stride=1, pad="same"), IMAGES),
    "GlobalMaxPool2D": (nn.GlobalMaxPool2D(), IMAGES),
    "GlobalAvgPool2D": (nn.GlobalAvgPool2D(), IMAGES),
    "Flatten": (nn.Sequential(nn.Flatten(), nn.Dense(288, 3, seed=1)), IMAGES),
    "BatchNorm": (nn.BatchNorm(3), COLUMNS),
    "BatchNorm2D": (nn.BatchNorm2D(4), IMAGES),
    "LayerNorm": (nn.LayerNorm(3), COLUMNS),
    "LayerNorm, sequence": (nn.LayerNorm(3), SEQUENCE),
    "Dropout": (nn.Sequential(nn.Dropout(0.5), nn.Dense(3, 4, seed=1)), COLUMNS),
    "Embedding": (nn.Embedding(5, 3, seed=1), IDS),
    "Embedding (1, m, T)": (nn.Embedding(5, 3, seed=1), IDS[None]),
    **{
        f"{kind.__name__} {options}": (kind(3, 4, seed=1, **options), SEQUENCE)
        for kind in (nn.RNN, nn.GRU, nn.LSTM)
        for options in ({}, {"num_layers": 2, "bidirectional": True}, {"output": "last"})
    },
    "GRU, torch's": (nn.GRU(3, 4, reset="after", seed=1), SEQUENCE),
    "RNN relu": (nn.RNN(3, 4, activation="relu", seed=1), SEQUENCE),
    **{kind.__name__: (kind(3, 4, seed=1), COLUMNS) for kind in (nn.RNNCell, nn.GRUCell, nn.LSTMCell)},
    "Residual": (nn.Residual(nn.Dense(3, 4, "tanh", seed=1), projection=nn.Dense(3, 4, bias=False, seed=2)), COLUMNS),
    "MultiHeadAttention": (nn.MultiHeadAttention(4, 2, seed=1), FOUR_ROWS),
    "MultiHeadAttention, causal": (nn.MultiHeadAttention(4, 1, causal=True, bias=False, seed=1), FOUR_ROWS),
    "TransformerEncoderBlock": (nn.TransformerEncoderBlock(4, 2, activation="gelu", causal=True, seed=1), FOUR_ROWS),
    "TransformerDecoderBlock": (To(nn.TransformerDecoderBlock(4, 2, norm="post", seed=1)), FOUR_ROWS),
    "PositionalEncoding": (nn.PositionalEncoding(4), FOUR_ROWS),
    "PositionEmbedding": (nn.PositionEmbedding(6, 4, seed=1), FOUR_ROWS),
}  # fmt: skip


def samples_of(x, m):
    """As many samples of the same kind, with other values."""
    axis = {"f2": 1, "f3": 1, "f4": 0, "i2": 0, "i3": 1}[f"{x.dtype.kind}{x.ndim}"]
    chosen = np.take(x, RNG.integers(0, x.shape[axis], m), axis)
    return chosen * RNG.normal(size=chosen.shape) if x.dtype.kind == "f" else chosen


@pytest.mark.parametrize("name", LAYERS)
def test_onnxruntime_gives_the_outputs_of_every_layer_for_any_number_of_samples(name, path):
    net, x = LAYERS[name]
    for parameter in net.parameters():  # not the zeros of a fresh bias
        parameter.data[...] += 0.1 * RNG.normal(size=parameter.shape)
    if isinstance(net, nn.BatchNorm):
        net(x)
    interop.to_onnx(net, path, x)
    net.eval()
    for m in (1, 7):
        assert_same(path, net, samples_of(x, m))


def test_every_layer_of_nn_is_in_that_list():
    kinds = {type(module) for net, _ in LAYERS.values() for module in net.modules()}
    base = {nn.Module, nn.Parameter, nn.DNN, nn.Sequential, nn.Activation}
    public = {getattr(nn, name) for name in nn.__all__ if isinstance(getattr(nn, name), type)}
    layers = {kind for kind in public if issubclass(kind, nn.Module)} - base
    assert layers - kinds == set(), "give each a row in LAYERS above"


def test_a_net_for_images(path):
    net = nn.Sequential(
        nn.Conv2D(1, 6, 5, pad="same", activation="relu", seed=1), nn.MaxPool2D(), nn.BatchNorm2D(6),
        nn.Conv2D(6, 16, 5, activation="relu", seed=2), nn.MaxPool2D(), nn.Flatten(), nn.Dropout(0.5),
        nn.Dense(400, 120, "relu", seed=3), nn.Dense(120, 10, "softmax", seed=4),
    )  # fmt: skip
    images = RNG.normal(size=(3, 28, 28, 1))
    net(images)
    interop.to_onnx(net, path, images)
    assert net.training
    assert all(parameter.requires_grad for parameter in net.parameters())
    assert_same(path, net.eval(), images)
    assert_same(path, net, RNG.normal(size=(5, 28, 28, 1)))


def test_a_net_for_texts(path):
    net = nn.Sequential(
        nn.Embedding(5, 3, seed=1), nn.LSTM(3, 8, num_layers=2, bidirectional=True, output="last", seed=2),
        nn.Dense(16, 2, "softmax", seed=3),
    )  # fmt: skip
    interop.to_onnx(net.freeze(), path, IDS)
    assert not any(parameter.requires_grad for parameter in net.parameters())
    assert_same(path, net, np.array([[4, 4, 4], [0, 1, 2], [3, 3, 0]]))


def test_float64_keeps_its_digits(path):
    net = nn.DNN([3, 8, 8, 2], hidden=["leaky_relu", "elu"], output="softmax", seed=1)
    interop.to_onnx(net, path, COLUMNS, dtype=np.float64)
    assert_same(path, net, COLUMNS, tolerance=DOUBLE)


# ---- ops ------------------------------------------------------------------------------------------------

REFUSED = {("getitem", 4), ("getitem", 6), ("getitem", 8), *(("einsum", i) for i in (4, 5, 6, 7))}
CALLS = [
    pytest.param(REGISTRY[name], case, id=f"{name}-{i}")
    for name in ROWS
    for i, case in enumerate(REGISTRY[name].cases)
    if all(np.prod(shape) for shape in case.shapes) and (name, i) not in REFUSED
]


@pytest.mark.parametrize(("op", "case"), CALLS)
def test_every_row_of_the_tables_is_its_op(op, case, path):
    """Masks and whole numbers are constants of the net; what is a number is an input."""
    values = op.sample(np.random.default_rng(1), case)
    floating = [i for i, value in enumerate(values) if value.dtype.kind == "f"]

    def net(*inputs):
        given = dict(zip(floating, inputs, strict=True))
        return op(*(given.get(i, value) for i, value in enumerate(values)), **case.options)

    inputs = [values[i] for i in floating]
    interop.to_onnx(net, path, tuple(inputs), samples=False)
    assert_same(path, net, *inputs)


@pytest.mark.parametrize(("name", "i"), sorted(REFUSED))
def test_indices_and_diagonals_without_an_equal_are_refused(name, i, path):
    op, case = REGISTRY[name], REGISTRY[name].cases[i]
    inputs = tuple(op.sample(np.random.default_rng(1), case))
    with pytest.raises(ExportError, match=r"several arrays at once|a label twice"):
        interop.to_onnx(lambda *x: op(*x, **case.options), path, inputs, samples=False)
    assert not path.exists()


# ---- nets by hand ---------------------------------------------------------------------------------------


def test_bare_tensors_and_several_inputs_and_outputs(path):
    W, b = tg.tensor(RNG.normal(size=(2, 3)), requires_grad=True), RNG.normal(size=(2, 1))

    def net(x, y):
        z = np.clip(W @ x + b, -1.0, None)
        return np.where(np.arange(2)[:, None] > 0, z * y, z), np.mean(z, axis=1), (z**2).reshape(-1)

    interop.to_onnx(net, path, (COLUMNS, RNG.normal(size=(2, 5))))
    assert_same(path, net, RNG.normal(size=(3, 8)), RNG.normal(size=(2, 8)))


def test_attention_by_hand(path):
    """Products of three axes, softmax, shapes that hold m."""
    W = {name: tg.tensor(RNG.normal(size=(4, 3)), requires_grad=True) for name in "QKV"}

    def net(X):
        _, m, T = X.shape
        Q, K, V = (
            np.transpose(np.tensordot(w, X, axes=1), (1, 2, 0)).reshape(m, T, 2, 2).swapaxes(1, 2) for w in W.values()
        )
        A = nn.softmax(Q @ K.swapaxes(-1, -2) / np.sqrt(2.0), axis=-1) @ V
        return A.swapaxes(1, 2).reshape(m, T, 4).transpose(2, 0, 1)

    interop.to_onnx(net, path, SEQUENCE)
    assert_same(path, net, RNG.normal(size=(3, 5, 4)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_attention_to_padded_steps_is_part_of_the_net(dtype, path):
    """The second sample may look nowhere: it has weight 0 everywhere."""
    layer = nn.MultiHeadAttention(4, 2, causal=True, seed=1)

    def net(X):
        attended = layer.attend(X, lengths=[3, 0])
        return attended.output, attended.weights

    interop.to_onnx(net, path, FOUR_ROWS, samples=False, dtype=dtype)
    assert_same(path, net, RNG.normal(size=(4, 2, 5)), tolerance=SINGLE if dtype == np.float32 else DOUBLE)
    assert np.all(run(path, FOUR_ROWS)[1][1] == 0)


def test_unequal_lengths_are_part_of_the_net_and_fix_the_samples(path):
    layer = nn.LSTM(3, 4, seed=1)

    def net(X):
        return layer(X, lengths=[2, 4])

    with pytest.raises(ExportError, match=r"does not take another number of samples: lengths must be .*samples=False"):
        interop.to_onnx(net, path, SEQUENCE)
    interop.to_onnx(net, path, SEQUENCE, samples=False)
    assert_same(path, net, RNG.normal(size=(3, 2, 4)))


def test_an_initial_state_can_be_an_input(path):
    layer = nn.LSTM(3, 4, seed=1)

    def net(X, a, c):
        unrolled = layer.unroll(X, (a, c))
        return (unrolled.A, *unrolled.final)

    states = RNG.normal(size=(2, 4, 2))
    interop.to_onnx(net, path, (SEQUENCE, *states))
    assert_same(path, net, RNG.normal(size=(3, 6, 4)), *RNG.normal(size=(2, 4, 6)))


# ---- the file -------------------------------------------------------------------------------------------


def test_what_the_file_says_of_itself(path):
    net = nn.DNN([3, 4, 2], hidden="tanh", output="softmax", seed=1)
    interop.to_onnx(net, path, COLUMNS)
    model = onnx.load(path)
    assert (model.producer_name, model.producer_version) == ("tinygrad_cn", tg.__version__)
    assert model.doc_string == "DNN(Dense(3, 4), Tanh(), Dense(4, 2), Softmax(axis=0))"
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 18)]
    assert [(node.op_type, *node.input, *node.output) for node in model.graph.node] == [
        ("Gemm", "W1", "X", "b1", "Z1"),
        ("Tanh", "Z1", "A1"),
        ("Gemm", "W2", "A1", "b2", "Z2"),
        ("Softmax", "Z2", "A2"),
        ("Identity", "A2", "Y"),
    ]
    shapes = [
        [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim]
        for v in (*model.graph.input, *model.graph.output)
    ]
    assert shapes == [[3, "m"], [2, "m"]]
    W1 = next(onnx.numpy_helper.to_array(t) for t in model.graph.initializer if t.name == "W1")
    np.testing.assert_array_equal(W1, net.W1.numpy().astype(np.float32))


def test_masks_and_whole_numbers_grow_with_the_samples(path):
    def net(X, ids):
        m = X.shape[1]
        scaled = (X * np.ones((3, m), bool) + np.full((1, m), 2)).T * ids
        return np.where(np.ones((m, 3), int), scaled, 0.0)

    interop.to_onnx(net, path, (COLUMNS, np.arange(5).reshape(5, 1)))
    assert_same(path, lambda X, ids: net(tg.tensor(X), ids), RNG.normal(size=(3, 4)), np.array([[3], [1], [0], [2]]))


def test_outputs_of_other_sizes_than_m(path):
    def net(X):
        return X[:, 1:], np.concatenate([X, X], axis=1)

    interop.to_onnx(net, path, COLUMNS)
    assert_same(path, net, RNG.normal(size=(3, 9)))
    assert [output.shape[1] == "m" for output in onnxruntime.InferenceSession(path).get_outputs()] == [False, False]


def test_names_are_given_once(path):
    """The transpose of a vector is the vector; its name must not be taken from the sum that made it."""

    def net(X):
        total = np.sum(X * tg.tensor(1.0), axis=0).named("s")
        return total.T.named("t") * (total + total.reshape(1, -1)[0].named("s"))

    interop.to_onnx(net, path, COLUMNS)
    assert_same(path, net, COLUMNS)


def test_weights_are_kept_as_onnx_takes_them(path):
    interop.to_onnx(nn.Sequential(nn.Conv2D(4, 6, 3, seed=1)), path, IMAGES)
    shapes = {tensor.name: list(tensor.dims) for tensor in onnx.load(path).graph.initializer}
    assert shapes == {"W1.T": [6, 4, 3, 3], "b1.flat": [6]}


def test_fixed_samples_are_in_the_shape(path):
    interop.to_onnx(nn.Dense(3, 4), path, COLUMNS, samples=False)
    (given,) = onnxruntime.InferenceSession(path).get_inputs()
    assert given.shape == [3, 5]


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


# ---- refusals -------------------------------------------------------------------------------------------


def indexed(*index):
    return lambda X: X[index]


EVERY = slice(None)


@pytest.mark.parametrize(
    "index",
    [
        (EVERY, None, np.array([[0, 1], [1, 0]])), (..., np.array([True, False, True, True])), (1, np.array([1, 0])),
        (slice(None, None, -1), -1, slice(-1, 0, -2), None), (-1,),
    ],
)  # fmt: skip
def test_indices_are_those_of_numpy(index, path):
    interop.to_onnx(indexed(*index), path, SEQUENCE, samples=False)
    assert_same(path, indexed(*index), SEQUENCE)


@pytest.mark.parametrize(
    "index", [(1, EVERY, np.array([0, 2])), (np.array([0, 2]), EVERY, 1), (np.ones((3, 2), bool),)]
)
def test_indices_without_an_equal_are_refused(index, path):
    with pytest.raises(ExportError, match="several arrays at once"):
        interop.to_onnx(indexed(*index), path, SEQUENCE, samples=False)


@pytest.mark.parametrize(
    ("net", "complaint"),
    [
        (lambda X: np.linalg.inv(X @ X.T), "the op inv is not exported: it has no row in"),
        (lambda X: np.where(X.numpy() > 0, X, 0.0), "call 1, where, takes an array that depends on the sample without"),
        (lambda X: X * float(X.sum()), "call 1, multiply, takes an array that depends on the sample"),
        (lambda X: X if X.sum() < 0 else -X, "the net makes other steps for other values"),
        (lambda X: tg.tensor(np.ones(3)), "the output does not depend on the sample"),
        (lambda X: X.numpy(), "the net must return a Tensor or a tuple of them; got ndarray"),
        (lambda X: np.sum(X, axis=1) / X.shape[1], r"call 2, divide, depends on the number of samples: .*=False"),
        (lambda X: np.var(X, axis=1, ddof=1), "var needs the length of an axis that counts samples"),
        (lambda X: np.concatenate([X, RNG.normal(size=X.shape)]), "call 1, concatenate, takes an array that depends"),
        (lambda X: X[:, np.arange(X.shape[1])[::-1]], "call 1, getitem, depends on the number of samples"),
    ],
)  # fmt: skip
def test_what_would_be_wrong_for_other_data_is_refused(net, complaint, path):
    with pytest.raises(ExportError, match=f"^to_onnx: {complaint}"):
        interop.to_onnx(net, path, np.abs(COLUMNS))
    assert not path.exists()


@pytest.mark.parametrize(
    ("sample", "options", "complaint"),
    [
        (COLUMNS, {"dtype": np.float16}, "dtype must be np.float32 or np.float64; got float16"),
        (np.zeros((3, 0)), {}, r"sample must hold numbers, at least one sample; got float64 \(3, 0\)"),
        ("X", {}, "sample must hold numbers"),
    ],
)
def test_arguments_that_cannot_be(sample, options, complaint, path):
    with pytest.raises(ValueError, match=complaint):
        interop.to_onnx(nn.Dense(3, 4), path, sample, **options)


def test_without_the_package_the_error_says_what_to_install(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tinygrad_cn.interop.onnx.build", None)
    with pytest.raises(ImportError, match=r"pip install 'tinygrad-cn\[onnx\]'"):
        interop.to_onnx(nn.Dense(3, 4), path, COLUMNS)
