"""Arguments that fit refuses: each is named, before the first step."""

import numpy as np
import pytest

from tinygrad_cn import nn, optim
from tinygrad_cn.errors import OpError, ShapeError

from .nets import fit, moons_net, same


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"X": np.zeros((300, 2))}, ShapeError, r"X \(300, 2\) has m = 2, Y \(1, 300\) has m = 300. Samples are"),
        ({"X": np.zeros((2, 0)), "Y": np.zeros((1, 0))}, ValueError, r"X has no samples: its shape is \(2, 0\)"),
        ({"X": np.full((2, 300), np.nan)}, ValueError, "X has 600 NaN or Inf entries"),
        ({"Y": np.full((1, 300), "a")}, ValueError, "Y must hold real numbers; got dtype <U1"),
        ({"X": None}, ValueError, "X must hold real numbers; got dtype object"),
        ({"Y": [[1, 0], [1]]}, ValueError, "Y must be an array of numbers"),
        ({"epochs": -1}, ValueError, "epochs must be a whole number ≥ 1; got -1"),
        ({"epochs": 0}, ValueError, "epochs must be a whole number ≥ 1; got 0"),
        ({"optimizer": True}, OpError, "optimizer must be a learning rate or such as .*; got True"),
        ({"optimizer": np.nan}, ValueError, "optimizer must be a finite number ≥ 0; got nan"),
        ({"schedule": 0.1}, OpError, r"schedule must be a function of the epoch, such as .*; got 0\.1"),
        ({"callback": 3}, OpError, "callback must be a function of the epoch and the history; got 3"),
        ({"checkpoint": ""}, OpError, "checkpoint must be the path of a file; got ''"),
        ({"checkpoint": 3}, OpError, "checkpoint must be the path of a file; got 3"),
        ({"checkpoint": "."}, IsADirectoryError, "checkpoint must be a file; .* is a directory"),
        ({"resume": 1}, OpError, "resume must be True, False or the path of a checkpoint; got 1"),
        ({"progress": "no"}, ValueError, "progress must be True or False; got 'no'"),
        ({"compile": "yes"}, ValueError, "compile must be True or False; got 'yes'"),
        ({"batch_size": 0}, ValueError, "batch_size must be a whole number ≥ 1; got 0"),
        ({"l1": -0.1}, ValueError, r"l1 must be a finite number ≥ 0; got -0\.1"),
        ({"augment": "rotate"}, OpError, "augment must be a function of a batch and a generator.*; got 'rotate'"),
        ({"l2": -0.1}, ValueError, r"l2 must be a finite number ≥ 0; got -0\.1"),
        ({"validation": 1.5}, ValueError, r"validation must be a fraction between 0 and 1; got 1\.5"),
        ({"checkpoint": "no/folder/a.safetensors"}, FileNotFoundError, "checkpoint: the folder .*no/folder does not"),
        ({"early_stopping": 3}, ValueError, "early_stopping needs validation="),
        ({"validation": 0.001}, ValueError, "validation=0.001 of 300 samples leaves a part empty"),
        ({"validation": np.zeros((2, 9))}, OpError, r"validation must be a share, a pair \(X, Y\) or a Dataset"),
        ({"loss": "mse"}, OpError, "loss must be a function such as nn.binary_cross_entropy; got 'mse'"),
        ({"loss": lambda A, Y: A - Y}, ShapeError, r"loss must return the cost as a scalar Tensor; got .* \(1, 300\)"),
        ({"loss": lambda A, Y: 0.5}, ShapeError, "loss must return the cost as a scalar Tensor; got 0.5"),
        ({"optimizer": optim.Adam}, OpError, r"optimizer must be a learning rate or such as optim.Adam\(net"),
        ({"early_stopping": 0, "validation": 0.2}, ValueError, "early_stopping must be a whole number ≥ 1; got 0"),
    ],
)  # fmt: skip
def test_bad_arguments_are_named_before_the_first_step(moons, change, error, message):
    net = moons_net()
    with pytest.raises(error, match=message):
        fit(net, **{"X": moons.X, "Y": moons.Y, **change})
    assert same(net, moons_net())


def test_what_is_no_module_is_refused(moons):
    with pytest.raises(OpError, match=r"net must be an nn\.Module; got 3"):
        fit(3, *moons)


def test_an_optimiser_of_another_net_is_refused(moons):
    with pytest.raises(ValueError, match="optimizer has none of the net's parameters"):
        fit(moons_net(), *moons, optimizer=optim.SGD(moons_net().parameters(), lr=0.1))


def test_an_optimiser_from_before_a_layer_was_replaced_is_refused(moons):
    net = moons_net()
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    net[-2] = nn.Dense(2, 1, seed=1)
    complaint = r"optimizer holds W3 \(1, 2\), b3 \(1, 1\), which the net does not have, and lacks its W3 \(1, 2\), b3"
    with pytest.raises(ValueError, match=complaint):
        fit(net, *moons, optimizer=optimizer)
    fit(net, *moons, optimizer=optim.SGD(net[-2].parameters(), lr=0.1), epochs=1)


def test_numbers_of_numpy_are_numbers(moons):
    nets = moons_net(), moons_net()
    plain = {"optimizer": 0.5, "epochs": 2, "batch_size": 64, "validation": 0.25, "l2": 0.5, "seed": 3}
    numpy = {name: np.array([value])[0] for name, value in plain.items()}
    first, second = (fit(net, *moons, **options) for net, options in zip(nets, (plain, numpy), strict=True))
    assert (first.cost, first.val_cost) == (second.cost, second.val_cost)
    assert same(*nets)


def test_what_augment_returns_is_looked_at(moons):
    with pytest.raises(ShapeError, match=r"augment must return as many samples as it is given, here \(2, 300\)"):
        fit(moons_net(), *moons, augment=lambda X, rng: X[:, 1:])
