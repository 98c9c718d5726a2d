"""What convolution and pooling share: how padding is spelled, and which images a window fits into."""

from __future__ import annotations

from operator import index
from typing import Any

from ..errors import OpError, ShapeError
from ..ops.conv import Pad, output_size

Padding = str | int
Shape = tuple[int, ...]


def padding(pad: Padding, f: int, dilation: int = 1) -> Pad:
    """Zeros before and after: none for "valid", p on both sides for a number, "same" keeps the size at stride 1.

    "same" is p = (f − 1) / 2 on both sides; for an even f the larger half comes after.

    Raises
    ------
    ValueError
        For another word, or a number below 0.
    OpError
        For anything else.

    Examples
    --------
    >>> padding("valid", 5), padding("same", 5), padding("same", 2), padding(1, 5)
    ((0, 0), (2, 2), (0, 1), (1, 1))
    """
    if pad == "valid":
        return 0, 0
    if pad == "same":
        total = dilation * (f - 1)
        return total // 2, total - total // 2
    if isinstance(pad, str):
        raise ValueError(f'pad must be "valid", "same" or a number of zeros; got {pad!r}')
    try:
        p = index(pad)
    except TypeError:
        raise OpError(f'pad must be "valid", "same" or a number of zeros; got {pad!r}') from None
    if p < 0:
        raise ValueError(f"pad must not be negative; got {p}")
    return p, p


def places(shape: Shape, f: int, stride: int, pad: Pad, dilation: int = 1) -> tuple[int, int]:
    """n_H and n_W after a window went over images (m, n_H, n_W, n_C): floor((n + 2p − f) / s) + 1.

    Examples
    --------
    >>> places((64, 28, 28, 1), 5, 2, (0, 0))
    (12, 12)
    """
    height, width = (output_size(n, f, stride, pad, dilation) for n in shape[1:3])
    return height, width


def require_images(layer: str, shape: Shape, channels: int | None = None) -> None:
    """Refuse what is not (m, n_H, n_W, n_C), with a hint to what it may be.

    Raises
    ------
    ShapeError
        Naming the layer, what came, and what was expected.

    Examples
    --------
    >>> require_images("MaxPool2D(2)", (64, 28, 28, 6))
    """
    wanted = f"(m, n_H, n_W, {'n_C' if channels is None else channels})"
    if len(shape) != 4:
        hint = " Columns become images with X.T.reshape(m, n_H, n_W, n_C)." if len(shape) == 2 else ""
        raise ShapeError(f"{layer} takes images {wanted}, four axes; got {shape}.{hint}")
    if channels is not None and shape[3] != channels:
        hint = " Channels are the last axis: np.transpose(X, (0, 2, 3, 1))." if shape[1] == channels else ""
        raise ShapeError(f"{layer} takes images {wanted}; got {shape}, with {shape[3]} channels.{hint}")


def require_fit(layer: str, shape: Shape, f: int, pad: Pad, dilation: int = 1) -> None:
    """Refuse images that are smaller than the window.

    Raises
    ------
    ShapeError
        Naming the layer and both sizes.

    Examples
    --------
    >>> require_fit("MaxPool2D(2)", (64, 28, 28, 6), 2, (0, 0))
    """
    reach = dilation * (f - 1) + 1
    if min(shape[1:3]) + sum(pad) < reach:
        border = f", {sum(pad)} more with padding" if any(pad) else ""
        raise ShapeError(f"{layer}: a window of {reach} × {reach} does not fit into {shape[1]} × {shape[2]}{border}")


def described(*about: Any, **options: Any) -> str:
    """Arguments as `repr` shows them, without options that are None.

    Examples
    --------
    >>> described(1, 6, 5, stride=2, pad=None)
    '1, 6, 5, stride=2'
    """
    return ", ".join([*map(repr, about), *(f"{k}={v!r}" for k, v in options.items() if v is not None)])
