"""Checkpoints of a training: the same numbers after a kill, and nothing lost by a failure."""

import numpy as np
import pytest

from tinygrad_cn import nn, optim
from tinygrad_cn.errors import StateError
from tinygrad_cn.train import EarlyStopping

from .nets import fit, flower_net, moons_net, same


class Noise(nn.Module):
    """Adds noise from its own generator, as dropout has one."""

    def __init__(self, rng):
        self.rng = rng

    def forward(self, X):
        return X + 0.1 * self.rng.normal(size=X.shape)


def noisy_training(moons, rng, **options):
    net = nn.Sequential(nn.Dense(2, 5, seed=0), nn.Tanh(), Noise(rng), nn.Dense(5, 1, seed=1), nn.Sigmoid())
    optimizer = optim.Adam(net.parameters(), lr=0.02)
    history = fit(
        net, *moons, optimizer=optimizer, epochs=8, batch_size=64, validation=0.2, l2=0.1,
        early_stopping=EarlyStopping(patience=100), schedule=optim.CosineDecay(0.02, 8), **options,
    )  # fmt: skip
    return net, history


class KilledError(Exception):
    pass


def kill(epoch, history):
    if epoch == 4:
        raise KilledError


@pytest.mark.parametrize("resume", ["flag", "path"])
@pytest.mark.parametrize("make", [np.random.default_rng, np.random.RandomState])
def test_a_killed_and_resumed_training_gives_the_same_numbers(moons, tmp_path, make, resume):
    path = tmp_path / "training.safetensors"
    whole, expected = noisy_training(moons, make(5), seed=make(7))
    with pytest.raises(KilledError):
        noisy_training(moons, make(5), seed=make(7), checkpoint=path, callback=kill)
    net, history = noisy_training(
        moons, make(5), seed=make(7), checkpoint=path, resume=True if resume == "flag" else path
    )
    for name in ("epochs", "cost", "accuracy", "val_cost", "val_accuracy", "lr"):
        assert getattr(history, name) == getattr(expected, name), name
    assert len(history) == 8
    assert same(net, whole)


def test_resuming_a_finished_training_does_nothing_more(moons, tmp_path):
    path = tmp_path / "training.safetensors"
    first, fresh = moons_net(), moons_net()
    fit(first, *moons, epochs=3, checkpoint=path)
    history = fit(fresh, *moons, epochs=3, resume=path)
    assert len(history) == 3
    assert same(first, fresh)


def test_resume_true_starts_anew_without_a_file_and_a_path_needs_one(moons, tmp_path):
    path = tmp_path / "training.safetensors"
    assert len(fit(moons_net(), *moons, epochs=2, checkpoint=path, resume=True)) == 2
    with pytest.raises(FileNotFoundError):
        fit(moons_net(), *moons, epochs=2, resume=tmp_path / "none.safetensors")
    with pytest.raises(ValueError, match="resume=True needs checkpoint="):
        fit(moons_net(), *moons, epochs=2, resume=True)


def test_a_checkpoint_of_another_net_is_refused(moons, tmp_path):
    path = tmp_path / "training.safetensors"
    fit(moons_net(), *moons, epochs=1, checkpoint=path)
    with pytest.raises(StateError, match="nothing was loaded"):
        fit(flower_net(), *moons, epochs=2, resume=path)


def test_a_checkpoint_that_fits_in_part_changes_nothing(moons, tmp_path):
    """The net's part fits; the optimiser's, or that of the random generators, does not."""
    path = tmp_path / "training.safetensors"
    first, net = moons_net(), moons_net()
    fit(first, *moons, optimizer=optim.Adam(first.parameters()), epochs=1, checkpoint=path)
    with pytest.raises(StateError, match=r"needs {}; the state has"):
        fit(net, *moons, epochs=2, resume=path)
    with pytest.raises(StateError, match="by a training with other random parts"):
        fit(net, *moons, optimizer=optim.Adam(net.parameters()), resume=path, seed=np.random.RandomState(1))
    assert same(net, moons_net())


# ---- failures ---------------------------------------------------------------------------------------


def test_a_full_disk_keeps_the_history_the_net_and_the_checkpoint_before(moons, tmp_path, monkeypatch):
    path = tmp_path / "training.safetensors"
    net, whole = moons_net(), moons_net()
    writes = []

    def full(descriptor):
        writes.append(descriptor)
        if len(writes) == 3:
            raise OSError("No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        fit(net, *moons, epochs=5, checkpoint=path)
    assert caught.value.history.epochs == [0, 1, 2]
    assert caught.value.__notes__ == ["The 3 epochs before are in the .history of this error."]
    fit(whole, *moons, epochs=3)
    assert same(net, whole)
    resumed = fit(net, *moons, epochs=5, checkpoint=path, resume=True)
    assert resumed.cost == fit(moons_net(), *moons, epochs=5).cost
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_what_was_left_by_a_kill_in_the_middle_of_a_write_is_removed(moons, tmp_path):
    path = tmp_path / "run[1].safetensors"
    left, another = tmp_path / f".{path.name}.{'0a' * 16}", tmp_path / f".other.safetensors.{'0a' * 16}"
    left.touch()
    another.touch()
    fit(moons_net(), *moons, epochs=1, checkpoint=path)
    assert sorted(tmp_path.iterdir()) == sorted([path, another])


@pytest.mark.parametrize("wrong", [np.nan, -1, None, "0.1"])
def test_a_schedule_gone_wrong_names_the_epoch_and_keeps_the_history(moons, wrong):
    with pytest.raises(ValueError, match=rf"schedule\(2\) must be a finite number ≥ 0; got {wrong!r}") as caught:
        fit(moons_net(), *moons, epochs=5, schedule=lambda epoch: np.array(0.5) if epoch < 2 else wrong)
    assert caught.value.history.lr == [0.5, 0.5]
