"""`net.summary()`: the table of matrix dimensions, which learners are told to write down first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..language import language, say
from ..text import align, columns
from .activation import Activation
from .conv import Conv2D
from .dense import Dense, units
from .module import Module, Parameter
from .names import written
from .window import Shape

Image = tuple[int, int, int]


@dataclass
class Row:
    """One layer: its name, the shapes of its parameters, the shape of its output for one sample if it is known."""

    name: str
    weight: str
    bias: str
    parameters: int
    output: Shape = ()
    activation: str = ""


def summary(net: Module, m: int | None = None, lang: str | None = None, image: Image | None = None) -> str:
    """Table of the shapes of W, b, Z, A and their gradients, layer by layer.

    Parameters
    ----------
    net : Module
        Dense and convolutional layers are shown with the activation that follows; of other modules the
        parameters, or what they do to the shape.
    m : int, optional
        Number of samples; without it the letter m stands in the shapes.
    lang : {"zh", "en"}, optional
        Default: see `tinygrad_cn.language`.
    image : (n_H, n_W, n_C), optional
        Size of the images a convolutional net takes; without it the shapes of its images stay open.

    Returns
    -------
    str
        Lines for `print`.

    Raises
    ------
    ValueError
        If m or a size of the images is not a positive whole number.

    Examples
    --------
    >>> from tinygrad_cn import nn
    >>> print(nn.DNN([2, 4, 1], hidden="tanh", seed=1).summary(m=400, lang="en"))
    layer  W, dW   b, db   activation  Z, A, dZ, dA for one sample  Z, A, dZ, dA for 400 samples  parameters
    ────────────────────────────────────────────────────────────────────────────────────────────────────────
    1      (4, 2)  (4, 1)  tanh        (4, 1)                       (4, 400)                      12
    2      (1, 4)  (1, 1)  sigmoid     (1, 1)                       (1, 400)                      5
    ────────────────────────────────────────────────────────────────────────────────────────────────────────
    total                                                                                         17
    >>> net = nn.Sequential(nn.Conv2D(1, 6, 5, pad=2), nn.MaxPool2D())
    >>> pooling = net.summary(m=64, lang="en", image=(28, 28, 1)).splitlines()[3]
    >>> " ".join(pooling.split())
    'MaxPool2D(2) (1, 14, 14, 6) (64, 14, 14, 6)'
    """
    chosen = language(lang)
    samples = "m" if m is None else str(_counted(m))
    heads = (
        say("summary.layer", chosen), "W, dW", "b, db", say("summary.activation", chosen), say("summary.one", chosen),
        say("summary.m", chosen, m=samples), say("summary.parameters", chosen),
    )  # fmt: skip
    total = sum(parameter.size for parameter in net.parameters())
    rows = [_cells(row, samples) for row in _rows(net, None if image is None else _sized(image))]
    last = (say("summary.total", chosen), "", "", "", "", "", f"{total:,}")
    head, *body, foot = align([heads, *rows, last])
    rule = "─" * max(map(columns, (head, *body, foot)))
    return "\n".join([head, rule, *body, rule, foot])


def _counted(m: int) -> int:
    if np.ndim(m):
        raise ValueError(f"m must be a number of samples; got {_kind(m)}. The size of images is image=(n_H, n_W, n_C)")
    return units("m", m)


def _sized(image: Image) -> Image:
    if np.shape(image) != (3,):
        raise ValueError(f"image must be (n_H, n_W, n_C), such as (28, 28, 1); got {_kind(image)}")
    n_H, n_W, n_C = (units(f"image[{i}]", n) for i, n in enumerate(image))
    return n_H, n_W, n_C


def _kind(value: Any) -> str:
    return f"{type(value).__name__} of shape {np.shape(value)}"


def _cells(row: Row, samples: str) -> tuple[str, ...]:
    one, many = (_written(row.output, m) for m in ("1", samples))
    parameters = f"{row.parameters:,}" if row.parameters else ""
    return row.name, row.weight, row.bias, row.activation, one, many, parameters


def _written(shape: Shape, samples: str) -> str:
    """A shape with its sample axis, the first of images and the second of columns, filled in."""
    sizes = [*map(str, shape)]
    if sizes:
        sizes[0 if len(sizes) == 4 else 1] = samples
    return f"({', '.join(sizes)})" if sizes else ""


def _rows(net: Module, image: Image | None) -> list[Row]:
    rows: list[Row] = []
    shape: Shape = (1, *image) if image is not None else ()
    for module in net.modules():
        own = [parameter for _, parameter in module._members() if isinstance(parameter, Parameter)]
        if isinstance(module, Dense):
            shape = (module.W.shape[0], 1)
            rows.append(_layer_row(module, own, shape))
        elif hasattr(module, "output_shape"):
            shape = module.output_shape(shape) if shape else ()
            rows.append(_layer_row(module, own, shape) if isinstance(module, Conv2D) else _shape_row(module, shape))
        elif own:
            rows += _own_rows(type(module).__name__, own)
        elif isinstance(module, Activation) and rows:
            rows[-1].activation = module.name
    return rows


def _own_rows(name: str, own: list[Parameter]) -> list[Row]:
    """All in one row, or with several weights a row for each, with its bias beside it."""
    if len(own) <= 3:
        return [Row(name, ", ".join(map(_named, own)), "", _size(own))]
    named = {p.name or "?": p for p in own}
    bias = {w: b for w in named if (b := w.replace("W", "b")) != w and b in named}
    rows = []
    for w in [w for w in named if w not in bias.values()]:
        pair = [named[w], *([named[bias[w]]] if w in bias else [])]
        weight, beside = [*map(_named, pair), ""][:2]
        rows.append(Row("", weight, beside, _size(pair)))
    rows[0].name = name
    return rows


def _named(parameter: Parameter) -> str:
    return f"{written(parameter.name or '?')} {parameter.shape}"


def _layer_row(layer: Dense | Conv2D, own: list[Parameter], output: Shape) -> Row:
    prefix, _, last = (layer.W.name or "W").rpartition(".")
    name = ".".join(part for part in (prefix, last[1:]) if part)
    bias = "" if layer.b is None else str(layer.b.shape)
    return Row(name, str(layer.W.shape), bias, _size(own), output)


def _shape_row(module: Module, output: Shape) -> Row:
    return Row(repr(module), "", "", 0, output)


def _size(parameters: list[Parameter]) -> int:
    return sum(parameter.size for parameter in parameters)
