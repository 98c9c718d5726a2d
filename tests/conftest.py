"""Fixtures for every test: state that leaks from one test into the next is an error."""

from collections.abc import Iterator

import numpy as np
import pytest

from tinygrad_cn import autograd
from tinygrad_cn.ops.op import NUMPY, REGISTRY


@pytest.fixture(autouse=True)
def nothing_leaks() -> Iterator[None]:
    """Grad mode, NumPy's error handling and the tables of ops are after a test what they were before."""
    before = autograd.mode.get(), np.geterr(), set(REGISTRY), set(NUMPY)
    yield
    assert (autograd.mode.get(), np.geterr(), set(REGISTRY), set(NUMPY)) == before


@pytest.fixture
def rng() -> np.random.Generator:
    """Seeded, so that a failure repeats."""
    return np.random.default_rng(0)
