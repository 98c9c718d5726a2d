"""Spaces: what can be drawn, how it is spread, and what is refused."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn.studies.space import checked


def drawn(distribution, n=4000):
    rng = np.random.default_rng(0)
    return np.array([distribution.draw(rng) for _ in range(n)])


def test_uniform_fills_its_range_evenly():
    values = drawn(tg.space.uniform(-1, 3))
    np.testing.assert_allclose(np.quantile(values, [0, 0.25, 0.5, 0.75, 1]), [-1, 0, 1, 2, 3], atol=0.15)


def test_log_uniform_fills_each_power_of_ten_evenly():
    values = np.log10(drawn(tg.space.log_uniform(1e-4, 1)))
    np.testing.assert_allclose(np.quantile(values, [0, 0.25, 0.5, 0.75, 1]), [-4, -3, -2, -1, 0], atol=0.15)
    assert values.max() <= 0


def test_integers_include_both_ends_and_are_whole():
    distribution = tg.space.integer(-1, 2)
    values, counts = np.unique(drawn(distribution), return_counts=True)
    assert values.tolist() == [-1, 0, 1, 2]
    assert counts.min() > 900
    assert isinstance(distribution.draw(np.random.default_rng(0)), int)


def test_logarithmic_integers_are_as_often_small_as_large():
    values = drawn(tg.space.integer(1, 99, log=True))
    assert values.min() == 1
    assert values.max() == 99
    assert abs((values < 10).mean() - 0.5) < 0.03


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: tg.space.uniform(1, 1), "uniform: low must be below high, both finite; got 1 and 1"),
        (lambda: tg.space.uniform("0", 1), "uniform: low must be below high, both finite; got '0' and 1"),
        (lambda: tg.space.uniform(False, True), "uniform: low must be below high, both finite; got False and True"),
        (lambda: checked({1: [2]}), "space: a hyperparameter's name must be text; got 1"),
        (lambda: tg.space.uniform(0, np.inf), "uniform: low must be below high, both finite; got 0 and inf"),
        (lambda: tg.space.log_uniform(0, 1), "log_uniform: low must be above 0; got 0"),
        (lambda: tg.space.integer(0.5, 2), "integer: low must be a whole number .*; got 0.5"),
        (lambda: tg.space.integer(0, 2, log=True), "integer: low must be a whole number from 1 to .*; got 0"),
        (lambda: checked({}), "space is empty"),
        (lambda: checked({"lr": []}), r"space\['lr'\] is an empty list"),
        (lambda: checked({"seconds": [1]}), "seconds cannot be a hyperparameter's name"),
        (lambda: checked({"lr": 0.1}), r"space\['lr'\] must be a list of values, or a distribution .*; got 0.1"),
        (lambda: checked({"lr": "ab"}), r"space\['lr'\] must be a list of values"),
        (lambda: checked([0.1]), r"space must be a dict of lists and distributions; got \[0.1\]"),
    ],
)
def test_what_is_no_space_is_refused(make, complaint):
    with pytest.raises((ValueError, TypeError), match=complaint):
        make()


def test_numpy_values_become_plain_ones():
    (values,) = checked({"lr": [np.float64(0.5), np.int64(3), "a"]}).values()
    assert [type(value) for value in values] == [float, int, str]


def test_bounds_of_numpy_are_known_by_their_plain_numbers():
    assert repr(tg.space.uniform(np.float64(0.5), np.int64(2))) == "uniform(0.5, 2)"
