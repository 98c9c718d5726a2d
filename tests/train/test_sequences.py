"""fit on sequences (n_x, m, T): mini-batches of samples, accuracy per time step, padding that counts nowhere."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import data, nn, optim
from tinygrad_cn.errors import ShapeError


@pytest.fixture
def parities(rng):
    """Bits (1, m, T), and the parity of the bits so far."""
    bits = rng.integers(0, 2, (1, 120, 5))
    return bits, bits.cumsum(axis=2) % 2


def tagger(seed=0):
    return nn.Sequential(nn.GRU(1, 8, seed=seed), nn.Dense(8, 2, seed=seed))


def train(net, X, Y, loss=nn.cross_entropy, epochs=60, batch_size=30, **options):
    optimizer = optim.Adam(net.parameters(), lr=0.03)
    return tg.fit(net, X, Y, loss, optimizer, epochs, batch_size, progress=False, **options)


@pytest.mark.parametrize("spelling", ["labels", "one-hot"])
def test_every_step_has_a_label(parities, spelling):
    X, labels = parities
    Y = labels if spelling == "labels" else (np.arange(2)[:, None, None] == labels[0]).astype(float)
    history = train(tagger(), X.astype(float), Y, validation=0.25)
    assert history.cost[0] > 3 > 0.5 > history.cost[-1]
    assert history.accuracy[-1] > 0.99
    assert history.val_accuracy[-1] > 0.99


def test_the_last_step_has_the_label(parities):
    X, labels = parities
    net = nn.Sequential(nn.LSTM(1, 10, output="last", seed=1), nn.Dense(10, 1, "sigmoid", seed=1))
    history = train(net, X.astype(float), labels[:, :, -1], nn.binary_cross_entropy, epochs=100)
    assert history.accuracy[-1] == 1.0
    assert history.cost[-1] < 0.05 < 0.6 < history.cost[0]


def test_ids_go_through_an_embedding(parities):
    ids, labels = parities
    net = nn.Sequential(nn.Embedding(2, 3, seed=1), nn.RNN(3, 12, seed=2), nn.Dense(12, 2, seed=3))
    assert train(net, ids, labels).accuracy[-1] > 0.95


def test_the_first_cost_is_the_mean_over_samples_of_sums_over_time(parities):
    X, Y = parities
    (cost,) = train(tagger(), X.astype(float), Y, epochs=1, batch_size=None).cost
    log_A = nn.log_softmax(tagger()(X.astype(float)).numpy())
    by_hand = -np.take_along_axis(log_A, Y, axis=0).sum() / 120
    assert cost == pytest.approx(by_hand, rel=1e-12)


def test_padded_steps_teach_nothing(parities):
    X, labels = parities
    mask = nn.padding_mask(np.arange(120) % 5 + 1, 5)
    Y = (np.arange(2)[:, None, None] == labels[0]) * mask
    other = np.where(mask, X, 99.0)
    nets = tagger(), tagger()
    histories = [train(net, np.asarray(x, float), Y, epochs=5) for net, x in zip(nets, (X, other), strict=True)]
    assert histories[0].cost == histories[1].cost
    assert histories[0].accuracy == histories[1].accuracy
    for name, value in nets[0].state_dict().items():
        np.testing.assert_array_equal(value, nets[1].state_dict()[name])


def test_labels_without_their_row_are_explained(parities):
    X, Y = parities
    with pytest.raises(ShapeError, match=r"Y \(120, 5\) has m = 5. Write labels of sequences \(m, T\) as \(1, m, T\)"):
        train(tagger(), X.astype(float), Y[0])
    with pytest.raises(ShapeError, match=r"Write ids of sequences \(m, T\) as \(1, m, T\)"):
        data.Dataset(X[0], Y)
