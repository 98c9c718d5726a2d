"""Sizes that stay open: the number of samples m, and numbers of time steps T.

A net is run once more for each of them, on a sample in which it alone is another. `growth` then compares the runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import ExportError, TinygradError
from ...files import Array
from .call import SAMPLES, Trace, fixing, unit
from .trace import require_steps, run

# Columns, sequences, images; one whole number a sample, ids (m, T) and (1, m, T).
SAMPLE_AXES = {"f2": 1, "f3": 1, "f4": 0, "i1": 0, "i2": 0, "i3": 1}
STEP_AXES = {"f3": 2, "i2": 1, "i3": 2}
MISFITS = (TinygradError, ValueError, IndexError)  # what a net raises that does not take a sample


@dataclass(frozen=True)
class Size:
    """A size of the sample that stays open: its name in the file, and the inputs and axes that have it."""

    name: str
    n: int
    places: tuple[tuple[int, int], ...]

    @property
    def unit(self) -> str:
        """What it is a number of."""
        return unit(self.name)


@dataclass(frozen=True)
class Rerun:
    """A run in which one size is another, n."""

    size: Size
    n: int
    trace: Trace


def open_sizes(inputs: Sequence[Array], samples: bool, steps: bool) -> list[Size]:
    """The number of samples, then those of time steps.

    Raises
    ------
    ExportError
        If the inputs have different numbers of samples.

    Examples
    --------
    >>> [(size.name, size.n) for size in open_sizes([np.zeros((3, 2, 5)), np.zeros((4, 2, 7))], True, True)]
    [('m', 2), ('T1', 5), ('T2', 7)]
    """
    return [*(_samples(inputs) if samples else []), *(_steps(inputs) if steps else [])]


def _axis(x: Array, axes: dict[str, int]) -> int | None:
    return axes.get(f"{'f' if x.dtype.kind == 'f' else 'i'}{x.ndim}")


def _samples(inputs: Sequence[Array]) -> list[Size]:
    places = tuple((k, axis) for k, x in enumerate(inputs) if (axis := _axis(x, SAMPLE_AXES)) is not None)
    counts = {inputs[k].shape[axis] for k, axis in places}
    if len(counts) > 1:
        raise ExportError(f"the inputs have different numbers of samples: {sorted(counts)}{fixing(SAMPLES)}")
    return [Size(SAMPLES, counts.pop(), places)] if counts else []


def _steps(inputs: Sequence[Array]) -> list[Size]:
    """Sequences of as many steps are as long as each other in the file too."""
    places: dict[int, list[tuple[int, int]]] = {}
    for k, x in enumerate(inputs):
        axis = _axis(x, STEP_AXES)
        if axis is not None:
            places.setdefault(x.shape[axis], []).append((k, axis))
    names = ["T"] if len(places) == 1 else [f"T{i + 1}" for i in range(len(places))]
    return [Size(name, n, tuple(found)) for name, (n, found) in zip(names, places.items(), strict=True)]


# ---- other runs -------------------------------------------------------------------------------------


def another(net: Callable[..., object], first: Trace, size: Size) -> Rerun:
    """A run with one more; where the net takes no more, as at the longest sequence it knows, with one less.

    Raises
    ------
    ExportError
        If the net takes neither, or does other things then.
    """
    try:
        found = Rerun(size, size.n + 1, _resized(net, first.inputs, {size: size.n + 1}))
    except MISFITS as error:
        try:
            found = Rerun(size, size.n - 1, _resized(net, first.inputs, {size: size.n - 1}))
        except MISFITS:
            raise ExportError(
                f"the net does not take another number of {size.unit}s: {error}{fixing(size.name)}"
            ) from error
    require_steps(first, found.trace, f"another number of {size.unit}s", fixing(size.name))
    return found


def longest(net: Callable[..., object], first: Trace, sizes: Sequence[Size], steps: int) -> Trace:
    """A run of as many time steps as there may be, for the constants in it.

    Raises
    ------
    ExportError
        If the net does not take so many.
    ValueError
        If the sample has more.
    """
    inner = {size: steps for size in sizes if size.name != SAMPLES}
    if any(size.n > steps for size in inner):
        raise ValueError(f"to_onnx: steps must be at least the {max(s.n for s in inner)} of the sample; got {steps}")
    try:
        found = _resized(net, first.inputs, inner)
    except MISFITS as error:
        raise ExportError(f"the net does not take {steps} time steps: {error}") from error
    require_steps(first, found, f"{steps} time steps", fixing("T"))
    return found


def _resized(net: Callable[..., object], inputs: Sequence[Array], sizes: dict[Size, int]) -> Trace:
    arrays = list(inputs)
    for size, n in sizes.items():
        for k, axis in size.places:
            arrays[k] = np.take(arrays[k], np.arange(n) % size.n, axis)
    if not all(array.size for array in arrays):
        raise ValueError("nothing is left of the sample")
    return run(net, tuple(arrays))
