"""Chains built by hand from the dataclasses: what the pictures draw does not depend on the reader."""

from __future__ import annotations

from dataclasses import dataclass

from tinygrad_cn.chain.model import Quantity, Role, Source, Step
from tinygrad_cn.language import Lang
from tinygrad_cn.ops.formula import Formula

M = 400


@dataclass(frozen=True)
class HandChain:
    """The attributes of a Chain that pictures read."""

    steps: tuple[Step, ...]
    lang: Lang = "en"
    convention: str = "course"
    note: str = ""
    computed: bool = True


def quantity(
    written: str,
    role: Role,
    shape: tuple[int, ...],
    symbols: str = "",
    formula: str = "",
    shapes: str = "",
    **more: object,
) -> Quantity:
    name = written.replace("[", "").replace("]", "")
    rule = Formula.of(formula) if formula else None
    return Quantity(name, written, role, shape, symbols, rule, shapes, lambda: None, **more)  # type: ignore[arg-type]


def inputs(rows: int) -> Step:
    return Step("X", "input", 0, "", forward=(quantity("X", "data", (rows, M), "(n[0], m)"),))


def dense(layer: int, n_in: int, n_out: int, label: str = "relu") -> Step:
    """W A + b and an activation, on the layer before or on X."""
    before = "X" if layer == 1 else f"A[{layer - 1}]"
    z, a, w, b = f"Z[{layer}]", f"A[{layer}]", f"W[{layer}]", f"b[{layer}]"
    product = f"({n_out}, {n_in}) @ ({n_in}, {M}) → ({n_out}, {M})"
    out, n = f"(n[{layer}], m)", f"n[{layer}], n[{layer - 1}]"
    da = quantity(
        f"d{before}", "gradient", (n_in, M), f"(n[{layer - 1}], m)", f"{w}ᵀ d{z}",
        f"({n_in}, {n_out}) @ ({n_out}, {M}) → ({n_in}, {M})", optional="input" if layer == 1 else "",
    )  # fmt: skip
    carried = quantity(before, "data" if layer == 1 else "A", (n_in, M), formula="" if layer == 1 else "…")
    return Step(
        str(layer), "dense", layer, label,
        parameters=(
            quantity(w, "parameter", (n_out, n_in), f"({n})"),
            quantity(b, "parameter", (n_out, 1), f"(n[{layer}], 1)"),
        ),
        forward=(
            quantity(z, "Z", (n_out, M), out, f"{w} {before} + {b}", product),
            quantity(a, "A", (n_out, M), out, f"{label}({z})"),
        ),
        backward=(quantity(f"d{z}", "gradient", (n_out, M), out, f"d{a} ⊙ {label}′({z})"), da),
        gradients=(
            quantity(f"d{w}", "gradient", (n_out, n_in), f"({n})", f"(1/m) d{z} {before}ᵀ"),
            quantity(f"d{b}", "gradient", (n_out, 1), f"(n[{layer}], 1)", f"(1/m) Σ d{z}"),
        ),
        cache=(before, w, z),
        sources=(Source("X" if layer == 1 else str(layer - 1), carried, None if layer == 1 else da),),
    )  # fmt: skip


def loss(layer: int, n: int) -> Step:
    """Binary cross-entropy of the last A and Y."""
    a, y = quantity(f"A[{layer}]", "A", (n, M), formula="…"), quantity("Y", "data", (n, M), "(1, m)")
    da = quantity(
        f"dA[{layer}]", "gradient", (n, M), f"(n[{layer}], m)", f"−Y / A[{layer}] + (1 − Y) / (1 − A[{layer}])"
    )
    rule = f"−(1/m) Σ [Y log A[{layer}] + (1 − Y) log(1 − A[{layer}])]"
    return Step(
        "J", "loss", 0, "binary_cross_entropy",
        forward=(quantity("J", "loss", (), "()", rule),), backward=(da,), cache=(f"A[{layer}]", "Y"),
        sources=(Source(str(layer), a, da), Source("Y", y, None)),
    )  # fmt: skip


def net(*sizes: int, **attributes: object) -> HandChain:
    """`net(2, 4, 1)`: relu layers, a sigmoid on top, binary cross-entropy."""
    last = len(sizes) - 1
    labels = ["relu"] * (last - 1) + ["sigmoid"]
    layers = [dense(i + 1, sizes[i], sizes[i + 1], label) for i, label in enumerate(labels)]
    return HandChain((inputs(sizes[0]), *layers, loss(last, sizes[-1])), **attributes)  # type: ignore[arg-type]


def residual(**attributes: object) -> HandChain:
    """X → 1 → 2 → add (A[2] + A[1]) → 3 → J, all of width 4 but the last."""
    a1, a2 = (quantity(f"A[{i}]", "A", (4, M), f"(n[{i}], m)", "…") for i in (1, 2))
    da1, da2 = (quantity(f"dA[{i}]", "gradient", (4, M), f"(n[{i}], m)", "du₁") for i in (1, 2))
    add = Step(
        "u1", "op", 0, "add",
        forward=(quantity("u₁", "op", (4, M), "(n[2], m)", "A[2] + A[1]"),), backward=(da2, da1),
        sources=(Source("2", a2, da2), Source("1", a1, da1)),
    )  # fmt: skip
    third = dense(3, 4, 1, "sigmoid")
    u, du = add.forward[0], quantity("du₁", "gradient", (4, M), "(n[2], m)", "W[3]ᵀ dZ[3]")
    third = Step(**{**vars(third), "backward": (third.backward[0], du), "sources": (Source("u1", u, du),)})
    return HandChain((inputs(4), dense(1, 4, 4), dense(2, 4, 4), add, third, loss(3, 1)), **attributes)  # type: ignore[arg-type]
