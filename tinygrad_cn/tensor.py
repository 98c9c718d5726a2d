"""Tensor: a NumPy array that remembers how it was made.

Operators, methods and NumPy functions on a Tensor run the forward function of an op record and note
the op and its inputs (`record.py`); `backward()` walks those notes back (`autograd.py`).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from . import autograd, ops, record
from .autograd import Hook, Keep, Node, clock
from .errors import GraphError, OpError, ShapeError
from .ops.op import NUMPY, Array, Op, plain
from .record import Operand, apply, binary, compare, fill, unary

if TYPE_CHECKING:
    from .chain import Chain

Axis = int | tuple[int, ...] | None
numpy: Any = np  # NumPy functions on Tensors, which NumPy's annotations do not know of


class Tensor(Node):
    """A NumPy array that records what is done to it. Make one with `tensor`.

    Attributes
    ----------
    data : ndarray
        The value. Changes to it are noticed: a backward pass that needs the old value is refused.
    grad : ndarray or None
        ∂J/∂self after `J.backward()`; None means "not computed", never 0. Leaves add up over
        several calls, intermediates hold the latest.
    requires_grad : bool
        Whether gradients flow to it.
    name : str or None
        The name messages, tables and pictures use.
    """

    __slots__ = ()

    def __init__(self, data: ArrayLike, requires_grad: bool = False, name: str | None = None) -> None:
        array = np.array(data)
        if array.dtype.kind not in "fiub":
            raise OpError(f"tensor: data must be real numbers or booleans; got dtype {array.dtype}")
        if requires_grad and array.dtype.kind != "f":
            raise OpError(
                f"tensor: requires_grad=True needs floating-point data; got dtype {array.dtype}. "
                f"Write 1.0 for 1, or convert with np.asarray(data, dtype=float)"
            )
        fill(self, array, requires_grad, None, (), None)
        self.name = name

    # ---- value --------------------------------------------------------------------------------------

    @property
    def data(self) -> Array:
        """The array itself, writable; writing between forward and backward is noticed and refused."""
        return autograd.expose(self)

    @data.setter
    def data(self, value: ArrayLike) -> None:
        array = np.asarray(value)
        if self.requires_grad and array.dtype.kind != "f":
            raise OpError(f"{autograd.label(self)}.data must be floating point; got dtype {array.dtype}")
        self._data = array
        autograd.bump(self)
        autograd.expose(self)

    @property
    def grad(self) -> Array | None:
        """∂J/∂self as an ndarray, or None while it has not been computed."""
        return self._grad

    @grad.setter
    def grad(self, value: ArrayLike | None) -> None:
        if value is not None:
            value = np.array(value, dtype=self._data.dtype)
            if value.shape != self._data.shape:
                raise ShapeError(f"grad of {autograd.label(self)} must have its shape; got {value.shape}")
        self._grad = value

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the value."""
        return self._data.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """dtype of the value; gradients have the same."""
        return self._data.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self._data.ndim

    @property
    def size(self) -> int:
        """Number of entries."""
        return self._data.size

    @property
    def is_leaf(self) -> bool:
        """True if no recorded op made it."""
        return self._op is None

    def numpy(self) -> Array:
        """The value as a read-only view; copy it to change it."""
        view = self._data.view()
        view.flags.writeable = False
        return view

    def item(self) -> float:
        """The single entry as a Python number.

        Raises
        ------
        ShapeError
            If there is more than one entry.
        """
        if self._data.size != 1:
            raise ShapeError(f"item() needs a single entry; {autograd.label(self)} has {self._data.size}")
        return self._data.item()  # type: ignore[no-any-return]

    def tolist(self) -> Any:
        """The value as nested Python lists."""
        return self._data.tolist()

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> Array:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        if self._data.size != 1:
            raise ShapeError(
                f"the truth value of {autograd.label(self)} is ambiguous: use .data.any() or .data.all(), "
                f"or np.where to choose entry by entry"
            )
        return bool(self._data.item())

    def __len__(self) -> int:
        return len(self._data)

    def __iter__(self) -> Iterator[Tensor]:
        if self._data.ndim == 0:
            raise OpError("a Tensor with no axes cannot be iterated over")
        return (self[i] for i in range(len(self._data)))

    def __contains__(self, value: Any) -> bool:
        return value in self._data

    def __repr__(self) -> str:
        text = np.array2string(self._data, prefix="Tensor(", separator=", ", threshold=100)
        about = [f"name={self.name!r}"] * bool(self.name) + ["requires_grad=True"] * self.requires_grad
        return f"Tensor({', '.join([text, *about])})"

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else repr(self)

    # ---- graph --------------------------------------------------------------------------------------

    def named(self, name: str) -> Tensor:
        """Give it a name and return it: `Z1 = (W1 @ X + b1).named("Z1")`."""
        self.name = name
        return self

    def detach(self) -> Tensor:
        """The same value, shared, with no history: no gradient flows through it."""
        return fill(object.__new__(Tensor), autograd.expose(self), False, None, (), None)

    def backward(self, grad: ArrayLike | None = None, keep: Keep = "all") -> None:
        """Compute ∂self/∂t for every tensor t it was made from, and put it into `t.grad`.

        Parameters
        ----------
        grad : array_like, optional
            Gradient of the cost with respect to this tensor, same shape. Default 1 for a scalar.
        keep : {"all", "leaves"}
            "all": intermediates keep their gradient (of this call) and the graph stays, so the chain
            can be read and `backward()` called again. "leaves": only leaves get a gradient, added to
            the one they have, and the graph is freed on the way.

        Raises
        ------
        GraphError
            If nothing was recorded, the graph was freed, or a value was changed in place.
        ShapeError
            If `grad` is missing for a non-scalar or has another shape.

        Examples
        --------
        >>> import tinygrad_cn as tg
        >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> J = (x * x).sum()
        >>> J.backward()
        >>> x.grad
        array([2., 4.])
        """
        if keep not in ("all", "leaves"):
            raise ValueError(f'keep must be "all" or "leaves"; got {keep!r}')
        if not self.requires_grad:
            raise GraphError(
                f"backward() on {autograd.label(self)}: nothing was recorded. Make the inputs with "
                f"requires_grad=True, and compute outside no_grad()"
            )
        leaves: list[tuple[Node, Array]] = []

        def visit(node: Node, g: Any) -> None:
            if node._op is None:
                leaves.append((node, np.asarray(g)))
            elif keep == "all":
                node._grad = np.asarray(g)

        autograd.walk(self, seed(self, grad), visit, free=keep == "leaves")
        for leaf, g in leaves:
            if leaf._grad is None:
                leaf._grad = g
            else:
                leaf._grad += g

    def register_hook(self, hook: Hook) -> Callable[[], None]:
        """Call `hook(grad)` with the complete gradient of this tensor in every backward pass.

        What the hook returns, if not None, replaces the gradient from there on. The return value is
        a function that removes the hook.
        """
        if not self.requires_grad:
            raise GraphError(f"register_hook: {autograd.label(self)} does not require a gradient")
        hooks = autograd.state(self).hooks
        key = next(clock)
        hooks[key] = hook
        return lambda: (hooks.pop(key, None), None)[1]

    def chain(
        self, names: Mapping[str, Any] | None = None, convention: str = "course", lang: str | None = None
    ) -> Chain:
        """Read the recorded graph as layers; see `tinygrad_cn.chain.Chain`."""
        upper: Any = importlib.import_module("tinygrad_cn.chain")  # a floor above: loaded on first use
        return upper.read(self, names=names, convention=convention, lang=lang)  # type: ignore[no-any-return]

    def __reduce__(self) -> tuple[Any, ...]:
        if self._op is not None:
            raise GraphError(f"{autograd.label(self)} has a history and cannot be copied or pickled; detach() it first")
        return type(self), (self._data, self.requires_grad, self.name)

    # ---- NumPy protocol -----------------------------------------------------------------------------

    @staticmethod
    def __record__(op: Op, *inputs: Any, **options: Any) -> Tensor:
        return apply(op, *inputs, **options)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if kwargs.pop("out", None) is not None:
            raise OpError(f"np.{ufunc.__name__}: out= would change a Tensor in place, which cannot be recorded")
        key = ufunc if method == "__call__" else (ufunc, method)
        return _dispatch(key, f"np.{ufunc.__name__}" + f".{method}" * (method != "__call__"), inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        return _dispatch(func, f"np.{func.__name__}", args, kwargs)

    # ---- indexing -----------------------------------------------------------------------------------

    def __getitem__(self, index: Any) -> Tensor:
        return apply(ops.index.GETITEM, self, index=_plain_index(index))

    def __setitem__(self, index: Any, value: Any) -> None:
        raise OpError(
            "a Tensor is not changed by item assignment, which could not be recorded; use np.where or "
            "np.concatenate to build the new value, or write to x.data[...] before the forward pass"
        )

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

    def argmax(self, axis: int | None = None) -> Any:
        """Index of the largest entry, a plain array."""
        return self._data.argmax(axis=axis)

    def argmin(self, axis: int | None = None) -> Any:
        """Index of the smallest entry, a plain array."""
        return self._data.argmin(axis=axis)

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


record.Value = Tensor


def tensor(data: ArrayLike, requires_grad: bool = False, name: str | None = None) -> Tensor:
    """Make a leaf Tensor from a copy of `data`.

    Parameters
    ----------
    data : array_like
        Real numbers. float64 stays float64, float32 stays float32.
    requires_grad : bool
        True for what you want ∂J/∂ of; needs floating-point data.
    name : str, optional
        What messages and pictures call it.

    Raises
    ------
    OpError
        For complex or object data, or requires_grad on integers.

    Examples
    --------
    >>> import tinygrad_cn as tg
    >>> tg.tensor([[1.0, 2.0]], requires_grad=True, name="X")
    Tensor([[1., 2.]], name='X', requires_grad=True)
    """
    return Tensor(data, requires_grad, name)


# ---- helpers ----------------------------------------------------------------------------------------


def _flat(values: Sequence[Any]) -> tuple[int, ...]:
    if len(values) == 1 and not isinstance(values[0], (int, np.integer)):
        return () if values[0] is None else tuple(values[0])
    return tuple(values)


def _plain_index(index: Any) -> Any:
    if isinstance(index, tuple):
        return tuple(map(_plain_index, index))
    return index._data if isinstance(index, Node) else index


def seed(y: Tensor, grad: ArrayLike | None) -> Array:
    """The gradient a walk from `y` starts with: `grad`, checked, or 1 for a scalar."""
    if grad is None:
        if y._data.size != 1:
            raise ShapeError(
                f"backward needs a scalar such as a mean or a sum; {autograd.label(y)} has {y._data.size} entries. "
                f"Pass grad= with its shape for a vector-Jacobian product"
            )
        return np.ones_like(y._data)
    g = np.array(grad, dtype=y._data.dtype)
    if g.shape != y._data.shape:
        raise ShapeError(f"grad must have the shape of {autograd.label(y)}; got {g.shape}")
    return g


# ---- NumPy protocol ---------------------------------------------------------------------------------


def _dispatch(key: Any, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """What a NumPy function does when one of its arguments is a Tensor."""
    handler = NUMPY.get(key)
    if handler is None:
        raise OpError(f"{name} does not record gradients; call it on x.numpy() if none should flow through it")
    if handler is plain:
        call = getattr(*key) if isinstance(key, tuple) else key
        return call(*map(_strip, args), **{k: _strip(v) for k, v in kwargs.items()})
    if isinstance(handler, Op):
        inputs, options = handler.bind(args, kwargs)
        return apply(handler, *inputs, **options)
    return handler(*args, **kwargs)


def _strip(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(map(_strip, value))
    return value._data if isinstance(value, Node) else value
