"""Images changed anew in every step: `Augment` puts `Shift`, `Rotate`, `Noise` and changes of your own together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import OpError, ShapeError
from ..seeds import Rng
from .arguments import real, whole
from .dataset import Array
from .pixels import columns, move, rotate

Change = Callable[[Array, Rng], Array]  # of images (m, n_H, n_W, n_C)


@dataclass(frozen=True)
class Shift:
    """Move each image by a random whole number of pixels down and right; what enters is 0.

    Parameters
    ----------
    pixels : int
        At most so many, either way.

    Raises
    ------
    ValueError
        If it is negative.

    Examples
    --------
    >>> import numpy as np
    >>> Shift(1)(np.ones((2, 3, 3, 1)), np.random.default_rng(1)).sum(axis=(1, 2, 3))
    array([6., 4.])
    """

    pixels: int = 1

    def __post_init__(self) -> None:
        whole("pixels", self.pixels, 0)

    def __call__(self, images: Array, rng: Rng) -> Array:
        """Moved images, of the same shape."""
        down, right = np.floor(rng.uniform(-self.pixels, self.pixels + 1, size=(2, len(images))))
        return move(images, down, right)


@dataclass(frozen=True)
class Rotate:
    """Turn each image by a random angle about its middle; what enters is 0.

    Parameters
    ----------
    degrees : float
        At most so many, either way; every angle between is as likely.

    Raises
    ------
    ValueError
        If it is negative.

    Examples
    --------
    >>> import numpy as np
    >>> Rotate(15)(np.ones((2, 8, 8, 1)), np.random.default_rng(1)).shape
    (2, 8, 8, 1)
    """

    degrees: float = 10.0

    def __post_init__(self) -> None:
        real("degrees", self.degrees)

    def __call__(self, images: Array, rng: Rng) -> Array:
        """Turned images, of the same shape."""
        return rotate(images, rng.uniform(-self.degrees, self.degrees, size=len(images)))


@dataclass(frozen=True)
class Noise:
    """Add normal noise to every pixel.

    Parameters
    ----------
    scale : float
        Its standard deviation, in units of the pixels. Values may leave the range they were in.

    Raises
    ------
    ValueError
        If it is negative.

    Examples
    --------
    >>> import numpy as np
    >>> Noise(0.1)(np.zeros((1, 2)), np.random.default_rng(1)).round(3)
    array([[0.035, 0.082]])
    """

    scale: float = 0.1

    def __post_init__(self) -> None:
        real("scale", self.scale)

    def __call__(self, images: Array, rng: Rng) -> Array:
        """Noisy images, of the same shape and dtype."""
        noise = self.scale * np.asarray(rng.standard_normal(images.shape))
        return np.asarray(images + noise.astype(images.dtype))


class Augment:
    """Changes one after the other, each drawn anew for each image of each batch.

    Give it to `tg.fit(..., augment=...)`: the net then learns from images it never sees twice, while it is
    judged on the validation set as it is.

    Parameters
    ----------
    *changes : callable
        `Shift`, `Rotate`, `Noise`, or functions `change(images, rng)` of your own.
    image_shape : (n_H, n_W, n_C), optional
        Of samples that are columns: the images they hold.

    Raises
    ------
    OpError
        If a change cannot be called.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_cn import data
    >>> augment = Augment(data.Rotate(10), data.Shift(1), image_shape=(8, 8, 1))
    >>> augment(data.digits().X[:, :32], np.random.default_rng(0)).shape
    (64, 32)
    """

    def __init__(self, *changes: Change, image_shape: tuple[int, int, int] | None = None) -> None:
        for i, change in enumerate(changes):
            if not callable(change) or isinstance(change, type):
                raise OpError(f"Augment: change {i} must be a function of images and a generator; got {change!r}")
        self.changes, self.image_shape = changes, image_shape

    def __call__(self, X: Array, rng: Rng) -> Array:
        """The samples changed, in the layout they came in.

        Raises
        ------
        ShapeError
            If they are no images.
        """
        images = self._images(X)
        for change in self.changes:
            images = change(images, rng)
        return images if X.ndim == 4 else columns(images)

    def _images(self, X: Array) -> Array:
        if X.ndim == 4:
            return X
        if X.ndim != 2 or self.image_shape is None or X.shape[0] != np.prod(self.image_shape):
            raise ShapeError(
                f"{self!r} takes images (m, n_H, n_W, n_C), or columns with the pixels of its image_shape; "
                f"got {X.shape}"
            )
        return X.T.reshape(-1, *self.image_shape)

    def __repr__(self) -> str:
        about = [*map(repr, self.changes)] + [f"image_shape={self.image_shape}"] * (self.image_shape is not None)
        return f"Augment({', '.join(about)})"
