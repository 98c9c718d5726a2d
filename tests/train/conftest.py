"""Data of trainings."""

import numpy as np
import pytest

from tinygrad_cn import data


@pytest.fixture
def moons():
    return data.moons(300, 0.2, np.random.RandomState(3))
