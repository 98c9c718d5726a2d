"""The examples that answer a "why" of the notes: the numbers behind their sentences, and the pages that quote them."""

import re
import runpy
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

DOCS = Path(__file__).parent.parent / "docs"
WHY: dict[str, Any] = runpy.run_path(str(DOCS / "make_why.py"))
NUMBER = re.compile(r"(\d[\d,]*(?:\.\d+)?(?:e[-+]\d+)?%?)")

Runner = Callable[..., Any]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """What an example returns, prints and draws; each runs once for all tests."""

    @cache
    def run(name: str, lang: str = "en") -> Any:
        return WHY["run"](name, lang, tmp_path_factory.mktemp(name))

    return run


def assert_alike(kept: str, fresh: str) -> None:
    """The same words, and numbers as near as a training can be that ran on another processor."""
    assert NUMBER.sub("#", kept) == NUMBER.sub("#", fresh)
    for a, b in zip(NUMBER.findall(kept), NUMBER.findall(fresh), strict=True):
        margin = 4 if a.endswith("%") else 1e-9 if "." in a or "e" in a else 1
        x, y = (float(number.strip("%").replace(",", "")) for number in (a, b))
        assert y == pytest.approx(x, rel=0.25, abs=margin), (kept, fresh)


def words_of(picture: Path) -> str:
    """What an SVG says."""
    texts = ElementTree.parse(picture).iter("{http://www.w3.org/2000/svg}text")
    return "\n".join("".join(text.itertext()) for text in texts)


def sections() -> list[Any]:
    """Language, example, quoted sentence and pictures of each section of the pages."""
    found = []
    for lang, page in WHY["PAGES"].items():
        for section in page.read_text(encoding="utf-8").split("\n## ")[1:]:
            ((_, name, sentence),) = WHY["COMMAND_AND_SENTENCE"].findall(section)
            pictures = WHY["PICTURE"].findall(section)
            found.append(pytest.param(lang, name, sentence, pictures, id=f"{lang}-{name}"))
    return found


@pytest.mark.parametrize(("lang", "name", "sentence", "pictures"), sections())
def test_the_page_quotes_what_the_example_says_and_draws(
    lang: str, name: str, sentence: str, pictures: list[tuple[str, str]], ran: Runner
) -> None:
    run = ran(name, lang)
    assert_alike(sentence, run.sentence)
    assert pictures
    for kept, drawn in pictures:
        assert f"/{lang}/" in kept
        if drawn.endswith(".svg"):
            assert_alike(words_of(DOCS / kept), words_of(run.folder / drawn))
        else:
            assert difference(DOCS / kept, run.folder / drawn) < 0.03


def difference(kept: Path, fresh: Path) -> float:
    """Of two images of the same size the mean difference of their pixels, 0 to 1."""
    image = pytest.importorskip("matplotlib.image")
    return float(np.abs(image.imread(kept) - image.imread(fresh)).mean())


def test_linear_layers_collapse_to_one(ran: Runner) -> None:
    results, difference = ran("16_why_nonlinear").result
    assert difference < 1e-12
    for points in ("flower", "xor"):
        one, linear, curved = (result for (set_, _), result in results.items() if set_ == points)
        assert linear.cost == pytest.approx(one.cost, abs=1e-6)
        assert linear.accuracy == one.accuracy < 0.6
        assert curved.accuracy >= 0.88


def test_equal_units_stay_equal(ran: Runner) -> None:
    courses, neurons = ran("17_zero_init").result
    zeros, constant, random, one = courses.values()
    assert zeros.most_apart == 0
    assert zeros.cost == pytest.approx([np.log(2)] * len(zeros.cost), rel=1e-12)
    assert constant.most_apart < 1e-6  # 0 where the matrix product treats all rows alike
    assert constant.cost[-1] > one.cost[-1] > 2 * random.cost[-1]
    assert random.apart(0) > 0
    assert (neurons["zeros"].gradients[0] != 0).all()
    assert neurons["zeros"].cost[-1] == pytest.approx(neurons["normal"].cost[-1], rel=1e-6)


def test_the_scale_of_the_first_weights_matters(ran: Runner) -> None:
    results = ran("18_scale_of_init").result
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


def test_sigmoids_learn_slowest(ran: Runner) -> None:
    sigmoid, tanh, relu, mixed = ran("19_activations").result
    assert relu.epochs(0.1) < tanh.epochs(0.1) < sigmoid.epochs(0.1) == np.inf
    assert sigmoid.epochs(sigmoid.best) > 2 * max(study.epochs(study.best) for study in (tanh, relu, mixed))
    assert sigmoid.trained[0.1][0].before[0].relative < 0.02
    assert tanh.trained[0.1][0].before[0].relative > 0.5


def test_a_leak_revives_dead_units_and_costs_nothing_where_none_is_dead(ran: Runner) -> None:
    results = ran("20_leaky_slope").result
    right = {key: np.mean([result.accuracy for result in found]) for key, found in results.items()}
    good, bad = ([right[bias, slope] for slope in (0, 0.01, 0.1, 0.3)] for bias in (0, -3))
    assert min(good) > 0.93
    assert max(good) - min(good) < 0.02
    assert all(result.negative == [64] * 41 for result in results[-3, 0])
    assert bad[0] < 0.15
    assert bad[1] < 0.6
    assert min(bad[2:]) > 0.88


def test_more_hidden_units_fit_better_than_they_generalise(ran: Runner) -> None:
    results = ran("21_hidden_units").result
    training, held_out = (
        {n: np.mean([getattr(result, kind) for result in found]) for n, found in results.items()}
        for kind in ("training", "held_out")
    )
    assert max(held_out, key=held_out.__getitem__) == 5
    assert max(training[1], training[2]) < 0.75
    assert training[300] == 1
    assert held_out[300] < held_out[5] - 0.02


def test_parity_is_built_in_three_ways_and_learned_in_one(ran: Runner) -> None:
    built, learned = ran("22_depth_or_width").result
    assert all(net.correct for net in built.values())
    units = {name: [built[name, n].units for n in (2, 4, 8, 16)] for name in ("tree", "patterns", "counting")}
    assert units == {"tree": [2, 6, 14, 30], "patterns": [2, 8, 128, 32768], "counting": [2, 4, 8, 16]}
    assert learned["128"] == learned["32-32"] == 6
    assert learned["8-4-2"] + learned["8"] <= 2


def test_more_data_help_the_large_net_most(ran: Runner) -> None:
    results = ran("25_data_size").result
    held_out = {key: np.mean([result.held_out for result in found]) for key, found in results.items()}
    for name in ("regression", "small net", "large net"):
        shares = [held_out[name, m] for m in (30, 100, 300, 1438)]
        assert shares == sorted(shares)
    assert abs(held_out["large net", 30] - held_out["regression", 30]) < 0.04
    assert held_out["large net", 1438] > held_out["small net", 1438] > held_out["regression", 1438] + 0.02


def test_only_columns_are_added(ran: Runner) -> None:
    rows = ran("26_matrix_dimensions").result
    for name, symbols, one, many in rows:
        kind = name.split("[")[0]
        grows = kind in {"X = A", "Y", "Z", "A", "dZ", "dA", "dX"}
        assert many == ((one[0], 209) if grows else one), name
        assert symbols.endswith(", m)") == grows
    assert ("W[2]", "(n[2], n[1])", (7, 20), (7, 20)) in rows
