"""Early stopping: patience counts epochs without improvement, and the best parameters are kept."""

import numpy as np
import pytest

from tinygrad_cn.train import EarlyStopping
from tinygrad_cn.train.stopping import Watch


def stopped_at(rule, values):
    """The epoch at which it stops, and the epoch whose parameters it kept."""
    watch = Watch(rule)
    for epoch, value in enumerate(values):
        if watch.exhausted({rule.monitor: value}, {"W1": np.array([epoch])}):
            break
    return epoch, int(watch.parameters["W1"][0])


@pytest.mark.parametrize(
    ("rule", "values", "expected"),
    [
        (EarlyStopping(2), [5, 4, 4.5, 4.1, 1], (3, 1)),
        (EarlyStopping(2), [5, 4, 4.5, 3.9, 4, 4, 4], (5, 3)),
        (EarlyStopping(2, min_delta=0.5), [5, 4, 3.8, 3.6, 1], (3, 1)),
        (EarlyStopping(1, monitor="val_accuracy"), [0.5, 0.6, 0.6, 0.9], (2, 1)),
        (EarlyStopping(3), [5, 4, 3, 2], (3, 3)),
    ],
)
def test_it_stops_after_its_patience_and_keeps_the_best(rule, values, expected):
    assert stopped_at(rule, values) == expected


def test_the_kept_parameters_are_a_copy():
    W = np.zeros(3)
    watch = Watch(EarlyStopping(1))
    watch.exhausted({"val_cost": 1.0}, {"W1": W})
    W += 1
    assert watch.parameters["W1"].tolist() == [0, 0, 0]


def test_watching_an_accuracy_that_does_not_exist_is_an_error():
    with pytest.raises(ValueError, match="early stopping watches val_accuracy, but Y holds no classes"):
        Watch(EarlyStopping(monitor="val_accuracy")).exhausted({"val_cost": 1.0}, {})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"patience": 0}, "patience must be a whole number ≥ 1; got 0"),
        ({"min_delta": -1}, "min_delta must be a finite number ≥ 0; got -1"),
        ({"monitor": ["val_cost"]}, r"monitor must be one of .*; got \['val_cost'\]"),
        ({"monitor": "cost"}, r"monitor must be one of \['val_accuracy', 'val_cost'\]; got 'cost'"),
    ],
)
def test_arguments_out_of_range_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        EarlyStopping(**arguments)
