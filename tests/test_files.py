"""Files: written whole or not at all; read back bit by bit, or refused."""

import json
import os
import pickle
import threading
import zipfile

import numpy as np
import pytest
import safetensors.numpy as safetensors

from tinygrad_cn import files
from tinygrad_cn.errors import OpError, StateError

ARRAYS = {
    "W1": np.array([[0.1, -1e-300], [np.pi, 2.0]]).T,
    "b1": np.float32([[1], [2]]),
    "labels": np.arange(3, dtype=">i8"),
    "mask": np.array([True, False]),
    "t": np.array(3.0),
    "empty": np.zeros((0, 2)),
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.safetensors"


def same(got, want):
    return got.keys() == want.keys() and all(
        got[name].shape == want[name].shape
        and got[name].dtype == want[name].dtype.newbyteorder("=")
        and got[name].tobytes() == want[name].astype(got[name].dtype).tobytes()
        for name in want
    )


# ---- what goes in comes out -----------------------------------------------------------------------------


def test_arrays_and_texts_come_back_bit_by_bit(path):
    files.write(path, ARRAYS, {"about": "代价"})
    arrays, texts = files.read(path)
    assert same(arrays, ARRAYS)
    assert texts == {"about": "代价"}
    assert all(array.flags.writeable for array in arrays.values())


def test_other_programs_read_it_and_we_read_theirs(path):
    files.write(path, ARRAYS)
    assert same(safetensors.load_file(path), ARRAYS)
    safetensors.save_file({"weight": np.eye(2)}, path)
    arrays, texts = files.read(path)
    assert same(arrays, {"weight": np.eye(2)})
    assert texts == {}


def test_names_come_back_in_the_order_of_their_numbers(path):
    names = ["1.Wf", "2.Wf", "2.reverse.Wf", "10.Wf", "W2", "W10", "b"]
    files.write(path, {name: np.zeros(1) for name in reversed(names)})
    assert list(files.read(path)[0]) == names


def test_nothing_at_all_is_a_file_too(path):
    files.write(path, {})
    assert files.read(path)[0] == {}


@pytest.mark.parametrize(
    ("arrays", "complaint"),
    [
        ({"W1": np.array([1j])}, "W1 cannot be saved: it must hold real numbers of at most 64 bits; got dtype compl"),
        ({"W1": np.array(["a"])}, "W1 cannot be saved"),
        ({"W1": np.array([None])}, "W1 cannot be saved"),
        ({1: np.zeros(2)}, "an array's name must be text"),
        ({"__metadata__": np.zeros(2)}, "an array's name must be text, and not '__metadata__'"),
    ],
)
def test_what_cannot_be_stored_is_refused_before_the_file_is_touched(path, arrays, complaint):
    files.write(path, {"W1": np.zeros(2)})
    with pytest.raises(OpError, match=complaint):
        files.write(path, arrays)
    assert same(files.read(path)[0], {"W1": np.zeros(2)})


# ---- whole or not at all --------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failed_write_leaves_the_old_file_and_no_rubbish(path, monkeypatch, step):
    files.put(path, b"old")

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(files.os, step, full)
    with pytest.raises(OSError, match="No space left"):
        files.put(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_the_content_is_on_the_disk_before_it_takes_the_place(path, monkeypatch):
    files.put(path, b"old")
    seen = []
    monkeypatch.setattr(files.os, "fsync", lambda _: seen.append(path.read_bytes()))
    files.put(path, b"new")
    assert seen == [b"old"]
    assert path.read_bytes() == b"new"


def test_the_file_has_the_rights_of_any_other(path):
    files.put(path, b"new")
    plain = path.with_name("plain")
    plain.touch()
    assert path.stat().st_mode == plain.stat().st_mode


def test_a_link_stays_a_link(path):
    link = path.with_name("latest.safetensors")
    path.write_bytes(b"old")
    link.symlink_to(path)
    files.put(link, b"new")
    assert link.is_symlink()
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("nowhere", ["", 3, None, b"a", True])
def test_what_is_no_path_is_refused(nowhere):
    with pytest.raises(OpError, match="path must be the path of a file; got "):
        files.put(nowhere, b"")
    with pytest.raises(OpError, match="path must be the path of a file; got "):
        files.read(nowhere)


def test_places_where_no_file_can_be(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match=r"path: the folder .*none does not exist"):
        files.put(tmp_path / "none" / "a", b"")
    with pytest.raises(IsADirectoryError, match=r"path must be a file; .* is a directory"):
        files.put(tmp_path, b"")
    (tmp_path / "old").write_bytes(b"old")
    monkeypatch.setattr(files.os, "access", lambda spot, mode: spot != tmp_path / "old")
    with pytest.raises(PermissionError, match=r"path: no permission to write .*old"):
        files.put(tmp_path / "old", b"new")
    assert (tmp_path / "old").read_bytes() == b"old"
    assert list(tmp_path.parent.glob(f".{tmp_path.name}*")) == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    files.put(pipe, b"new")
    reader.join()
    assert got == [b"new"]
    assert pipe.is_fifo()


# ---- damaged and foreign --------------------------------------------------------------------------------

PICKLE = pickle.dumps({"W1": np.zeros(100)})


def zipped(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.pkl", PICKLE)


def table(content):
    """A safetensors file with this table and no values."""
    text = json.dumps(content).encode()
    return len(text).to_bytes(8, "little") + text


@pytest.mark.parametrize(
    ("write", "complaint"),
    [
        (lambda path: path.write_bytes(b""), "is not a safetensors file, or only the start of one"),
        (lambda path: path.write_text("W1 = 0.5, b1 = 0"), "is not a safetensors file, or only the start of one"),
        (lambda path: path.write_bytes(PICKLE), "is not a safetensors file but a pickle"),
        (lambda path: np.savez(path.open("wb"), W1=np.zeros(2)), "is not a safetensors file but a zip archive"),
        (zipped, "is not a safetensors file but a zip archive"),
        (lambda path: np.save(path.open("wb"), np.zeros(3)), "is not a safetensors file but an .npy file"),
        (lambda path: path.write_bytes(table([])), "is damaged"),
        (lambda path: path.write_bytes(table({"W1": {}})), "is damaged"),
        (
            lambda path: path.write_bytes(table({"W1": {"dtype": "BF16", "shape": [0], "data_offsets": [0, 0]}})),
            "holds arrays of dtype 'BF16', which NumPy does not have",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_foreign_files_are_refused_by_kind(path, write, complaint):
    write(path)
    with pytest.raises(StateError, match=rf"a\.safetensors {complaint}"):
        files.read(path)


def test_missing_files_and_folders_say_so_themselves(tmp_path):
    with pytest.raises(FileNotFoundError, match="none"):
        files.read(tmp_path / "none")
    with pytest.raises(IsADirectoryError):
        files.read(tmp_path)


SMALL = {"W1": np.array([[0.25, -4.0]]), "b1": np.float32([[3]])}


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "a.safetensors"
    files.write(path, SMALL, {"layers": "Dense(2, 1)"})
    return path.read_bytes()


def test_every_truncation_is_refused(path, content):
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(StateError):
            files.read(path)
    path.write_bytes(content + b"\0")
    with pytest.raises(StateError):
        files.read(path)


def test_no_flipped_bit_gives_other_values(path, content):
    """Only a flip in the name of the digest itself goes unseen: the file then looks like another program's."""
    flipped = bytearray(content)
    unseen = set()
    for bit in range(8 * len(content)):
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        try:
            arrays, _ = files.read(path)
        except StateError:
            pass
        else:
            unseen.add(bit // 8)
            assert same(arrays, SMALL)
        flipped[bit // 8] ^= 1 << bit % 8
    start = content.index(files.DIGEST.encode())
    assert unseen <= set(range(start, start + len(files.DIGEST)))
