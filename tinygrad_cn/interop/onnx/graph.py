"""An ONNX graph in the making: nodes, constants and names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from ...files import Array
from .call import Argument, Constant, Dim, Input, Open, Result

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
    counted : dict
        For each open size, an input and its axis that have it.
    names : set of str
        Names that are taken.
    writers : dict
        For each op the function that writes a call of it, a `site.Site`.
    """

    dtype: np.dtype[Any]
    inputs: Sequence[str]
    whole: set[str]
    counted: Mapping[str, tuple[str, int]]
    names: set[str]
    writers: Mapping[str, Callable[[Any], str]]
    results: list[str] = field(default_factory=list)  # of the calls so far
    nodes: list[NodeProto] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)
    memo: dict[Any, Any] = field(default_factory=dict)
    turned: dict[str, tuple[str, Sequence[int]]] = field(default_factory=dict)  # by Transpose, from what and how

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
        if value in self.turned:
            self.turned[new] = self.turned.pop(value)
        return new

    def value(self, argument: Argument) -> str:
        """The value of an argument of a call, or of an output."""
        if isinstance(argument, Input):
            given = self.inputs[argument.k]
            return self.add("Squeeze", given, self.ints(0)) if argument.row else given
        if isinstance(argument, Result):
            return self.results[argument.i]
        assert isinstance(argument, Constant)  # rows ask `has` first, and sites know what padding is
        if argument.dims is None:
            return self.constant(argument.array, argument.name)
        kept = self.constant(argument.array, None if argument.triangle else argument.name)
        key = (kept, argument.dims, argument.triangle)
        if key not in self.memo:
            self.memo[key] = (self._triangle if argument.triangle else self._grown)(kept, argument.dims)
        value: str = self.memo[key]
        return value

    def _grown(self, value: str, dims: Sequence[Dim]) -> str:
        """A constant as long as it should be: the start of its rows, and what there is one of repeated."""
        lengths = self.constants[value].shape
        for axis, dim in enumerate(dims):
            if isinstance(dim, Open) and lengths[axis] > 1:
                value = self.slice(value, axis, 0, dim)
        single = any(isinstance(dim, Open) and lengths[axis] == 1 for axis, dim in enumerate(dims))
        return self.add("Expand", value, self.shape(dims)) if single else value

    def _triangle(self, value: str, dims: Sequence[Dim]) -> str:
        """The second of two numbers on the diagonal and below it, the first above."""
        below, pair = self.below(*dims), self.constants[value]
        if pair.dtype == bool:
            return below if pair[1] else self.add("Not", below)
        return self.add("Where", below, self.constant(pair[1]), self.constant(pair[0]))

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
        used = {name for node in self.nodes for name in uses(node)}
        return [numpy_helper.from_array(array, name) for name, array in self.constants.items() if name in used]

    def needed(self, outputs: Sequence[str]) -> list[NodeProto]:
        """The nodes that outputs depend on."""
        wanted, found = set(outputs), []
        for node in reversed(self.nodes):
            if wanted.intersection(node.output):
                found.append(node)
                wanted.update(uses(node))
        return found[::-1]

    # ---- sizes --------------------------------------------------------------------------------------

    def shape(self, dims: Sequence[Dim]) -> str:
        """A shape: a constant, unless sizes in it are open."""
        known = [dim for dim in dims if not isinstance(dim, Open)]
        if len(known) == len(dims):
            return self.ints(*known)
        key = ("shape", tuple(dims))
        if key not in self.memo:
            self.memo[key] = self.add("Concat", *map(self._size, dims), axis=0)
        found: str = self.memo[key]
        return found

    def _size(self, dim: Dim) -> str:
        if not isinstance(dim, Open):
            return self.ints(dim)
        factors = [*map(self._counted, dim.of), *([] if dim.times == 1 else [self.ints(dim.times)])]
        return reduce(lambda a, b: self.add("Mul", a, b), factors)

    def _counted(self, name: str) -> str:
        if name not in self.memo:
            given, axis = self.counted[name]
            self.memo[name] = self.add("Shape", given, start=axis, end=axis + 1)
        found: str = self.memo[name]
        return found

    def range(self, dim: Dim) -> str:
        """The whole numbers 0, 1, … before a size."""
        zero, one = (self.constant(np.array(n, np.int64)) for n in (0, 1))
        return self.add("Range", zero, self.add("Squeeze", self._size(dim), self.ints(0)), one)

    def below(self, rows: Dim, columns: Dim) -> str:
        """Where a column is not to the right of the diagonal, made once."""
        key = ("below", rows, columns)
        if key not in self.memo:
            self.memo[key] = self.add("GreaterOrEqual", self.reshape(self.range(rows), [-1, 1]), self.range(columns))
        found: str = self.memo[key]
        return found

    # ---- moves, done at once on constants -----------------------------------------------------------

    def transpose(self, value: str, axes: Sequence[int]) -> str:
        """Axes in another order; of what was turned already, the turns become one."""
        if value in self.constants:
            return self.constant(self.constants[value].transpose(axes), f"{value}.T")
        source, before = self.turned.get(value, (value, range(len(axes))))
        order = [before[axis] for axis in axes]
        if order == sorted(order):
            return source
        turned = self.add("Transpose", source, perm=order)
        self.turned[turned] = source, order
        return turned

    def reshape(self, value: str, dims: Sequence[Dim]) -> str:
        """The same entries in another shape; an open size is left to be found, if it is the only one."""
        known = [dim for dim in dims if not isinstance(dim, Open)]
        if value in self.constants and len(known) == len(dims):
            return self.constant(self.constants[value].reshape(known), f"{value}.flat")
        if len(known) == len(dims) - 1 and -1 not in known:
            dims = [-1 if isinstance(dim, Open) else dim for dim in dims]
        return self.add("Reshape", value, self.shape(dims))

    def slice(self, value: str, axis: int, start: int | None, stop: Dim | None, step: int = 1) -> str:
        """Entries start, start + step, … before stop along an axis; None is the end where it begins or ends."""
        first, last = (0, LAST) if step > 0 else (LAST, -LAST)
        bounds = self._size(first if start is None else start), self._size(last if stop is None else stop)
        return self.add("Slice", value, *bounds, self.ints(axis), self.ints(step))

    def split(self, value: str, n: int) -> list[str]:
        """The value in n equal blocks of rows, made once."""
        key = ("split", value, n)
        if key not in self.memo:
            self.memo[key] = self.several("Split", n, value, axis=0, num_outputs=n)
        blocks: list[str] = self.memo[key]
        return blocks


def uses(node: NodeProto) -> Iterator[str]:
    """The values a node takes, those of the graph around it that its body takes among them."""
    yield from node.input
    for attribute in node.attribute:
        for inner in attribute.g.node:
            yield from uses(inner)
