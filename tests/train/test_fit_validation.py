"""Validation and early stopping within a training."""

import numpy as np
import pytest

from tinygrad_cn import nn

from .nets import BCE, fit, moons_net, same


def test_validation_is_looked_at_after_the_epoch_and_without_the_penalty(moons):
    net = moons_net()
    train, test = moons.split(seed=1)
    history = fit(net, *train, epochs=3, optimizer=0.5, validation=test, l2=5.0)
    assert history.val_cost[-1] == BCE(net(test.X), test.Y).item()
    assert history.val_accuracy[-1] == ((net(test.X).numpy() > 0.5) == test.Y).mean()


@pytest.mark.parametrize("batch_size", [None, 7])
def test_validation_sees_the_net_in_evaluation_mode_and_leaves_the_modes_alone(moons, batch_size):
    seen = []

    class Watching(nn.Module):
        def __init__(self):
            self.inner = moons_net()

        def forward(self, X):
            seen.append((self.training, self.inner.training, X.shape[1]))
            return self.inner(X)

    net = Watching()
    net.inner.training = False
    fit(net, *moons, epochs=1, validation=0.1, batch_size=batch_size)
    assert [s for s in seen if s[0]] == [(True, False, s[2]) for s in seen if s[0]]
    assert sum(m for training, _, m in seen if training) == 270
    assert sum(m for training, inner, m in seen if not training and not inner) == 30
    assert (net.training, net.inner.training) == (True, False)


def test_a_share_sets_samples_aside_and_a_pair_or_dataset_is_used_as_it_is(moons):
    train, test = moons.split(0.25, seed=0)
    pair, dataset = (fit(moons_net(), *train, epochs=2, validation=v) for v in (tuple(test), test))
    share = fit(moons_net(), *moons, epochs=2, validation=0.25)
    assert pair.val_cost == dataset.val_cost == share.val_cost
    assert pair.cost == share.cost


def by_heart(**options):
    """A training with nothing to learn but by heart, so the validation cost soon rises."""
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(20, 30)), (rng.random((1, 30)) < 0.5).astype(float)
    net, held_out = nn.DNN([20, 30, 1], seed=0), (X[:, 20:], Y[:, 20:])
    options = {"validation": held_out, "early_stopping": 5, "compile": False, **options}  # so that bits can be compared
    history = fit(net, X[:, :20], Y[:, :20], epochs=500, **options)
    return net, history, BCE(net(held_out[0]), held_out[1]).item()


def test_early_stopping_ends_with_the_parameters_of_the_best_epoch():
    _, history, cost = by_heart()
    assert history.stopped_early
    assert len(history) == history.best["epochs"] + 6 < 500
    assert cost == history.best["val_cost"] < history.val_cost[-1]


@pytest.mark.parametrize("after", [3, 0])
def test_early_stopping_remembers_its_best_across_a_kill(tmp_path, after):
    """Killed between the best epoch and the end of patience, or after the end."""
    path = tmp_path / "training.safetensors"
    whole, expected, _ = by_heart()

    def kill_late(epoch, history):
        if after and epoch == expected.best["epochs"] + after:
            raise KeyboardInterrupt

    by_heart(checkpoint=path, callback=kill_late)
    net, history, _ = by_heart(checkpoint=path, resume=True)
    assert history.val_cost == expected.val_cost
    assert history.stopped_early
    assert same(net, whole)
