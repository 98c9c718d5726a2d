"""A loss written out by hand that is one of the known ones: the same function of A, whatever its ops.

Two analytic functions that agree at random points are the same function, so a few values decide.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd import Node, ancestors
from ..ops.op import REGISTRY, Array

KNOWN = "binary_cross_entropy categorical_cross_entropy binary_cross_entropy_with_logits cross_entropy mse".split()
PROBES = 3


def known_loss(end: Node, inside: Iterable[Node], x: Node, constants: list[Any]) -> tuple[str, Any] | None:
    """(name, target) of the loss that the nodes `inside` compute from x and a target, or None.

    An op that is not analytic, such as clip, makes it a loss of its own.
    """
    if not all(node._op is not None and node._op.analytic for node in inside):
        return None
    rng = np.random.default_rng(0)
    probes = [rng.uniform(0.1, 0.9, x._data.shape) for _ in range(PROBES)]
    values = [_replay(end, x, probe) for probe in probes]
    for target in constants:
        y = target._data if isinstance(target, Node) else np.asarray(target)
        for name in KNOWN if y.shape == x._data.shape else ():
            if np.allclose([REGISTRY[name].forward(p, y) for p in probes], values, rtol=1e-10, atol=0):
                return name, target
    return None


def _replay(end: Node, x: Node, value: Array) -> Any:
    """The value of `end` if x had this value."""
    found: dict[Node, Any] = {x: value}
    for node in ancestors(end):
        if node._op is not None and node not in found and any(a in found for a in node._inputs if isinstance(a, Node)):
            args = [found.get(a, a._data) if isinstance(a, Node) else a for a in node._inputs]
            found[node] = node._op.forward(*args, **(node._options or {}))
    return found[end]
