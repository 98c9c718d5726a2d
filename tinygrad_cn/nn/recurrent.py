"""Recurrent layers: a cell run over a whole sequence, in several layers and in both directions if wanted.

A sequence is X (n_x, m, T): features in rows, samples in columns, time last. The steps are recorded one by one, as
a loop written by hand would, so every a⟨t⟩ keeps its own gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from ..errors import OpError, ShapeError
from ..ops.op import Array, arrayed
from ..seeds import Seed, generator
from ..tensor import Tensor
from .activation import Spec
from .cell import Cell, GRUCell, LSTMCell, RNNCell, State
from .dense import units
from .init import Init
from .module import Member, Module, Parameter

OUTPUTS = ("all", "last")


@dataclass(frozen=True)
class Unrolled:
    """A sequence that went through a recurrent layer.

    Attributes
    ----------
    steps : list of Tensor
        a⟨1⟩, …, a⟨T⟩ of the last layer, (n_a, m) each; both directions one on top of the other.
    final : state, or list of states
        Where each cell ended: a⟨T⟩, or (a⟨T⟩, c⟨T⟩), of the sample's last step that is not padding. A list
        if there are several cells. It is what `initial` takes.
    last : Tensor
        a⟨T⟩ of the last layer; a⟨1⟩ for the direction that runs backwards.
    """

    steps: list[Any]
    final: Any
    last: Any

    @property
    def A(self) -> Any:
        """All states as one Tensor, (n_a, m, T)."""
        A: Any = np.stack(self.steps, axis=2)
        return A.named("A")


Unroller = Callable[["Recurrent", Any, list[State], "Array | None"], Unrolled]
# What goes over a sequence instead of the loop: the export to ONNX, which writes a layer as one operator, sets it.
unroller: ContextVar[Unroller | None] = ContextVar("unroller", default=None)


class Recurrent(Module):
    """What the recurrent layers share; `RNN`, `GRU` and `LSTM` say which cell.

    The parameters of a single cell are named as in the notes, Wf, bf, …; with several layers they have the
    number of theirs in front, 1.Wf, 2.Wf, and those of the backward direction 1.reverse.Wf.
    """

    def __init__(self, cells: list[Cell], bidirectional: bool, output: str) -> None:
        if output not in OUTPUTS:
            raise ValueError(f"output must be one of {', '.join(OUTPUTS)}; got {output!r}")
        self.bidirectional = bidirectional
        self.output = output
        self.cells = cells

    def forward(self, X: Any, initial: Any = None, lengths: ArrayLike | None = None) -> Any:
        """All states (n_a, m, T), or with output="last" the last one (n_a, m); arguments as for `unroll`."""
        unrolled = self.unroll(X, initial, lengths)
        return unrolled.A if self.output == "all" else unrolled.last

    def unroll(self, X: Any, initial: Any = None, lengths: ArrayLike | None = None) -> Unrolled:
        """Run over a sequence, step by step.

        Parameters
        ----------
        X : Tensor or array_like
            (n_x, m, T).
        initial : state, or list of states, optional
            Where to start: a⟨0⟩ (n_a, m), for the LSTM (a⟨0⟩, c⟨0⟩); with several cells a list of one state
            for each, layer after layer, forward before backward. Zeros by default.
        lengths : array_like of int, (m,), optional
            Number of steps of each sample that are not padding. After them the state stays as it is, and the
            output is 0.

        Returns
        -------
        Unrolled

        Raises
        ------
        ShapeError
            If X is not (n_x, m, T), or a state or `lengths` does not fit it.
        ValueError
            If a length is not in 0 … T.
        """
        xs = _steps(type(self).__name__, X, self.cells[0].n_x)
        valid = None if lengths is None else list(padding_mask(lengths, len(xs), np.shape(X)[1]).T)
        states = self._initial(initial, np.shape(X)[1])
        instead = unroller.get()
        if instead is not None:
            return instead(self, X, states, None if lengths is None else np.asarray(lengths))
        ways = 1 + self.bidirectional
        finals: list[State] = []
        for layer in range(0, len(self.cells), ways):
            runs = [
                run(cell, xs, state, valid, reverse=way == 1, where=self._place(layer + way))
                for way, (cell, state) in enumerate(
                    zip(self.cells[layer : layer + ways], states[layer : layer + ways], strict=True)
                )
            ]
            xs = [_together(parts) for parts in zip(*(steps for steps, _ in runs), strict=True)]
            finals += [final for _, final in runs]
        public = [final if len(final) > 1 else final[0] for final in finals]
        last = _together([final[0] for final in finals[-ways:]])
        return Unrolled(xs, public if len(public) > 1 else public[0], last)

    def _initial(self, initial: Any, m: int) -> list[State]:
        """One state for each cell."""
        given = [None] * len(self.cells) if initial is None else [initial] if len(self.cells) == 1 else list(initial)
        if len(given) != len(self.cells):
            raise OpError(
                f"{type(self).__name__}: initial must be a list of {len(self.cells)} states, one per layer and "
                f"direction; got {len(given)}"
            )
        parts = [() if s is None else tuple(s) if isinstance(s, (tuple, list)) else (s,) for s in given]
        starts = [cell.start(m, part) for cell, part in zip(self.cells, parts, strict=True)]
        return [
            tuple(_named(part, f"{self._place(i)}{name}⟨0⟩") for name, part in zip(cell.states, start, strict=True))
            for i, (cell, start) in enumerate(zip(self.cells, starts, strict=True))
        ]

    # ---- names --------------------------------------------------------------------------------------

    def _place(self, i: int) -> str:
        """What names of the i-th cell have in front: "", "2.", "2.reverse."."""
        ways = 1 + self.bidirectional
        layer = f"{i // ways + 1}." if len(self.cells) > ways else ""
        return layer + "reverse." * (i % ways)

    def _paths(self) -> Iterator[tuple[str, Member]]:
        for i, cell in enumerate(self.cells):
            yield from ((self._place(i) + path, parameter) for path, parameter in cell._paths())

    def __getattr__(self, name: str) -> Parameter:
        if "cells" in vars(self):
            for path, parameter in self.named_parameters():
                if path == name:
                    return parameter
        raise AttributeError(f"{type(self).__name__} has no attribute or parameter {name!r}")

    def __repr__(self) -> str:
        ways = 1 + self.bidirectional
        about = [str(self.cells[0].n_x), str(self.cells[0].n_a)]
        about += [f"num_layers={len(self.cells) // ways}"] * (len(self.cells) > ways)
        about += ["bidirectional=True"] * self.bidirectional + [f"output={self.output!r}"] * (self.output != "all")
        return f"{type(self).__name__}({', '.join(about)})"


class RNN(Recurrent):
    """The basic recurrent layer, a⟨t⟩ = g(Waa a⟨t−1⟩ + Wax x⟨t⟩ + ba).

    Parameters
    ----------
    n_x, n_a : int
        Numbers of inputs and of units.
    num_layers : int
        Layers on top of each other: the states of one are the inputs of the next.
    bidirectional : bool
        A second cell in each layer runs from the last step to the first; its states are put under the first
        one's, so the layer has 2 n_a outputs.
    output : {"all", "last"}
        What a call returns: all states (n_a, m, T), or the last (n_a, m). `unroll` gives both.
    activation : str, Module or callable
        g.
    init, seed, dtype
        As for `nn.Dense`.

    Raises
    ------
    ValueError
        If a number is below 1 or a name is unknown.

    See Also
    --------
    tinygrad_cn.nn.cell.RNNCell : The parameters Waa, Wax and ba.

    Examples
    --------
    >>> import numpy as np
    >>> layer = RNN(3, 5, seed=1)
    >>> layer(np.ones((3, 10, 4))).shape
    (5, 10, 4)
    >>> {name: value.shape for name, value in layer.state_dict().items()}
    {'Waa': (5, 5), 'Wax': (5, 3), 'ba': (5, 1)}
    """

    def __init__(
        self,
        n_x: int,
        n_a: int,
        num_layers: int = 1,
        bidirectional: bool = False,
        output: str = "all",
        activation: Spec = "tanh",
        init: str | Init = "xavier",
        seed: Seed = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        rng = generator(seed)
        sizes = _sizes(n_x, n_a, num_layers, bidirectional)
        super().__init__([RNNCell(n, n_a, activation, init, rng, dtype) for n in sizes], bidirectional, output)


class LSTM(Recurrent):
    """The LSTM layer.

    Parameters
    ----------
    n_x, n_a, num_layers, bidirectional, output, init, seed, dtype
        As for `RNN`.

    See Also
    --------
    tinygrad_cn.nn.cell.LSTMCell : The equations and the parameters Wf, bf, Wi, bi, Wc, bc, Wo, bo.

    Examples
    --------
    >>> import numpy as np
    >>> layer = LSTM(3, 5, num_layers=2, seed=1)
    >>> unrolled = layer.unroll(np.ones((3, 10, 4)))
    >>> unrolled.A.shape, unrolled.last.shape, len(unrolled.final)
    ((5, 10, 4), (5, 10), 2)
    >>> layer["2.Wf"].shape
    (5, 10)
    """

    def __init__(
        self,
        n_x: int,
        n_a: int,
        num_layers: int = 1,
        bidirectional: bool = False,
        output: str = "all",
        init: str | Init = "xavier",
        seed: Seed = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        rng = generator(seed)
        sizes = _sizes(n_x, n_a, num_layers, bidirectional)
        super().__init__([LSTMCell(n, n_a, init, rng, dtype) for n in sizes], bidirectional, output)


class GRU(Recurrent):
    """The GRU layer.

    Parameters
    ----------
    n_x, n_a, num_layers, bidirectional, output, init, seed, dtype
        As for `RNN`.
    reset : {"before", "after"}
        Where Γr acts, see `GRUCell`: "before" as in the notes, "after" as in torch.

    See Also
    --------
    tinygrad_cn.nn.cell.GRUCell : The equations and the parameters Wu, bu, Wr, br, Wc, bc.

    Examples
    --------
    >>> import numpy as np
    >>> GRU(3, 5, bidirectional=True, output="last", seed=1)(np.ones((3, 10, 4))).shape
    (10, 10)
    """

    def __init__(
        self,
        n_x: int,
        n_a: int,
        num_layers: int = 1,
        bidirectional: bool = False,
        output: str = "all",
        reset: str = "before",
        init: str | Init = "xavier",
        seed: Seed = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        rng = generator(seed)
        sizes = _sizes(n_x, n_a, num_layers, bidirectional)
        super().__init__([GRUCell(n, n_a, reset, init, rng, dtype) for n in sizes], bidirectional, output)


def padding_mask(lengths: ArrayLike, T: int, m: int | None = None) -> Array:
    """Which steps of each sample are real: True up to its length, False where it is padded.

    Parameters
    ----------
    lengths : array_like of int, (m,)
        Number of real steps of each sample.
    T : int
        Number of steps with padding.
    m : int, optional
        Number of samples, to check.

    Returns
    -------
    ndarray of bool, (m, T)
        As the losses take it: `nn.cross_entropy(Z, Y, mask=...)`.

    Raises
    ------
    ShapeError
        If `lengths` is not (m,).
    ValueError
        If a length is not a whole number in 0 … T.

    Examples
    --------
    >>> padding_mask([2, 3], 3)
    array([[ True,  True, False],
           [ True,  True,  True]])
    """
    n = np.asarray(lengths)
    if n.ndim != 1 or (m is not None and n.shape != (m,)):
        raise ShapeError(f"lengths must be ({'m' if m is None else m},), one per sample; got {n.shape}")
    if n.dtype.kind not in "iu" or (n < 0).any() or (n > T).any():
        raise ValueError(f"lengths must be whole numbers in 0 … {T}; got {n.tolist()}")
    mask: Array = np.arange(T) < n[:, None]
    return mask


# ---- helpers ----------------------------------------------------------------------------------------


def _sizes(n_x: int, n_a: int, num_layers: int, bidirectional: bool) -> list[int]:
    """Number of inputs of each cell, layer after layer."""
    ways = 1 + bool(bidirectional)
    return [n for n in (n_x, *[ways * n_a] * (units("num_layers", num_layers) - 1)) for _ in range(ways)]


def _steps(layer: str, X: Any, n_x: int) -> list[Any]:
    """x⟨1⟩, …, x⟨T⟩."""
    X = arrayed(X)
    if X.ndim != 3 or X.shape[0] != n_x or not X.shape[2]:
        raise ShapeError(f"{layer}: X must be a sequence ({n_x}, m, T); got {X.shape}")
    return [_named(X[:, :, t], f"x⟨{t + 1}⟩") for t in range(X.shape[2])]


def _named(x: Any, name: str) -> Any:
    """What comes from outside as a Tensor with a name, for the chain to show; a name it has stays."""
    if type(x) is np.ndarray:
        return Tensor(x, name=name)
    return x.named(name) if isinstance(x, Tensor) and x.name is None else x


def run(
    cell: Cell, xs: Sequence[Any], state: State, valid: list[Array] | None, *, reverse: bool, where: str
) -> tuple[list[Any], State]:
    """One cell over all steps: its outputs in the order of time, and its last state."""
    weights = cell.weights(where)
    outputs: list[Any] = [None] * len(xs)
    for t in reversed(range(len(xs))) if reverse else range(len(xs)):
        new = cell.step(xs[t], state, weights, f"{where}{{}}⟨{t + 1}⟩")
        outputs[t] = new[0]
        if valid is not None and not valid[t].all():
            outputs[t] = np.where(valid[t], new[0], 0.0)
            new = tuple(np.where(valid[t], after, before) for after, before in zip(new, state, strict=True))
        state = new
    return outputs, state


def _together(parts: Sequence[Any]) -> Any:
    """The states of both directions, one on top of the other."""
    return np.concatenate(parts) if len(parts) > 1 else parts[0]
