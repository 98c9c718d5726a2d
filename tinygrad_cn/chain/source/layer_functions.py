"""The functions that the table of a program calls: written when a layer first needs them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...language import Lang
from .decomposition import Decomposition
from .helpers import CALL, definitions, documented
from .layer import Layer, array_of
from .op_functions import OpFunctions
from .sequence_functions import CELLS
from .stack_functions import FUNCTIONS
from .trace import agree

Texts = tuple[str, ...]
KEYS = ("{}_cell_forward", "{}_cell_backward", "loop_forward", "loop_backward")  # of docstrings


class LayerFunctions:
    """The functions of layers, by name.

    Attributes
    ----------
    texts : dict
        By name: the forward and the backward function, after those that they call.

    Parameters
    ----------
    program : Decomposition
        Whose activations and helpers they are.
    """

    def __init__(self, program: Decomposition) -> None:
        self._program = program
        self._lang: Lang = program.chain.lang
        self.texts: dict[str, Texts] = {}
        self._rnns: dict[str, int] = {}  # by activation: which it is

    def name(self, layer: Layer) -> str:
        """What the table calls the function of a layer."""
        if layer.function == "activation":
            name, new = self._program.activation(layer.piece)
            return self._keep(name, self._activation(name, layer.piece)) if new else name
        if layer.function in CELLS:
            return self._cell(layer)
        if layer.function:
            return self._keep(layer.function, tuple(self._told(text) for text in FUNCTIONS[layer.function]))
        return self._op(layer)

    def _keep(self, name: str, texts: Texts) -> str:
        self.texts.setdefault(name, texts)
        return name

    def _told(self, text: str, key: str = "") -> str:
        """A function with its docstring, which is the same for convolutions with and without groups."""
        name = text[len("def ") : text.index("(")]
        return documented(key or name.removeprefix("grouped_"), text, self._lang)

    def _activation(self, name: str, act: Any) -> Texts:
        forward, back = self._program.activation_lines(act, "A = {}", "return {}, ()")
        return (
            f"def {name}_forward(Z):\n{forward}\n    return A, (Z, A)\n",
            f"def {name}_backward(dA, cache):\n    Z, A = cache\n{back}\n",
        )

    def _op(self, layer: Layer) -> str:
        """An op's own functions; two ops that are written alike share them."""
        assert layer.piece is not None
        label = layer.piece.label
        functions = OpFunctions(self._program.tracer, layer.piece)
        for k in range(1, len(self.texts) + 2):
            name = label if k == 1 else f"{label}_{k}"
            texts = functions.texts(name, self._program.helpers)
            if self.texts.get(name, texts) == texts:
                return self._keep(name, texts)
        raise AssertionError(label)

    # ---- recurrent cells ----------------------------------------------------------------------------

    def _cell(self, layer: Layer) -> str:
        """A cell and its loop over time; RNNs with different activations have cells of their own."""
        name, (cell, loop) = layer.function, CELLS[layer.function]
        if name == "rnn":
            act = layer.piece
            activation, _ = self._program.activation(act)
            k = self._rnns.setdefault(activation, len(self._rnns) + 1)
            name = f"rnn_{k}" if k > 1 else "rnn"
            forward, back = self._program.activation_lines(
                act, "a_next = {}", "dz = {}", names=("z", "a_next", "da_next")
            )
            cell = (cell[0].replace("{forward}", forward), cell[1].replace("{back}", back))
        texts = [text.replace("rnn_", f"{name}_") for text in (*cell, *loop)]
        told = (self._told(text, key.format(layer.function)) for text, key in zip(texts, KEYS, strict=True))
        return self._keep(name, tuple(told))

    def computes(self, layer: Layer, name: str) -> bool:
        """Whether the forward function of a recurrent layer gives the recorded numbers."""
        called = CALL.findall("".join(self.texts[name]))
        namespace: dict[str, Any] = {"np": np}
        exec("\n".join([*definitions(called, self._lang), *self.texts[name]]), namespace)
        a, _ = namespace[f"{name}_forward"](*map(array_of, layer.takes))
        return agree(a, array_of(layer.out))
