"""How gradients fare on their way back: sizes layer by layer, dead and saturated units, and what to do about them.

Sources: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS
2010, sections 3 and 4 (saturation, shrinking gradients); Ng, Deep Learning Specialization, course 2, week 1,
"Vanishing / exploding gradients".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..ops.op import Array
from .model import Quantity, Step, backward_quantities

LAYERS = frozenset(["dense", "conv"])
DEAD = frozenset(["relu"])  # activations that can be 0 for every sample
# activation: its derivative from its value, over the largest derivative there is
SLOPE: dict[str, Callable[[Array], Array]] = {"sigmoid": lambda a: 4 * a * (1 - a), "tanh": lambda a: 1 - a * a}
FLAT = 0.01  # a smaller slope is saturated
FAR = 1e3  # a gradient so many times smaller or larger than that of the last layer vanishes or explodes
MANY = {"dead": 0.1, "saturated": 0.3}  # shares of units, or of entries, that call for advice


@dataclass(frozen=True)
class LayerHealth:
    """One layer's numbers; None where not computed or where it does not apply.

    Attributes
    ----------
    layer : int
        l.
    label : str
        Its activation.
    relative : float or None
        ‖dZ[l]‖ / ‖dZ[L]‖; NaN if the last layer's gradient is zero.
    step : float or None
        ‖dW[l]‖ / ‖W[l]‖.
    dead : float or None
        Share of ReLU units that are zero for every sample.
    saturated : float or None
        Share of sigmoid or tanh entries whose derivative is below 1 % of its maximum; not for the last layer,
        whose confident outputs are no fault.
    seen : int
        How many activations of each unit there are: one a sample, in images one a place.
    """

    layer: int
    label: str
    relative: float | None
    step: float | None
    dead: float | None
    saturated: float | None
    seen: int


@dataclass(frozen=True)
class Finding:
    """One sentence of the diagnosis: `health.<key>` in the catalogue, with its values, in the colour of a role."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)
    role: str = "wrong"


def layer_health(steps: Sequence[Step]) -> list[LayerHealth]:
    """The numbers of each layer with weights, first to last.

    Examples
    --------
    >>> import numpy as np, tinygrad_cn as tg
    >>> from tinygrad_cn import nn
    >>> J = nn.binary_cross_entropy(nn.DNN([2, 3, 1], seed=1)(np.ones((2, 5))), np.ones((1, 5)))
    >>> J.backward()
    >>> [row.relative for row in layer_health(J.chain().steps)][-1]
    1.0
    """
    layers = [step for step in steps if step.kind in LAYERS]
    gradients = {q.name: q for q in backward_quantities(steps)}
    sizes = [size_of(gradients.get(f"d{step.forward[0].name}")) for step in layers]
    users = {source.step: step for step in reversed(steps) for source in step.sources[:1]}
    found = []
    for step, size in zip(layers, sizes, strict=True):
        w = step.parameters[0]
        active = _activated(step, users)
        a, label = active.forward[1 if active is step and active.label else 0].value, active.label
        found.append(
            LayerHealth(
                step.layer,
                label,
                ratio(size, sizes[-1]),
                ratio(size_of(gradients.get(f"d{w.name}")), size_of(w)),
                None if a is None or label not in DEAD else _dead(a),
                None if a is None or label not in SLOPE or step is layers[-1] else _saturated(a, label),
                0 if a is None else a.size // a.shape[_unit_axis(a)],
            )
        )
    return found


def _activated(layer: Step, users: Mapping[str, Step]) -> Step:
    """The step with the activation of a layer: the layer itself, or what stands behind its norm."""
    step: Step | None = layer
    while step is not None and step.kind != "activation" and not (step is layer and layer.label):
        step = users.get(step.id)
        if step is not None and step.kind not in ("norm", "fixed_norm", "activation"):
            step = None
    return step or layer


def findings(layers: Sequence[LayerHealth]) -> list[Finding]:
    """What is wrong and what may help; one good finding if nothing is, none before `backward()`.

    A single layer has none to be compared with: that is said, and it is neither good nor bad.
    """
    known = [layer for layer in layers if layer.relative is not None and not np.isnan(layer.relative)]
    found = [*_vanishing(known), *_exploding(known), *_shares(layers)]
    if found or not known:
        return found
    if len(known) == 1:
        return [Finding("alone", {"layer": known[0].layer}, "data")]
    return [Finding("good", {"factor": _factor(known[0], layers[-1])}, "ok")]


def norm(value: Array) -> float:
    """The square root of the sum of squares, in float64.

    Examples
    --------
    >>> norm(np.array([3.0, 4.0]))
    5.0
    """
    return float(np.linalg.norm(value.astype(np.float64).ravel()))


def _vanishing(layers: Sequence[LayerHealth]) -> list[Finding]:
    worst = min(layers, key=lambda row: row.relative or 0.0, default=None)
    if worst is None or (worst.relative or 0.0) * FAR >= 1:
        return []
    flat = sum(row.label == "sigmoid" for row in layers[:-1]) * 2 > len(layers) - 1
    return [Finding("vanishing.sigmoid" if flat else "vanishing", _values(worst, layers[-1]))]


def _exploding(layers: Sequence[LayerHealth]) -> list[Finding]:
    worst = max(layers, key=lambda row: row.relative or 0.0, default=None)
    if worst is None or (worst.relative or 0.0) <= FAR:
        return []
    return [Finding("exploding", _values(worst, layers[-1]))]


def _shares(layers: Sequence[LayerHealth]) -> list[Finding]:
    found = []
    for key, least in MANY.items():
        shares = {row: float(getattr(row, key) or 0.0) for row in layers}
        # a unit that is seen a few times only may be zero each time by chance
        many = [row for row in layers if shares[row] > least + 2.0 ** (1 - row.seen)]
        if many:
            worst = max(many, key=shares.__getitem__)
            found.append(Finding(key, {"layer": worst.layer, "share": f"{shares[worst]:.0%}", "n": len(many)}))
    return found


def _values(worst: LayerHealth, last: LayerHealth) -> dict[str, object]:
    return {"layer": worst.layer, "last": last.layer, "ratio": worst.relative, "factor": _factor(worst, last)}


def _factor(row: LayerHealth, last: LayerHealth) -> float:
    """By how much a gradient grows per layer on its way from the last layer back to this one, on average."""
    assert row.relative is not None
    return float(row.relative ** (1 / max(last.layer - row.layer, 1)))


def size_of(q: Quantity | None) -> float | None:
    """The norm of a quantity, or None: not computed."""
    value = None if q is None else q.value
    return None if value is None else norm(value)


def ratio(a: float | None, b: float | None) -> float | None:
    """How many times b fits into a; NaN if b is 0."""
    if a is None or b is None:
        return None
    return a / b if b else float("nan")


def _dead(a: Array) -> float:
    units = np.moveaxis(a, _unit_axis(a), 0).reshape(a.shape[_unit_axis(a)], -1)
    return float(np.mean(~np.any(units > 0, axis=1)))


def _unit_axis(a: Array) -> int:
    """Rows are units; of images (m, n_H, n_W, n_C) the channels are."""
    return 3 if a.ndim == 4 else 0


def _saturated(a: Array, label: str) -> float:
    return float(np.mean(SLOPE[label](a) < FLAT))
