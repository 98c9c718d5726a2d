"""Residual connections: y = x + F(x), so that a deep net need only learn what to change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..errors import OpError, ShapeError
from .module import Member, Module
from .sequential import Sequential


class Residual(Module):
    """y = x + F(x), or y = P(x) + F(x) with a projection where F changes the shape.

    Parameters
    ----------
    *inner : Module or callable
        F: one module, or several, applied one after the other.
    projection : Module, optional
        P, for instance `nn.Dense(4, 8, bias=False)`, or `nn.Conv2D(16, 32, 1, stride=2)` for images.

    Raises
    ------
    OpError
        If `inner` is empty, or `projection` is no Module.

    Notes
    -----
    K. He, X. Zhang, S. Ren and J. Sun, "Deep residual learning for image recognition", CVPR 2016, equations 1 and 2;
    A. Ng, "Convolutional neural networks", week 2, ResNets. The notes apply the activation to the sum:
    put it after the block.

    The parameters of F keep their names, W1, b1, …; those of P are projection.W, projection.b.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_cn import nn
    >>> block = Residual(nn.Dense(4, 4, seed=1), nn.ReLU(), nn.Dense(4, 4, init="zeros"))
    >>> X = np.ones((4, 10))
    >>> bool(np.all(block(X).numpy() == X)), [*block.state_dict()]
    (True, ['W1', 'b1', 'W2', 'b2'])
    >>> net = nn.Sequential(nn.Dense(2, 4), Residual(nn.Dense(4, 4, "tanh")), nn.Dense(4, 1))
    >>> [*net.state_dict()]
    ['W1', 'b1', '2.W', '2.b', 'W3', 'b3']
    """

    projection: Module | None = None

    def __init__(self, *inner: Module | Callable[[Any], Any], projection: Module | None = None) -> None:
        if not inner:
            raise OpError("Residual: give the modules of F, as in nn.Residual(nn.Dense(4, 4), nn.ReLU())")
        if projection is not None and not isinstance(projection, Module):
            raise OpError(f"Residual: projection must be a Module; got {projection!r}")
        first = inner[0]
        self.inner: Module = first if len(inner) == 1 and isinstance(first, Module) else Sequential(*inner)
        self.projection = projection

    def forward(self, X: Any) -> Any:
        """The sum of both ways.

        Raises
        ------
        ShapeError
            If their shapes differ.
        """
        changed = self.inner(X)
        kept = X if self.projection is None else self.projection(X)
        if np.shape(kept) != np.shape(changed):
            sides = "x" if self.projection is None else "P(x)"
            raise ShapeError(
                f"Residual: {sides} is {np.shape(kept)}, F(x) is {np.shape(changed)}; a sum needs equal shapes. "
                "Give a projection that makes x fit, as in nn.Residual(F, projection=nn.Dense(n_in, n_out, bias=False))"
            )
        return kept + changed

    def _paths(self) -> Iterator[tuple[str, Member]]:
        yield from self.inner._paths()
        if self.projection is not None:
            yield from ((f"projection.{path}", member) for path, member in self.projection._paths())

    def __repr__(self) -> str:
        parts = [repr(self.inner)] + [f"projection={self.projection!r}"] * (self.projection is not None)
        return f"Residual({', '.join(parts)})"
