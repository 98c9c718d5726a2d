"""Nets of ours and torch's twins of them, with the same made-up weights in torch's layout and the outputs of torch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import tinygrad_cn as tg
from tinygrad_cn import nn


def made_up(shape: Any, phase: float, low: float = -1.0) -> Any:
    """Numbers in [low, 1] that anyone can make again."""
    middle = (1 + low) / 2
    return middle + (1 - middle) * np.sin(phase + 1.7 * np.arange(np.prod(shape, dtype=int))).reshape(shape)


def made_up_state(shapes: dict[str, Any]) -> dict[str, Any]:
    """A state dict of torch; variances stay positive."""
    return {
        name: np.array(7) if name.endswith("tracked") else made_up(shape, i, 0.2 if name.endswith("var") else -1.0)
        for i, (name, shape) in enumerate(shapes.items())
    }


def to_torch_layout(X: Any) -> Any:
    """Columns, sequences and images as torch takes them, and outputs back: both are the same move but for images."""
    return np.transpose(X, (0, 3, 1, 2)) if np.ndim(X) == 4 else np.transpose(X)


def from_torch_layout(Y: Any) -> Any:
    return np.transpose(Y, (0, 2, 3, 1)) if np.ndim(Y) == 4 else np.transpose(Y)


@dataclass(frozen=True)
class Case:
    net: Callable[[], nn.Module]
    twin: Callable[[Any], Any]  # of torch.nn
    X: Any
    shapes: dict[str, Any]  # of torch's state dict

    def state(self) -> dict[str, Any]:
        return made_up_state(self.shapes)


def numbers_of(Y: Any) -> tuple[float, ...]:
    flat = np.asarray(Y).reshape(-1)
    return float(np.mean(flat**2)), float(flat[0]), float(flat[flat.size // 2]), float(flat[-1])


class Hand(nn.Module):
    """A module of one's own: attributes, a list, a parameter, and a flattening by hand."""

    def __init__(self) -> None:
        self.conv = nn.Conv2D(2, 3, 3)
        self.blocks = [nn.Dense(12, 4), nn.Dense(4, 4)]
        self.scale = nn.Parameter(np.ones((2, 3)))

    def forward(self, X: Any) -> Any:
        A = nn.relu(self.conv(X))
        A = np.transpose(np.reshape(A, (A.shape[0], -1)))
        return self.blocks[1](nn.tanh(self.blocks[0](A))) * np.sum(self.scale)


def hand(tnn: Any) -> Any:
    import torch

    class Twin(tnn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.conv = tnn.Conv2d(2, 3, 3)
            self.blocks = tnn.ModuleList([tnn.Linear(12, 4), tnn.Linear(4, 4)])
            self.scale = tnn.Parameter(torch.ones(2, 3))

        def forward(self, X: Any) -> Any:
            A = torch.relu(self.conv(X)).flatten(1)
            return self.blocks[1](torch.tanh(self.blocks[0](A))) * self.scale.sum()

    return Twin()


class Given(nn.Module):
    """A layer that takes more than X."""

    def __init__(self, inner: nn.Module, *more: Any) -> None:
        self.inner, self.more = inner, more

    def forward(self, X: Any) -> Any:
        return self.inner(X, *self.more)


def given(inner: Any, more: Callable[[Any], tuple[Any, ...]], **options: Any) -> Any:
    """The same in torch; `more` makes the other inputs from X."""
    import torch

    class Twin(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, X: Any) -> Any:
            return self.inner(X, *more(X), **options)

    return Twin()


def positions(tnn: Any) -> Any:
    """A learned position is an embedding of the step's number in torch."""
    import torch

    class Twin(tnn.Embedding):  # type: ignore[misc]
        def forward(self, X: Any) -> Any:
            return X + super().forward(torch.arange(len(X)))[:, None]

    return Twin(5, 4)


def memory(X: Any) -> Any:
    import torch

    return torch.from_numpy(np.ascontiguousarray(to_torch_layout(MEMORY)))


def later(steps: int) -> Any:
    """Torch's mask: True where a query may not look."""
    import torch

    return torch.ones(steps, steps, dtype=torch.bool).triu(1)


def attention(name: str, n: int = 4) -> dict[str, Any]:
    """Shapes of a torch MultiheadAttention."""
    return {
        f"{name}in_proj_weight": (3 * n, n), f"{name}in_proj_bias": (3 * n,),
        f"{name}out_proj.weight": (n, n), f"{name}out_proj.bias": (n,),
    }  # fmt: skip


def block(norms: int, *attentions: str) -> dict[str, Any]:
    """Shapes of a torch Transformer layer of 4 features and 6 hidden units."""
    parts = [attention(f"inner.{name}.") for name in attentions]
    parts += [{f"inner.norm{i}.weight": (4,), f"inner.norm{i}.bias": (4,)} for i in range(1, norms + 1)]
    dense = {
        "inner.linear1.weight": (6, 4), "inner.linear1.bias": (6,), "inner.linear2.weight": (4, 6),
        "inner.linear2.bias": (4,),
    }  # fmt: skip
    return {name: shape for part in (*parts, dense) for name, shape in part.items()}


def recurrent(gates: int) -> dict[str, Any]:
    """Shapes of two layers in both directions, 3 inputs and 4 units."""
    return {
        f"{name}_l{layer}{way}": shape
        for layer, n in enumerate((3, 8))
        for way in ("", "_reverse")
        for name, shape in {
            "weight_ih": (gates * 4, n), "weight_hh": (gates * 4, 4), "bias_ih": (gates * 4,), "bias_hh": (gates * 4,)
        }.items()
    }  # fmt: skip


def cell(gates: int) -> dict[str, Any]:
    return {
        "weight_ih": (gates * 4, 3), "weight_hh": (gates * 4, 4), "bias_ih": (gates * 4,), "bias_hh": (gates * 4,)
    }  # fmt: skip


COLUMNS, SEQUENCE, IMAGES = made_up((3, 5), 0.1), made_up((3, 2, 6), 0.2), made_up((2, 6, 4, 2), 0.3)
FOUR_ROWS, MEMORY = made_up((4, 2, 5), 0.5), made_up((3, 2, 6), 0.6)
IDS = np.arange(12).reshape(2, 6) % 7
TWO = {"num_layers": 2, "bidirectional": True}
NORM = ("weight", "bias", "running_mean", "running_var")


def norm(prefix: str, n: int) -> dict[str, Any]:
    return {f"{prefix}{name}": (n,) for name in NORM} | {f"{prefix}num_batches_tracked": ()}


CASES = {
    "dense": Case(
        lambda: nn.DNN([3, 4, 2], hidden="relu", output=None),
        lambda tnn: tnn.Sequential(tnn.Linear(3, 4), tnn.ReLU(), tnn.Linear(4, 2)),
        COLUMNS,
        {"0.weight": (4, 3), "0.bias": (4,), "2.weight": (2, 4), "2.bias": (2,)},
    ),
    "no bias": Case(
        lambda: nn.Sequential(nn.Dense(3, 4, bias=False)),
        lambda tnn: tnn.Sequential(tnn.Linear(3, 4, bias=False)),
        COLUMNS,
        {"0.weight": (4, 3)},
    ),
    "convolution": Case(
        lambda: nn.Sequential(nn.Conv2D(2, 4, 3, stride=2, pad=1, groups=2), nn.BatchNorm2D(4), nn.Conv2D(4, 3, 2)),
        lambda tnn: tnn.Sequential(
            tnn.Conv2d(2, 4, 3, stride=2, padding=1, groups=2), tnn.BatchNorm2d(4), tnn.Conv2d(4, 3, 2)
        ),
        IMAGES,
        {"0.weight": (4, 1, 3, 3), "0.bias": (4,), **norm("1.", 4), "2.weight": (3, 4, 2, 2), "2.bias": (3,)},
    ),
    "flattened": Case(
        lambda: nn.Sequential(
            nn.Conv2D(2, 3, 3), nn.ReLU(), nn.MaxPool2D(), nn.Flatten(), nn.BatchNorm(6), nn.Dense(6, 5), nn.Dense(5, 6)
        ),
        lambda tnn: tnn.Sequential(
            tnn.Conv2d(2, 3, 3), tnn.ReLU(), tnn.MaxPool2d(2), tnn.Flatten(), tnn.BatchNorm1d(6), tnn.Linear(6, 5),
            tnn.Linear(5, 6),
        ),
        IMAGES,
        {
            "0.weight": (3, 2, 3, 3), "0.bias": (3,), **norm("4.", 6), "5.weight": (5, 6), "5.bias": (5,),
            "6.weight": (6, 5), "6.bias": (6,),
        },
    ),
    "layer norm": Case(
        lambda: nn.Sequential(nn.LayerNorm(3), nn.Dense(3, 4)),
        lambda tnn: tnn.Sequential(tnn.LayerNorm(3), tnn.Linear(3, 4)),
        SEQUENCE,
        {"0.weight": (3,), "0.bias": (3,), "1.weight": (4, 3), "1.bias": (4,)},
    ),
    "embedding": Case(
        lambda: nn.Embedding(7, 3), lambda tnn: tnn.Embedding(7, 3), IDS, {"weight": (7, 3)}
    ),
    "rnn": Case(lambda: nn.RNN(3, 4, **TWO), lambda tnn: tnn.RNN(3, 4, **TWO), SEQUENCE, recurrent(1)),
    "lstm": Case(lambda: nn.LSTM(3, 4, **TWO), lambda tnn: tnn.LSTM(3, 4, **TWO), SEQUENCE, recurrent(4)),
    "gru": Case(
        lambda: nn.GRU(3, 4, **TWO, reset="after"), lambda tnn: tnn.GRU(3, 4, **TWO), SEQUENCE, recurrent(3)
    ),
    "rnn cell": Case(lambda: nn.RNNCell(3, 4), lambda tnn: tnn.RNNCell(3, 4), COLUMNS, cell(1)),
    "lstm cell": Case(lambda: nn.LSTMCell(3, 4), lambda tnn: tnn.LSTMCell(3, 4), COLUMNS, cell(4)),
    "gru cell": Case(lambda: nn.GRUCell(3, 4, reset="after"), lambda tnn: tnn.GRUCell(3, 4), COLUMNS, cell(3)),
    "attention": Case(
        lambda: Given(nn.MultiHeadAttention(4, 2)),
        lambda tnn: given(tnn.MultiheadAttention(4, 2), lambda X: (X, X)),
        FOUR_ROWS,
        attention("inner."),
    ),
    "causal attention without bias": Case(
        lambda: Given(nn.MultiHeadAttention(4, 1, causal=True, bias=False)),
        lambda tnn: given(tnn.MultiheadAttention(4, 1, bias=False), lambda X: (X, X), attn_mask=later(5)),
        FOUR_ROWS,
        {"inner.in_proj_weight": (12, 4), "inner.out_proj.weight": (4, 4)},
    ),
    "attention to a memory": Case(
        lambda: Given(nn.MultiHeadAttention(4, 2, n_memory=3), MEMORY),
        lambda tnn: given(tnn.MultiheadAttention(4, 2, kdim=3, vdim=3), lambda X: (memory(X), memory(X))),
        FOUR_ROWS,
        {
            "inner.q_proj_weight": (4, 4), "inner.k_proj_weight": (4, 3), "inner.v_proj_weight": (4, 3),
            "inner.in_proj_bias": (12,), "inner.out_proj.weight": (4, 4), "inner.out_proj.bias": (4,),
        },
    ),
    "encoder block": Case(
        lambda: Given(nn.TransformerEncoderBlock(4, 2, 6, norm="pre")),
        lambda tnn: given(tnn.TransformerEncoderLayer(4, 2, 6, norm_first=True), lambda X: ()),
        FOUR_ROWS,
        block(2, "self_attn"),
    ),
    "encoder block, norm after": Case(
        lambda: Given(nn.TransformerEncoderBlock(4, 2, 6, norm="post", activation="gelu", causal=True)),
        lambda tnn: given(
            tnn.TransformerEncoderLayer(4, 2, 6, activation="gelu"), lambda X: (), src_mask=later(5), is_causal=True
        ),
        FOUR_ROWS,
        block(2, "self_attn"),
    ),
    "decoder block": Case(
        lambda: Given(nn.TransformerDecoderBlock(4, 2, 6, norm="post"), FOUR_ROWS[:, :, :3]),
        lambda tnn: given(
            tnn.TransformerDecoderLayer(4, 2, 6), lambda X: (X[:3],), tgt_mask=later(5), tgt_is_causal=True
        ),
        FOUR_ROWS,
        block(3, "self_attn", "multihead_attn"),
    ),
    "positions": Case(lambda: nn.PositionEmbedding(5, 4), positions, FOUR_ROWS, {"weight": (5, 4)}),
    "by hand": Case(
        Hand,
        hand,
        made_up((2, 4, 4, 2), 0.4),
        {
            "scale": (2, 3), "conv.weight": (3, 2, 3, 3), "conv.bias": (3,), "blocks.0.weight": (4, 12),
            "blocks.0.bias": (4,), "blocks.1.weight": (4, 4), "blocks.1.bias": (4,),
        },
    ),
}  # fmt: skip

# What torch 2.13 puts out for them: the mean of its squares, then its first, middle and last entry.
TORCH_NUMBERS = {
    "dense": (1.4306353804153937, 1.7971468482692046, 0.06533717554867646, -0.1909005130071426),
    "no bias": (0.8794087827357702, 0.979744814724778, -1.3693000583049686, 0.07863919746003907),
    "convolution": (23.106568345291304, -5.012321831850144, -4.963589849209808, -5.995759589102682),
    "flattened": (163.75784257461217, 4.368872575824819, 11.919887647630544, -18.174268158418563),
    "layer norm": (1.0787802041563295, 0.5008395895326827, 1.4547353982369964, -0.32267311797653553),
    "embedding": (0.48800296447881597, 0.0, 0.7733278895662207, -0.9717984457438633),
    "rnn": (0.6294257924222219, 0.3169897986659779, -0.6828754516176595, 0.9824565998517365),
    "lstm": (0.13155359687384036, -0.054343460426294406, 0.13574527438810277, 0.5254555820580061),
    "gru": (0.24630347357161053, -0.7907828465492437, 0.23375576698665362, 0.1664547626875642),
    "rnn cell": (0.660469653835635, 0.966097745446478, -0.9657866105145133, 0.9444254308493538),
    "lstm cell": (0.044750906476097495, -0.0560172360962397, 0.09654062634171662, 0.525808639045755),
    "gru cell": (0.15145250507529337, -0.2111962930753054, 0.4146053134486609, 0.36441935625128963),
    "attention": (5.777951973912872, 2.0211245516755767, 1.0252292359116701, 3.8677955465561746),
    "causal attention without bias": (0.727444829766529, 1.8003700765388153, 0.3578870078672613, -0.05503199007870762),
    "attention to a memory": (2.5031932972511073, 1.8759953941820484, 1.1611474843096974, -1.2811763485416854),
    "encoder block": (4.508288063315311, 1.2036637887648876, 1.8455699826545593, 1.17908715639319),
    "encoder block, norm after": (0.8548514106426282, 1.0202609314581497, -0.7978308456552232, 0.2335247784776616),
    "decoder block": (1.0473032701060987, 1.1370078877908782, -0.23834917973305367, -1.7724836297151605),
    "positions": (1.0493016246060036, 0.479425538604203, -0.19805362392190667, 0.0377263311271413),
    "by hand": (4.314374636446117, -1.3821449194362045, -2.147743147039969, -1.652998082367359),
}


def first(output: Any) -> Any:
    """The outputs alone, without the last state."""
    return output[0] if isinstance(output, tuple) else output


def ours(net: nn.Module, X: Any) -> Any:
    with tg.no_grad():
        return np.asarray(first(net.eval()(X)))


def theirs(twin: Any, X: Any) -> Any:
    import torch

    with torch.no_grad():
        given = torch.from_numpy(np.ascontiguousarray(to_torch_layout(X)))
        return from_torch_layout(first(twin.double().eval()(given)).numpy())
