"""The convolutional layer: Z = W * A + b on images (m, n_H, n_W, n_C), and A = g(Z) if it is given an activation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..ops.conv import CONV2D
from ..ops.op import arrayed
from ..seeds import Seed, generator
from .activation import Spec, resolve
from .dense import units
from .init import Init, draw
from .module import Module, Parameter
from .names import renamed, written
from .window import Padding, Shape, described, padding, places, require_fit, require_images


class Conv2D(Module):
    """A convolutional layer: n_C filters of f by f that move over images in steps of the stride.

    Parameters
    ----------
    n_C_prev, n_C : int
        Numbers of channels before and after.
    f : int
        Height and width of a filter.
    stride : int
        Step of the filters, along both axes.
    pad : "valid", "same" or int
        Zeros around the images: none, so many that the size stays as it is at stride 1, or p on each side.
    dilation : int
        Distance of the entries a filter looks at; it covers dilation · (f − 1) + 1 of them.
    groups : int
        Channels are split into so many groups, each seen by its share of the filters; n_C_prev makes the
        convolution depthwise.
    activation : str, Module or callable, optional
        Applied to Z: "relu", `nn.LeakyReLU(0.2)`, a function; default none.
    bias : bool
        False leaves b out.
    init : str or callable
        Start value of W: a name of `nn.init.INITS` or a function (rng, shape) → array. b starts at 0.
    seed : int, np.random.Generator or np.random.RandomState, optional
        Where the start value is drawn from.
    dtype : dtype
        np.float64 or np.float32.

    Attributes
    ----------
    W : Parameter
        Shape (f, f, n_C_prev / groups, n_C).
    b : Parameter or None
        Shape (1, 1, 1, n_C).

    Raises
    ------
    ValueError
        If a number is below 1, `groups` does not divide the channels, or a name is unknown.

    Notes
    -----
    n_H = floor((n_H_prev + 2p − f) / s) + 1, and n_W alike. A. Ng, "Convolutional Neural Networks", week 1,
    one layer of a convolutional network. As there, and as everywhere in deep learning, the filters are not
    turned over: mathematics calls it a cross-correlation.

    Examples
    --------
    >>> import numpy as np
    >>> layer = Conv2D(3, 8, 5, stride=2, pad="same", activation="relu", seed=1)
    >>> layer.W.shape, layer(np.ones((10, 28, 28, 3))).shape
    ((5, 5, 3, 8), (10, 14, 14, 8))
    """

    def __init__(
        self,
        n_C_prev: int,
        n_C: int,
        f: int,
        stride: int = 1,
        pad: Padding = "valid",
        dilation: int = 1,
        groups: int = 1,
        activation: Spec = None,
        bias: bool = True,
        init: str | Init = "he",
        seed: Seed = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        n_C_prev, n_C, f = units("n_C_prev", n_C_prev), units("n_C", n_C), units("f", f)
        self.stride, self.dilation, self.groups = (
            units("stride", stride), units("dilation", dilation), units("groups", groups)
        )  # fmt: skip
        if n_C_prev % groups or n_C % groups:
            raise ValueError(f"groups must divide n_C_prev = {n_C_prev} and n_C = {n_C}; got {groups}")
        self.pad = padding(pad, f, self.dilation)
        self.W = Parameter(draw(init, generator(seed), (f, f, n_C_prev // groups, n_C), dtype))
        self.b = Parameter(np.zeros((1, 1, 1, n_C), dtype)) if bias else None
        self.activation = resolve(activation)

    def forward(self, X: Any) -> Any:
        """From images (m, n_H_prev, n_W_prev, n_C_prev) to A or Z of this layer, (m, n_H, n_W, n_C).

        Raises
        ------
        ShapeError
            If X is no such images, or smaller than the filters.
        """
        X = arrayed(X)
        f, n_C_prev = self.W.shape[0], self.W.shape[2] * self.groups
        require_images(self._call, X.shape, n_C_prev)
        require_fit(self._call, X.shape, f, self.pad, self.dilation)
        Z = CONV2D(X, self.W, self.b, **self._options)
        Z.name = renamed(self.W.name, "W", "Z")
        return Z if self.activation is None else self.activation(Z)

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of Z for images of this shape.

        Examples
        --------
        >>> Conv2D(1, 6, 5).output_shape((64, 28, 28, 1))
        (64, 24, 24, 6)
        """
        return shape[0], *places(shape, self.W.shape[0], self.stride, self.pad, self.dilation), self.W.shape[3]

    @property
    def _options(self) -> dict[str, Any]:
        """What `CONV2D` is told beyond its defaults."""
        options = {"stride": self.stride, "pad": self.pad, "dilation": self.dilation, "groups": self.groups}
        return {name: value for name, value in options.items() if value not in (1, (0, 0))}

    @property
    def _call(self) -> str:
        """The layer as an error names it: its equation and the shape of W."""
        name = self.W.name or "W"
        Z, W, b = (written(renamed(name, "W", letter) or letter) for letter in "ZWb")
        return f"{Z} = {W} * A{f' + {b}' if self.b is not None else ''} with {W} {self.W.shape}"

    def __repr__(self) -> str:
        f, _, n, n_C = self.W.shape
        about = described(
            n * self.groups,
            n_C,
            f,
            **self._options,
            activation=self.activation,
            bias=None if self.b is not None else False,
        )
        return f"Conv2D({about})"
