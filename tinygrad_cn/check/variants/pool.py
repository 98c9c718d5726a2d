"""Wrong gradients of pooling, and of images laid flat."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...chain.layers import Piece
from ...ops.op import Array
from ...ops.pool import OVERLAP2D, WINDOWS2D
from .model import Rule, Scope, Variant, View
from .window import cropped, padded, places

Share = Callable[[Array], Array]


def of_pool(piece: Piece, view: View) -> Iterator[Variant]:
    """Windows of f × f, or one as large as the image."""
    if piece.label.startswith("global"):
        yield from _whole_image(piece, view)
        return
    pool, d = _Pool(piece, view), view.d(piece.out)
    yield from pool.shares(d)
    yield from pool.windows(d)


class _Pool:
    """The windows of one pooling step."""

    def __init__(self, piece: Piece, view: View) -> None:
        options: dict[str, Any] = {"pad": (0, 0)} | (piece.out._options or {})
        self.f, self.stride, self.pad = options["f"], options["stride"], options["pad"]
        self.piece, self.view, self.x = piece, view, piece.operands[0]
        self.largest = "max" in piece.label

    def shares(self, d: str) -> Iterator[Variant]:
        """Who of a window gets how much."""
        name, count = self.view.name(self.x), self.f**2
        mask = f"1{{{name} = {self.view.name(self.piece.out)}}}"
        if self.largest:
            yield Variant("wrong_pooling", f"overlap({d} / {count})", self._even(count))
            yield Variant("wrong_pooling", f"overlap({d})", self._even(1))
            yield Variant("tied_maximum", f"overlap({d} ⊙ {mask}), whole to each of several", self._masked(_each))
            yield Variant("tied_maximum", f"overlap({d} ⊙ {mask}), whole to the first of several", self._masked(_first))
            return
        yield Variant("missing_1_over_window", f"overlap({d})", self._even(1))
        yield Variant("missing_1_over_window", f"overlap({d} / {self.f})", self._even(self.f), 2)
        yield Variant("wrong_pooling", f"overlap({d} ⊙ 1{{the largest of {name}}})", self._masked(_each))
        yield Variant("wrong_pooling", f"overlap({d} ⊙ 1{{the largest of {name}}})", self._masked(_first))

    def windows(self, d: str) -> Iterator[Variant]:
        """Windows in the wrong place, written over, or with their border."""
        right = self.view.right(self.view.d(self.x))
        for share in (_shared, _whole) if self.largest else (_mean,):
            if self.stride < self.f:
                text = f"{right}, with = in place of +="
                yield Variant("overwritten", text, self._looped(share, self.stride, assigned=True), 2)
            if self.stride > 1:
                yield Variant("wrong_window", f"{right} with stride 1", self._looped(share, 1, assigned=False), 2)
            if any(self.pad):
                yield Variant("padding", f"{right} with its border", self._with_border(share), shape=())

    def _even(self, count: int) -> Rule:
        return lambda s, g: self._together(np.broadcast_to(g / count, (self.f**2, *g.shape)))

    def _masked(self, mask: Any) -> Rule:
        return lambda s, g: self._together(g * mask(self._read(s)))

    def _read(self, s: Scope) -> Array:
        fill = -np.inf if self.largest else 0.0
        return np.asarray(WINDOWS2D.forward(s.v(self.x), f=self.f, stride=self.stride, pad=self.pad, fill=fill))

    def _together(self, parts: Array) -> Array:
        size = self.view.shape(self.x)[1:3]
        return np.asarray(OVERLAP2D.forward(parts, size=size, f=self.f, stride=self.stride, pad=self.pad))

    def _with_border(self, share: Share) -> Rule:
        return lambda s, g: self._spread(s, g, share, self.stride, assigned=False)

    def _looped(self, share: Share, stride: int, assigned: bool) -> Rule:
        return lambda s, g: cropped(self._spread(s, g, share, stride, assigned), self.pad)

    def _spread(self, s: Scope, g: Array, share: Share, stride: int, assigned: bool) -> Array:
        """Place by place as in the notes, each added to what is there, or put in its place."""
        x = padded(s.v(self.x), self.pad, -np.inf if self.largest else 0.0)
        found = np.zeros(x.shape, g.dtype)
        for h, w, at in places(g.shape[1:3], (self.f, self.f), stride):
            part = g[:, h : h + 1, w : w + 1] * share(x[at])
            found[at] = part if assigned else found[at] + part
        return found


# ---- who of a window (m, f, f, n_C) gets how much ---------------------------------------------------


def _whole(window: Array) -> Array:
    return np.asarray(window == window.max(axis=(1, 2), keepdims=True))


def _shared(window: Array) -> Array:
    """Several largest share it, as the right gradient has it."""
    return np.asarray(_whole(window) / _whole(window).sum(axis=(1, 2), keepdims=True))


def _mean(window: Array) -> Array:
    return np.full(window.shape, 1 / (window.shape[1] * window.shape[2]))


# ---- the same of windows (f · f, …) -----------------------------------------------------------------


def _each(parts: Array) -> Array:
    return np.asarray(parts == parts.max(axis=0))


def _first(parts: Array) -> Array:
    return np.asarray(np.arange(len(parts)).reshape(-1, *[1] * (parts.ndim - 1)) == parts.argmax(axis=0))


def _whole_image(piece: Piece, view: View) -> Iterator[Variant]:
    x, d = piece.operands[0], view.d(piece.out)
    shape, name = view.shape(x), view.name(x)
    even: Rule = lambda s, g: np.broadcast_to(g, shape)  # noqa: E731
    mask: Rule = lambda s, g: g * (s.v(x) == s.v(x).max(axis=(1, 2), keepdims=True))  # noqa: E731
    count = shape[1] * shape[2]
    if "max" in piece.label:
        yield Variant("wrong_pooling", f"{d} / {count}", lambda s, g: np.broadcast_to(g / count, shape))
        yield Variant("wrong_pooling", d, even)
        yield Variant("tied_maximum", f"{d} ⊙ 1{{{name} = {view.name(piece.out)}}}, whole to each of several", mask)
        return
    yield Variant("missing_1_over_window", d, even)
    yield Variant("wrong_pooling", f"{d} ⊙ 1{{the largest of {name}}}", mask)


def of_flatten(piece: Piece, view: View) -> Iterator[Variant]:
    """Columns put back into images in another order."""
    m, height, width, channels = shape = view.shape(piece.operands[0])
    d = view.d(piece.out)
    yield Variant("flatten_order", f"{d}.reshape{shape}", lambda s, g: g.reshape(shape))
    yield Variant("flatten_order", f"{d}.T.reshape{shape}, order F", lambda s, g: g.T.reshape(shape, order="F"))
    first: Rule = lambda s, g: g.T.reshape(m, channels, height, width).transpose(0, 2, 3, 1)  # noqa: E731
    yield Variant("flatten_order", f"{d}.T.reshape({m}, {channels}, {height}, {width}), channels first", first)
    turned: Rule = lambda s, g: g.T.reshape(m, width, height, channels).swapaxes(1, 2)  # noqa: E731
    yield Variant("flatten_order", f"{d}.T.reshape({m}, {width}, {height}, {channels}), columns first", turned)
