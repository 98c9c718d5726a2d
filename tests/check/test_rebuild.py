"""Fresh nets of other sizes: the same layers and names, every size another, and no false alarm on right gradients."""

import re

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.chain import test_attention, test_recurrent, test_source_images, test_source_nets
from tinygrad_cn import nn
from tinygrad_cn.check.probe import fresh

RECURRENT = {name: net for name, net in test_recurrent.NETS.items() if name != "padded"}
ATTENTION = {
    name: net for name, net in test_attention.NETS.items() if name not in ("without projections", "learned positions")
}
IMAGES = test_source_images.STACKS
STEP = re.compile(r"⟨\d+⟩")


def loop():
    return test_source_nets.loop(test_source_nets.RNN_CELL | test_source_nets.OUTPUT)[0]


NETS = {**RECURRENT, **ATTENTION, **IMAGES, "loop": loop}
each_net = pytest.mark.parametrize("net", NETS.values(), ids=NETS)


def names(chain):
    return {STEP.sub("⟨t⟩", name) for name in chain.quantities}


@each_net
def test_a_fresh_net_has_the_same_quantities_in_other_sizes(net):
    old = net().chain()
    new = fresh(old, seed=1)
    assert names(new) == names(old)
    assert new.m != old.m
    assert (new.convention, new.depth) == (old.convention, old.depth)
    for name in ("W1", "Wq1", "Wax", "Wf", "Wu", "E1"):
        if name in old and name in new:
            assert new.quantity(name).shape != old.quantity(name).shape


@each_net
def test_right_gradients_of_a_fresh_net_raise_no_alarm(net):
    chain = fresh(net().chain(), seed=2)
    chain.root.backward()
    hand = {name: q.value for name, q in chain.quantities.items() if q.role == "gradient" and q.value is not None}
    report = tg.compare(chain, hand)
    assert report.ok, report


@pytest.mark.parametrize("seed", range(4))
def test_sizes_of_images_are_different_primes(seed):
    chain = fresh(NETS["average"]().chain(), seed)
    m, height, width, channels = chain.quantity("A0").shape
    sizes = (m, height, width, channels, *chain.quantity("W1").shape[3:])
    assert len(set(sizes)) == len(sizes)
    assert all(all(n % k for k in range(2, n)) for n in sizes)
    assert height > 7 < width


def test_the_number_of_time_steps_is_another():
    old = NETS["RNN"]().chain()
    lengths = {seed: fresh(old, seed).quantity("A").shape[2] for seed in range(6)}
    assert set(lengths.values()) == {4, 5}  # not 3, as before


def test_heads_divide_the_rows_and_residual_sums_keep_theirs():
    chain = fresh(NETS["pre"]().chain(), 0)
    rows = chain.quantity("Wq1").shape[0]
    assert rows % 2 == 0
    assert rows != 4
    assert chain.quantity("H1").shape[0] == rows


def test_masks_stay_causal_and_targets_one_hot():
    chain = fresh(NETS["one head, causal, no bias"]().chain(), 0)
    T = chain.quantity("A0").shape[2]
    np.testing.assert_array_equal(chain["M1"], nn.causal_mask(T))
    np.testing.assert_array_equal(chain["Y"].sum(axis=0), 1)


@pytest.mark.parametrize("net", [test_recurrent.NETS["padded"], test_attention.NETS["learned positions"]])
def test_what_holds_its_sizes_is_not_rebuilt(net):
    assert fresh(net().chain(), 0) is None
