"""Freed memory stays with the process, so a step does not fetch its arrays from the system again, page by page."""

import os
import platform
import subprocess
import sys

import pytest

PAGES_OF_A_STEP = """
import resource
import numpy as np
from tinygrad_cn import nn, optim

net = nn.Sequential(nn.Conv2D(1, 6, 5, activation="relu"), nn.MaxPool2D(2), nn.Flatten(), nn.Dense(864, 10))
optimizer = optim.SGD(net.parameters())
X, labels = np.ones((64, 28, 28, 1)), np.zeros(64, int)


def step():
    nn.cross_entropy(net(X), labels).backward(keep="leaves")
    optimizer.step()
    optimizer.zero_grad()


def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


for _ in range(3):
    step()
before = faults()
for _ in range(10):
    step()
print((faults() - before) / 10)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators have their own ways")
def test_a_step_does_not_fetch_memory_anew() -> None:
    """A thousand and more 4 KiB pages a step otherwise, 2 µs each."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_TUNABLES"))}
    ran = subprocess.run(
        [sys.executable, "-c", PAGES_OF_A_STEP], env=plain, capture_output=True, text=True, check=True, timeout=60
    )
    assert float(ran.stdout) < 100
