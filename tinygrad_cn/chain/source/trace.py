"""The tracer: makes expressions, each only once, and runs the calls that symbols note."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from ...errors import OpError
from ...ops.op import Array, Op
from .simplify import simplify
from .symbols import Expr, Length, Shape, Symbol, plain

Spell = Callable[[Op], "Callable[..., Any] | None"]

ENTRYWISE = frozenset([np.where, np.clip, np.sort, np.cumsum, np.cumprod, np.flip, np.roll])  # shape in, shape out

NAMED: dict[Any, Any] = {
    (np.add, "reduce"): np.sum,
    (np.multiply, "reduce"): np.prod,
    (np.maximum, "reduce"): np.max,
    (np.minimum, "reduce"): np.min,
    (np.add, "accumulate"): np.cumsum,
    (np.multiply, "accumulate"): np.cumprod,
}


class Tracer:
    """Makes expressions, each only once, and the symbols that carry them.

    Parameters
    ----------
    m : int
        The number of samples.
    spell : callable
        `spell(op)`: code that says in NumPy calls what the op does.
    array : callable
        `array(a)`: the expression of an array that came from outside, or None to write its entries.

    Attributes
    ----------
    trouble : int
        How many calls have overflowed, divided by zero or made NaN.
    """

    def __init__(self, m: int, spell: Spell, array: Callable[[Array], Expr | None] = lambda a: None) -> None:
        self._made: dict[Any, Expr] = {}
        self.m = Length.of(m, self, self.expr("name", value="m"))
        self.spell = spell
        self.array = array
        self.trouble = 0

    # ---- expressions --------------------------------------------------------------------------------

    def expr(
        self,
        head: Any,
        args: tuple[Expr, ...] = (),
        options: tuple[tuple[str, Expr], ...] = (),
        value: Any = None,
    ) -> Expr:
        """The expression, the same object for the same parts."""
        literal = id(value) if isinstance(value, np.ndarray) else (type(value), repr(value))
        key = (head, tuple(map(id, args)), tuple((k, id(v)) for k, v in options), literal)
        if key not in self._made:
            self._made[key] = Expr(head, args, options, value)
        return self._made[key]

    def lift(self, x: Any) -> Expr:
        """The expression of an argument."""
        if isinstance(x, Symbol | Length | Shape):
            return x.expr
        if isinstance(x, list | tuple):
            return self.expr("list" if isinstance(x, list) else "tuple", tuple(map(self.lift, x)))
        if isinstance(x, slice):
            return self.expr("slice", tuple(map(self.lift, (x.start, x.stop, x.step))))
        known = self.array(x) if isinstance(x, np.ndarray) and x.ndim else None
        return known or self.expr("literal", value=x.item() if isinstance(x, np.generic) else x)

    def name(self, text: str, value: Any, samples: bool = False) -> Symbol:
        """The symbol of a variable."""
        symbol = Symbol(self, self.expr("name", value=text), value)
        symbol.samples = samples
        return symbol

    def symbol(self, expr: Expr, value: Any, owner: Symbol | None = None) -> Any:
        """Wrap a result: arrays become symbols, tuples of arrays tuples of symbols, the rest stays."""
        if isinstance(value, tuple):
            items = [self.symbol(self.expr("item", (expr, self.lift(i))), v) for i, v in enumerate(value)]
            return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
        if isinstance(value, np.ndarray | np.generic | float):
            return Symbol(self, expr, value, owner)
        return value

    def _watched(self) -> np.errstate:
        return np.errstate(over="call", divide="call", invalid="call", under="ignore", call=self._note_trouble)

    def _note_trouble(self, kind: str, flag: int) -> None:
        self.trouble += 1

    def safely(self, code: Callable[[], Any]) -> Any:
        """What the code gives, or None if it overflows, divides by zero or makes NaN."""
        before = self.trouble
        result = code()
        return result if self.trouble == before else None

    # ---- calls --------------------------------------------------------------------------------------

    def call(self, function: Any, args: Sequence[Any], options: Mapping[str, Any]) -> Any:
        """A NumPy function."""
        with self._watched():
            value = function(*plain(args), **plain(options))
        kept = tuple((k, self.lift(v)) for k, v in options.items() if not _is_default(function, k, v))
        owner = _same_shape(args, value) if function in ENTRYWISE else None
        return self.symbol(self.expr(function, tuple(map(self.lift, args)), kept), value, owner)

    def ufunc(
        self, ufunc: np.ufunc, inputs: Sequence[Any], method: str = "__call__", options: Mapping[str, Any] | None = None
    ) -> Any:
        """A ufunc, simplified, or one of its methods."""
        if method != "__call__":
            along = {"axis": 0, **(options or {})}
            if (ufunc, method) in NAMED:
                return self.call(NAMED[ufunc, method], inputs, along)
            result = self.call(getattr(ufunc, method), inputs, along)
            result.expr = self.expr((ufunc, method), result.expr.args, result.expr.options)
            return result
        if ufunc.signature is None and any(isinstance(x, Symbol) and x.narrow is not None for x in inputs):
            return self._narrowed(ufunc, inputs)
        with self._watched():
            value = ufunc(*plain(inputs))
        lifted = tuple(map(self.lift, inputs))
        expr = simplify(self, ufunc, lifted, value) or self.expr(ufunc, lifted)
        return self.symbol(expr, value, None if ufunc.signature else _same_shape(inputs, value))

    def _narrowed(self, ufunc: np.ufunc, inputs: Sequence[Any]) -> Any:
        """Work on what was broadcast, and broadcast the result only if nothing else does."""
        wide = [x for x in inputs if isinstance(x, Symbol) and x.narrow is not None]
        shape = np.broadcast_shapes(*(np.shape(plain(x)) for x in inputs))
        result = self.ufunc(ufunc, [x.narrow if isinstance(x, Symbol) and x.narrow is not None else x for x in inputs])
        if result.value.shape == shape:
            return result
        like = next((x.shape for x in wide if np.shape(x.value) == shape), shape)
        return self.broadcast(result, like)

    def broadcast(self, x: Symbol, shape: Any) -> Symbol:
        """`x` in a larger shape, remembered as such, since most uses broadcast anyway."""
        shape = shape if isinstance(shape, tuple) else (shape,)
        x = x if x.narrow is None else x.narrow
        if np.shape(x.value) == tuple(shape):
            return x
        value = np.broadcast_to(np.asarray(x.value), plain(tuple(shape)))
        owner = shape.owner if isinstance(shape, Shape) and shape.owner.value.shape == shape else None
        wide = Symbol(self, self.expr("broadcast", (x.expr, self.lift(shape))), value, owner)
        wide.narrow = x
        return wide

    def op(self, op: Op, inputs: Sequence[Any], options: Mapping[str, Any]) -> Any:
        """An op of the registry, or one of the learner's own, in NumPy calls."""
        code = self.spell(op)
        try:
            if code is not None:
                return code(*inputs, **options)
            if isinstance(op.forward, np.ufunc):
                return self.ufunc(op.forward, inputs)
            return op.forward(*inputs, **options)
        except (OpError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise unspeakable(op, error) from error

    def function(self, name: str) -> Symbol:
        """The name of such a function, as the argument of another."""
        return Symbol(self, self.expr("function", value=name), None)

    def helper(self, name: str, value: Any, args: Sequence[Any], options: Mapping[str, Any]) -> Any:
        """A call of a function that the program defines at its top."""
        lifted = tuple((k, self.lift(v)) for k, v in options.items())
        return self.symbol(self.expr("helper", tuple(map(self.lift, args)), lifted, name), value)


def unspeakable(op: Op, error: Exception) -> OpError:
    """The error for an op that cannot be written as NumPy."""
    return OpError(f"numpy: the op {op.name!r} cannot be written as NumPy calls: {error}")


def _is_default(function: Any, name: str, value: Any) -> bool:
    """True for an option that need not be written."""
    if value is False or value is None:
        default = _defaults(function).get(name)
        return default is value or default is None or default is np._NoValue
    return bool(np.ndim(value) == 0 and value == _defaults(function).get(name))


@cache
def _defaults(function: Any) -> dict[str, Any]:
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}
    return {name: p.default for name, p in parameters.items()}


def _same_shape(inputs: Sequence[Any], value: Any) -> Symbol | None:
    """The owner of an input of the same shape, one with samples if there is one."""
    same = [x.owner for x in inputs if isinstance(x, Symbol) and np.shape(x.value) == np.shape(value)]
    return next((x for x in same if x.samples), same[0] if same else None)


def agree(a: Any, b: Any) -> bool:
    """True if two values are the same to rounding, with room for what cancels on the way."""
    scale = float(np.max(np.abs(b), initial=0.0))
    tolerance = float(np.finfo(np.asarray(b).dtype).eps) ** 0.5
    return np.shape(a) == np.shape(b) and bool(np.allclose(a, b, rtol=tolerance, atol=tolerance * scale))
