"""DNN: the deep net of the notes, from the list of its layer sizes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import DTypeLike

from ..seeds import Seed, generator
from .activation import Spec, resolve
from .dense import Dense
from .init import Init
from .module import Module
from .sequential import Sequential


class DNN(Sequential):
    """[Dense → hidden] × (L − 1) → Dense → output.

    Parameters
    ----------
    dims : sequence of int
        n[0], n[1], …, n[L]: inputs, hidden layers, outputs.
    hidden : str, Module, callable, or a list of one per hidden layer
        Activation of the hidden layers; a Module is copied for each.
    output : str, Module, callable or None
        Activation of the last layer; None leaves its raw scores ("logits").
    init : str or callable
        Start value of every W, see `nn.init`; every b starts at 0.
    seed : int, np.random.Generator or np.random.RandomState, optional
        W1, W2, … are drawn from it in this order.
    dtype : dtype
        np.float64 or np.float32.

    Raises
    ------
    ValueError
        If there are fewer than two sizes, a size below 1, a list of the wrong length, or an unknown name.

    Examples
    --------
    >>> net = DNN([12288, 20, 7, 5, 1], hidden="relu", output="sigmoid", init="he", seed=1)
    >>> net.W1.shape, net.b4.shape
    ((20, 12288), (1, 1))
    """

    def __init__(
        self,
        dims: Sequence[int],
        hidden: Spec | Sequence[Spec] = "relu",
        output: Spec = "sigmoid",
        init: str | Init = "he",
        seed: Seed = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        if not isinstance(dims, Iterable) or len(dims := list(dims)) < 2:
            raise ValueError(f"dims must list at least n[0] and n[1]; got {dims}")
        rng = generator(seed)
        layers: list[Module] = []
        activations = [*_per_layer(hidden, len(dims) - 2), output]
        for n_in, n_out, activation in zip(dims, dims[1:], activations, strict=False):
            layers.append(Dense(n_in, n_out, init=init, seed=rng, dtype=dtype))
            function = resolve(activation)
            if function is not None:
                layers.append(function)
        super().__init__(*layers)


def _per_layer(hidden: Spec | Sequence[Spec], n: int) -> list[Spec]:
    """One activation for each of n hidden layers."""
    if isinstance(hidden, (list, tuple)):
        if len(hidden) != n:
            raise ValueError(f"hidden must have one activation per hidden layer, {n}; got {len(hidden)}")
        return list(hidden)
    return [hidden] * n  # type: ignore[list-item]
