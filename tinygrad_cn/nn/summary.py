"""`net.summary()`: the table of matrix dimensions, which learners are told to write down first."""

from __future__ import annotations

from dataclasses import dataclass

from ..language import language, say
from ..text import align, columns
from .activation import Activation
from .dense import Dense
from .module import Module, Parameter
from .names import written


@dataclass
class Row:
    """One layer: its name, the shapes of its parameters, its number of outputs if it is dense."""

    name: str
    weight: str
    bias: str
    parameters: int
    outputs: int | None = None
    activation: str = ""


def summary(net: Module, m: int | None = None, lang: str | None = None) -> str:
    """Table of the shapes of W, b, Z, A and their gradients, layer by layer.

    Parameters
    ----------
    net : Module
        Dense layers are shown with the activation that follows; of other modules the parameters.
    m : int, optional
        Number of samples; without it the letter m stands in the shapes.
    lang : {"zh", "en"}, optional
        Default: see `tinygrad_cn.language`.

    Returns
    -------
    str
        Lines for `print`.

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
    """
    chosen = language(lang)
    samples = "m" if m is None else str(m)
    heads = (
        say("summary.layer", chosen), "W, dW", "b, db", say("summary.activation", chosen), say("summary.one", chosen),
        say("summary.m", chosen, m=samples), say("summary.parameters", chosen),
    )  # fmt: skip
    total = sum(parameter.size for parameter in net.parameters())
    rows = [_cells(row, samples) for row in _rows(net)]
    last = (say("summary.total", chosen), "", "", "", "", "", f"{total:,}")
    head, *body, foot = align([heads, *rows, last])
    rule = "─" * max(map(columns, (head, *body, foot)))
    return "\n".join([head, rule, *body, rule, foot])


def _cells(row: Row, samples: str) -> tuple[str, ...]:
    one, many = ("", "") if row.outputs is None else (f"({row.outputs}, 1)", f"({row.outputs}, {samples})")
    return row.name, row.weight, row.bias, row.activation, one, many, f"{row.parameters:,}"


def _rows(net: Module) -> list[Row]:
    rows: list[Row] = []
    for module in net.modules():
        own = [parameter for _, parameter in module._members() if isinstance(parameter, Parameter)]
        if isinstance(module, Dense):
            rows.append(_dense_row(module, own))
        elif own:
            shapes = ", ".join(f"{written(p.name or '?')} {p.shape}" for p in own)
            rows.append(Row(type(module).__name__, shapes, "", _size(own)))
        elif isinstance(module, Activation) and rows:
            rows[-1].activation = module.name
    return rows


def _dense_row(layer: Dense, own: list[Parameter]) -> Row:
    prefix, _, last = (layer.W.name or "W").rpartition(".")
    name = ".".join(part for part in (prefix, last[1:]) if part)
    bias = "" if layer.b is None else str(layer.b.shape)
    return Row(name, str(layer.W.shape), bias, _size(own), outputs=layer.W.shape[0])


def _size(parameters: list[Parameter]) -> int:
    return sum(parameter.size for parameter in parameters)
