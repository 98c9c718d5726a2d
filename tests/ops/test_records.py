"""What every op record promises, checked from the record alone: a new op is tested by being registered."""

import re

import numpy as np
import pytest

from tests.referee import SINGLE, assert_close, check_first_order, check_second_order, of_record, tensors, unit
from tinygrad_cn.ops.op import REGISTRY, Case, Op

OPS = list(REGISTRY.values())
ELEMENTWISE = [op for op in OPS if isinstance(op.forward, np.ufunc) and op.forward.signature is None]
CALLS = [pytest.param(op, case, id=f"{op.name}-{i}") for op in OPS for i, case in enumerate(op.cases)]
each_op = pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
each_call = pytest.mark.parametrize(("op", "case"), CALLS)


@each_op
def test_record_is_complete(op: Op) -> None:
    inputs = 1 if op.vjp is not None else len(op.vjps)
    assert REGISTRY[op.name] is op
    assert len(op.cases) >= 1
    assert len(op.formula) == inputs
    assert all(f.text.strip() and f.latex.strip() for f in op.formula)
    assert op.text.strip()
    assert op.latex.strip()
    assert f"{op.name}: y = {op.text}" in (op.__doc__ or "")


@pytest.mark.parametrize("op", ELEMENTWISE, ids=lambda op: op.name)
def test_an_elementwise_op_is_tried_on_a_number_and_on_nothing(op: Op) -> None:
    shapes = [shape for case in op.cases for shape in case.shapes]
    assert () in shapes
    assert (0, 3) in shapes


@each_call
def test_a_tensor_gets_what_forward_gives(op: Op, case: Case) -> None:
    inputs = of_record(op, case)["inputs"]
    y = op(*tensors(inputs), **case.options)
    np.testing.assert_array_equal(y.numpy(), op.forward(*inputs, **case.options), strict=y.ndim > 0)
    assert y._op is op or not y.requires_grad


@each_call
def test_forward_and_vjps(op: Op, case: Case) -> None:
    check_first_order(**of_record(op, case))


@each_call
def test_second_order(op: Op, case: Case) -> None:
    check_second_order(**of_record(op, case))


@each_call
def test_float32_stays_float32(op: Op, case: Case) -> None:
    call = of_record(op, case)
    single = [x.astype(np.float32) if x.dtype.kind == "f" else x for x in call["inputs"]]
    double = [x.astype(np.float64) if x.dtype.kind == "f" else x for x in single]
    leaves, reference = tensors(single), tensors(double)
    y, want = op(*leaves, **case.options), op(*reference, **case.options)
    assert y.dtype == (want.dtype if _widens(op, case) else np.float32)
    r = unit(np.random.default_rng(0), y.shape)
    y.backward(r)
    want.backward(r)
    assert_close(y.numpy(), want.numpy(), SINGLE, op.name)
    for i in call["flows"]:
        assert leaves[i].grad is not None
        assert leaves[i].grad.dtype == np.float32
        assert_close(leaves[i].grad, reference[i].grad, SINGLE, f"vjp of {op.name} input {i}")


def _widens(op: Op, case: Case) -> bool:
    """NumPy itself leaves float32: a ufunc without a float32 loop, or a call that names a dtype."""
    f = op.forward
    return "dtype" in case.options or (isinstance(f, np.ufunc) and not any(t.startswith("f") for t in f.types))


@each_op
def test_formulas_read_the_same_in_every_language(op: Op) -> None:
    """Words in them are functions, inputs or options; the rest is signs."""
    known = {*op.inputs, *op.options, "log", "mod", "ddof", "det", "index", "logabsdet", "sign"}
    for formula in (op.text, *(f.text for f in op.formula)):
        words = re.findall(r"(?<![A-Za-z_])[A-Za-z]{3,}(?![A-Za-z0-9_]|⁻¹\(|[({′_])", formula)
        assert set(words) <= known, formula
