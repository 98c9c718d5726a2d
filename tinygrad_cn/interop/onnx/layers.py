"""Rows of the ops that layers are made of: convolution, pooling, normalisation, recurrent steps.

Images are (m, n_H, n_W, n_C) here and (m, n_C, n_H, n_W) in ONNX: they are turned before and after.
"""

from __future__ import annotations

from typing import Any

from .graph import Graph
from .row import Row
from .site import Site

TO_CHANNELS_FIRST, TO_CHANNELS_LAST, FILTERS = (0, 3, 1, 2), (0, 2, 3, 1), (3, 2, 0, 1)


def _on_images(g: Graph, kind: str, x: str, *others: str, pad: tuple[int, int], **attributes: Any) -> str:
    """An ONNX operator on images in its own layout; the border is (before, after) along both axes."""
    pads = [pad[0], pad[0], pad[1], pad[1]]
    y = g.add(kind, g.transpose(x, TO_CHANNELS_FIRST), *others, pads=pads, **attributes)
    return g.transpose(y, TO_CHANNELS_LAST)


def _conv2d(site: Site) -> str:
    g = site.graph
    others = [g.transpose(site[1], FILTERS), *([g.reshape(site[2], [-1])] if site.has(2) else [])]
    stride, dilation = site.option("stride", 1), site.option("dilation", 1)
    return _on_images(
        g, "Conv", site[0], *others, pad=site.option("pad", (0, 0)), strides=[stride] * 2, dilations=[dilation] * 2,
        group=site.option("groups", 1),
    )  # fmt: skip


def _pool(kind: str, **attributes: Any) -> Row:
    def row(site: Site) -> str:
        f, stride = site.option("f"), site.option("stride")
        return _on_images(
            site.graph, kind, site[0], pad=site.option("pad", (0, 0)), kernel_shape=[f, f], strides=[stride] * 2,
            **attributes,
        )  # fmt: skip

    return row


def _normalise(site: Site) -> str:
    """γ (x − μ) / √(σ² + ε) + β."""
    g, axes = site.graph, site.graph.ints(*site.axes())
    rest = g.add("Sub", site[0], g.add("ReduceMean", site[0], axes))
    variance = g.add("ReduceMean", g.add("Mul", rest, rest), axes)
    scale = g.add("Sqrt", g.add("Add", variance, g.number(site.option("eps"))))
    return g.add("Add", g.add("Mul", site[1], g.add("Div", rest, scale)), site[2])


# ---- recurrent steps --------------------------------------------------------------------------------


def _recurrent(site: Site) -> str:
    """W [a; x] + b."""
    return site.graph.add("Gemm", site[0], site.graph.add("Concat", site[1], site[2], axis=0), site[3])


def _lstm_gates(site: Site) -> str:
    g, cut = site.graph, site.size(0, 0) // 4 * 3
    gates = g.add("Sigmoid", g.slice(site[0], 0, 0, cut))
    return g.add("Concat", gates, g.add("Tanh", g.slice(site[0], 0, cut, None)), axis=0)


def _lstm_memory(site: Site) -> str:
    """Γf ⊙ c + Γi ⊙ c̃."""
    g, (forget, update, _, candidate) = site.graph, site.graph.split(site[0], 4)
    return g.add("Add", g.add("Mul", forget, site[1]), g.add("Mul", update, candidate))


def _lstm_output(site: Site) -> str:
    return site.graph.add("Mul", site.graph.split(site[0], 4)[2], site.graph.add("Tanh", site[1]))


def _gru_reset(site: Site) -> str:
    return site.graph.add("Mul", site.graph.split(site[0], 2)[1], site[1])


def _gru_memory(site: Site) -> str:
    """c + Γu ⊙ (c̃ − c)."""
    g = site.graph
    return g.add("Add", site[2], g.add("Mul", g.split(site[0], 2)[0], g.add("Sub", site[1], site[2])))


LAYERS: dict[str, Row | str] = {
    "conv2d": _conv2d, "max_pool2d": _pool("MaxPool"), "avg_pool2d": _pool("AveragePool", count_include_pad=1),
    "normalise": _normalise, "recurrent": _recurrent, "lstm_gates": _lstm_gates, "lstm_memory": _lstm_memory,
    "lstm_output": _lstm_output, "gru_reset": _gru_reset, "gru_memory": _gru_memory,
}  # fmt: skip
