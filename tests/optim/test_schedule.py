"""Learning-rate schedules against their formulas."""

import math

import pytest

from tinygrad_cn import optim


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (optim.StepDecay(0.8, rate=0.5, every=2), [0.8, 0.8, 0.4, 0.4, 0.2]),
        (optim.ExponentialDecay(1.0, rate=0.9), [0.9**t for t in range(5)]),
        (optim.InverseTimeDecay(0.2, rate=1.0), [0.2, 0.1, 0.2 / 3, 0.05, 0.04]),
        (optim.InverseTimeDecay(0.2, rate=1.0, every=2), [0.2, 0.2, 0.1, 0.1, 0.2 / 3]),
        (optim.InverseTimeDecay(0.2, rate=0.0), [0.2] * 5),
        (optim.CosineDecay(1.0, epochs=4), [1, (1 + math.sqrt(0.5)) / 2, 0.5, (1 - math.sqrt(0.5)) / 2, 0]),
        (optim.CosineDecay(1.0, epochs=2, lowest=0.1), [1, 0.55, 0.1, 0.1, 0.1]),
    ],
    ids=repr,
)
def test_formula(schedule, expected):
    assert [schedule(epoch) for epoch in range(5)] == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optim.StepDecay(-0.1), "lr must be 0 or more; got -0.1"),
        (lambda: optim.ExponentialDecay("0.1"), "lr must be 0 or more; got '0.1'"),
        (lambda: optim.CosineDecay(0.1, epochs=True), "epochs must be above 0; got True"),
        (lambda: optim.CosineDecay(0.1, epochs=9, lowest=-1), "lowest must be 0 or more; got -1"),
        (lambda: optim.StepDecay(0.1, every=0), "every must be above 0; got 0"),
        (lambda: optim.ExponentialDecay(0.1, rate=0), "rate must be above 0; got 0"),
        (lambda: optim.InverseTimeDecay(0.1, rate=-1), "rate must be 0 or more; got -1"),
        (lambda: optim.CosineDecay(0.1, epochs=0), "epochs must be above 0; got 0"),
    ],
)
def test_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
