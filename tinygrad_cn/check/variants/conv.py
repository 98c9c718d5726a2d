"""Wrong dW, db and dA_prev of a convolution Z = A_prev * W + b."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...chain.layers import Piece
from ...ops.conv import CONV2D, CONV2D_FILTER, CONV2D_INPUT
from ...ops.op import Array
from ..cause import Code
from .model import Rule, Scope, Span, Variant, View, gradient_of, needs, upstream, value_of
from .sums import Source, gradients_alike, of_sum
from .window import cropped, padded, places

LARGEST = 4096  # places a loop goes over; more would take too long


def of_conv(piece: Piece, x: Any, view: View) -> Iterator[Variant | Span]:
    """By operand: the filters, the images, the bias."""
    w, a, _ = piece.roles
    if x is a:
        yield from _Images(piece, view).variants()
    elif x is w:
        yield from _Filters(piece, view).variants()
    else:
        yield from of_sum(piece, view)


class _Moving:
    """What the filters of a convolution do, and what is known of it."""

    def __init__(self, piece: Piece, view: View) -> None:
        self.piece, self.view = piece, view
        self.w, self.a, _ = piece.roles
        self.options: dict[str, Any] = {"stride": 1, "pad": (0, 0), "dilation": 1, "groups": 1} | (
            piece.out._options or {}
        )
        self.f = view.shape(self.w)[:2]
        self.places = view.shape(piece.out)[1:3]
        self.d = view.d(piece.out)

    def alike(self, right: Any, others: list[Any]) -> list[Source]:
        """The right value, and others of its shape that lie about."""
        view = self.view
        same = [y for y in others if y is not right and view.shape(y) == view.shape(right)]
        other: tuple[Code, ...] = ("wrong_layer_cache",)
        return [((), view.name(right), value_of(right)), *((other, view.name(y), value_of(y)) for y in same)]


class _Filters(_Moving):
    """dW = (1/m) A_prev * dZ."""

    def variants(self) -> Iterator[Variant]:
        name, scale = self.view.name(self.a), self.view.world.scale(self.piece.out)
        over_m = "" if scale == 1.0 else "(1/m) "
        for g_codes, g_name, G in gradients_alike(self.piece, self.view):
            for a_codes, a_name, A in self.alike(self.a, self.view.caches()):
                codes = (*g_codes, *a_codes)
                if codes:
                    yield Variant(codes[0], f"{over_m}{a_name} * {g_name}", self._product(A, G), len(codes))
        right = f"{over_m}{name} * {self.d}"
        yield Variant("flip", f"rot180({right})", lambda s, g: self._made(s.v(self.a), g)[::-1, ::-1])
        count = int(np.prod(self.places))
        yield Variant(
            "mean_instead_of_sum", f"({right}) / (n_H n_W)", lambda s, g: self._made(s.v(self.a), g) / count, 2
        )
        for k in dict.fromkeys((self.view.shape(self.a)[0] - 1, 0)):
            yield Variant(
                "missing_sum_over_samples", f"{right} of sample {k + 1} alone", self._part(slice(k, k + 1)), 2
            )
        yield Variant("overwritten", f"{right} of the last place alone", self._part(slice(None), last=True), 2)
        yield Variant(
            "overwritten", f"{right} of the last place of the last sample", self._part(slice(-1, None), last=True), 2
        )
        if self.options["groups"] == 1 and self.options["stride"] > 1:
            yield Variant("wrong_window", f"{right} with stride 1", self._unmoved, 2)

    def _made(self, A: Array, G: Array) -> Array:
        return np.asarray(CONV2D_FILTER.forward(A, G, f=self.f, **self.options) / self.view.world.scale(self.piece.out))

    def _product(self, A: Rule, G: Rule) -> Rule:
        return lambda s, g: self._made(A(s, g), G(s, g))

    def _part(self, samples: slice, last: bool = False) -> Rule:
        """Some samples alone, or of them the last place alone."""
        return lambda s, g: self._made(s.v(self.a)[samples], (_last_place(g) if last else g)[samples])

    def _unmoved(self, s: Scope, g: Array) -> Array:
        x = padded(s.v(self.a), self.options["pad"])
        steps = places(self.places, self.f, 1, self.options["dilation"])
        parts = (np.tensordot(x[at], g[:, h, w], axes=(0, 0)) for h, w, at in steps)
        return np.asarray(sum(parts) / self.view.world.scale(self.piece.out))


def _last_place(g: Array) -> Array:
    """g at the last place, and 0 elsewhere."""
    last = np.zeros_like(g)
    last[:, -1, -1] = g[:, -1, -1]
    return last


class _Images(_Moving):
    """dA_prev = Wᵀ * dZ, the full convolution."""

    def __init__(self, piece: Piece, view: View) -> None:
        super().__init__(piece, view)
        self.size = view.shape(self.a)[1:3]
        self.pad = self.options["pad"]
        self.per = view.world.scale(self.a) / view.world.scale(piece.out)

    def variants(self) -> Iterator[Variant | Span]:
        name = self.view.name(self.w)
        right = f"{name}ᵀ * {self.d}"
        for g_codes, g_name, G in gradients_alike(self.piece, self.view):
            for w_codes, w_name, W in (*self.alike(self.w, self.view.weights()), *self._grown()):
                codes = (*g_codes, *w_codes)
                if codes:
                    yield Variant(codes[0], f"{w_name}ᵀ * {g_name}", self._product(W, G), len(codes))
        yield Variant("flip", f"rot180({name})ᵀ * {self.d}", lambda s, g: self._made(g, s.v(self.w)[::-1, ::-1]))
        if any(self.pad):
            yield from self._bordered(right)
        if self.options["groups"] == 1:
            yield from self._one_group(name, right)
        if needs(self.w):
            step = self._product(gradient_of(self.w), upstream)
            yield Span(
                "updated_weights", (f"{self.view.d(self.w)}ᵀ * {self.d}",), lambda s, g: (step(s, g),), added=True
            )

    def _grown(self) -> list[Source]:
        """dW known by now: somebody may have taken it for W."""
        if not (needs(self.w) and id(self.w) in self.view.own.fixed):
            return []
        return [(("wrong_layer_cache",), self.view.d(self.w), gradient_of(self.w))]

    def _bordered(self, right: str) -> Iterator[Variant]:
        yield Variant("padding", f"{right} with its border", self._whole, shape=())
        for start in sorted({0, sum(self.pad)} - {self.pad[0]}):
            text = f"({right} with its border)[:, {start}:{start + self.size[0]}, {start}:{start + self.size[1]}]"
            yield Variant("padding", text, self._cut(start))

    def _one_group(self, name: str, right: str) -> Iterator[Variant]:
        n_C_prev, n_C = self.view.shape(self.w)[2:]
        if n_C_prev == n_C:
            swapped: Rule = lambda s, g: self._made(g, s.v(self.w).swapaxes(2, 3))  # noqa: E731
            yield Variant("transposed", f"{right} with the channels of {name} exchanged", swapped)
        if all(n >= f for n, f in zip(self.places, self.f, strict=True)):
            yield Variant("valid_for_full", f"{name}ᵀ * {self.d}, valid", self._valid(-1), shape=())
            yield Variant("valid_for_full", f"rot180({name})ᵀ * {self.d}, valid", self._valid(1), shape=())
        if np.prod(self.places) <= LARGEST:
            stride = self.options["stride"]
            yield Variant("overwritten", f"{right}, with = in place of +=", self._looped(stride, assigned=True), 2)
            last = self._looped(stride, assigned=True, filters=slice(-1, None))
            yield Variant("overwritten", f"{right} of the last filter, with = in place of +=", last, 2)
            if stride > 1:
                yield Variant("wrong_window", f"{right} with stride 1", self._looped(1, assigned=False), 2)

    def _made(self, G: Array, W: Array, **changed: Any) -> Array:
        return np.asarray(CONV2D_INPUT.forward(G, W, **{"size": self.size, **self.options, **changed}) * self.per)

    def _product(self, W: Rule, G: Rule) -> Rule:
        return lambda s, g: self._made(G(s, g), W(s, g))

    def _whole(self, s: Scope, g: Array) -> Array:
        """With the border that the padding had made."""
        size = tuple(n + sum(self.pad) for n in self.size)
        return self._made(g, s.v(self.w), size=size, pad=(0, 0))

    def _cut(self, start: int) -> Rule:
        return lambda s, g: cropped(self._whole(s, g), self.pad, start)

    def _valid(self, step: int) -> Rule:
        """A plain convolution of dZ with the filters, turned by 180° for step −1."""

        def make(s: Scope, g: Array) -> Array:
            filters = np.ascontiguousarray(s.v(self.w)[::step, ::step].swapaxes(2, 3))
            return np.asarray(CONV2D.forward(g, filters, None) * self.per)

        return make

    def _looped(self, stride: int, assigned: bool, filters: slice = slice(None)) -> Rule:
        """Place by place as in the notes, each added to what is there, or put in its place."""

        def make(s: Scope, g: Array) -> Array:
            W, g = s.v(self.w)[..., filters], g[..., filters]
            x = np.zeros((len(g), *(n + sum(self.pad) for n in self.size), W.shape[2]), g.dtype)
            for h, w, at in places(self.places, self.f, stride, self.options["dilation"]):
                part = np.tensordot(g[:, h, w], W, axes=(1, 3))
                x[at] = part if assigned else x[at] + part
            return cropped(x, self.pad) * self.per

        return make
