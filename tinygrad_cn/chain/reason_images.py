r"""Why the formulas of layers on images are what they are, entry by entry.

Indices are those of the notes' exercises: image i, place (h, w) and channel c of the result, entry (u, v) of the
filter, place (p, q) and channel k of the images before. Source: A. Ng, "Convolutional Neural Networks", week 1,
"Convolutional model: step by step".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd import data_of
from ..ops.conv import output_size
from ..ops.formula import Formula
from ..ops.latex import to_latex
from .around import sizes
from .fixed_norm import fixed_norm_remark
from .formula import gradient_of
from .layers import Piece
from .note import Note, formula

if TYPE_CHECKING:
    from .read import Reader

Rule = tuple[str, dict[str, Any]]


# ---- convolution -------------------------------------------------------------------------------------


def conv_forward(reader: Reader, piece: Piece) -> Note:
    """What Z holds at one place."""
    return Note("conv", _with_border(reader, piece), "rule")


def of_conv(reader: Reader, piece: Piece, i: int) -> Rule:
    """By operand of the op: the images, the filters, the bias."""
    if i == 2:
        return "conv.bias", {}
    if i == 1:
        return "conv.filter", _with_border(reader, piece)
    return ("conv.input" if sizes(piece)["stride"] == 1 else "conv.input.stride"), {}


def conv_entry(reader: Reader, piece: Piece) -> Formula:
    """Z[i, h, w, c] as a sum over the filter."""
    w, a, b = piece.roles
    bias = () if b is None else (formula("+"), _entry(reader.name(b), "c"))
    product = _entry(reader.name(a), _met_index(piece)), _entry(reader.name(w), "u,v,k,c")
    return _equation(_entry(reader.name(piece.out), "i,h,w,c"), _sum("u,v,k"), *product, *bias)


def conv_gradient_entry(reader: Reader, piece: Piece, i: int) -> Formula:
    """One entry of the gradient of the images, the filters or the bias."""
    w, a, _ = piece.roles
    x, above = gradient_of(reader.name(piece.operands[i])), gradient_of(reader.name(piece.out))
    dz = _entry(above, "i,h,w,c")
    mean = (formula("(1/m)"),) if reader._scale(piece, piece.operands[i]) == "1/m" else ()
    if i == 2:
        return _equation(_entry(x, "c"), *mean, _sum("i,h,w"), dz)
    if i == 1:
        return _equation(_entry(x, "u,v,k,c"), *mean, _sum("i,h,w"), _entry(reader.name(a), _met_index(piece)), dz)
    left, filters = _entry(x, "i,p,q,k"), _entry(reader.name(w), "u,v,k,c")
    if sizes(piece)["stride"] == 1:
        back = f"i,{_back(piece, 'p', 'u')},{_back(piece, 'q', 'v')},c"
        return _equation(left, _sum("u,v,c"), filters, _entry(above, back))
    meet = (_sum(rf"{place},{entry}\colon {_met(piece, place, entry)} = {pixel}") for place, entry, pixel in MEETING)
    return _equation(left, *meet, _sum("c"), filters, dz)


MEETING = (("h", "u", "p"), ("w", "v", "q"))


def _met(piece: Piece, place: str, entry: str) -> str:
    """The row that entry u of the filter meets at place h: s h + d u − p."""
    known = sizes(piece)
    return f"{_times(known['stride'], place)}+{_times(known.get('dilation', 1), entry)}{_signed(-_before(known))}"


def _met_index(piece: Piece) -> str:
    return f"i,{_met(piece, 'h', 'u')},{_met(piece, 'w', 'v')},k"


def _back(piece: Piece, pixel: str, entry: str) -> str:
    """The place where entry u meets row p, at stride 1: p + padding − d u."""
    known = sizes(piece)
    return f"{pixel}{_signed(_before(known))}-{_times(known.get('dilation', 1), entry)}"


def _before(known: dict[str, Any]) -> int:
    return int(np.ravel(known["pad"])[0])


def _times(number: int, letter: str) -> str:
    return letter if number == 1 else f"{number}{letter}"


def _signed(number: int) -> str:
    return f"{number:+d}" if number else ""


def _with_border(reader: Reader, piece: Piece) -> dict[str, Any]:
    """What is to be said of padding and of groups, if there are any."""
    known, channels = sizes(piece), np.shape(data_of(piece.roles[0]))[2]
    return {
        "border": Note("conv.border") if np.any(known["pad"]) else "",
        "groups": Note("conv.groups", {"n": str(channels)}) if known.get("groups", 1) > 1 else "",
    }


def window_shape(reader: Reader, piece: Piece, size: Formula) -> Note:
    """Height and width after a window went over the images: floor((n + 2p − f) / s) + 1."""
    known = sizes(piece)
    if not known:
        return Note("shape.is", {"size": size}, "shape")
    x = np.shape(data_of(piece.operands[0]))
    height, width = (_places(known, axis, n) for axis, n in zip("HW", x[1:3], strict=True))
    return Note("shape.window", {"height": height, "width": width, "size": size}, "shape")


def _places(known: dict[str, Any], axis: str, n: int) -> Formula:
    f = int(np.ravel(known["f"])[-1 if axis == "W" else 0])
    before, after = np.broadcast_to(known["pad"], 2).tolist()
    reach = known.get("dilation", 1) * (f - 1) + 1
    places = output_size(n, reach, known["stride"], (before, after))
    inside = rf"\frac{{{n}{_signed(before + after)}-{reach}}}{{{known['stride']}}}"
    return Formula(f"n_{axis} = {places}", rf"n_{axis} = \left\lfloor {inside} \right\rfloor + 1 = {places}")


# ---- norm, pooling, flatten, dropout -----------------------------------------------------------------


def norm_forward(reader: Reader, piece: Piece) -> Note:
    """What n is, and over what its mean is taken."""
    x = reader.name(piece.operands[0])
    values = {"x": formula(x), "n": formula(f"n = ({x} − μ) / √(σ² + ε)")}
    return Note(f"norm.{_over(piece)}", values, "rule")


def _over(piece: Piece) -> str:
    """Whether the mean is over samples of columns, over samples and pixels, or over the units of a sample."""
    axis = (piece.out._options or {})["axis"]
    return "images" if isinstance(axis, tuple) else "batch" if axis == 1 else "layer"


def of_norm(reader: Reader, piece: Piece, i: int) -> Rule:
    """By operand: x, γ, β."""
    if i:
        return ("norm.beta" if i == 2 else "norm.gamma"), {}
    dn = formula(f"dn = {gradient_of(reader.name(piece.out))} ⊙ {reader.name(piece.operands[1])}")
    return "norm.input", {"dn": dn, "only": formula("dn / √(σ² + ε)")}


def fixed_norm_forward(reader: Reader, piece: Piece) -> Note:
    """What n is, and where μ and σ come from."""
    mu, sigma = (formula(reader.name(x)) for x in piece.operands[3:])
    return Note("norm.fixed", {"n": formula(fixed_norm_remark(piece, reader.name)), "mu": mu, "sigma": sigma}, "rule")


def of_fixed_norm(reader: Reader, piece: Piece, i: int) -> Rule:
    """By operand: x, γ, β; μ and σ are constants."""
    if i:
        return of_norm(reader, piece, i)
    gamma, _, mu, sigma = (formula(reader.name(x)) for x in piece.operands[1:])
    return "norm.fixed.input", {"mu": mu, "gamma": gamma, "sigma": sigma}


def pool_forward(reader: Reader, piece: Piece) -> Note:
    """What becomes of a window."""
    known = sizes(piece)
    values = {k: str(known[name]) for k, name in (("f", "f"), ("s", "stride")) if known}
    return Note(f"pool.{_kind(piece)}", values, "rule")


def of_pool(reader: Reader, piece: Piece, i: int) -> Rule:
    """Who gets the gradient of a window."""
    known = sizes(piece)
    overlap = Note("pool.overlap") if known and known["stride"] < known["f"] else ""
    count = known["f"] ** 2 if known else int(np.prod(np.shape(data_of(piece.operands[0]))[1:3]))
    return f"pool.{_kind(piece)}.back", {"overlap": overlap, "count": str(count)}


def _kind(piece: Piece) -> str:
    return piece.label.removesuffix("_pool2d").replace("_", ".")


def of_flatten(reader: Reader, piece: Piece, i: int) -> Rule:
    """Back to where each entry came from."""
    return "flatten.back", {}


def dropout_forward(reader: Reader, piece: Piece) -> Note:
    """What D is, and what the division is for."""
    return Note(*_dropped(reader, piece, "dropout.forward"), "rule")


def of_dropout(reader: Reader, piece: Piece, i: int) -> Rule:
    """The same mask, the same division."""
    return _dropped(reader, piece, "dropout.back")


def _dropped(reader: Reader, piece: Piece, key: str) -> Rule:
    a, mask, *keep_prob = (formula(reader.name(x)) for x in piece.operands)
    divided = {"keep": keep_prob[0]} if keep_prob else {}
    return f"{key}{'.divided' * bool(divided)}", {"a": a, "mask": mask, **divided}


# ---- entries -----------------------------------------------------------------------------------------


def _entry(name: str, index: str) -> Formula:
    """An entry: Z[1](i, h, w, c), in LaTeX with indices below."""
    latex = to_latex(name)
    base = f"{{{latex}}}" if "_" in latex else latex
    spaced = re.sub(r"[+-]", lambda sign: f" {sign[0]} ", index).replace(",", ", ").replace("-", "−")
    return Formula(f"{name}({spaced})", f"{base}_{{{index}}}")


def _sum(over: str) -> Formula:
    return Formula("Σ", rf"\sum_{{{over}}}")


def _equation(left: Formula, *right: Formula) -> Formula:
    """left = right, whose parts stand side by side."""
    return Formula(
        *(f"{getattr(left, form)} = {' '.join(getattr(f, form) for f in right)}" for form in ("text", "latex"))
    )
