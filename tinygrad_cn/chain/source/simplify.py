"""What a careful student cancels without thinking: 1 · x, x / 1, m / m, −(−a), a + (−b).

Rules work on expressions. They never change the shape of a value, and its numbers only by rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .symbols import Expr
    from .trace import Tracer

Rule = Callable[["Tracer", tuple["Expr", ...], bool], "Expr | None"]


def simplify(tracer: Tracer, ufunc: np.ufunc, args: tuple[Expr, ...], value: Any) -> Expr | None:
    """A shorter expression of the same value, or None."""
    scalar = np.ndim(value) == 0
    if scalar and ufunc in ARITHMETIC and all(_number(x) is not None for x in args):
        number = float(value)
        return tracer.lift(int(number) if number.is_integer() and abs(number) < 1e6 else number)
    rule = RULES.get(ufunc)
    return rule(tracer, args, scalar) if rule else None


def _number(x: Expr) -> float | None:
    """The number a literal is."""
    return x.value if x.head == "literal" and isinstance(x.value, int | float) else None


def _negated(x: Expr) -> Expr | None:
    """What x is the negative of."""
    return x.args[0] if x.head is np.negative else None


def _multiply(tracer: Tracer, args: tuple[Expr, ...], scalar: bool) -> Expr | None:
    for x, other in (args, args[::-1]):
        if _number(x) == 1:
            return other
        if _number(x) == -1:
            return _opposite(tracer, other)
        if scalar and other.head is np.divide and other.args[1] is x:
            return other.args[0]
    return _sign_outside(tracer, np.multiply, args, scalar)


def _divide(tracer: Tracer, args: tuple[Expr, ...], scalar: bool) -> Expr | None:
    a, b = args
    if _number(b) == 1:
        return a
    if scalar and a is b:
        return tracer.lift(1)
    if b is tracer.m.expr and a.head is np.multiply and a.args[1] is b:
        return a.args[0]
    if scalar and b.head is np.multiply and a in b.args:
        return tracer.expr(np.divide, (tracer.lift(1), b.args[1 - b.args.index(a)]))
    return _sign_outside(tracer, np.divide, args, scalar)


def _sign_outside(tracer: Tracer, ufunc: np.ufunc, args: tuple[Expr, ...], scalar: bool) -> Expr | None:
    """(−a) b is −(a b)."""
    a, b = args
    inner = _negated(a)
    if inner is None:
        return None
    return _opposite(tracer, RULES[ufunc](tracer, (inner, b), scalar) or tracer.expr(ufunc, (inner, b)))


def _opposite(tracer: Tracer, x: Expr) -> Expr:
    inner, number = _negated(x), _number(x)
    if number is not None:
        return tracer.lift(-number)
    return tracer.expr(np.negative, (x,)) if inner is None else inner


def _negative(tracer: Tracer, args: tuple[Expr, ...], scalar: bool) -> Expr | None:
    return _opposite(tracer, args[0])


def _add(tracer: Tracer, args: tuple[Expr, ...], scalar: bool) -> Expr | None:
    a, b = args
    inner = _negated(b)
    return None if inner is None else tracer.expr(np.subtract, (a, inner))


def _subtract(tracer: Tracer, args: tuple[Expr, ...], scalar: bool) -> Expr | None:
    a, b = args
    inner = _negated(b)
    return None if inner is None else tracer.expr(np.add, (a, inner))


def _power(tracer: Tracer, args: tuple[Expr, ...], scalar: bool) -> Expr | None:
    return args[0] if _number(args[1]) == 1 else None


ARITHMETIC = frozenset([np.add, np.subtract, np.multiply, np.divide, np.negative])
RULES: dict[np.ufunc, Rule] = {
    np.multiply: _multiply,
    np.divide: _divide,
    np.negative: _negative,
    np.add: _add,
    np.subtract: _subtract,
    np.power: _power,
}
