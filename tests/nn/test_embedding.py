"""Embedding: a column for each id, gradients added up where a word occurs twice."""

import numpy as np
import pytest

from tinygrad_cn import nn
from tinygrad_cn.errors import OpError, ShapeError

IDS = np.array([[3, 1, 1], [0, 3, 3]])


def test_it_is_the_product_with_the_one_hot_column():
    layer = nn.Embedding(4, 5, seed=1)
    one_hot = (np.arange(4)[:, None, None] == IDS).astype(float)
    e = layer(IDS)
    assert e.shape == (5, 2, 3)
    np.testing.assert_allclose(e.numpy(), np.tensordot(layer.E.numpy(), one_hot, 1))
    np.testing.assert_array_equal(layer(IDS[None]).numpy(), e.numpy())
    np.testing.assert_array_equal(layer(IDS[0]).numpy(), e.numpy()[:, 0])
    np.testing.assert_array_equal(layer(IDS.tolist()).numpy(), e.numpy())


def test_a_word_gets_the_gradients_of_all_its_places(rng):
    layer = nn.Embedding(4, 5, seed=1)
    g = rng.normal(size=(5, 2, 3))
    layer(IDS).backward(g)
    one_hot = (np.arange(4)[:, None, None] == IDS).astype(float)
    np.testing.assert_allclose(layer.E.grad, np.tensordot(g, one_hot, axes=((1, 2), (1, 2))), rtol=1e-13)
    assert not layer.E.grad[:, 2].any()


def test_torch_agrees(rng):
    torch = pytest.importorskip("torch")
    ours, theirs = nn.Embedding(4, 5, seed=1), torch.nn.Embedding(4, 5, dtype=torch.float64)
    theirs.weight.data[...] = torch.tensor(ours.E.numpy().T)
    g = rng.normal(size=(5, 2, 3))
    ours(IDS).backward(g)
    out = theirs(torch.tensor(IDS))
    out.backward(torch.tensor(g.transpose(1, 2, 0)))
    np.testing.assert_array_equal(ours(IDS).numpy(), out.detach().numpy().transpose(2, 0, 1))
    np.testing.assert_allclose(ours.E.grad, theirs.weight.grad.numpy().T, rtol=1e-13)


def test_start_values():
    E = nn.Embedding(1000, 50, seed=1).E.numpy()
    assert E.shape == (50, 1000)
    assert E.std() == pytest.approx(1, abs=0.02)
    np.testing.assert_array_equal(E, nn.Embedding(1000, 50, seed=1).E.numpy())
    assert nn.Embedding(4, 5, init="zeros", dtype=np.float32).E.dtype == np.float32
    assert repr(nn.Embedding(4, 5)) == "Embedding(4, 5)"


@pytest.mark.parametrize(
    ("ids", "error", "message"),
    [
        ([[0.0, 1.0]], OpError, "ids must be whole numbers; got float64"),
        ([[0, 4]], ValueError, "ids must be 0 … 3; got 0 … 4"),
        ([[0, -1]], ValueError, "ids must be 0 … 3; got -1 … 0"),
        (2, ShapeError, r"ids must be \(T,\), \(m, T\) or \(1, m, T\); got \(\)"),
        ([[[0], [1]], [[0], [1]]], ShapeError, r"got \(2, 2, 1\)"),
    ],
)
def test_misuse_is_explained(ids, error, message):
    with pytest.raises(error, match=message):
        nn.Embedding(4, 5)(ids)
