"""to_onnx: which sizes stay open, how constants grow with them, and what would be wrong for other data."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.interop.onnx_runs import (
    COLUMNS,
    DOUBLE,
    FOUR_ROWS,
    IDS,
    RNG,
    SEQUENCE,
    SINGLE,
    assert_same,
    constants,
    kinds,
    moved,
    run,
    session,
    shapes,
)
from tinygrad_cn import interop, nn
from tinygrad_cn.errors import ExportError


def test_fixed_sizes_are_in_the_shape(path):
    interop.to_onnx(nn.Dense(3, 4), path, SEQUENCE, samples=False)
    assert shapes(path) == [[3, 2, "T"], [4, 2, "T"]]
    interop.to_onnx(nn.Dense(3, 4), path, SEQUENCE, steps=False)
    assert shapes(path) == [[3, "m", 4], [4, "m", 4]]
    interop.to_onnx(nn.Dense(3, 4), path, SEQUENCE, samples=False, steps=False)
    assert shapes(path) == [[3, 2, 4], [4, 2, 4]]


def test_masks_and_whole_numbers_grow_with_the_samples(path):
    def net(X, ids):
        m = X.shape[1]
        scaled = (X * np.ones((3, m), bool) + np.full((1, m), 2)).T * ids
        return np.where(np.ones((m, 3), int), scaled, 0.0)

    interop.to_onnx(net, path, (COLUMNS, np.arange(5).reshape(5, 1)), steps=False)
    assert_same(path, lambda X, ids: net(tg.tensor(X), ids), RNG.normal(size=(3, 4)), np.array([[3], [1], [0], [2]]))


def test_outputs_of_other_sizes_than_m(path):
    def net(X):
        return X[:, 1:], np.concatenate([X, X], axis=1)

    interop.to_onnx(net, path, COLUMNS)
    assert_same(path, net, RNG.normal(size=(3, 9)))
    assert [output.shape[1] == "m" for output in session(path).get_outputs()] == [False, False]


def test_sizes_that_are_products(path):
    def net(X):
        _, m, T = X.shape
        columns = X.reshape(3, m * T) * np.ones((1, m * T))
        return columns, np.broadcast_to(columns.reshape(3, m, 1, T), (3, m, 2, T)).reshape(3, 2 * m, T)

    interop.to_onnx(net, path, SEQUENCE)
    for m, T in ((5, 3), (1, 1)):
        assert_same(path, net, RNG.normal(size=(3, m, T)))


# ---- sequences ------------------------------------------------------------------------------------------


def test_sequences_of_different_lengths_have_sizes_of_their_own(path):
    block = moved(nn.TransformerDecoderBlock(4, 2, seed=1))
    interop.to_onnx(block, path, (FOUR_ROWS, RNG.normal(size=(4, 2, 3))))
    assert shapes(path) == [[4, "m", "T1"], [4, "m", "T2"], [4, "m", "T1"]]
    assert_same(path, block, RNG.normal(size=(4, 3, 2)), RNG.normal(size=(4, 3, 7)))


def test_sequences_of_one_length_share_it(path):
    interop.to_onnx(lambda X, Y: X + Y, path, (FOUR_ROWS, -FOUR_ROWS))
    assert shapes(path) == [[4, "m", "T"]] * 3


def test_masks_of_attention_grow_with_the_steps(path):
    """Causal, between sequences of different lengths, and the same for every sample."""
    layer = moved(nn.MultiHeadAttention(4, 2, causal=True, seed=1))

    def net(X, M):
        attended = layer.attend(X, M, mask=np.ones((X.shape[2], 1), bool))
        return attended.output, attended.weights

    interop.to_onnx(net, path, (FOUR_ROWS, RNG.normal(size=(4, 2, 3))))
    for T, T_k in ((3, 5), (6, 2), (1, 1)):
        assert_same(path, net, RNG.normal(size=(4, 3, T)), RNG.normal(size=(4, 3, T_k)))


def test_a_mask_is_made_once_for_all_blocks(path):
    blocks = [nn.TransformerEncoderBlock(4, 2, causal=True, seed=i) for i in range(3)]
    interop.to_onnx(nn.Sequential(*blocks), path, FOUR_ROWS)
    made = kinds(path)
    assert made.count("GreaterOrEqual") == 1
    assert made.count("Where") == 3


POSITIONS = [nn.PositionalEncoding(4), nn.PositionEmbedding(9, 4, seed=1)]


@pytest.mark.parametrize("layer", POSITIONS)
def test_positions_are_kept_up_to_the_longest_sequence(layer, path):
    interop.to_onnx(layer, path, FOUR_ROWS, steps=9)
    assert [array.shape for array in constants(path).values() if array.ndim == 3] == [(4, 1, 9)]
    for m, T in ((1, 1), (3, 9)):
        assert_same(path, layer, RNG.normal(size=(4, m, T)))
    with pytest.raises(Exception, match="broadcast an axis by a dimension other than 1"):
        run(path, RNG.normal(size=(4, 1, 10)))


@pytest.mark.parametrize("layer", POSITIONS)
def test_positions_need_to_know_how_many(layer, path):
    with pytest.raises(ExportError, match=r"the constant .*\(4, 1, 5\) that is not the same for every time step; with"):
        interop.to_onnx(layer, path, FOUR_ROWS)
    interop.to_onnx(layer, path, FOUR_ROWS, steps=False)
    assert_same(path, layer, FOUR_ROWS)


def test_more_positions_than_there_are(path):
    with pytest.raises(ExportError, match=r"does not take 10 time steps: PositionEmbedding\(9, 4\): X may have up to"):
        interop.to_onnx(POSITIONS[1], path, FOUR_ROWS, steps=10)


def test_a_sample_may_be_as_long_as_the_net_takes(path):
    """Then T is seen to be open on a shorter one."""
    layer = nn.PositionEmbedding(5, 4, seed=1)
    interop.to_onnx(layer, path, FOUR_ROWS, steps=5)
    assert_same(path, layer, RNG.normal(size=(4, 2, 2)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_attention_to_padded_steps_is_part_of_the_net(dtype, path):
    """The second sample may look nowhere: it has weight 0 everywhere."""
    layer = nn.MultiHeadAttention(4, 2, causal=True, seed=1)

    def net(X):
        attended = layer.attend(X, lengths=[3, 0])
        return attended.output, attended.weights

    interop.to_onnx(net, path, FOUR_ROWS, samples=False, steps=8, dtype=dtype)
    for T in (5, 8):
        X = RNG.normal(size=(4, 2, T))
        assert_same(path, net, X, tolerance=SINGLE if dtype == np.float32 else DOUBLE)
    assert np.all(run(path, FOUR_ROWS)[1][1] == 0)


# ---- lengths as an input --------------------------------------------------------------------------------


class Reader(nn.Module):
    """Attention to the real steps, and the mean of their outputs."""

    def __init__(self):
        self.blocks = [nn.TransformerEncoderBlock(4, 2, causal=causal, seed=1) for causal in (False, True, True)]

    def forward(self, X, n):
        for block in self.blocks:
            X = block(X, lengths=n)
        return np.sum(X * nn.padding_mask(n, X.shape[2]), axis=2) / n


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, SINGLE), (np.float64, DOUBLE)])
@pytest.mark.parametrize("lengths", [[5, 2], [5, 5]])
def test_lengths_of_attention_can_be_an_input(lengths, dtype, tolerance, path):
    net = moved(Reader())
    interop.to_onnx(net, path, (FOUR_ROWS, np.array(lengths)), dtype=dtype)
    assert shapes(path) == [[4, "m", "T"], ["m"], [4, "m"]]
    assert kinds(path).count("Less") == 3  # for the first block, for the others, for the mean
    for T, n in ((7, [1, 7, 4]), (1, [1]), (3, [2, 2])):
        assert_same(path, net, RNG.normal(size=(4, len(n), T)), np.array(n), tolerance=tolerance)


def test_lengths_of_a_sequence_and_of_its_memory(path):
    net = moved(nn.TransformerDecoderBlock(4, 2, seed=1))
    sample = FOUR_ROWS, RNG.normal(size=(4, 2, 7))
    interop.to_onnx(net, path, (*sample, np.array([5, 2]), np.array([3, 6])))
    assert_same(path, net, *(RNG.normal(size=(4, 3, T)) for T in (2, 4)), np.array([1, 2, 2]), np.array([4, 0, 3]))
    with pytest.raises(ExportError, match="a mask may be of X3 and X4: give a sample in which these lengths differ"):
        interop.to_onnx(net, path, (*sample, np.array([5, 2]), np.array([5, 2])))


def test_a_mask_that_fits_the_lengths_of_the_sample_by_chance_is_refused(path):
    """For other lengths it would be another, and it is not."""
    mask = nn.padding_mask([2, 4], 4)
    with pytest.raises(ExportError, match="call 1, multiply, takes an array that depends on the sample"):
        interop.to_onnx(lambda X, n: np.sum(X * mask, axis=2) / n, path, (SEQUENCE, np.array([2, 4])), steps=False)


def test_steps_are_counted_from_the_sample(path):
    with pytest.raises(ValueError, match="steps must be at least the 5 of the sample; got 4"):
        interop.to_onnx(nn.Dense(4, 1), path, FOUR_ROWS, steps=4)


# ---- refusals -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("net", "complaint"),
    [
        (lambda X: np.linalg.inv(X @ X.T), "the op inv is not exported: it has no row in"),
        (lambda X: np.where(X.numpy() > 0, X, 0.0), "call 1, where, takes an array that depends on the sample without"),
        (lambda X: X * float(X.sum()), "call 1, multiply, takes an array that depends on the sample"),
        (lambda X: X if X.sum() < 0 else -X, "the net makes other steps for other values"),
        (lambda X: tg.tensor(np.ones(3)), "the output does not depend on the sample"),
        (lambda X: X.numpy(), "the net must return a Tensor or a tuple of them; got ndarray"),
        (
            lambda X: np.sum(X, axis=1) / X.shape[1],
            "call 2, divide, depends on the number of samples: it takes the constant 5 that is another then; samples=F",
        ),
        (lambda X: np.var(X, axis=1, ddof=1), "var needs the length of an axis that counts samples; samples=False"),
        (lambda X: np.concatenate([X, RNG.normal(size=X.shape)]), "call 1, concatenate, takes an array that depends"),
        (lambda X: X[:, np.arange(X.shape[1])[::-1]], "call 1, getitem, depends on the number of samples"),
        (
            lambda X: X * np.arange(float(X.shape[1])),
            r"call 1, multiply, .*: it takes the constant \(5,\) that is not the same for every sample; samples=False",
        ),
    ],
)  # fmt: skip
def test_what_would_be_wrong_for_other_data_is_refused(net, complaint, path):
    with pytest.raises(ExportError, match=f"^to_onnx: {complaint}"):
        interop.to_onnx(net, path, np.abs(COLUMNS))
    assert not path.exists()


@pytest.mark.parametrize(
    ("net", "complaint"),
    [
        (lambda X: np.sum(X, axis=2) / X.shape[2], "call 2, divide, depends on the number of time steps: .*=False"),
        (lambda X: X[:, :, X.shape[2] - 1], "call 1, getitem, depends on the number of time steps: its option index"),
        (lambda X: X * np.ones(4), "the net does not take another number of time steps: .*steps=False"),
        (
            lambda X: np.concatenate([X, X[:, :, :1]], axis=2).reshape(3, -1, X.shape[2] + 1),
            r"call 3, reshape, depends on the number of time steps: .* shape is \(3, -1, 5\), then \(3, -1, 6\)",
        ),
        (lambda X: np.repeat(X, 2, axis=2), "repeat needs the length of an axis that counts time steps; steps=False"),
        (lambda X: np.tile(X, (1, 1, X.shape[2])), "call 1, tile, depends on the number of time steps: .* option reps"),
    ],
)  # fmt: skip
def test_what_would_be_wrong_for_other_lengths_is_refused(net, complaint, path):
    with pytest.raises(ExportError, match=f"^to_onnx: {complaint}"):
        interop.to_onnx(net, path, SEQUENCE)
    assert not path.exists()


def test_inputs_of_different_numbers_of_samples(path):
    with pytest.raises(ExportError, match=r"different numbers of samples: \[2, 5\]; samples=False fixes the number"):
        interop.to_onnx(lambda X, ids: X, path, (COLUMNS, IDS))
