"""The measurement of causes, in small; the whole one is `python -m benchmarks.causes`."""

import pytest

from benchmarks.families import FAMILIES
from benchmarks.mutants import of_family, pairs, singles
from benchmarks.right import false_alarms, family_alarms
from benchmarks.score import run


def test_single_mistakes_are_named_and_blamed_on_the_right_gradient():
    total, by_cause = run(singles(seed=3, share=0.08))
    assert total.n > 200
    assert len(by_cause) >= 20
    assert total.cause >= 0.97
    assert total.blame >= 0.99
    assert total.accused <= 0.01 * total.n


def test_pairs_of_mistakes_are_both_named():
    total, _ = run(pairs(60, seed=3))
    assert total.cause >= 0.9
    assert total.blame >= 0.95


def test_right_gradients_agree():
    assert false_alarms(150, seed=3) == []


@pytest.mark.parametrize(
    ("family", "share", "causes"),
    [("images", 0.2, 15), ("recurrent", 0.05, 8), ("attention", 0.2, 8), ("residual", 0.2, 8)],
)
def test_mistakes_in_other_families_are_named_and_nothing_else_is_accused(family, share, causes):
    total, by_cause = run(of_family(FAMILIES[family], 4, seed=3, share=share))
    assert total.n > 15
    assert len(by_cause) >= causes
    assert total.cause >= 0.97
    assert total.blame >= 0.99
    assert total.accused <= 0.01 * total.n


@pytest.mark.parametrize("family", FAMILIES)
def test_right_gradients_of_other_families_agree(family):
    assert family_alarms(FAMILIES[family], 12, seed=3) == []


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_the_whole_measurement_of_other_families(family):
    total, by_cause = run(of_family(FAMILIES[family], 6, seed=11, share=0.12))
    assert total.n >= 40
    assert total.cause >= 0.97
    assert total.blame >= 0.99
    assert all(t.cause >= 0.9 for t in by_cause.values() if t.n >= 10)
    assert family_alarms(FAMILIES[family], 25, seed=11) == []


@pytest.mark.slow
def test_the_whole_measurement():
    one, by_cause = run(singles(seed=11))
    two, _ = run(pairs(300, seed=11))
    assert one.n >= 400
    assert one.cause >= 0.97
    assert one.blame >= 0.99
    assert two.cause >= 0.9
    assert all(t.cause >= 0.9 for t in by_cause.values())
    assert false_alarms(2000, seed=11) == []
