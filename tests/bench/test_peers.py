"""Every peer computes the same: losses of the first steps against those of a program written by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tinygrad_cn.bench.peers import PEERS, taking_part
from tinygrad_cn.bench.peers.gemm import _arrangements, shapes
from tinygrad_cn.bench.peers.hand.lenet import col2im, im2col
from tinygrad_cn.bench.peers.layouts import channels_first, rows
from tinygrad_cn.bench.problem import problem
from tinygrad_cn.bench.workload import WORKLOADS, Workload, chosen

SMALL: dict[str, Workload] = {
    "W1": WORKLOADS["W1"],
    "W2": replace(WORKLOADS["W2"], dims=(10100, 4, 7, 5, 1), m=9),
    "W3": replace(WORKLOADS["W3"], dims=(84, 12, 6, 10), m=8),
    "W4": replace(WORKLOADS["W4"], dims=(28, 20, 24, 10), m=16),
    "W5": replace(WORKLOADS["W5"], dims=(8,) * 51 + (1,), m=4),
    "W6": replace(WORKLOADS["W6"], m=3),
    "W7": replace(WORKLOADS["W7"], dims=(5, 7, 10), m=4, steps=6),
    "W8": replace(WORKLOADS["W8"], steps=60),
}
STEPS = 4
# First and fourth loss by torch 2.13 in float64: the program written by hand is judged by these.
TORCH = {
    "W1": (0.7113761440157738, 0.6979052700517266),
    "W2": (0.7068595532863817, 0.675710401226339),
    "W3": (2.4799220332279357, 2.3614122045774306),
    "W4": (2.254547407340823, 2.188821492494516),
    "W5": (2.1505818550437303, 2.134714490986883),
    "W6": (2.008205643202766, 0.8077642819209924),
    "W7": (2.2657949879037274, 2.2206286878394894),
    "W8": (15.581731495247471, 15.581731495247471),
}
QUICK = ("eager", "compiled", "torch", "autograd", "mygrad", "scikit-learn")
SLOW = ("fast", "mkl", "torch.compile", "jax.jit", "tinygrad")
THEIR_OWN = pytest.mark.filterwarnings("ignore")  # what other frameworks warn of in themselves


def losses(peer: str, w: Workload, steps: int = STEPS) -> list[float]:
    step = PEERS[peer].load()(problem(w))
    return [step() for _ in range(steps)]


@pytest.mark.parametrize("name", SMALL)
def test_by_hand_is_what_torch_computes(name: str) -> None:
    found = losses("hand", replace(SMALL[name], dtype="float64"))
    assert (found[0], found[-1]) == pytest.approx(TORCH[name], rel=1e-12)


@pytest.mark.parametrize(
    ("peer", "name"),
    [
        pytest.param(peer, name, marks=[pytest.mark.slow] * (peer in SLOW) + [THEIR_OWN] * (not PEERS[peer].ours))
        for peer in (*QUICK, *SLOW)
        for name in SMALL
        if SMALL[name].kind in PEERS[peer].kinds
    ],
)
def test_losses_are_those_of_the_program_by_hand(peer: str, name: str) -> None:
    w = SMALL[name]
    if not PEERS[peer].installed:
        pytest.skip(f"{PEERS[peer].package} is not installed")
    assert losses(peer, w) == pytest.approx(losses("hand", w), rel=w.tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("peer", ["eager", "compiled"])
@pytest.mark.parametrize("name", list(WORKLOADS)[:7])
def test_the_workloads_in_full(peer: str, name: str) -> None:
    w = WORKLOADS[name]
    assert losses(peer, w) == pytest.approx(losses("hand", w), rel=w.tolerance)


def test_each_call_trains_once_and_leaves_the_problem_as_it_is() -> None:
    given = problem(SMALL["W3"])
    start = {name: value.copy() for name, value in given.params.items()}
    step = PEERS["hand"].load()(given)
    first, *_, last = (step() for _ in range(30))
    assert last < 0.8 * first
    assert all(np.array_equal(given.params[name], start[name]) for name in start)


def test_columns_and_windows() -> None:
    """im2col takes windows as they lie; col2im counts how many windows an entry is in."""
    X = np.arange(2 * 4 * 4 * 3.0).reshape(2, 4, 4, 3)
    col = im2col(X, 3)
    np.testing.assert_array_equal(col[5], X[1, 0:3, 1:4].ravel())
    counted = col2im(np.ones_like(col), X.shape, 3)[0, :, :, 0]
    np.testing.assert_array_equal(counted, np.outer([1, 2, 2, 1], [1, 2, 2, 1]))


def test_layouts_of_others() -> None:
    sequence = problem(SMALL["W7"])
    turned = rows(sequence)
    assert turned.cell is not None
    np.testing.assert_array_equal(turned.X[2, 1], sequence.X[:, 1, 2])
    np.testing.assert_array_equal(turned.cell[0][:, 14:21], sequence.params["Wc"].T)  # third of i, f, c̃, o
    image = problem(SMALL["W6"])
    first = channels_first(rows(image))
    np.testing.assert_array_equal(first.filters[1][0][15, 4], image.params["W2"][:, :, 4, 15])
    place = (4 * 1 + 2) * 16 + 5  # row 1, column 2, channel 5 of what is flattened
    np.testing.assert_array_equal(first.dense[0][0][(4 * 5 + 1) * 4 + 2], image.params["W3"][:, place])


def test_the_products_are_those_of_the_net() -> None:
    assert shapes(SMALL["W3"]) == [
        (12, 84, 8), (12, 8, 84),
        (6, 12, 8), (6, 8, 12), (12, 6, 8),
        (10, 6, 8), (10, 8, 6), (6, 10, 8),
    ]  # fmt: skip
    assert shapes(SMALL["W6"])[:5] == [
        (6, 25, 3 * 576), (6, 3 * 576, 25), (16, 150, 3 * 64), (16, 3 * 64, 150), (150, 16, 3 * 64),
    ]  # fmt: skip
    assert len(shapes(SMALL["W7"])) == 2 * 6 + 1 + 3


def test_a_product_is_the_same_in_every_arrangement() -> None:
    found = [np.dot(a, b) for a, b, _ in _arrangements((3, 5, 4), np.dtype(np.float64))]
    assert [product.shape for product in found] == [(3, 4), (4, 3)] * 4
    for product in found:
        np.testing.assert_allclose(product if product.shape == (3, 4) else product.T, found[0], rtol=1e-12)


def test_who_takes_part_and_in_what() -> None:
    assert [peer.name for peer in taking_part(False)] == ["hand", "eager", "compiled", "fast", "mkl"]
    assert [peer.name for peer in taking_part(True)] == list(PEERS)
    with pytest.raises(ValueError, match="no peer 'theano'; there are hand, eager"):
        taking_part(False, ["theano"])
    with pytest.raises(ValueError, match="no workload 'W9'; there are W1, W2"):
        chosen("W1,w9")
