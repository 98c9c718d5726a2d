"""Gradients that a backward function takes: dZ of `linear_backward(dZ, cache)`, da of `rnn_backward(da, caches)`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np

from ..chain import Chain
from ..ops.op import Array
from .hand import known_name
from .outside import numbered
from .rounding import Gradients, Worlds


class Upstream:
    """The true gradients of a chain, in its convention, for functions that start from one of them."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain

    def named(self, names: Iterable[str]) -> dict[str, Array]:
        """Those of the names that are gradients; da (n_a, m, T) is what comes to each a⟨t⟩ but through time."""
        found = {name: self._gradient(name) for name in names if name.startswith("d")}
        return {name: g for name, g in found.items() if g is not None}

    @cached_property
    def _gradients(self) -> Gradients:
        return Gradients(Worlds(self._chain, float(np.finfo(self._chain.root._data.dtype).eps)))

    def _gradient(self, name: str) -> Array | None:
        values = self._chain.reader.values
        known = known_name(self._chain, numbered(self._chain, name))
        if known is not None:
            return self._gradients[id(values[known[1:]])].plain
        steps = [values[key] for t in range(1, len(values)) if (key := f"{name[1:]}⟨{t}⟩") in values]
        return np.stack([self._from_above(x) for x in steps], axis=2) if len(steps) > 1 else None

    def _from_above(self, x: Any) -> Array:
        """What flows to x through pieces of other cells than its own."""
        reader, world = self._chain.reader, self._gradients.worlds.all[0]
        own = next((m.cell for p, m in reader.moments.items() if p.out is x), None)
        pieces = dict.fromkeys(piece for piece, _ in reader.consumers[id(x)])
        others = [p for p in pieces if p not in reader.moments or reader.moments[p].cell is not own]
        parts = [world.through(p, x, self._gradients[id(p.out)].plain) for p in others]
        return np.asarray(sum(parts, np.zeros(np.shape(x))))
