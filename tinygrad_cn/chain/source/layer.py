"""What a program in functions is a table of: layers, each a function with what it takes and what it gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from ...autograd import Node, data_of
from ...ops.op import Array


@dataclass(frozen=True, eq=False)
class Steps:
    """The values of all time steps, which the program holds in one array (n, m, T).

    Attributes
    ----------
    values : tuple
        Those of t = 1 … T.
    turned : Steps, Node, array or None
        What it holds from the last step to the first.
    """

    values: tuple[Any, ...]
    turned: Any = None

    @property
    def array(self) -> Array:
        """The array (n, m, T) they make."""
        return np.stack([data_of(x) for x in self.values], axis=2)


@dataclass(frozen=True, eq=False)
class Layer:
    """A row of the table.

    Attributes
    ----------
    function : str
        A key of `FUNCTIONS` or `CELLS`, "activation", or "" for an op: its functions are written from the record.
    out : Node or Steps
        What it computes.
    takes : tuple
        What it takes: values of layers before, data, parameters. The first is what a stack hands on.
    options : dict
        Numbers.
    piece : Piece
        What its functions are written from: an activation, an op, a part of a recurrent cell.
    """

    function: str
    out: Any
    takes: tuple[Any, ...]
    options: dict[str, Any] = field(default_factory=dict)
    piece: Any = None


def array_of(x: Any) -> Array:
    """The numbers of what a layer takes or computes."""
    return x.array if isinstance(x, Steps) else np.asarray(data_of(x))


def is_parameter(x: Any) -> bool:
    """Whether x is a leaf that learns."""
    return isinstance(x, Node) and x._op is None and x.requires_grad


def is_outside(x: Any) -> bool:
    """Whether x is computed by nothing that is recorded."""
    if isinstance(x, Steps):
        return x.turned is None and all(map(is_outside, x.values))
    return not (isinstance(x, Node) and x._op is not None)


def is_stack(layers: Sequence[Layer]) -> bool:
    """Whether each layer takes the one before and besides only parameters or a mask that no other takes."""
    besides = [x for layer in layers for x in layer.takes[1:]]
    alone = len({id(x) for x in besides}) == len(besides) and all(map(is_outside, besides))
    usual = all(layer.function == "dropout" or all(isinstance(x, Node) for x in layer.takes[1:]) for layer in layers)
    in_turn = all(after.takes[0] is before.out for before, after in pairwise(layers))
    return alone and usual and in_turn and not is_parameter(layers[0].takes[0])
