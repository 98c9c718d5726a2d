"""Which steps belong to which layer, and what a layer is made of: convolution, batch norm, ReLU, max pooling."""

from __future__ import annotations

from collections.abc import Sequence

from .formula import function_name
from .layers import Piece
from .model import Step
from .note import Note
from .read import Reader

Word = Note | str
Words = dict[str, tuple[int, tuple[Word, ...]]]
AROUND = frozenset(["activation", "norm", "fixed_norm", "dropout", "pool", "flatten"])


def layer_words(reader: Reader, steps: Sequence[Step]) -> Words:
    """By step: the layer it belongs to, and what all steps of that layer do, in order, each once."""
    made_by = {reader.names[id(piece.out)]: piece for piece in reader.pieces}
    home: dict[str, int] = {}  # by name of a value: the layer that it belongs to
    layer_of: dict[str, int] = {}
    words: dict[int, list[Word]] = {}
    for step in steps:
        pieces = [made_by[q.name] for q in step.forward if q.name in made_by]
        layer = step.layer or (_belongs(reader, pieces[0], home) if pieces and step.kind != "loss" else 0)
        if layer:
            home.update((q.name, layer) for q in step.forward)
            layer_of[step.id] = layer
            words.setdefault(layer, []).extend(word for piece in pieces for word in _words(reader, piece))
    known = {layer: _distinct(found) or (Note("linear"),) for layer, found in words.items()}
    return {step: (layer, known[layer]) for step, layer in layer_of.items()}


def _belongs(reader: Reader, piece: Piece, home: dict[str, int]) -> int:
    """The layer whose result an activation, a norm, pooling, flattening or dropout takes; 0 for any other step."""
    if piece.kind not in AROUND:
        return 0
    return next((home[reader.names[id(x)]] for x in piece.operands if reader.names.get(id(x)) in home), 0)


def _distinct(words: list[Word]) -> tuple[Word, ...]:
    return tuple(word for i, word in enumerate(words) if word not in words[:i])


def _function(label: str) -> str:
    name = function_name(label)
    return name if len(name) > 1 else label  # σ is called sigmoid in a heading


def _words(reader: Reader, piece: Piece) -> list[Word]:
    """Nothing for W A + b, which goes without saying."""
    if piece.kind == "activation":
        return [_function(piece.label)]
    if piece.label == "attention_context":
        return [Note("attention", family="")]
    named = piece.kind in AROUND or piece.kind == "conv"
    return [Note(piece.label, family="")] if named else []
