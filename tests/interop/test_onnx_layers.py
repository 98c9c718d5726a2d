"""to_onnx: onnxruntime gives the outputs of every layer, for any number of samples and of time steps."""

import numpy as np
import pytest

from tests.interop.onnx_runs import (
    COLUMNS,
    DOUBLE,
    FOUR_ROWS,
    IDS,
    IMAGES,
    RNG,
    SEQUENCE,
    assert_same,
    moved,
    resized,
    shapes,
)
from tinygrad_cn import interop, nn
from tinygrad_cn.nn.activation import ACTIVATIONS


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
    **{kind.__name__: (kind(3, 4, seed=1), SEQUENCE) for kind in (nn.RNN, nn.GRU, nn.LSTM)},
    **{kind.__name__: (kind(3, 4, seed=1), COLUMNS) for kind in (nn.RNNCell, nn.GRUCell, nn.LSTMCell)},
    "Residual": (nn.Residual(nn.Dense(3, 4, "tanh", seed=1), projection=nn.Dense(3, 4, bias=False, seed=2)), COLUMNS),
    "MultiHeadAttention": (nn.MultiHeadAttention(4, 2, seed=1), FOUR_ROWS),
    "MultiHeadAttention, causal": (nn.MultiHeadAttention(4, 1, causal=True, bias=False, seed=1), FOUR_ROWS),
    "TransformerEncoderBlock": (nn.TransformerEncoderBlock(4, 2, activation="gelu", causal=True, seed=1), FOUR_ROWS),
    "TransformerDecoderBlock": (To(nn.TransformerDecoderBlock(4, 2, norm="post", seed=1)), FOUR_ROWS),
    "PositionalEncoding": (nn.PositionalEncoding(4), FOUR_ROWS),
    "PositionEmbedding": (nn.PositionEmbedding(6, 4, seed=1), FOUR_ROWS),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_onnxruntime_gives_the_outputs_of_every_layer_at_any_size(name, path):
    net, x = LAYERS[name]
    moved(net)
    if isinstance(net, nn.BatchNorm):
        net(x)
    interop.to_onnx(net, path, x, steps=6 if name.startswith("Position") else True)
    net.eval()
    for m, T in ((1, 6), (7, 1), (x.shape[1], 5)):
        assert_same(path, net, resized(x, m, T))


def test_every_layer_of_nn_is_in_that_list():
    found = {type(module) for net, _ in LAYERS.values() for module in net.modules()}
    base = {nn.Module, nn.Parameter, nn.DNN, nn.Sequential, nn.Activation}
    public = {getattr(nn, name) for name in nn.__all__ if isinstance(getattr(nn, name), type)}
    layers = {kind for kind in public if issubclass(kind, nn.Module)} - base
    assert layers - found == set(), "give each a row in LAYERS above"


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
    assert shapes(path) == [["m", "T"], [2, "m"]]
    assert not any(parameter.requires_grad for parameter in net.parameters())
    for ids in ([[4, 4, 4], [0, 1, 2], [3, 3, 0]], [[2, 0, 1, 4, 4, 3, 2]]):
        assert_same(path, net, np.array(ids))


def test_a_language_model(path):
    """The sample has as many steps as the net knows positions for; the file takes fewer as well."""
    net = nn.Sequential(
        nn.Embedding(5, 4, seed=1), nn.PositionEmbedding(8, 4, seed=2),
        *(nn.TransformerEncoderBlock(4, 2, causal=True, seed=3 + i) for i in range(2)),
        nn.LayerNorm(4), nn.Dense(4, 5, seed=5),
    )  # fmt: skip
    ids = RNG.integers(0, 5, (2, 8))
    interop.to_onnx(moved(net), path, ids, steps=8)
    assert shapes(path) == [["m", "T"], [5, "m", "T"]]
    for m, T in ((2, 8), (1, 1), (3, 4)):
        assert_same(path, net, RNG.integers(0, 5, (m, T)))


def test_float64_keeps_its_digits(path):
    net = nn.DNN([3, 8, 8, 2], hidden=["leaky_relu", "elu"], output="softmax", seed=1)
    interop.to_onnx(net, path, COLUMNS, dtype=np.float64)
    assert_same(path, net, COLUMNS, tolerance=DOUBLE)
