"""Symbols: values that note every NumPy call made on them as an expression.

A `Symbol` is handed to a piece of NumPy code in place of an array: the forward function or a vjp of an
op record, or a line of `rows.py`. The code runs as usual, on the value inside, and what it did comes
out as an `Expr`, from which `text.py` writes Python again. Shapes are symbols too, so `x.size` in a
vjp is written `x.size` and not as the number it had.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ...errors import OpError
from ...ops.loss import sample_axis
from ...ops.op import Array, Op
from ...ops.whole import whole

if TYPE_CHECKING:
    from .trace import Tracer


@dataclass(frozen=True, eq=False, slots=True)
class Expr:
    """One node of an expression.

    `head` is a NumPy function, a ufunc and its method, or one of the words "name", "literal", "tuple", "list",
    "slice", "item" (x[i]), "attribute" (x.T), "method" (x.reshape), "helper" (a call of a
    function of `helpers.py`), "function" (its name) and "broadcast"; the words carry their text or number in `value`.
    """

    head: Any
    args: tuple[Expr, ...] = ()
    options: tuple[tuple[str, Expr], ...] = ()
    value: Any = None

    @property
    def children(self) -> tuple[Expr, ...]:
        """Arguments and options."""
        return (*self.args, *(x for _, x in self.options)) if self.options else self.args


class Length(int):
    """A number of entries that remembers where it was read."""

    tracer: Tracer
    expr: Expr

    @classmethod
    def of(cls, value: int, tracer: Tracer, expr: Expr) -> Length:
        """A length with its expression."""
        length = cls(value)
        length.tracer, length.expr = tracer, expr
        return length

    def _whole(self, ufunc: np.ufunc, a: Any, b: Any) -> Any:
        if not isinstance(a, int) or not isinstance(b, int):
            return NotImplemented
        expr = self.tracer.expr(ufunc, (self.tracer.lift(a), self.tracer.lift(b)))
        return Length.of(int(ufunc(int(a), int(b))), self.tracer, expr)

    def __add__(self, other: Any) -> Any:
        return self if isinstance(other, int) and other == 0 else self._whole(np.add, self, other)

    def __radd__(self, other: Any) -> Any:
        return self if isinstance(other, int) and other == 0 else self._whole(np.add, other, self)

    def __sub__(self, other: Any) -> Any:
        return self if isinstance(other, int) and other == 0 else self._whole(np.subtract, self, other)

    def __mul__(self, other: Any) -> Any:
        return self if type(other) is int and other == 1 else self._whole(np.multiply, self, other)

    def __rmul__(self, other: Any) -> Any:
        return self if type(other) is int and other == 1 else self._whole(np.multiply, other, self)

    def __truediv__(self, other: Any) -> Any:
        return self.tracer.ufunc(np.divide, (self, other))

    def __rtruediv__(self, other: Any) -> Any:
        return self.tracer.ufunc(np.divide, (other, self))


class Spelled(float):
    """A number that is written as the expression it comes from."""

    text: str

    @classmethod
    def of(cls, value: float, text: str) -> Spelled:
        """The number and its text."""
        number = cls(value)
        number.text = text
        return number


class Shape(tuple[int, ...]):
    """A shape or a part of one, whose entries are `Length`s, and whose it is."""

    expr: Expr
    owner: Symbol

    @classmethod
    def of(cls, lengths: Sequence[int], expr: Expr, owner: Symbol) -> Shape:
        """A shape with its expression."""
        shape = cls(lengths)
        shape.expr, shape.owner = expr, owner
        return shape

    def __getitem__(self, key: Any) -> Any:
        part = super().__getitem__(key)
        if not isinstance(key, slice):
            return part
        tracer = self.owner.tracer
        return Shape.of(part, tracer.expr("item", (self.expr, tracer.lift(key))), self.owner)


class Symbol(NDArrayOperatorsMixin):
    """A value and the expression it came from.

    Attributes
    ----------
    value : array or number
        What the expression is now.
    owner : Symbol
        The named value of the same shape, whose `shape` and `size` are written.
    samples : bool
        The sample axis, the last but for sequences, holds one entry per sample: its length is written m.
    narrow : Symbol or None
        What this is a broadcast of.
    """

    __hash__ = object.__hash__

    def __init__(self, tracer: Tracer, expr: Expr, value: Any, owner: Symbol | None = None) -> None:
        self.tracer, self.expr, self.value = tracer, expr, value
        self.owner = self if owner is None else owner
        self.samples = False
        self.narrow: Symbol | None = None

    # ---- what code asks of an array -----------------------------------------------------------------

    @property
    def shape(self) -> Shape:
        """The shape, as lengths that remember their origin."""
        whole = self.tracer.expr("attribute", (self.owner.expr,), value="shape")
        return Shape.of([self._length(i, n, whole) for i, n in enumerate(np.shape(self.value))], whole, self.owner)

    def _length(self, axis: int, n: int, whole: Expr) -> Length:
        if self.owner.samples and axis == sample_axis(self.value) % np.ndim(self.value):
            return self.tracer.m
        return Length.of(n, self.tracer, self.tracer.expr("item", (whole, self.tracer.lift(axis))))

    @property
    def size(self) -> Length:
        """The number of entries; rows × m for one column per sample."""
        if self.owner.samples:
            lengths = [n for n in self.shape if n is not self.tracer.m and n != 1]
            if len(lengths) <= 1:
                return self.tracer.m * lengths[0] if lengths else self.tracer.m
        expr = self.tracer.expr("attribute", (self.owner.expr,), value="size")
        return Length.of(int(np.size(self.value)), self.tracer, expr)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return int(np.ndim(self.value))

    @property
    def dtype(self) -> np.dtype[Any]:
        """dtype of the value."""
        return np.asarray(self.value).dtype

    @property
    def real(self) -> Symbol:
        """Itself: symbols are real."""
        return self

    @property
    def T(self) -> Any:
        """The transpose."""
        if self.expr.head == "attribute" and self.expr.value == "T":
            return self.tracer.symbol(self.expr.args[0], np.transpose(self.value))
        return self.tracer.symbol(self.tracer.expr("attribute", (self.expr,), value="T"), np.transpose(self.value))

    def __len__(self) -> int:
        return int(self.shape[0])

    def __bool__(self) -> bool:
        raise OpError("its code asks for the truth of a value, which differs from run to run; use np.where")

    def __array__(self, *_: Any, **__: Any) -> Array:
        raise OpError("its code turns a value into a plain array, so what follows cannot be noted")

    def __getitem__(self, index: Any) -> Any:
        expr = self.tracer.expr("item", (self.expr, self.tracer.lift(index)))
        return self.tracer.symbol(expr, np.asarray(self.value)[plain(index)])

    # ---- methods ------------------------------------------------------------------------------------

    def _method(self, name: str, *args: Any, **options: Any) -> Any:
        value = getattr(np.asarray(self.value), name)(*plain(args), **plain(options))
        lift = self.tracer.lift
        kept = tuple((k, lift(v)) for k, v in options.items() if v is not None and v is not False)
        return self.tracer.symbol(self.tracer.expr("method", (self.expr, *map(lift, args)), kept, name), value)

    def reshape(self, *shape: Any) -> Any:
        """The same entries in another shape."""
        whole = shape[0] if len(shape) == 1 else shape
        if not isinstance(whole, tuple | list):
            return self._method("reshape", whole)
        if tuple(whole) == np.shape(self.value):
            return self
        if self.narrow is not None and self.narrow.ndim == 0 and -1 not in whole:
            return self.tracer.broadcast(self.narrow, whole)
        return self._method("reshape", whole) if isinstance(whole, Shape) else self._method("reshape", *whole)

    def transpose(self, *axes: Any) -> Any:
        """Axes permuted; reversed by default."""
        given = axes[0] if len(axes) == 1 else axes or None
        if given is None or (self.ndim == 2 and [a % 2 for a in given] == [1, 0]):
            return self.T
        return self._method("transpose", *map(int, given))

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        """Two axes exchanged."""
        return self.T if self.ndim == 2 and axis1 % 2 != axis2 % 2 else self._method("swapaxes", axis1, axis2)

    def squeeze(self, axis: Any = None) -> Any:
        """Axes of length one removed."""
        return self._method("squeeze", axis=axis)

    def astype(self, dtype: Any) -> Any:
        """The value in another dtype."""
        return self if self.dtype == np.dtype(dtype) else self._method("astype", np.dtype(dtype))

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Sum over axes."""
        return np.sum(self, axis=axis, keepdims=keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Largest entry over axes."""
        return np.max(self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Mean over axes."""
        return np.mean(self, axis=axis, keepdims=keepdims)

    # ---- NumPy protocol -----------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        (target,) = options.pop("out", None) or (None,)
        result = self.tracer.ufunc(ufunc, inputs, method, options)
        if target is None:
            return result
        target.expr, target.value, target.owner, target.narrow = result.expr, result.value, result.owner, result.narrow
        return target

    def __array_function__(self, func: Any, types: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        if isinstance(func, whole):
            raise OpError(f"{func.f.__name__} lays out memory in an order of its own")
        return SPECIAL[func](*args, **kwargs) if func in SPECIAL else self.tracer.call(func, args, kwargs)

    @staticmethod
    def __record__(op: Op, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
        tracer = next(x.tracer for x in inputs if isinstance(x, Symbol))
        return tracer.op(op, inputs, options)


SPECIAL: dict[Any, Callable[..., Any]] = {
    np.shape: lambda a: a.shape,
    np.ndim: lambda a: a.ndim,
    np.size: lambda a: a.size,
    np.reshape: lambda a, shape: a.reshape(shape),
    np.ravel: lambda a: a.reshape(-1),
    np.transpose: lambda a, axes=None: a.transpose(axes),
    np.swapaxes: lambda a, axis1, axis2: a.swapaxes(axis1, axis2),
    np.broadcast_to: lambda array, shape: array.tracer.broadcast(array, shape),
}


def plain(x: Any) -> Any:
    """An argument with values in place of symbols."""
    if isinstance(x, Symbol):
        return x.value
    if isinstance(x, Length):
        return int(x)
    if isinstance(x, Mapping):
        return {k: plain(v) for k, v in x.items()}
    if isinstance(x, list | tuple):
        return [plain(v) for v in x] if isinstance(x, list) else tuple(plain(v) for v in x)
    if isinstance(x, slice):
        return slice(plain(x.start), plain(x.stop), plain(x.step))
    return x
