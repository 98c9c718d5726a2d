"""Recurrent layers as Scan of ONNX: a step of the cell as a graph of its own, run along time.

For cells that the operators RNN, GRU and LSTM cannot say, and for float64. A step has the layout of this package.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from onnx import GraphProto, ValueInfoProto, helper

from ...nn.cell import Cell
from .call import SAMPLES, Input
from .graph import Graph
from .growth import read
from .site import Site, write


@dataclass(frozen=True)
class Scanned:
    """What Scan gave: for each direction all states (n_a, m, T), then the parts of the final one, (n_a, m)."""

    graph: Graph
    directions: Sequence[Sequence[str]]

    @property
    def outputs(self) -> Sequence[str]:
        """Those of the first direction, which the layer is known by."""
        return self.directions[0]

    def states(self) -> str:
        """(n_a, m, T); both directions one on top of the other."""
        return self._together(0)

    def final(self, part: int, way: int | None) -> str:
        """(n_a, m), of one direction, or of both one on top of the other."""
        return self._together(1 + part) if way is None else self.directions[way][1 + part]

    def _together(self, i: int) -> str:
        values = [direction[i] for direction in self.directions]
        return values[0] if len(values) == 1 else self.graph.add("Concat", *values, axis=0)


def scanned(site: Site) -> Scanned:
    """One Scan for each direction."""
    valid = _valid(site)
    return Scanned(site.graph, [_direction(site, way, cell, valid) for way, cell in enumerate(site.option("cells"))])


def _direction(site: Site, way: int, cell: Cell, valid: Sequence[str]) -> Sequence[str]:
    """Time comes first, since not every program runs a Scan along another axis."""
    g, parts = site.graph, len(cell.states)
    start = [site[1 + way * parts + part] for part in range(parts)]
    along = [g.transpose(site[0], (2, 0, 1)), *valid]
    *final, states = g.several(
        "Scan", parts + 1, *start, *along, body=_step(site, cell, bool(valid)), num_scan_inputs=len(along),
        scan_input_directions=[way] * len(along), scan_output_directions=[way],
    )  # fmt: skip
    return [g.transpose(states, (1, 2, 0)), *final]


def _valid(site: Site) -> list[str]:
    """Which steps are real, (T, m), if the samples have lengths."""
    g, lengths = site.graph, site.option("lengths")
    if lengths is None:
        return []
    last = g.value(lengths) if isinstance(lengths, Input) else g.constant(lengths.astype(np.int64))
    return [g.add("Less", g.reshape(g.range(site.dim(0, 2)), [-1, 1]), last)]


def _step(site: Site, cell: Cell, padded: bool) -> GraphProto:
    """One step as a graph: from the state, x⟨t⟩, and whether it is real, to the state and what the layer gives out."""
    m, weights = site.call.shapes[0][1], cell.weights(site.option("where"))
    shapes = [(cell.n_x, m), *[(cell.n_a, m)] * len(cell.states)]
    trace = read(
        lambda x, *state: cell.step(x, state, weights), tuple(map(np.zeros, shapes)),
        samples=SAMPLES in site.graph.counted, steps=False,
    )  # fmt: skip
    x, *state = (site.graph.fresh(name) for name in ("x", *cell.states))
    g = replace(
        site.graph, inputs=[x, *state], whole=set(), results=[], nodes=[], memo=dict(site.graph.memo), turned={}
    )
    write(g, trace.calls)
    new = list(map(g.value, trace.outputs))
    given, inputs = new[0], [*state, x]
    if padded:
        valid = g.fresh("valid")
        inputs.append(valid)
        given = g.add("Where", valid, given, g.number(0))
        new = [g.add("Where", valid, after, before) for after, before in zip(new, state, strict=True)]
    outputs = [g.add("Identity", value) for value in (*new, given)]  # a value has one name as a state, one as a step
    types = {**dict.fromkeys(outputs, cell.n_a), **dict.fromkeys(state, cell.n_a), x: cell.n_x}
    columns = SAMPLES if SAMPLES in g.counted else m
    infos = {name: _info(name, g.dtype, [n, columns]) for name, n in types.items()}
    if padded:
        infos[inputs[-1]] = _info(inputs[-1], np.dtype(bool), [columns])
    return helper.make_graph(g.nodes, "step", [infos[name] for name in inputs], [infos[name] for name in outputs])


def _info(name: str, dtype: np.dtype[Any], shape: Sequence[int | str]) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(dtype), shape)
