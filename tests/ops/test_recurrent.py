"""Recurrent steps against the notes' equations; their records are checked with all others in test_records."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn.errors import ShapeError
from tinygrad_cn.ops.recurrent import (
    GRU_MEMORY,
    GRU_RESET,
    LSTM_GATES,
    LSTM_MEMORY,
    LSTM_OUTPUT,
    RECURRENT,
    SEQUENCE_AFFINE,
)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def test_one_product_with_the_stacked_pair(rng):
    Waa, Wax, b = rng.normal(size=(4, 3)), rng.normal(size=(4, 2)), rng.normal(size=(4, 1))
    a, x = rng.normal(size=(3, 6)), rng.normal(size=(2, 6))
    z = RECURRENT(np.hstack([Waa, Wax]), a, x, b)
    np.testing.assert_allclose(z, Waa @ a + Wax @ x + b, rtol=1e-13)


def test_lstm_is_the_notes(rng):
    zf, zi, zo, zc = rng.normal(size=(4, 2, 5))
    c = rng.normal(size=(2, 5))
    gates = LSTM_GATES(np.vstack([zf, zi, zo, zc]))
    after = LSTM_MEMORY(gates, c)
    np.testing.assert_allclose(after, sigmoid(zf) * c + sigmoid(zi) * np.tanh(zc), rtol=1e-13)
    np.testing.assert_allclose(LSTM_OUTPUT(gates, after), sigmoid(zo) * np.tanh(after), rtol=1e-13)


def test_gru_is_the_notes(rng):
    u, r, candidate = rng.uniform(size=(3, 2, 5))
    c = rng.normal(size=(2, 5))
    gates = np.vstack([u, r])
    np.testing.assert_array_equal(GRU_RESET(gates, c), r * c)
    np.testing.assert_allclose(GRU_MEMORY(gates, candidate, c), u * candidate + (1 - u) * c, rtol=1e-13)


def test_far_gates_are_finite_and_flat():
    z = tg.tensor([[-1e4], [1e4], [1e4], [-1e4]], requires_grad=True)
    gates = LSTM_GATES(z)
    gates.sum().backward()
    assert gates.numpy().ravel().tolist() == [0, 1, 1, -1]
    assert z.grad.tolist() == [[0.0]] * 4


def test_a_map_of_a_sequence_is_one_map_per_step(rng):
    W, x, b = rng.normal(size=(3, 2)), rng.normal(size=(2, 4, 5)), rng.normal(size=(3, 1))
    z = SEQUENCE_AFFINE(W, x, b)
    for t in range(5):
        np.testing.assert_allclose(z[:, :, t], W @ x[:, :, t] + b, rtol=1e-13)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (
            ((4, 5), (3, 6), (2, 7), (4, 1)),
            r"a⟨t−1⟩ and x⟨t⟩ must be \(n_a, m\) and \(n_x, m\); got \(3, 6\) and \(2, 7\)",
        ),
        (((4, 4), (3, 6), (2, 6), (4, 1)), r"w must have n_a \+ n_x = 5 columns; got \(4, 4\)"),
        (((4, 5), (3, 6), (2, 6), (3, 1)), r"b must be \(4, 1\)"),
    ],
)
def test_shapes_are_explained(shapes, message):
    with pytest.raises(ShapeError, match=message):
        RECURRENT(*(tg.tensor(np.ones(shape), requires_grad=True) for shape in shapes))
