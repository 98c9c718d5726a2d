"""What a Tensor can do: operators, the methods of an ndarray, indexing, and the hooks of the NumPy protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike

from . import ops
from .autograd import Node
from .errors import OpError
from .protocol import dispatch
from .record import Operand, apply, binary, call, compare, unary

if TYPE_CHECKING:
    from .tensor import Tensor

Axis = int | tuple[int, ...] | None
numpy: Any = np  # NumPy functions on Tensors, which NumPy's annotations do not know of


class Methods(Node):
    """Operators and methods, each a recorded call of an op."""

    __slots__ = ()

    # ---- operators ----------------------------------------------------------------------------------

    __add__ = binary(ops.elementwise.ADD)
    __radd__ = binary(ops.elementwise.ADD, swap=True)
    __sub__ = binary(ops.elementwise.SUBTRACT)
    __rsub__ = binary(ops.elementwise.SUBTRACT, swap=True)
    __mul__ = binary(ops.elementwise.MULTIPLY)
    __rmul__ = binary(ops.elementwise.MULTIPLY, swap=True)
    __truediv__ = binary(ops.elementwise.DIVIDE)
    __rtruediv__ = binary(ops.elementwise.DIVIDE, swap=True)
    __pow__ = binary(ops.elementwise.POWER)
    __rpow__ = binary(ops.elementwise.POWER, swap=True)
    __mod__ = binary(ops.elementwise.REMAINDER)
    __rmod__ = binary(ops.elementwise.REMAINDER, swap=True)
    __floordiv__ = binary(ops.elementwise.FLOOR_DIVIDE)
    __rfloordiv__ = binary(ops.elementwise.FLOOR_DIVIDE, swap=True)
    __matmul__ = binary(ops.matrix.MATMUL)
    __rmatmul__ = binary(ops.matrix.MATMUL, swap=True)
    __neg__ = unary(ops.elementwise.NEGATIVE)
    __pos__ = unary(ops.elementwise.POSITIVE)
    __abs__ = unary(ops.elementwise.ABSOLUTE)
    __lt__ = compare(np.less)
    __le__ = compare(np.less_equal)
    __gt__ = compare(np.greater)
    __ge__ = compare(np.greater_equal)
    __eq__ = compare(np.equal)  # type: ignore[assignment]
    __ne__ = compare(np.not_equal)  # type: ignore[assignment]
    __hash__ = object.__hash__

    # ---- methods, as on ndarray ---------------------------------------------------------------------

    @property
    def T(self) -> Tensor:
        """The transpose."""
        return apply(ops.shape.TRANSPOSE, self)

    def sum(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Sum over axes."""
        return apply(ops.reduce.SUM, self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Mean over axes."""
        return apply(ops.reduce.MEAN, self, axis=axis, keepdims=keepdims)

    def var(self, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Tensor:
        """Variance over axes, divided by n − ddof."""
        return apply(ops.reduce.VAR, self, axis=axis, ddof=ddof, keepdims=keepdims)

    def std(self, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Tensor:
        """Standard deviation over axes."""
        return apply(ops.reduce.STD, self, axis=axis, ddof=ddof, keepdims=keepdims)

    def prod(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Product over axes."""
        return apply(ops.reduce.PROD, self, axis=axis, keepdims=keepdims)

    def max(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Largest entry; ties share the gradient equally."""
        return apply(ops.reduce.MAX, self, axis=axis, keepdims=keepdims)

    def min(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Smallest entry; ties share the gradient equally."""
        return apply(ops.reduce.MIN, self, axis=axis, keepdims=keepdims)

    def cumsum(self, axis: int | None = None) -> Tensor:
        """Running sum."""
        return apply(ops.reduce.CUMSUM, self, axis=axis)

    def cumprod(self, axis: int | None = None) -> Tensor:
        """Running product."""
        return apply(ops.reduce.CUMPROD, self, axis=axis)

    def argmax(self, axis: int | None = None, keepdims: bool = False) -> Any:
        """Index of the largest entry, a plain array."""
        return numpy.argmax(self._data, axis, keepdims=keepdims)

    def argmin(self, axis: int | None = None, keepdims: bool = False) -> Any:
        """Index of the smallest entry, a plain array."""
        return numpy.argmin(self._data, axis, keepdims=keepdims)

    def reshape(self, *shape: int | Sequence[int]) -> Tensor:
        """The same entries in another shape; one length may be -1."""
        return apply(ops.shape.RESHAPE, self, shape=_flat(shape))

    def ravel(self) -> Tensor:
        """All entries along one axis."""
        return apply(ops.shape.RESHAPE, self, shape=(-1,))

    flatten = ravel

    def transpose(self, *axes: int | Sequence[int] | None) -> Tensor:
        """Axes permuted; reversed by default."""
        return apply(ops.shape.TRANSPOSE, self, axes=_flat(axes) or None)

    def swapaxes(self, axis1: int, axis2: int) -> Tensor:
        """Two axes exchanged."""
        return apply(ops.shape.SWAPAXES, self, axis1=axis1, axis2=axis2)

    def squeeze(self, axis: Axis = None) -> Tensor:
        """Axes of length one removed."""
        return apply(ops.shape.SQUEEZE, self, axis=axis)

    def repeat(self, repeats: int | Sequence[int], axis: int | None = None) -> Tensor:
        """Each entry repeated along an axis."""
        return apply(ops.shape.REPEAT, self, repeats=repeats, axis=axis)

    def clip(self, min: float | None = None, max: float | None = None) -> Tensor:
        """Entries limited to [min, max]; no gradient flows where they were cut."""
        y: Tensor = numpy.clip(self, min, max)
        return y

    def dot(self, other: Operand) -> Tensor:
        """`np.dot(self, other)`."""
        y: Tensor = numpy.dot(self, other)
        return y

    def trace(self, offset: int = 0) -> Tensor:
        """Sum along a diagonal."""
        y: Tensor = numpy.trace(self, offset)
        return y

    def round(self, decimals: int = 0) -> Tensor:
        """Rounded entries; the gradient is 0 almost everywhere."""
        y: Tensor = numpy.round(self, decimals)
        return y

    def astype(self, dtype: DTypeLike) -> Tensor:
        """The value in another dtype; gradients come back in this one."""
        return apply(ops.shape.ASTYPE, self, dtype=np.dtype(dtype))

    def copy(self) -> Tensor:
        """A copy that gradients flow through."""
        return apply(ops.elementwise.POSITIVE, self)

    def __getattr__(self, name: str) -> Any:
        hint = f"; write np.{name}(x)" if callable(vars(np).get(name)) else ""
        raise AttributeError(f"a {type(self).__name__} has no attribute {name!r}{hint}", name=name, obj=self)

    # ---- indexing -----------------------------------------------------------------------------------

    def __getitem__(self, index: Any) -> Tensor:
        return apply(ops.index.GETITEM, self, index=_plain_index(index))

    def __setitem__(self, index: Any, value: Any) -> None:
        raise OpError(
            "a Tensor is not changed by item assignment, which could not be recorded; use np.where or "
            "np.concatenate to build the new value, or write to x.data[...] before the forward pass"
        )

    # ---- NumPy protocol -----------------------------------------------------------------------------

    __record__ = staticmethod(call)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if kwargs.pop("out", None) is not None:
            raise OpError(
                f"np.{ufunc.__name__}: out=, or an operator such as += on an array, writes into memory, which cannot "
                f"be recorded; write z = z + x"
            )
        key = ufunc if method == "__call__" else (ufunc, method)
        return dispatch(key, f"np.{ufunc.__name__}" + f".{method}" * (method != "__call__"), inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        return dispatch(func, f"{func.__module__}.{func.__name__}".replace("numpy", "np", 1), args, kwargs)


def _flat(values: Sequence[Any]) -> tuple[int, ...]:
    if len(values) == 1 and not isinstance(values[0], (int, np.integer)):
        return () if values[0] is None else tuple(values[0])
    return tuple(values)


def _plain_index(index: Any) -> Any:
    if isinstance(index, tuple):
        return tuple(map(_plain_index, index))
    return index._data if isinstance(index, Node) else index
