"""A training whose process is killed goes on from its checkpoint bit by bit as if it had never stopped."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from . import killed

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")


def run(kind, path, when):
    command = [sys.executable, str(Path(killed.__file__)), kind, str(path), when]
    return subprocess.run(command, check=False).returncode


@pytest.mark.parametrize("kind", killed.KINDS)
def test_killed_and_resumed_is_bit_equal_to_never_stopped(kind, tmp_path):
    whole = killed.train(kind, tmp_path / "whole.safetensors", lambda epoch: None)
    path = tmp_path / "run.safetensors"
    assert run(kind, path, "4") == -signal.SIGKILL
    resumed = []
    assert killed.train(kind, path, resumed.append) == whole
    assert resumed[0] == 4, "the epochs before were not trained again"


@pytest.mark.slow
def test_killed_at_any_moment_again_and_again(tmp_path):
    """Also in the middle of writing the checkpoint: what is at its place is whole, the old one or the new one."""
    whole = killed.train("nesterov", tmp_path / "whole.safetensors", lambda epoch: None)
    path, rng, kills = tmp_path / "run.safetensors", random.Random(0), 0
    while run("nesterov", path, f"{rng.uniform(1.0, 20.0 + 5.0 * kills)}ms"):  # longer each time, so that it ends
        kills += 1
    resumed = []
    assert killed.train("nesterov", path, resumed.append) == whole
    assert resumed == []
    assert kills >= 3
