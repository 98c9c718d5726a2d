"""Batch norm and layer norm as the notes write them: μ, σ and n = (x − μ) / σ on lines of their own.

Sources: A. Ng, "Improving deep neural networks", week 3, batch normalization; S. Ioffe and C. Szegedy, "Batch
normalization", ICML 2015, section 3, where dx follows from dn through x, μ and σ:
dx = (dn − mean(dn) − n ⊙ mean(dn ⊙ n)) / σ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...autograd import Node
from ..layers import Piece
from .symbols import Symbol

if TYPE_CHECKING:
    from .program import Program


class Normalised:
    """The lines of one norm.

    Parameters
    ----------
    program : Program
        To which they are added.
    piece : Piece
        Of kind "norm".

    Attributes
    ----------
    result : Symbol
        γ ⊙ n + β.
    """

    def __init__(self, program: Program, piece: Piece) -> None:
        self._program = program
        self._options: dict[str, Any] = piece.out._options or {}
        x, gamma, beta = (program.symbol(v) for v in piece.operands)
        self._in_time = np.ndim(x) == 3 and np.ndim(gamma) == 2
        self._gamma = self._spread(gamma)
        name = program.variables.name(piece.operands[1])
        self._index = name.removeprefix("gamma") if name.startswith("gamma") else f"_{name}"
        mu = self._assign("mu", self._mean(x))
        variance = np.var(x, axis=self._options["axis"], keepdims=True)
        self._sigma = self._assign("sigma", np.sqrt(variance + self._options["eps"]))
        self._n = self._assign("n", (x - mu) / self._sigma, piece.out in program.reader.columns)
        self.result: Symbol = self._gamma * self._n + self._spread(beta)

    def back(self, piece: Piece, g: Symbol) -> dict[Node, Symbol]:
        """What dγ, dβ and dx are, before sums over what was broadcast."""
        x, gamma, beta = piece.operands
        parts = [(gamma, self._summed(g * self._n)), (beta, self._summed(g))]
        if isinstance(x, Node) and x.requires_grad:
            dn = self._assign("dn", g * self._gamma, piece.out in self._program.reader.columns)
            parts.append((x, (dn - self._mean(dn) - self._n * self._mean(dn * self._n)) / self._sigma))
        return {v: part for v, part in parts if isinstance(v, Node) and v.requires_grad}

    def _spread(self, parameter: Any) -> Any:
        """γ or β for every step of a sequence."""
        return parameter[:, :, None] if self._in_time else parameter

    def _summed(self, part: Any) -> Any:
        """Over the samples and steps of a sequence."""
        return np.sum(part, axis=(1, 2))[:, None] if self._in_time else part

    def _mean(self, x: Symbol) -> Any:
        return np.mean(x, axis=self._options["axis"], keepdims=True)

    def _assign(self, letter: str, value: Symbol, samples: bool = False) -> Symbol:
        name = self._program.variables.new(f"{letter}{self._index}")
        return self._program.assign(name, value, str(np.shape(value.value)), samples)
