"""to_onnx: every row of the tables is its op, and nets of bare tensors are put together from them."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.interop.onnx_runs import COLUMNS, RNG, SEQUENCE, assert_same
from tinygrad_cn import interop, nn
from tinygrad_cn.errors import ExportError
from tinygrad_cn.ops.op import REGISTRY

ROWS = pytest.importorskip("tinygrad_cn.interop.onnx.build").ROWS
FIXED = {"samples": False, "steps": False}
EVERY = slice(None)

REFUSED = {("getitem", 4), ("getitem", 6), ("getitem", 8), *(("einsum", i) for i in (4, 5, 6, 7))}
CALLS = [
    pytest.param(REGISTRY[name], case, id=f"{name}-{i}")
    for name in ROWS
    for i, case in enumerate(REGISTRY[name].cases)
    if all(np.prod(shape) for shape in case.shapes) and (name, i) not in REFUSED
]


@pytest.mark.parametrize(("op", "case"), CALLS)
def test_every_row_of_the_tables_is_its_op(op, case, path):
    """Masks and whole numbers are constants of the net; what is a number is an input."""
    values = op.sample(np.random.default_rng(1), case)
    floating = [i for i, value in enumerate(values) if value.dtype.kind == "f"]

    def net(*inputs):
        given = dict(zip(floating, inputs, strict=True))
        return op(*(given.get(i, value) for i, value in enumerate(values)), **case.options)

    inputs = [values[i] for i in floating]
    interop.to_onnx(net, path, tuple(inputs), **FIXED)
    assert_same(path, net, *inputs)


@pytest.mark.parametrize(("name", "i"), sorted(REFUSED))
def test_indices_and_diagonals_without_an_equal_are_refused(name, i, path):
    op, case = REGISTRY[name], REGISTRY[name].cases[i]
    inputs = tuple(op.sample(np.random.default_rng(1), case))
    with pytest.raises(ExportError, match=r"several arrays at once|a label twice"):
        interop.to_onnx(lambda *x: op(*x, **case.options), path, inputs, **FIXED)
    assert not path.exists()


def indexed(*index):
    return lambda X: X[index]


@pytest.mark.parametrize(
    "index",
    [
        (EVERY, None, np.array([[0, 1], [1, 0]])), (..., np.array([True, False, True, True])), (1, np.array([1, 0])),
        (slice(None, None, -1), -1, slice(-1, 0, -2), None), (-1,),
    ],
)  # fmt: skip
def test_indices_are_those_of_numpy(index, path):
    interop.to_onnx(indexed(*index), path, SEQUENCE, **FIXED)
    assert_same(path, indexed(*index), SEQUENCE)


@pytest.mark.parametrize(
    "index", [(1, EVERY, np.array([0, 2])), (np.array([0, 2]), EVERY, 1), (np.ones((3, 2), bool),)]
)
def test_indices_without_an_equal_are_refused(index, path):
    with pytest.raises(ExportError, match="several arrays at once"):
        interop.to_onnx(indexed(*index), path, SEQUENCE, **FIXED)


def test_bare_tensors_and_several_inputs_and_outputs(path):
    W, b = tg.tensor(RNG.normal(size=(2, 3)), requires_grad=True), RNG.normal(size=(2, 1))

    def net(x, y):
        z = np.clip(W @ x + b, -1.0, None)
        return np.where(np.arange(2)[:, None] > 0, z * y, z), np.mean(z, axis=1), (z**2).reshape(-1)

    interop.to_onnx(net, path, (COLUMNS, RNG.normal(size=(2, 5))))
    assert_same(path, net, RNG.normal(size=(3, 8)), RNG.normal(size=(2, 8)))


def test_attention_by_hand(path):
    """Products of three axes, softmax under a causal mask, shapes that hold m and T."""
    W = {name: tg.tensor(RNG.normal(size=(4, 3)), requires_grad=True) for name in "QKV"}

    def net(X):
        _, m, T = X.shape
        Q, K, V = (
            np.transpose(np.tensordot(w, X, axes=1), (1, 2, 0)).reshape(m, T, 2, 2).swapaxes(1, 2) for w in W.values()
        )
        S = Q @ K.swapaxes(-1, -2) / np.sqrt(2.0) + np.triu(np.full((T, T), -1e9), 1)
        return (nn.softmax(S, axis=-1) @ V).swapaxes(1, 2).reshape(m, T, 4).transpose(2, 0, 1)

    interop.to_onnx(net, path, SEQUENCE)
    for m, T in ((5, 4), (1, 7), (2, 1)):
        assert_same(path, net, RNG.normal(size=(3, m, T)))
