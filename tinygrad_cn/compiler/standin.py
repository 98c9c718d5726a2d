"""What stands in for arrays and numbers while a step is recorded: it computes, and notes what it computes.

`Traced` is no ndarray: whatever would silently read its entries (`np.asarray`, `float`, `if`) cannot, and says so.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..autograd import Node
from ..ops.matrix import dot
from ..ops.op import Array
from ..ops.whole import whole
from .draws import assurance
from .program import look
from .unreadable import Unreadable, refuse

if TYPE_CHECKING:
    from .program import Path, Value
    from .recorder import Recorder


class Storage:
    """The memory that views share: the latest value written, and its entries at recording."""

    __slots__ = ("entries", "value")

    def __init__(self, value: Value, entries: Array) -> None:
        self.value, self.entries = value, entries


class Traced(Unreadable, NDArrayOperatorsMixin):
    """A stand-in for an ndarray.

    Parameters
    ----------
    recorder : Recorder
        Notes the calls.
    storage : Storage
        Where its entries are.
    path : tuple of views
        How to look at the storage.
    """

    __slots__ = ("path", "recorder", "storage")
    base = None
    stands_in = True
    sum: Callable[..., Any]  # set below, as are prod, max, min, any and all
    flags = SimpleNamespace(writeable=True)
    nbytes = 0  # what the engine takes a checksum of is then `tobytes`, however large

    def __init__(self, recorder: Recorder, storage: Storage, path: Path = ()) -> None:
        self.recorder, self.storage, self.path = recorder, storage, path

    # ---- what is known without looking at entries -----------------------------------------------------

    @property
    def seen(self) -> Array:
        """The entries at this moment of the recording, for checks only."""
        return look(self.storage.entries, self.path)

    @property
    def value(self) -> Value:
        """What a program calls it now."""
        return self.recorder.read(self.storage.value, self.path)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape."""
        return self.seen.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Dtype."""
        return self.storage.entries.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.seen.ndim

    @property
    def size(self) -> int:
        """Number of entries."""
        return self.seen.size

    def __len__(self) -> int:
        return len(self.seen)

    def __repr__(self) -> str:
        return f"<entries {self.shape} {self.dtype} of a step that is being recorded>"

    def tobytes(self) -> bytes:
        """The entries at this moment, by which the engine notices changes in place."""
        return self.seen.tobytes()

    # ---- NumPy protocol -----------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if any(isinstance(x, Node) for x in inputs):
            return NotImplemented
        (target,) = options.pop("out", None) or (None,)
        result = self.recorder.ufunc(ufunc, method, inputs, options)
        return result if target is None else self.recorder.write(target, result)

    def __array_function__(self, func: Any, types: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        if any(issubclass(kind, Node) for kind in types):
            return NotImplemented
        if isinstance(func, whole):
            return func.f(*args, **kwargs)
        options = dict(kwargs)
        target = options.pop("out", None)
        result = FUNCTIONS[func](*args, **options) if func in FUNCTIONS else self.recorder.call(func, args, options)
        return result if target is None else self.recorder.write(target, result)

    # ---- views --------------------------------------------------------------------------------------

    def _look(self, kind: str, how: Any) -> Traced:
        return Traced(self.recorder, self.storage, (*self.path, (kind, how)))

    def view(self) -> Traced:
        """Another stand-in for the same memory."""
        return Traced(self.recorder, self.storage, self.path)

    def reshape(self, *shape: Any) -> Traced:
        """As of ndarray: a view if it can be one, else entries of its own."""
        seen = self.seen
        entries = seen.reshape(*shape)
        view = self._look("reshape", entries.shape)
        value = view.value  # noted now in either case, so that programs do not depend on how arguments lie in memory
        return view if np.may_share_memory(entries, seen) else Traced(self.recorder, Storage(value, entries))

    def ravel(self) -> Traced:
        """As of ndarray."""
        return self.reshape(-1)

    def transpose(self, *axes: Any) -> Traced:
        """As of ndarray."""
        order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None
        return self._look("transpose", tuple(range(self.ndim))[::-1] if order is None else tuple(map(int, order)))

    T = property(transpose)

    def swapaxes(self, axis1: int, axis2: int) -> Traced:
        """As of ndarray."""
        order = list(range(self.ndim))
        order[axis1], order[axis2] = order[axis2], order[axis1]
        return self.transpose(order)

    def squeeze(self, axis: Any = None) -> Traced:
        """As of ndarray."""
        return self.reshape(self.seen.squeeze(axis).shape)

    def __getitem__(self, index: Any) -> Any:
        if _basic(index):
            return self._look("index", index)
        return self.recorder.call(operator.getitem, (self, index), {})

    def __setitem__(self, index: Any, new: Any) -> None:
        if _basic(index):
            self.recorder.write(self._look("index", index), new)
        else:
            self.recorder.write(self, self.recorder.call(replaced, (self, index, new), {}))

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    # ---- methods that compute -----------------------------------------------------------------------

    def copy(self, order: Any = "C") -> Traced:
        """As of ndarray."""
        return Traced(self.recorder, Storage(self.value, np.copy(self.seen, order)))

    def flatten(self) -> Traced:
        """As of ndarray."""
        return self.ravel().copy()

    def astype(self, dtype: Any, copy: bool = True) -> Traced:
        """As of ndarray."""
        return self.recorder.cast(self, np.dtype(dtype))

    def item(self) -> Any:
        """The entry as a stand-in for a Python number."""
        return self.recorder.call(entry, (self,), {})

    def mean(self, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
        """As of ndarray."""
        total = self.sum(axis=axis, dtype=dtype, keepdims=keepdims)
        return total / (self.size // max(total.size, 1))

    def argmax(self, axis: Any = None) -> Any:
        """As of ndarray."""
        return self.recorder.call(np.argmax, (self, axis), {})

    def argmin(self, axis: Any = None) -> Any:
        """As of ndarray."""
        return self.recorder.call(np.argmin, (self, axis), {})

    def clip(self, *limits: Any) -> Any:
        """As of ndarray."""
        return self.recorder.call(np.clip, (self, *limits), {})

    def repeat(self, *args: Any) -> Any:
        """As of ndarray."""
        return self.recorder.call(np.repeat, (self, *args), {})

    def dot(self, other: Any) -> Any:
        """As of ndarray."""
        return dot(self, other)

    def fill(self, number: Any) -> None:
        """As of ndarray."""
        self[...] = number


def _reduction(ufunc: np.ufunc) -> Callable[..., Any]:
    def reduce(self: Any, axis: Any = None, dtype: Any = None, out: Any = None, **options: Any) -> Any:
        options = {key: option for key, option in options.items() if option is not np._NoValue}
        result = self.recorder.ufunc(ufunc, "reduce", (self,), {"axis": axis, "dtype": dtype, **options})
        return result if out is None else self.recorder.write(out, result)

    reduce.__doc__ = f"np.{ufunc.__name__}.reduce, over all axes by default."
    return reduce


REDUCTIONS = {
    "sum": np.add, "prod": np.multiply, "max": np.maximum, "min": np.minimum, "any": np.logical_or,
    "all": np.logical_and,
}  # fmt: skip
for _name, _ufunc in REDUCTIONS.items():
    setattr(Traced, _name, _reduction(_ufunc))


class Scalar(Unreadable):
    """A stand-in for a Python number that may differ from step to step, such as the learning rate."""

    __slots__ = ("recorder", "seen", "value")

    def __init__(self, recorder: Recorder, value: Value, seen: Any) -> None:
        self.recorder, self.value, self.seen = recorder, value, seen

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if any(isinstance(x, Node) for x in inputs):
            return NotImplemented
        return Traced.__array_ufunc__(self, ufunc, method, *inputs, **options)  # type: ignore[arg-type]

    def assure(self, check: Callable[[Any], Any]) -> Scalar:
        """What `check` returns for this number; it may raise, in every step, before anything is changed."""
        return self.recorder.draw(assurance(check), "check", (self,), {})  # type: ignore[no-any-return]


def _operator(name: str, swap: bool) -> Callable[..., Any]:
    f = getattr(operator, name)

    def method(self: Scalar, *others: Any) -> Any:
        if any(isinstance(x, Traced | Node | np.ndarray) for x in others):
            return NotImplemented
        return self.recorder.scalar(f, (*others, self) if swap else (self, *others))

    return method


for _name in ("add", "sub", "mul", "truediv", "pow", "lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Scalar, f"__{_name}__", _operator(_name, swap=False))
for _name in ("add", "sub", "mul", "truediv", "pow"):
    setattr(Scalar, f"__r{_name}__", _operator(_name, swap=True))
for _name in ("neg", "abs"):
    setattr(Scalar, f"__{_name}__", _operator(_name, swap=False))
Scalar.__hash__ = object.__hash__  # type: ignore[method-assign]


# ---- NumPy functions with a spelling of their own -----------------------------------------------------


def plain(x: Any) -> Any:
    """Nested arguments with entries in place of stand-ins."""
    if isinstance(x, Traced | Scalar):
        return x.seen
    if isinstance(x, list | tuple):
        return type(x)(map(plain, x))
    if isinstance(x, Mapping):
        return {key: plain(part) for key, part in x.items()}
    if isinstance(x, slice):
        return slice(plain(x.start), plain(x.stop), plain(x.step))
    return x


def _basic(index: Any) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    return all(isinstance(p, int | np.integer | slice) or p is None or p is Ellipsis for p in parts)


def replaced(a: Array, index: Any, new: Any) -> Array:
    """A copy of `a` with the entries at `index` replaced."""
    a = a.copy()
    a[index] = new
    return a


def entry(a: Array) -> Any:
    """The single entry as a Python number."""
    return a.item()


def _about(function: Any) -> Callable[..., Any]:
    """A function of shapes and dtypes alone: its result is the same in every step."""
    return lambda *args, **kwargs: function(*plain(args), **plain(kwargs))


def _like(number: float | None) -> Callable[..., Any]:
    def make(x: Any, fill: Any = number, dtype: Any = None, shape: Any = None, **options: Any) -> Any:
        shape = x.shape if shape is None else (shape,) if isinstance(shape, int) else tuple(shape)
        like = np.empty_like(x.seen, np.dtype(x.dtype if dtype is None else dtype), shape=shape)
        return x.recorder.filled(like, fill)

    return make


def _method(name: str) -> Callable[..., Any]:
    return lambda a, *args, **kwargs: getattr(a, name)(*args, **kwargs)


def _moved(function: Any) -> Callable[..., Any]:
    """A function that permutes axes."""

    def view(a: Traced, *args: Any) -> Traced:
        order = function(np.empty(range(2, 2 + a.ndim)), *args).shape
        return a.transpose([n - 2 for n in order])

    return view


def _broadcast_to(a: Traced, shape: Any) -> Any:
    return a._look("broadcast", np.broadcast_to(a.seen, shape).shape)


def _concatenate(arrays: Sequence[Any], axis: int = 0, **options: Any) -> Any:
    first = next(x for x in arrays if isinstance(x, Traced))
    if axis is None or options:
        return first.recorder.call(np.concatenate, (arrays, axis), options)
    before, start, paths = (slice(None),) * (axis % first.ndim), 0, []
    for x in arrays:
        stop = start + np.shape(x)[axis]
        paths.append((("index", (*before, slice(start, stop))),))
        start = stop
    return first.recorder.pack(np.concatenate, arrays, axis, tuple(paths))


def _stack(arrays: Sequence[Any], axis: int = 0, **options: Any) -> Any:
    first = next(x for x in arrays if isinstance(x, Traced))
    if options:
        return first.recorder.call(np.stack, (arrays, axis), options)
    before = (slice(None),) * (axis % (first.ndim + 1))
    return first.recorder.pack(np.stack, arrays, axis, tuple((("index", (*before, i)),) for i in range(len(arrays))))


def _share(a: Any, b: Any, *options: Any) -> bool:
    return isinstance(a, Traced) and isinstance(b, Traced) and a.storage is b.storage


def _as_text(*args: Any, **options: Any) -> Any:
    refuse("printing")


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    **{f: _about(f) for f in (np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.iscomplexobj, np.isrealobj)},
    **{getattr(np, name): _method(name) for name in (*REDUCTIONS, "mean", "argmax", "argmin", "reshape", "ravel",
       "transpose", "swapaxes", "squeeze")},
    **dict.fromkeys((np.array2string, np.array_repr, np.array_str), _as_text),
    **dict.fromkeys((np.may_share_memory, np.shares_memory), _share),
    np.dot: dot,
    np.copy: lambda a, order="K": a.recorder.laid_out(a) if order == "C" else a.copy(order),
    np.moveaxis: _moved(np.moveaxis),
    np.lib.stride_tricks.sliding_window_view: lambda a, *how: a._look("window", how),
    np.expand_dims: lambda a, axis: a.reshape(np.expand_dims(a.seen, axis).shape),
    np.broadcast_to: _broadcast_to,
    np.concatenate: _concatenate,
    np.stack: _stack,
    np.empty_like: _like(None),
    np.zeros_like: _like(0),
    np.ones_like: _like(1),
    np.full_like: lambda a, fill_value, *args, **kwargs: _like(None)(a, fill_value, *args, **kwargs),
}  # fmt: skip
