"""How the program writes ops on images: as calls of the functions in `image_helpers.py`.

Filters that see one group of channels each are written `by_group(conv, X, W1, groups=2)`; an option that has
its default is not written.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ...ops.conv import CONV2D, CONV2D_FILTER, CONV2D_INPUT
from ...ops.op import Op
from ...ops.pool import AVG_POOL2D, MAX_POOL2D
from .symbols import plain

Row = Callable[..., Any]
DEFAULTS = {"stride": 1, "pad": (0, 0), "dilation": 1}


def _call(name: str, value: Any, *inputs: Any, groups: int = 1, **options: Any) -> Any:
    """A call of one of the functions, for each group of channels if there are several."""
    tracer = inputs[0].tracer
    written = {k: v for k, v in options.items() if v != DEFAULTS.get(k)}
    if groups == 1:
        return tracer.helper(name, value, inputs, written)
    return tracer.helper("by_group", value, (tracer.function(name), *inputs), {"groups": groups, **written})


def _conv(x: Any, w: Any, b: Any, **options: Any) -> Any:
    z = _call("conv", CONV2D.forward(*plain((x, w)), None, **options), x, w, **options)
    return z if b is None else z + b


def _conv_dA(g: Any, w: Any, **options: Any) -> Any:
    return _call("conv_dA", CONV2D_INPUT.forward(*plain((g, w)), **plain(options)), g, w, **options)


def _conv_dW(x: Any, g: Any, **options: Any) -> Any:
    """The record takes the images first; in the program dZ comes first in every backward function."""
    return _call("conv_dW", CONV2D_FILTER.forward(*plain((x, g)), **plain(options)), g, x, **options)


def _pool(name: str, op: Op, x: Any, **options: Any) -> Any:
    return _call(name, op.forward(plain(x), **options), x, **options)


def _max_pool_vjp(i: int, g: Any, y: Any, x: Any, **options: Any) -> Any:
    return _call("max_pool_dA", MAX_POOL2D.gradient(0, plain(g), plain(y), [plain(x)], options), g, x, y, **options)


def _avg_pool_vjp(i: int, g: Any, y: Any, x: Any, **options: Any) -> Any:
    value = AVG_POOL2D.gradient(0, plain(g), plain(y), [plain(x)], options)
    return _call("avg_pool_dA", value, g, size=x.shape[1:3], **options)


IMAGE_OPS: dict[str, Row] = {
    "conv2d": _conv,
    "conv2d_input": _conv_dA,
    "conv2d_filter": _conv_dW,
    "max_pool2d": partial(_pool, "max_pool", MAX_POOL2D),
    "avg_pool2d": partial(_pool, "avg_pool", AVG_POOL2D),
}
IMAGE_VJPS: dict[str, Row] = {"max_pool2d": _max_pool_vjp, "avg_pool2d": _avg_pool_vjp}
