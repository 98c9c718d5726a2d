"""What a chain is made of: quantities, and the steps that compute them forward and backward.

A step is one row of the ladder picture: a layer, the loss, or an op that belongs to no layer. The
reader (`read.py`) makes steps from a recorded graph; tables, pictures and derivations only read them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ..ops.formula import Formula
from ..ops.op import Array
from .recurrent import Moment

Role = Literal["data", "parameter", "Z", "A", "loss", "gradient", "op"]


@dataclass(frozen=True)
class Quantity:
    """One named thing of the chain, forward (`Z1`) or backward (`dZ1`).

    Attributes
    ----------
    name : str
        Course name without brackets, the key of `chain[...]`: "Z1", "dW1".
    written : str
        The same as written in formulas: "Z[1]", "dW[1]".
    role : str
        What it is; pictures colour by it.
    shape : tuple of int
        Shape in numbers.
    symbols : str
        Shape in symbols: "(n[1], m)".
    formula : Formula or None
        Right-hand side: "W[1] X + b[1]". None for inputs and parameters.
    shapes : str
        How the shapes combine: "(4, 2) @ (2, 400) + (4, 1) → (4, 400)".
    remark : str
        A second line for the reader: "= dA[2] ⊙ σ′(Z[2])".
    optional : {"", "input", "frozen"}
        Shown in grey with the reason: not needed for the update, as dX is not, nor what frozen layers would get.
    frozen : bool
        A parameter that does not learn now: it has no gradient.
    read : callable
        Returns the value now, or None while it has not been computed.
    """

    name: str
    written: str
    role: Role
    shape: tuple[int, ...]
    symbols: str
    formula: Formula | None
    shapes: str
    read: Callable[[], Array | None] = field(repr=False, compare=False)
    remark: str = ""
    optional: str = ""
    frozen: bool = False

    @property
    def value(self) -> Array | None:
        """The array, or None: not computed."""
        return self.read()


@dataclass(frozen=True)
class Source:
    """An edge into a step: the step it comes from and the quantity it carries."""

    step: str
    quantity: Quantity
    gradient: Quantity | None  # what flows back along it, if anything does


@dataclass(frozen=True)
class Step:
    """One row of the chain.

    Attributes
    ----------
    id : str
        Unique and stable: "X", "1", "2", "add1", "J".
    kind : str
        "input", "dense", "conv", "attention", "recurrent", "loss", or the kind of its piece: "activation", "norm",
        "pool", "flatten", "residual", "penalty" or "op".
    layer : int
        Layer number l, 0 if the step belongs to no layer.
    label : str
        What follows the layer number in a title: "tanh", "sigmoid"; for a loss its name as in the
        catalogue ("binary_cross_entropy"); for an op the op's name.
    parameters, forward, backward, gradients : tuple of Quantity
        W and b; Z and A; dZ and dA of the layer before; dW and db. A loss has J forward and dA of
        the last layer backward.
    cache : tuple of str
        What the backward step needs of the forward step, written: ("X", "W[1]", "Z[1]").
    sources : tuple of Source
        Where its inputs come from. Targets Y of a loss are a source with step "Y".
    then : {"", "dropout"}
        What a layer ends with, after its activation.
    moment : Moment or None
        The recurrent cell and the time t of a step of kind "recurrent".
    """

    id: str
    kind: str
    layer: int
    label: str
    parameters: tuple[Quantity, ...] = ()
    forward: tuple[Quantity, ...] = ()
    backward: tuple[Quantity, ...] = ()
    gradients: tuple[Quantity, ...] = ()
    cache: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    then: str = ""
    moment: Moment | None = None

    @property
    def frozen(self) -> bool:
        """Whether it has parameters and none of them learns."""
        return bool(self.parameters) and all(q.frozen for q in self.parameters)

    @property
    def backward_order(self) -> tuple[Quantity, ...]:
        """The gradients of this step as the notes compute them: dZ, dW, db, then dA of the layer before.

        A recurrent step has the gradients of what it computes itself, da⟨t⟩ first: dW and db come last.
        """
        if self.moment is not None:
            return (*self.backward, *self.gradients)
        inner, last = self.backward[:-1], self.backward[-1:]
        return (*inner, *self.gradients, *last)


def forward_quantities(steps: Sequence[Step]) -> list[Quantity]:
    """Inputs, parameters and values, each once, in the order they are computed."""
    return list(dict.fromkeys(q for step in steps for q in (*step.parameters, *step.forward)))


def backward_quantities(steps: Sequence[Step]) -> list[Quantity]:
    """Gradients, each once, where the last of its terms is known: from the cost back to the input."""
    order = [q for step in reversed(steps) for q in step.backward_order]
    return list(dict.fromkeys(reversed(order)))[::-1]
