"""Run a recorded graph again with other values at its leaves, also complex ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..autograd import Node, ancestors


def is_analytic(root: Node) -> bool:
    """True if every recorded op also runs on complex numbers and is analytic there."""
    return all(node._op is None or node._op.analytic for node in ancestors(root))


def replay(root: Node, values: Mapping[Node, Any]) -> Any:
    """The value of `root` if the nodes of `values` had these values; only what depends on them is computed again."""
    found: dict[Node, Any] = dict(values)
    for node in ancestors(root):
        if node in found or not any(isinstance(x, Node) and x in found for x in node._inputs):
            continue
        args = [found.get(x, x._data) if isinstance(x, Node) else x for x in node._inputs]
        assert node._op is not None
        found[node] = node._op.forward(*args, **(node._options or {}))
    return found.get(root, root._data)
