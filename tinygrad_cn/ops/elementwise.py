"""Elementwise ops: every NumPy ufunc that has a derivative on the reals.

One row per op: name, ufunc, vjps, local gradients, and where to sample. Formulas are in g (the
gradient at the output), y (the output) and the inputs x, or a and b. Derivatives: any calculus
text; for the special cases see the note of the row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .op import REAL, Domain, Op, away_from, distinct, interval, register

LOG2 = float(np.log(2.0))
LOG10 = float(np.log(10.0))
DEGREE = float(np.pi / 180)
POSITIVE_DOMAIN = interval(0.3, 2.5)
UNIT = interval(-0.9, 0.9)
Rule = Callable[..., Any]


def unary(
    name: str, f: np.ufunc, rule: Rule, formula: str, domain: Domain = REAL, *, text: str = "", analytic: bool = True,
    note: str = "",
) -> Op:  # fmt: skip
    """One input x; `rule(g, y, x)`."""
    record = Op(name, f, (rule,), (formula,), text=text, domain=domain, broadcasts=True, analytic=analytic, note=note)
    return register(record, f)


def binary(
    name: str, f: np.ufunc, rules: tuple[Rule | None, Rule | None], formulas: tuple[str, str],
    domain: Domain | tuple[Domain, Domain] = REAL, *, text: str = "", analytic: bool = True, note: str = "",
) -> Op:  # fmt: skip
    """Two inputs a and b that broadcast; one rule each."""
    record = Op(name, f, rules, formulas, text=text, domain=domain, broadcasts=True, analytic=analytic, note=note)
    return register(record, f)


def zero(g: Any, y: Any, *inputs: Any) -> Any:
    """Piecewise constant: the derivative is 0 where it exists."""
    return g * 0.0


# ---- arithmetic -------------------------------------------------------------------------------------

ADD = binary("add", np.add, (lambda g, y, a, b: g, lambda g, y, a, b: g), ("g", "g"), text="a + b")
SUBTRACT = binary("subtract", np.subtract, (lambda g, y, a, b: g, lambda g, y, a, b: -g), ("g", "−g"), text="a − b")
MULTIPLY = binary(
    "multiply", np.multiply, (lambda g, y, a, b: g * b, lambda g, y, a, b: g * a), ("g ⊙ b", "g ⊙ a"), text="a ⊙ b"
)
DIVIDE = binary(
    "divide", np.divide, (lambda g, y, a, b: g / b, lambda g, y, a, b: -g * y / b), ("g / b", "−g ⊙ y / b"),
    (REAL, POSITIVE_DOMAIN), text="a / b",
)  # fmt: skip


def _power_base(g: Any, y: Any, a: Any, b: Any) -> Any:
    """b a^(b−1), written so that b = 0 gives 0 also at a = 0."""
    return g * b * a ** np.where(b == 0, 1.0, b - 1)


def _power_exponent(g: Any, y: Any, a: Any, b: Any) -> Any:
    """a^b log a; 0 at a = 0, the limit for b > 0."""
    return g * y * np.log(np.where(a == 0, 1.0, a))


POWER = binary(
    "power", np.power, (_power_base, _power_exponent), ("g ⊙ b ⊙ a^(b − 1)", "g ⊙ y ⊙ log a"),
    (POSITIVE_DOMAIN, REAL), text="a^b",
    note="The gradient of b is NaN where a < 0: a^b is real there only at whole b.",
)  # fmt: skip
FLOAT_POWER = register(
    Op("float_power", np.float_power, (_power_base, _power_exponent), POWER.formula, text="a^b",
       domain=(POSITIVE_DOMAIN, REAL), broadcasts=True, analytic=True),
    np.float_power,
)  # fmt: skip
REMAINDER = binary(
    "remainder", np.remainder, (lambda g, y, a, b: g, lambda g, y, a, b: -g * np.floor(a / b)),
    ("g", "−g ⊙ floor(a / b)"), (interval(0.1, 0.6), interval(0.7, 1.9)), text="a mod b", analytic=False,
    note="Jumps where a is a multiple of b.",
)  # fmt: skip
FMOD = binary(
    "fmod", np.fmod, (lambda g, y, a, b: g, lambda g, y, a, b: -g * np.trunc(a / b)),
    ("g", "−g ⊙ trunc(a / b)"), (interval(0.1, 0.6), interval(0.7, 1.9)), text="fmod(a, b)", analytic=False,
    note="Jumps where a is a multiple of b.",
)  # fmt: skip
FLOOR_DIVIDE = binary(
    "floor_divide", np.floor_divide, (zero, zero), ("0", "0"), (interval(0.1, 0.6), interval(0.7, 1.9)),
    text="floor(a / b)", analytic=False, note="Piecewise constant.",
)  # fmt: skip
NEGATIVE = unary("negative", np.negative, lambda g, y, x: -g, "−g", text="−x")
POSITIVE = unary("positive", np.positive, lambda g, y, x: g, "g", text="x")
SQUARE = unary("square", np.square, lambda g, y, x: g * 2 * x, "g ⊙ 2x", text="x²")
SQRT = unary("sqrt", np.sqrt, lambda g, y, x: g * 0.5 / y, "g / (2y)", POSITIVE_DOMAIN, text="√(x)")
CBRT = unary("cbrt", np.cbrt, lambda g, y, x: g / (3 * y * y), "g / (3y²)", POSITIVE_DOMAIN, analytic=False)
RECIPROCAL = unary("reciprocal", np.reciprocal, lambda g, y, x: -g * y * y, "−g ⊙ y²", POSITIVE_DOMAIN, text="1 / x")
ABSOLUTE = unary(
    "absolute", np.absolute, lambda g, y, x: g * np.sign(x), "g ⊙ sign(x)", away_from(0.0), text="|x|", analytic=False,
    note="At 0 the gradient is taken as 0.",
)  # fmt: skip
FABS = unary(
    "fabs", np.fabs, lambda g, y, x: g * np.sign(x), "g ⊙ sign(x)", away_from(0.0), text="|x|", analytic=False,
    note="At 0 the gradient is taken as 0.",
)  # fmt: skip

# ---- exponentials and logarithms --------------------------------------------------------------------

EXP = unary("exp", np.exp, lambda g, y, x: g * y, "g ⊙ y")
EXP2 = unary("exp2", np.exp2, lambda g, y, x: g * y * LOG2, "g ⊙ y · log 2", text="2^x")
EXPM1 = unary("expm1", np.expm1, lambda g, y, x: g * (y + 1), "g ⊙ (y + 1)", text="exp(x) − 1")
LOG = unary("log", np.log, lambda g, y, x: g / x, "g / x", POSITIVE_DOMAIN, text="log(x)")
LOG2_OP = unary("log2", np.log2, lambda g, y, x: g / (x * LOG2), "g / (x · log 2)", POSITIVE_DOMAIN, analytic=False)
LOG10_OP = unary("log10", np.log10, lambda g, y, x: g / (x * LOG10), "g / (x · log 10)", POSITIVE_DOMAIN)
LOG1P = unary("log1p", np.log1p, lambda g, y, x: g / (1 + x), "g / (1 + x)", interval(-0.6, 2.0), text="log(1 + x)")
LOGADDEXP = binary(
    "logaddexp", np.logaddexp, (lambda g, y, a, b: g * np.exp(a - y), lambda g, y, a, b: g * np.exp(b - y)),
    ("g ⊙ exp(a − y)", "g ⊙ exp(b − y)"), text="log(exp(a) + exp(b))", analytic=False,
)  # fmt: skip
LOGADDEXP2 = binary(
    "logaddexp2", np.logaddexp2, (lambda g, y, a, b: g * np.exp2(a - y), lambda g, y, a, b: g * np.exp2(b - y)),
    ("g ⊙ 2^(a − y)", "g ⊙ 2^(b − y)"), text="log2(2^a + 2^b)", analytic=False,
)  # fmt: skip

# ---- trigonometry -----------------------------------------------------------------------------------

SIN = unary("sin", np.sin, lambda g, y, x: g * np.cos(x), "g ⊙ cos(x)")
COS = unary("cos", np.cos, lambda g, y, x: -g * np.sin(x), "−g ⊙ sin(x)")
TAN = unary("tan", np.tan, lambda g, y, x: g * (1 + y * y), "g ⊙ (1 + y²)", interval(-1.1, 1.1))
ARCSIN = unary("arcsin", np.arcsin, lambda g, y, x: g / np.sqrt(1 - x * x), "g / √(1 − x²)", UNIT)
ARCCOS = unary("arccos", np.arccos, lambda g, y, x: -g / np.sqrt(1 - x * x), "−g / √(1 − x²)", UNIT)
ARCTAN = unary("arctan", np.arctan, lambda g, y, x: g / (1 + x * x), "g / (1 + x²)")
SINH = unary("sinh", np.sinh, lambda g, y, x: g * np.cosh(x), "g ⊙ cosh(x)")
COSH = unary("cosh", np.cosh, lambda g, y, x: g * np.sinh(x), "g ⊙ sinh(x)")
TANH = unary("tanh", np.tanh, lambda g, y, x: g * (1 - y * y), "g ⊙ (1 − y²)")
ARCSINH = unary("arcsinh", np.arcsinh, lambda g, y, x: g / np.sqrt(1 + x * x), "g / √(1 + x²)")
ARCCOSH = unary("arccosh", np.arccosh, lambda g, y, x: g / np.sqrt(x * x - 1), "g / √(x² − 1)", interval(1.2, 3.0))
ARCTANH = unary("arctanh", np.arctanh, lambda g, y, x: g / (1 - x * x), "g / (1 − x²)", UNIT)
SINC = register(
    Op(
        "sinc", np.sinc,
        (lambda g, y, x: g * np.where(x == 0, 0.0, (np.cos(np.pi * x) - y) / np.where(x == 0, 1.0, x)),),
        ("g ⊙ (cos(πx) − y) / x",), text="sin(πx) / (πx)", domain=away_from(0.0), broadcasts=True,
    ),
    np.sinc,
)  # fmt: skip
ARCTAN2 = binary(
    "arctan2", np.arctan2,
    (lambda g, y, a, b: g * b / (a * a + b * b), lambda g, y, a, b: -g * a / (a * a + b * b)),
    ("g ⊙ b / (a² + b²)", "−g ⊙ a / (a² + b²)"), (REAL, POSITIVE_DOMAIN), text="arctan2(a, b)", analytic=False,
)  # fmt: skip
HYPOT = binary(
    "hypot", np.hypot, (lambda g, y, a, b: g * a / y, lambda g, y, a, b: g * b / y), ("g ⊙ a / y", "g ⊙ b / y"),
    (REAL, POSITIVE_DOMAIN), text="√(a² + b²)", analytic=False,
)  # fmt: skip
DEG2RAD = unary("deg2rad", np.deg2rad, lambda g, y, x: g * DEGREE, "g · π / 180", text="x · π / 180", analytic=False)
RADIANS = unary("radians", np.radians, lambda g, y, x: g * DEGREE, "g · π / 180", text="x · π / 180", analytic=False)
RAD2DEG = unary("rad2deg", np.rad2deg, lambda g, y, x: g / DEGREE, "g · 180 / π", text="x · 180 / π", analytic=False)
DEGREES = unary("degrees", np.degrees, lambda g, y, x: g / DEGREE, "g · 180 / π", text="x · 180 / π", analytic=False)

# ---- choice -----------------------------------------------------------------------------------------


def _share(g: Any, y: Any, mine: Any, other: Any) -> Any:
    """Where mine was chosen g, at a tie half of it."""
    return g * (mine == y) / (1.0 + (mine == other))


def choice(name: str, f: np.ufunc) -> Op:
    """Maximum or minimum of two inputs."""
    return binary(
        name, f, (lambda g, y, a, b: _share(g, y, a, b), lambda g, y, a, b: _share(g, y, b, a)),
        ("g ⊙ 1{y = a}", "g ⊙ 1{y = b}"), distinct, analytic=False, note="A tie gives each input half of g.",
    )  # fmt: skip


MAXIMUM = choice("maximum", np.maximum)
MINIMUM = choice("minimum", np.minimum)
FMAX = choice("fmax", np.fmax)
FMIN = choice("fmin", np.fmin)
COPYSIGN = binary(
    "copysign", np.copysign, (lambda g, y, a, b: g * np.sign(a) * np.sign(y), zero), ("g ⊙ sign(a) ⊙ sign(b)", "0"),
    (away_from(0.0), away_from(0.0)), analytic=False,
)  # fmt: skip
HEAVISIDE = binary(
    "heaviside", np.heaviside, (zero, lambda g, y, a, b: g * (a == 0)), ("0", "g ⊙ 1{a = 0}"),
    (away_from(0.0), REAL), analytic=False, note="Jumps at a = 0.",
)  # fmt: skip
LDEXP = register(
    Op("ldexp", np.ldexp, (lambda g, y, a, b: g * np.exp2(b), None), ("g ⊙ 2^b", "0"), text="a ⊙ 2^b", broadcasts=True,
       domain=(REAL, lambda rng, shape: rng.integers(-3, 4, shape)), note="b is an integer."),
    np.ldexp,
)  # fmt: skip
WHERE = register(
    Op(
        "where", lambda condition, a, b: np.where(condition, a, b),
        (None, lambda g, y, c, a, b: np.where(c, g, 0.0), lambda g, y, c, a, b: np.where(c, 0.0, g)),
        ("0", "g ⊙ 1{condition}", "g ⊙ (1 − 1{condition})"), text="where(condition, a, b)", broadcasts=True,
        domain=(lambda rng, shape: rng.random(shape) < 0.5, REAL, REAL), inputs=("condition", "a", "b"),
    ),
    np.where,
)  # fmt: skip

CLIP = register(
    Op(
        "clip", lambda x, low, high: np.clip(x, low, high),
        (
            lambda g, y, x, low, high: g * (x == y),
            lambda g, y, x, low, high: g * (x < y),
            lambda g, y, x, low, high: g * (x > y),
        ),
        ("g ⊙ 1{x = y}", "g ⊙ 1{x < y}", "g ⊙ 1{x > y}"), text="min(max(x, low), high)", broadcasts=True,
        domain=(REAL, interval(-1.5, -0.5), interval(0.5, 1.5)),
        note="At a limit the gradient goes to x. A limit may be None.",
    )
)  # fmt: skip

# ---- piecewise constant -----------------------------------------------------------------------------


def step(name: str, f: Any) -> Op:
    """Piecewise constant: recorded, with gradient 0."""
    record = Op(
        name, lambda x: f(x), (zero,), ("0",), domain=lambda rng, shape: rng.integers(-2, 2, shape) + 0.3,
        broadcasts=True, note="Piecewise constant: the gradient is 0 where it exists.",
    )  # fmt: skip
    return register(record, f)


SIGN = step("sign", np.sign)
FLOOR = step("floor", np.floor)
CEIL = step("ceil", np.ceil)
TRUNC = step("trunc", np.trunc)
RINT = step("rint", np.rint)
IMAG = step("imag", np.imag)
ANGLE = step("angle", np.angle)
