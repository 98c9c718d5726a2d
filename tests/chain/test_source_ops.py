"""Every op as a line of a program, and the lines that the notes write for activations and losses."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn.chain.source.rows import ACTIVATIONS, LOSSES
from tinygrad_cn.errors import OpError
from tinygrad_cn.ops.op import REGISTRY

from .nets import RNG
from .running import assert_same, run

LAID_OUT = ("windows2d", "overlap2d", "max_pool2d_input")  # met in second derivatives only


@pytest.mark.parametrize("name", LAID_OUT)
def test_ops_on_images_are_refused_by_name(name):
    op = REGISTRY[name]
    case = op.cases[0]
    x = [tg.tensor(x, requires_grad=True) for x in op.sample(np.random.default_rng(0), case)]
    chain = op(*x, **case.options).sum().chain()
    with pytest.raises(OpError, match=f"the op '{name}' cannot be written as NumPy calls: .* lays out memory"):
        chain.numpy()


@pytest.mark.parametrize("op", [op for op in REGISTRY.values() if op.name not in LAID_OUT], ids=lambda op: op.name)
def test_every_op_can_be_written(op):
    for i, case in enumerate(op.cases):
        rng = np.random.default_rng(i)
        arrays = {f"x{k}": x for k, x in enumerate(op.sample(rng, case))}
        tensors = [tg.tensor(x, requires_grad=x.dtype.kind == "f", name=name) for name, x in arrays.items()]
        y = op(*tensors, **case.options)
        r = rng.standard_normal(y.shape)
        J = (y * r).sum()
        J.backward()
        text = J.chain(names={"r": r}).numpy()
        result = run(text, r=r, **{name: x.copy() for name, x in arrays.items()})
        assert_same(result["J"], J.numpy(), f"case {i}", rtol=1e-9)
        for x in tensors:
            if x.grad is not None:
                assert_same(result[f"d{x.name}"], x.grad, f"case {i}: d{x.name}", rtol=1e-9)
        assert max(map(len, text.splitlines())) <= 100, f"case {i}"


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_notes_lines_of_an_activation_agree_with_its_record(name):
    forward, back = ACTIVATIONS[name]
    op, Z, dA = REGISTRY[name], 2 * RNG.standard_normal((4, 5)), RNG.standard_normal((4, 5))
    A = op.forward(Z)
    assert_same(forward(Z), A, name)
    assert_same(back(dA, A, Z), op.gradient(0, dA, A, [Z], {}), name)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("rows", [1, 3])
def test_the_notes_lines_of_a_loss_agree_with_its_record(name, rows):
    forward, derivative = LOSSES[name]
    op, A = REGISTRY[name], RNG.uniform(0.05, 0.95, (rows, 5))
    Y = np.eye(rows)[:, RNG.integers(0, rows, 5)]
    assert_same(forward(A, Y, 5), op.forward(A, Y), name)
    assert_same(derivative(A, Y) / 5, op.gradient(0, 1.0, op.forward(A, Y), [A, Y], {}), name)
