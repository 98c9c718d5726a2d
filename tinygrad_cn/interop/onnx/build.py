"""From the calls of a trace to an ONNX model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from onnx import ModelProto, ValueInfoProto, checker, helper

from ... import __version__
from .attention import ATTENTION
from .call import Dim, Open, Trace
from .elementwise import ELEMENTWISE
from .graph import Graph
from .layers import LAYERS
from .moves import MOVES
from .recurrent import RECURRENT
from .row import Row, same
from .site import write

OPSET = 18
OPSETS = [helper.make_opsetid("", OPSET)]
ROWS: dict[str, Row | str] = {**ELEMENTWISE, **MOVES, **LAYERS, **ATTENTION}
WRITERS: dict[str, Row] = {
    **{name: same(row) if isinstance(row, str) else row for name, row in ROWS.items()},
    **RECURRENT,
}


def build(trace: Trace, dtype: np.dtype[Any], about: str) -> ModelProto:
    """The model, checked by ONNX.

    Raises
    ------
    ExportError
        If an op has no row.
    """
    inputs, outputs = _numbered("X", len(trace.inputs)), _numbered("Y", len(trace.outputs))
    graph = Graph(
        dtype,
        inputs,
        whole={name for name, x in zip(inputs, trace.inputs, strict=True) if x.dtype.kind != "f"},
        counted={name: (inputs[k], axis) for name, ((k, axis), *_) in trace.open.items()},
        names={*inputs, *outputs},
        writers=WRITERS,
    )
    write(graph, trace.calls)
    for name, output in zip(outputs, trace.outputs, strict=True):
        graph.nodes.append(helper.make_node("Identity", [graph.value(output)], [name], name))
    graph.nodes = graph.needed(outputs)
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "tinygrad_cn",
            [
                _info(name, _named(k, trace), dtype if trace.inputs[k].dtype.kind == "f" else np.dtype(np.int64))
                for k, name in enumerate(inputs)
            ],
            [_info(name, map(_size, sizes), dtype) for name, sizes in zip(outputs, trace.sizes, strict=True)],
            graph.initializers(),
        ),
        producer_name="tinygrad_cn", producer_version=__version__, doc_string=about, opset_imports=OPSETS,
        ir_version=helper.find_min_ir_version_for(OPSETS),
    )  # fmt: skip
    checker.check_model(model, full_check=True)
    return model


def _numbered(name: str, n: int) -> list[str]:
    return [name] if n == 1 else [f"{name}{i + 1}" for i in range(n)]


def _named(k: int, trace: Trace) -> list[int | str]:
    """The shape of an input, with the names of its open sizes."""
    names = {axis: name for name, places in trace.open.items() for i, axis in places if i == k}
    return [names.get(axis, n) for axis, n in enumerate(trace.inputs[k].shape)]


def _size(dim: Dim | None) -> int | str | None:
    """A size of an output: a number, the name of an open size, or nothing for what is made of some."""
    if not isinstance(dim, Open):
        return dim
    return dim.of[0] if (dim.times, len(dim.of)) == (1, 1) else None


def _info(name: str, sizes: Iterable[int | str | None], dtype: np.dtype[Any]) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(dtype), list(sizes))
