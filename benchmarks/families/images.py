"""Image nets: one or two blocks of convolution, batch norm, activation and pooling, then a dense layer.

The sizes, strides, borders, activations and kinds of pooling are drawn anew for each net.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tinygrad_cn import nn

from ..homework import Exercise, Facts, Program, Row, Spot, When
from .common import common, cost, derivative, moved, of_activation, scaled
from .windows import STUDENT

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}
POOLS = {"max": nn.MaxPool2D, "average": nn.AvgPool2D}
HANDED = {
    "everything": ("d",),
    "dZ, dN and parameters": ("dZ", "dN", "dW", "db", "dgamma"),
    "parameters": ("dW", "db", "dgamma"),
}
EPS = 1e-5


@dataclass(frozen=True)
class Block:
    """What one layer of the net does."""

    channels: int
    f: int
    stride: int
    pad: int
    norm: bool
    activation: str
    pool: str
    window: int
    step: int

    def after(self, size: tuple[int, int]) -> tuple[int, int]:
        """Height and width of what leaves the convolution."""
        return tuple((n + 2 * self.pad - self.f) // self.stride + 1 for n in size)  # type: ignore[return-value]

    def pooled(self, size: tuple[int, int]) -> tuple[int, int]:
        """Height and width of what leaves the block."""
        return tuple((n - self.window) // self.step + 1 for n in size) if self.pool else size  # type: ignore[return-value]

    def modules(self, before: int, seed: int, dtype: Any) -> Iterator[nn.Module]:
        """The recorded block."""
        yield nn.Conv2D(before, self.channels, self.f, self.stride, self.pad, init="he", seed=seed, dtype=dtype)
        if self.norm:
            yield nn.BatchNorm2D(self.channels, dtype=dtype)
        yield ACTIVATIONS[self.activation]()
        if self.pool:
            yield POOLS[self.pool](self.window, self.step)


def draw(rng: np.random.Generator) -> Exercise:
    """A net, its data, and its backward pass."""
    m, dtype, convention = common(rng)
    size, before, classes = (int(rng.integers(7, 11)), int(rng.integers(7, 11))), int(rng.integers(1, 4)), 3
    X = rng.standard_normal((m, *size, before)).astype(dtype)
    modules: list[nn.Module] = []
    blocks: list[Block] = []
    sizes = [size]
    for _ in range(int(rng.integers(1, 3))):
        block = _block(rng, sizes[-1])
        modules += block.modules(before, int(rng.integers(1 << 30)), dtype)
        blocks, before = [*blocks, block], block.channels
        sizes.append(block.pooled(block.after(sizes[-1])))
    units = sizes[-1][0] * sizes[-1][1] * before
    net = nn.Sequential(*modules, nn.Flatten(), nn.Dense(units, classes, seed=int(rng.integers(1 << 30)), dtype=dtype))
    moved(net, rng)
    J, error = cost(net, X, classes, rng, (m,))
    chain = J.chain(convention=convention)
    values = {name: chain[name] for name in chain if not name.startswith("d") and name != "J"}
    values |= STUDENT | {"m": m, "error": error, "learning_rate": 0.1} | _normalised(values, blocks)
    lines, spots = _program(blocks, sizes, "" if convention == "autograd" else " / m")
    label = f"{blocks} m={m} {size} {np.dtype(dtype)} {convention}"
    return Exercise(label, J, values, lines, convention, tuple(spots), ROWS, HANDED)


def _block(rng: np.random.Generator, size: tuple[int, int]) -> Block:
    """One that leaves more than a single row and column of images of this size."""
    pick = rng.choice
    while True:
        f = int(rng.integers(2, 4))
        block = Block(
            int(rng.integers(2, 5)), f, int(pick([1, 1, 2])), int(pick([0, 1, f - 1])), bool(rng.random() < 0.4),
            str(pick(list(ACTIVATIONS))), str(pick(["", *POOLS])), int(pick([2, 2, 3])), int(pick([1, 2])),
        )  # fmt: skip
        if min(block.pooled(block.after(size))) > 1:
            return block


def _normalised(values: dict[str, Any], blocks: list[Block]) -> dict[str, Any]:
    """n and σ of the norms, as a student's forward pass keeps them."""
    found = {}
    for l, block in enumerate(blocks, 1):
        if block.norm:
            Z = values[f"Z{l}"]
            found[f"s{l}"] = np.sqrt(Z.var(axis=(0, 1, 2), keepdims=True) + EPS).astype(Z.dtype)
            found[f"n{l}"] = (Z - Z.mean(axis=(0, 1, 2), keepdims=True)) / found[f"s{l}"]
    return found


# ---- the right backward pass ------------------------------------------------------------------------------


def _program(blocks: list[Block], sizes: list[tuple[int, int]], over_m: str) -> tuple[Program, list[Spot]]:
    """Lines from the cost back, and where mistakes are made."""
    L = len(blocks) + 1
    last = f"{'P' if blocks[-1].pool else 'A'}{L - 1}"
    lines = {
        f"dZ{L}": "error" if over_m else "error / m",
        f"dW{L}": f"dZ{L} @ F{L - 1}.T{over_m}",
        f"db{L}": f"np.sum(dZ{L}, axis=1, keepdims=True){over_m}",
        f"dF{L - 1}": f"W{L}.T @ dZ{L}",
        f"d{last}": f"dF{L - 1}.T.reshape({last}.shape)",
    }
    spots = [Spot("flatten", {f"d{last}": {"dF": f"dF{L - 1}", "shape": f"{last}.shape"}})]
    for l in range(L - 1, 0, -1):
        above = blocks[l] if l < L - 1 else None
        for spot, line in _block_lines(l, blocks[l - 1], blocks[l - 2] if l > 1 else None, sizes, above, over_m):
            lines |= dict.fromkeys(spot.lines, line)
            spots.append(spot)
    return lines, spots


def _block_lines(
    l: int, block: Block, before: Block | None, sizes: list[tuple[int, int]], above: Block | None, over_m: str
) -> Iterator[tuple[Spot, str]]:
    """Each line of a block with its place in the tables, from its output back to its input."""
    Z, A, dA = (f"{'N' if block.norm else 'Z'}{l}", f"A{l}", f"dA{l}")
    a = "A0" if before is None else f"{'P' if before.pool else 'A'}{l - 1}"
    if block.pool:
        facts = {"A": A, "dP": f"dP{l}", "P": f"P{l}", "f": block.window, "stride": block.step, "pool": block.pool}
        share = "largest" if block.pool == "max" else "even"
        facts["share"] = share
        yield Spot(f"{block.pool} pool", {dA: facts}), f"pool_dA({A}, dP{l}, {block.window}, {block.step}, {share})"
    prime = derivative(block.activation, Z, A)
    facts = {"Z": Z, "A": A, "dA": dA, "prime": prime, "activation": block.activation}
    yield Spot("activation", {f"d{Z}": facts}), f"{dA} * {prime}"
    if block.norm:
        yield from _norm_lines(l, over_m)
    dZ, f, s, p = f"dZ{l}", block.f, block.stride, block.pad
    facts = {
        "l": l, "a": a, "dZ": dZ, "W": f"W{l}", "f": f, "stride": s, "pad": p, "Z": f"Z{l}", "dW": f"dW{l}",
        "size": sizes[l - 1], "same": sizes[l - 1] == block.after(sizes[l - 1]), "norm": block.norm, "dA": dA,
        "square": before is not None and before.channels == block.channels,
        "room": min(block.after(sizes[l - 1])) >= f,
        "twin": f"W{l + 1}" if above is not None and (above.f, above.channels, block.channels) == (f, block.channels, 0 if before is None else before.channels) else "",
    }  # fmt: skip
    yield Spot("conv dW", {f"dW{l}": facts}), f"conv_dW({a}, {dZ}, {f}, {s}, {p}){over_m}"
    yield Spot("conv db", {f"db{l}": facts}), f"np.sum({dZ}, axis=(0, 1, 2), keepdims=True){over_m}"
    if before is not None:
        yield Spot("conv dA", {f"d{a}": facts}), f"conv_dA({dZ}, W{l}, {s}, {p}, {sizes[l - 1]})"


def _norm_lines(l: int, over_m: str) -> Iterator[tuple[Spot, str]]:
    mean = "np.mean({}, axis=(0, 1, 2), keepdims=True)"
    dn = f"dN{l} * gamma{l}"
    facts = {
        "dN": f"dN{l}", "n": f"n{l}", "s": f"s{l}", "N": f"N{l}", "Z": f"Z{l}", "gamma": f"gamma{l}", "dn": dn,
        "mean": mean.format(dn), "along": f"n{l} * " + mean.format(f"{dn} * n{l}"),
        "bare": f"dN{l} - " + mean.format(f"dN{l}") + f" - n{l} * " + mean.format(f"dN{l} * n{l}"),
    }  # fmt: skip
    total = "np.sum({}, axis=(0, 1, 2), keepdims=True)" + over_m
    yield Spot("norm dgamma", {f"dgamma{l}": facts}), total.format(f"dN{l} * n{l}")
    yield Spot("norm dbeta", {f"dbeta{l}": facts}), total.format(f"dN{l}")
    yield Spot("norm dZ", {f"dZ{l}": facts}), f"({dn} - {facts['mean']} - {facts['along']}) / s{l}"


# ---- mistakes ---------------------------------------------------------------------------------------------


def has(fact: str) -> When:
    return lambda facts: bool(facts[fact])


def moving(facts: Facts) -> bool:
    return facts["stride"] > 1


def plain(facts: Facts) -> bool:
    return not facts["norm"]  # before a norm db is rounding and no more


def overlapping(facts: Facts) -> bool:
    return facts["stride"] < facts["f"]


SUMS = (
    ("missing_sum_over_places", "np.sum({dZ}, axis=0, keepdims=True){over_m}"),
    ("missing_sum_over_places", "np.sum({dZ}, axis=0){over_m}"),
    ("missing_sum_over_samples", "np.sum({dZ}, axis=(1, 2), keepdims=True){over_m}"),
    ("missing_sum_over_samples", "{dZ}{over_m}"),
    ("wrong_axes", "np.sum({dZ}, axis=(0, 1), keepdims=True){over_m}"),
    ("wrong_axes", "np.sum({dZ}, axis=(1, 2, 3), keepdims=True){over_m}"),
    ("wrong_axes", "np.sum({dZ}){over_m}"),
    ("wrong_axes", "np.sum({dZ}, axis=3){over_m}"),
    ("mean_instead_of_sum extra_1_over_m", "np.mean({dZ}, axis=(0, 1, 2), keepdims=True)"),
    ("lost_keepdims", "np.sum({dZ}, axis=(0, 1, 2)){over_m}"),
    ("overwritten missing_sum_over_samples missing_sum_over_places", "{dZ}[-1:, -1:, -1:]{over_m}"),
)
ROWS: tuple[Row, ...] = (
    # ---- convolution
    *scaled("conv dW"),
    Row("flip", "conv dW", "{right}[::-1, ::-1]"),
    Row("wrong_window", "conv dW", "conv_dW({a}, {dZ}, {f}, 1, {pad}){over_m}", moving),
    Row("overwritten", "conv dW", "conv_dW({a}, {dZ}, {f}, {stride}, {pad}, add=False){over_m}"),
    Row("overwritten", "conv dW", "conv_dW({a}[-1:], {dZ}[-1:], {f}, {stride}, {pad}, add=False){over_m}"),
    Row("missing_sum_over_samples", "conv dW", "conv_dW({a}[-1:], {dZ}[-1:], {f}, {stride}, {pad}){over_m}"),
    Row("mean_instead_of_sum", "conv dW", "{right} / ({dZ}.shape[1] * {dZ}.shape[2])"),
    Row("missing_activation_derivative", "conv dW", "conv_dW({a}, {dA}, {f}, {stride}, {pad}){over_m}", plain),
    Row("wrong_layer_cache", "conv dW", "conv_dW({a}, {dA}, {f}, {stride}, {pad}){over_m}", has("norm")),
    Row("wrong_layer_cache", "conv dW", "conv_dW({Z}[..., :{a}.shape[3]], {dZ}, {f}, {stride}, {pad}){over_m}", lambda facts: facts["same"] and facts["square"]),
    *(replace(row, when=plain) for row in scaled("conv db")),
    *(Row(codes, "conv db", code) for codes, code in SUMS if "mean" not in code and "lost" not in codes),
    *(Row(codes, "conv db", code, plain) for codes, code in SUMS if "mean" in code or "lost" in codes),
    Row("missing_activation_derivative", "conv db", "np.sum({dA}, axis=(0, 1, 2), keepdims=True){over_m}", plain),
    Row("sign", "conv dA", "-{right}"),
    Row("constant_factor", "conv dA", "2 * {right}"),
    Row("convention extra_1_over_m", "conv dA", "{right} / m", course=True),
    Row("flip", "conv dA", "conv_dA({dZ}, {W}[::-1, ::-1], {stride}, {pad}, {size})"),
    Row("valid_for_full", "conv dA", "valid({dZ}, {W})", has("room")),
    Row("padding", "conv dA", "conv_dA({dZ}, {W}, {stride}, 0, ({size}[0] + 2 * {pad}, {size}[1] + 2 * {pad}))", has("pad")),
    Row("padding", "conv dA", "conv_dA({dZ}, {W}, {stride}, {pad}, {size}, cut=0)", has("pad")),
    Row("wrong_window", "conv dA", "conv_dA({dZ}, {W}, 1, {pad}, {size})", moving),
    Row("overwritten", "conv dA", "conv_dA({dZ}, {W}, {stride}, {pad}, {size}, add=False)", overlapping),
    Row("transposed", "conv dA", "conv_dA({dZ}, {W}.swapaxes(2, 3), {stride}, {pad}, {size})", has("square")),
    Row("missing_activation_derivative", "conv dA", "conv_dA({dA}, {W}, {stride}, {pad}, {size})", plain),
    Row("wrong_layer_cache", "conv dA", "conv_dA({dZ}, {twin}, {stride}, {pad}, {size})", has("twin")),
    Row("wrong_layer_cache", "conv dA", "conv_dA({dZ}, {dW}, {stride}, {pad}, {size})"),
    Row("updated_weights", "conv dA", "conv_dA({dZ}, {W} - learning_rate * {dW}, {stride}, {pad}, {size})"),
    *of_activation("activation"),
    # ---- pooling
    Row("wrong_pooling", "max pool", "pool_dA({A}, {dP}, {f}, {stride}, even)"),
    Row("wrong_pooling", "max pool", "pool_dA({A}, {dP}, {f}, {stride}, full)"),
    Row("tied_maximum", "max pool", "pool_dA({A}, {dP}, {f}, {stride}, whole)"),
    Row("tied_maximum", "max pool", "pool_dA({A}, {dP}, {f}, {stride}, first)"),
    Row("missing_1_over_window", "average pool", "pool_dA({A}, {dP}, {f}, {stride}, full)"),
    Row("missing_1_over_window constant_factor", "average pool", "{right} * {f}"),
    Row("wrong_pooling", "average pool", "pool_dA({A}, {dP}, {f}, {stride}, whole)"),
    Row("wrong_pooling", "average pool", "pool_dA({A}, {dP}, {f}, {stride}, first)"),
    *(
        Row(codes, kind, code, when)
        for kind in ("max pool", "average pool")
        for codes, code, when in (
            ("overwritten", "pool_dA({A}, {dP}, {f}, {stride}, {share}, add=False)", overlapping),
            ("wrong_window", "pool_dA({A}, {dP}, {f}, 1, {share})", moving),
            ("sign", "-{right}", lambda facts: True),
        )
    ),
    Row("flatten_order", "flatten", "{dF}.reshape({shape})"),
    Row("flatten_order", "flatten", "{dF}.T.reshape({shape}[0], {shape}[3], {shape}[1], {shape}[2]).transpose(0, 2, 3, 1)"),
    Row("flatten_order", "flatten", "{dF}.T.reshape({shape}, order='F')"),
    Row("flatten_order", "flatten", "{dF}.T.reshape({shape}[0], {shape}[2], {shape}[1], {shape}[3]).swapaxes(1, 2)"),
    # ---- batch norm
    Row("constant_statistics", "norm dZ", "{dn} / {s}"),
    Row("constant_statistics", "norm dZ", "({dn} - {mean}) / {s}"),
    Row("constant_statistics", "norm dZ", "({dn} - {along}) / {s}"),
    Row("norm_factor", "norm dZ", "({bare}) / {s}"),
    Row("norm_factor", "norm dZ", "{right} * {s}"),
    Row("norm_factor", "norm dZ", "{right} / {s}"),
    Row("norm_factor", "norm dZ", "({dn} - ({mean} + {along}) * {n}[..., 0].size) / {s}"),
    Row("sign", "norm dZ", "({dn} + {mean} + {along}) / {s}"),
    Row("sign", "norm dZ", "-{right}"),
    Row("norm_factor", "norm dZ", "{dN} * 1.0"),
    *scaled("norm dgamma"),
    Row("wrong_layer_cache", "norm dgamma", "np.sum({dN} * {Z}, axis=(0, 1, 2), keepdims=True){over_m}"),
    Row("wrong_layer_cache", "norm dgamma", "np.sum({dN} * {N}, axis=(0, 1, 2), keepdims=True){over_m}"),
    Row("norm_factor", "norm dgamma", "np.sum({dN} * {n} * {s}, axis=(0, 1, 2), keepdims=True){over_m}"),
    Row("missing_term", "norm dgamma", "np.sum({dN}, axis=(0, 1, 2), keepdims=True){over_m}"),
    Row("missing_sum_over_places", "norm dgamma", "np.sum({dN} * {n}, axis=0, keepdims=True){over_m}"),
    Row("wrong_axes", "norm dgamma", "np.sum({dN} * {n}, axis=(1, 2, 3), keepdims=True){over_m}"),
    Row("lost_keepdims", "norm dgamma", "np.sum({dN} * {n}, axis=(0, 1, 2)){over_m}"),
    *scaled("norm dbeta"),
    *(Row(codes, "norm dbeta", code.replace("{dZ}", "{dN}")) for codes, code in SUMS),
    Row("norm_factor missing_term", "norm dbeta", "np.sum({dN} * {gamma}, axis=(0, 1, 2), keepdims=True){over_m}"),
)  # fmt: skip
