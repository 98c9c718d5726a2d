"""Image nets: one or two blocks of convolution, batch norm, activation and pooling, then a dense layer.

The sizes, strides, borders, activations and kinds of pooling are drawn anew for each net.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tinygrad_cn import nn

from ..homework import Exercise, Facts, Row
from .common import cost, derivative, draft, has, moved, of_activation, scaled
from .draft import Draft, recorded
from .windows import STUDENT

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}
POOLS = {"max": nn.MaxPool2D, "average": nn.AvgPool2D}
HANDED = {
    "everything": ("d",),
    "dZ, dN and parameters": ("dZ", "dN", "dW", "db", "dgamma"),
    "parameters": ("dW", "db", "dgamma"),
}
EPS, CLASSES = 1e-5, 3


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

    def output(self, l: int) -> str:
        """What leaves the block."""
        return f"{'P' if self.pool else 'A'}{l}"

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
    work = draft(rng)
    size, before = (int(rng.integers(7, 11)), int(rng.integers(7, 11))), int(rng.integers(1, 4))
    X = rng.standard_normal((work.m, *size, before)).astype(work.dtype)
    modules: list[nn.Module] = []
    blocks: list[Block] = []
    sizes = [size]
    for _ in range(int(rng.integers(1, 3))):
        block = _block(rng, sizes[-1])
        modules += block.modules(before, int(rng.integers(1 << 30)), work.dtype)
        blocks, before = [*blocks, block], block.channels
        sizes.append(block.pooled(block.after(sizes[-1])))
    units = sizes[-1][0] * sizes[-1][1] * before
    last = nn.Dense(units, CLASSES, seed=int(rng.integers(1 << 30)), dtype=work.dtype)
    net = nn.Sequential(*modules, nn.Flatten(), last)
    moved(net, rng)
    J, error = cost(net, X, CLASSES, rng, (work.m,))
    values = recorded(J, work.convention)
    _backward(work, blocks, sizes)
    values |= STUDENT | {"learning_rate": 0.1} | _normalised(values, blocks)
    return work.exercise(f"{blocks} {size}", J, error, values, ROWS, HANDED)


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


def _backward(work: Draft, blocks: list[Block], sizes: list[tuple[int, int]]) -> None:
    """Lines from the cost back, and where mistakes are made."""
    L, last = len(blocks) + 1, blocks[-1].output(len(blocks))
    work.start(f"dZ{L}")
    work.add(f"dW{L}", f"dZ{L} @ F{L - 1}.T{work.over_m}")
    work.add(f"db{L}", f"np.sum(dZ{L}, axis=1, keepdims=True){work.over_m}")
    work.add(f"dF{L - 1}", f"W{L}.T @ dZ{L}")
    shape = f"{last}.shape"
    work.add(f"d{last}", f"dF{L - 1}.T.reshape({shape})", "flatten", dF=f"dF{L - 1}", shape=shape)
    for l in range(L - 1, 0, -1):
        block = blocks[l - 1]
        _pool(work, l, block)
        A, Z = f"A{l}", f"{'N' if block.norm else 'Z'}{l}"
        prime, known = derivative(block.activation, Z, A), {"Z": Z, "A": A, "activation": block.activation}
        work.add(f"d{Z}", f"d{A} * {prime}", "activation", dA=f"d{A}", prime=prime, **known)
        _norm(work, l, block)
        _convolution(work, l, block, blocks[l - 2] if l > 1 else None, sizes[l - 1])


def _pool(work: Draft, l: int, block: Block) -> None:
    if block.pool:
        share = {"max": "largest", "average": "even"}[block.pool]
        line = f"pool_dA(A{l}, dP{l}, {block.window}, {block.step}, {share})"
        known = {"A": f"A{l}", "dP": f"dP{l}", "f": block.window, "stride": block.step, "share": share}
        work.add(f"dA{l}", line, f"{block.pool} pool", **known)


def _norm(work: Draft, l: int, block: Block) -> None:
    if not block.norm:
        return
    mean, total = "np.mean({}, axis=(0, 1, 2), keepdims=True)", "np.sum({}, axis=(0, 1, 2), keepdims=True)"
    dN, n, dn = f"dN{l}", f"n{l}", f"dN{l} * gamma{l}"
    known = {
        "dN": dN, "n": n, "s": f"s{l}", "N": f"N{l}", "Z": f"Z{l}", "gamma": f"gamma{l}", "dn": dn,
        "mean": mean.format(dn), "along": f"{n} * " + mean.format(f"{dn} * {n}"),
        "bare": f"{dN} - " + mean.format(dN) + f" - {n} * " + mean.format(f"{dN} * {n}"),
    }  # fmt: skip
    work.add(f"dgamma{l}", total.format(f"{dN} * {n}") + work.over_m, "norm dgamma", **known)
    work.add(f"dbeta{l}", total.format(dN) + work.over_m, "norm dbeta", **known)
    work.add(f"dZ{l}", f"({dn} - {known['mean']} - {known['along']}) / s{l}", "norm dZ", **known)


def _convolution(work: Draft, l: int, block: Block, before: Block | None, size: tuple[int, int]) -> None:
    a, dZ, (f, s, p) = before.output(l - 1) if before else "A0", f"dZ{l}", (block.f, block.stride, block.pad)
    known = {
        "a": a, "dZ": dZ, "dA": f"dA{l}", "dW": f"dW{l}", "W": f"W{l}", "Z": f"Z{l}", "f": f, "stride": s, "pad": p,
        "size": size, "norm": block.norm, "square": before is not None and before.channels == block.channels,
        "alike": before is not None and (size, before.channels) == (block.after(size), block.channels),
        "room": min(block.after(size)) >= f,
    }  # fmt: skip
    work.add(f"dW{l}", f"conv_dW({a}, {dZ}, {f}, {s}, {p}){work.over_m}", "conv dW", **known)
    work.add(f"db{l}", f"np.sum({dZ}, axis=(0, 1, 2), keepdims=True){work.over_m}", "conv db", **known)
    if before is not None:
        work.add(f"d{a}", f"conv_dA({dZ}, W{l}, {s}, {p}, {size})", "conv dA", **known)


# ---- mistakes ---------------------------------------------------------------------------------------------


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
    Row("wrong_layer_cache", "conv dW", "conv_dW({Z}, {dZ}, {f}, {stride}, {pad}){over_m}", has("alike")),
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
