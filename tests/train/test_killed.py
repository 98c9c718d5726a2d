"""A training whose process is killed goes on from its checkpoint bit by bit as if it had never stopped."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from . import killed


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
@pytest.mark.parametrize("kind", ["momentum", "adam", "dropout", "norm", "early_stopping"])
def test_killed_and_resumed_is_bit_equal_to_never_stopped(kind, tmp_path):
    whole = killed.train(kind, tmp_path / "whole.safetensors", lambda epoch: None)
    path = tmp_path / "run.safetensors"
    command = [sys.executable, str(Path(killed.__file__)), kind, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if line == "4\n":
                process.kill()
    assert process.returncode == -signal.SIGKILL
    resumed = []
    assert killed.train(kind, path, resumed.append) == whole
    assert resumed[0] >= 4, "the epochs before were not trained again"
