"""Checkpoints: what goes in comes out bit by bit, and a failed write leaves the old file."""

import zipfile

import numpy as np
import pytest

from tinygrad_cn.train import checkpoint

STATE = {
    "net": {"W1": np.array([[0.1, -1e-300], [np.pi, 2.0]]), "b1": np.float32([[1], [2]])},
    "optimizer": {"lr": 0.1, "t": 3, "moments": [np.arange(3.0), np.zeros((0, 2))]},
    "rng": np.random.default_rng(5).bit_generator.state,
    "epoch": np.int64(7),
    "note": None,
}


def test_arrays_come_back_bit_by_bit_and_plain_values_equal(tmp_path):
    checkpoint.save(tmp_path / "a.npz", STATE)
    back = checkpoint.load(tmp_path / "a.npz")
    for name in ("W1", "b1"):
        assert back["net"][name].tobytes() == STATE["net"][name].tobytes()
        assert back["net"][name].dtype == STATE["net"][name].dtype
    assert [a.shape for a in back["optimizer"]["moments"]] == [(3,), (0, 2)]
    assert {key: back[key] for key in ("rng", "epoch", "note")} == {"rng": STATE["rng"], "epoch": 7, "note": None}
    assert (back["optimizer"]["lr"], back["optimizer"]["t"]) == (0.1, 3)


def test_the_file_names_its_arrays_and_needs_no_pickle(tmp_path):
    checkpoint.save(tmp_path / "a.npz", STATE)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as archive:
        assert {"net.W1", "net.b1", "optimizer.moments.0"} < set(archive.files)
        assert all(archive[name].dtype != object for name in archive.files)


def test_a_failed_save_leaves_the_old_file_and_no_rubbish(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    checkpoint.save(path, {"epoch": 1})

    def full(file, **arrays):
        file.write(b"half a file")
        raise OSError("No space left on device")

    monkeypatch.setattr(checkpoint.np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        checkpoint.save(path, {"epoch": 2})
    monkeypatch.undo()
    assert checkpoint.load(path) == {"epoch": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["a.npz"]


def test_what_a_killed_training_left_is_in_nobodys_way(tmp_path):
    path = tmp_path / "a.npz"
    (tmp_path / "a.npz.tmp").write_bytes(b"half a file")
    checkpoint.save(path, {"epoch": 1})
    assert [file.name for file in tmp_path.iterdir()] == ["a.npz"]
    (tmp_path / "plain").touch()
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_what_cannot_be_stored_is_refused_before_the_file_is_touched(tmp_path):
    path = tmp_path / "a.npz"
    checkpoint.save(path, {"epoch": 1})
    with pytest.raises(TypeError):
        checkpoint.save(path, {"net": object()})
    assert checkpoint.load(path) == {"epoch": 1}


def damaged(path):
    checkpoint.save(path, STATE)
    path.write_bytes(path.read_bytes()[:200])


@pytest.mark.parametrize(
    "make",
    [
        damaged,
        lambda path: path.write_text("not a checkpoint"),
        lambda path: path.write_bytes(b""),
        lambda path: zipfile.ZipFile(path, "w").close(),
        lambda path: np.save(path.open("wb"), np.zeros(3)),
    ],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_is_no_checkpoint_is_named(tmp_path, make):
    make(tmp_path / "a.npz")
    with pytest.raises(ValueError, match=r"a\.npz is not a checkpoint of fit, or it is damaged"):
        checkpoint.load(tmp_path / "a.npz")


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        checkpoint.load(tmp_path / "none.npz")
