"""The NumPy protocol: what `np.exp(x)` or `np.concatenate([x, y])` do when an argument is a Tensor.

The table `NUMPY` says, for each NumPy function, which op record implements it, which function made of
recorded calls, or that it has no gradient and runs on the plain arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .autograd import Node
from .errors import OpError
from .ops.op import NUMPY, PLAIN, Op
from .record import call


def dispatch(key: Any, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """What a NumPy function does when one of its arguments is a Tensor."""
    handler = NUMPY.get(key)
    if handler is None:
        raise OpError(f"{name} does not record gradients; call it on x.numpy() if none should flow through it")
    if handler is PLAIN:
        function = getattr(*key) if isinstance(key, tuple) else key
        return function(*map(strip, args), **{k: strip(v) for k, v in kwargs.items()})
    if isinstance(handler, Op):
        inputs, options = handler.bind(args, kwargs)
        return call(handler, tuple(inputs), options)
    return handler(*args, **kwargs)


def strip(value: Any) -> Any:
    """The plain arrays inside a value, inside lists and tuples too."""
    if isinstance(value, (list, tuple)):
        return type(value)(map(strip, value))
    return value._data if isinstance(value, Node) else value
