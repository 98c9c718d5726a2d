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


def test_a_leak_revives_dead_units_and_costs_nothing_where_none_is_dead() -> None:
    results = ran("20_leaky_slope", "en").result
    right = {key: np.mean([result.accuracy for result in found]) for key, found in results.items()}
    good, bad = ([right[bias, slope] for slope in (0, 0.01, 0.1, 0.3)] for bias in (0, -3))
    assert min(good) > 0.93
    assert max(good) - min(good) < 0.02
    assert all(result.negative == [64] * 41 for result in results[-3, 0])
    assert bad[0] < 0.15
    assert bad[1] < 0.6
    assert min(bad[2:]) > 0.88


def test_more_hidden_units_fit_better_than_they_generalise() -> None:
    results = ran("21_hidden_units", "en").result
    training, held_out = (
        {n: np.mean([getattr(result, kind) for result in found]) for n, found in results.items()}
        for kind in ("training", "held_out")
    )
    assert max(held_out, key=held_out.__getitem__) == 5
    assert max(training[1], training[2]) < 0.75
    assert training[300] == 1
    assert held_out[300] < held_out[5] - 0.02


def test_parity_is_built_in_three_ways_and_learned_in_one() -> None:
    built, learned = ran("22_depth_or_width", "en").result
    assert all(net.correct for net in built.values())
    units = {name: [built[name, n].units for n in (2, 4, 8, 16)] for name in ("tree", "patterns", "counting")}
    assert units == {"tree": [2, 6, 14, 30], "patterns": [2, 8, 128, 32768], "counting": [2, 4, 8, 16]}
    assert learned["128"] == learned["32-32"] == 6
    assert learned["8-4-2"] + learned["8"] <= 2


def test_more_data_help_the_large_net_most() -> None:
    results = ran("25_data_size", "en").result
    held_out = {key: np.mean([result.held_out for result in found]) for key, found in results.items()}
    for name in ("regression", "small net", "large net"):
        shares = [held_out[name, m] for m in (30, 100, 300, 1438)]
        assert shares == sorted(shares)
    assert abs(held_out["large net", 30] - held_out["regression", 30]) < 0.04
    assert held_out["large net", 1438] > held_out["small net", 1438] > held_out["regression", 1438] + 0.02


def test_only_columns_are_added() -> None:
    rows = ran("26_matrix_dimensions", "en").result
    for name, symbols, one, many in rows:
        kind = name.split("[")[0]
        grows = kind in {"X = A", "Y", "Z", "A", "dZ", "dA", "dX"}
        assert many == ((one[0], 209) if grows else one), name
        assert symbols.endswith(", m)") == grows
    assert ("W[2]", "(n[2], n[1])", (7, 20), (7, 20)) in rows
