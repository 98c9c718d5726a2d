"""Emission: a program and its memory as straight-line Python that people can read and Python can run."""

from __future__ import annotations

import builtins
import keyword
import operator
import re
from collections.abc import Callable
from textwrap import indent
from typing import Any

import numpy as np

from ..ops.op import Array
from .arrange import Arrangement, Line
from .memory import Memory
from .mkl import Product
from .program import VIEWS, Program, Value, children, look

INFIX = {
    operator.add: "+", operator.sub: "-", operator.mul: "*", operator.truediv: "/", operator.pow: "**",
    operator.lt: "<", operator.le: "<=", operator.gt: ">", operator.ge: ">=", operator.eq: "==", operator.ne: "!=",
}  # fmt: skip


class Emitter:
    """Writes the text of a program, and collects what its names stand for.

    Attributes
    ----------
    namespace : dict
        The arrays and functions the text refers to.
    lines : list of Line
        The calls, in order.
    arrangement : Arrangement
        What becomes of them.
    inputs : list of (str, key)
        Parameters of the function: arguments and numbers of the state.
    outputs : list of key
        Numbers of the state the function returns after the result.
    """

    def __init__(self, program: Program, memory: Memory, fast: bool = False, mkl: bool = False) -> None:
        self.program, self.memory = program, memory
        self._mkl = Product() if mkl else None
        self.namespace: dict[str, Any] = {"inf": np.inf, "nan": np.nan}
        self.lines: list[Line] = []
        self.inputs: list[tuple[str, Any]] = []
        self.outputs: list[Any] = []
        self.constants: list[str] = []
        self._names: dict[Value, str] = {}
        self._arrays: dict[Any, str] = {}
        for value in program.values:
            self._emit(value)
        for array, value in memory.copies:
            self._call("copyto", np.copyto, [self.name_of(array), self._text(value)], writes=array)
        self.arrangement = Arrangement(self, fast)
        self._result = self._returned(program.result)
        for key, value in program.finals.items():
            if value.dtype is None:
                self.outputs.append(key)

    # ---- text ---------------------------------------------------------------------------------------

    def text(self) -> str:
        """The function `replay`, and the loops it calls."""
        numbers = [self._text(self.program.finals[key]) for key in self.outputs]
        head = f"def replay({', '.join(name for name, _ in self.inputs)}):"
        about = [f"# {text}" for text in self.constants]
        loops = [f"# by numba.njit\n{text.format(name=name)}" for name, text in self.arrangement.functions.items()]
        body = [indent(row.text, "    ") for row in self.arrangement.rows]
        return "\n".join([*about, *loops, head, *body, f"    return {', '.join([self._result, *numbers])}", ""])

    def first_write(self) -> int:
        """The number of the first line of the text that changes the state."""
        state = [array for key, array in self.memory.state.items() if key[0] != "grad"]
        lines = self.text().splitlines()
        number = next(i for i, line in enumerate(lines, 1) if line.startswith("def replay(")) + 1
        for row in self.arrangement.rows:
            if any(np.may_share_memory(a, b) for a in row.writes for b in state):
                return number
            number += row.text.count("\n") + 1
        return number

    # ---- values -------------------------------------------------------------------------------------

    def _emit(self, value: Value) -> None:
        if value.op == "input" and not self.memory.fixed(value):
            self.inputs.append((self._local(value), value.args[0]))
        elif value.op in VIEWS:
            self._view(value)
        elif value.op in EMIT:
            EMIT[value.op](self, value)
        elif isinstance(value.op, np.ufunc):
            self._ufunc(value)
        elif isinstance(value.op, tuple):
            self._reduce(value)

    def _ufunc(self, value: Value) -> None:
        out = self.memory.arrays[value]
        ufunc, args = value.op, [self._operand(x, value) for x in value.args]
        if ufunc is np.matmul:
            args.append(self._text(value))
            name, product = self._product(value, *map(self.namespace.get, args))
            self._call(name, product, args, writes=out, flops=2 * out.size * value.args[0].shape[-1])
            return
        target = f"{'out=' * (ufunc in (np.maximum, np.minimum))}{self._text(value)}"  # NumPy wants it said for these
        line = self._call(ufunc.__name__, ufunc, [*args, target], writes=out)
        if value.elementwise and all(x.dtype is None or x in self.memory.arrays for x in children(value.args)):
            line.value = value
            line.arrays = {
                self._text(x): self.memory.arrays[x] for x in [*children(value.args), value] if x in self.memory.arrays
            }

    def _operand(self, x: Any, value: Value) -> str:
        """An argument of a ufunc; a number as an array, which NumPy takes up faster than it does a Python number."""
        dtypes = {y.dtype for y in children(value.args)}
        if type(x) in (int, float) and value.elementwise and len(dtypes) == 1:
            (dtype,) = dtypes
            if dtype is not None and dtype.kind == "f":
                return self._of_scalar(np.array(x, dtype))
        return self._text(x)

    def _product(self, value: Value, a: Array | None, b: Array | None, out: Any) -> tuple[str, Any]:
        """What multiplies matrices, or stacks of them: MKL if it is there and gains by it, np.dot where it can."""
        factors = value.args
        if value.dtype.kind != "f" or any(x.dtype != value.dtype for x in factors):
            return "matmul", np.matmul
        dimensions = {len(x.shape) for x in factors}
        if self._mkl and min(dimensions) > 1 and self._mkl.takes(a, b, out, value.size * factors[0].shape[-1]):
            return "mkl_matmul", self._mkl
        whole = out.flags.c_contiguous and all(x is None or x.flags.forc for x in (a, b))  # of others it makes copies
        return ("dot", np.dot) if whole and max(dimensions) <= 2 else ("matmul", np.matmul)

    def _reduce(self, value: Value) -> None:
        ufunc, options = value.op[0], dict(value.options)
        axis = options.pop("axis")
        axis = None if len(axis) == len(value.args[0].shape) else axis[0] if len(axis) == 1 else axis
        args = [self._text(value.args[0]), repr(axis), self._literal(options.pop("dtype", None)), self._text(value)]
        keywords = [f"{key}={self._literal(option)}" for key, option in options.items()]
        self._call(f"{ufunc.__name__}_reduce", ufunc.reduce, [*args, *keywords], writes=self.memory.arrays[value])

    def _view(self, value: Value) -> None:
        source = value.args[0]
        if not self.memory.fixed(value):
            template = "{}.T" if value.op == "transpose" and value.args[1] == (1, 0) else DYNAMIC[value.op]
            how = template.format(self._text(source), self._literal(value.args[1]))
            self.lines.append(Line(f"{self._local(value)} = {how}"))
            self.namespace |= {f.__name__: f for f in (np.broadcast_to, np.lib.stride_tricks.sliding_window_view)}
        elif not np.may_share_memory(self.memory.arrays[value], self.memory.arrays[source]) and value.size:
            flat = self.name_of(self.memory.arrays[value].reshape(source.shape))
            self._call("copyto", np.copyto, [flat, self._text(source)], writes=self.memory.arrays[value])

    def _update(self, value: Value) -> None:
        old, path, new = value.args
        out = self.memory.arrays[value]
        in_place = old in self.memory.arrays and np.may_share_memory(self.memory.arrays[old], out)
        if old.op != "empty" and not in_place and value not in self.memory.borders:
            self._call("copyto", np.copyto, [self._text(value), self._text(old)], writes=out)
        part = look(out, path)
        if new not in self.memory.arrays or _memory(self.memory.arrays[new]) != _memory(part):
            self._call("copyto", np.copyto, [self.name_of(part), self._text(new)], writes=out)

    def _pack(self, value: Value) -> None:
        for part, path in zip(*value.args, strict=True):
            place = look(self.memory.arrays[value], path)
            if part not in self.memory.arrays or _memory(self.memory.arrays[part]) != _memory(place):
                self._call("copyto", np.copyto, [self.name_of(place), self._text(part)], writes=place)

    def _cast(self, value: Value) -> None:
        out = self.memory.arrays[value]
        self._call("copyto", np.copyto, [self._text(value), self._text(value.args[0]), "'unsafe'"], writes=out)

    def _copy(self, value: Value) -> None:
        out = self.memory.arrays[value]
        self._call("copyto", np.copyto, [self._text(value), self._text(value.args[0])], writes=out)

    def _function(self, value: Value) -> None:
        function, args, kwargs = value.args
        name = self._object(function, getattr(function, "__name__", "f"))
        words = [*(self._literal(x) for x in args), *(f"{key}={self._literal(x)}" for key, x in kwargs.items())]
        self.lines.append(Line(f"{self._local(value)} = {name}({', '.join(words)})"))

    def _draw(self, value: Value) -> None:
        generator, method, args, kwargs = value.args
        words = [*(self._literal(x) for x in args), *(f"{key}={self._literal(x)}" for key, x in kwargs.items())]
        self.lines.append(Line(f"{self._local(value)} = {self._object(generator, 'rng')}.{method}({', '.join(words)})"))

    def _scalar(self, value: Value) -> None:
        f, *args = value.args
        words = [self._literal(x) for x in args]
        text = f" {INFIX[f]} ".join(words) if f in INFIX else f"{self._object(f, f.__name__)}({', '.join(words)})"
        self.lines.append(Line(f"{self._local(value)} = {text}"))

    def _item(self, value: Value) -> None:
        self.lines.append(Line(f"{self._local(value)} = {self._text(value.args[0])}[{value.args[1]}]"))

    def _call(self, name: str, f: Any, args: list[str], writes: Array, flops: int = 0) -> Line:
        line = Line(f"{self._object(f, name)}({', '.join(args)})", writes=[writes], flops=flops)
        self.lines.append(line)
        return line

    # ---- names --------------------------------------------------------------------------------------

    def _text(self, x: Any) -> str:
        """How the text refers to a value or a plain argument."""
        if not isinstance(x, Value):
            return self._literal(x)
        if x not in self._names:
            self._names[x] = self._array_name(x)
        return self._names[x]

    def _array_name(self, value: Value) -> str:
        array = self.memory.arrays[value]
        if value.op == "constant" and not value.shape:
            return self._of_scalar(array)
        if value.name:
            return self._named(value, array)
        if value.op == "transpose" and value.args[0].name:
            return self.bind(f"{value.args[0].name}_T", array)
        return self.name_of(array)

    def _named(self, value: Value, array: Array) -> str:
        """The name of the tensor; what is written into state later on is called by the name of the state."""
        known = self.namespace.get(value.name)
        if isinstance(known, np.ndarray) and _memory(known) == _memory(array):
            return value.name
        name = self.bind(value.name, array)
        if value.op == "constant" and array.size and (array == array.flat[0]).all():  # as the factors of sums are
            self.constants.append(f"{name} = full({array.shape}, {array.flat[0].item()!r})")
        if value.op == "input":
            self._arrays[_memory(array)] = name
        return name

    def name_of(self, array: Array, prefix: str = "s") -> str:
        """A name for an array: the same for the same memory seen the same way."""
        key = _memory(array)
        if key not in self._arrays:
            self._arrays[key] = self.bind(prefix, array, number=prefix == "s")
        return self._arrays[key]

    def bind(self, name: str, x: Any, number: bool = False) -> str:
        """A name for an object."""
        name = self._unique(name, number)
        self.namespace[name] = x
        return name

    def number(self, x: Value) -> str:
        """A number known in the step, as a Python number."""
        return self._text(x) if x.dtype is None else f"{self._text(x)}.item()"

    def _local(self, value: Value) -> str:
        self._names[value] = name = self._unique(value.name or "v", number=not value.name)
        self.namespace[name] = None
        return name

    def _unique(self, name: str, number: bool = False) -> str:
        stem = re.sub(r"\W", "_", name)
        stem = f"_{stem}" if stem[:1].isdigit() or keyword.iskeyword(stem) or hasattr(builtins, stem) else stem
        name, n = (f"{stem}1", 1) if number else (stem, 1)
        while name in self.namespace:
            n += 1
            name = f"{stem}{n}" if not stem[-1:].isdigit() else f"{stem}_{n}"
        self.namespace.setdefault(name, None)
        return name

    def _object(self, x: Any, name: str) -> str:
        """The name of a function or another object."""
        name = re.sub(r"\W", "_", name)
        while name in self.namespace and self.namespace[name] is not x and not _same_call(self.namespace[name], x):
            name += "_"
        self.namespace[name] = x
        return name

    def _literal(self, x: Any) -> str:
        if isinstance(x, Value):
            return self._text(x)
        if isinstance(x, tuple):
            return f"({', '.join(map(self._literal, x))}{',' * (len(x) == 1)})"
        if isinstance(x, list):
            return f"[{', '.join(map(self._literal, x))}]"
        if isinstance(x, slice):
            return f"slice({self._literal(x.start)}, {self._literal(x.stop)}, {self._literal(x.step)})"
        if x is Ellipsis or x is None or isinstance(x, bool | int | str) or type(x) is float:
            return repr(x) if x is not Ellipsis else "..."
        if isinstance(x, np.generic):
            return self._of_scalar(x)
        return self._object(x, getattr(x, "__name__", "x"))

    def _of_scalar(self, x: Any) -> str:
        key = (type(x), repr(x), x.dtype.str)
        if key not in self._arrays:
            self._arrays[key] = name = self.bind("c", x, number=True)
            self.constants.append(f"{name} = {x.item()!r}")
        return self._arrays[key]

    def _returned(self, x: Any) -> str:
        kind, inside = x
        if kind in ("tuple", "list"):
            parts = ", ".join(map(self._returned, inside))
            return f"[{parts}]" if kind == "list" else f"({parts}{',' * (len(inside) == 1)})"
        if kind == "dict":
            return f"{{{', '.join(f'{key!r}: {self._returned(part)}' for key, part in inside.items())}}}"
        if kind == "plain":
            return repr(inside)
        text = self._text(inside)
        if kind == "tensor":
            from .trace import detached

            return f"{self._object(detached, 'detached')}({text}, {inside.name or None!r})"
        return text if kind == "number" else f"{text}.copy()"


def _memory(array: Array) -> tuple[Any, ...]:
    """What tells whether two arrays are the same view of the same memory."""
    return array.__array_interface__["data"][0], array.shape, array.strides, array.dtype.str


def _same_call(a: Any, b: Any) -> bool:
    return callable(a) and callable(b) and bool(a == b)


DYNAMIC = {
    "reshape": "{}.reshape({})",
    "transpose": "{}.transpose({})",
    "index": "{}[{}]",
    "window": "sliding_window_view({}, *{})",
    "broadcast": "broadcast_to({}, {})",
}
EMIT: dict[Any, Callable[[Emitter, Value], None]] = {
    "update": Emitter._update,
    "pack": Emitter._pack,
    "copy": Emitter._copy,
    "cast": Emitter._cast,
    "call": Emitter._function,
    "draw": Emitter._draw,
    "scalar": Emitter._scalar,
    "item": Emitter._item,
}
