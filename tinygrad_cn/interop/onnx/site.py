"""A call of an op in its place in a graph, as the rows of the tables see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from onnx import helper

from ...errors import ExportError
from .call import Call, Constant, Dim, Input, Open, Padding, fixing, unit
from .graph import Graph


def write(graph: Graph, calls: Sequence[Call]) -> None:
    """Write calls into a graph, one after another.

    Raises
    ------
    ExportError
        If nothing writes an op.
    """
    for call in calls:
        writer = graph.writers.get(call.op.name)
        if writer is None:
            raise ExportError(
                f"the op {call.op.name} is not exported: it has no row in tinygrad_cn.interop.onnx.build.ROWS"
            )
        graph.results.append(graph.called(writer(Site(graph, call)), call.name))


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
        if isinstance(argument, Padding):
            value, other = self._padding(i, argument), dtype.kind != "b"
        else:
            value = self.graph.value(argument)
            other = value in self.graph.whole
        return self.graph.add("Cast", value, to=helper.np_dtype_to_tensor_dtype(dtype)) if other else value

    def _padding(self, i: int, padding: Padding) -> str:
        """A mask made of lengths, once for all calls that take it."""
        g, dims = self.graph, tuple(self.dim(i, axis) for axis in range(self.ndim(i)))
        if (padding, dims) not in g.memo:
            real = g.add("Less", g.range(dims[-1]), g.reshape(g.value(Input(padding.k)), [-1, 1]))
            if padding.causal:
                real = g.add("And", g.add("Unsqueeze", real, g.ints(1)), g.below(dims[-2], dims[-1]))
            g.memo[padding, dims] = g.reshape(real, dims)
        mask: str = g.memo[padding, dims]
        return mask

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

    def dim(self, i: int, axis: int) -> Dim:
        """The length of an axis, which may be open.

        Raises
        ------
        ExportError
            If it depends on an open size, not as a multiple of it.
        """
        dim = self.call.dims[i][axis]
        if dim is None:
            raise ExportError(f"{self.call.op.name} needs the length of an axis that is no multiple of an open size")
        return dim

    def size(self, i: int, axis: int) -> int:
        """The length of an axis.

        Raises
        ------
        ExportError
            If it is open.
        """
        dim = self.dim(i, axis)
        if isinstance(dim, Open):
            name = dim.of[0]
            raise ExportError(
                f"{self.call.op.name} needs the length of an axis that counts {unit(name)}s{fixing(name)}"
            )
        return dim

    def axes(self, name: str = "axis", i: int = 0) -> list[int]:
        """An option that names axes, as a list from 0; all of them for None."""
        given, n = self.option(name), self.ndim(i)
        axes = range(n) if given is None else given if isinstance(given, (tuple, list)) else (given,)
        return [int(axis) % n for axis in axes]
