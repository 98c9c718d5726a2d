"""From the calls of a trace to an ONNX model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import ModelProto, ValueInfoProto, checker, helper

from ... import __version__
from ...errors import ExportError
from .attention import ATTENTION
from .elementwise import ELEMENTWISE
from .graph import Graph, Site
from .layers import LAYERS
from .moves import MOVES
from .row import Row, same
from .trace import Shape, Size, Trace, sample_axis

OPSET = 18
OPSETS = [helper.make_opsetid("", OPSET)]
ROWS: dict[str, Row | str] = {**ELEMENTWISE, **MOVES, **LAYERS, **ATTENTION}


def build(trace: Trace, dtype: np.dtype[Any], about: str) -> ModelProto:
    """The model, checked by ONNX.

    Raises
    ------
    ExportError
        If an op has no row.
    """
    inputs, outputs = _numbered("X", len(trace.inputs)), _numbered("Y", len(trace.outputs))
    axes = [sample_axis(x) if trace.growing else None for x in trace.inputs]
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
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "tinygrad_cn",
            [
                _info(name, _open(x.shape, axis), dtype if x.dtype.kind == "f" else np.dtype(np.int64))
                for name, x, axis in zip(inputs, trace.inputs, axes, strict=True)
            ],
            [_info(name, sizes, dtype) for name, sizes in zip(outputs, trace.sizes, strict=True)],
            graph.initializers(),
        ),
        producer_name="tinygrad_cn", producer_version=__version__, doc_string=about, opset_imports=OPSETS,
        ir_version=helper.find_min_ir_version_for(OPSETS),
    )  # fmt: skip
    checker.check_model(model, full_check=True)
    return model


def _numbered(name: str, n: int) -> list[str]:
    return [name] if n == 1 else [f"{name}{i + 1}" for i in range(n)]


def _open(shape: Shape, axis: int | None) -> list[Size]:
    """The shape, with m for the number of samples."""
    return ["m" if i == axis else n for i, n in enumerate(shape)]


def _info(name: str, sizes: Sequence[Size], dtype: np.dtype[Any]) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(dtype), sizes)


def _row(name: str) -> Row:
    row = ROWS.get(name)
    if row is None:
        raise ExportError(f"the op {name} is not exported: it has no row in tinygrad_cn.interop.onnx.build.ROWS")
    return same(row) if isinstance(row, str) else row
