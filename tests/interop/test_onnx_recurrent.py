"""to_onnx of recurrent layers: the operators RNN, GRU and LSTM, or Scan, for sequences of any length."""

from itertools import product

import numpy as np
import pytest

from tests.interop.onnx_runs import (
    DOUBLE,
    RNG,
    SEQUENCE,
    SINGLE,
    assert_same,
    constants,
    kinds,
    moved,
    onnx,
    run,
    shapes,
)
from tests.referee import assert_close
from tinygrad_cn import interop, nn
from tinygrad_cn.errors import ExportError
from tinygrad_cn.nn.cell import RNNCell

ReferenceEvaluator = pytest.importorskip("onnx.reference").ReferenceEvaluator

OTHERS = [RNG.normal(size=(3, m, T)) for m, T in ((1, 9), (6, 1), (2, 4))]
STATES = [{}, {"num_layers": 3}, {"bidirectional": True}, {"num_layers": 2, "bidirectional": True, "output": "last"}]
VARIANTS = [
    (nn.RNN, {}), (nn.RNN, {"activation": "relu"}), (nn.GRU, {}), (nn.GRU, {"reset": "after"}), (nn.LSTM, {}),
]  # fmt: skip
EVERY = list(product(VARIANTS, STATES))
DTYPES = [(np.float32, SINGLE), (np.float64, DOUBLE)]


def named(node, name):
    return next(onnx.helper.get_attribute_value(a) for a in node.attribute if a.name == name)


def flat(states):
    """Parts of states as one list."""
    return [part for state in states for part in (state if isinstance(state, tuple) else (state,))]


def recurrent(path):
    return [node for node in onnx.load(path).graph.node if node.op_type in ("RNN", "GRU", "LSTM")]


@pytest.mark.parametrize(("variant", "options"), EVERY)
def test_a_layer_is_one_operator_for_any_number_of_samples_and_steps(variant, options, path):
    kind, more = variant
    net = moved(kind(3, 4, seed=1, **options, **more))
    interop.to_onnx(net, path, SEQUENCE)
    assert [node.op_type for node in recurrent(path)] == [kind.__name__] * options.get("num_layers", 1)
    assert not {"Scan", "Loop", "Sigmoid", "Tanh"} & set(kinds(path))
    for X in OTHERS:
        assert_same(path, net, X)


@pytest.mark.parametrize(("variant", "options"), EVERY)
def test_in_float64_a_layer_is_a_scan_and_keeps_its_digits(variant, options, path):
    kind, more = variant
    net = moved(kind(3, 4, seed=1, **options, **more))
    interop.to_onnx(net, path, SEQUENCE, dtype=np.float64)
    assert kinds(path).count("Scan") == len(net.cells)
    for X in OTHERS:
        assert_same(path, net, X, tolerance=DOUBLE)


@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
@pytest.mark.parametrize(("kind", "options"), [variant for variant in VARIANTS if "activation" not in variant[1]])
def test_the_operators_mean_what_the_standard_says(kind, options, dtype, tolerance, path):
    """The reference implementation of ONNX, in NumPy, gives the same; it has no relu, and no Scan backwards."""
    net = moved(kind(3, 4, num_layers=2, bidirectional=dtype == np.float32, seed=1, **options))
    interop.to_onnx(net, path, SEQUENCE, dtype=dtype)
    (got,) = ReferenceEvaluator(onnx.load(path)).run(None, {"X": OTHERS[0].astype(dtype)})
    assert_close(got, net(OTHERS[0]), tolerance)


def test_weights_are_in_the_layout_and_order_of_onnx(path):
    """The gates of LSTM are i, o, f, c; those of GRU are z, r, h, and z is 1 − Γu; x comes before a."""
    lstm, gru = moved(nn.LSTM(3, 4, seed=1)), moved(nn.GRU(3, 4, reset="after", seed=2))
    interop.to_onnx(nn.Sequential(lstm), path, SEQUENCE)
    found = constants(path)
    f32 = {name: value.astype(np.float32) for name, value in lstm.state_dict().items()}
    assert {name: array.shape for name, array in found.items() if name in "WRB"} == {
        "W": (1, 16, 3), "R": (1, 16, 4), "B": (1, 32)
    }  # fmt: skip
    np.testing.assert_array_equal(found["W"][0], np.concatenate([f32[f"W{gate}"][:, 4:] for gate in "iofc"]))
    np.testing.assert_array_equal(found["R"][0], np.concatenate([f32[f"W{gate}"][:, :4] for gate in "iofc"]))
    np.testing.assert_array_equal(found["B"][0, :16], np.concatenate([f32[f"b{gate}"][:, 0] for gate in "iofc"]))
    np.testing.assert_array_equal(found["B"][0, 16:], np.zeros(16))

    interop.to_onnx(gru, path, SEQUENCE)
    found = constants(path)
    f32 = {name: value.astype(np.float32) for name, value in gru.state_dict().items()}
    np.testing.assert_array_equal(found["W"][0, :4], -f32["Wu"][:, 4:])
    np.testing.assert_array_equal(found["B"][0, 20:], f32["bcc"][:, 0])


@pytest.mark.parametrize(("reset", "linear"), [("before", 0), ("after", 1)])
def test_where_the_reset_gate_acts(reset, linear, path):
    interop.to_onnx(nn.GRU(3, 4, reset=reset, seed=1), path, SEQUENCE)
    (node,) = recurrent(path)
    assert named(node, "linear_before_reset") == linear


@pytest.mark.parametrize(
    ("activation", "name", "alpha"),
    [
        ("relu", b"Relu", None), ("sigmoid", b"Sigmoid", None), ("softplus", b"Softplus", None),
        (np.tanh, b"Tanh", None),
        (nn.LeakyReLU(0.3), b"LeakyRelu", 0.3), (nn.ELU(0.5), b"Elu", 0.5), (None, b"Affine", 1.0),
    ],
)  # fmt: skip
def test_activations_that_onnx_has_for_a_step(activation, name, alpha, path):
    net = moved(nn.RNN(3, 4, bidirectional=True, activation=activation, seed=1))
    interop.to_onnx(net, path, SEQUENCE)
    (node,) = recurrent(path)
    assert named(node, "activations") == [name, name]
    assert alpha is None or named(node, "activation_alpha") == pytest.approx([alpha, alpha])
    assert_same(path, net, OTHERS[0])


class Leaky(RNNCell):
    """A cell of one's own: half of the state stays."""

    def step(self, x, state, weights, at=""):
        (a,) = super().step(x, state, weights, at)
        return (0.5 * a + 0.5 * state[0],)


class Unnamed:
    """A function that cannot be looked up in a table."""

    __hash__ = None

    def __call__(self, z):
        return np.sin(z)


def leaky():
    layer = nn.RNN(3, 4, seed=1)
    layer.cells = [Leaky(3, 4, seed=2)]
    return layer


@pytest.mark.parametrize(
    "net", [nn.RNN(3, 4, activation="gelu", seed=1), nn.RNN(3, 4, activation=Unnamed(), seed=1), leaky()]
)
def test_a_step_that_onnx_has_no_name_for_is_a_scan(net, path):
    interop.to_onnx(moved(net), path, SEQUENCE)
    assert kinds(path).count("Scan") == 1
    for X in OTHERS:
        assert_same(path, net, X)


def test_the_file_does_not_grow_with_the_number_of_steps(path):
    sizes = []
    for dtype, T in product((np.float32, np.float64), (2, 50)):
        interop.to_onnx(nn.LSTM(3, 4, bidirectional=True, seed=1), path, np.zeros((3, 2, T)), dtype=dtype)
        sizes.append(path.stat().st_size)
    assert sizes[0] == sizes[1] < 2500
    assert sizes[2] == sizes[3] < 6500


# ---- states and lengths ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
def test_an_initial_state_can_be_an_input(dtype, tolerance, path):
    layer = moved(nn.LSTM(3, 4, seed=1))

    def net(X, a, c):
        unrolled = layer.unroll(X, (a, c))
        return (unrolled.A, *unrolled.final)

    interop.to_onnx(net, path, (SEQUENCE, *RNG.normal(size=(2, 4, 2))), dtype=dtype)
    assert shapes(path)[:3] == [[3, "m", "T"], [4, "m"], [4, "m"]]
    for X in OTHERS:
        assert_same(path, net, X, *RNG.normal(size=(2, 4, X.shape[1])), tolerance=tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
def test_states_of_several_cells_of_which_some_are_given(dtype, tolerance, path):
    layer = moved(nn.GRU(3, 4, num_layers=2, bidirectional=True, seed=1))

    def net(X, a):
        unrolled = layer.unroll(X, [None, None, a, None])
        return (unrolled.last, *unrolled.final)

    interop.to_onnx(net, path, (SEQUENCE, RNG.normal(size=(4, 2))), dtype=dtype)
    for X in OTHERS:
        assert_same(path, net, X, RNG.normal(size=(4, X.shape[1])), tolerance=tolerance)


def test_steps_can_be_taken_from_a_layer(path):
    """An encoder that hands its state to a decoder, and a head for the first and the last step."""
    encoder, decoder = moved(nn.LSTM(3, 4, seed=1)), moved(nn.LSTM(3, 4, seed=2))

    def net(X, Y):
        steps = decoder.unroll(Y, encoder.unroll(X).final).steps
        return steps[0], steps[-1] * 2.0

    interop.to_onnx(net, path, (SEQUENCE, RNG.normal(size=(3, 2, 6))))
    assert shapes(path) == [[3, "m", "T1"], [3, "m", "T2"], [4, "m"], [4, "m"]]
    assert_same(path, net, RNG.normal(size=(3, 5, 2)), RNG.normal(size=(3, 5, 3)))


@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
@pytest.mark.parametrize(("kind", "options"), VARIANTS)
def test_lengths_can_be_an_input(kind, options, dtype, tolerance, path):
    """A sample without steps gives 0 and ends where it started, which onnxruntime's own operators do not."""
    layer = moved(kind(3, 4, bidirectional=True, seed=1, **options))

    def net(X, n, a):
        unrolled = layer.unroll(X, [(a, -a), (2 * a, a)] if kind is nn.LSTM else [a, 2 * a], lengths=n)
        return (unrolled.A, unrolled.last, *flat(unrolled.final))

    interop.to_onnx(net, path, (SEQUENCE, np.array([4, 2]), RNG.normal(size=(4, 2))), dtype=dtype)
    assert shapes(path)[:2] == [[3, "m", "T"], ["m"]]
    for T, lengths in ((7, [7, 1, 0, 3]), (2, [0])):
        m = len(lengths)
        inputs = RNG.normal(size=(3, m, T)), np.array(lengths), RNG.normal(size=(4, m))
        assert_same(path, net, *inputs, tolerance=tolerance)


def test_lengths_that_are_all_the_same_in_the_sample_are_an_input_too(path):
    layer = nn.GRU(3, 4, seed=1)
    interop.to_onnx(lambda X, n: layer(X, lengths=n), path, (SEQUENCE, np.array([4, 4])))
    assert_same(path, lambda X, n: layer(X, lengths=n), SEQUENCE, np.array([1, 3]))


@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
def test_lengths_that_are_part_of_the_net_fix_the_samples(dtype, tolerance, path):
    layer = nn.LSTM(3, 4, seed=1)

    def net(X):
        return layer(X, lengths=[2, 4])

    with pytest.raises(ExportError, match=r"does not take another number of samples: lengths must be .*samples=False"):
        interop.to_onnx(net, path, SEQUENCE)
    interop.to_onnx(net, path, SEQUENCE, samples=False, dtype=dtype)
    assert shapes(path) == [[3, 2, "T"], [4, 2, "T"]]
    for T in (4, 6):
        assert_same(path, net, RNG.normal(size=(3, 2, T)), tolerance=tolerance)
    assert np.all(run(path, SEQUENCE)[0][:, 0, 2:] == 0)


# ---- loops by hand --------------------------------------------------------------------------------------


def test_a_loop_over_cells_is_written_step_by_step_and_fixes_the_steps(path):
    cell = moved(nn.GRUCell(3, 4, seed=1))

    def net(X):
        a = cell(X[:, :, 0])
        for t in range(1, X.shape[2]):
            a = cell(X[:, :, t], a)
        return a

    with pytest.raises(ExportError, match=r"other steps for another number of time steps: .*steps=False fixes the num"):
        interop.to_onnx(net, path, SEQUENCE)
    interop.to_onnx(net, path, SEQUENCE, steps=False)
    assert shapes(path) == [[3, "m", 4], [4, "m"]]
    assert_same(path, net, RNG.normal(size=(3, 5, 4)))
