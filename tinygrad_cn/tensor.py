"""Tensor: a NumPy array that remembers how it was made.

Operators, methods and NumPy functions (`methods.py`, `protocol.py`) run the forward function of an op
record and note the op and its inputs (`record.py`); `backward()` walks those notes back (`autograd.py`).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from . import autograd, record
from .autograd import Hook, Keep, Node, clock
from .errors import GraphError, OpError, ShapeError
from .methods import Methods
from .ops.op import Array
from .record import fill

if TYPE_CHECKING:
    from .chain import Chain


class Tensor(Methods):
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
        try:
            array = np.copy(_entries(_taken(data)))
        except ValueError as error:
            raise ShapeError(f"tensor: data must be a number, an array, or lists of equal lengths; {error}") from error
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
        array = _entries(value)
        if self.requires_grad and array.dtype.kind != "f":
            raise OpError(f"{autograd.label(self)}.data must be floating point; got dtype {array.dtype}")
        if self.requires_grad and array.shape != self._data.shape:
            raise ShapeError(f"{autograd.label(self)}.data must keep its shape; got {array.shape}")
        self._data = array
        autograd.bump(self)
        autograd.expose(self)

    @property
    def grad(self) -> Array | None:
        """∂J/∂self as an ndarray, or None while it has not been computed."""
        return self._grad

    @grad.setter
    def grad(self, value: ArrayLike | None) -> None:
        g = None if value is None else _entries(value).astype(self._data.dtype)
        if g is not None and g.shape != self._data.shape:
            raise ShapeError(f"grad of {autograd.label(self)} must have its shape; got {g.shape}")
        self._grad = g

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

    def __dlpack__(self, **options: Any) -> Any:
        """For `np.from_dlpack` and `torch.from_dlpack`: they share `data`, and what they write to it is noticed."""
        return self.data.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._data.__dlpack_device__()

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

    def _repr_html_(self) -> str:
        about = " · ".join([self.name or "Tensor", str(self.shape), str(self.dtype)])
        value = np.array2string(self._data, separator=", ", threshold=100)
        grad = " · requires_grad" if self.requires_grad else ""
        return f"<figure><figcaption>{escape(about + grad)}</figcaption><pre>{escape(value)}</pre></figure>"

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
        free = keep == "leaves"
        for leaf, g in autograd.walk(self, seed(self, grad), None if free else _keep, free=free).items():
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
        if not callable(hook):
            raise OpError(f"register_hook: hook must be a function of the gradient; got {hook!r}")
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


record.Value = Tensor


def tensor(data: ArrayLike, requires_grad: bool = False, name: str | None = None) -> Tensor:
    """Make a leaf Tensor from a copy of `data`.

    Parameters
    ----------
    data : array_like
        Real numbers; also arrays of torch, JAX and others that speak `__array__` or DLPack. float64 stays float64,
        float32 stays float32.
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


def _taken(data: Any) -> Any:
    """Data as NumPy takes it: of another framework's array, a view of its memory by DLPack."""
    if isinstance(data, (np.ndarray, Tensor)) or not hasattr(data, "__dlpack__"):
        return data
    try:
        return np.from_dlpack(data)
    except (BufferError, RuntimeError) as error:
        raise OpError(
            f"tensor: data, a {type(data).__module__}.{type(data).__name__}, cannot be read: {error}"
        ) from error


def _entries(value: Any) -> Any:
    """An array of the value; what stands in for one while a step is recorded (`compiler`) stays what it is."""
    if isinstance(value, Tensor):
        value = value.numpy()
    return value if getattr(value, "stands_in", False) else np.asarray(value)


def _keep(node: Node, g: Any) -> None:
    """Leave the gradient with the node; earlier ones are forgotten."""
    node._grad = g


def seed(y: Tensor, grad: ArrayLike | None) -> Array:
    """The gradient a walk from `y` starts with: `grad`, checked, or 1 for a scalar."""
    if grad is None:
        if y._data.size != 1:
            raise ShapeError(
                f"a gradient is of a scalar such as a mean or a sum; {autograd.label(y)} has {y._data.size} entries. "
                f"Pass grad= with its shape for a vector-Jacobian product"
            )
        return np.ones_like(y._data)
    g: Array = _entries(grad).astype(y._data.dtype)
    if g.shape != y._data.shape:
        raise ShapeError(f"grad must have the shape of {autograd.label(y)}; got {g.shape}")
    return g
