"""An ONNX graph in the making: nodes, constants and names; and a call of an op as the rows of the tables see it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from ...errors import ExportError
from ...files import Array
from .trace import FIXED, Argument, Call, Constant, Dim, Input, Result, Samples

LAST = np.iinfo(np.int64).max


@dataclass
class Graph:
    """Nodes in order, and the constants they may use; a value is known by its name.

    Parameters
    ----------
    dtype : dtype
        Of every floating-point number in it.
    inputs : sequence of str
        The inputs of the net.
    whole : set of str
        Those that hold whole numbers.
    counted : (str, int), optional
        The input and its axis that count the samples.
    names : set of str
        Names that are taken.
    """

    dtype: np.dtype[Any]
    inputs: Sequence[str]
    whole: set[str]
    counted: tuple[str, int] | None
    names: set[str]
    results: list[str] = field(default_factory=list)  # of the calls so far
    nodes: list[NodeProto] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)
    memo: dict[Any, Any] = field(default_factory=dict)

    def fresh(self, name: str) -> str:
        """A name that is not taken: the one wanted, or that and a number."""
        n, free = 1, name
        while free in self.names:
            n, free = n + 1, f"{name}_{n + 1}"
        self.names.add(free)
        return free

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """A node with one output."""
        return self.several(kind, 1, *inputs, **attributes)[0]

    def several(self, kind: str, n: int, *inputs: str, **attributes: Any) -> list[str]:
        """A node with n outputs."""
        outputs = [self.fresh(kind.lower()) for _ in range(n)]
        self.nodes.append(helper.make_node(kind, inputs, outputs, outputs[0], **attributes))
        return outputs

    def called(self, value: str, name: str | None) -> str:
        """The value of a call under the name the notes have for it, if a node has just made it."""
        if name is None or value in self.results or not self.nodes or list(self.nodes[-1].output) != [value]:
            return value
        node, new = self.nodes[-1], self.fresh(re.sub(r"\s", "_", name))
        node.output[0], node.name = new, new
        return new

    def value(self, argument: Argument) -> str:
        """The value of an argument of a call, or of an output."""
        if isinstance(argument, Input):
            given = self.inputs[argument.k]
            return self.add("Squeeze", given, self.ints(0)) if argument.row else given
        if isinstance(argument, Result):
            return self.results[argument.i]
        if argument not in self.memo:
            assert argument is not None  # rows ask `has` first
            one = self.constant(argument.array, argument.name)
            self.memo[argument] = one if argument.dims is None else self.add("Expand", one, self.shape(argument.dims))
        value: str = self.memo[argument]
        return value

    # ---- constants ----------------------------------------------------------------------------------

    def constant(self, array: Any, name: str | None = None) -> str:
        """A constant, once for equal arrays; floating-point numbers get the dtype of the graph."""
        a = np.asarray(array)
        a = a.astype(self.dtype) if a.dtype.kind == "f" else a
        key = (a.dtype.str, a.shape, a.tobytes(), name)
        if key not in self.memo:
            self.memo[key] = self.fresh(name or "constant")
            self.constants[self.memo[key]] = a
        value: str = self.memo[key]
        return value

    def number(self, x: float) -> str:
        """A number, which broadcasts against anything."""
        return self.constant(np.array(x, self.dtype))

    def ints(self, *values: int) -> str:
        """Whole numbers in a row."""
        return self.constant(np.array(values, np.int64))

    def initializers(self) -> list[TensorProto]:
        """The constants that some node uses."""
        used = {name for node in self.nodes for name in node.input}
        return [numpy_helper.from_array(array, name) for name, array in self.constants.items() if name in used]

    # ---- sizes --------------------------------------------------------------------------------------

    def shape(self, dims: Sequence[Dim]) -> str:
        """A shape: a constant, unless sizes in it are multiples of the number of samples."""
        known = [dim for dim in dims if not isinstance(dim, Samples)]
        if len(known) == len(dims):
            return self.ints(*known)
        return self.add("Concat", *(self._size(dim) for dim in dims), axis=0)

    def _size(self, dim: Dim) -> str:
        if not isinstance(dim, Samples):
            return self.ints(dim)
        if "m" not in self.memo:
            assert self.counted is not None
            name, axis = self.counted
            self.memo["m"] = self.add("Shape", name, start=axis, end=axis + 1)
        m: str = self.memo["m"]
        return m if dim.times == 1 else self.add("Mul", m, self.ints(dim.times))

    # ---- moves, done at once on constants -----------------------------------------------------------

    def transpose(self, value: str, axes: Sequence[int]) -> str:
        """Axes in another order."""
        if value in self.constants:
            return self.constant(self.constants[value].transpose(axes), f"{value}.T")
        return value if list(axes) == sorted(axes) else self.add("Transpose", value, perm=list(axes))

    def reshape(self, value: str, dims: Sequence[Dim]) -> str:
        """The same entries in another shape; a size that grows with the samples is left open, if it is the only one."""
        known = [dim for dim in dims if not isinstance(dim, Samples)]
        if value in self.constants and len(known) == len(dims):
            return self.constant(self.constants[value].reshape(known), f"{value}.flat")
        if len(known) == len(dims) - 1 and -1 not in known:
            dims = [-1 if isinstance(dim, Samples) else dim for dim in dims]
        return self.add("Reshape", value, self.shape(dims))

    def slice(self, value: str, axis: int, start: int | None, stop: int | None, step: int = 1) -> str:
        """Entries start, start + step, … before stop along an axis; None is the end where it begins or ends."""
        first, last = (0, LAST) if step > 0 else (LAST, -LAST)
        bounds = (first if start is None else start, last if stop is None else stop)
        return self.add("Slice", value, *(self.ints(n) for n in (*bounds, axis, step)))

    def split(self, value: str, n: int) -> list[str]:
        """The value in n equal blocks of rows, made once."""
        key = ("split", value, n)
        if key not in self.memo:
            self.memo[key] = self.several("Split", n, value, axis=0, num_outputs=n)
        blocks: list[str] = self.memo[key]
        return blocks


@dataclass
class Site:
    """A call in its place in the graph: `site[0]` is the name of its first input's value."""

    graph: Graph
    call: Call

    def __getitem__(self, i: int) -> str:
        """The i-th input, as floating-point numbers."""
        return self.as_type(i, self.graph.dtype)

    def as_type(self, i: int, dtype: np.dtype[Any]) -> str:
        """The i-th input in a dtype: a mask, say, where one is wanted. Results of calls are floating point always."""
        argument = self.call.arguments[i]
        if isinstance(argument, Constant) and argument.array.dtype.kind != dtype.kind:
            argument = replace(argument, array=argument.array.astype(dtype))
        value = self.graph.value(argument)
        to = helper.np_dtype_to_tensor_dtype(dtype)
        return self.graph.add("Cast", value, to=to) if value in self.graph.whole else value

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self.call.arguments)))

    def has(self, i: int) -> bool:
        """Whether the i-th input is given: a bias, or a limit of clip, may be None."""
        return self.call.arguments[i] is not None

    def option(self, name: str, default: Any = None) -> Any:
        """An option of the call."""
        return self.call.options.get(name, default)

    def ndim(self, i: int = 0) -> int:
        """The number of axes of the i-th input."""
        return len(self.call.shapes[i])

    def size(self, i: int, axis: int) -> int:
        """The length of an axis.

        Raises
        ------
        ExportError
            If it grows with the number of samples.
        """
        if self.call.grows and self.call.grows[i][axis]:
            raise ExportError(f"{self.call.op.name} needs the length of an axis that counts samples{FIXED}")
        return self.call.shapes[i][axis]

    def axes(self, name: str = "axis", i: int = 0) -> list[int]:
        """An option that names axes, as a list from 0; all of them for None."""
        given, n = self.option(name), self.ndim(i)
        axes = range(n) if given is None else given if isinstance(given, (tuple, list)) else (given,)
        return [int(axis) % n for axis in axes]
