"""Plans: every combination once, or as many different draws as wanted."""

import functools

import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn
from tinygrad_cn.studies.plan import draws, grid, printed


def test_a_grid_has_every_combination_in_order():
    assert [tuple(params.values()) for params in grid({"a": [1, 2], "b": ["x", "y"]})] == [
        (1, "x"), (1, "y"), (2, "x"), (2, "y"),
    ]  # fmt: skip


def test_a_grid_of_a_distribution_is_refused_with_what_to_write():
    with pytest.raises(ValueError, match=r"space\['lr'\] is log_uniform\(0.001, 1\), .*: write n=20, or give a list"):
        grid({"lr": tg.space.log_uniform(0.001, 1)})


def test_draws_hang_on_the_seed_alone_and_a_longer_plan_begins_like_a_shorter_one():
    space = {"lr": tg.space.log_uniform(0.001, 1), "units": [4, 8], "layers": tg.space.integer(1, 5)}
    assert draws(space, 10, seed=3)[:6] == draws(space, 6, seed=3)
    assert draws(space, 6, seed=4) != draws(space, 6, seed=3)


def test_draws_from_lists_are_never_the_same_twice():
    space = {"a": [1, 2, 3], "b": [[4], [5]]}
    every = draws(space, 6, seed=0)
    assert sorted(map(str, every)) == sorted(map(str, grid(space)))
    with pytest.raises(ValueError, match="n is 7, but the space has only 6 combinations"):
        draws(space, 7, seed=0)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ((64, 32), [64, 32]),
        (None, None),
        (True, True),
        (nn.Tanh, "Tanh"),
        (nn.relu, "relu"),
        (nn.Dropout(0.5), "Dropout(0.5)"),
    ],
)
def test_hyperparameters_have_a_name_in_a_file(value, text):
    assert printed(value) == text


def test_names_in_a_file_do_not_change_from_run_to_run():
    assert "0x" not in printed(functools.partial(lambda x: x, 1))
