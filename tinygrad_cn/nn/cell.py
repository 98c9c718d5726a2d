"""Recurrent cells: one time step of an RNN, GRU or LSTM, with the notes' parameters and equations.

A cell takes x⟨t⟩ (n_x, m) and its state, a⟨t−1⟩ (n_a, m) and for the LSTM c⟨t−1⟩, and gives the next state. Weights
act on the stacked pair [a⟨t−1⟩; x⟨t⟩], so Wf, Wi, … are (n_a, n_a + n_x); only the RNN keeps Waa and Wax apart.
`nn.recurrent` runs cells over whole sequences.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from ..errors import OpError, ShapeError
from ..ops.activation import SIGMOID
from ..ops.elementwise import TANH
from ..ops.matrix import AFFINE
from ..ops.recurrent import GRU_MEMORY, GRU_RESET, LSTM_GATES, LSTM_MEMORY, LSTM_OUTPUT, RECURRENT
from ..seeds import Rng, Seed, generator
from .activation import Spec, resolve
from .dense import units
from .init import Init, draw
from .module import Module, Parameter

State = tuple[Any, ...]  # (a,), or (a, c) for the LSTM


def called(x: Any, letter: str, at: str) -> Any:
    """Name a quantity of a step in a sequence: z⟨3⟩ for `at` "{}⟨3⟩"; a step on its own has no number and no name."""
    return x.named(at.format(letter)) if at else x


class Cell(Module, ABC):
    """What the cells share: their sizes, their start state, and a call that makes one step.

    Attributes
    ----------
    n_x, n_a : int
        Numbers of inputs and of units.
    states : tuple of str
        Names of the state's parts: ("a",) or ("a", "c").
    """

    states: ClassVar[tuple[str, ...]] = ("a",)

    def __init__(self, n_x: int, n_a: int, init: str | Init, seed: Seed, dtype: DTypeLike) -> None:
        self.n_x, self.n_a = units("n_x", n_x), units("n_a", n_a)
        self.dtype = np.dtype(dtype)
        self._build(init, generator(seed))

    @abstractmethod
    def _build(self, init: str | Init, rng: Rng) -> None:
        """Draw the parameters: for each letter a weight W of [a; x] and a bias b."""

    def _gate(self, letter: str, init: str | Init, rng: Rng) -> None:
        setattr(self, f"W{letter}", Parameter(draw(init, rng, (self.n_a, self.n_a + self.n_x), self.dtype)))
        setattr(self, f"b{letter}", self._bias())

    def _bias(self) -> Parameter:
        return Parameter(np.zeros((self.n_a, 1), self.dtype))

    def _stacked(self, letters: str, where: str) -> tuple[Any, Any]:
        """Weights and biases of several gates, one below the other, so that they take one matrix product."""
        W: Any = np.concatenate([getattr(self, f"W{letter}") for letter in letters])
        b: Any = np.concatenate([getattr(self, f"b{letter}") for letter in letters])
        return W.named(f"{where}W"), b.named(f"{where}b")

    @abstractmethod
    def weights(self, where: str = "") -> Any:
        """The parameters as `step` takes them, made once for a sequence; `where` is put in front of their names."""

    @abstractmethod
    def step(self, x: Any, state: State, weights: Any, at: str = "") -> State:
        """One time step: the next state; `at` says how to name what is computed, see `called`."""

    def start(self, m: int, state: Sequence[Any] = ()) -> State:
        """The state to start from: zeros where none is given.

        Raises
        ------
        OpError
            If there are more parts than the cell has.
        ShapeError
            If a part is not (n_a, m).
        """
        if len(state) > len(self.states):
            raise OpError(f"{type(self).__name__}: the state is {self.states}; got {len(state)} arrays")
        parts = [*state, *[None] * (len(self.states) - len(state))]
        parts = [np.zeros((self.n_a, m), self.dtype) if part is None else part for part in parts]
        for name, part in zip(self.states, parts, strict=True):
            if np.shape(part) != (self.n_a, m):
                raise ShapeError(f"{type(self).__name__}: {name}⟨t−1⟩ must be {(self.n_a, m)}; got {np.shape(part)}")
        return tuple(parts)

    def forward(self, x: Any, *state: Any) -> Any:
        """One time step on its own.

        Parameters
        ----------
        x : Tensor or array_like
            x⟨t⟩, (n_x, m).
        *state : Tensor or array_like
            a⟨t−1⟩, and c⟨t−1⟩ for the LSTM, each (n_a, m); zeros by default.

        Returns
        -------
        Tensor or tuple of Tensor
            a⟨t⟩, or (a⟨t⟩, c⟨t⟩).

        Raises
        ------
        ShapeError
            If x or a state has another shape.
        """
        if np.ndim(x) != 2 or np.shape(x)[0] != self.n_x:
            raise ShapeError(f"{type(self).__name__}: x⟨t⟩ must be ({self.n_x}, m); got {np.shape(x)}")
        new = self.step(x, self.start(np.shape(x)[1], state), self.weights())
        return new if len(new) > 1 else new[0]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.n_x}, {self.n_a})"


class RNNCell(Cell):
    """One step of the basic RNN: a⟨t⟩ = g(Waa a⟨t−1⟩ + Wax x⟨t⟩ + ba).

    Parameters
    ----------
    n_x, n_a : int
        Numbers of inputs and of units.
    activation : str, Module or callable
        g; "tanh" as in the notes.
    init : str or callable
        Start value of the weights, see `nn.init`; biases start at 0.
    seed : int, np.random.Generator or np.random.RandomState, optional
        Where the start values are drawn from.
    dtype : dtype
        np.float64 or np.float32.

    Attributes
    ----------
    Waa, Wax, ba : Parameter
        (n_a, n_a), (n_a, n_x), (n_a, 1).

    Notes
    -----
    A. Ng, "Sequence models", week 1, recurrent neural network model.

    Examples
    --------
    >>> import numpy as np
    >>> cell = RNNCell(3, 5, seed=1)
    >>> a = cell(np.ones((3, 10)))
    >>> cell(np.ones((3, 10)), a).shape
    (5, 10)
    """

    def __init__(
        self,
        n_x: int,
        n_a: int,
        activation: Spec = "tanh",
        init: str | Init = "xavier",
        seed: Seed = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        super().__init__(n_x, n_a, init, seed, dtype)
        self.activation = resolve(activation)

    def _build(self, init: str | Init, rng: Rng) -> None:
        self.Waa = Parameter(draw(init, rng, (self.n_a, self.n_a), self.dtype))
        self.Wax = Parameter(draw(init, rng, (self.n_a, self.n_x), self.dtype))
        self.ba = self._bias()

    def weights(self, where: str = "") -> Any:
        """[Waa, Wax] side by side, and ba."""
        Wa: Any = np.concatenate([self.Waa, self.Wax], axis=1)
        return Wa.named(f"{where}Wa"), self.ba

    def step(self, x: Any, state: State, weights: Any, at: str = "") -> State:
        """z⟨t⟩ = [Waa, Wax] [a⟨t−1⟩; x⟨t⟩] + ba and a⟨t⟩ = g(z⟨t⟩)."""
        W, b = weights
        z = called(RECURRENT(W, state[0], x, b), "z", at)
        return (called(z if self.activation is None else self.activation(z), "a", at),)


class LSTMCell(Cell):
    """One step of the LSTM.

    With [a⟨t−1⟩; x⟨t⟩] the state on top of the input,
    Γf = σ(Wf [a⟨t−1⟩; x⟨t⟩] + bf), Γi and Γo likewise, c̃ = tanh(Wc [a⟨t−1⟩; x⟨t⟩] + bc),
    c⟨t⟩ = Γf ⊙ c⟨t−1⟩ + Γi ⊙ c̃ and a⟨t⟩ = Γo ⊙ tanh(c⟨t⟩).

    Parameters
    ----------
    n_x, n_a, init, seed, dtype
        As for `RNNCell`.

    Attributes
    ----------
    Wf, Wi, Wc, Wo : Parameter
        (n_a, n_a + n_x): forget gate, update (input) gate, candidate, output gate.
    bf, bi, bc, bo : Parameter
        (n_a, 1).

    Notes
    -----
    A. Ng, "Sequence models", week 1, long short-term memory. The same function as torch's LSTM, whose
    gates are in the order i, f, g, o, and whose two biases are added up in ours.

    Examples
    --------
    >>> import numpy as np
    >>> a, c = LSTMCell(3, 5, seed=1)(np.ones((3, 10)))
    >>> a.shape, c.shape
    ((5, 10), (5, 10))
    """

    states = ("a", "c")
    Wf: Parameter
    Wi: Parameter
    Wc: Parameter
    Wo: Parameter
    bf: Parameter
    bi: Parameter
    bc: Parameter
    bo: Parameter

    def __init__(
        self, n_x: int, n_a: int, init: str | Init = "xavier", seed: Seed = None, dtype: DTypeLike = np.float64
    ) -> None:
        super().__init__(n_x, n_a, init, seed, dtype)

    def _build(self, init: str | Init, rng: Rng) -> None:
        for letter in "fico":
            self._gate(letter, init, rng)

    def weights(self, where: str = "") -> Any:
        """The weights of Γf, Γi, Γo, c̃ one below the other, and the biases."""
        return self._stacked("fioc", where)

    def step(self, x: Any, state: State, weights: Any, at: str = "") -> State:
        """All gates from one product, then the memory cell and the state."""
        W, b = weights
        a, c = state
        z = called(RECURRENT(W, a, x, b), "z", at)
        gates = called(LSTM_GATES(z), "Γ", at)
        c = called(LSTM_MEMORY(gates, c), "c", at)
        return called(LSTM_OUTPUT(gates, c), "a", at), c


class GRUCell(Cell):
    """One step of the GRU.

    With c = a, Γu = σ(Wu [c⟨t−1⟩; x⟨t⟩] + bu) and Γr likewise, c̃ = tanh(Wc [Γr ⊙ c⟨t−1⟩; x⟨t⟩] + bc)
    and c⟨t⟩ = Γu ⊙ c̃ + (1 − Γu) ⊙ c⟨t−1⟩.

    Parameters
    ----------
    n_x, n_a
        As for `RNNCell`.
    reset : {"before", "after"}
        Where Γr acts. "before" the product, as in the notes and above; or "after" it, as in torch and cuDNN:
        c̃ = tanh(Wcx x⟨t⟩ + bc + Γr ⊙ (Wcc c⟨t−1⟩ + bcc)) with Wc = [Wcc, Wcx].
    init, seed, dtype
        As for `RNNCell`.

    Attributes
    ----------
    Wu, Wr, Wc : Parameter
        (n_a, n_a + n_x): update gate, relevance (reset) gate, candidate.
    bu, br, bc : Parameter
        (n_a, 1); `bcc` too with reset="after".

    Raises
    ------
    ValueError
        For another `reset`.

    Notes
    -----
    A. Ng, "Sequence models", week 1, gated recurrent unit; K. Cho et al., arXiv:1406.1078, section 2.3. torch's GRU
    needs reset="after", and its gate z is 1 − Γu: as 1 − σ(z) = σ(−z), Wu and bu are the negatives of torch's.

    Examples
    --------
    >>> import numpy as np
    >>> GRUCell(3, 5, seed=1)(np.ones((3, 10))).shape
    (5, 10)
    """

    Wu: Parameter
    Wr: Parameter
    Wc: Parameter
    bu: Parameter
    br: Parameter
    bc: Parameter

    def __init__(
        self,
        n_x: int,
        n_a: int,
        reset: str = "before",
        init: str | Init = "xavier",
        seed: Seed = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        if reset not in ("before", "after"):
            raise ValueError(f'GRUCell: reset must be "before" or "after"; got {reset!r}')
        self.reset = reset
        super().__init__(n_x, n_a, init, seed, dtype)

    def _build(self, init: str | Init, rng: Rng) -> None:
        for letter in "urc":
            self._gate(letter, init, rng)
        if self.reset == "after":
            self.bcc = self._bias()

    def weights(self, where: str = "") -> Any:
        """The weights of Γu and Γr one below the other, and their biases; then those of c̃."""
        gates = self._stacked("ur", where)
        if self.reset == "before":
            return gates, self.Wc
        return gates, (self.Wc[:, : self.n_a], self.Wc[:, self.n_a :])

    def step(self, x: Any, state: State, weights: Any, at: str = "") -> State:
        """Both gates from one product, the candidate from another, then the state."""
        (W, b), Wc = weights
        (c,) = state
        gates = called(SIGMOID(RECURRENT(W, c, x, b)), "Γ", at)
        if self.reset == "before":
            z = RECURRENT(Wc, GRU_RESET(gates, c), x, self.bc)
        else:
            z = AFFINE(Wc[1], x, self.bc) + GRU_RESET(gates, AFFINE(Wc[0], c, self.bcc))
        candidate = called(TANH(z), "c̃", at)
        return (called(GRU_MEMORY(gates, candidate, c), "a", at),)
