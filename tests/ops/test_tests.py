"""Tests of the tests: a wrong vjp must be caught by the check of its record."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.referee import check_first_order, check_second_order, of_record
from tinygrad_cn.ops.op import REGISTRY, Op, case

Mutation = Callable[[Any], Any]
MUTATIONS: dict[str, Mutation] = {
    "scaled by 1.01": lambda g: g * 1.01,
    "doubled": lambda g: g * 2,
    "sign flipped": lambda g: -g,
    "shifted by 0.01": lambda g: g + 0.01,
}


def mutated(op: Op, i: int, mutate: Mutation) -> Op:
    """A copy of the record whose vjp of input i is wrong."""
    wrong = copy.copy(op)
    if op.vjp is not None:
        wrong.vjp = lambda j, *args, **options: (mutate if i == j else _same)(op.vjp(j, *args, **options))
    else:
        vjps: list[Any] = list(op.vjps)
        right = vjps[i]
        vjps[i] = lambda *args, **options: mutate(right(*args, **options))
        wrong.vjps = tuple(vjps)
    return wrong


def _same(g: Any) -> Any:
    return g


def passes(op: Op) -> bool:
    """Whether the record's own test passes on all its cases."""
    try:
        for c in op.cases:
            check_first_order(**of_record(op, c))
    except AssertionError:
        return False
    return True


def constant(op: Op, i: int) -> bool:
    """The gradient of this input is 0 wherever it exists: floor, sign and their kin."""
    for c in op.cases:
        inputs = of_record(op, c)["inputs"]
        if i < len(inputs):
            y = np.asarray(op.forward(*inputs, **c.options))
            if np.any(op.gradient(i, np.ones_like(y), y, inputs, c.options)):
                return False
    return True


MUTANTS = [
    pytest.param(op, i, name, id=f"{op.name}-{i}-{name}")
    for op in REGISTRY.values()
    for i in of_record(op, op.cases[0])["flows"]
    for name in (["shifted by 0.01"] if constant(op, i) else MUTATIONS)
]


@pytest.mark.parametrize(("op", "i", "name"), MUTANTS)
def test_a_wrong_vjp_is_caught(op: Op, i: int, name: str) -> None:
    assert not passes(mutated(op, i, MUTATIONS[name]))


def test_a_right_vjp_passes() -> None:
    op = REGISTRY["tanh"]
    assert passes(mutated(op, 0, _same))


def test_a_forward_that_writes_to_its_input_is_caught() -> None:
    def negate(x: Any) -> Any:
        return np.negative(x, out=x)

    op = Op("negate_in_place", negate, (lambda g, y, x: -g,), cases=(case((3,)),))
    assert not passes(op)


def test_a_vjp_that_writes_to_the_gradient_is_caught() -> None:
    def vjp(g: Any, y: Any, x: Any) -> Any:
        g *= y
        return g

    op = Op("exp_in_place", np.exp, (vjp,), broadcasts=True, analytic=True)
    assert not passes(op)


def test_a_vjp_that_writes_to_the_output_is_caught() -> None:
    def vjp(g: Any, y: Any, x: Any) -> Any:
        y *= g
        return y

    op = Op("exp_in_place", np.exp, (vjp,), broadcasts=True, analytic=True)
    assert not passes(op)


def test_a_vjp_right_in_value_but_not_differentiable_is_caught_at_second_order() -> None:
    def detached(g: Any, y: Any, x: Any) -> Any:
        return g * np.cos(np.array(x))  # np.array() of a Tensor is a plain array: nothing is recorded

    op = Op("sine", np.sin, (detached,), broadcasts=True, analytic=True)
    call = of_record(op, case((3,)))
    check_first_order(**call)
    with pytest.raises(AssertionError, match="second derivative of sine"):
        check_second_order(**call)
