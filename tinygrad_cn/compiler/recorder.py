"""The recorder: runs the calls that stand-ins note, and writes them down as values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import CellType, FunctionType
from typing import Any

import numpy as np

from ..errors import CompileError
from ..ops.op import Array
from .program import LOOK, Path, Program, Shape, Value, look, signature
from .standin import Scalar, Storage, Traced, plain, replaced


class Recorder:
    """Makes the values of one program, in the order in which the step asks for them."""

    def __init__(self) -> None:
        self.program = Program()
        self._scalars: dict[Any, Scalar] = {}
        self._looks: dict[Any, Value] = {}
        self._quiet = {kind for kind, how in np.geterr().items() if how == "ignore"}

    # ---- values -------------------------------------------------------------------------------------

    def make(self, op: Any, args: tuple[Any, ...], like: Any, options: Any = ()) -> Value:
        """Note a value whose shape and dtype are those of `like`."""
        value = Value(op, args, options, np.shape(like), like.dtype if isinstance(like, np.ndarray) else None)
        self.program.values.append(value)
        return value

    def array(self, op: Any, args: tuple[Any, ...], entries: Any, options: Any = ()) -> Traced:
        """Note a value and return a stand-in with memory of its own."""
        entries = np.asarray(entries)
        return Traced(self, Storage(self.make(op, args, entries, options), entries))

    def input(self, x: Any, key: Any, name: str = "") -> Any:
        """A stand-in for an array or a number that every step begins with."""
        if isinstance(x, np.ndarray):
            traced = self.array("input", (key,), x)
            traced.storage.value.name = name
            return traced
        value = self.make("input", (key,), x)
        value.name = name
        return Scalar(self, value, x)

    def lift(self, x: Any) -> Any:
        """Nested arguments as values and plain objects."""
        if isinstance(x, Traced | Scalar):
            return x.value
        if isinstance(x, np.ndarray):
            return self.make("constant", (x,), x)
        if isinstance(x, list | tuple):
            return type(x)(map(self.lift, x))
        if isinstance(x, Mapping):
            return {key: self.lift(part) for key, part in x.items()}
        if isinstance(x, slice):
            return slice(*map(self.lift, (x.start, x.stop, x.step)))
        return _kept(x) if isinstance(x, FunctionType) and x.__closure__ else x

    def read(self, value: Value, path: Path) -> Value:
        """The value seen along a path; what was just written there is found without looking."""
        if value.op == "update" and value.args[1] == path:
            new: Value = value.args[2]
            return new
        for kind, how in path:
            key = value, kind, signature(how)
            if key not in self._looks:
                like = LOOK[kind](np.broadcast_to(np.empty((), value.dtype), value.shape), how)
                self._looks[key] = self.make(kind, (value, how), like)
            value = self._looks[key]
        return value

    # ---- calls --------------------------------------------------------------------------------------

    def ufunc(self, ufunc: np.ufunc, method: str, inputs: Sequence[Any], options: Mapping[str, Any]) -> Any:
        """A ufunc, or one of its methods."""
        self._note_warnings()
        if method == "reduce":
            return self._reduce(ufunc, inputs[0], *inputs[1:], **options)
        if method == "at":
            target, index, *others = inputs
            return self.write(target, self.call(changed_at, (ufunc, target, index, *others), {}))
        if method not in ("__call__", "accumulate", "outer") or ufunc.nout > 1:
            raise CompileError(f"np.{ufunc.__name__}.{method} cannot be recorded")
        if method != "__call__" or options:
            return self.call(ufunc if method == "__call__" else getattr(ufunc, method), inputs, options)
        return self.array(ufunc, tuple(map(self.lift, inputs)), ufunc(*plain(inputs)))

    def _reduce(self, ufunc: np.ufunc, x: Any, axis: Any = 0, dtype: Any = None, keepdims: bool = False,
                **more: Any) -> Any:  # fmt: skip
        axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        axes = tuple(sorted(a % x.ndim for a in axes))
        options = {"axis": axes, "dtype": dtype, "keepdims": bool(keepdims), **more}
        kept = {key: option for key, option in options.items() if option is not None and option is not False}
        entries = ufunc.reduce(x.seen, **kept)
        return self.array((ufunc, "reduce"), (self.lift(x),), entries, tuple(kept.items()))

    def call(self, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Any function whose result depends on its arguments alone."""
        self._note_warnings()
        return self._wrap("call", (function, self.lift(tuple(args)), self.lift(kwargs)),
                          function(*plain(tuple(args)), **plain(kwargs)))  # fmt: skip

    def draw(self, generator: Any, method: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """A call of a random generator."""
        result = getattr(generator, method)(*plain(tuple(args)), **plain(kwargs))
        return self._wrap("draw", (generator, method, self.lift(tuple(args)), self.lift(kwargs)), result)

    def scalar(self, f: Callable[..., Any], inputs: tuple[Any, ...]) -> Scalar:
        """Arithmetic of Python numbers."""
        args = (f, *map(self.lift, inputs))
        if (key := signature(args)) not in self._scalars:  # every parameter asks for its own bias correction of Adam
            seen = f(*plain(inputs))
            self._scalars[key] = Scalar(self, self.make("scalar", args, seen), seen)
        return self._scalars[key]

    def _wrap(self, op: str, args: tuple[Any, ...], result: Any) -> Any:
        if isinstance(result, np.ndarray | np.generic):
            return self.array(op, args, result)
        value = self.make(op, args, 0)
        if isinstance(result, int | float):
            return Scalar(self, value, result)
        if isinstance(result, tuple | list):
            parts = [self._wrap("item", (value, i), part) for i, part in enumerate(result)]
            return result._make(parts) if hasattr(result, "_make") else parts
        raise CompileError(
            f"{getattr(args[0], '__name__', args[0])} gave {type(result).__name__}, which is not an array"
        )

    # ---- memory -------------------------------------------------------------------------------------

    def filled(self, memory: Array, number: Any) -> Traced:
        """New memory, which lies like the one given: not set, or full of a number."""
        if number is None:
            return self.array("empty", (), memory)
        if isinstance(number, Scalar | Traced):
            return self.broadcast(self.cast(number, memory.dtype), memory.shape)
        memory[...] = number
        return self.array("constant", (memory,), memory)

    def cast(self, x: Any, dtype: np.dtype[Any]) -> Traced:
        """The entries in another dtype."""
        if isinstance(x, Traced) and x.dtype == dtype:
            return x.copy()
        return self.array("cast", (self.lift(x), dtype), np.asarray(plain(x)).astype(dtype))

    def pack(self, join: Callable[..., Any], arrays: Sequence[Any], axis: int, paths: tuple[Path, ...]) -> Any:
        """What `join` makes of arrays that end up at these paths; of arrays of several dtypes it is a call."""
        if len({x.dtype for x in map(np.asarray, plain(list(arrays)))}) > 1:
            return self.call(join, (list(arrays), axis), {})
        return self.array("pack", ([self.lift(x) for x in arrays], paths), join(plain(list(arrays)), axis))

    def laid_out(self, x: Traced) -> Traced:
        """The entries in an array of their own, row after row, for the next calls to read in order."""
        return self.array("copy", (x.value,), x.seen)

    def broadcast(self, x: Any, shape: Shape) -> Traced:
        """The entries repeated along new axes."""
        shape = tuple(int(n) for n in shape)
        if np.shape(plain(x)) == shape:
            return x if isinstance(x, Traced) else self.array("constant", (np.asarray(x),), x)
        if not isinstance(x, Traced):
            x = self.array("constant", (np.asarray(plain(x)),), plain(x))
        return self.array("broadcast", (x.value, shape), np.broadcast_to(x.seen, shape))

    def write(self, target: Any, new: Any) -> Any:
        """Put new entries where a stand-in looks at."""
        if not isinstance(target, Traced):
            raise CompileError(
                f"a compiled step writes into an array {np.shape(target)} that it neither was given nor made, nor "
                f"belongs to a parameter or an optimiser it can find"
            )
        if isinstance(new, Traced) and new.storage is target.storage and new.path == target.path:
            return target  # the second half of `a[i] += b`: it is there already
        if isinstance(new, Scalar) or not isinstance(new, Traced):
            new = self.filled(np.empty((), target.dtype), new) if np.ndim(plain(new)) == 0 else self.array(
                "constant", (np.asarray(new),), new)  # fmt: skip
        if new.dtype != target.dtype:
            if not np.can_cast(new.dtype, target.dtype, "same_kind"):
                raise TypeError(f"cannot write {new.dtype} into {target.dtype}")
            new = self.cast(new, target.dtype)
        new = self.broadcast(new, target.shape)
        storage, path = target.storage, target.path
        value = new.value
        if path and not self._whole(target):
            if any(kind == "broadcast" for kind, _ in path):
                raise ValueError("assignment destination is read-only")
            value = self._update(storage, path, new)
        storage.value, storage.entries = value, _patched(storage.entries, path, new.seen)
        return target

    def _update(self, storage: Storage, path: Path, new: Traced) -> Value:
        """A storage with new entries along a path, which need not be a view of an array that lies in order."""
        spots = np.arange(storage.entries.size).reshape(storage.entries.shape)
        part = look(spots, path)
        if np.may_share_memory(part, spots):
            return self.make("update", (storage.value, path, new.value), storage.entries)
        whole = Traced(self, Storage(storage.value, storage.entries))
        changed = self.call(replaced, (whole.reshape(-1), part, new), {})
        return changed.reshape(whole.shape).value  # type: ignore[no-any-return]

    def _whole(self, target: Traced) -> bool:
        """True if the target is its storage, entry for entry."""
        return target.shape == target.storage.entries.shape and all(
            kind == "index" and how in (Ellipsis, slice(None)) for kind, how in target.path
        )

    def _note_warnings(self) -> None:
        now = np.geterr()
        self.program.ignored |= {kind for kind, how in now.items() if how == "ignore" and kind not in self._quiet}


def changed_at(ufunc: np.ufunc, a: Array, *rest: Any) -> Array:
    """A copy of `a` with a ufunc applied at an index, once for each time an entry is named."""
    a = a.copy()
    ufunc.at(a, *rest)
    return a


def _kept(function: FunctionType) -> FunctionType:
    """A function with the variables it took along as they are now; a loop in the step may go on to change them."""
    cells = tuple(CellType(cell.cell_contents) for cell in function.__closure__ or ())
    kept = FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__, cells
    )  # fmt: skip
    kept.__kwdefaults__ = function.__kwdefaults__
    return kept


def _patched(entries: Array, path: Path, new: Array) -> Array:
    entries = entries.copy(order="K")  # whether a reshape of it is a view depends on how it lies
    look(entries, path)[...] = new
    return entries
