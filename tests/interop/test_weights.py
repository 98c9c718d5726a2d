"""from_torch and to_torch: the same outputs as torch's for every layer, also where torch is not installed."""

import sys

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import interop, nn
from tinygrad_cn.errors import OpError, StateError
from tinygrad_cn.interop.layouts import LAYOUTS

from .torch_cases import CASES, TORCH_NUMBERS, made_up, numbers_of, ours, theirs

every_case = pytest.mark.parametrize("name", CASES)


@every_case
def test_outputs_are_the_numbers_of_torch(name):
    case = CASES[name]
    net = case.net()
    interop.from_torch(net, case.state())
    np.testing.assert_allclose(numbers_of(ours(net, case.X)), TORCH_NUMBERS[name], rtol=1e-12, atol=1e-15)


@every_case
def test_torch_gives_the_same_outputs_both_ways(name):
    torch = pytest.importorskip("torch")
    case = CASES[name]
    twin = case.twin(torch.nn).double()
    twin.load_state_dict({key: torch.from_numpy(value) for key, value in case.state().items()})
    net = case.net()
    interop.from_torch(net, twin.state_dict())
    want = theirs(twin, case.X)
    np.testing.assert_allclose(ours(net, case.X), want, rtol=1e-12, atol=1e-14)
    fresh = case.twin(torch.nn).double()
    fresh.load_state_dict(interop.to_torch(net), strict=True)
    np.testing.assert_allclose(theirs(fresh, case.X), want, rtol=1e-12, atol=1e-14)


@every_case
def test_there_and_back_is_bit_equal(name):
    case = CASES[name]
    net, other = case.net(), case.net()
    interop.from_torch(net, case.state())
    interop.from_torch(other, interop.to_torch(net, tensors=False))
    for key, value in net.state_dict().items():
        np.testing.assert_array_equal(other.state_dict()[key], value, err_msg=key)


def test_every_row_of_the_table_has_a_case():
    kinds = {type(module) for case in CASES.values() for module in case.net().modules()}
    assert kinds >= set(LAYOUTS)


# ---- names ----------------------------------------------------------------------------------------------


def state_of(names, shapes=((4, 3), (4,), (2, 4), (2,))):
    return {name: made_up(shape, i) for i, (name, shape) in enumerate(zip(names, shapes, strict=True))}


BY_PLACE = state_of(["0.weight", "0.bias", "2.weight", "2.bias"])


@pytest.mark.parametrize(
    "names", [["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"], ["0.weight", "0.bias", "1.weight", "1.bias"]]
)
def test_other_names_are_matched_in_their_order(names):
    by_place, by_order = (nn.DNN([3, 4, 2]) for _ in range(2))
    interop.from_torch(by_place, BY_PLACE)
    interop.from_torch(by_order, state_of(names))
    for key, value in by_place.state_dict().items():
        np.testing.assert_array_equal(by_order.state_dict()[key], value)


def test_other_names_are_found_by_shape_in_the_order_of_a_file(tmp_path):
    """A file sorts by name: bn comes before conv, and fc2 before fc10."""
    shapes = {
        "conv.weight": (3, 1, 2, 2), "conv.bias": (3,), "bn.weight": (3,), "bn.bias": (3,), "bn.running_mean": (3,),
        "bn.running_var": (3,), "fc2.weight": (3, 3), "fc2.bias": (3,), "fc10.weight": (3, 3), "fc10.bias": (3,),
    }  # fmt: skip
    state = {name: made_up(shape, i) for i, (name, shape) in enumerate(shapes.items())}
    tg.save(state, tmp_path / "model.safetensors")
    net = nn.Sequential(
        nn.Conv2D(1, 3, 2, activation="relu"), nn.BatchNorm2D(3), nn.Flatten(), nn.Dense(3, 3, "relu"), nn.Dense(3, 3)
    )
    interop.from_torch(net, tg.load(tmp_path / "model.safetensors"))
    np.testing.assert_array_equal(net.b1.numpy().reshape(-1), state["conv.bias"])
    np.testing.assert_array_equal(net.W2.numpy(), state["fc2.weight"])
    np.testing.assert_array_equal(net.W3.numpy(), state["fc10.weight"])


def test_our_names_are_matched_in_any_order():
    net = nn.DNN([3, 3, 3])
    state = {"2.weight": np.full((3, 3), 2.0), "2.bias": np.full(3, 2.0), "0.weight": np.eye(3), "0.bias": np.zeros(3)}
    interop.from_torch(net, state)
    np.testing.assert_array_equal(net.W1.numpy(), np.eye(3))
    np.testing.assert_array_equal(net.b2.numpy(), np.full((3, 1), 2.0))


def test_a_file_of_torch_needs_no_torch(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    path = tmp_path / "model.safetensors"
    tg.save(BY_PLACE, path)
    net = nn.DNN([3, 4, 2])
    interop.from_torch(net, tg.load(path))
    np.testing.assert_array_equal(net.W1.numpy(), BY_PLACE["0.weight"])
    assert interop.to_torch(net, tensors=False).keys() == BY_PLACE.keys()
    with pytest.raises(ImportError, match="tensors=False gives arrays"):
        interop.to_torch(net)


# ---- flattened images -----------------------------------------------------------------------------------


def test_pixels_are_turned_from_channel_by_channel_to_pixel_by_pixel():
    """A dense layer that picks channel c of pixel p, in torch's order entry 2c + p of 3 channels and 2 pixels."""
    net = nn.Sequential(nn.Conv2D(1, 3, 1), nn.Flatten(), nn.Dense(6, 6))
    state = {"0.weight": np.ones((3, 1, 1, 1)), "0.bias": np.zeros(3), "2.weight": np.eye(6), "2.bias": np.zeros(6)}
    interop.from_torch(net, state)
    places = np.argmax(net.W2.numpy(), axis=1)
    np.testing.assert_array_equal(places, [0, 3, 1, 4, 2, 5])
    np.testing.assert_array_equal(interop.to_torch(net, tensors=False)["2.weight"], np.eye(6))


def test_channels_can_be_given():
    net = nn.Sequential(nn.Flatten(), nn.Dense(6, 6))
    state = {"1.weight": np.eye(6), "1.bias": np.zeros(6)}
    interop.from_torch(net, state)
    np.testing.assert_array_equal(net.W1.numpy(), np.eye(6))
    interop.from_torch(net, state, channels={"1": 3})
    np.testing.assert_array_equal(np.argmax(net.W1.numpy(), axis=1), [0, 3, 1, 4, 2, 5])
    np.testing.assert_array_equal(interop.to_torch(net, {"1": 3}, tensors=False)["1.weight"], np.eye(6))


def test_channels_can_be_taken_back():
    net = nn.Sequential(nn.Conv2D(1, 3, 1), nn.Flatten(), nn.Dense(6, 6))
    state = {"0.weight": np.ones((3, 1, 1, 1)), "0.bias": np.zeros(3), "2.weight": np.eye(6), "2.bias": np.zeros(6)}
    interop.from_torch(net, state, channels={"2": 1})
    np.testing.assert_array_equal(net.W2.numpy(), np.eye(6))


# ---- what torch may leave out ---------------------------------------------------------------------------


def test_recurrent_layers_without_biases():
    case = CASES["lstm"]
    state = {key: value for key, value in case.state().items() if "bias" not in key}
    net = case.net()
    interop.from_torch(net, state)
    assert all(np.all(value == 0) for key, value in net.state_dict().items() if ".b" in key)
    np.testing.assert_array_equal(net["1.Wi"].numpy()[:, 4:], state["weight_ih_l0"][:4])


def without_biases(state):
    return {key: value for key, value in state.items() if not key.endswith("bias")}


@pytest.mark.parametrize("name", ["layer norm", "encoder block", "decoder block"])
def test_norms_and_blocks_without_biases(name):
    """torch makes them with bias=False; zeros are the same function."""
    case = CASES[name]
    net, zeros = case.net(), case.net()
    kept = {key: value for key, value in case.state().items() if key == "1.bias"}  # of a dense layer on its own
    state = without_biases(case.state()) | kept
    interop.from_torch(net, state)
    interop.from_torch(zeros, {key: state.get(key, np.zeros_like(value)) for key, value in case.state().items()})
    for key, value in zeros.state_dict().items():
        np.testing.assert_array_equal(net.state_dict()[key], value, err_msg=key)


def test_a_transformer_layer_without_biases_gives_what_torch_does():
    torch = pytest.importorskip("torch")
    twin = torch.nn.TransformerEncoderLayer(4, 2, 6, norm_first=True, bias=False).double().eval()
    net = nn.TransformerEncoderBlock(4, 2, 6)
    interop.from_torch(net, twin.state_dict())
    X = CASES["encoder block"].X
    np.testing.assert_allclose(ours(net, X), theirs(twin, X), rtol=1e-12, atol=1e-14)


def test_biases_that_a_layer_can_do_without_are_missed():
    state = without_biases(CASES["attention"].state())
    with pytest.raises(StateError, match=r"inner\.in_proj_bias \(12,\) is missing, for MultiHeadAttention\(4, 2\)"):
        interop.from_torch(CASES["attention"].net(), state)


def test_values_in_torchs_graph_are_taken_out_of_it():
    torch = pytest.importorskip("torch")
    twin, net = torch.nn.Linear(3, 4), nn.Dense(3, 4, dtype=np.float32)
    interop.from_torch(net, dict(twin.named_parameters()))
    np.testing.assert_array_equal(net.W.numpy(), twin.weight.detach().numpy())
    interop.to_torch(net)["weight"][0, 0] = 9.0
    assert net.W.numpy()[0, 0] != 9.0
    with pytest.raises(OpError, match=r"from_torch: weight cannot be read: .*BFloat16"):
        interop.from_torch(net, twin.to(torch.bfloat16).state_dict())


# ---- refusals -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"0.weight": np.zeros((3, 4))}, r"0\.weight is \(3, 4\), Dense\(3, 4\) needs \(4, 3\)"),
        ({"2.bias": None}, r"2\.bias \(2,\) is missing, for Dense\(4, 2\)"),
        ({"4.weight": np.zeros((2, 2))}, r"4\.weight \(2, 2\) is unexpected"),
        ({"0.weight": np.zeros((3, 4)), "2.bias": None}, r"0\.weight is .*; 2\.bias \(2,\) is missing"),
    ],
)
def test_what_does_not_fit_is_listed_and_nothing_changes(change, complaint):
    net = nn.DNN([3, 4, 2], seed=1)
    before = net.state_dict()
    state = {key: value for key, value in (BY_PLACE | change).items() if value is not None}
    with pytest.raises(StateError, match=f"from_torch: nothing was loaded: {complaint}"):
        interop.from_torch(net, state)
    assert all(np.array_equal(net.state_dict()[key], value) for key, value in before.items())


@pytest.mark.parametrize(
    ("call", "error", "complaint"),
    [
        (lambda: interop.from_torch(BY_PLACE, nn.DNN([3, 4, 2])), OpError, "net must be an nn.Module; got dict"),
        (lambda: interop.from_torch(nn.DNN([3, 4, 2]), {"0.weight": "abc"}), OpError, r"0\.weight must be an array"),
        (
            lambda: interop.from_torch(nn.DNN([3, 4, 2]), nn.DNN([3, 4, 2])),
            OpError,
            r"state must be a state dict, as model\.state_dict\(\); got DNN",
        ),
        (
            lambda: interop.from_torch(nn.DNN([3, 4, 2]), {"epoch": 3, "state_dict": BY_PLACE}),
            OpError,
            "state_dict is a dict in the dict; if it is the state dict, give it alone",
        ),
        (lambda: interop.to_torch(nn.GRU(3, 4)), StateError, 'reset="before", as in the notes, has no equal in torch'),
        (
            lambda: interop.from_torch(nn.DNN([3, 4, 2], dtype=np.float32), BY_PLACE),
            StateError,
            "digits would be lost: W1 is float32, its values are float64",
        ),
        (
            lambda: interop.to_torch(nn.DNN([3, 4, 2]), {"fc1": 3}),
            StateError,
            "channels: there is no layer fc1; there are 0, 2",
        ),
        (
            lambda: interop.to_torch(nn.DNN([3, 4, 2]), {"0": 2}),
            StateError,
            r"channels: 0, Dense\(3, 4\), does not take images with 2 channels",
        ),
    ],
)
def test_arguments_that_cannot_be(call, error, complaint):
    with pytest.raises(error, match=complaint):
        call()
