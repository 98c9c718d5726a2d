"""gradcheck: compare recorded gradients with numeric ones, entry by entry.

Where every op is analytic the referee is the complex step, Im f(x + ih) / h with h = 1e-20, which has
no cancellation (Squire and Trapp, Using complex variables to estimate derivatives of real functions,
SIAM Review 40, 1998). Elsewhere it is the central difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..autograd import Node, ancestors
from ..errors import GradientMismatchError, OpError
from ..functional import grad
from ..language import Lang, language
from ..ops.op import Array
from ..tensor import Tensor
from .numeric_text import gradcheck_text
from .replay import is_analytic, replay

COMPLEX_STEP = 1e-20
CENTRAL_STEP = float(np.finfo(float).eps ** (1 / 3))
CENTRAL_RTOL = 1e-6  # truncation and cancellation of the central difference, with a margin
ULPS = 2.0**12
VANISHING = 1e-3  # an input with derivatives this much below those of another is judged by the other's rounding


@dataclass(frozen=True)
class Entry:
    """One entry of one input: its derivative as recorded and as measured.

    Attributes
    ----------
    argument : str
        Name of the input.
    index : tuple of int
        Which entry of it.
    analytic, numeric : float
        The recorded derivative, and the measured one.
    sides : (float, float) or None
        The one-sided derivatives, from below and from above, if they differ: a kink is within the step.
    """

    argument: str
    index: tuple[int, ...]
    analytic: float
    numeric: float
    sides: tuple[float, float] | None = None

    @property
    def error(self) -> float:
        """Absolute difference."""
        return abs(self.analytic - self.numeric)

    @property
    def kink(self) -> bool:
        """True at a kink whose one-sided derivatives have the recorded one between them: it is right then."""
        return self.sides is not None and min(self.sides) <= self.analytic <= max(self.sides)

    @property
    def name(self) -> str:
        """W1[1, 0]."""
        return f"{self.argument}{list(self.index)}" if self.index else self.argument


@dataclass(frozen=True)
class GradcheckReport:
    """What `gradcheck` found. True in a condition if every entry agrees; printed, a table and what to try.

    Attributes
    ----------
    method : str
        "complex step" or "central difference".
    step : float
        The step h.
    rtol : float
        Largest error that counts as agreement, relative to the largest derivative of that input, or to a
        thousandth of the largest of all where those of the input vanish.
    entries : tuple of Entry
        All entries looked at.
    wrong : tuple of Entry
        Those that disagree.
    total : int
        How many entries the inputs have; larger than `len(entries)` if they were sampled.
    lang : {"zh", "en"}
        Language of its text.
    """

    method: str
    step: float
    rtol: float
    dtype: str
    entries: tuple[Entry, ...]
    wrong: tuple[Entry, ...]
    total: int
    lang: Lang = "en"

    @property
    def ok(self) -> bool:
        """True if every entry looked at agrees."""
        return not self.wrong

    @property
    def worst(self) -> Entry | None:
        """The entry with the largest error, among the wrong ones if there are any."""
        return max(self.wrong or self.entries, key=lambda e: e.error, default=None)

    def __bool__(self) -> bool:
        return self.ok

    def raise_if_wrong(self) -> None:
        """Raise GradientMismatchError, an AssertionError, with the report as its text unless all agree."""
        if not self.ok:
            raise GradientMismatchError(f"\n{self}")

    def __str__(self) -> str:
        return gradcheck_text(self)


def gradcheck(
    f: Callable[..., Tensor],
    inputs: Any,
    *,
    entries: int = 200,
    rtol: float | None = None,
    seed: int = 0,
    lang: str | None = None,
) -> GradcheckReport:
    """Check the gradients of `f` against numeric ones.

    Parameters
    ----------
    f : callable
        `f(*inputs)` of Tensors, returning a Tensor of any shape; called several times, so without side
        effects. A result that is no scalar is projected on a random vector.
    inputs : Tensor, array, number, or sequence of them
        Where to check. Tensors that do not require a gradient, and integer arrays, are held fixed. Leaves that
        do, such as the parameters of a net, `f` gets as they are, so it may also use them from outside; their
        values are moved while it runs and put back.
    entries : int
        How many entries of each input to look at; all if it has fewer, else a random choice.
    rtol : float, optional
        Default 4096 units in the last place, at least 1e-6 for the central difference.
    seed : int
        For the projection and the choice.
    lang : {"zh", "en"}, optional
        Language of the report.

    Returns
    -------
    GradcheckReport

    Raises
    ------
    OpError
        If `f` does not return a Tensor that depends on an input.

    Examples
    --------
    >>> import numpy as np, tinygrad_cn as tg
    >>> report = tg.gradcheck(lambda x: np.sin(x) * x, [np.array([0.5, 1.0])])
    >>> report.ok, report.method
    (True, 'complex step')

    All parameters of a net:

    >>> net = tg.nn.DNN([2, 3, 1], hidden="tanh", seed=1)
    >>> len(tg.gradcheck(lambda *_: np.mean(net(np.ones((2, 4))) ** 2), net.parameters()).entries)
    13
    """
    given = [inputs] if isinstance(inputs, (Node, np.ndarray)) or np.isscalar(inputs) else list(inputs)
    tensors = [_leaf(x) for x in given]
    names = {t: t.name or f"inputs[{i}]" for i, t in enumerate(tensors) if t.requires_grad}
    wanted = list(names)
    y = f(*tensors)
    if not isinstance(y, Tensor) or not y.requires_grad:
        raise OpError(f"gradcheck: f must return a Tensor that depends on an input; got {type(y).__name__}")
    if set(ancestors(y)).isdisjoint(wanted):
        raise OpError("gradcheck: f must return a Tensor that depends on an input; it depends on other tensors alone")
    rng = np.random.default_rng(seed)
    v = np.ones(y.shape) if y.size == 1 else rng.standard_normal(y.shape)
    analytic = grad(y, wanted, grad=v)
    by_complex = is_analytic(y)
    method = ByComplexStep(y, v) if by_complex else ByDifference(f, tensors, v)
    ulps = ULPS * max(float(np.finfo(t.dtype).eps) for t in wanted)
    tolerance = rtol if rtol is not None else ulps if by_complex else max(ulps, CENTRAL_RTOL)
    found = [
        [replace(method.entry(t, i, float(g[i])), argument=names[t]) for i in choose(t.shape, entries, rng)]
        for t, g in zip(wanted, analytic, strict=True)
    ]
    scales = [max((max(abs(e.numeric), abs(e.analytic)) for e in mine), default=0.0) for mine in found]
    least = VANISHING * max(scales, default=0.0)
    looked = [e for mine in found for e in mine]
    wrong = [
        e
        for mine, scale in zip(found, scales, strict=True)
        for e in mine
        if not e.error <= tolerance * max(scale, least) and not e.kink
    ]
    total = sum(t.size for t in wanted)
    dtype = ", ".join(sorted({str(t.dtype) for t in wanted}))
    step = COMPLEX_STEP if by_complex else CENTRAL_STEP
    return GradcheckReport(method.name, step, tolerance, dtype, tuple(looked), tuple(wrong), total, language(lang))


def _leaf(x: Any) -> Tensor:
    """The caller's own leaf, which f may know from elsewhere; of anything else a fresh one of the same value."""
    if isinstance(x, Tensor) and x.is_leaf:
        return x
    if isinstance(x, Node):
        return Tensor(x._data, requires_grad=x.requires_grad, name=x.name)
    array = np.asarray(x)
    return Tensor(array, requires_grad=array.dtype.kind == "f")


def choose(shape: tuple[int, ...], entries: int, rng: np.random.Generator) -> Sequence[tuple[int, ...]]:
    """Indices of all entries in order, or of a random choice of them if there are more than `entries`."""
    size = int(np.prod(shape))
    flat = np.arange(size) if size <= entries else np.sort(rng.choice(size, entries, replace=False))
    return [tuple(int(k) for k in np.unravel_index(i, shape)) for i in flat]


@contextmanager
def _holding(values: Mapping[Tensor, Array]) -> Iterator[None]:
    """These tensors with other values for a while."""
    kept = {t: t._data for t in values}
    try:
        for t, x in values.items():
            t._data = x
        yield
    finally:
        for t, x in kept.items():
            t._data = x


class ByComplexStep:
    """Replays the recorded graph with one entry moved into the complex plane."""

    name = "complex step"

    def __init__(self, y: Tensor, v: Array) -> None:
        self.y, self.v = y, v

    def entry(self, t: Tensor, index: tuple[int, ...], analytic: float) -> Entry:
        """The derivative with respect to one entry of t, beside the analytic one."""
        x = t._data.astype(complex)
        x[index] += 1j * COMPLEX_STEP
        numeric = np.sum(self.v * replay(self.y, {t: x})).imag / COMPLEX_STEP
        return Entry(t.name or "", index, analytic, float(numeric))


class ByDifference:
    """Calls f again in float64 with one entry moved either way."""

    name = "central difference"

    def __init__(self, f: Callable[..., Tensor], tensors: list[Tensor], v: Array) -> None:
        self.f, self.tensors, self.v = f, tensors, v
        self.here = self._value({})

    def _value(self, moved: dict[Tensor, Array]) -> float:
        values = {t: moved.get(t, t._data.astype(float)) for t in self.tensors if t.requires_grad}
        with _holding(values):
            return float(np.sum(self.v * self.f(*self.tensors)._data))

    def entry(self, t: Tensor, index: tuple[int, ...], analytic: float) -> Entry:
        """The derivative with respect to one entry of t, beside the analytic one."""
        x = t._data.astype(float)
        h = CENTRAL_STEP * max(1.0, abs(float(x[index])))
        values = []
        for sign in (1, -1):
            moved = x.copy()
            moved[index] += sign * h
            values.append(self._value({t: moved}))
        right, left = (values[0] - self.here) / h, (self.here - values[1]) / h
        numeric = (values[0] - values[1]) / (2 * h)
        rounding = 64 * float(np.finfo(float).eps) * abs(self.here) / h
        apart = abs(right - left) > max(1e-2 * max(abs(left), abs(right)), rounding)
        return Entry(t.name or "", index, analytic, numeric, (left, right) if apart else None)
