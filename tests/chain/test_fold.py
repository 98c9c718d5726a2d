"""More than six equal layers in a row become one row, and only equal ones."""

from dataclasses import replace

import pytest

from tests.handmade import HandChain, dense, inputs, loss, net
from tinygrad_cn.chain.fold import fold
from tinygrad_cn.chain.model import Source, Step


def lengths(steps: tuple[Step, ...]) -> list[int]:
    return [len(row.steps) for row in fold(steps)]


def test_seven_fold_and_six_do_not() -> None:
    assert lengths(net(6, *[4] * 8, 1).steps) == [1, 1, 7, 1, 1]  # X, 1, 2–8, 9, J
    assert lengths(net(6, *[4] * 7, 1).steps) == [1] * 10


def test_the_row_is_written_with_l() -> None:
    row = fold(net(6, *[4] * 8, 1).steps)[2]
    z, a = row.step.forward
    dz, da = row.step.backward
    dw, db = row.step.gradients
    formulas = [f"{q.written} = {q.formula.text}" for q in (z, a, dz, da, dw, db) if q.formula]
    assert formulas == [
        "Z[l] = W[l] A[l−1] + b[l]",
        "A[l] = relu(Z[l])",
        "dZ[l] = dA[l] ⊙ relu′(Z[l])",
        "dA[l−1] = W[l]ᵀ dZ[l]",
        "dW[l] = (1/m) dZ[l] A[l−1]ᵀ",
        "db[l] = (1/m) Σ dZ[l]",
    ]
    assert z.symbols == "(n[l], m)"
    assert row.step.cache == ("A[l−1]", "W[l]", "Z[l]")
    assert [step.layer for step in row.steps] == [*range(2, 9)]


@pytest.mark.parametrize("change", ["label", "shape", "formula", "kind"])
def test_a_layer_that_differs_is_not_folded(change: str) -> None:
    steps = list(net(6, *[4] * 14, 1).steps)
    odd = steps[8]
    if change == "label":
        steps[8] = replace(odd, label="tanh")
    elif change == "kind":
        steps[8] = replace(odd, kind="dropout")
    elif change == "shape":
        steps[8] = replace(odd, forward=tuple(replace(q, shape=(5, 400)) for q in odd.forward))
    else:  # a weight shared with layer 3
        w3 = steps[3].parameters[0]
        steps[8] = replace(odd, parameters=(w3, odd.parameters[1]))
    assert lengths(net(6, *[4] * 14, 1).steps) == [1, 1, 13, 1, 1]
    assert lengths(tuple(steps)) == [1] * 17  # six equal layers on either side of it


def test_a_skip_connection_into_a_run_keeps_it_open() -> None:
    steps = list(net(6, *[4] * 9, 1).steps)
    skipped = Source(steps[5].id, steps[5].forward[1], steps[6].backward[1])
    steps[-2] = replace(steps[-2], sources=(*steps[-2].sources, skipped))
    assert lengths(tuple(steps)) == [1] * 12


def test_two_runs_fold_apart() -> None:
    sizes = [4] * 9 + [3] * 9
    assert lengths(net(6, *sizes, 1).steps) == [1, 1, 8, 1, 8, 1, 1]


def test_targets_are_no_row_and_x_is() -> None:
    y = Step("Y", "input", 0, "", forward=(loss(1, 1).sources[1].quantity,))
    chain = HandChain((inputs(2), dense(1, 2, 1, "sigmoid"), y, loss(1, 1)))
    assert [row.step.id for row in fold(chain.steps)] == ["X", "1", "J"]
