"""A study whose process is killed goes on from its file; Ctrl-C ends one and keeps what is finished."""

import json
import os
import signal
import subprocess
import sys

import pytest

from . import killed
from .small import without_time

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")


def start(path, jobs, endless_after):
    command = [sys.executable, "-m", killed.__name__, str(path), str(jobs), str(endless_after)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)


def trials_in(path):
    return [json.loads(line)["number"] for line in path.read_text(encoding="utf-8").splitlines()[1:]]


def test_killed_and_resumed_is_the_study_that_was_never_killed(tmp_path):
    path = tmp_path / "study.jsonl"
    with start(path, jobs=1, endless_after=3) as process:
        for _ in range(4):
            process.stdout.readline()
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert trials_in(path) == [0, 1, 2]
    with path.open("a", encoding="utf-8") as file:
        file.write('{"number": 3, "par')  # as if it had been killed while it wrote
    killed.BEGUN.clear()
    resumed = killed.study(path, jobs=1)
    assert len(killed.BEGUN) == killed.TRIALS - 3, "the trials before are not done again"
    assert sorted(trials_in(path)) == list(range(killed.TRIALS))
    assert without_time(resumed) == without_time(killed.study(None, jobs=2))


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_keeps_what_is_finished_and_drops_the_trial_at_hand(jobs, tmp_path):
    path = tmp_path / "study.jsonl"
    with start(path, jobs, endless_after=2) as process:  # two in each worker, then one without end
        for _ in range(3 * jobs):
            process.stdout.readline()
        while len(path.read_text(encoding="utf-8").splitlines()) < 1 + 2 * jobs:
            pass
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: workers get it too
        said = process.stdout.read()
    assert process.returncode == 0
    assert f"<Study: {2 * jobs} of {killed.TRIALS} trials" in said
    assert "interrupted>" in said
    assert len(trials_in(path)) == 2 * jobs
