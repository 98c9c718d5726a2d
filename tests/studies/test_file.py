"""The results file: a study goes on from its own, and refuses any other without touching it."""

import json

import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn
from tinygrad_cn.errors import StateError

SPACE = {"lr": tg.space.log_uniform(0.01, 1), "f": [nn.relu, nn.tanh]}
CALLS = []


@pytest.fixture
def path(tmp_path):
    CALLS.clear()
    return tmp_path / "study.jsonl"


def build(lr, f):
    CALLS.append(lr)
    if lr > 0.5:
        raise ValueError("too large")
    return {"cost": lr, "curve": [1.0, lr], "name_length": len(f.__name__)}


def study(path, n=5, space=SPACE, build=build, **options):
    return tg.study(build, space, n, out=path, progress=False, **options)


def test_a_line_says_what_is_studied_and_one_more_each_trial(path):
    done = study(path)
    header, *lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert header == {"study": 1, "space": {"lr": "log_uniform(0.01, 1)", "f": ["relu", "tanh"]}, "seed": 0}
    assert [line["params"] for line in lines] == [
        {**trial.params, "f": trial.params["f"].__name__} for trial in done.trials
    ]
    assert [line["curves"] for line in lines] == [trial.curves for trial in done.trials]
    assert lines[0]["error"] == done.trials[0].error


def test_a_finished_study_is_read_back_and_a_longer_one_goes_on(path):
    first = study(path)
    again = study(path)
    assert len(CALLS) == 5
    assert again == first
    assert again.trials[0].params["f"] in (nn.relu, nn.tanh), "the function itself, not its name"
    assert study(path, n=8).trials[:5] == first.trials
    assert len(CALLS) == 8
    assert study(path, n=3).trials == first.trials[:3]
    assert len(CALLS) == 8


def test_another_quantity_can_be_judged_without_trials(path):
    study(path)
    assert study(path, maximize="name_length").best.metrics["name_length"] == 4
    assert len(CALLS) == 5


def test_what_failed_is_tried_again_if_wanted(path):
    failed = len(study(path, n=8).failed)
    assert 0 < failed < 8
    mended = study(path, n=8, build=lambda lr, f: lr, retry=True)
    assert not mended.failed
    assert len(path.read_text(encoding="utf-8").splitlines()) == 1 + 8 + failed
    assert study(path, n=8).trials == mended.trials, "the later line counts"


@pytest.mark.parametrize("cut", [1, 30])
def test_half_a_line_at_the_end_is_taken_away(path, cut):
    whole = study(path)
    content = path.read_bytes()
    path.write_bytes(content[:-cut])
    resumed = study(path)
    assert len(CALLS) == 6
    assert [trial.metrics for trial in resumed.trials] == [trial.metrics for trial in whole.trials]
    assert len([json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]) == 6


@pytest.mark.parametrize(
    ("other", "complaint"),
    [
        ({"seed": 1}, "holds another study: its seed is 0, that of this one 1"),
        ({"n": None, "space": {"lr": [0.1], "f": [nn.relu]}}, r'its space is {"lr": "log_uniform.*this one {"lr": \['),
        ({"space": {**SPACE, "lr": tg.space.log_uniform(0.01, 2)}}, "Choose another file, or remove this one"),
    ],
)
def test_the_file_of_another_study_is_refused(path, other, complaint):
    study(path)
    content = path.read_bytes()
    with pytest.raises(StateError, match=complaint):
        study(path, **other)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"epochs,cost\n0,0.5\n", "is damaged in line 1"),
        (b"no line", "is not a file of study's results; it is left as it is"),
        (b"[1]\n", "is not a file of study's results"),
        (b'{"a": 1}\n', "is not a file of study's results"),
    ],
)
def test_a_file_of_another_kind_is_refused_and_kept(path, content, complaint):
    path.write_bytes(content)
    with pytest.raises(StateError, match=complaint):
        study(path)
    assert path.read_bytes() == content


def test_damage_in_the_middle_is_an_error_that_names_the_line(path):
    study(path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], lines[2][:-9] + b"\n", *lines[3:]]))
    with pytest.raises(StateError, match="is damaged in line 3"):
        study(path)
    path.write_bytes(b"".join([*lines[:2], b'{"number": -1, "params": {}}\n']))
    with pytest.raises(StateError, match="is damaged in line 3: number must be a whole number ≥ 0; got -1"):
        study(path)
    path.write_bytes(b"".join([*lines[:2], b'{"number": 1}\n']))
    with pytest.raises(StateError, match="is damaged in line 3"):
        study(path)


def test_a_folder_that_does_not_exist_is_found_before_the_first_trial(path):
    with pytest.raises(FileNotFoundError, match=r"out: the folder .* does not exist"):
        study(path.parent / "no" / "study.jsonl")
    assert not CALLS


def test_a_full_disk_keeps_the_trials_with_the_error(path, monkeypatch):
    writes = []

    def full(descriptor):
        writes.append(descriptor)
        if len(writes) == 4:  # the line that says what is studied, and two trials, are on the disk
            raise OSError("No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        study(path)
    assert len(caught.value.study.trials) == 3
    assert caught.value.__notes__ == ["The 3 finished trials are in the .study of this error."]
    assert study(path).trials[:3] == caught.value.study.trials


def test_a_space_with_nan_is_known_again(path):
    space = {"lr": [0.1, float("nan")], "f": [nn.relu]}
    study(path, n=None, space=space)
    assert study(path, n=None, space=space).best.params["lr"] == 0.1


def test_what_has_no_number_is_kept_too(path):
    assert str(study(path, build=lambda lr, f: float("nan")).trials[1].metrics) == "{'cost': nan}"
    assert str(study(path).trials[1].metrics) == "{'cost': nan}"
