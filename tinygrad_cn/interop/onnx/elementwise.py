"""Rows of ops that work entry by entry: the ONNX operator of the same meaning, or a few of them."""

from __future__ import annotations

import math

import numpy as np

from ...ops.activation import TANH_CUBIC, TANH_SCALE
from .row import Row, attribute, scaled
from .site import Site

SQRT_HALF = math.sqrt(0.5)


def _square(site: Site) -> str:
    return site.graph.add("Mul", site[0], site[0])


def _expm1(site: Site) -> str:
    return site.graph.add("Sub", site.graph.add("Exp", site[0]), site.graph.number(1))


def _log1p(site: Site) -> str:
    return site.graph.add("Log", site.graph.add("Add", site[0], site.graph.number(1)))


def _exp2(site: Site) -> str:
    return site.graph.add("Pow", site.graph.number(2), site[0])


def _log_to(base: float) -> Row:
    def row(site: Site) -> str:
        return site.graph.add("Div", site.graph.add("Log", site[0]), site.graph.number(math.log(base)))

    return row


def _cbrt(site: Site) -> str:
    g, x = site.graph, site[0]
    return g.add("Mul", g.add("Sign", x), g.add("Pow", g.add("Abs", x), g.number(1 / 3)))


def _trunc(site: Site) -> str:
    g, x = site.graph, site[0]
    return g.add("Mul", g.add("Sign", x), g.add("Floor", g.add("Abs", x)))


def _logaddexp(site: Site) -> str:
    """The larger, and log(1 + exp(−|a − b|))."""
    g, a, b = site.graph, site[0], site[1]
    apart = g.add("Neg", g.add("Abs", g.add("Sub", a, b)))
    return g.add("Add", g.add("Max", a, b), g.add("Softplus", apart))


def _hypot(site: Site) -> str:
    return site.graph.add("Sqrt", site.graph.add("Add", *(site.graph.add("Mul", x, x) for x in site)))


def _floor_divide(site: Site) -> str:
    return site.graph.add("Floor", site.graph.add("Div", *site))


def _remainder(site: Site) -> str:
    """a − floor(a / b) b, which has the sign of b."""
    g, b = site.graph, site[1]
    return g.add("Sub", site[0], g.add("Mul", _floor_divide(site), b))


def _clip(site: Site) -> str:
    g, y = site.graph, site[0]
    for i, kind in ((1, "Max"), (2, "Min")):
        y = g.add(kind, y, site[i]) if site.has(i) else y
    return y


def _where(site: Site) -> str:
    return site.graph.add("Where", site.as_type(0, np.dtype(bool)), site[1], site[2])


# ---- activations ------------------------------------------------------------------------------------


def _normal_cdf(site: Site) -> str:
    """Φ(x) = ½ (1 + erf(x / √2))."""
    g = site.graph
    erf = g.add("Erf", g.add("Mul", site[0], g.number(SQRT_HALF)))
    return g.add("Mul", g.add("Add", erf, g.number(1)), g.number(0.5))


def _gelu(site: Site) -> str:
    return site.graph.add("Mul", site[0], _normal_cdf(site))


def _gelu_tanh(site: Site) -> str:
    g, x = site.graph, site[0]
    cubic = g.add("Add", g.number(1), g.add("Mul", g.number(TANH_CUBIC), g.add("Mul", x, x)))
    t = g.add("Tanh", g.add("Mul", g.add("Mul", x, g.number(TANH_SCALE)), cubic))
    return g.add("Mul", g.add("Mul", x, g.number(0.5)), g.add("Add", t, g.number(1)))


def _leaky_relu(site: Site) -> str:
    return site.graph.add("PRelu", site[0], site.graph.number(site.option("slope", 0.01)))


def _elu(site: Site) -> str:
    """Attributes are float32, so another alpha than 1 is a constant beside the operator."""
    g, alpha = site.graph, site.option("alpha", 1.0)
    if alpha == 1:
        return g.add("Elu", site[0])
    zero = g.number(0)
    below = g.add("Mul", g.number(alpha), g.add("Elu", g.add("Min", site[0], zero)))
    return g.add("Add", g.add("Max", site[0], zero), below)


def _silu(site: Site) -> str:
    return site.graph.add("Mul", site[0], site.graph.add("Sigmoid", site[0]))


ELEMENTWISE: dict[str, Row | str] = {
    "add": "Add", "subtract": "Sub", "multiply": "Mul", "divide": "Div", "power": "Pow", "float_power": "Pow",
    "negative": "Neg", "positive": "Identity", "absolute": "Abs", "fabs": "Abs", "sign": "Sign", "sqrt": "Sqrt",
    "reciprocal": "Reciprocal", "exp": "Exp", "log": "Log", "floor": "Floor", "ceil": "Ceil", "rint": "Round",
    "sin": "Sin", "cos": "Cos", "tan": "Tan", "arcsin": "Asin", "arccos": "Acos", "arctan": "Atan",
    "sinh": "Sinh", "cosh": "Cosh", "tanh": "Tanh", "arcsinh": "Asinh", "arccosh": "Acosh", "arctanh": "Atanh",
    "maximum": "Max", "minimum": "Min", "sigmoid": "Sigmoid", "softplus": "Softplus", "relu": "Relu",
    "square": _square, "expm1": _expm1, "exp2": _exp2, "log1p": _log1p, "log2": _log_to(2), "log10": _log_to(10),
    "cbrt": _cbrt, "trunc": _trunc, "logaddexp": _logaddexp, "hypot": _hypot, "clip": _clip, "where": _where,
    "floor_divide": _floor_divide, "remainder": _remainder,
    "deg2rad": scaled(math.pi / 180), "radians": scaled(math.pi / 180),
    "rad2deg": scaled(180 / math.pi), "degrees": scaled(180 / math.pi),
    "leaky_relu": _leaky_relu, "elu": _elu, "silu": _silu, "gelu": _gelu, "gelu_tanh": _gelu_tanh,
    "normal_cdf": _normal_cdf,
    "softmax": attribute("Softmax", axis=("axis", 0)), "log_softmax": attribute("LogSoftmax", axis=("axis", 0)),
}  # fmt: skip
