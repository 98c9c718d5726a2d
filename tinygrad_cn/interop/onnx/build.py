"""From the calls of a trace to an ONNX model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import ModelProto, ValueInfoProto, checker, helper

from ... import __version__
from ...errors import ExportError
from .elementwise import ELEMENTWISE
from .graph import Graph, Site
from .layers import LAYERS
from .moves import MOVES
from .row import Row, same
from .trace import Shape, Trace, sample_axis

OPSET = 18
OPSETS = [helper.make_opsetid("", OPSET)]
ROWS: dict[str, Row | str] = {**ELEMENTWISE, **MOVES, **LAYERS}


def build(trace: Trace, dtype: np.dtype[Any], about: str) -> ModelProto:
    """The model, checked by ONNX.

    Raises
    ------
    ExportError
        If an op has no row.
    """
    inputs, outputs = _numbered("X", len(trace.inputs)), _numbered("Y", len(trace.outputs))
    axes = [sample_axis(x) if trace.grows else None for x in trace.inputs]
    graph = Graph(
        dtype,
        inputs,
        whole={name for name, x in zip(inputs, trace.inputs, strict=True) if x.dtype.kind != "f"},
        counted=next(((name, axis) for name, axis in zip(inputs, axes, strict=True) if axis is not None), None),
        names={*inputs, *outputs},
    )
    for call in trace.calls:
        graph.results.append(graph.called(_row(call.op.name)(Site(graph, call)), call.name))
    for name, output in zip(outputs, trace.outputs, strict=True):
        graph.nodes.append(helper.make_node("Identity", [graph.value(output)], [name], name))
    grows = trace.grows or tuple((False,) * len(shape) for shape in trace.shapes)
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "tinygrad_cn",
            [_info(name, x.shape, _at(axis, x.ndim), dtype if x.dtype.kind == "f" else np.dtype(np.int64))
             for name, x, axis in zip(inputs, trace.inputs, axes, strict=True)],
            [_info(name, shape, grown, dtype) for name, shape, grown in zip(outputs, trace.shapes, grows, strict=True)],
            graph.initializers(),
        ),
        producer_name="tinygrad_cn", producer_version=__version__, doc_string=about, opset_imports=OPSETS,
        ir_version=helper.find_min_ir_version_for(OPSETS),
    )  # fmt: skip
    checker.check_model(model, full_check=True)
    return model


def _numbered(name: str, n: int) -> list[str]:
    return [name] if n == 1 else [f"{name}{i + 1}" for i in range(n)]


def _at(axis: int | None, ndim: int) -> list[bool]:
    return [i == axis for i in range(ndim)]


def _info(name: str, shape: Shape, grows: Sequence[bool], dtype: np.dtype[Any]) -> ValueInfoProto:
    """What an input or output is; the axis that grows with the number of samples has the size m."""
    dims = ["m" if open_ else n for n, open_ in zip(shape, grows, strict=True)]
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(dtype), dims)


def _row(name: str) -> Row:
    row = ROWS.get(name)
    if row is None:
        raise ExportError(f"the op {name} is not exported; there are {', '.join(sorted(ROWS))}")
    return same(row) if isinstance(row, str) else row
