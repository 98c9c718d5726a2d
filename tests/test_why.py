"""The examples that answer a "why" of the notes: the numbers behind their closing sentences."""

import contextlib
import io
import runpy
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
pytestmark = pytest.mark.slow


@dataclass
class Run:
    """What an example returned, printed and drew."""

    result: Any
    printed: str
    folder: Path


@cache
def ran(name: str, lang: str) -> Run:
    """An example run as `python examples/….py` would, once for all tests."""
    folder, printed = Path(tempfile.mkdtemp()), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.syspath_prepend(str(EXAMPLES))
        patch.delitem(sys.modules, "common", raising=False)
        result = runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"](folder, lang)
    return Run(result, printed.getvalue(), folder)


def test_linear_layers_collapse_to_one() -> None:
    results, difference = ran("16_why_nonlinear", "en").result
    assert difference < 1e-12
    for points in ("flower", "xor"):
        one, linear, curved = (result for (set_, _), result in results.items() if set_ == points)
        assert linear.cost == pytest.approx(one.cost, abs=1e-6)
        assert linear.accuracy == one.accuracy < 0.6
        assert curved.accuracy >= 0.88


def test_equal_units_stay_equal() -> None:
    courses, first, from_zero, from_random = ran("17_zero_init", "en").result
    zeros, constant, random, one = courses.values()
    assert max(zeros.apart) == 0
    assert len(set(zeros.cost)) == 1
    assert zeros.cost[0] == pytest.approx(np.log(2))
    assert max(constant.apart) < 1e-12
    assert constant.cost[-1] > one.cost[-1] > 2 * random.cost[-1]
    assert random.apart[0] > 0
    assert (first != 0).all()
    assert from_zero == pytest.approx(from_random, rel=1e-6)


def test_the_scale_of_the_first_weights_matters() -> None:
    results = ran("18_scale_of_init", "en").result
    small, large, xavier, relu_small, relu_large, he = results.values()
    for result in (small, relu_small):
        assert result.health[0].relative < 1e-7
        assert result.accuracy < 0.15
    assert large.saturated > 0.5
    assert large.accuracy < 0.8
    assert relu_large.health[0].relative > 1e3
    assert relu_large.accuracy is None
    assert xavier.saturated == 0
    assert min(xavier.accuracy, he.accuracy) > 0.93


def test_sigmoids_learn_slowest() -> None:
    sigmoid, tanh, relu, mixed = ran("19_activations", "en").result
    assert relu.epochs(0.1) < tanh.epochs(0.1) < sigmoid.epochs(0.1) == np.inf
    assert sigmoid.epochs(sigmoid.best) > 2 * max(study.epochs(study.best) for study in (tanh, relu, mixed))
    assert sigmoid.trained[0.1][0].before[0].relative < 0.02
    assert tanh.trained[0.1][0].before[0].relative > 0.5
