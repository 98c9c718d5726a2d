"""Glyphs: the recorded ops of a chain and the values they take from outside, each as one block.

Views of ops put them in places and join them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd import Node
from ..chain import Chain, Quantity
from ..chain.formula import fill_op, function_name
from ..chain.layers import inner_nodes
from ..language import CATALOGUE, Lang, say
from . import style
from .dot import Band, Block, Line
from .values import number, value_lines

SYMBOLS = {
    "matmul": "@", "dot": "@", "add": "+", "subtract": "−", "multiply": "⊙", "divide": "/", "negative": "−",
    "sum": "Σ", "affine": "W A + b", "transpose": "xᵀ",
}  # fmt: skip


@dataclass(frozen=True)
class Glyph:
    """One node: an op with its result, or a value from outside, which has no inputs.

    `layer` is 0 outside of layers; `said` is what a reference to it says.
    """

    name: str
    role: str
    block: Block
    inputs: tuple[str, ...]
    layer: int
    said: str


def glyphs(chain: Chain, nodes: Sequence[Node], values: bool) -> Iterator[Glyph]:
    """Every op in the order they ran, values from outside before the first op that takes them."""
    layers = _layers(chain)
    names: dict[int, str] = {}
    for node in nodes:
        for x in node._inputs:
            if id(x) not in names and _is_shown(x):
                names[id(x)] = f"v{len(names)}"
                yield _outside(chain, x, names[id(x)], layers.get(id(x), 0), values)
        names[id(node)] = f"v{len(names)}"
        inputs = tuple(names[id(x)] for x in node._inputs if id(x) in names)
        yield _op(chain, node, names[id(node)], inputs, layers.get(id(node), 0), values)


def _layers(chain: Chain) -> dict[int, int]:
    """The layer of each node and parameter of a layer, by identity."""
    found: dict[int, int] = {}
    owners: dict[str, int] = {q.name: s.layer for s in chain.steps if s.layer for q in s.forward}
    for piece in chain.pieces:
        layer = owners.get(chain.reader.names[id(piece.out)], 0)
        if layer:
            # W and b, or the mask of dropout, but not A
            leaves = piece.roles[::2] if piece.is_layer else piece.operands[1:2] * (piece.kind == "dropout")
            found |= {id(x): layer for x in (*inner_nodes(piece), *leaves) if id(x) not in found}
    return found


def _is_shown(x: Any) -> bool:
    """Tensors and arrays have nodes of their own; numbers stand in the op's formula."""
    return isinstance(x, Node) or np.ndim(x) > 0


def _outside(chain: Chain, x: Any, name: str, layer: int, values: bool) -> Glyph:
    data = x._data if isinstance(x, Node) else np.asarray(x)
    role = "parameter" if isinstance(x, Node) and x.requires_grad else "data"
    written = chain.reader.name(x)
    bands = _result(chain, x, written, role, data, values)
    return Glyph(name, role, Block(role, bands, rounded=len(bands) == 1), (), layer, written)


def _op(chain: Chain, node: Node, name: str, inputs: tuple[str, ...], layer: int, values: bool) -> Glyph:
    title = Band("op", (Line(_symbol(node, chain.lang), "op", style.TITLE, bold=True),))
    q = _quantity(chain, node)
    if q is None:
        extra = [Line(text, "op", style.SMALL) for text in _numbers(node._data, chain.lang, values)]
        block = Block("op", (Band("op", (*title.lines, *extra)),), rounded=True)
        return Glyph(name, "op", block, inputs, layer, f"#{name[1:]}")
    bands = _result(chain, node, q.written, q.role, node._data, values)
    return Glyph(name, q.role, Block(q.role, (title, *bands)), inputs, layer, q.written)


def _result(chain: Chain, x: Any, written: str, role: str, data: Any, values: bool) -> tuple[Band, ...]:
    """What it is called, its shape, and on demand its value and gradient."""
    shape = f"  {data.shape}" if data.ndim else ""
    lines = [Line(f"{written}{shape}", role), *(Line(t, role, style.SMALL) for t in _numbers(data, chain.lang, values))]
    bands = [Band(role, tuple(lines))]
    gradient = chain.quantities.get(f"d{chain.reader.names.get(id(x))}")
    if values and gradient is not None and isinstance(x, Node) and x.requires_grad:
        small = [gradient.written, *value_lines(gradient.value, chain.lang)]
        bands.append(Band("gradient", tuple(Line(text, "gradient", style.SMALL) for text in small)))
    return tuple(bands)


def _numbers(data: Any, lang: Lang, values: bool) -> list[str]:
    return value_lines(data, lang) if values else []


def _quantity(chain: Chain, node: Node) -> Quantity | None:
    """What the chain calls a node; None for a node inside a layer or a term."""
    return chain.quantities.get(chain.reader.names.get(id(node), ""))


def _symbol(node: Node, lang: Lang) -> str:
    """`@`, `tanh`, `x ⊙ 0.5`, `Σ axis=1`: the op with its numbers and options, but without its tensors."""
    op = node._op
    assert op is not None
    if op.name in CATALOGUE:
        return say(op.name, lang)
    numbers = [x for x in node._inputs if not _is_shown(x)]
    if op.name == "getitem" or (numbers and len(numbers) == len(node._inputs) - 1):
        return fill_op(op, ["x" if _is_shown(x) else number(float(x), 6) for x in node._inputs], node._options)
    options = [
        f"{k}={v}" for k, v in (node._options or {}).items() if v is not None and v is not False and np.ndim(v) < 2
    ]
    return "  ".join([_called(op.name, lang), *(o for o in options if len(o) <= 24)])


def _called(name: str, lang: Lang) -> str:
    """A sign, a function that NumPy calls so as well, or the words for what only this package has."""
    if name in SYMBOLS or hasattr(np, name) or f"op.{name}" not in CATALOGUE:
        return SYMBOLS.get(name, function_name(name))
    return say(f"op.{name}", lang)
