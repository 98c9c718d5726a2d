"""What the page steps through, in which order, and what each step uses."""

import numpy as np

from tests.draw.html.chains import bare_ops, dense, residual
from tinygrad_cn import nn
from tinygrad_cn.chain import Chain
from tinygrad_cn.draw.html.steps import PageStep, outline


def steps_of(chain: Chain) -> tuple[PageStep, ...]:
    return outline(chain).steps


def keys(steps: tuple[PageStep, ...]) -> list[str]:
    return [step.thing.key for step in steps]


def test_forward_then_backward_in_the_order_of_the_notes() -> None:
    steps = steps_of(dense((2, 4, 1)))
    assert keys(steps) == "Z1 A1 Z2 A2 J dA2 dZ2 dW2 db2 dA1 dZ1 dW1 db1 dA0".split()
    assert [step.backward for step in steps] == [False] * 5 + [True] * 9


def test_a_step_uses_what_its_formula_names() -> None:
    steps = {step.thing.key: step for step in steps_of(dense((2, 4, 1)))}
    assert [t.written for t in steps["Z1"].uses] == ["W[1]", "X", "b[1]"]
    assert [t.written for t in steps["dW2"].uses] == ["dZ[2]", "A[1]"]
    assert [t.written for t in steps["dZ1"].uses] == ["dA[1]", "A[1]"]


def test_gradients_of_parameters_are_the_ones_to_check() -> None:
    assert [s.thing.key for s in steps_of(dense((2, 4, 1))) if s.parameter] == ["dW2", "db2", "dW1", "db1"]


def test_equal_layers_are_one_step_for_each_quantity() -> None:
    steps = steps_of(dense((3, *[4] * 12, 1)))
    folded = [step for step in steps if step.thing.folded]
    assert [s.thing.written for s in folded] == ["Z[l]", "A[l]", "dZ[l]", "dW[l]", "db[l]", "dA[l−1]"]
    assert {len(s.thing.members) for s in folded} == {11}
    assert [q.name for q in folded[0].thing.members][:2] == ["Z2", "Z3"]
    assert [t.written for t in folded[0].uses] == ["W[l]", "A[l−1]", "b[l]"]
    assert [q.name for q in folded[0].uses[1].members][:2] == ["A1", "A2"]
    assert [t.written for t in folded[2].uses] == ["dA[l]", "A[l]"]


def test_two_runs_of_equal_layers_stay_apart() -> None:
    steps = steps_of(dense((4, *[4] * 8, 3, *[4] * 8, 1)))
    written = [s.thing.key for s in steps if s.thing.written == "dW[l]"]
    assert len(written) == len(set(written)) == 2


def test_a_gradient_with_two_sources_comes_once_when_all_its_terms_are_known() -> None:
    chain = residual()
    order = keys(steps_of(chain))
    assert order.count("dA1") == 1
    assert order.index("dA1") > max(order.index(f"d{name}") for name in chain if name.startswith("u"))


def test_every_computed_quantity_has_a_step_and_the_others_lead_to_the_first_that_uses_them() -> None:
    for chain in (dense((2, 4, 1)), residual(), bare_ops()):
        steps, numbers = steps_of(chain), outline(chain).numbers
        assert {q.name for q in chain.quantities.values() if q.formula is not None} <= set(keys(steps))
        assert set(numbers) == set(chain)
    numbers = outline(dense((2, 4, 1))).numbers
    assert (numbers["A0"], numbers["W2"], numbers["Y"], numbers["dW2"]) == (1, 3, 5, 8)


def test_a_parameter_inside_a_block_is_among_what_its_product_uses() -> None:
    J = nn.cross_entropy(nn.TransformerEncoderBlock(4, 2, seed=1)(np.ones((4, 3, 2))), np.zeros((3, 2), int))
    J.backward()
    plan = outline(J.chain())
    step = next(step for step in plan.steps if step.thing.key == "V1")
    assert [thing.quantity.written for thing in step.uses] == ["Wv[1]", "N[0]", "bv[1]"]
