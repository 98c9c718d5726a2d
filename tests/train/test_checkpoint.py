"""Checkpoints: what goes in comes out bit by bit; `tests/test_files.py` has damage and failed writes."""

import numpy as np
import pytest
import safetensors.numpy as safetensors

from tinygrad_cn import files
from tinygrad_cn.errors import StateError
from tinygrad_cn.train import checkpoint

STATE = {
    "net": {"W1": np.array([[0.1, -1e-300], [np.pi, 2.0]]), "b1": np.float32([[1], [2]])},
    "optimizer": {"lr": 0.1, "t": 3, "moments": [np.arange(3.0), np.zeros((0, 2))]},
    "rng": np.random.default_rng(5).bit_generator.state,
    "epoch": np.int64(7),
    "note": None,
}


def test_arrays_come_back_bit_by_bit_and_plain_values_equal(tmp_path):
    checkpoint.save(tmp_path / "a.safetensors", STATE)
    back = checkpoint.load(tmp_path / "a.safetensors")
    for name in ("W1", "b1"):
        assert back["net"][name].tobytes() == STATE["net"][name].tobytes()
        assert back["net"][name].dtype == STATE["net"][name].dtype
    assert [a.shape for a in back["optimizer"]["moments"]] == [(3,), (0, 2)]
    assert {key: back[key] for key in ("rng", "epoch", "note")} == {"rng": STATE["rng"], "epoch": 7, "note": None}
    assert (back["optimizer"]["lr"], back["optimizer"]["t"]) == (0.1, 3)


def test_the_file_names_its_arrays(tmp_path):
    checkpoint.save(tmp_path / "a.safetensors", STATE)
    arrays = safetensors.load_file(tmp_path / "a.safetensors")
    assert sorted(arrays) == ["net.W1", "net.b1", "optimizer.moments.0", "optimizer.moments.1"]


def test_what_cannot_be_stored_is_refused_before_the_file_is_touched(tmp_path):
    path = tmp_path / "a.safetensors"
    checkpoint.save(path, {"epoch": 1})
    with pytest.raises(TypeError):
        checkpoint.save(path, {"net": object()})
    assert checkpoint.load(path) == {"epoch": 1}


@pytest.mark.parametrize(
    ("write", "complaint"),
    [
        (lambda path: files.write(path, {"W1": np.zeros(2)}), "is not a checkpoint of fit: it holds W1"),
        (lambda path: files.write(path, {}), "is not a checkpoint of fit: it holds no arrays"),
        (lambda path: path.write_text("not a checkpoint"), "is not a safetensors file"),
    ],
)
def test_what_is_no_checkpoint_is_named(tmp_path, write, complaint):
    write(tmp_path / "a.safetensors")
    with pytest.raises(StateError, match=rf"a\.safetensors {complaint}"):
        checkpoint.load(tmp_path / "a.safetensors")


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        checkpoint.load(tmp_path / "none.safetensors")
